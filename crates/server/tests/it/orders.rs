//! What the carrier says of a call comes in every order over the real services and their database: twice, late, swapped or never. A post office
//! stands between the carrier and the product: it hands on at once what asks for an answer, and gives the rest to the test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auth::Role;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures::future::join_all;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{Handset, Seeded, seeded, times};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::contention::branch;
use crate::support::{Client, Made, TestApp};

/// So many agents work at once.
const AGENTS: usize = 20;
/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the call goes, in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Busy,
    Fails,
    NobodyAnswers,
    PersonHangsUp,
    AgentHangsUp,
    AgentStaysAway,
}

/// How the call goes, and how often the agent's page is loaded anew before that.
type Story = (Ending, usize);

const STORIES: [Story; 10] = [
    (Ending::Busy, 0),
    (Ending::Fails, 0),
    (Ending::NobodyAnswers, 0),
    (Ending::PersonHangsUp, 0),
    (Ending::PersonHangsUp, 1),
    (Ending::PersonHangsUp, 2),
    (Ending::AgentHangsUp, 0),
    (Ending::AgentHangsUp, 1),
    (Ending::AgentStaysAway, 0),
    (Ending::AgentStaysAway, 1),
];

/// How a call stands when all is over: its end, whether it was answered, the legs that are not known to be over, attempts.
type Final = (Option<String>, bool, i64, i64);

/// lessons, lines 14 and 17. `ORDERS` says how many.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_whatever_order_the_carriers_events_come_the_records_end_as_if_all_had_come_in_order(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut chance = seeded();
    let orders = times("ORDERS", 200) as usize;
    let desk = Desk::open(connect, orders + STORIES.len()).await;

    let in_order: BTreeMap<Story, Final> = desk.run(STORIES.iter().map(|story| (*story, None)).collect()).await.into_iter().collect();
    for (story, (end, was_answered, legs, attempts)) in &in_order {
        let wanted = match story.0 {
            Ending::Busy => "busy",
            Ending::Fails => "failed",
            Ending::NobodyAnswers => "no_answer",
            Ending::PersonHangsUp => "by_person",
            Ending::AgentHangsUp => "by_agent",
            Ending::AgentStaysAway => "agent_lost",
        };
        assert_eq!((end.as_deref(), *was_answered, *legs, *attempts), (Some(wanted), story.0 >= Ending::PersonHangsUp, 0, 1), "{story:?}");
    }

    let shuffled = (0..orders).map(|number| (STORIES[number % STORIES.len()], Some(branch(&mut chance))));
    let ended = desk.run(shuffled.collect()).await;
    assert_eq!(ended.len(), orders);
    for (story, end) in ended {
        assert_eq!(end, in_order[&story], "{story:?}");
    }
    let lost: usize = desk.post.lost.lock().unwrap().len();
    assert!(lost > orders / 2, "hardly anything was lost: {lost}");
    desk.app.stop().await;
}

/// One thing that the carrier says.
#[derive(Clone, Debug)]
struct Letter {
    path: String,
    signature: String,
    body: String,
}

/// The post office.
#[derive(Default)]
struct Post {
    /// Where the product is.
    to: Mutex<String>,
    http: reqwest::Client,
    letters: Mutex<Vec<Letter>>,
    lost: Mutex<Vec<Letter>>,
}

impl Post {
    async fn deliver(&self, letter: &Letter) -> reqwest::Response {
        let url = format!("{}{}", self.to.lock().unwrap(), letter.path);
        let request = self.http.post(url).header("x-twilio-signature", &letter.signature);
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(letter.body.clone()).send().await.unwrap()
    }

    /// What has come about this call, or about one of these legs.
    fn collect(&self, call: &str, legs: &[String]) -> Vec<Letter> {
        let is_about =
            |letter: &mut Letter| letter.path.contains(call) || legs.iter().any(|leg| letter.body.contains(&format!("CallSid={leg}")));
        self.letters.lock().unwrap().extract_if(.., is_about).collect()
    }
}

async fn receive(State(post): State<Arc<Post>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers["x-twilio-signature"].to_str().unwrap().to_owned();
    let letter = Letter { path: uri.to_string(), signature, body: String::from_utf8(body.to_vec()).unwrap() };
    if uri.path() == "/webhooks/twilio/voice" {
        let answer = post.deliver(&letter).await;
        return (answer.status(), [(header::CONTENT_TYPE, "text/xml")], answer.text().await.unwrap()).into_response();
    }
    post.letters.lock().unwrap().push(letter);
    axum::http::StatusCode::NO_CONTENT.into_response()
}

