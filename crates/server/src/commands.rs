//! The commands: each reads its input, calls one use case and prints what came of it.

mod decisions;
mod holidays;
mod numbers;
mod recordings;
mod rules;

use std::io::{BufWriter, Read as _, Write as _};

use anyhow::Context as _;
use auth::{Auth, NewAgent};
use kernel::{Hints, PhoneNumber, QueueKind};

use crate::app::{App, connect_database, staff};
use crate::cli::{Agents, Cli, Command, ConfigCommand, ContactCommand, NumbersCommand, QueueCommand, TwilioCommand};
use crate::clock;
use crate::config::Config;
use crate::{carrier, serve, telemetry};

/// Does what was typed.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::start(config.environment.is_development);
    let database = cli.command.database();
    run_command(&config, cli.command).await.map_err(|error| name_who_is_silent(error, database, &config))
}

async fn run_command(config: &Config, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(options) => serve::serve(config, &options).await,
        Command::Worker => serve::work(config).await,
        Command::Migrate => migrate(config).await,
        #[cfg(feature = "demo")]
        Command::Seed(options) => seed(config, &options).await,
        Command::Agents(command) => agents(config, command).await,
        Command::Discover { queue } => discover(config, queue).await,
        Command::Queue(QueueCommand::Export) => export(config).await,
        Command::Contact(command) => contact(config, command).await,
        Command::Numbers(NumbersCommand::Check) => numbers::check(config).await,
        Command::Holidays(command) => holidays::holidays(config, command).await,
        Command::Decision { id } => decisions::decision(config, &id.concat()).await,
        Command::Decisions(command) => decisions::decisions(config, command).await,
        Command::Recordings(command) => recordings::recordings(config, command).await,
        Command::Rules(command) => rules::rules(config, command).await,
        Command::Twilio(TwilioCommand::Check { number }) => show_carrier(config, &number).await,
        Command::Config(ConfigCommand::Check) => check(config).await,
        Command::DemoClock => demo_clock(config).await,
    }
}

/// Says which database does not answer, and where it was looked for: a refused connection alone says neither. `database` is the
/// variable of the command's own, the replica aside.
fn name_who_is_silent(error: anyhow::Error, database: &'static str, config: &Config) -> anyhow::Error {
    let is_silent = |error: &sqlx::Error| matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_));
    let name = if error.chain().any(|cause| cause.downcast_ref().is_some_and(users::ReplicaError::is_unavailable)) {
        "REPLICA_DATABASE_URL"
    } else if error.chain().any(|cause| cause.downcast_ref().is_some_and(is_silent)) {
        database
    } else {
        return error;
    };
    let place = config.describe().into_iter().find_map(|(known, place)| (known == name).then_some(place)).unwrap_or_default();
    error.context(format!("the database of {name} ({place}) does not answer"))
}

/// Prints one line of a result. A reader that went away (`| head`) is no fault.
fn print(line: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

async fn check(config: &Config) -> anyhow::Result<()> {
    for (name, value) in config.describe() {
        print(&format!("{name:<31} {value}"))?;
    }
    for advice in config.advice() {
        print(&format!("Worth a look: {advice}."))?;
    }
    print(&format!("\nBank holidays: {}\n", holidays::end_in_words(config).await))?;
    print(
        "The variables can be read. Whether anything answers at the other addresses was not tried: /health/ready says that of a running server.",
    )
}

async fn show_carrier(config: &Config, number: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        !config.carrier.is_emulated,
        "there is nothing to show of the emulated carrier: set TWILIO_MODE=live, with the account's names"
    );
    let number = PhoneNumber::of_anybody(number).context("--number is not one phone number")?;
    let shown = calls::show_carrier(&carrier::shown(config)?, number.as_e164()).await.map_err(anyhow::Error::from_boxed)?;
    print("To set up at the carrier:")?;
    for (what, address) in &shown.addresses {
        print(&format!("  {what}\n    {address}"))?;
    }
    print(&format!("  A browser's calls come from {} and the like.\n\nRequests, none of which was sent:", shown.identity))?;
    for (what, request) in &shown.requests {
        print(&format!("\n  {what}\n    {} {}", request.method, request.url))?;
        for (name, value) in &request.form {
            print(&format!("      {name:<28} {value}"))?;
        }
    }
    Ok(())
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let pool = connect_database(&config.database)?;
    crate::MIGRATOR.run(&pool).await.context("the database could not be migrated")?;
    print("The database is up to date.")
}

async fn contact(config: &Config, command: ContactCommand) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, None).await?;
    let open = |path: &std::path::Path| std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()));
    let done = match command {
        ContactCommand::Consent { file } => app.queue.import_consent(open(&file)?).await?,
        ContactCommand::Screening { file } => app.queue.import_screening(open(&file)?).await?,
    };
    print(&format!("{} lines, {} of them new.", done.lines, done.changed))
}

