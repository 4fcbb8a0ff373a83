//! What the carrier says of a call comes in every order over the real services and their database: twice, late, swapped or never. A post office
//! stands between the carrier and the product: it hands on at once what asks for an answer, and gives the rest to the test.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
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

const OURS: &str = "+442079460000";
/// So many agents work at once. With more, a server that shares its thread with the carrier and the agents takes longer than the 2 s that a check is
/// good for.
const AGENTS: usize = 12;
/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the call goes, in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Whoever rings us hangs up while they wait.
    GivesUp,
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

/// The same of calls that come in.
const STORIES_OF_CALLERS: [Story; 7] = [
    (Ending::GivesUp, 0),
    (Ending::PersonHangsUp, 0),
    (Ending::PersonHangsUp, 1),
    (Ending::AgentHangsUp, 0),
    (Ending::AgentHangsUp, 1),
    (Ending::AgentStaysAway, 0),
    (Ending::AgentStaysAway, 1),
];

/// How a call stands when all is over: its end, whether it was answered, the legs that are not known to be over, attempts, and promises to
/// ring them back.
type Final = (Option<String>, bool, i64, i64, i64);

/// lessons, lines 14 and 17. `ORDERS` says how many.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_whatever_order_the_carriers_events_come_the_records_end_as_if_all_had_come_in_order(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut chance = seeded();
    let orders = times("ORDERS", 200) as usize;
    let desk = Desk::open(connect, orders + STORIES.len(), false).await;

    let in_order: BTreeMap<Story, Final> = desk.run(&STORIES, None, STORIES.len()).await.into_iter().collect();
    for (story, (end, was_answered, legs, attempts, _)) in &in_order {
        let wanted = match story.0 {
            Ending::GivesUp => unreachable!(),
            Ending::Busy => "busy",
            Ending::Fails => "failed",
            Ending::NobodyAnswers => "no_answer",
            Ending::PersonHangsUp => "by_person",
            Ending::AgentHangsUp => "by_agent",
            Ending::AgentStaysAway => "agent_lost",
        };
        assert_eq!((end.as_deref(), *was_answered, *legs, *attempts), (Some(wanted), story.0 >= Ending::PersonHangsUp, 0, 1), "{story:?}");
    }

    desk.shuffled(&STORIES, &mut chance, orders, &in_order).await;
    desk.app.stop().await;
}

/// lessons, lines 14 and 17, for people who ring us. `ORDERS` says how many.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_whatever_order_the_carriers_events_come_calls_that_come_in_end_as_if_all_had_come_in_order(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut chance = seeded();
    let orders = times("ORDERS", 100) as usize;
    let desk = Desk::open(connect, orders + STORIES_OF_CALLERS.len(), true).await;
    let in_order: BTreeMap<Story, Final> =
        Box::pin(desk.run(&STORIES_OF_CALLERS, None, STORIES_OF_CALLERS.len())).await.into_iter().collect();
    for (story, end) in &in_order {
        let (how, was_answered, attempts, promises) = match story.0 {
            Ending::GivesUp => ("gave_up", false, 0, 1),
            Ending::PersonHangsUp => ("by_person", true, 1, 0),
            Ending::AgentHangsUp => ("by_agent", true, 1, 0),
            // Cut off by us: rung back, whatever the agent says of it.
            _ => ("agent_lost", true, 1, 1),
        };
        assert_eq!(*end, (Some(how.to_owned()), was_answered, 0, attempts, promises), "{story:?}");
    }
    Box::pin(desk.shuffled(&STORIES_OF_CALLERS, &mut chance, orders, &in_order)).await;
    desk.app.stop().await;
}

fn number_of(user: i64) -> String {
    format!("+4477009{:05}", 20_000 + user)
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

    /// What has come about this call, or about one of its legs.
    fn collect(&self, told: &Told<'_>) -> Vec<Letter> {
        let is_about = |letter: &mut Letter| {
            [&told.call, &told.conference].iter().any(|call| letter.path.contains(*call))
                || told.legs.iter().any(|leg| letter.body.contains(&format!("CallSid={leg}")))
        };
        self.letters.lock().unwrap().extract_if(.., is_about).collect()
    }
}