struct Desk {
    app: TestApp,
    post: Arc<Post>,
    _serving: JoinSet<()>,
}

/// A call, and what became of the letters about it.
struct Told<'a> {
    desk: &'a Desk,
    agent: &'a Client,
    call: String,
    number: String,
    legs: Vec<String>,
    /// What is late, with how much that happens it still waits for.
    late: Vec<(usize, Letter)>,
    /// None: everything comes in order.
    chance: Option<Seeded>,
}

impl Desk {
    async fn open(connect: PgConnectOptions, people: usize) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = format!("http://{}", listener.local_addr().unwrap());
        let app = TestApp::made_for_a_crowd(connect, Made { public: Some(public), ..Made::with_carrier() }).await;
        let post = Arc::new(Post { to: Mutex::new(app.base.clone()), ..Post::default() });
        let router = axum::Router::new().fallback(receive).with_state(Arc::clone(&post));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let people = (1..=i64::try_from(people).unwrap())
            .map(|id| app.platform.user(id).unsigned().claim("santander").phone(&format!("+4477009{:05}", 20_000 + id)));
        app.platform.insert_all(people).await.unwrap();
        app.discover().await;
        Self { app, post, _serving: serving }
    }

    /// Has agents make such calls, so many at a time. How each ended.
    async fn run(&self, mut stories: Vec<(Story, Option<Seeded>)>) -> Vec<(Story, Final)> {
        let share = stories.len().div_ceil(AGENTS);
        let mut agents = Vec::new();
        while !stories.is_empty() {
            let part = stories.split_off(stories.len().saturating_sub(share));
            agents.push(async move {
                let agent = self.app.signed_in(Role::Agent).await;
                let mut ends = Vec::new();
                for (story, chance) in part {
                    ends.push((story, Box::pin(self.tell(&agent, story, chance)).await));
                }
                ends
            });
        }
        join_all(agents).await.into_iter().flatten().collect()
    }

    async fn admin(&self, path: &str, what: &Value) {
        let url = format!("{}/twilio/admin/{path}", self.app.base);
        reqwest::Client::new().post(url).json(what).send().await.unwrap().error_for_status().unwrap();
    }

    /// One call from its beginning to where nothing more can be said of it.
    async fn tell(&self, agent: &Client, (ending, returns): Story, chance: Option<Seeded>) -> Final {
        let held = agent.call_next().await;
        let user: i64 = held["user"]["id"].as_str().unwrap().parse().unwrap();
        let number = format!("+4477009{:05}", 20_000 + user);
        let decided = match ending {
            Ending::Busy => json!({"busy": true}),
            Ending::Fails => json!({"failed": true}),
            Ending::NobodyAnswers => json!({"no_answer": true}),
            _ => json!({"answer": true}),
        };
        let steps = json!([{"ring_ms": 2_000}, decided]);
        self.admin("scenarios", &json!({"match": {"to": number}, "times": 1, "steps": steps})).await;
        let call = agent.ask("/api/calls/start", json!({"lease_id": held["lease_id"]})).await;
        let call = call["id"].as_str().unwrap().to_owned();
        let mut told = Told { desk: self, agent, call, number, legs: Vec::new(), late: Vec::new(), chance };

        let mut handset = told.connect().await;
        told.dialled().await;
        if ending < Ending::PersonHangsUp {
            told.until_person(&["busy", "failed", "no-answer"]).await;
        } else {
            told.until_person(&["in-progress"]).await;
            told.happened().await;
            // Whoever talks does so for a second at least.
            sleep(Duration::from_millis(1_050)).await;
            for _ in 0..returns {
                told.pause().await;
                handset.hang_up().unwrap();
                told.until_leg_is_over(told.legs.len() - 1).await;
                told.happened().await;
                told.rejoin().await;
                handset = told.connect().await;
                told.happened().await;
            }
            told.pause().await;
            match ending {
                Ending::PersonHangsUp => told.person_hangs_up().await,
                Ending::AgentHangsUp => {
                    agent.ask("/api/calls/hang_up", json!({"call_id": told.call})).await;
                    handset.hang_up().unwrap();
                }
                _ => {
                    handset.hang_up().unwrap();
                    told.until_leg_is_over(told.legs.len() - 1).await;
                }
            }
        }
        told.happened().await;
        told.settled().await
    }
}

