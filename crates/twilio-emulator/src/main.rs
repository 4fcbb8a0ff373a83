//! The emulator by itself: for tests of programs that are not written in Rust.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use axum::Router;
use clap::Parser;
use tokio::net::TcpListener;
use twilio_emulator::{Application, Config, Emulator, Inbound};

/// A local Twilio: signalling and media for the voice SDK, REST, signed webhooks. Serves this machine alone.
#[derive(Debug, Parser)]
#[command(name = "twilio-emulator", version)]
struct Settings {
    /// TCP port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 7777)]
    port: u16,
    /// UDP port of all media; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    media_port: u16,
    /// The account.
    #[arg(long, default_value = "AC00000000000000000000000000000000")]
    account_sid: String,
    /// Signs webhooks, and is the account's password for REST.
    #[arg(long, default_value = "emulated-auth-token")]
    auth_token: String,
    /// The API key.
    #[arg(long, default_value = "SK00000000000000000000000000000000")]
    api_key_sid: String,
    /// Signs access tokens, and is the key's password for REST.
    #[arg(long, default_value = "emulated-api-secret")]
    api_secret: String,
    /// An application and the address that is asked what to do with its calls; may be repeated.
    #[arg(long = "application", value_name = "AP…=VOICE_URL", value_parser = application)]
    applications: Vec<(String, String)>,
    /// The address that is told when a call of any application, or to a number, is over.
    #[arg(long, value_name = "URL")]
    status_callback: Option<String>,
    /// The address that is asked what to do when somebody rings one of the numbers.
    #[arg(long, value_name = "URL")]
    voice_url: Option<String>,
    /// The address that is asked what to answer to a message to one of the numbers.
    #[arg(long, value_name = "URL")]
    sms_url: Option<String>,
    /// A number that calls may come from; may be repeated. Any number, when there is none.
    #[arg(long = "number", value_name = "E.164")]
    numbers: Vec<String>,
    /// Draws who answers at ordinary numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Multiplies how long telephones ring and people stay: 0.1 is ten times as fast as life.
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
}

fn application(text: &str) -> Result<(String, String), String> {
    text.split_once('=').map(|(sid, url)| (sid.to_owned(), url.to_owned())).ok_or_else(|| "write it as AP…=http://…".to_owned())
}

impl Settings {
    fn config(self) -> Config {
        let status_callback = self.status_callback;
        let told = status_callback.clone();
        let application = |(sid, voice_url)| (sid, Application { voice_url, status_callback: told.clone() });
        Config {
            applications: self.applications.into_iter().map(application).collect::<BTreeMap<_, _>>(),
            numbers: self.numbers,
            inbound: Inbound { voice_url: self.voice_url, status_callback, sms_url: self.sms_url },
            media_port: self.media_port,
            seed: self.seed,
            pace: self.pace,
            ..Config::new(self.account_sid, self.auth_token, self.api_key_sid, self.api_secret)
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,str0m=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let settings = Settings::parse();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await.context("the port cannot be had")?;
    let address = listener.local_addr()?;
    let config = Config { base_url: Some(format!("http://{address}/twilio")), ..settings.config() };
    let emulator = Emulator::start(config.clone()).await.context("media cannot be started")?;
    describe(address, &emulator, &config);

    let app = Router::new().nest("/twilio", emulator.router()).into_make_service_with_connect_info::<SocketAddr>();
    // Event streams never end by themselves, so nobody waits for them.
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        () = interrupted() => emulator.stop(),
    }
    Ok(())
}

/// Somebody wants us to end, by the keyboard or as a service.
async fn interrupted() {
    let keyboard = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut service) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = keyboard => {}
            _ = service.recv() => {}
        }
        return;
    }
    let _unless_there_are_no_signals = keyboard.await;
}

#[expect(clippy::print_stdout, reason = "what a person or a script has to know to use it")]
fn describe(address: SocketAddr, emulator: &Emulator, config: &Config) {
    println!("REST          http://{address}/twilio/2010-04-01/Accounts/{}", config.account_sid);
    println!("signalling    ws://{address}/twilio/signal");
    println!("admin         http://{address}/twilio/admin");
    println!("page          http://{address}/twilio/emulator");
    println!("media         UDP {}", emulator.media_port());
    println!("account       {}, token {}", config.account_sid, config.auth_token);
    println!("API key       {}, secret {}", config.api_key_sid, config.api_secret);
    for (sid, application) in &config.applications {
        println!("application   {sid} asks {}", application.voice_url);
    }
    println!("seed {}, pace {}", config.seed, config.pace);
}