async fn receive(State(post): State<Arc<Post>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers["x-twilio-signature"].to_str().unwrap().to_owned();
    let letter = Letter { path: uri.to_string(), signature, body: String::from_utf8(body.to_vec()).unwrap() };
    if ["/webhooks/twilio/voice", "/webhooks/twilio/incoming", "/webhooks/twilio/incoming-route"].contains(&uri.path()) {
        let answer = post.deliver(&letter).await;
        return (answer.status(), [(header::CONTENT_TYPE, "text/xml")], answer.text().await.unwrap()).into_response();
    }
    post.letters.lock().unwrap().push(letter);
    axum::http::StatusCode::NO_CONTENT.into_response()
}

struct Desk {
    app: TestApp,
    post: Arc<Post>,
    /// Do people ring us, or we them?
    rings_us: bool,
    /// So many have rung us.
    people: AtomicUsize,
    _serving: JoinSet<()>,
}

/// A call, and what became of the letters about it.
struct Told<'a> {
    desk: &'a Desk,
    agent: &'a Client,
    call: String,
    /// What the conference is named after: the call, or the one that came in.
    conference: String,
    number: String,
    legs: Vec<String>,
    /// What is late, with how much that happens it still waits for.
    late: Vec<(usize, Letter)>,
    /// None: everything comes in order.
    chance: Option<Seeded>,
}

impl Desk {
    async fn open(connect: PgConnectOptions, people: usize, rings_us: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = format!("http://{}", listener.local_addr().unwrap());
        let app = TestApp::made_for_a_crowd(connect, Made { public: Some(public), ..Made::with_carrier() }).await;
        let post = Arc::new(Post { to: Mutex::new(app.base.clone()), ..Post::default() });
        let router = axum::Router::new().fallback(receive).with_state(Arc::clone(&post));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let people =
            (1..=i64::try_from(people).unwrap()).map(|id| app.platform.user(id).unsigned().claim("santander").phone(&number_of(id)));
        app.platform.insert_all(people).await.unwrap();
        app.discover().await;
        Self { app, post, rings_us, people: AtomicUsize::default(), _serving: serving }
    }

    /// Has agents go through so many calls of this kind, some at a time: in order, or as chance has it. How each ended.
    async fn run(&self, kinds: &[Story], mut chance: Option<&mut Seeded>, calls: usize) -> Vec<(Story, Final)> {
        let mut stories: Vec<(Story, Option<Seeded>)> =
            (0..calls).map(|call| (kinds[call % kinds.len()], chance.as_deref_mut().map(branch))).collect();
        let share = stories.len().div_ceil(AGENTS);
        let mut agents = Vec::new();
        while !stories.is_empty() {
            let part = stories.split_off(stories.len().saturating_sub(share));
            agents.push(async move {
                let agent = self.app.signed_in(Role::Agent).await;
                let mut ends = Vec::new();
                for (story, chance) in part {
                    let told = if self.rings_us { Box::pin(self.takes(&agent)).await } else { Box::pin(self.rings(&agent, story.0)).await };
                    ends.push((story, Box::pin(Told { chance, ..told }.tell(story)).await));
                }
                // Who has nothing more to do is offered nobody.
                agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
                ends
            });
        }
        join_all(agents).await.into_iter().flatten().collect()
    }

    /// The same as chance has it: each ends as in order.
    async fn shuffled(&self, kinds: &[Story], chance: &mut Seeded, calls: usize, in_order: &BTreeMap<Story, Final>) {
        let ended = self.run(kinds, Some(chance), calls).await;
        assert_eq!(ended.len(), calls);
        for (story, end) in ended {
            assert_eq!(end, in_order[&story], "{story:?}");
        }
        let lost: usize = self.post.lost.lock().unwrap().len();
        assert!(lost > calls / 2, "hardly anything was lost: {lost}");
    }

