//! The binary as whoever runs it sees it: `serve` and `worker` that are told to stop, and what the commands print and end with.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use auth::Role;
use kernel::Hint;
use reqwest::header;
use serde_json::json;
use server::jobs;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::commands::{dialler, text};
use crate::support::{LONGEST_WAIT, METRICS_TOKEN, OPEN, TestApp, until};

/// A process of ours that goes on until it is told to stop. Ends with the value.
struct Running {
    child: Child,
    folder: PathBuf,
    base: String,
}

impl Running {
    /// `dialler` with these arguments, over the databases of a test, at a port of its own.
    fn start(connect: &PgConnectOptions, app: &TestApp, arguments: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("dialler-process-{}", kernel::CallId::generate()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("index.html"), "<!doctype html><title>Nothing</title>").unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let base = format!("http://{address}");
        let child = Command::new(env!("CARGO_BIN_EXE_dialler"))
            .args(arguments)
            .env_clear()
            .env("NO_COLOR", "1")
            .env("ENVIRONMENT", "development")
            .env("CLOCK", OPEN)
            .env("DATABASE_URL", connect.to_url_lossy().to_string())
            .env("REPLICA_DATABASE_URL", app.platform.replica_url())
            .env("BIND_ADDRESS", address.to_string())
            .env("PUBLIC_BASE_URL", &base)
            .env("METRICS_TOKEN", METRICS_TOKEN)
            .env("RECORDINGS_URL", format!("file://{}/recordings", folder.display()))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder, base }
    }

    /// `serve`, once it is ready; its front end is one empty page.
    async fn serving(connect: &PgConnectOptions, app: &TestApp, more: &[&str]) -> Self {
        let mut running = Self::start(connect, app, &[&["serve", "--site", "."], more].concat());
        let ready = format!("{}/health/ready", running.base);
        let began = Instant::now();
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status() == 200) {
            let ended = running.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < LONGEST_WAIT, "{ended:?}\n{}", running.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        running
    }

    /// What it has written so far.
    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    async fn says(&self, words: &str) {
        until(words, async || self.log().contains(words)).await;
    }

    fn tell(&self, signal: &str) {
        let told = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Waits until it has ended; how, and what it has written.
    async fn ended(&mut self) -> (ExitStatus, String) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.log());
            }
            assert!(began.elapsed() < LONGEST_WAIT, "it does not end\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The jobs that have succeeded at least once, with the time at which each last did.
    async fn succeeded(&self) -> Vec<(String, String)> {
        let request = reqwest::Client::new().get(format!("{}/metrics", self.base)).bearer_auth(METRICS_TOKEN);
        let told = request.send().await.unwrap().text().await.unwrap();
        let line = |line: &str| {
            let (name, at) = line.strip_prefix("dialler_job_last_success_timestamp_seconds{job=\"")?.split_once("\"} ")?;
            Some((name.to_owned(), at.to_owned()))
        };
        told.lines().filter_map(line).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An update is new on a machine, or a new release: nobody at a screen loses what they were doing.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_server_that_is_told_to_stop_answers_what_is_under_way_and_ends_well(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let agent = app.signed_in(Role::Agent).await;
    // A change that is under way until the test lets it pass.
    for statement in [
        "create table public.gate (is_open boolean)",
        "create sequence public.came",
        "create function public.wait_at_gate() returns trigger language plpgsql as $$
         begin
             perform nextval('public.came');
             while not exists (select from public.gate) loop perform pg_sleep(0.02); end loop;
             return new;
         end $$",
        "create trigger wait_at_gate before update of intention on auth.agent for each row when (new.intention = 'break')
         execute function public.wait_at_gate()",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }
    let mut server = Running::serving(&connect, &app, &[]).await;
    let cookie = app.session_cookie(agent.agent).await;
    let request = |path: &str, method| {
        let request = reqwest::Client::new().request(method, format!("{}{path}", server.base));
        request.header(header::COOKIE, &cookie).header(header::ORIGIN, &server.base)
    };
    // An open page, whose stream of events never ends by itself.
    let mut stream = request("/api/events", reqwest::Method::GET).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let asking = tokio::spawn(request("/api/auth/set_presence", reqwest::Method::POST).json(&json!({"intention": "break"})).send());
    until("the change is under way", async || app.count("select count(*) from public.came where is_called").await == 1).await;

    server.tell("TERM");
    server.says("stopping: requests in flight are finished").await;
    assert_eq!(app.count("select count(*) from auth.agent where intention = 'break'").await, 0, "it is still under way");
    sqlx::query("insert into public.gate values (true)").execute(&app.pool).await.unwrap();

    let answer = asking.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["intention"], "break");
    let (status, log) = server.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("stopped") && !log.contains("did not end in time"), "{log}");
    while let Ok(Some(_)) = stream.chunk().await {}
    assert!(reqwest::get(format!("{}/health/live", server.base)).await.is_err(), "nobody is there any more");
    app.stop().await;
}

/// lessons, lines 13 and 53: every job stopped silently; jobs are commands and workers.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn serve_runs_all_jobs_or_leaves_those_of_all_servers_to_a_worker(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    app.signed_in(Role::Agent).await.call_next().await;
    sqlx::query("update queue.lease set expires_at = expires_at - interval '1 hour'").execute(&app.pool).await.unwrap();
    let names = |jobs: Vec<jobs::Job>| -> BTreeSet<String> {
        jobs.into_iter().filter(|job| !job.is_lasting()).map(|job| job.name().to_owned()).collect()
    };
    let (shared, own) = (names(jobs::shared(&app.app)), names(jobs::own(&app.app)));

    let mut alone = Running::serving(&connect, &app, &["--without-jobs"]).await;
    let first = async |running: &Running| running.succeeded().await.into_iter().find(|(name, _)| name == "watch presence");
    until("it looks", async || first(&alone).await.is_some()).await;
    let looked = first(&alone).await;
    // Five seconds later; those of all servers begin as soon as this one, and the lease that ran out would be returned every two.
    until("it looks again", async || first(&alone).await != looked).await;
    let running: BTreeSet<String> = alone.succeeded().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(running, own);
    assert_eq!(app.count("select count(*) from queue.lease").await, 1);
    alone.tell("INT");
    assert_eq!(alone.ended().await.0.code(), Some(0), "{}", alone.log());

    // A worker on another machine does them, and tells the screens of every server.
    let mut hearing = app.hear().await;
    let mut worker = Running::start(&connect, &app, &["worker"]);
    worker.says("working").await;
    until("the lease is returned", async || app.count("select count(*) from queue.lease").await == 0).await;
    while hearing.next().await != Hint::Queues {}
    worker.tell("TERM");
    let (status, log) = worker.ended().await;
    assert_eq!((status.code(), log.contains("stopped")), (Some(0), true), "{log}");

    // And `serve` by itself does all of them. One whose first run fails, because the lag is not known yet, says so.
    let mut server = Running::serving(&connect, &app, &[]).await;
    let all: BTreeSet<String> = shared.union(&own).cloned().collect();
    until("every job runs", async || {
        let mut begun: BTreeSet<String> = server.succeeded().await.into_iter().map(|(name, _)| name).collect();
        let log = server.log();
        begun.extend(all.iter().filter(|name| log.contains(&format!("job.name=\"{name}\""))).cloned());
        assert!(begun.is_subset(&all), "{begun:?}");
        begun == all
    })
    .await;
    server.tell("TERM");
    assert_eq!(server.ended().await.0.code(), Some(0), "{}", server.log());
    app.stop().await;
}

