//! The server's process is killed while it works. What a killed process was doing is done or not, never half; whoever was held is given
//! back to their agent, or returns to the queue by themselves.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use auth::Role;
use chrono::TimeDelta;
use futures::future::{join, join_all};
use queue::{Order, QueueError, QueueFailure};
use rand::Rng as _;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{Seeded, seeded, times};
use tokio::time::sleep;

use crate::contention::{ELIGIBLE, Told, branch, every_answer_has_its_decision, shown};
use crate::support::{Client, OPEN, TestApp};
use crate::witness::Witness;

const PEOPLE: i64 = 400;
const AGENTS: usize = 40;

/// Whom agents hold, unless they were about to leave.
const HELD: &str = "select l.agent_id, l.id, l.user_id
    from queue.lease l
    join auth.agent a on a.id = l.agent_id
    where l.decision_id is not null and l.expires_at > $1 and a.intention = 'available'";

/// lessons, lines 1, 2, 8 and 11. `KILLS` says how often; `just soak` has it fifty times.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_server_killed_at_any_moment_leaves_nobody_held_twice_and_nobody_lost(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut chance = seeded();
    let app = TestApp::for_a_crowd(connect.clone()).await;
    let person = |id| app.platform.user(id).claim("santander");
    let people = (1..=PEOPLE).map(|id| if id % 5 == 0 { person(id).requirement("proof_of_address") } else { person(id).unsigned() });
    app.platform.insert_all(people).await.unwrap();
    assert_eq!(app.discover().await.added, PEOPLE);
    let witness = Witness::watching(&app.pool, Some(&app.clock)).await;
    let binary = Binary::new(&connect, &app);
    let mut agents = Vec::new();
    for _ in 0..AGENTS {
        // Signed in at the server of this test, which stands still; they work at the one that is killed.
        agents.push(Client { base: binary.base(), ..app.signed_in(Role::Agent).await });
    }
    let mut told = Vec::new();

    let mut server = binary.start().await;
    for turn in 0..times("KILLS", 3) {
        let (asked, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
        let mut chances: Vec<Seeded> = agents.iter().map(|_| branch(&mut chance)).collect();
        let work = join_all(agents.iter().zip(&mut chances).map(|(agent, chance)| work(agent, chance, &asked, &is_over)));
        let mut of_people = branch(&mut chance);
        let killing = async {
            // A discovery of another process is killed with it, now and then.
            let discovery = of_people.random_bool(0.5).then(|| binary.run(&["discover"]));
            sign(&app, &mut of_people).await;
            // After so much work, however long the machine takes for it.
            let enough = of_people.random_range(20..150);
            while asked.load(Ordering::Relaxed) < enough {
                assert!(server.0.try_wait().unwrap().is_none(), "the server ended by itself");
                sleep(Duration::from_millis(1)).await;
            }
            sleep(Duration::from_millis(of_people.random_range(0..50))).await;
            drop((server, discovery));
            is_over.store(true, Ordering::Relaxed);
        };
        let ((), shown) = join(killing, work).await;
        told.extend(shown.into_iter().flatten());
        witness.saw_nothing_wrong().await;

        let held: Vec<(i64, i64, i64)> = sqlx::query_as(HELD).bind(app.now()).fetch_all(&app.pool).await.unwrap();
        if turn % 2 == 0 {
            server = binary.start().await;
            told.extend(everybody_is_given_back(&agents, &held).await);
        } else {
            // The agents' browsers stay away, and more than a lease's time passes.
            witness.advance(&app.clock, TimeDelta::minutes(11)).await;
            server = binary.start().await;
            app.until_count("all have returned by themselves", "select count(*) from queue.lease", 0).await;
        }
        witness.saw_nothing_wrong().await;
    }

    // Every delay is over: everybody who still has to be rung is reached.
    drop(server);
    witness.advance(&app.clock, TimeDelta::minutes(31)).await;
    let last = binary.start().await;
    app.until_count("all have returned by themselves", "select count(*) from queue.lease", 0).await;
    discover(&app).await;
    assert_eq!(reached(&agents).await, eligible(&app).await);
    every_answer_has_its_decision(&app, &told).await;
    witness.saw_nothing_wrong().await;
    assert!(told.len() > AGENTS, "hardly anybody was handed out: {}", told.len());
    drop((last, binary));
    app.stop().await;
}

/// Takes and lets go, until the server is gone. Whom the agent was shown.
async fn work(agent: &Client, chance: &mut Seeded, asked: &AtomicU32, is_over: &AtomicBool) -> Vec<Told> {
    let mut told = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let queue = if chance.random_ratio(4, 5) { "unsigned_users" } else { "outstanding_requests" };
        let Some(answer) = ask(agent, "/api/queue/call_next", json!({"queue": queue})).await else { break };
        asked.fetch_add(1, Ordering::Relaxed);
        told.extend(shown(agent, &answer));
        sleep(Duration::from_millis(chance.random_range(0..100))).await;
        let done = match chance.random_range(0..10) {
            0..6 if !answer["lease_id"].is_null() => {
                ask(agent, "/api/queue/release", json!({"lease_id": answer["lease_id"], "reason": "language"})).await
            }
            6 => {
                let left = ask(agent, "/api/auth/set_presence", json!({"intention": "offline"})).await;
                if left.is_some() { ask(agent, "/api/auth/set_presence", json!({"intention": "available"})).await } else { None }
            }
            _ => Some(Value::Null),
        };
        if done.is_none() {
            break;
        }
    }
    told
}

