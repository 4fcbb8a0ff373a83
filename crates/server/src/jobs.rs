//! What happens without being asked. One table of jobs; each is a loop that outlives its failures: a run that fails is logged, and the
//! next one comes.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use kernel::{AgentId, Hint};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::monitoring;

/// The limit of one run, unless the job says otherwise: then the run is given up, and the next one comes.
const RUN_LIMIT: Duration = Duration::from_secs(30);

/// The limit of a discovery, which is many times what half a million users need.
const DISCOVERY_LIMIT: Duration = Duration::from_mins(10);

/// The limit of a run that asks about all calls that go on, a few at a time.
const CATCH_UP_LIMIT: Duration = Duration::from_mins(5);

/// The limit of a run that fetches recordings: some long ones together.
const FETCH_LIMIT: Duration = Duration::from_mins(6);

type Run = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// When a job runs.
#[derive(Clone, Copy, Debug)]
enum Schedule {
    /// So often, and a run is given up after `limit`.
    Every { period: Duration, limit: Duration },
    /// Always: one run does not end.
    Always,
}

/// Something that is done without being asked, under a name that is also its label in the metrics.
#[derive(Clone)]
pub struct Job {
    name: &'static str,
    schedule: Schedule,
    run: Arc<dyn Fn() -> Run + Send + Sync>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

impl Job {
    /// Something to do every `period`. `run` is given its own clone of `of` each time.
    fn new<T, F, E>(name: &'static str, period: Duration, of: &T, run: impl Fn(T) -> F + Send + Sync + 'static) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<anyhow::Error>,
    {
        let of = of.clone();
        let run = move || -> Run {
            let running = run(of.clone());
            Box::pin(async move { running.await.map_err(Into::into) })
        };
        Self { name, schedule: Schedule::Every { period, limit: RUN_LIMIT }, run: Arc::new(run) }
    }

    /// The same with another limit of a run.
    fn within(self, limit: Duration) -> Self {
        match self.schedule {
            Schedule::Every { period, .. } => Self { schedule: Schedule::Every { period, limit }, ..self },
            Schedule::Always => self,
        }
    }

    /// Something that goes on until it is dropped.
    fn lasting<T, F>(name: &'static str, of: &T, run: impl Fn(T) -> F + Send + Sync + 'static) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let of = of.clone();
        let run = move || -> Run {
            let running = run(of.clone());
            Box::pin(async move {
                running.await;
                Ok(())
            })
        };
        Self { name, schedule: Schedule::Always, run: Arc::new(run) }
    }

    /// Its name, which no other job has.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it goes on by itself instead of being run every so often; then no success of it is counted.
    pub fn is_lasting(&self) -> bool {
        matches!(self.schedule, Schedule::Always)
    }

    /// Runs it until the set is dropped; the first time at once.
    pub fn spawn(self, jobs: &mut JoinSet<()>) {
        jobs.spawn(self.keep_running());
    }