    async fn admin(&self, path: &str, what: &Value) {
        let url = format!("{}/twilio/admin/{path}", self.app.base);
        reqwest::Client::new().post(url).json(what).send().await.unwrap().error_for_status().unwrap();
    }

    /// The agent presses Call for somebody who will do so.
    async fn rings<'a>(&'a self, agent: &'a Client, ending: Ending) -> Told<'a> {
        let held = agent.call_next().await;
        let user: i64 = held["user"]["id"].as_str().unwrap().parse().unwrap();
        let number = number_of(user);
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
        Told { desk: self, agent, conference: call.clone(), call, number, legs: Vec::new(), late: Vec::new(), chance: None }
    }

    /// Somebody rings us, and the agent is offered whoever it is.
    async fn takes<'a>(&'a self, agent: &'a Client) -> Told<'a> {
        let next = 1 + self.people.fetch_add(1, Ordering::Relaxed);
        let from = number_of(i64::try_from(next).unwrap());
        self.admin("calls/incoming", &json!({"from": from, "to": OURS, "steps": [{"repeat": "chat"}]})).await;
        let began = Instant::now();
        let incoming = loop {
            let ringing = agent.ask("/api/calls/ringing", json!({})).await;
            if !ringing.is_null() {
                break ringing["id"].as_str().unwrap().to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "nothing rings");
            sleep(Duration::from_millis(50)).await;
            // It may ring at somebody's who has done all that they had to.
            self.app.app.calls.pass_on_offers().await.unwrap();
        };
        let (number, sid) = sqlx::query_as("select number, sid from calls.incoming where id::text = $1")
            .bind(&incoming)
            .fetch_one(&self.app.pool)
            .await
            .unwrap();
        Told { desk: self, agent, call: incoming.clone(), conference: incoming, number, legs: vec![sid], late: Vec::new(), chance: None }
    }
}

