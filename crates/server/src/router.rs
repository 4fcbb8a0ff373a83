//! Every path of the product, and the layers that refuse what is not allowed.
//!
//! From outside in: one log line a request · a panic becomes an answer · security headers · limits on time and bodies · where
//! it came from · the session · **the guard** (everything under /api is refused unless it is signed in or on the short public list, and
//! every change is refused unless it comes from our own pages) · statuses · the functions themselves.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::{Entrance, SessionStore, agent_of, know_client, session_layer};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use axum::{Extension, Json, Router};
use http_body_util::{BodyExt as _, Limited};
use kernel::{ErrorCode, WireError};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_sessions::Session;

use crate::app::{App, Stopping, provide};
use crate::{events, health, monitoring};

/// Paths under /api that nobody needs to be signed in for. Everything else is refused.
pub const PUBLIC: [&str; 3] = ["/api/auth/sign_in", "/api/health", "/api/browser_error"];

/// The one path that never ends by itself.
const EVENTS: &str = "/api/events";
/// No request of ours is larger: a note of 500 characters and its names.
const BODY_LIMIT: usize = 64 * 1024;
/// But for one, which brings a file: the official list of bank holidays, in which every quotation mark is two characters in JSON.
const FILE_LIMIT: usize = 2 * queue::LONGEST_HOLIDAY_FILE;
const WITH_A_FILE: &str = "/api/queue/load_holidays";
/// A request waits so long for its answer, the event stream apart. Longer than any statement of ours may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// An error is a few words.
const ERROR_LIMIT: usize = 64 * 1024;

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self' wss://*.twilio.com https://*.twilio.com; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the guard needs to know.
#[derive(Clone, Debug)]
struct Guard {
    /// Our own origin, as a browser writes it.
    origin: Arc<str>,
}

/// The whole router. `site` is the folder with the built front end.
pub fn router(app: &App, public_base_url: &str, site: &Path, stopping: Stopping) -> Router {
    let entrance = Entrance::new(app.trusted_proxies.clone(), public_base_url.starts_with("https://"));
    let sessions = session_layer(SessionStore::new(app.pool.clone()), &entrance);
    let guard = Guard { origin: public_base_url.into() };

    let (mut api, mut outside) = (Router::new(), Router::new());
    for Route { path, handlers, .. } in routes(app) {
        if path == "/api" || path.starts_with("/api/") {
            api = api.route(path, handlers);
        } else {
            outside = outside.route(path, handlers);
        }
    }
    let api = api.method_not_allowed_fallback(wrong_method).layer(
        ServiceBuilder::new()
            .layer(Extension(stopping))
            .layer(middleware::map_response(plain_errors_as_json))
            .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .layer(middleware::from_fn_with_state(ANSWER_LIMIT, limit_time))
            .layer(middleware::from_fn_with_state(entrance, know_client))
            .layer(sessions)
            .layer(middleware::from_fn_with_state(guard, refuse_unless_allowed))
            .layer(middleware::from_fn(limit_body))
            .layer(middleware::map_response(status_of_error)),
    );

    outside.merge(api).fallback_service(pages(site)).layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn(log_request))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
            .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
            .layer(header_layer(header::X_FRAME_OPTIONS, "DENY")),
    )
}

/// What a path asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Nothing.
    Open,
    /// A session. Under `/api` the guard sees to it, for every path that is not in [`PUBLIC`].
    Session,
    /// The carrier's signature.
    Signature,
    /// A secret of those who look after the server, as a bearer token.
    Secret,
}

/// A path of this server, with what answers there.
#[derive(Clone, Debug)]
pub struct Route {
    /// As axum writes it: `/api/calls/recording/{call_id}`.
    pub path: &'static str,
    /// What it asks for.
    pub door: Door,
    handlers: MethodRouter,
}

/// Every path that [`router`] has, beside the files of the front end; it is made from this list alone. [`crate::cron`] and an emulated
/// [`crate::carrier`] have paths of their own.
pub fn routes(app: &App) -> Vec<Route> {
    let route = |path, door, handlers: MethodRouter<App>| Route { path, door, handlers: handlers.with_state(app.clone()) };
    let mut routes = vec![
        route("/health/live", Door::Open, get(health::live)),
        route("/health/ready", Door::Open, get(health::ready)),
        route("/metrics", Door::Secret, get(monitoring::show)),
        route("/api/health", Door::Open, get(health::public)),
        route("/api/browser_error", Door::Open, post(health::browser_error)),
        route(EVENTS, Door::Session, get(events::stream)),
        route("/api", Door::Session, any(no_such_path)),
        route("/api/", Door::Session, any(no_such_path)),
        route("/api/{*rest}", Door::Session, any(no_such_path)),
    ];
    routes.extend(server_function_paths().into_iter().map(|path| {
        let door = if PUBLIC.contains(&path) { Door::Open } else { Door::Session };
        route(path, door, post(server_function))
    }));
    let (path, handlers) = calls::playback(&app.calls);
    routes.push(Route { path, door: Door::Session, handlers });
    let webhooks = calls::webhooks(&app.calls).into_iter();
    routes.extend(webhooks.map(|(path, handlers)| Route { path, door: Door::Signature, handlers }));
    routes
}

