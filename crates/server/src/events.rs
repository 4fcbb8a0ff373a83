//! Screens update by themselves: a hint from any server reaches every open browser within about a tenth of a second.
//!
//! Service → this server's channel → one coalesced `notify` → one listener a server → one event stream a browser. Hints
//! carry no data; the screen asks again for what it shows.
//!
//! Between the hints the stream beats, and the page answers each beat. A page that is frozen, or whose network is gone without a goodbye, answers
//! none, and its agent counts as there no longer; a page that hears none knows that the server cannot be reached.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use auth::{Auth, CurrentAgent};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use futures::stream::{Stream, StreamExt as _};
use kernel::{AgentId, Hint};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, WatchStream};
use tower_sessions::Session;
use tower_sessions::session::Id;

use crate::app::{App, Stopping};

const CHANNEL: &str = "dialler_hints";
/// Hints of so long are sent together.
const COALESCED: Duration = Duration::from_millis(75);
/// More hints than these become the one to ask for everything: PostgreSQL takes less than 8,000 bytes in a `notify`, and a
/// hint that names an agent has at most 31.
pub(crate) const MOST_AT_ONCE: usize = 200;
/// The stream beats so often: an agent is unreachable after 30 s, so two answers may be lost. It also keeps a proxy from thinking the stream dead.
const BEAT: Duration = Duration::from_secs(10);
/// nginx's word for a proxy that is to pass an answer on as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A session can end without a hint, by time or by hands in the database: it is looked at so often.
const SESSION_CHECK: Duration = Duration::from_mins(1);

/// `GET /api/events`: hints, from “ask for everything” on, until the browser leaves, its session is over or the server stops.
pub(crate) async fn stream(
    State(app): State<App>,
    Extension(agent): Extension<CurrentAgent>,
    Extension(stopping): Extension<Stopping>,
    session: Session,
) -> ([(HeaderName, HeaderValue); 1], Sse<impl Stream<Item = Result<Event, Infallible>>>) {
    let is_for = move |hint: &Hint| !matches!(hint, Hint::Note(named) if *named != agent.id);
    let hints = BroadcastStream::new(app.hints.subscribe())
        .map(|hint| hint.unwrap_or(Hint::Everything))
        .filter(move |hint| std::future::ready(is_for(hint)));
    let is_over = session_is_over(app.auth.clone(), agent.id, session.id(), app.hints.subscribe());
    // The last thing that is said when the session is over: the page looks at itself, and finds that it is signed out.
    let last = futures::stream::once(async move { Hint::Agent(agent.id) });
    // A hint is a plain word or an id; writing it cannot fail.
    let said = |hint: Hint| Event::default().json_data(hint).unwrap_or_default();
    let hints = futures::stream::once(async { Hint::Everything }).chain(hints).map(said);
    // An event without data is not given to the page.
    let beats = IntervalStream::new(tokio::time::interval(BEAT)).map(|_| Event::default().event("beat").data("beat"));
    let events = futures::stream::select(hints, beats).take_until(is_over).chain(last.map(said)).map(Ok);
    let mut stops = WatchStream::from_changes(stopping.subscribe());
    let stream = Sse::new(events.take_until(async move { stops.next().await }));
    // An nginx with its defaults would hold the stream back until its buffer is full.
    ([(UNBUFFERED, HeaderValue::from_static("no"))], stream)
}

/// Returns when the session is over. The guard looked when the stream was opened; nothing else looks while it is open.
async fn session_is_over(auth: Auth, agent: AgentId, session: Option<Id>, mut hints: Receiver<Hint>) {
    loop {
        let named = async {
            loop {
                match hints.recv().await {
                    Ok(Hint::Agent(named)) if named == agent => return,
                    Ok(_) => {}
                    // It may have been among those that were missed.
                    Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(SESSION_CHECK, named).await;
        match auth.is_signed_in(session).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(error.message = %error, "an event stream's session could not be looked at"),
        }
    }
}

/// Tells the other servers, and this one, what changed: one statement for all hints of a moment. Never inside a
/// transaction of a use case, because `notify` takes a lock of the whole instance through commit.
pub async fn send_hints(pool: PgPool, mut outgoing: UnboundedReceiver<Hint>) {
    let mut unsent: BTreeSet<Hint> = BTreeSet::new();
    loop {
        if unsent.is_empty() {
            match outgoing.recv().await {
                Some(hint) => unsent.insert(hint),
                None => return,
            };
        }
        tokio::time::sleep(COALESCED).await;
        while let Ok(hint) = outgoing.try_recv() {
            unsent.insert(hint);
        }
        let Ok(payload) = payload(&unsent) else { return };
        let sent = sqlx::query!("select pg_notify($1, $2)", CHANNEL, payload).execute(&pool).await;
        match sent {
            Ok(_) => unsent.clear(),
            Err(error) => {
                tracing::warn!(error.message = %error, "hints could not be sent; they are kept and tried again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn payload(hints: &BTreeSet<Hint>) -> serde_json::Result<String> {
    if hints.len() > MOST_AT_ONCE { serde_json::to_string(&[Hint::Everything]) } else { serde_json::to_string(hints) }
}

/// Hears the hints of all servers and passes them to the streams of this one. When the connection was lost, hints may
/// have been missed: everybody is told to ask for everything.
pub async fn hear_hints(app: App) {
    loop {
        if let Err(error) = hear_until_lost(&app).await {
            tracing::warn!(error.message = %error, "hints cannot be heard; trying again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn hear_until_lost(app: &App) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(&app.pool).await?;
    listener.listen(CHANNEL).await?;
    app.queue.forget_figures();
    learn_changes(app).await;
    // Nobody listening is no fault: there may be no browser.
    let _ = app.hints.send(Hint::Everything);
    while let Some(notification) = listener.try_recv().await? {
        let heard: Vec<Hint> = serde_json::from_str(notification.payload()).unwrap_or_else(|_| vec![Hint::Everything]);
        // What an agent is or does changes no figure unless the queues are named too.
        if heard.iter().any(|hint| matches!(hint, Hint::Queues | Hint::Everything)) {
            app.queue.forget_figures();
        }
        // Before any browser asks again: the settings or the holidays have changed on another server.
        if heard.contains(&Hint::Everything) {
            learn_changes(app).await;
        }
        for hint in heard {
            let _ = app.hints.send(hint);
        }
    }
    Ok(())
}

/// A failure is no more than a delay: the same is done every few seconds, and with each person who is handed out.
async fn learn_changes(app: &App) {
    if let Err(error) = app.queue.learn_changes().await {
        tracing::warn!(error.message = %error, "what was changed elsewhere could not be learnt yet");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_agents_change_at_once_postgresql_takes_the_hint() {
        let hints = |count: i64| (0..count).map(|n| Hint::Agent(AgentId::new(i64::MAX - n))).collect::<BTreeSet<_>>();

        let most = payload(&hints(200)).unwrap();
        assert!(most.len() < 8_000 && most.contains(r#"{"agent":"9223372036854775807"}"#), "{}: {most}", most.len());
        assert_eq!(payload(&hints(201)).unwrap(), r#"["everything"]"#);
    }
}
