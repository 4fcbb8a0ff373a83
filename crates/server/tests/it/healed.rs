//! The server's process is killed in the middle of twenty calls and four that have come in, the carrier and the people go on without it, and it
//! comes back. The carrier is a process of its own in life; here it is the test's, so that it outlives the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use auth::Role;
use futures::future::{join, join_all};
use reqwest::header;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::Handset;
use tokio::task::JoinSet;
use tokio::time::sleep;
use twilio_emulator::{Application, Config, Emulator, Inbound};

use crate::killed::Binary;
use crate::support::{Client, TestApp};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const KEY: &str = "SK0123456789abcdef0123456789abcdef";
const APPLICATION: &str = "AP0123456789abcdef0123456789abcdef";
const SECRET: &str = "a-secret-of-this-test-and-of-nobody";
const OURS: &str = "+442079460000";

/// Everybody at the carrier takes twenty times as long as in life, so that nothing happens but what the test lets happen.
const PACE: f64 = 20.0;
/// After so long every call is what the carrier knows of it.
const HEALED: Duration = Duration::from_mins(1);
/// More than whoever is killed is given before it is killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A call, with its agent at the telephone.
struct Desk {
    agent: Client,
    handset: Handset,
    call: String,
    number: String,
    /// The state and the end once the server has caught up.
    then: (&'static str, Option<&'static str>),
}

struct Floor {
    app: TestApp,
    binary: Binary,
    carrier: String,
    http: reqwest::Client,
    emulator: Emulator,
    /// The user who rang us last.
    callers: Mutex<i64>,
    _serving: JoinSet<()>,
}

/// Somebody who rings us.
struct Caller {
    user: i64,
    number: String,
    sid: String,
}

