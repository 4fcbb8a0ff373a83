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
use axum::routing::{MethodRouter, any, get, post};

use self::fault::RestFault;
pub use self::guard::refuse_strangers;
use crate::core::Core;

/// Below this is what Twilio has.
pub const BELOW: &str = "/2010-04-01/Accounts";

/// Everything [`BELOW`].
pub fn router(core: &Arc<Core>) -> Router<Arc<Core>> {
    let router = routes().into_iter().fold(Router::new(), |router, (path, handlers)| router.route(path, handlers));
    router.layer(middleware::from_fn_with_state(Arc::clone(core), guard::guard))
}

/// The paths, with what answers there.
pub fn routes() -> Vec<(&'static str, MethodRouter<Arc<Core>>)> {
    vec![
        ("/{account}/Calls.json", post(calls::create).get(calls::list)),
        ("/{account}/Calls/{file}", get(calls::fetch).post(calls::update)),
        ("/{account}/Calls/{call}/Recordings.json", get(recordings::list_of_call).post(recordings::start)),
        ("/{account}/Calls/{call}/Recordings/{file}", get(recordings::fetch_of).post(recordings::update).delete(recordings::remove_of)),
        ("/{account}/Recordings.json", get(recordings::list)),
        ("/{account}/Recordings/{file}", get(recordings::fetch).delete(recordings::remove)),
        ("/{account}/Conferences/{conference}/Recordings.json", get(recordings::list_of_conference)),
        ("/{account}/Conferences.json", get(conferences::list)),
        ("/{account}/Conferences/{file}", get(conferences::fetch).post(conferences::update)),
        ("/{account}/Conferences/{conference}/Participants.json", post(participants::create).get(participants::list)),
        (
            "/{account}/Conferences/{conference}/Participants/{file}",
            get(participants::fetch).post(participants::update).delete(participants::remove),
        ),
        ("/{account}/Queues.json", get(queues::list).post(queues::create)),
        ("/{account}/Queues/{file}", get(queues::fetch).post(queues::update).delete(queues::remove)),
        ("/{account}/Queues/{queue}/Members.json", get(queues::members)),
        ("/{account}/Queues/{queue}/Members/{file}", get(queues::member).post(queues::dequeue)),
        ("/{account}/Messages.json", get(messages::list).post(messages::create)),
        ("/{account}/Messages/{file}", get(messages::fetch).post(messages::update).delete(messages::remove)),
        // A route, not a fallback: those of whoever nests this may come before ours.
        ("/{account}/{*rest}", any(async |uri: Uri| RestFault::not_found(uri.path()))),
    ]
}

/// The name before `.json`.
fn name(file: &str) -> Result<&str, RestFault> {
    file.strip_suffix(".json").ok_or_else(|| RestFault::not_found(file))
}
