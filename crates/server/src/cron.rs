//! The address at which a scheduler outside starts a discovery. Nobody is signed in there: a secret is shown instead.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use kernel::{ErrorCode, WireError};
use queue::{Cause, Order, Queue};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// Where it is.
pub const PATH: &str = "/api/cron/discover-new-leads";

#[derive(Clone)]
struct Cron {
    queue: Queue,
    secret: Arc<SecretString>,
}

/// `router` with `POST` at [`PATH`]: 202 when a discovery has begun, 409 while one runs, 401 without the secret.
pub fn mount(router: Router, queue: &Queue, secret: &SecretString) -> Router {
    let cron = Cron { queue: queue.clone(), secret: Arc::new(secret.clone()) };
    router.merge(Router::new().route(PATH, post(discover)).with_state(cron))
}

async fn discover(State(cron): State<Cron>, headers: HeaderMap) -> Response {
    if !is_shown(&headers, &cron.secret) {
        tracing::warn!("a discovery was asked for without the secret, and refused");
        return answer(&WireError::new(ErrorCode::Unauthenticated, "The secret is missing or wrong (Authorization: Bearer …)."));
    }
    match cron.queue.start_discovery(Order { cause: Cause::Outside, ..Order::default() }).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(serde_json::json!({"started": true}))).into_response(),
        Err(failure) => answer(&failure.into()),
    }
}

/// Whether a request shows this secret as its bearer token.
pub(crate) fn is_shown(headers: &HeaderMap, secret: &SecretString) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    shown.is_some_and(|shown| shown.ct_eq(secret.expose_secret().as_bytes()).into())
}

fn answer(error: &WireError) -> Response {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}