/// lessons, lines 1, 8, 14 and 22.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn twenty_calls_and_four_callers_whose_server_is_killed_are_what_the_carrier_knows_of_them_within_a_minute_of_its_return(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let floor = Floor::open(&connect).await;
    let server = floor.binary.start().await;
    // Two callers talk with agents, and two wait while agents' consoles ring.
    let (talks_on, hangs_up) = (floor.takes(("connected", None)).await, floor.takes(("ended", Some("by_person"))).await);
    let waits = [floor.rung_in().await, floor.rung_in().await];

    let stays = json!([{"answer": true}]);
    let rings = |then: &[Value]| Value::from([&[json!({"ring_ms": 15_000})], then].concat());

    let (talk, by_agent) = (|then| Box::pin(floor.connect(stays.clone(), then, "connected")), ("ended", Some("by_agent")));
    let by_person = ("ended", Some("by_person"));
    let (unanswered, talks) = join(
        floor.connect(json!([{"no_answer": true}]), ("ended", Some("no_answer")), "ringing"),
        join_all([
            talk(("connected", None)),
            talk(by_person),
            talk(("ended", Some("agent_lost"))),
            talk(by_person),
            talk(("connected", None)),
            talk(by_person),
            talk(by_agent),
            talk(by_agent),
            talk(by_agent),
        ]),
    )
    .await;
    let [goes_on, person_goes, browser_goes, both_go, held, held_goes, first, second, lingers] = <[Desk; 9]>::try_from(talks).ok().unwrap();
    for desk in [&held, &held_goes] {
        desk.agent.ask("/api/calls/hold", json!({"call_id": desk.call, "is_held": true})).await;
    }
    let wrap_ups = [first, second];
    for desk in &wrap_ups {
        desk.agent.ask("/api/calls/hang_up", json!({"call_id": desk.call})).await;
        floor.until_leg(desk, "completed").await;
    }
    // Half of the time that it may ring is over for whom nobody answers, before the others are rung.
    floor.pass(300).await;
    floor.app.until_count("what was recorded is told of", "select count(*) from calls.recording where status = 'completed'", 2).await;

    let leaves = [json!({"answer": true}), json!({"wait_ms": 2_000}), json!({"hangup_after_ms": 0})];
    let ring = |steps, then| Box::pin(floor.connect(steps, then, "ringing"));
    let ringing = join_all([
        ring(rings(&[json!({"answer": true})]), ("connected", None)),
        ring(rings(&leaves), by_person),
        ring(rings(&[json!({"busy": true})]), ("ended", Some("busy"))),
        ring(json!([{"ring_ms": 25_000}, {"answer": true}]), ("ringing", None)),
    ]);
    let [answers, answers_and_leaves, engaged, rings_on] = <[Desk; 4]>::try_from(ringing.await).ok().unwrap();

    // The carrier is asked to ring two, and neither its answers nor its events arrive.
    floor.next_turn_in(4.0).await;
    let unheard = [
        floor.begin(rings(&[json!({"answer": true})]), ("connected", None)).await,
        floor.begin(json!([{"ring_ms": 25_000}, {"answer": true}]), ("ringing", None)).await,
    ];
    let unheard = floor.joined(unheard).await;
    floor.faults(json!({"webhook_lost": 1_000, "rest_timeout": 2})).await;
    for desk in &unheard {
        floor.until(&desk.call, "dialling").await;
        floor.until_leg(desk, "ringing").await;
        floor.until_lost(&desk.number).await;
    }
    floor.faults(json!({"webhook_lost": 0})).await;
    // The word that the agent is in the conference waits for another one behind it, which does not come.
    floor.faults(json!({"webhook_swapped": 2})).await;
    let mut joining = [floor.begin(stays.clone(), NOT_CONNECTED).await, floor.begin(stays.clone(), NOT_CONNECTED).await];
    for desk in &mut joining {
        desk.handset.call(&format!("call_id={}", desk.call)).await.unwrap();
    }
    // It is not their turn yet.
    floor.next_turn_in(7.5).await;
    let checking = [floor.begin(stays.clone(), NOT_CONNECTED).await, floor.begin(stays.clone(), NOT_CONNECTED).await];
    let checking = floor.joined(checking).await;
    // The call is over, and nobody has hung up yet.
    floor.faults(json!({"rest_503": 1_000})).await;
    lingers.agent.ask("/api/calls/hang_up", json!({"call_id": lingers.call})).await;

    let states = floor.states().await;
    floor.let_it_ring(20).await;
    drop(server);
    let of = |desks: &[&Desk]| desks.iter().map(|desk| states[&desk.call].as_str()).collect::<Vec<_>>();
    assert_eq!(of(&[&joining[0], &joining[1], &checking[0], &checking[1]]), ["joining", "joining", "checking", "checking"]);
    assert_eq!(of(&[&unheard[0], &unheard[1]]), ["dialling", "dialling"]);
    assert_eq!(of(&[&unanswered, &answers, &answers_and_leaves, &engaged, &rings_on]), ["ringing"; 5]);
    assert_eq!(of(&[&goes_on, &person_goes, &browser_goes, &both_go]), ["connected"; 4]);
    assert_eq!(of(&[&held, &held_goes]), ["connected on hold"; 2]);
    assert_eq!(of(&[&wrap_ups[0], &wrap_ups[1], &lingers]), ["ended"; 3]);
    assert_eq!(of(&[&talks_on, &hangs_up]), ["connected"; 2]);
    for (_, caller) in &waits {
        assert_eq!(floor.incoming(caller).await, ("waiting".to_owned(), None, false));
    }

    // The world goes on, and nobody can be told.
    floor.faults(json!({"rest_503": 0})).await;
    floor.person_hangs_up(&person_goes).await;
    floor.person_hangs_up(&held_goes).await;
    floor.person_hangs_up(&hangs_up).await;
    let [(patient, stays_on), (free, gives_up)] = &waits;
    floor.hang_up(&gives_up.sid).await;
    browser_goes.handset.hang_up().unwrap();
    both_go.handset.hang_up().unwrap();
    floor.until_agents_leg_is_over(&both_go).await;
    floor.person_hangs_up(&both_go).await;
    floor.pass(400).await;
    for desk in [&answers, &answers_and_leaves, &unheard[0]] {
        floor.until_leg(desk, "in-progress").await;
    }
    // A talk lasts for a second at least.
    sleep(Duration::from_millis(1_100)).await;
    floor.pass(50).await;
    for (desk, status) in [
        (&answers_and_leaves, "completed"),
        (&engaged, "busy"),
        (&unanswered, "no-answer"),
        (&rings_on, "ringing"),
        (&both_go, "completed"),
    ] {
        floor.until_leg(desk, status).await;
    }
    floor.until_untold().await;

    let [u0, u1] = unheard;
    let [j0, j1] = joining;
    let [c0, c1] = checking;
    let [w0, w1] = wrap_ups;
    let desks = [
        unanswered,
        goes_on,
        person_goes,
        browser_goes,
        both_go,
        held,
        held_goes,
        w0,
        w1,
        lingers,
        answers,
        answers_and_leaves,
        engaged,
        rings_on,
        u0,
        u1,
        j0,
        j1,
        c0,
        c1,
        talks_on,
        hangs_up,
    ];
    let back = floor.binary.start().await;
    let began = Instant::now();
    floor.until_healed(&desks).await;
    // Nobody has taken the one's call in time, and the other has gone: both are rung back.
    for (caller, end) in [(stays_on, "nobody_free"), (gives_up, "gave_up")] {
        while floor.incoming(caller).await != ("ended".to_owned(), Some(end.to_owned()), true) {
            assert!(began.elapsed() < HEALED, "{end}: {:?}", floor.incoming(caller).await);
            // So that they have heard the message.
            floor.pass(10).await;
            sleep(Duration::from_millis(500)).await;
        }
    }
    for agent in [patient, free] {
        assert_eq!(agent.ask("/api/calls/ringing", json!({})).await, json!(null));
        let promised = agent.call_next().await;
        assert_eq!(promised["queue"], "callbacks", "nobody is stuck, and those two are first: {promised}");
        agent.ask("/api/queue/release", json!({"lease_id": promised["lease_id"], "reason": "language"})).await;
    }
    assert_eq!(floor.states().await[&desks[5].call], "connected on hold");
    floor.nobody_was_rung_twice(16).await;
    for desk in desks {
        floor.is_free(desk).await;
    }
    floor.app.until_count("everybody is let go", "select count(*) from queue.lease", 0).await;
    floor.nobody_was_rung_twice(16).await;
    drop(back);
    floor.emulator.stop();
    floor.app.stop().await;
}

