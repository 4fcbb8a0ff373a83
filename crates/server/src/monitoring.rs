//! Figures for a monitoring system, in the text format of Prometheus. Modules count by the `metrics` macros; here they are collected.

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::cron::is_shown;

/// Upper ends of the buckets in which answers are counted, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// A process has one collection, however many servers it holds.
static COLLECTED: OnceLock<PrometheusHandle> = OnceLock::new();

/// Collects from now on.
pub(crate) fn collect() -> anyhow::Result<&'static PrometheusHandle> {
    if let Some(handle) = COLLECTED.get() {
        return Ok(handle);
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("dialler_http_request_seconds".to_owned()), &SECONDS)?
        .build_recorder();
    let handle = COLLECTED.get_or_init(|| recorder.handle());
    // Two servers of one process that start at once: the first one's collection is that of both.
    if metrics::set_global_recorder(recorder).is_ok() {
        describe();
    }
    Ok(handle)
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("dialler_context_reads_total", "People read for display, by where they were found: memory, redis or replica.");
    describe_counter!("dialler_redis_failures_total", "Times that Redis failed or did not answer in time.");
    describe_gauge!("dialler_redis_is_used", "1 while contexts are shared through Redis, 0 without one and while it is left alone.");
    describe_gauge!("dialler_replica_lag_seconds", "How far the replica is behind; NaN while that is unknown.");
    describe_gauge!(
        "dialler_holiday_list_days_left",
        "Days until the end of the list of bank holidays, after which no calls are made; alarm below 365."
    );
    describe_gauge!(
        "dialler_job_last_success_timestamp_seconds",
        "When each background job last succeeded on this server; alarm on its age."
    );
    describe_gauge!("dialler_database_connections", "Connections to our own database, by whether they are idle or busy.");
    describe_histogram!("dialler_http_request_seconds", "Time until a request was answered, by method, route and status.");
}

/// `GET /metrics`: for whoever has the token; without one configured, for nobody.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    if !app.metrics_token.as_deref().is_some_and(|token| is_shown(&headers, token)) {
        let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
        return (StatusCode::UNAUTHORIZED, challenge, "METRICS_TOKEN is needed as a bearer token\n").into_response();
    }
    let Some(collected) = COLLECTED.get() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let idle = app.pool.num_idle();
    let busy = usize::try_from(app.pool.size()).unwrap_or(usize::MAX).saturating_sub(idle);
    for (state, connections) in [("idle", idle), ("busy", busy)] {
        metrics::gauge!("dialler_database_connections", "state" => state).set(f64::from(u32::try_from(connections).unwrap_or(u32::MAX)));
    }
    metrics::gauge!("dialler_redis_is_used").set(if app.contexts.is_shared() { 1.0 } else { 0.0 });
    // Not a number is what Prometheus has for “unknown”.
    let lag = app.queue.replica_lag().map_or(f64::NAN, |lag| f64::from(i32::try_from(lag.millis).unwrap_or(i32::MAX)) / 1_000.0);
    metrics::gauge!("dialler_replica_lag_seconds").set(lag);
    let days_left = i32::try_from(app.queue.holidays_days_left()).unwrap_or(i32::MAX);
    metrics::gauge!("dialler_holiday_list_days_left").set(f64::from(days_left));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], collected.render()).into_response()
}