/// The paths of all registered server functions, sorted.
pub fn server_function_paths() -> Vec<&'static str> {
    let mut paths: Vec<&'static str> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn server_function(State(app): State<App>, request: Request) -> Response {
    leptos_axum::handle_server_fns_with_context(provide(&app), request).await.into_response()
}

async fn no_such_path() -> Response {
    refusal(&WireError::new(ErrorCode::NotFound, "There is no such path."))
}

async fn wrong_method() -> Response {
    let body = WireError::new(ErrorCode::BadRequest, "This path takes another method; server functions take POST.");
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}

fn refusal(error: &WireError) -> Response {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

/// Denies by default. Server functions decode their arguments before their bodies run, so who asks is settled here.
async fn refuse_unless_allowed(State(guard): State<Guard>, session: Session, mut request: Request, next: Next) -> Response {
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD);
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if is_change && origin != Some(&*guard.origin) {
        tracing::warn!(http.origin = origin, "a change from a foreign or missing origin was refused");
        return refusal(&WireError::new(
            ErrorCode::Forbidden,
            "This request does not come from the dialler's own pages (the Origin header), so it was refused.",
        ));
    }
    if !PUBLIC.contains(&request.uri().path()) {
        match agent_of(&session).await {
            Ok(agent) => {
                // Not the current span: the session's layer has one of its own.
                if let Some(RequestSpan(span)) = request.extensions().get() {
                    span.record("agent.id", agent.id.get());
                }
                request.extensions_mut().insert(agent);
            }
            Err(error) => return refusal(&error),
        }
    }
    next.run(request).await
}

/// Gives a request up that takes longer than `limit`. The event stream is meant to stay open.
async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    if request.uri().path() == EVENTS {
        return next.run(request).await;
    }
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        tracing::error!("a request took longer than {limit:?} and was given up");
        refusal(&WireError::new(
            ErrorCode::Unavailable,
            "The dialler took too long to answer and gave this request up. Please look at what holds now, then try again.",
        ))
    })
}

/// Reads the body before anything else does, and refuses a huge one in our own words.
async fn limit_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let limit = if parts.uri.path() == WITH_A_FILE { FILE_LIMIT } else { BODY_LIMIT };
    match Limited::new(body, limit).collect().await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body.to_bytes()))).await,
        Err(_) => refusal(&WireError::new(ErrorCode::TooLarge, "The request is larger than anything the dialler accepts.")),
    }
}

/// A server function that failed answers 500 whatever the failure; the code in its body says what status it is.
async fn status_of_error(response: Response) -> Response {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = Limited::new(body, ERROR_LIMIT).collect().await else {
        return refusal(&WireError::new(ErrorCode::Internal, "The answer could not be made."));
    };
    let body = body.to_bytes();
    if let Ok(error) = serde_json::from_slice::<WireError>(&body) {
        parts.status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Response::from_parts(parts, Body::from(body))
}

/// What axum's own extractors refuse, they refuse as plain text; here everything is a [`WireError`].
async fn plain_errors_as_json(response: Response) -> Response {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_error || is_json {
        return response;
    }
    let status = response.status();
    let code = match status.as_u16() {
        413 => ErrorCode::TooLarge,
        500.. => ErrorCode::Internal,
        _ => ErrorCode::BadRequest,
    };
    let text = Limited::new(response.into_body(), ERROR_LIMIT).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let message = String::from_utf8_lossy(&text).into_owned();
    let message = if code == ErrorCode::Internal || message.is_empty() { "The request could not be served.".into() } else { message };
    (status, Json(WireError::new(code, message))).into_response()
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let reference = kernel::new_reference();
    tracing::error!(error.reference = %reference, "a request panicked");
    let mut error = WireError::new(ErrorCode::Internal, "Something went wrong on our side. Please try again.");
    error.reference = Some(reference);
    refusal(&error)
}

/// The front end: files as they are, precompressed, and its one page for every path that is not a file.
fn pages(site: &Path) -> Router {
    let files = ServeDir::new(site)
        .precompressed_br()
        .precompressed_gzip()
        .fallback(ServeFile::new(site.join("index.html")).precompressed_br().precompressed_gzip());
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(no_page_for_missing_files))
        .layer(middleware::from_fn(keep_the_program))
        // Other files keep their names between builds, so a browser asks whether it has the latest.
        .layer(header_layer(header::CACHE_CONTROL, "no-cache"))
}