const NOT_CONNECTED: (&str, Option<&str>) = ("ended", Some("not_connected"));

fn number(user: &str) -> String {
    format!("+4477009{:05}", 20_000 + user.parse::<u32>().unwrap())
}

/// Whether we rang them, or they us.
fn is_persons(leg: &Value, desk: &Desk) -> bool {
    leg["to"] == *desk.number || leg["from"] == *desk.number
}

/// Waits until it is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

impl Floor {
    async fn open(connect: &PgConnectOptions) -> Self {
        let app = TestApp::start(connect.clone()).await;
        let person = |id: i64| app.platform.user(id).claim("santander").phone(&number(&id.to_string()));
        app.platform.insert_all((1..=80).map(|id| person(id).unsigned())).await.unwrap();
        // People who ring us; nothing blocks their claims.
        app.platform.insert_all((90..100).map(|id| person(id).signed())).await.unwrap();
        assert_eq!(app.discover().await.added, 80);
        // The other server's clock goes on from here, or nobody would be available yet.
        server::clock::business_clock(&app.pool, Some(app.now())).await.unwrap();

        let mut binary = Binary::new(connect, &app);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let carrier = format!("http://{}/twilio", listener.local_addr().unwrap());
        let application = Application {
            voice_url: format!("{}/webhooks/twilio/voice", binary.base()),
            status_callback: Some(format!("{}/webhooks/twilio/call-status", binary.base())),
        };
        let config = Config {
            applications: [(APPLICATION.to_owned(), application)].into(),
            numbers: vec![OURS.to_owned()],
            inbound: Inbound {
                voice_url: Some(format!("{}/webhooks/twilio/incoming", binary.base())),
                status_callback: Some(format!("{}/webhooks/twilio/call-status", binary.base())),
                sms_url: None,
            },
            pace: PACE,
            base_url: Some(carrier.clone()),
            ..Config::new(ACCOUNT, SECRET, KEY, SECRET)
        };
        let emulator = Emulator::start(config).await.unwrap();
        let router = axum::Router::new().nest("/twilio", emulator.router());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        let base = binary.base();
        binary.variables.extend([
            ("PUBLIC_BASE_URL", base),
            ("TWILIO_MODE", "live".to_owned()),
            ("TWILIO_API_URL", carrier.clone()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("TWILIO_AUTH_TOKEN", SECRET.to_owned()),
            ("TWILIO_API_KEY", KEY.to_owned()),
            ("TWILIO_API_SECRET", SECRET.to_owned()),
            ("TWILIO_TWIML_APP_SID", APPLICATION.to_owned()),
            ("TWILIO_PHONE_NUMBER", OURS.to_owned()),
            ("FIRM_NAME", "Example Claims".to_owned()),
            ("TWILIO_CPS", "1000".to_owned()),
        ]);
        Self { app, binary, carrier, http: reqwest::Client::new(), emulator, callers: Mutex::new(100), _serving: serving }
    }

    /// An agent of the server that is killed.
    async fn agent(&self) -> Client {
        let agent = self.app.signed_in(Role::Agent).await.agent;
        let (base, cookie) = (self.binary.base(), self.app.session_cookie(agent).await);
        let headers = header::HeaderMap::from_iter([(header::ORIGIN, base.parse().unwrap()), (header::COOKIE, cookie.parse().unwrap())]);
        let agent = Client { http: reqwest::Client::builder().default_headers(headers).build().unwrap(), base, agent };
        // Whoever has no session yet when the server looks is taken offline, and there was none for a moment.
        agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
        agent
    }

    async fn handset(&self, agent: &Client) -> Handset {
        let token = agent.ask("/api/calls/voice_token", json!({})).await;
        let signal = format!("ws://{}/signal", token["local_carrier"].as_str().unwrap());
        Handset::connect(&signal, token["token"].as_str().unwrap()).await.unwrap()
    }

    /// A call that one of them has begun, to somebody who will do that.
    async fn begin(&self, steps: Value, then: (&'static str, Option<&'static str>)) -> Desk {
        let agent = self.agent().await;
        let held = agent.call_next().await;
        let number = number(held["user"]["id"].as_str().unwrap_or_else(|| panic!("nobody was offered: {held}")));
        self.tell("scenarios", &json!({"match": {"to": number}, "times": 1, "steps": steps})).await;
        let call = agent.ask("/api/calls/start", json!({"lease_id": held["lease_id"]})).await;
        let handset = self.handset(&agent).await;
        Desk { agent, handset, call: call["id"].as_str().unwrap().to_owned(), number, then }
    }

    /// Somebody whom nobody holds rings us, and an agent's console rings.
    async fn rung_in(&self) -> (Client, Caller) {
        let agent = self.agent().await;
        let (user, number) = {
            let mut callers = self.callers.lock().unwrap();
            *callers -= 1;
            (*callers, number(&callers.to_string()))
        };
        let posted = json!({"from": number, "to": OURS, "steps": [{"repeat": "chat"}]});
        let answer = self.http.post(format!("{}/admin/calls/incoming", self.carrier)).json(&posted).send().await.unwrap();
        let sid = answer.error_for_status().unwrap().json::<Value>().await.unwrap()["sid"].as_str().unwrap().to_owned();
        let caller = Caller { user, number, sid };
        until("they are greeted", async || self.incoming_id(&caller).await.is_some()).await;
        // They have heard the greeting, at this pace.
        self.pass(600).await;
        until("the console rings", async || !agent.ask("/api/calls/ringing", json!({})).await.is_null()).await;
        self.let_it_ring(300).await;
        (agent, caller)
    }

    /// Consoles that ring do so for so many seconds more.
    async fn let_it_ring(&self, seconds: u32) {
        sqlx::query("update calls.offer set expires_at = clock_timestamp() + make_interval(secs => $1) where answer is null")
            .bind(f64::from(seconds))
            .execute(&self.app.pool)
            .await
            .unwrap();
    }

    /// The same, and the agent talks with them.
    async fn takes(&self, then: (&'static str, Option<&'static str>)) -> Desk {
        let (agent, caller) = self.rung_in().await;
        let incoming = self.incoming_id(&caller).await;
        let call = agent.ask("/api/calls/answer", json!({"id": incoming})).await;
        let mut desk =
            Desk { handset: self.handset(&agent).await, agent, call: call["id"].as_str().unwrap().to_owned(), number: caller.number, then };
        desk.handset.call(&format!("call_id={}", desk.call)).await.unwrap();
        self.until(&desk.call, "connected").await;
        desk
    }

    async fn incoming_id(&self, caller: &Caller) -> Option<String> {
        sqlx::query_scalar("select id::text from calls.incoming where sid = $1")
            .bind(&caller.sid)
            .fetch_optional(&self.app.pool)
            .await
            .unwrap()
    }

    /// Where somebody who rang us stands, how it ended, and whether they are rung back.
    async fn incoming(&self, caller: &Caller) -> (String, Option<String>, bool) {
        sqlx::query_as(
            "select state, ended_as, exists (select from queue.callback where user_id = $2 and is_return_call and state = 'scheduled')
             from calls.incoming where sid = $1",
        )
        .bind(&caller.sid)
        .bind(caller.user)
        .fetch_one(&self.app.pool)
        .await
        .unwrap()
    }

    async fn connect(&self, steps: Value, then: (&'static str, Option<&'static str>), state: &str) -> Desk {
        let mut desk = self.begin(steps, then).await;
        desk.handset.call(&format!("call_id={}", desk.call)).await.unwrap();
        self.until(&desk.call, state).await;
        desk
    }

    /// Their agents are on the line, and whoever is to be rung waits for the turn.
    async fn joined(&self, mut desks: [Desk; 2]) -> [Desk; 2] {
        for desk in &mut desks {
            desk.handset.call(&format!("call_id={}", desk.call)).await.unwrap();
            self.until(&desk.call, "checking").await;
        }
        desks
    }

    async fn next_turn_in(&self, seconds: f64) {
        sqlx::query("update calls.carrier_pace set next_at = clock_timestamp() + make_interval(secs => $1)")
            .bind(seconds)
            .execute(&self.app.pool)
            .await
            .unwrap();
    }

    async fn tell(&self, path: &str, what: &Value) {
        self.http.post(format!("{}/admin/{path}", self.carrier)).json(what).send().await.unwrap().error_for_status().unwrap();
    }

    async fn faults(&self, faults: Value) {
        self.tell("faults", &faults).await;
    }

    /// So many seconds go by for everybody at the carrier.
    async fn pass(&self, seconds: u64) {
        self.tell("clock/advance", &json!({"ms": seconds * 1_000})).await;
    }

    async fn person_hangs_up(&self, desk: &Desk) {
        let leg = self.legs().await.into_iter().find(|leg| is_persons(leg, desk)).unwrap();
        self.hang_up(leg["sid"].as_str().unwrap()).await;
        self.until_leg(desk, "completed").await;
    }

    async fn hang_up(&self, sid: &str) {
        self.tell(&format!("calls/{sid}/hangup"), &json!({})).await;
    }

    async fn admin(&self, path: &str) -> Vec<Value> {
        self.http.get(format!("{}/admin/{path}", self.carrier)).send().await.unwrap().json().await.unwrap()
    }

    async fn legs(&self) -> Vec<Value> {
        self.admin("calls").await
    }

    async fn until_leg(&self, desk: &Desk, status: &str) {
        until(&format!("{} is {status}", desk.number), async || {
            self.legs().await.iter().any(|leg| is_persons(leg, desk) && leg["status"] == status)
        })
        .await;
    }

    async fn until_agents_leg_is_over(&self, desk: &Desk) {
        let from = format!("client:agent_{}", desk.agent.agent);
        until("the agent's leg is over", async || self.legs().await.iter().any(|leg| leg["from"] == *from && leg["status"] == "completed"))
            .await;
    }

    async fn until_lost(&self, number: &str) {
        let webhooks = format!("journal?kind=webhook&to=%2B{}", &number[1..]);
        until("the carrier has said in vain that it rings", async || {
            self.admin(&webhooks)
                .await
                .iter()
                .any(|told| told["detail"]["lost"] == true && told["detail"]["params"]["CallStatus"] == "ringing")
        })
        .await;
    }

    /// What was told last has failed for good: also that the two are in the conference, which was kept back for 15 s.
    async fn until_untold(&self) {
        until("the carrier has told nobody", async || {
            let told = self.admin("journal?kind=webhook").await;
            let in_vain = told.iter().filter(|told| told["detail"]["attempt"] == 2 && told["detail"]["status"].is_null());
            let joins = in_vain.clone().filter(|told| told["detail"]["params"]["StatusCallbackEvent"] == "participant-join");
            in_vain.count() >= 12 && joins.filter(|told| told["detail"]["params"]["ParticipantLabel"] == "agent").count() == 2
        })
        .await;
    }

    async fn until(&self, call: &str, state: &str) {
        until(&format!("a call is {state}"), async || self.states().await[call] == state).await;
    }

    /// How each call stands in our own records.
    async fn states(&self) -> BTreeMap<String, String> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select id::text, state || case when held_since is null then '' else ' on hold' end from calls.call")
                .fetch_all(&self.app.pool)
                .await
                .unwrap();
        rows.into_iter().collect()
    }

