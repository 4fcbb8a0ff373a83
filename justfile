# `scripts/just` runs these from any directory, and installs `just` if it is not there.
# The native half of the workspace is everything but `app`, and is always built as a whole:
# naming one crate would give its dependencies other features, and so other artefacts.

set shell := ["sh", "-euc"]

tools := env("DIALLER_TOOLS", home_directory() / ".cache/dialler/tools")

# Outside the checkout, so that clean checkouts share what is already compiled.
export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", home_directory() / ".cache/dialler/target")
export SQLX_OFFLINE := env("SQLX_OFFLINE", "true")
export PATH := tools / "bin:" + env("PATH")

# List the recipes.
_default:
    @'{{ just_executable() }}' --list --unsorted

# Install what the project needs and is not there yet.
setup:
    @exec scripts/setup

# Run the whole product with made-up claims on http://localhost:3000 (or PORT), until Ctrl-C.
demo:
    @exec scripts/demo

# Sign for a user on the made-up claims platform, while the demo runs.
sign user_id:
    @exec scripts/sign {{ user_id }}

# Run the binary on the demo's databases: `just dialler queue export`, `just dialler help`.
[positional-arguments]
dialler *arguments:
    @exec scripts/dialler "$@"

# Check everything: format, lints, saved queries, front end and its size, tests, documentation, journeys.
test:
    @exec scripts/test

# Check the format and the lints of both halves.
check: fmt-check clippy clippy-app

# Format the Rust code.
fmt:
    cargo fmt --all

# Check that the Rust code is formatted.
fmt-check:
    cargo fmt --all --check

# Run Clippy on the native half.
clippy:
    . scripts/env && cargo clippy --workspace --exclude app --all-targets -- -D warnings

# Run Clippy on the browser's half.
clippy-app:
    . scripts/env && cargo clippy -p app --target wasm32-unknown-unknown -- -D warnings

# Build the front end into dist/, within its size budget.
build-app:
    @exec scripts/build-app

# Run the browser journeys against databases of their own; arguments go to Playwright.
[positional-arguments]
e2e *arguments:
    @exec scripts/e2e "$@"

# Run the emulated carrier under the real voice SDK in Chromium; arguments go to Playwright.
[positional-arguments]
carrier-journeys *arguments:
    @exec scripts/carrier-journeys "$@"

# Try every statement for the claims platform on a MySQL or MariaDB of your own; scripts/test-replica says how.
test-replica:
    @exec scripts/test-replica

# Try recordings in an S3-compatible store: moto's, or one of your own; scripts/test-store says how.
test-store:
    @exec scripts/test-store

# Measure the product as a release on this machine; USERS=500000 for more people.
bench:
    @exec scripts/bench

# Kill a working server fifty times (or KILLS) and have it go on each time.
soak:
    @exec scripts/soak

# Work a day in minutes at the emulated carrier, and hold its records against the rules.
day:
    @exec scripts/day

# Two hundred calls at once through one server: webhooks' times, outcomes, memory.
telephones:
    @exec scripts/telephones

# Run the previous release's journeys on today's schema; once for each release.
[positional-arguments]
previous *arguments:
    @exec scripts/previous "$@"

# Run the tests and journeys at other dates, by faketime; once for each release. DATES says which.
dates:
    @exec scripts/dates

# Try the product behind the distribution's nginx and Caddy, with the examples of docs/proxies.
proxies:
    @exec scripts/proxies

# Look at the licences, sources and duplicates of what we build on, and at what no crate uses.
dependencies:
    @exec scripts/dependencies

# Write the queries' descriptions to .sqlx; needed after a change to a query or a migration.
sqlx-prepare:
    @exec scripts/sqlx prepare

# Check that .sqlx is what the queries and migrations say.
sqlx-check:
    @exec scripts/sqlx check

# Start the local PostgreSQL, MariaDB primary and replica, and Redis; their addresses are in .dev/env.
services-up:
    @exec scripts/services up

# Stop the local services.
services-down:
    @exec scripts/services down

# Stop the local services and delete their data.
services-reset:
    @exec scripts/services reset

# Show which local services run.
services-status:
    @exec scripts/services status