/// A missing script is missing: the page in its place would only confuse the browser.
async fn no_page_for_missing_files(request: Request, next: Next) -> Response {
    let is_file = is_file(request.uri().path());
    let response = next.run(request).await;
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_file && is_page && response.status().is_success() { StatusCode::NOT_FOUND.into_response() } else { response }
}

fn is_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

/// `scripts/build-app` names the program's folder after what is in it: whatever was fetched from there is never asked for again.
async fn keep_the_program(request: Request, next: Next) -> Response {
    let is_program = request.uri().path().starts_with("/pkg/") && is_file(request.uri().path());
    let mut response = next.run(request).await;
    if is_program && (response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    }
    response
}

/// The span of a request, for layers inside to add to.
#[derive(Clone)]
struct RequestSpan(tracing::Span);

/// One line a request: method, route (never its values), agent, status, time.
async fn log_request(mut request: Request, next: Next) -> Response {
    use tracing::Instrument as _;

    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!("request", http.method = %method, http.route = route, agent.id = tracing::field::Empty);
    request.extensions_mut().insert(RequestSpan(span.clone()));
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    count_request(&method, route.as_deref(), status, elapsed);
    let _entered = span.enter();
    // Files and health checks are many and dull.
    if route.as_deref().is_some_and(|route| route.starts_with("/api/") && route != "/api/health") || status >= 500 {
        tracing::info!(http.status = status, duration_ms = millis(elapsed), "request");
    } else {
        tracing::debug!(http.status = status, duration_ms = millis(elapsed), "request");
    }
    response
}

/// Paths that no route has are counted together, and so are methods that nobody here takes: whoever asks cannot make new figures.
fn count_request(method: &Method, route: Option<&str>, status: u16, elapsed: Duration) {
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "other",
    };
    let labels = [
        ("method", metrics::SharedString::const_str(method)),
        ("route", route.map_or_else(|| "none".into(), |route| route.to_owned().into())),
        ("status", status.to_string().into()),
    ];
    metrics::histogram!("dialler_http_request_seconds", &labels).record(elapsed);
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_given_up_but_not_the_event_stream() {
        let slow = || async { tokio::time::sleep(Duration::from_millis(300)).await };
        let router = Router::new()
            .route("/api/slow", get(slow))
            .route(EVENTS, get(slow))
            .layer(middleware::from_fn_with_state(Duration::from_millis(20), limit_time));
        let ask = |path: &str| router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());

        assert_eq!(ask(EVENTS).await.unwrap().status(), StatusCode::OK);
        let answer = ask("/api/slow").await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(serde_json::from_slice::<WireError>(&body).unwrap().code, ErrorCode::Unavailable);
    }
    #[tokio::test]
    async fn the_program_is_kept_for_ever_and_what_names_it_is_asked_for_each_time() {
        let site = std::env::temp_dir().join(format!("dialler-site-{}", std::process::id()));
        let program = site.join("pkg/0123456789abcdef");
        std::fs::create_dir_all(&program).unwrap();
        for file in [
            site.join("index.html"),
            site.join("boot.js"),
            program.join("split_supervision.wasm"),
            program.join("split_supervision.wasm.br"),
        ] {
            std::fs::write(file, "words").unwrap();
        }
        let pages = pages(&site);
        let ask = async |path: &str| {
            let request = Request::get(path).header(header::ACCEPT_ENCODING, "br").body(Body::empty()).unwrap();
            let answer = pages.clone().oneshot(request).await.unwrap();
            let text = |name| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
            (answer.status().as_u16(), text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING), text(header::CACHE_CONTROL))
        };

        let part = ask("/pkg/0123456789abcdef/split_supervision.wasm").await;
        let gone = ask("/pkg/fedcba9876543210/split_supervision.wasm").await;
        let script = ask("/boot.js").await;
        let page = ask("/pkg/floor").await;
        std::fs::remove_dir_all(&site).unwrap();

        let for_ever = "public, max-age=31536000, immutable";
        // A browser compiles a part while it comes only if it is called what it is.
        assert_eq!(part, (200, "application/wasm".into(), "br".into(), for_ever.into()));
        assert_eq!((gone.0, &*gone.3), (404, "no-cache"));
        assert_eq!((script.0, &*script.3), (200, "no-cache"));
        assert_eq!((page.0, &*page.1, &*page.3), (200, "text/html", "no-cache"));
    }
}