    /// What of our records is not so, by what was to come and by what the carrier knows.
    async fn wrong(&self, desks: &[Desk]) -> Vec<String> {
        let rows: Vec<(String, String, Option<String>)> =
            sqlx::query_as("select id::text, state, end_reason from calls.call").fetch_all(&self.app.pool).await.unwrap();
        let legs = self.legs().await;
        let mut wrong = Vec::new();
        for desk in desks {
            let (_, state, end) = rows.iter().find(|(id, ..)| *id == desk.call).unwrap();
            let status =
                |is_theirs: &dyn Fn(&Value) -> bool| legs.iter().find(|leg| is_theirs(leg)).map(|leg| leg["status"].as_str().unwrap());
            let from = format!("client:agent_{}", desk.agent.agent);
            let (person, agent) = (status(&|leg| is_persons(leg, desk)), status(&|leg| leg["from"] == *from));
            let is_true = match state.as_str() {
                "ringing" => person == Some("ringing") && agent == Some("in-progress"),
                "connected" => person == Some("in-progress") && agent == Some("in-progress"),
                "ended" => [person, agent].iter().all(|leg| !matches!(leg, Some("queued" | "ringing" | "in-progress"))),
                _ => false,
            };
            if !is_true || (state.as_str(), end.as_deref()) != desk.then {
                wrong.push(format!("{state} {end:?}, person {person:?}, agent {agent:?}; it was to be {:?}", desk.then));
            }
        }
        wrong
    }