impl Told<'_> {
    async fn connect(&mut self) -> Handset {
        let token = self.agent.ask("/api/calls/voice_token", json!({})).await;
        let signal = format!("{}/twilio/signal", self.desk.app.base.replace("http://", "ws://"));
        let mut handset = Handset::connect(&signal, token["token"].as_str().unwrap()).await.unwrap();
        self.legs.push(handset.call(&format!("call_id={}", self.call)).await.unwrap());
        handset
    }

    /// Until then everything comes as it is said: without the agent on the line nobody is rung, and nothing begins.
    async fn dialled(&mut self) {
        let mut others = Vec::new();
        let began = Instant::now();
        while self.state().await.0 < 3 {
            for letter in self.desk.post.collect(&self.call, &self.legs) {
                if letter.body.contains("StatusCallbackEvent=participant-join") && letter.body.contains(&self.legs[0]) {
                    assert_eq!(self.desk.post.deliver(&letter).await.status(), 204);
                } else {
                    others.push(letter);
                }
            }
            assert!(began.elapsed() < PATIENCE, "nobody is dialled");
            sleep(Duration::from_millis(10)).await;
        }
        self.sort(others).await;
    }

    /// How far the call has come, and its end.
    async fn state(&self) -> (i32, Option<String>) {
        sqlx::query_as(
            "select array_position(array['created', 'joining', 'checking', 'dialling', 'ringing', 'connected', 'ended'], state) - 1, end_reason
             from calls.call where id::text = $1",
        )
        .bind(&self.call)
        .fetch_one(&self.desk.app.pool)
        .await
        .unwrap()
    }

    /// Something has happened: what is due by now comes, and what is new has its fate.
    async fn happened(&mut self) {
        // The carrier writes a moment later.
        sleep(Duration::from_millis(60)).await;
        for (wait, _) in &mut self.late {
            *wait = wait.saturating_sub(1);
        }
        let due: Vec<Letter> = self.late.extract_if(.., |(wait, _)| *wait == 0).map(|(_, letter)| letter).collect();
        for letter in due {
            self.deliver(&letter).await;
        }
        let new = self.desk.post.collect(&self.call, &self.legs);
        self.sort(new).await;
    }

    async fn sort(&mut self, mut letters: Vec<Letter>) {
        let Some(chance) = &mut self.chance else {
            for letter in letters {
                self.deliver(&letter).await;
            }
            return;
        };
        if chance.random_bool(0.3) {
            letters.shuffle(chance);
        }
        let fates: Vec<(u32, usize)> = letters.iter().map(|_| (chance.random_range(0..4), chance.random_range(1..6))).collect();
        for (letter, (fate, delay)) in letters.into_iter().zip(fates) {
            match fate {
                0 => self.desk.post.lost.lock().unwrap().push(letter),
                1 => self.late.push((delay, letter)),
                2 => {
                    self.deliver(&letter).await;
                    self.late.push((delay, letter));
                }
                _ => self.deliver(&letter).await,
            }
        }
    }

    async fn deliver(&self, letter: &Letter) {
        let answer = self.desk.post.deliver(letter).await;
        assert!(answer.status().is_success(), "{}: {letter:?}", answer.status());
    }

    /// They talk on for a while, sometimes, and the carrier is asked.
    async fn pause(&mut self) {
        if self.chance.as_mut().is_some_and(|chance| chance.random_bool(0.5)) {
            self.ask_carrier().await;
        }
    }

    /// Two minutes pass for this call, and the carrier is asked about what is silent.
    async fn ask_carrier(&self) {
        for statement in [
            "update calls.call set state_since = state_since - interval '2 minutes', agent_away_since = agent_away_since - interval '2 minutes'
             where id::text = $1",
            "update calls.event set received_at = received_at - interval '2 minutes' where call_id::text = $1",
            "update calls.leg set ended_at = ended_at - interval '2 minutes' where call_id::text = $1",
        ] {
            sqlx::query(statement).bind(&self.call).execute(&self.desk.app.pool).await.unwrap();
        }
        let calls = &self.desk.app.app.calls;
        calls.reconcile().await.unwrap();
        calls.reconcile_unanswered().await.unwrap();
    }

    /// The page asks until it may come back: it was told of the talk, or of nothing yet.
    async fn rejoin(&self) {
        let began = Instant::now();
        while self.agent.post("/api/calls/rejoin", json!({"call_id": self.call})).await.0 != 200 {
            assert!(began.elapsed() < PATIENCE, "no way back: {:?}", self.state().await);
            self.ask_carrier().await;
        }
    }

    async fn carriers_legs(&self) -> Vec<Value> {
        let legs: Vec<Value> = reqwest::get(format!("{}/twilio/admin/calls", self.desk.app.base)).await.unwrap().json().await.unwrap();
        legs.into_iter().filter(|leg| leg["to"] == *self.number || self.legs.iter().any(|ours| leg["sid"] == **ours)).collect()
    }

    async fn until_person(&self, statuses: &[&str]) {
        self.until(async |legs| legs.iter().any(|leg| leg["to"] == *self.number && statuses.contains(&leg["status"].as_str().unwrap())))
            .await;
    }

    async fn until_leg_is_over(&self, leg: usize) {
        self.until(async |legs| legs.iter().any(|known| known["sid"] == *self.legs[leg] && known["status"] == "completed")).await;
    }

    async fn until(&self, is_so: impl AsyncFn(Vec<Value>) -> bool) {
        let began = Instant::now();
        while !is_so(self.carriers_legs().await).await {
            assert!(began.elapsed() < PATIENCE, "it does not come to this: {:?}", self.carriers_legs().await);
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn person_hangs_up(&self) {
        let legs = self.carriers_legs().await;
        let leg = legs.iter().find(|leg| leg["to"] == *self.number).unwrap();
        self.desk.admin(&format!("calls/{}/hangup", leg["sid"].as_str().unwrap()), &json!({})).await;
        self.until_person(&["completed"]).await;
    }

    /// Everything that looks after calls by itself runs until nothing is left to do; then the last of the letters come.
    async fn settled(mut self) -> Final {
        self.settle().await;
        for (_, letter) in std::mem::take(&mut self.late) {
            self.deliver(&letter).await;
        }
        let rest = self.desk.post.collect(&self.call, &self.legs);
        self.sort(rest).await;
        for (_, letter) in std::mem::take(&mut self.late) {
            self.deliver(&letter).await;
        }
        self.settle().await;
        let done = json!({"call_id": self.call, "disposition": "contacted", "notes": ""});
        self.agent.ask("/api/calls/record_outcome", done).await;
        sqlx::query_as(
            "select end_reason, answered_at is not null,
                (select count(*) from calls.leg l where l.call_id = c.id and l.ended_at is null),
                (select count(*) from queue.attempt a where a.number = c.number)
             from calls.call c where id::text = $1",
        )
        .bind(&self.call)
        .fetch_one(&self.desk.app.pool)
        .await
        .unwrap()
    }

    async fn settle(&mut self) {
        let began = Instant::now();
        let calls = &self.desk.app.app.calls;
        loop {
            let new = self.desk.post.collect(&self.call, &self.legs);
            self.sort(new).await;
            let open: i64 = sqlx::query_scalar("select count(*) from calls.leg where call_id::text = $1 and ended_at is null")
                .bind(&self.call)
                .fetch_one(&self.desk.app.pool)
                .await
                .unwrap();
            let live = |leg: &Value| ["queued", "ringing", "in-progress"].contains(&leg["status"].as_str().unwrap());
            if self.state().await.0 == 6 && open == 0 && !self.carriers_legs().await.iter().any(live) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {:?}, {:?}", self.state().await, self.carriers_legs().await);
            sleep(Duration::from_millis(150)).await;
            // Most of it is told.
            if began.elapsed() < Duration::from_millis(500) {
                continue;
            }
            self.ask_carrier().await;
            sqlx::query("update calls.call set ended_at = ended_at - interval '1 minute' where id::text = $1")
                .bind(&self.call)
                .execute(&self.desk.app.pool)
                .await
                .unwrap();
            calls.end_left().await.unwrap();
            calls.end_lingering_legs().await.unwrap();
        }
    }
}
