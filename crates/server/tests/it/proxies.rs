//! The product behind a proxy: nginx with its defaults, and the examples of docs/proxies.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use auth::Role;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{Client, TestApp};

/// What a screen's user would wait is a second; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A proxy that runs in a folder of its own; both go with it.
struct Proxy {
    program: Child,
    folder: PathBuf,
    base: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Proxy {
    /// Starts `program` with what `configured` makes of a folder and a port, and waits until it passes something on.
    async fn start(program: &str, configured: impl Fn(&Path, u16) -> (String, Vec<String>)) -> Self {
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("dialler-proxy-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (text, arguments) = configured(&folder, port);
        std::fs::write(folder.join("proxy.conf"), text).unwrap();
        let program = Command::new(program)
            .args(arguments)
            .env("HOME", &folder)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("errors")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} cannot be started ({error}): scripts/setup installs it"));
        let mut proxy = Self { program, folder, base: format!("http://127.0.0.1:{port}") };
        for _ in 0..600 {
            let ended = proxy.program.try_wait().unwrap();
            assert!(ended.is_none(), "the proxy ended: {}", std::fs::read_to_string(proxy.folder.join("errors")).unwrap());
            if reqwest::get(format!("{}/health/live", proxy.base)).await.is_ok_and(|answer| answer.status() == 200) {
                return proxy;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the proxy passes nothing on");
    }

    /// nginx with this server block's words; everything else is as the distribution has it.
    async fn nginx(blocks: impl Fn(u16) -> String) -> Self {
        Self::start("nginx", |folder, port| {
            let at = folder.display();
            let paths =
                ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {at}/{kind};")).join("\n");
            let text = format!(
                "daemon off; master_process off; pid {at}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{paths}\n{}\n}}\n",
                blocks(port)
            );
            (text, vec!["-p".into(), at.to_string(), "-e".into(), "stderr".into(), "-c".into(), format!("{at}/proxy.conf")])
        })
        .await
    }
}

/// The agent's browser, which sees the product through the proxy.
fn through(proxy: &Proxy, agent: &Client) -> Client {
    Client { base: proxy.base.clone(), ..agent.clone() }
}

/// lessons, line 61: events did not pass a proxy's buffer, and nobody had tried a proxy. A change in one window is heard in another; and
/// changes go through, too.
async fn events_and_changes_pass(app: &TestApp, proxy: &Proxy) {
    let (agent, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let window = through(proxy, &other);
    let mut stream = window.http.get(format!("{}/api/events", window.base)).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut heard = String::new();
    let mut wait_for = async |words: &str| {
        tokio::time::timeout(PATIENCE, async {
            while !heard.contains(words) {
                heard.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{words} was held back; heard: {heard}"));
    };
    wait_for("everything").await;
    // Through the proxy, with the origin of the product's own pages.
    through(proxy, &agent).ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    wait_for(&format!("{{\"agent\":\"{}\"}}", agent.agent)).await;
}

/// An example of docs/proxies as it is tried: without its certificate, at these ports.
fn example(name: &str, replaced: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxies").join(name);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{name} has {from}");
        text = text.replace(from, to);
    }
    text
}

fn port_of(app: &TestApp) -> &str {
    app.base.rsplit(':').next().unwrap()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn events_pass_an_nginx_with_its_defaults(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let proxy = Proxy::nginx(|port| format!("server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {}; }} }}", app.base)).await;
    events_and_changes_pass(&app, &proxy).await;
    drop(proxy);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn events_pass_the_nginx_of_the_example(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let proxy = Proxy::nginx(|port| {
        example(
            "nginx.conf",
            &[
                ("listen 443 ssl http2;", &format!("listen 127.0.0.1:{port};")),
                ("ssl_certificate     /etc/ssl/dialler/fullchain.pem;", ""),
                ("ssl_certificate_key /etc/ssl/dialler/privkey.pem;", ""),
                ("127.0.0.1:3000", &format!("127.0.0.1:{}", port_of(&app))),
            ],
        )
    })
    .await;
    events_and_changes_pass(&app, &proxy).await;
    drop(proxy);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
#[ignore = "needs Caddy: scripts/just proxies installs it"]
async fn events_pass_the_caddy_of_the_example(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let proxy = Proxy::start("caddy", |folder, port| {
        let site = format!("http://127.0.0.1:{port}");
        let blocks = example("Caddyfile", &[("dialler.example.co.uk", &site), ("127.0.0.1:3000", &format!("127.0.0.1:{}", port_of(&app)))]);
        let text = format!("{{\n\tadmin off\n}}\n{blocks}");
        let file = folder.join("proxy.conf").display().to_string();
        (text, vec!["run".into(), "--adapter".into(), "caddyfile".into(), "--config".into(), file])
    })
    .await;
    events_and_changes_pass(&app, &proxy).await;
    drop(proxy);
    app.stop().await;
}