    /// When the loop panics or ends, it is seen and started again.
    async fn keep_running(self) {
        loop {
            // Dropping this set with the outer task ends the inner one too.
            let mut running = JoinSet::new();
            let job = self.clone();
            running.spawn(async move {
                match job.schedule {
                    Schedule::Every { period, limit } => job.repeat(period, limit).await,
                    Schedule::Always => drop((job.run)().await),
                }
            });
            let ended = running.join_next().await;
            let is_panic = ended.is_some_and(|ended| ended.is_err_and(|error| error.is_panic()));
            tracing::error!(job.name = self.name, job.panicked = is_panic, "a job stopped; it is started again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn repeat(self, period: Duration, limit: Duration) {
        let Self { name, run, .. } = self;
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match tokio::time::timeout(limit, run()).await {
                // Nobody sees that a job does not run any more, but by how long ago it last did (lessons, line 13).
                Ok(Ok(())) => metrics::gauge!("dialler_job_last_success_timestamp_seconds", "job" => name).set(unix_seconds()),
                // Never its Debug: PostgreSQL's detail there can quote a row.
                Ok(Err(error)) => {
                    tracing::error!(job.name = name, error.chain = %format_args!("{error:#}"), "a job failed; it is tried again");
                }
                Err(_) => tracing::error!(job.name = name, "a job took longer than {limit:?}; it was given up and is tried again"),
            }
        }
    }
}

/// Jobs that any one server does for all: running them on several is harmless, each is idempotent.
pub fn shared(app: &App) -> Vec<Job> {
    let (auth, calls, queue) = (&app.auth, &app.calls, &app.queue);
    let (seconds, minutes) = (Duration::from_secs, Duration::from_mins);
    vec![
        Job::new("return expired leases", seconds(2), queue, |queue| async move { queue.return_expired().await }),
        Job::new("rescue orphans", minutes(1), queue, |queue| async move { queue.rescue_orphans().await }),
        Job::new("end pauses whose time has come", seconds(1), queue, |queue| async move { queue.end_timed_pauses().await }),
        Job::new("learn settings and pauses", seconds(5), queue, |queue| async move { queue.learn_changes().await }),
        Job::new("discover once an hour", seconds(30), queue, |queue| async move { queue.discover_on_schedule().await })
            .within(DISCOVERY_LIMIT),
        // Every second, so that a decision is sealed within two.
        Job::new("seal decisions", seconds(1), queue, |queue| async move { queue.seal().await.map(|_| ()) }),
        Job::new("forget the personal facts of old decisions", minutes(60), queue, |queue| async move {
            queue.forget_old_personal_facts().await.map(|_| ())
        })
        .within(DISCOVERY_LIMIT),
        Job::new("close what was not recorded", seconds(1), calls, |calls| async move { calls.close_overdue().await }),
        Job::new("end abandoned calls", seconds(2), calls, |calls| async move { calls.end_abandoned().await }),
        Job::new("end calls that their agents have left", seconds(2), calls, |calls| async move { calls.end_left().await }),
        Job::new("end abandoned listening", seconds(2), calls, |calls| async move { calls.end_abandoned_monitorings().await }),
        Job::new("take off the line whoever may not listen any more", seconds(2), calls, |calls| async move {
            calls.end_unentitled_monitorings().await
        }),
        Job::new("let transfers lapse", seconds(2), calls, |calls| async move { calls.lapse_transfers().await }),
        Job::new("hang up legs that outlive their calls", seconds(2), calls, |calls| async move { calls.end_lingering_legs().await }),
        Job::new("pass on calls that come in", seconds(1), calls, |calls| async move { calls.pass_on_offers().await }),
        Job::new("ask the carrier about people who ring us", seconds(15), calls, |calls| async move { calls.ask_about_callers().await }),
        Job::new("look up callers whom the claims platform could not name", seconds(15), calls, |calls| async move {
            calls.look_up_callers().await
        }),
        Job::new("record people who ring us", seconds(15), calls, |calls| async move { calls.record_callers().await }),
        Job::new("fetch recordings", seconds(2), calls, |calls| async move { calls.fetch_recordings().await }).within(FETCH_LIMIT),
        Job::new("ask the carrier about recordings", minutes(1), calls, |calls| async move { calls.ask_about_recordings().await }),
        Job::new("free whom no call holds", seconds(30), calls, |calls| async move { calls.free_held().await }),
        // At the start above all: what was said to a server that was not there is lost.
        Job::new("ask the carrier about all live calls", minutes(10), calls, |calls| async move { calls.catch_up().await })
            .within(CATCH_UP_LIMIT),
        Job::new("ask the carrier about silent calls", minutes(1), calls, |calls| async move { calls.reconcile().await }),
        Job::new("ask the carrier about calls that nobody is known to have answered", seconds(15), calls, |calls| async move {
            calls.reconcile_unanswered().await
        }),
        Job::new("end lost sessions", minutes(1), auth, |auth| async move { auth.sweep().await }),
    ]
}

/// Jobs of every server that has browsers.
pub fn own(app: &App) -> Vec<Job> {
    let seconds = Duration::from_secs;
    let known: Arc<Mutex<BTreeSet<AgentId>>> = Arc::default();
    let told = Arc::new(Mutex::new(app.clock.now()));
    vec![
        // Agents who were heard lately keep the person they hold: by any request, and a page answers the beats of its event stream.
        Job::new("renew leases of agents who are there", seconds(10), app, |app| async move {
            let reachable = app.auth.list_reachable().await?;
            app.queue.renew(&reachable).await?;
            anyhow::Ok(())
        }),
        // Somebody becomes unreachable by silence, so nothing announces it: look, and say so when it has changed.
        Job::new("watch presence", seconds(5), &(app.clone(), known), |(app, known)| async move {
            let now: BTreeSet<AgentId> = app.auth.list_unreachable().await?.into_iter().collect();
            let mut before = known.lock().await;
            for agent in before.symmetric_difference(&now) {
                // No browser listening is no fault.
                let _ = app.hints.send(Hint::Agent(*agent));
            }
            *before = now;
            anyhow::Ok(())
        }),
        Job::new("say which promises come near or turn late", seconds(5), &(app.clone(), told), |(app, told)| async move {
            let (mut told, now) = (told.lock().await, app.clock.now());
            app.queue.announce_promises(*told, now).await?;
            *told = now;
            anyhow::Ok(())
        }),
        Job::new("read who may be called, in direct mode", seconds(60), &app.queue, |queue| async move { queue.read_candidates().await })
            .within(DISCOVERY_LIMIT),
        // Every single answer is kept until then, or until somebody reads /metrics.
        Job::new("fold what was measured", seconds(5), &(), |()| async {
            monitoring::collect()?.run_upkeep();
            anyhow::Ok(())
        }),
        Job::lasting("sample the replica's lag", &(app.replica.clone(), app.queue.clone()), |(replica, queue)| async move {
            replica.watch_lag(move || queue.max_lag_millis()).await;
        }),
    ]
}

/// The machine's time as Prometheus has it.
fn unix_seconds() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    fn last_success(job: &str) -> Option<f64> {
        let text = monitoring::collect().unwrap().render();
        let line = text.lines().find(|line| line.starts_with("dialler_job_last_success") && line.contains(job))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// Waits, at most half a minute.
    async fn until(what: &str, condition: impl Fn() -> bool) {
        for _ in 0..3_000 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited in vain until {what}");
    }

    /// lessons, line 13: every job stopped silently. → When each last succeeded can be asked, and stands still while it fails.
    #[tokio::test]
    async fn how_long_ago_a_job_last_succeeded_is_told() {
        monitoring::collect().unwrap();
        let state = Arc::new((AtomicBool::new(true), AtomicUsize::new(0)));
        let mut jobs = JoinSet::new();
        let job = Job::new("a job of this test", Duration::from_millis(10), &state, |state| async move {
            state.1.fetch_add(1, Ordering::SeqCst);
            if state.0.load(Ordering::SeqCst) { Err(anyhow::anyhow!("not now")) } else { Ok(()) }
        });
        job.spawn(&mut jobs);
        // The third run begins when the second one has ended.
        until("it has failed twice", || state.1.load(Ordering::SeqCst) > 2).await;
        assert_eq!(last_success("a job of this test"), None, "it has only failed");
        state.0.store(false, Ordering::SeqCst);
        let began = unix_seconds();
        until("it has succeeded", || last_success("a job of this test").is_some()).await;
        let last = last_success("a job of this test");
        assert!(last.is_some_and(|last| last >= began - 0.001), "{last:?}");
    }

    /// lessons, line 13. A run that panics ends neither the job nor its neighbours.
    #[tokio::test]
    async fn a_job_that_panics_is_started_again() {
        monitoring::collect().unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let mut jobs = JoinSet::new();
        let job = Job::new("a job that panics once", Duration::from_mins(10), &runs, |runs| async move {
            assert!(runs.fetch_add(1, Ordering::SeqCst) > 0, "planted");
            anyhow::Ok(())
        });
        job.spawn(&mut jobs);
        until("it has succeeded", || last_success("a job that panics once").is_some()).await;
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }
}
