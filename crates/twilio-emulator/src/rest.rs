//! The REST interface of 2010-04-01: calls, conferences, participants, recordings, queues, messages.

mod calls;
mod conferences;
mod fault;
mod form;
mod guard;
mod messages;
mod paging;
mod participants;
mod queues;
mod recordings;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::routing::{any, get, post};

use self::fault::RestFault;
pub use self::guard::refuse_strangers;
use crate::core::Core;

/// Everything below `/2010-04-01/Accounts/{AccountSid}`.
pub fn router(core: &Arc<Core>) -> Router<Arc<Core>> {
    Router::new()
        .route("/{account}/Calls.json", post(calls::create).get(calls::list))
        .route("/{account}/Calls/{file}", get(calls::fetch).post(calls::update))
        .route("/{account}/Calls/{call}/Recordings.json", get(recordings::list_of_call).post(recordings::start))
        .route(
            "/{account}/Calls/{call}/Recordings/{file}",
            get(recordings::fetch_of).post(recordings::update).delete(recordings::remove_of),
        )
        .route("/{account}/Recordings.json", get(recordings::list))
        .route("/{account}/Recordings/{file}", get(recordings::fetch).delete(recordings::remove))
        .route("/{account}/Conferences/{conference}/Recordings.json", get(recordings::list_of_conference))
        .route("/{account}/Conferences.json", get(conferences::list))
        .route("/{account}/Conferences/{file}", get(conferences::fetch).post(conferences::update))
        .route("/{account}/Conferences/{conference}/Participants.json", post(participants::create).get(participants::list))
        .route(
            "/{account}/Conferences/{conference}/Participants/{file}",
            get(participants::fetch).post(participants::update).delete(participants::remove),
        )
        .route("/{account}/Queues.json", get(queues::list).post(queues::create))
        .route("/{account}/Queues/{file}", get(queues::fetch).post(queues::update).delete(queues::remove))
        .route("/{account}/Queues/{queue}/Members.json", get(queues::members))
        .route("/{account}/Queues/{queue}/Members/{file}", get(queues::member).post(queues::dequeue))
        .route("/{account}/Messages.json", get(messages::list).post(messages::create))
        .route("/{account}/Messages/{file}", get(messages::fetch).post(messages::update).delete(messages::remove))
        // A route, not a fallback: those of whoever nests this may come before ours.
        .route("/{account}/{*rest}", any(async |uri: Uri| RestFault::not_found(uri.path())))
        .layer(middleware::from_fn_with_state(Arc::clone(core), guard::guard))
}

/// The name before `.json`.
fn name(file: &str) -> Result<&str, RestFault> {
    file.strip_suffix(".json").ok_or_else(|| RestFault::not_found(file))
}
