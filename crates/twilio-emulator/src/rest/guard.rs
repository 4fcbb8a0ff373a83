//! Before and after every REST request: who asks, what goes wrong on purpose, and the journal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, OriginalUri, Request, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::RestFault;
use super::form::Form;
use crate::auth;
use crate::core::Core;
use crate::journal::Kind;
use crate::sid;

/// Forms are small.
const MOST_BYTES: usize = 256 * 1_024;

/// Refuses everybody who is not on this machine, where the server says who asks.
pub async fn refuse_strangers(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if peer.is_some_and(|peer| !peer.is_loopback()) {
        return (StatusCode::FORBIDDEN, "The emulator serves this machine alone.\n").into_response();
    }
    next.run(request).await
}

/// Reads the form or query into a [`Form`] for the handlers.
pub async fn guard(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let is_query = parts.method == Method::GET || parts.method == Method::DELETE;
    let form = if is_query {
        Form::parse(parts.uri.query().unwrap_or_default().as_bytes())
    } else {
        match to_bytes(body, MOST_BYTES).await {
            Ok(bytes) => Form::parse(&bytes),
            Err(error) => return RestFault::bad(20_001, error.to_string()).into_response(),
        }
    };
    if let Some(base_url) = base_url(&parts) {
        core.seen_at(base_url);
    }
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let account = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let credentials = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(auth::basic);
    parts.extensions.insert(form.clone());

    let response = if !may(&core, credentials.as_ref()) {
        RestFault::unauthorised().into_response()
    } else if account != core.config.account_sid {
        RestFault::not_found(&format!("/2010-04-01/Accounts{path}")).into_response()
    } else if core.faults.take(|faults| &mut faults.rest_503) {
        let message = "Service Unavailable".to_owned();
        RestFault { code: 20_503, message, status: StatusCode::SERVICE_UNAVAILABLE }.into_response()
    } else {
        next.run(Request::from_parts(parts, Body::empty())).await
    };
    let is_silent = response.status() != StatusCode::UNAUTHORIZED && core.faults.take(|faults| &mut faults.rest_timeout);
    note(&core, &method, &path, &form, response.status(), !is_silent);

    let delay = core.faults.get().rest_delay_ms;
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if is_silent {
        // Until whoever asks gives up, which drops this.
        return std::future::pending().await;
    }
    response
}

/// Where whoever asks has found us: the host, and the path that the router is nested under.
fn base_url(parts: &Parts) -> Option<String> {
    let host = parts.headers.get(HOST)?.to_str().ok()?;
    let path = parts.extensions.get::<OriginalUri>()?.0.path();
    let prefix = path.get(..path.find("/2010-04-01/")?)?;
    Some(format!("http://{host}{prefix}"))
}

/// The account with its token, or the API key with its secret.
fn may(core: &Core, credentials: Option<&(String, String)>) -> bool {
    let config = &core.config;
    credentials.is_some_and(|(user, password)| {
        (*user == config.account_sid && *password == config.auth_token) || (*user == config.api_key_sid && *password == config.api_secret)
    })
}

fn note(core: &Core, method: &Method, path: &str, form: &Form, status: StatusCode, is_answered: bool) {
    let named = path.trim_end_matches(".json").rsplit('/').find(|part| sid::is("CA", part));
    let to = form.get("To").map(str::to_owned).or_else(|| named.and_then(|call| core.model().call(call).map(|call| call.to.clone())));
    let params: serde_json::Map<_, _> = form.0.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let detail = json!({
        "method": method.as_str(),
        "path": format!("/2010-04-01/Accounts{path}"),
        "params": params,
        "status": status.as_u16(),
        "answered": is_answered,
    });
    core.journal.write(Kind::Rest, named, to.as_deref(), detail);
}
