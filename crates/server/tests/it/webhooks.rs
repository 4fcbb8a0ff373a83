//! What the carrier says while it cannot be stored (lessons, line 33): it is told so, says it again, and is then understood.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use server::router::{Door, routes};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{TcpProxy, TestPlatform};

use crate::begun::{ANSWERS, CONFERENCE, begin, next_person};
use crate::incoming::{CALLER, PRIYA, arrives};
use crate::support::{Log, TestApp, until};

/// A path, what stands behind its question mark, and a form.
type Posted<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// lessons, line 33: a webhook always answered 200, also when storing failed. → Store, then answer; a failure asks for a retry.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_cannot_be_stored_is_answered_with_503_at_every_path_and_taken_when_it_is_said_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (log, _guard) = Log::start();
    let proxy = TcpProxy::in_front_of(&format!("postgres://x@{}:{}/x", connect.get_host(), connect.get_port())).await.unwrap();
    let port = proxy.url().rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
    let through = connect.clone().host("127.0.0.1").port(port);
    let pool = server::app::pool_options().connect_lazy_with(server::app::with_timeouts(through));
    let app = TestApp::with_carrier_over(pool, TestPlatform::new().await.unwrap()).await;
    // A call whose agent is about to come, and somebody who rings us. The person of the call rings until they are told to do something.
    let begun = begin(&app, ANSWERS).await;
    next_person(&app, json!([{"ring_ms": 1_000_000}])).await;
    let (_, waiting) = arrives(&app, PRIYA, CALLER).await;
    let (call, agent) = (&*begun.call, format!("client:agent_{}", begun.agent.agent));
    let (name, of_call, of_waiting) = (format!("call-{call}"), format!("?call={call}"), format!("?call={waiting}"));
    let other = "CA00000000000000000000000000000005";
    let joins = [
        ("ConferenceSid", CONFERENCE),
        ("FriendlyName", &*name),
        ("StatusCallbackEvent", "participant-join"),
        ("CallSid", begun.leg),
        ("ParticipantLabel", "agent"),
        ("SequenceNumber", "1"),
    ];
    let recording = [("RecordingSid", "RE00000000000000000000000000000005"), ("CallSid", begun.leg), ("RecordingStatus", "in-progress")];
    let said: [Posted<'_>; 8] = [
        ("/webhooks/twilio/voice", "", &[("CallSid", begun.leg), ("From", &agent), ("To", ""), ("call_id", call)]),
        ("/webhooks/twilio/conference-status", &of_call, &joins),
        ("/webhooks/twilio/call-status", &of_call, &[("CallSid", begun.leg), ("CallStatus", "in-progress"), ("SequenceNumber", "1")]),
        ("/webhooks/twilio/recording-status", &of_call, &recording),
        ("/webhooks/twilio/incoming", "", &[("CallSid", other), ("From", "+447700900456"), ("To", "+442079460000")]),
        ("/webhooks/twilio/incoming-key", &of_waiting, &[("CallSid", CALLER), ("Digits", "7")]),
        ("/webhooks/twilio/incoming-route", &of_waiting, &[("CallSid", CALLER)]),
        ("/webhooks/twilio/incoming-message", &of_waiting, &[("CallSid", CALLER)]),
    ];
    // What somebody on hold hears is the same for everybody: nothing is stored.
    let all: BTreeSet<&str> = routes(&app.app).iter().filter(|route| route.door == Door::Signature).map(|route| route.path).collect();
    let tried: BTreeSet<&str> = said.iter().map(|(path, ..)| *path).chain(["/webhooks/twilio/hold"]).collect();
    assert_eq!(tried, all);
    let say = async |(path, query, form): &(&str, &str, &[(&str, &str)])| app.webhook(&format!("{path}{query}"), form).await;

    proxy.stop().await;
    for (what, (status, text)) in said.iter().zip(join_all(said.iter().map(say)).await) {
        assert_eq!(status, 503, "{}: {text}", what.0);
    }
    assert_eq!(app.webhook("/webhooks/twilio/hold", &[("CallSid", CALLER)]).await.0, 200);
    assert_eq!(log.lines("what the carrier said could not be stored").len(), said.len());
    proxy.resume().await;
    until("the database answers", async || begun.agent.post("/api/auth/me", json!({})).await.0 == 200).await;
    assert_eq!(begun.find().await["state"], "created", "nothing was half done");

    for what in &said {
        let (status, text) = say(what).await;
        assert!([200, 204].contains(&status), "{}: {status} {text}", what.0);
    }
    begun.until("ringing").await;
    for (what, sql) in [
        ("the agent was asked in once", "select count(*) from calls.event where source = 'voice'"),
        ("the agent has joined once", "select count(*) from calls.event where name = 'participant-join'"),
        ("the recording is known", "select count(*) from calls.recording where sid = 'RE00000000000000000000000000000005'"),
        ("the other caller is known", "select count(*) from calls.incoming where sid = 'CA00000000000000000000000000000005'"),
    ] {
        assert_eq!(app.count(sql).await, 1, "{what}");
    }
    app.stop().await;
}

/// The carrier itself says it again: nothing of the call is lost, nor counted twice.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_carriers_own_second_try_is_taken(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    // Each event of the person's leg cannot be stored the first time. A sequence counts also what is rolled back.
    for statement in [
        "create sequence public.ringing",
        "create sequence public.answered",
        "create function public.refuse_once() returns trigger language plpgsql as $$
         begin
             if new.name = 'ringing' and nextval('public.ringing') = 1 or new.name = 'in-progress' and nextval('public.answered') = 1 then
                 raise exception 'the disk is full';
             end if;
             return new;
         end $$",
        "create trigger refuse_once before insert on calls.event for each row when (new.source = 'leg') execute function public.refuse_once()",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }

    begun.join(&app).await;
    begun.until("connected").await;

    let journal: Value = reqwest::get(format!("{}/twilio/admin/journal?kind=webhook", app.base)).await.unwrap().json().await.unwrap();
    let tries = |status: &str| -> Vec<(u64, u64)> {
        let of_leg = journal.as_array().unwrap().iter().map(|entry| &entry["detail"]).filter(|detail| {
            detail["params"]["CallStatus"] == status && detail["url"].as_str().unwrap().contains("/webhooks/twilio/call-status?call=")
        });
        of_leg.map(|detail| (detail["attempt"].as_u64().unwrap(), detail["status"].as_u64().unwrap())).collect()
    };
    for status in ["ringing", "in-progress"] {
        assert_eq!(tries(status), [(1, 503), (2, 204)], "{status}: {journal}");
        let stored = "select count(*) from calls.event where source = 'leg' and name = $1";
        let stored: i64 = sqlx::query_scalar(stored).bind(status).fetch_one(&app.pool).await.unwrap();
        assert_eq!(stored, 1, "{status}");
    }
    app.stop().await;
}
