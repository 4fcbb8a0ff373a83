//! What tests and demos ask and tell the emulator, beside what Twilio has. JSON, for this machine alone; README.md shows the shapes.

mod messages;
mod person;
mod ring_in;
mod show;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_stream::wrappers::BroadcastStream;

use crate::cast::Mix;
use crate::core::Core;
use crate::faults::{Change, Faults};
use crate::journal::{Entry, Wanted};
use crate::life::{Cause, Order};
use crate::scenario::{Posted, Scenario};

/// Refuses what a page of somebody else sends: a browser on this machine is not yet a person who wants it.
async fn refuse_other_pages(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_of_our_page(request.headers()) {
        return next.run(request).await;
    }
    AdminFault(StatusCode::FORBIDDEN, "only pages of this server may tell the emulator what to do".to_owned()).into_response()
}

fn is_of_our_page(headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (header(ORIGIN), header(HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, from)| from == host),
        _ => true,
    }
}

/// Below this is what tests and demos ask and tell.
pub const BELOW: &str = "/admin";

/// Everything [`BELOW`].
pub fn router() -> Router<Arc<Core>> {
    let router = routes().into_iter().fold(Router::new(), |router, (path, handlers)| router.route(path, handlers));
    router.layer(middleware::from_fn(refuse_other_pages))
}

/// The paths, with what answers there.
pub fn routes() -> Vec<(&'static str, MethodRouter<Arc<Core>>)> {
    vec![
        ("/scenarios", post(add_scenario).get(list_scenarios).delete(clear_scenarios)),
        ("/mix", get(get_mix).post(set_mix)),
        ("/faults", get(get_faults).post(set_faults)),
        ("/calls", get(show::calls)),
        ("/calls/incoming", post(ring_in::ring_in)),
        ("/calls/{sid}", get(show::call)),
        ("/calls/{sid}/hangup", post(hang_up)),
        ("/calls/{sid}/answer", post(person::answer)),
        ("/calls/{sid}/decline", post(person::decline)),
        ("/account", get(account)),
        ("/messages", get(messages::list)),
        ("/messages/incoming", post(messages::write)),
        ("/conferences", get(show::conferences)),
        ("/presence", get(presence)),
        ("/journal", get(journal)),
        ("/events", get(events)),
        ("/clock/advance", post(advance)),
        ("/reset", post(reset)),
    ]
}

/// Why the emulator does not do as it is told.
#[derive(Debug)]
struct AdminFault(StatusCode, String);

impl AdminFault {
    fn unknown(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }
}

impl IntoResponse for AdminFault {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"message": self.1}))).into_response()
    }
}

async fn add_scenario(State(core): State<Arc<Core>>, Json(posted): Json<Posted>) -> Result<StatusCode, AdminFault> {
    let scenario = Scenario::read(posted).map_err(|problem| AdminFault(StatusCode::UNPROCESSABLE_ENTITY, problem))?;
    core.company().scenarios.push(scenario);
    Ok(StatusCode::CREATED)
}

async fn list_scenarios(State(core): State<Arc<Core>>) -> Json<Value> {
    let company = core.company();
    let shown = company.scenarios.iter().map(|scenario| json!({"to": scenario.to, "left": scenario.left, "steps": scenario.steps.len()}));
    Json(shown.collect())
}

async fn clear_scenarios(State(core): State<Arc<Core>>) -> StatusCode {
    core.company().scenarios.clear();
    StatusCode::NO_CONTENT
}

async fn get_mix(State(core): State<Arc<Core>>) -> Json<Mix> {
    Json(core.company().mix)
}

async fn set_mix(State(core): State<Arc<Core>>, Json(mix): Json<Mix>) -> Result<Json<Mix>, AdminFault> {
    if !mix.is_whole() {
        return Err(AdminFault(StatusCode::UNPROCESSABLE_ENTITY, "the shares have to make 100".to_owned()));
    }
    core.company().mix = mix;
    Ok(Json(mix))
}

async fn get_faults(State(core): State<Arc<Core>>) -> Json<Faults> {
    Json(core.faults.get())
}

async fn set_faults(State(core): State<Arc<Core>>, Json(change): Json<Change>) -> Json<Faults> {
    let faults = core.faults.change(change);
    core.media.lose(faults.packet_loss);
    if change.drop_ws {
        core.lines.drop_all();
    }
    Json(faults)
}

/// The party of this call puts down the telephone; of a browser's call, the network ends it.
async fn hang_up(State(core): State<Arc<Core>>, Path(sid): Path<String>) -> Result<StatusCode, AdminFault> {
    core.model().call(&sid).filter(|call| !call.status.is_final()).ok_or_else(|| AdminFault::unknown("such live call"))?;
    core.order(&sid, Order::Hangup(Cause::Party));
    Ok(StatusCode::NO_CONTENT)
}

/// Whose network it is.
async fn account(State(core): State<Arc<Core>>) -> Json<Value> {
    Json(json!({"account_sid": core.config.account_sid, "numbers": core.config.numbers}))
}

async fn presence(State(core): State<Arc<Core>>) -> Json<Value> {
    Json(json!(core.lines.presence()))
}

async fn journal(State(core): State<Arc<Core>>, Query(wanted): Query<Wanted>) -> Json<Vec<Entry>> {
    Json(core.journal.read(&wanted))
}

/// Entries of the journal as they are written. Who is too slow is told to read the journal: `event: behind`.
async fn events(State(core): State<Arc<Core>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let entries = BroadcastStream::new(core.journal.listen()).map(|entry| {
        let event = match entry {
            Ok(entry) => Event::default().id(entry.sequence.to_string()).json_data(&*entry).unwrap_or_default(),
            Err(_) => Event::default().event("behind").data(""),
        };
        Ok(event)
    });
    Sse::new(entries).keep_alive(KeepAlive::default())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

/// Nobody has to wait for that long. Answers how much was skipped so far.
async fn advance(State(core): State<Arc<Core>>, Json(Advance { ms }): Json<Advance>) -> Json<Value> {
    let skipped = core.clock.advance(Duration::from_millis(ms));
    Json(json!({"skipped_ms": u64::try_from(skipped.as_millis()).unwrap_or(u64::MAX)}))
}

/// All calls end, and everything that was set or written is forgotten. Calls end without webhooks.
async fn reset(State(core): State<Arc<Core>>) -> StatusCode {
    core.reset();
    StatusCode::NO_CONTENT
}