impl Told<'_> {
    /// One call to where nothing more can be said of it.
    async fn tell(mut self, (ending, returns): Story) -> Final {
        if ending == Ending::GivesUp {
            self.person_hangs_up().await;
            self.happened().await;
            return self.settled().await;
        }
        if self.desk.rings_us {
            let call = self.agent.ask("/api/calls/answer", json!({"id": self.conference})).await;
            call["id"].as_str().unwrap().clone_into(&mut self.call);
        }
        let mut handset = self.connect().await;
        self.begun().await;
        if ending < Ending::PersonHangsUp {
            self.until_person(&["busy", "failed", "no-answer"]).await;
        } else {
            self.until_person(&["in-progress"]).await;
            self.happened().await;
            // Whoever talks does so for a second at least.
            sleep(Duration::from_millis(1_050)).await;
            for _ in 0..returns {
                self.pause().await;
                handset.hang_up().unwrap();
                self.until_leg_is_over(self.legs.len() - 1).await;
                self.happened().await;
                self.rejoin().await;
                handset = self.connect().await;
                self.happened().await;
            }
            self.pause().await;
            match ending {
                Ending::PersonHangsUp => self.person_hangs_up().await,
                Ending::AgentHangsUp => {
                    self.agent.ask("/api/calls/hang_up", json!({"call_id": self.call})).await;
                    handset.hang_up().unwrap();
                }
                _ => {
                    handset.hang_up().unwrap();
                    self.until_leg_is_over(self.legs.len() - 1).await;
                }
            }
        }
        self.happened().await;
        self.settled().await
    }

    async fn connect(&mut self) -> Handset {
        let token = self.agent.ask("/api/calls/voice_token", json!({})).await;
        let signal = format!("{}/twilio/signal", self.desk.app.base.replace("http://", "ws://"));
        let mut handset = Handset::connect(&signal, token["token"].as_str().unwrap()).await.unwrap();
        self.legs.push(handset.call(&format!("call_id={}", self.call)).await.unwrap());
        handset
    }

    /// Until then everything comes as it is said: without the agent on the line nobody is rung, and nothing begins.
    async fn begun(&mut self) {
        let mut others = Vec::new();
        let began = Instant::now();
        let agents = self.legs.last().unwrap();
        while self.state().await.0 < if self.desk.rings_us { 5 } else { 3 } {
            for letter in self.desk.post.collect(self) {
                if letter.body.contains("StatusCallbackEvent=participant-join") && letter.body.contains(agents) {
                    assert_eq!(self.desk.post.deliver(&letter).await.status(), 204);
                } else {
                    others.push(letter);
                }
            }
            assert!(began.elapsed() < PATIENCE, "nothing begins");
            sleep(Duration::from_millis(10)).await;
        }
        self.sort(others).await;
    }

    /// How far the call has come, and its end.
    async fn state(&self) -> (i32, Option<String>) {
        sqlx::query_as(
            "select array_position(array['created', 'joining', 'checking', 'dialling', 'ringing', 'connected', 'ended'], state) - 1, end_reason
             from calls.call where id::text = $1
             union all
             select case state when 'ended' then 6 else 0 end, ended_as from calls.incoming where id::text = $1",
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
        let new = self.desk.post.collect(self);
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
            "update calls.incoming set state_since = state_since - interval '2 minutes' where id::text = $1",
            "update calls.event set received_at = received_at - interval '2 minutes' where call_id::text = $1",
            "update calls.leg set ended_at = ended_at - interval '2 minutes' where call_id::text = $1",
        ] {
            sqlx::query(statement).bind(&self.call).execute(&self.desk.app.pool).await.unwrap();
        }
        let calls = &self.desk.app.app.calls;
        calls.reconcile().await.unwrap();
        calls.reconcile_unanswered().await.unwrap();
        calls.ask_about_callers().await.unwrap();
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
        legs.into_iter().filter(|leg| self.is_persons(leg) || self.legs.iter().any(|ours| leg["sid"] == **ours)).collect()
    }

    fn is_persons(&self, leg: &Value) -> bool {
        leg[if self.desk.rings_us { "from" } else { "to" }] == *self.number
    }

    async fn until_person(&self, statuses: &[&str]) {
        self.until(async |legs| legs.iter().any(|leg| self.is_persons(leg) && statuses.contains(&leg["status"].as_str().unwrap()))).await;
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
        let leg = legs.iter().find(|leg| self.is_persons(leg)).unwrap();
        self.desk.admin(&format!("calls/{}/hangup", leg["sid"].as_str().unwrap()), &json!({})).await;
        self.until_person(&["completed"]).await;
    }

    /// Everything that looks after calls by itself runs until nothing is left to do; then the last of the letters come.
    async fn settled(mut self) -> Final {
        self.settle().await;
        for (_, letter) in std::mem::take(&mut self.late) {
            self.deliver(&letter).await;
        }
        let rest = self.desk.post.collect(&self);
        self.sort(rest).await;
        for (_, letter) in std::mem::take(&mut self.late) {
            self.deliver(&letter).await;
        }
        self.settle().await;
        if self.call != self.conference || !self.desk.rings_us {
            let done = json!({"call_id": self.call, "disposition": "contacted", "notes": ""});
            self.agent.ask("/api/calls/record_outcome", done).await;
        }
        sqlx::query_as(
            "select coalesce(c.end_reason, i.ended_as), c.answered_at is not null,
                (select count(*) from calls.leg l where l.call_id = c.id and l.ended_at is null),
                (select count(*) from queue.attempt a where a.number = $2),
                (select count(*) from queue.callback b where b.user_id = right($2, 5)::int - 20000 and b.is_return_call and b.state = 'scheduled')
             from calls.call c full join calls.incoming i on i.id = c.incoming_id
             where coalesce(c.id, i.id)::text = $1",
        )
        .bind(&self.call)
        .bind(&self.number)
        .fetch_one(&self.desk.app.pool)
        .await
        .unwrap()
    }

    async fn settle(&mut self) {
        let began = Instant::now();
        let calls = &self.desk.app.app.calls;
        loop {
            let new = self.desk.post.collect(self);
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
