//! What happens without being asked. Each job is a loop that outlives its failures: a run that fails is logged, and the
//! next one comes.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use kernel::{AgentId, Hint};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::monitoring;

/// One run of a job may take so long; then it is given up, and the next one comes.
const RUN_LIMIT: Duration = Duration::from_secs(30);

/// A discovery may take so long, which is many times what half a million users need.
const DISCOVERY_LIMIT: Duration = Duration::from_mins(10);

/// So long may it take to ask about all calls that go on, a few at a time.
const CATCH_UP_LIMIT: Duration = Duration::from_mins(5);

/// Some long recordings may take so long together.
const FETCH_LIMIT: Duration = Duration::from_mins(6);

/// Jobs that any one server does for all: running them on several is harmless, each is one idempotent statement.
pub(crate) fn spawn_shared(app: &App, jobs: &mut JoinSet<()>) {
    let queue = app.queue.clone();
    repeat(jobs, "return expired leases", Duration::from_secs(2), move || {
        let queue = queue.clone();
        async move { queue.return_expired().await }
    });
    let queue = app.queue.clone();
    repeat(jobs, "rescue orphans", Duration::from_mins(1), move || {
        let queue = queue.clone();
        async move { queue.rescue_orphans().await }
    });
    let queue = app.queue.clone();
    repeat(jobs, "end pauses whose time has come", Duration::from_secs(1), move || {
        let queue = queue.clone();
        async move { queue.end_timed_pauses().await }
    });
    let queue = app.queue.clone();
    repeat(jobs, "learn settings and pauses", Duration::from_secs(5), move || {
        let queue = queue.clone();
        async move { queue.learn_changes().await }
    });
    let queue = app.queue.clone();
    repeat_within(jobs, "discover once an hour", Duration::from_secs(30), DISCOVERY_LIMIT, move || {
        let queue = queue.clone();
        async move { queue.discover_on_schedule().await }
    });
    let queue = app.queue.clone();
    // Every second, so that a decision is sealed within two.
    repeat(jobs, "seal decisions", Duration::from_secs(1), move || {
        let queue = queue.clone();
        async move { queue.seal().await.map(|_| ()) }
    });
    let queue = app.queue.clone();
    repeat_within(jobs, "forget the personal facts of old decisions", Duration::from_hours(1), DISCOVERY_LIMIT, move || {
        let queue = queue.clone();
        async move { queue.forget_old_personal_facts().await.map(|_| ()) }
    });
    let calls = app.calls.clone();
    repeat(jobs, "close what was not recorded", Duration::from_secs(1), move || {
        let calls = calls.clone();
        async move { calls.close_overdue().await }
    });
    let calls = app.calls.clone();
    repeat(jobs, "end abandoned calls", Duration::from_secs(2), move || {
        let calls = calls.clone();
        async move {
            calls.end_abandoned().await?;
            calls.end_left().await?;
            calls.end_abandoned_monitorings().await?;
            calls.end_unentitled_monitorings().await?;
            calls.lapse_transfers().await?;
            calls.end_lingering_legs().await
        }
    });
    let calls = app.calls.clone();
    repeat(jobs, "pass on calls that come in", Duration::from_secs(1), move || {
        let calls = calls.clone();
        async move { calls.pass_on_offers().await }
    });
    let calls = app.calls.clone();
    repeat(jobs, "ask the carrier about people who ring us", Duration::from_secs(15), move || {
        let calls = calls.clone();
        async move {
            calls.ask_about_callers().await?;
            calls.record_callers().await
        }
    });
    let calls = app.calls.clone();
    repeat_within(jobs, "fetch recordings", Duration::from_secs(2), FETCH_LIMIT, move || {
        let calls = calls.clone();
        async move { calls.fetch_recordings().await }
    });
    let calls = app.calls.clone();
    repeat(jobs, "ask the carrier about recordings", Duration::from_mins(1), move || {
        let calls = calls.clone();
        async move { calls.ask_about_recordings().await }
    });
    let calls = app.calls.clone();
    repeat(jobs, "free whom no call holds", Duration::from_secs(30), move || {
        let calls = calls.clone();
        async move { calls.free_held().await }
    });
    let calls = app.calls.clone();
    // At the start above all: what was said to a server that was not there is lost.
    repeat_within(jobs, "ask the carrier about all live calls", Duration::from_mins(10), CATCH_UP_LIMIT, move || {
        let calls = calls.clone();
        async move { calls.catch_up().await }
    });
    let calls = app.calls.clone();
    repeat(jobs, "ask the carrier about silent calls", Duration::from_mins(1), move || {
        let calls = calls.clone();
        async move { calls.reconcile().await }
    });
    let calls = app.calls.clone();
    repeat(jobs, "ask the carrier about calls that nobody is known to have answered", Duration::from_secs(15), move || {
        let calls = calls.clone();
        async move { calls.reconcile_unanswered().await }
    });
    let auth = app.auth.clone();
    repeat(jobs, "end lost sessions", Duration::from_mins(1), move || {
        let auth = auth.clone();
        async move { auth.sweep().await }
    });
}