/// lessons, line 49: push. A change at one server reaches the open pages of another process.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_served_page_hears_of_what_changes_elsewhere(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let agent = app.signed_in(Role::Agent).await;
    let server = Running::serving(&connect, &app, &["--without-jobs"]).await;
    let cookie = app.session_cookie(agent.agent).await;
    let mut stream = reqwest::Client::new().get(format!("{}/api/events", server.base)).header(header::COOKIE, cookie).send().await.unwrap();
    let named = format!("{{\"agent\":\"{}\"}}", agent.agent);
    let mut heard = String::new();
    while !heard.contains(&named) {
        agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
        let chunk = tokio::time::timeout(LONGEST_WAIT, stream.chunk()).await.unwrap().unwrap().unwrap();
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_queues_are_exported_as_they_stand_and_a_silent_database_is_named(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.platform.user(9_007_199_254_740_993 / 16).unsigned().claim("lloyds").insert().await.unwrap();
    app.platform.user(4).insert().await.unwrap();

    let before = dialler(&connect, app.platform.replica_url(), &["queue", "export"]).await;
    assert_eq!((before.status.code(), &*text(&before.stdout)), (Some(0), ""), "nobody was found yet: {}", text(&before.stderr));
    app.discover().await;
    let exported = dialler(&connect, app.platform.replica_url(), &["queue", "export"]).await;
    let mut lines: Vec<String> = text(&exported.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(exported.status.code(), Some(0), "{}", text(&exported.stderr));
    assert_eq!(lines, ["1\tunsigned_users", "2\toutstanding_requests", "562949953421312\tunsigned_users"]);

    let nowhere = connect.clone().host("127.0.0.1").port(1);
    let failed = dialler(&nowhere, app.platform.replica_url(), &["queue", "export"]).await;
    assert_eq!((failed.status.code(), &*text(&failed.stdout)), (Some(1), ""));
    let words = text(&failed.stderr);
    assert!(words.contains("the database of DATABASE_URL (127.0.0.1:1/") && words.contains("does not answer"), "{words}");
    app.stop().await;
}

/// Runs `dialler config check` with these variables and no others.
fn config_check(variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialler"));
    let output = command.args(["config", "check"]).env_clear().envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn config_check_says_what_holds_without_secrets_or_everything_that_is_wrong_at_once() {
    let right = [
        ("ENVIRONMENT", "development"),
        ("DATABASE_URL", "postgres://dialler:first-secret@127.0.0.1:1/dialler"),
        ("REPLICA_DATABASE_URL", "mysql://reader:second-secret@127.0.0.1:1/claims"),
        ("CRON_SECRET", "a-third-secret-of-more-than-thirty-two"),
    ];
    let (code, said, wrong) = config_check(&right);
    assert_eq!(code, Some(0), "{wrong}");
    let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    assert_eq!(value("DATABASE_URL "), "127.0.0.1:1/dialler");
    assert_eq!((value("REPLICA_DATABASE_URL "), value("CRON_SECRET ")), ("127.0.0.1:1/claims".to_owned(), "set".to_owned()));
    assert!(!said.contains("secret-of") && !said.contains("first-secret") && !said.contains("second-secret"), "{said}");

    let (code, said, wrong) = config_check(&[
        ("DATABASE_URL", "mysql://dialler@127.0.0.1/dialler"),
        ("CRON_SECRET", "short"),
        ("CLOCK", "2026-11-24T10:30:00Z"),
        ("PUBLIC_BASE_URL", "http://dialler.example.co.uk"),
    ]);
    assert_eq!((code, &*said), (Some(1), ""));
    for problem in [
        "DATABASE_URL does not begin with postgres://",
        "REPLICA_DATABASE_URL is not set",
        "CRON_SECRET is too easy to guess",
        "CLOCK is only for ENVIRONMENT=development",
        "PUBLIC_BASE_URL begins with https:// in production",
        "TWILIO_ACCOUNT_SID",
        "RECORDINGS_URL is not set",
    ] {
        assert!(wrong.contains(problem), "{problem}: {wrong}");
    }
}

/// lessons, line 47: a database client per module exhausted connections. → One pool per database, small; counted where they arrive.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_server_under_load_has_one_small_pool_to_each_database(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    for id in 1..=60 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let server = Running::serving(&connect, &app, &[]).await;
    let mut agents = Vec::new();
    for _ in 0..40 {
        agents.push(app.session_cookie(app.signed_in(Role::Agent).await.agent).await);
    }
    let mut replica = app.platform.replica_admin().await.unwrap();
    // From here on whoever is connected is that server, and us.
    app.pool.close().await;
    app.replica_proxy.stop().await;
    let mut observer = connect.connect().await.unwrap();

    let is_over = std::sync::atomic::AtomicBool::new(false);
    let http = reqwest::Client::new();
    let work = async {
        let ask = async |cookie: &String, path: &str, body: &serde_json::Value| {
            let request = http.post(format!("{}{path}", server.base)).header(header::ORIGIN, &server.base).header(header::COOKIE, cookie);
            let status = request.json(body).send().await.unwrap().status().as_u16();
            // Where forty at once are more than the machine can do in time, they are told to come again.
            assert!([200, 409, 503].contains(&status), "{path}: {status}");
        };
        let asked = [
            ("/api/queue/call_next", json!({"queue": "unsigned_users"})),
            ("/api/queue/summary", json!({})),
            ("/api/calls/user", json!({"user_id": "1"})),
            ("/api/queue/search", json!({"text": "Tester"})),
            ("/api/calls/attempts", json!({"filter": {}, "place": "newest"})),
            ("/api/queue/callbacks", json!({"is_all": false})),
        ];
        for _ in 0..4 {
            futures::future::join_all(agents.iter().flat_map(|cookie| asked.iter().map(|(path, body)| ask(cookie, path, body)))).await;
        }
        is_over.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let (mut most, mut names) = ((0, 0), BTreeSet::new());
    let watch = async {
        while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
            let ours: Vec<(i32, String)> = sqlx::query_as(
                "select pid, application_name from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
            )
            .fetch_all(&mut observer)
            .await
            .unwrap();
            let theirs: i64 = sqlx::query_scalar("select count(*) from information_schema.processlist where db = ?")
                .bind(app.platform.name())
                .fetch_one(&mut replica)
                .await
                .unwrap();
            most = (most.0.max(ours.len()), most.1.max(theirs));
            // A connection that is being made has no name yet.
            names.extend(ours.into_iter().map(|(_, name)| name).filter(|name| !name.is_empty()));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::join!(work, watch);

    // Twelve to each, the one that listens for hints among them, and one that holds the lock of a discovery while that runs; the load has used
    // them.
    assert!((2..=13).contains(&most.0) && (2..=12).contains(&most.1), "{most:?}");
    assert_eq!(names, BTreeSet::from(["dialler".to_owned()]));
    app.stop().await;
}
