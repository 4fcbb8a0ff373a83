//! Logs: lines for people in development, JSON in production. RUST_LOG filters.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error, so that commands can print their results.
pub(crate) fn start(is_development: bool) {
    let filter = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start (tests in one process) keeps the first.
    let _ = if is_development { builder.compact().try_init() } else { builder.json().flatten_event(true).try_init() };
}