/// Jobs of every server that has browsers.
pub(crate) fn spawn_own(app: &App, jobs: &mut JoinSet<()>) {
    let own = app.clone();
    repeat(jobs, "hear open streams", Duration::from_secs(10), move || {
        let app = own.clone();
        async move {
            let open = app.streams.agents();
            if !open.is_empty() {
                app.auth.heard(&open).await?;
            }
            // Whoever was heard, by a stream or by any request, keeps the person they hold.
            let reachable = app.auth.list_reachable().await?;
            app.queue.renew(&reachable).await?;
            anyhow::Ok(())
        }
    });
    let own = app.clone();
    // Somebody becomes unreachable by silence, so nothing announces it: look, and say so when it has changed.
    let known: std::sync::Arc<tokio::sync::Mutex<BTreeSet<AgentId>>> = std::sync::Arc::default();
    repeat(jobs, "watch presence", Duration::from_secs(5), move || {
        let (app, known) = (own.clone(), std::sync::Arc::clone(&known));
        async move {
            let now: BTreeSet<AgentId> = app.auth.list_unreachable().await?.into_iter().collect();
            let mut before = known.lock().await;
            for agent in before.symmetric_difference(&now) {
                // No browser listening is no fault.
                let _ = app.hints.send(Hint::Agent(*agent));
            }
            *before = now;
            anyhow::Ok(())
        }
    });
    let (queue, clock) = (app.queue.clone(), app.clock.clone());
    let told = std::sync::Arc::new(tokio::sync::Mutex::new(clock.now()));
    repeat(jobs, "say which promises come near or turn late", Duration::from_secs(5), move || {
        let (queue, clock, told) = (queue.clone(), clock.clone(), std::sync::Arc::clone(&told));
        async move {
            let (mut told, now) = (told.lock().await, clock.now());
            queue.announce_promises(*told, now).await?;
            *told = now;
            anyhow::Ok(())
        }
    });
    let queue = app.queue.clone();
    repeat_within(jobs, "read who may be called, in direct mode", Duration::from_mins(1), DISCOVERY_LIMIT, move || {
        let queue = queue.clone();
        async move { queue.read_candidates().await }
    });
    repeat(jobs, "fold what was measured", Duration::from_secs(5), || async {
        // Every single answer is kept until then, or until somebody reads /metrics.
        monitoring::collect()?.run_upkeep();
        anyhow::Ok(())
    });
    let replica = app.replica.clone();
    supervise(jobs, "sample the replica's lag", move || {
        let replica = replica.clone();
        async move { replica.watch_lag().await }
    });
}

/// Runs `work` every `period` until the set is dropped; the first time at once.
fn repeat<F, E>(jobs: &mut JoinSet<()>, name: &'static str, period: Duration, work: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = Result<(), E>> + Send,
    E: Into<anyhow::Error>,
{
    repeat_within(jobs, name, period, RUN_LIMIT, work);
}

/// The same with another limit for a run.
fn repeat_within<F, E>(
    jobs: &mut JoinSet<()>,
    name: &'static str,
    period: Duration,
    limit: Duration,
    work: impl Fn() -> F + Clone + Send + 'static,
) where
    F: Future<Output = Result<(), E>> + Send,
    E: Into<anyhow::Error>,
{
    supervise(jobs, name, move || {
        let work = work.clone();
        async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                match tokio::time::timeout(limit, work()).await {
                    // Nobody sees that a job does not run any more, but by how long ago it last did (lessons, line 13).
                    Ok(Ok(())) => metrics::gauge!("dialler_job_last_success_timestamp_seconds", "job" => name).set(unix_seconds()),
                    Ok(Err(error)) => {
                        // Never its Debug: PostgreSQL's detail there can quote a row.
                        let error: anyhow::Error = error.into();
                        tracing::error!(job.name = name, error.chain = %format_args!("{error:#}"), "a job failed; it is tried again");
                    }
                    Err(_) => tracing::error!(job.name = name, "a job took longer than {limit:?}; it was given up and is tried again"),
                }
            }
        }
    });
}

/// The machine's time as Prometheus has it.
fn unix_seconds() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Keeps a loop running: when it panics or ends, it is seen and started again.
fn supervise<F>(jobs: &mut JoinSet<()>, name: &'static str, start: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    jobs.spawn(async move {
        loop {
            // Dropping this set with the outer task ends the inner one too.
            let mut running = JoinSet::new();
            running.spawn(start());
            let ended = running.join_next().await;
            let is_panic = ended.is_some_and(|ended| ended.is_err_and(|error| error.is_panic()));
            tracing::error!(job.name = name, job.panicked = is_panic, "a job stopped; it is started again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn last_success(job: &str) -> Option<f64> {
        let text = monitoring::collect().unwrap().render();
        let line = text.lines().find(|line| line.starts_with("dialler_job_last_success") && line.contains(job))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// lessons, line 13: every job stopped silently. → When each last succeeded can be asked, and stands still while it fails.
    #[tokio::test]
    async fn how_long_ago_a_job_last_succeeded_is_told() {
        monitoring::collect().unwrap();
        let fails = Arc::new(AtomicBool::new(true));
        let mut jobs = JoinSet::new();
        let told = Arc::clone(&fails);
        repeat(&mut jobs, "a job of this test", Duration::from_millis(10), move || {
            let fails = told.load(Ordering::Relaxed);
            async move { if fails { Err(anyhow::anyhow!("not now")) } else { Ok(()) } }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(last_success("a job of this test"), None, "it has only failed");
        fails.store(false, Ordering::Relaxed);
        let began = unix_seconds();
        let mut last = None;
        for _ in 0..500 {
            last = last_success("a job of this test");
            if last.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(last.is_some_and(|last| last >= began - 0.001), "{last:?}");
    }
}
