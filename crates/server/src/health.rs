//! Whether the server lives, and how what it depends on is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::{BrowserError, BrowserErrorReceipt, ErrorCode, Health, HealthCheck, WireError, new_reference};
use users::{LagSource, ReplicaLag};

use crate::app::App;

/// `GET /health/live`: the process answers.
pub(crate) async fn live() -> &'static str {
    "live\n"
}

/// `GET /health/ready`: 200 when requests can be served, else 503; each dependency by name either way.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let health = check(&app).await;
    let status = if health.is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

/// `GET /api/health`: the same for people; public, so it says nothing about anybody. That the list of bank holidays ends some day is not for
/// whoever signs in; that it has ended is, since no calls are made.
pub(crate) async fn public(State(app): State<App>) -> Json<Health> {
    let mut health = check(&app).await;
    let has_ended = app.queue.holidays_days_left() < 0;
    health.checks.retain(|check| has_ended || check.name != HOLIDAYS);
    Json(health)
}

/// The name of the check of the list of bank holidays.
const HOLIDAYS: &str = "holidays";

/// Without our own database nothing can be served. Without the replica everything but handing people out can.
async fn check(app: &App) -> Health {
    let database = sqlx::query_scalar!("select 1").fetch_one(&app.pool).await.is_ok();
    let lag = app.queue.replica_lag();
    let hours = app.queue.hours();
    let (holidays_end, holidays_notice) = (app.queue.holidays_end(), app.queue.holidays_notice());
    let discovered = if database { app.queue.last_discovery().await.ok().flatten() } else { None };
    let line = |name: &str, title: &str, is_ok: bool, words: String| HealthCheck { name: name.into(), title: title.into(), is_ok, words };
    // Only ever in development.
    let gate = app.queue.is_gate_off().then(|| {
        line("gate", "Checks", false, "Off: nobody is refused, whatever is against the call (ENABLE_PRE_CALL_VALIDATION=false)".into())
    });
    Health {
        is_ready: database,
        version: env!("CARGO_PKG_VERSION").into(),
        is_practice: app.is_practice,
        checks: gate
            .into_iter()
            .chain([
                line(
                    "database",
                    "Dialler",
                    database,
                    if database { "Working normally".into() } else { "Its database does not answer".into() },
                ),
                line(
                    "replica",
                    "Claims platform",
                    lag.is_some(),
                    lag.map_or_else(
                        || "Cannot be read just now".into(),
                        |lag| {
                            if app.replica.lag_source() == LagSource::None {
                                "Its lag is not measured".into()
                            } else {
                                format!("Replica {} behind", ReplicaLag::words(lag.millis))
                            }
                        },
                    ),
                ),
                line(
                    "hours",
                    "Calling hours",
                    hours.is_open,
                    format!("{} {}", if hours.is_open { "Open" } else { "Closed, open" }, hours.words),
                ),
                line(
                    HOLIDAYS,
                    "Bank holidays",
                    holidays_notice.is_none(),
                    holidays_notice
                        .or_else(|| holidays_end.map(|end| format!("Known until {}", queue::british_day(end))))
                        .unwrap_or_default(),
                ),
                line(
                    "queues",
                    "Queues",
                    discovered.as_ref().is_some_and(|(_, is_fresh)| *is_fresh),
                    discovered.map_or_else(|| "Never renewed".into(), |(at, _)| format!("Last renewed {at}")),
                ),
            ])
            .collect(),
    }
}

/// Characters of a browser's report that reach the log.
const REPORT_LIMIT: usize = 500;

/// So many reports are taken at once, and one more every [`REPORT_EVERY`]: anybody at all can send them.
const REPORTS_AT_ONCE: u32 = 30;
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// How many browsers' reports this server still takes. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReportLimit(Arc<Mutex<Option<Instant>>>);

impl ReportLimit {
    /// Whether a report is taken at `now`. Holds the time at which the limit will be as if never used.
    fn takes(&self, now: Instant) -> bool {
        let mut restored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let after = restored.map_or(now, |restored| restored.max(now)) + REPORT_EVERY;
        let takes = after.duration_since(now) <= REPORT_EVERY * REPORTS_AT_ONCE;
        if takes {
            *restored = Some(after);
        }
        takes
    }
}

/// `POST /api/browser_error`: something went wrong in a browser; the answer is the reference that finds it in the log.
/// Public, because it can go wrong on the sign-in page too.
pub(crate) async fn browser_error(
    State(app): State<App>,
    Json(report): Json<BrowserError>,
) -> Result<Json<BrowserErrorReceipt>, (StatusCode, Json<WireError>)> {
    if !app.reports.takes(Instant::now()) {
        let refused = WireError::new(ErrorCode::TooManyRequests, "Too many errors were reported within a minute; this one was not kept.");
        return Err((StatusCode::TOO_MANY_REQUESTS, Json(refused)));
    }
    let reference = new_reference();
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(REPORT_LIMIT).collect::<String>();
    tracing::error!(
        error.reference = %reference, browser.page = %short(&report.page), browser.message = %short(&report.message),
        "something went wrong in a browser"
    );
    Ok(Json(BrowserErrorReceipt { reference }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_reports_are_taken_at_once_and_thirty_a_minute_after_that() {
        let (limit, start) = (ReportLimit::default(), Instant::now());
        let taken = |at: Instant| (0..100).filter(|_| limit.takes(at)).count();
        assert_eq!(taken(start), 30);
        assert_eq!(taken(start + Duration::from_secs(1)), 0);
        assert_eq!(taken(start + Duration::from_secs(2)), 1);
        assert_eq!(taken(start + Duration::from_mins(10)), 30);
    }
}