    async fn until_healed(&self, desks: &[Desk]) {
        let began = Instant::now();
        loop {
            let wrong = self.wrong(desks).await;
            if wrong.is_empty() {
                return;
            }
            assert!(began.elapsed() < HEALED, "after {} s: {wrong:#?}", began.elapsed().as_secs());
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The carrier was asked for so many people, each once, and each is on record.
    async fn nobody_was_rung_twice(&self, people: usize) {
        let mut rung: Vec<String> = self.legs().await.iter().filter_map(|leg| leg["to"].as_str()).map(str::to_owned).collect();
        rung.retain(|to| to.starts_with('+') && to != OURS);
        rung.sort_unstable();
        rung.dedup();
        let asked = self.admin("journal?kind=rest").await;
        let is_create =
            |entry: &&Value| entry["detail"]["method"] == "POST" && entry["detail"]["path"].to_string().contains("Participants.json");
        assert_eq!((rung.len(), asked.iter().filter(is_create).count()), (people, people), "{rung:?}");
        let mut counted: Vec<String> =
            sqlx::query_scalar("select number from queue.attempt where not is_incoming").fetch_all(&self.app.pool).await.unwrap();
        counted.sort_unstable();
        assert_eq!(counted, rung);
    }

    /// The agent ends the call if it goes on, says what came of it, and is given somebody else.
    async fn is_free(&self, desk: Desk) {
        let agent = &desk.agent;
        if desk.then.0 != "ended" {
            agent.ask("/api/calls/hang_up", json!({"call_id": desk.call})).await;
        }
        let call = agent.ask("/api/calls/find", json!({"call_id": desk.call})).await;
        assert_eq!(call["state"], "ended", "{call}");
        if desk.then == NOT_CONNECTED {
            let held = agent.ask("/api/queue/current", json!({})).await;
            assert_eq!(number(held["user"]["id"].as_str().unwrap()), desk.number, "who was not rung stays with the agent");
            agent.ask("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language"})).await;
        } else {
            agent.ask("/api/calls/record_outcome", json!({"call_id": desk.call, "disposition": "contacted", "notes": ""})).await;
        }
        let next = agent.call_next().await;
        assert!(next["user"]["id"].is_string(), "{next}");
        agent.ask("/api/queue/release", json!({"lease_id": next["lease_id"], "reason": "language"})).await;
    }
}