#[cfg(feature = "demo")]
async fn seed(config: &Config, options: &crate::cli::Seed) -> anyhow::Result<()> {
    use secrecy::ExposeSecret as _;

    anyhow::ensure!(config.environment.is_development, "people are invented in development only (ENVIRONMENT=development)");
    let url = config.claims_sim.url.as_ref().context("CLAIMS_SIM_DATABASE_URL is not set: the primary of a local claims platform")?;
    let as_of = config.environment.clock.unwrap_or_else(kernel::machine_now);
    let population = claims_sim::Population { users: options.users, seed: options.seed, as_of };
    let report = claims_sim::seed(url.expose_secret(), &population, |progress| tracing::info!("{progress}")).await?;
    print(&report.to_string())
}

async fn agents(config: &Config, command: Agents) -> anyhow::Result<()> {
    let pool = connect_database(&config.database)?;
    let (hints, outgoing) = Hints::channel();
    let telling = tokio::spawn(crate::events::send_hints(pool.clone(), outgoing));
    let clock = clock::business_clock(&pool, config.environment.clock).await?;
    let done = change_staff(&staff(&pool, &hints, &clock), command).await;
    // Dropping the last sender closes the channel; open screens are told first, also of what came before a failure.
    drop(hints);
    telling.await?;
    done
}

async fn change_staff(auth: &Auth, command: Agents) -> anyhow::Result<()> {
    match command {
        Agents::Create { email, name, role } => {
            let id = auth.create(NewAgent { email, name, role, password: read_password()? }).await.map_err(words)?;
            print(&format!("Added agent {id}."))
        }
        Agents::List => {
            for member in auth.list().await.map_err(words)? {
                let state = if member.deactivated_at.is_some() { "deactivated" } else { "active" };
                print(&format!("{}\t{}\t{}\t{}\t{state}", member.id, member.email, member.role, member.name))?;
            }
            Ok(())
        }
        Agents::Deactivate { email } => {
            auth.deactivate(&email).await.map_err(words)?;
            print("Deactivated, and signed out everywhere.")
        }
        Agents::ResetPassword { email } => {
            auth.reset_password(&email, read_password()?).await.map_err(words)?;
            print("The password is changed, and they are signed out everywhere.")
        }
        Agents::Limit { email, queues } => {
            let limit = (!queues.is_empty()).then_some(queues);
            let names = limit.as_ref().map(|queues| queues.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
            auth.limit(&email, limit).await.map_err(words)?;
            print(&format!("From their next request on they may take people from {}.", names.as_deref().unwrap_or("all queues")))
        }
        Agents::SetRole { email, role } => {
            auth.set_role(&email, role).await.map_err(words)?;
            print(&format!("The role is {role} from their next request on."))
        }
    }
}

/// A refusal is its own sentence; anything else keeps its chain of causes.
fn words(failure: auth::AuthFailure) -> anyhow::Error {
    match failure {
        auth::AuthFailure::Refused(refusal) => anyhow::anyhow!("{refusal}"),
        other => other.into(),
    }
}

/// The first line of standard input.
fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut text).context("the password could not be read from standard input")?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    anyhow::ensure!(!password.is_empty(), "the password is read from standard input, and nothing came");
    Ok(password)
}

async fn discover(config: &Config, only: Option<QueueKind>) -> anyhow::Result<()> {
    let (app, outgoing) = App::connect(config, None).await?;
    app.replica.check_account().await.context(serve::REFUSED_ACCOUNT)?;
    let telling = tokio::spawn(crate::events::send_hints(app.pool.clone(), outgoing));
    let report = app.queue.discover(queue::Order { only, ..queue::Order::default() }).await?;
    print(&format!(
        "Read {} users ({} unreadable): {} added, {} moved, {} changed, {} removed, {} kept.",
        report.users_read, report.unreadable, report.added, report.moved, report.changed, report.removed, report.kept
    ))?;
    if only.is_none() {
        for queue::Blocked { queue, rule, people } in app.queue.held_back().await? {
            print(&format!("Held back, {}: {people} by “{rule}”.", queue.label()))?;
        }
    }
    // Dropping the application closes the channel; what was announced is sent first.
    drop(app);
    telling.await?;
    Ok(())
}

async fn export(config: &Config) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, None).await?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let exported = app.queue.export(|user, queue| writeln!(out, "{user}\t{queue}")).await;
    match exported {
        Err(queue::ExportFailure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => {
            other?;
            Ok(out.flush()?)
        }
    }
}

async fn demo_clock(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(config.environment.clock.is_some(), "there is no practice clock: CLOCK is not set");
    let (app, _) = App::connect(config, None).await?;
    match app.queue.next_opening() {
        Some(opening) => clock::move_on(&app.pool, opening).await?,
        None if app.queue.hours().is_open => {}
        // The practice clock stays inside the list of bank holidays: beyond it nobody would ever be rung.
        None => anyhow::bail!("calls may be made {}", app.queue.hours().words),
    }
    let (app, _) = App::connect(config, None).await?;
    print(&format!("The practice clock shows {}.", kernel::london(app.clock.now()).format("%A %-d %B %Y, %H:%M")))
}
