//! `dialler serve` and `dialler worker`: start, run until told to stop, stop in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use users::{Replica, ReplicaError};

use crate::app::{App, Stopping};
use crate::cli::Serve;
use crate::config::Config;
use crate::router::router;
use crate::{carrier, cron, events, jobs};

/// Requests in flight have so long to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// How often a replica that was away at the start is asked for its account.
const RECHECK: Duration = Duration::from_secs(5);

/// Said of an account of the replica that may do more than read.
pub(crate) const REFUSED_ACCOUNT: &str = "the account of REPLICA_DATABASE_URL is refused";

pub(crate) async fn serve(config: &Config, options: &Serve) -> anyhow::Result<()> {
    let address = config.http.bind_address;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} (BIND_ADDRESS)"))?;
    anyhow::ensure!(
        options.site.join("index.html").is_file(),
        "the front end is not in {}: build it (`just build-app`) or say where it is with --site",
        options.site.display()
    );
    let carrier = carrier::connect(config).await?;
    let (app, outgoing) = App::connect(config, Some(carrier.telephone.clone())).await?;
    let is_checked = account_only_reads(&app.replica).await?;
    if app.is_practice {
        tracing::warn!(clock.now = %app.clock.now(), "the business clock is not the machine's (CLOCK): practice only");
    }
    if app.is_gate_off {
        tracing::warn!("nobody is refused, whatever the gate finds (ENABLE_PRE_CALL_VALIDATION=false): development only");
    }

    let mut background = JoinSet::new();
    background.spawn(events::send_hints(app.pool.clone(), outgoing));
    background.spawn(events::hear_hints(app.clone()));
    let shared = if options.without_jobs { Vec::new() } else { jobs::shared(&app) };
    for job in jobs::own(&app).into_iter().chain(shared) {
        job.spawn(&mut background);
    }

    let stopping: Stopping = Arc::new(watch::Sender::new(false));
    let router = carrier.mount(router(&app, &config.http.public_base_url, &options.site, Arc::clone(&stopping)));
    let router = match &config.discovery.cron_secret {
        Some(secret) => cron::mount(router, &app.queue, secret),
        None => router,
    };
    tracing::info!(http.address = %address, "serving {}", config.http.public_base_url);
    let (stop, mut stopped) = watch::channel(false);
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).with_graceful_shutdown(async move {
        told_to_stop().await;
        tracing::info!("stopping: requests in flight are finished, nothing new is taken");
        // Event streams never end by themselves.
        stopping.send_replace(true);
        stop.send_replace(true);
    });
    let refused = async {
        if !is_checked && let Err(error) = check_account_when_back(&app.replica, RECHECK).await {
            return error;
        }
        std::future::pending().await
    };
    let ended = tokio::select! {
        ended = server => ended.map_err(anyhow::Error::from),
        error = refused => Err(error),
        () = async {
            let _ = stopped.changed().await;
            tokio::time::sleep(DRAIN).await;
        } => {
            tracing::warn!("some requests did not end in time and were dropped");
            Ok(())
        }
    };
    background.shutdown().await;
    app.pool.close().await;
    tracing::info!("stopped");
    ended
}

pub(crate) async fn work(config: &Config) -> anyhow::Result<()> {
    // An emulated carrier is inside the process that serves.
    let telephone = if config.carrier.is_emulated { None } else { Some(carrier::connect(config).await?.telephone) };
    let (app, outgoing) = App::connect(config, telephone).await?;
    let mut background = JoinSet::new();
    background.spawn(events::send_hints(app.pool.clone(), outgoing));
    for job in jobs::shared(&app) {
        job.spawn(&mut background);
    }
    tracing::info!("working");
    told_to_stop().await;
    background.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

/// Refuses an account of the replica that could write; false when the replica is away. That is no reason not to start:
/// its connections are read-only in any case, and nobody is handed out until it is back.
async fn account_only_reads(replica: &Replica) -> anyhow::Result<bool> {
    match replica.check_account().await {
        Ok(()) => Ok(true),
        Err(ReplicaError::Unavailable(error)) => {
            tracing::warn!(error.message = %error, "the replica does not answer yet; nobody is handed out until it does");
            Ok(false)
        }
        Err(error @ ReplicaError::NeedsTls(_)) => {
            tracing::error!(error.message = %error, "nobody can sign in to the replica; nobody is handed out until that is put right");
            Ok(false)
        }
        Err(error) => Err(error).context(REFUSED_ACCOUNT),
    }
}

/// Asks again `every` so often, until the replica has said what its account may do.
async fn check_account_when_back(replica: &Replica, every: Duration) -> anyhow::Result<()> {
    loop {
        tokio::time::sleep(every).await;
        if account_only_reads(replica).await? {
            return Ok(());
        }
    }
}

async fn told_to_stop() {
    let interrupt = async {
        // Without the handler Ctrl-C ends the process at once, which is the next best thing.
        let _ = tokio::signal::ctrl_c().await;
    };
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

#[cfg(test)]
mod tests {
    use testkit::{TcpProxy, TestPlatform};
    use users::ReplicaOptions;

    use super::*;

    #[tokio::test]
    async fn an_account_that_can_write_is_refused_also_when_the_replica_comes_late() {
        let platform = TestPlatform::new().await.unwrap();
        for (url, may) in [(platform.replica_url(), true), (platform.primary_url(), false)] {
            let proxy = TcpProxy::in_front_of(url).await.unwrap();
            proxy.stop().await;
            let replica = Replica::connect(proxy.url(), ReplicaOptions::default()).unwrap();
            assert!(!account_only_reads(&replica).await.unwrap(), "away is no refusal");

            let waiting = tokio::spawn(async move { check_account_when_back(&replica, Duration::from_millis(50)).await });
            proxy.resume().await;
            assert_eq!(waiting.await.unwrap().is_ok(), may);
        }
        platform.drop().await.unwrap();
    }
}