/// The answer; none when the server is gone.
async fn ask(agent: &Client, path: &str, body: Value) -> Option<Value> {
    let answer = agent.http.post(format!("{}{path}", agent.base)).json(&body).send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    // Conflicts are of leases that ran out, and of agents whose last word was that they leave.
    assert!([200, 409, 503].contains(&status), "{path}: {status} {text}");
    if status == 409 && text.contains("not available") {
        return Box::pin(ask(agent, "/api/auth/set_presence", json!({"intention": "available"}))).await;
    }
    Some(serde_json::from_str(&text).unwrap())
}

/// As soon as a discovery that is under way has ended: the hour's own, or one whose process was killed before PostgreSQL noticed.
async fn discover(app: &TestApp) {
    app.platform.caught_up().await.unwrap();
    for _ in 0..200 {
        match app.app.queue.discover(Order::default()).await {
            Err(QueueFailure::Refused(QueueError::DiscoveryIsRunning)) => sleep(Duration::from_millis(100)).await,
            done => {
                done.unwrap();
                return;
            }
        }
    }
    panic!("a discovery did not end");
}

/// Some people sign while the others are being handed out.
async fn sign(app: &TestApp, chance: &mut Seeded) {
    for _ in 0..5 {
        sqlx::query("update users set current_signature_file_id = uuid() where id = ?")
            .bind(chance.random_range(1..=PEOPLE))
            .execute(app.platform.primary())
            .await
            .unwrap();
    }
}

/// After the server is back, each agent finds whom they held, unless that person need not be rung any more.
async fn everybody_is_given_back(agents: &[Client], held: &[(i64, i64, i64)]) -> Vec<Told> {
    let mut told = Vec::new();
    for agent in agents {
        let (status, answer) = agent.post_again("/api/queue/current", &json!({})).await;
        assert_eq!(status, 200, "{answer}");
        let found = shown(agent, &answer);
        if let Some((_, lease, user)) = held.iter().find(|(holder, ..)| *holder == agent.agent) {
            let is_the_same = found.as_ref().is_some_and(|found| (found.lease, found.user) == (*lease, *user));
            let theirs = json!(user.to_string());
            let has_signed =
                answer["passed_over"].as_array().is_some_and(|passed| matches!(&passed[..], [passed] if passed["user_id"] == theirs));
            assert!(is_the_same || has_signed, "agent {} held user {user} under lease {lease}: {answer}", agent.agent);
        }
        told.extend(found);
    }
    told
}

/// Everybody who can be handed out, one after the other.
async fn reached(agents: &[Client]) -> BTreeSet<i64> {
    let mut reached = BTreeSet::new();
    for agent in agents {
        assert_eq!(agent.post_again("/api/auth/set_presence", &json!({"intention": "available"})).await.0, 200);
    }
    for queue in ["unsigned_users", "outstanding_requests"] {
        loop {
            let answers = join_all(agents.iter().map(|agent| agent.call_next_again(queue))).await;
            let before = reached.len();
            for (agent, answer) in agents.iter().zip(&answers).filter(|(_, answer)| answer["user"]["id"].is_string()) {
                assert!(reached.insert(answer["user"]["id"].as_str().unwrap().parse().unwrap()), "handed out twice: {answer}");
                let (status, _) =
                    agent.post_again("/api/queue/release", &json!({"lease_id": answer["lease_id"], "reason": "language"})).await;
                // It was done and not heard of.
                assert!(status == 200 || status == 409, "{status}");
            }
            if reached.len() == before {
                break;
            }
        }
    }
    reached
}

async fn eligible(app: &TestApp) -> BTreeSet<i64> {
    sqlx::query_scalar(ELIGIBLE).fetch_all(app.platform.primary()).await.unwrap().into_iter().collect()
}

/// The program over the databases of a test, on an address of its own.
pub struct Binary {
    address: SocketAddr,
    pub variables: Vec<(&'static str, String)>,
    /// A front end, as far as the program looks.
    site: PathBuf,
}

impl Binary {
    pub fn new(connect: &PgConnectOptions, app: &TestApp) -> Self {
        // Free now, and nobody else's while this test runs: the system gives such ports out in turn.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let site = std::env::temp_dir().join(format!("dialler-site-{}-{}", std::process::id(), address.port()));
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(site.join("index.html"), "<!doctype html>").unwrap();
        let variables = vec![
            ("ENVIRONMENT", "development".to_owned()),
            ("CLOCK", OPEN.to_owned()),
            ("DATABASE_URL", connect.to_url_lossy().to_string()),
            ("REPLICA_DATABASE_URL", app.platform.replica_url().to_owned()),
            ("BIND_ADDRESS", address.to_string()),
            // Where the agents' requests come from.
            ("PUBLIC_BASE_URL", app.base.clone()),
            ("RUST_LOG", "error".to_owned()),
        ];
        Self { address, variables, site }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn run(&self, arguments: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dialler"));
        command.args(arguments).env_clear().envs(self.variables.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::null());
        Process(command.spawn().unwrap())
    }

    /// Serves, and is ready.
    pub async fn start(&self) -> Process {
        let mut server = self.run(&["serve", "--site", self.site.to_str().unwrap()]);
        for _ in 0..600 {
            assert!(server.0.try_wait().unwrap().is_none(), "the server ended by itself");
            let ready = reqwest::get(format!("{}/health/ready", self.base())).await;
            if ready.is_ok_and(|ready| ready.status() == 200) {
                return server;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("the server did not become ready");
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // Two small files in the folder for such; a test that has failed has other worries.
        let _ = std::fs::remove_dir_all(&self.site);
    }
}

/// One run of it. Dropping kills it at once, as `kill -9`.
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
