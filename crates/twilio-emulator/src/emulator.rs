//! The emulator as a whole.

use std::io;
use std::sync::Arc;

use axum::routing::get;
use axum::{Router, middleware};
use serde_json::json;
use tokio::sync::mpsc;

use crate::config::Config;
use crate::core::Core;
use crate::faults;
use crate::journal::{Journal, Kind};
use crate::life::Order;
use crate::media::{Media, MediaEvent};
use crate::webhook::Webhooks;
use crate::{admin, page, rest, signal};

/// Where the voice SDK connects.
const SIGNAL: &str = "/signal";

/// A running emulator. Clones are the same one; it runs until it is stopped.
#[derive(Clone, Debug)]
pub struct Emulator(Arc<Core>);

impl Emulator {
    /// Binds the media port and starts. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The media port is taken, or the HTTP client cannot be made.
    pub async fn start(config: Config) -> io::Result<Self> {
        let (events, heard) = mpsc::unbounded_channel();
        let media = Media::start(config.media_port, events).await?;
        let (journal, faults) = (Journal::default(), Arc::<faults::Set>::default());
        let webhooks = Webhooks::new(&config.auth_token, journal.clone(), Arc::clone(&faults)).map_err(io::Error::other)?;
        let core = Core::new(config, media, journal, faults, webhooks);
        core.spawn(listen(Arc::clone(&core), heard));
        Ok(Self(core))
    }

    /// `/signal` for the voice SDK, `/2010-04-01/…` for REST clients, `/admin/…` for tests, `/emulator` for people; to be nested under any
    /// path, such as `/twilio`.
    /// REST and admin refuse peers that are not on this machine, when the server provides `ConnectInfo<SocketAddr>`.
    pub fn router(&self) -> Router {
        let for_this_machine = Router::new()
            .nest(rest::BELOW, rest::router(&self.0))
            .nest(admin::BELOW, admin::router())
            .merge(page::router())
            .layer(middleware::from_fn(rest::refuse_strangers));
        Router::new().route(SIGNAL, get(signal::accept)).merge(for_this_machine).with_state(Arc::clone(&self.0))
    }

    /// Every path that [`Self::router`] has.
    pub fn paths() -> Vec<String> {
        let below =
            |place: &str, routes: Vec<(&'static str, _)>| routes.into_iter().map(|(path, _)| format!("{place}{path}")).collect::<Vec<_>>();
        [vec![SIGNAL.to_owned()], below(rest::BELOW, rest::routes()), below(admin::BELOW, admin::routes()), below("", page::routes())]
            .concat()
    }

    /// The UDP port that media arrives on.
    pub fn media_port(&self) -> u16 {
        self.0.media.port()
    }

    /// Ends all calls without webhooks, and all sound, and deletes the recordings. Nothing can be done with it afterwards.
    pub fn stop(&self) {
        self.0.lines.drop_all();
        self.0.abort();
        self.0.media.stop();
        self.0.recordings.clear();
    }
}

async fn listen(core: Arc<Core>, mut heard: mpsc::UnboundedReceiver<MediaEvent>) {
    while let Some(event) = heard.recv().await {
        match event {
            MediaEvent::Connected(call) => core.note(Kind::Media, &call, json!({"connected": true})),
            MediaEvent::Lost(call) => core.note(Kind::Media, &call, json!({"connected": false})),
            MediaEvent::Digit(call, digit) => {
                core.order(&call, Order::Key(digit));
                core.note(Kind::Media, &call, json!({"digit": digit}));
            }
        }
    }
}
