//! What can be typed.

use std::path::PathBuf;

use auth::Role;
use clap::{Args, Parser, Subcommand};
use kernel::{CallId, QueueKind, UserId};

/// The dialler: the right person, once, only when the call is still needed.
///
/// Everything is configured by environment variables; `.env.example` lists them all, and `dialler config check` says
/// what is wrong with them. Times are Europe/London where people read them.
#[derive(Debug, Parser)]
#[command(name = "dialler", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the product: pages, server functions, events and, unless told not to, the background jobs.
    ///
    /// The database must be migrated (`dialler migrate`). Listens on BIND_ADDRESS; people reach it at PUBLIC_BASE_URL.
    /// The replica may be away: then nobody is handed out, and the screens say so.
    Serve(Serve),
    /// Run only the background jobs: leases that run out, sessions that end, decisions to be sealed. For machines that serve nothing.
    Worker,
    /// Bring the PostgreSQL database up to date. Forward only; running it again changes nothing.
    Migrate,
    /// Fill an empty local claims platform with invented people, for development.
    ///
    /// Writes to CLAIMS_SIM_DATABASE_URL, which must be on this machine; creates the database when it is missing, takes
    /// an existing empty one, and refuses one that holds anything already. The same seed always makes the same people.
    #[cfg(feature = "demo")]
    Seed(Seed),
    /// Add, list and change staff.
    #[command(subcommand)]
    Agents(Agents),
    /// Read the whole replica once and bring the queues up to date: who came in, moved, left.
    ///
    /// Safe at any time, also while agents work; people under a lease are left alone. Only one runs at a time, over all
    /// servers. Prints what it did.
    Discover {
        /// Only this queue (`unsigned_users` or `outstanding_requests`): who neither waits nor belongs in it is left alone.
        #[arg(long)]
        queue: Option<QueueKind>,
    },
    /// Look into the queues.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Put consent and screening results on record, from files. They hold from the next request on.
    #[command(subcommand)]
    Contact(ContactCommand),
    /// Look at the phone numbers on the claims platform.
    #[command(subcommand)]
    Numbers(NumbersCommand),
    /// The days without calls: print them, load the official list of bank holidays from a file.
    #[command(subcommand)]
    Holidays(HolidaysCommand),
    /// Print one dial decision with everything it rested on, and verify its hash and its place in the chain.
    ///
    /// Ends with a failure when anything does not match.
    Decision {
        /// The decision's id, a UUID; or its last eight digits as a screen shows them, such as "c5fb 2640".
        #[arg(required = true)]
        id: Vec<String>,
    },
    /// Verify the chain of all decisions, export its heads, erase a person from it.
    #[command(subcommand)]
    Decisions(DecisionsCommand),
    /// Delete recordings whose retention has passed, and say of each other one why it is kept.
    #[command(subcommand)]
    Recordings(RecordingsCommand),
    /// The rule sets that order the queues: list them, print one, add one.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Look at what goes to the carrier.
    #[command(subcommand)]
    Twilio(TwilioCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Move the practice clock on to the next opening hour, when it is closed. For the demo; never moves back.
    #[command(hide = true)]
    DemoClock,
}

impl Command {
    /// The variable of the database that the command writes to.
    pub(crate) fn database(&self) -> &'static str {
        match self {
            #[cfg(feature = "demo")]
            Self::Seed(_) => "CLAIMS_SIM_DATABASE_URL",
            _ => "DATABASE_URL",
        }
    }
}

/// What to show of the carrier.
#[derive(Debug, Subcommand)]
pub enum TwilioCommand {
    /// Print every request that a call can send to the carrier, without sending any, and the addresses to set up there.
    ///
    /// For TWILIO_MODE=live; made-up credentials will do. Nothing goes out, and no secret is printed.
    Check {
        /// Whom the requests would ring, in E.164; an invented number unless it is said.
        #[arg(long, value_name = "N", default_value = "+447700900001")]
        number: String,
    },
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// The folder with the built front end.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    pub site: PathBuf,
    /// Leave the background jobs to `dialler worker` on another machine.
    #[arg(long)]
    pub without_jobs: bool,
}

/// What to invent.
#[derive(Debug, Args)]
pub struct Seed {
    /// How many users; three claims and four requirements each on average.
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub users: u64,
    /// Which invented people: any number.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

/// What to do with staff. Passwords are read from standard input, so that they stand in no list of processes.
#[derive(Debug, Subcommand)]
pub enum Agents {
    /// Add somebody. The password comes on standard input, for example `dialler agents create … < password.txt`.
    Create {
        /// The work e-mail, which is the sign-in.
        #[arg(long, value_name = "E")]
        email: String,
        /// The whole name.
        #[arg(long, value_name = "N")]
        name: String,
        /// agent, supervisor or admin.
        #[arg(long, value_name = "R")]
        role: Role,
    },
    /// Everybody who is or was on the staff.
    List,
    /// End somebody's access at once, on every browser. Their records stay.
    Deactivate {
        /// The work e-mail.
        #[arg(long, value_name = "E")]
        email: String,
    },
    /// Set a new password, read from standard input, and sign them out everywhere.
    ResetPassword {
        /// The work e-mail.
        #[arg(long, value_name = "E")]
        email: String,
    },
    /// Limit somebody to some queues, from their next request on; without --queue, lift the limit.
    Limit {
        /// The work e-mail.
        #[arg(long, value_name = "E")]
        email: String,
        /// callbacks, unsigned_users or outstanding_requests; again for each.
        #[arg(long = "queue", value_name = "Q")]
        queues: Vec<QueueKind>,
    },
    /// Set what somebody may do, from their next request on.
    SetRole {
        /// The work e-mail.
        #[arg(long, value_name = "E")]
        email: String,
        /// agent, supervisor or admin.
        #[arg(long, value_name = "R")]
        role: Role,
    },
}

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Everybody who waits: user id, a tab, the queue; one line each, by user id.
    Export,
}

/// What to put on record. The whole of a file is taken, or nothing of it; the same file again changes nothing.
#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// Consent to marketing calls: comma-separated values with the head number,given_at,source,withdrawn_at.
    Consent {
        /// The file. Instants such as 2026-11-24T10:30:00Z; withdrawn_at may be empty.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// What the Telephone Preference Service says: comma-separated values with the head number,screened_at,is_listed.
    Screening {
        /// The file. is_listed is true or false.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum NumbersCommand {
    /// List everybody whose number is read in another way than by releases up to 0.1.0, which took letters for digits. Changes nothing.
    ///
    /// Reads the whole replica. One line each, parted by tabs: the user's id, the old number and the new one (or "none", and why), when the old
    /// one was last rung by us, the objections, consent and screening on record for it, and what the claims platform has. Numbers are printed
    /// in full: the list is for an administrator, and is not to be left lying about. docs/numbers.md says what to do with it.
    Check,
}

/// What to do with the list of bank holidays. Days beyond its end are closed, so it has to be loaded anew before that.
#[derive(Debug, Subcommand)]
pub enum HolidaysCommand {
    /// Print where the list ends, then the days from this year on: day, a tab, name, a tab, official, own or always; one line each.
    List,
    /// Load <https://www.gov.uk/bank-holidays.json> from a file. It counts at once, on every server.
    ///
    /// The days of England and Wales in it take the place of the official ones of the same years, from this year on. The whole of the file is
    /// taken, or nothing of it. An administrator can do the same on the page Settings, and add days of your own.
    Import {
        /// The file; `-` reads standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Why, for the list of changes.
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
}

/// What to do with the records of decisions.
#[derive(Debug, Subcommand)]
pub enum DecisionsCommand {
    /// Walk the whole chain of blocks and every record in it; says the first fault and ends with a failure if there is one.
    Verify {
        /// A file of heads that were kept elsewhere, as `dialler decisions heads` prints them. Without it, a chain that was cut short, or
        /// written anew from some block on, cannot be told from a whole one.
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
    /// The last block of every day: day, a tab, block number, a tab, hash; one line each. To be kept outside this database.
    Heads,
    /// Delete the personal facts of every decision about somebody. Cannot be undone; the records and their proof stay.
    ErasePerson {
        /// The user's id on the claims platform.
        #[arg(value_name = "USER_ID")]
        user: UserId,
    },
}

/// What to do with recordings. One is kept for the months of the settings, at least twelve, after the latest of the ends of the person's
/// claims, of complaints and proceedings on record, and of the call itself. What cannot be proved to have ended has not.
#[derive(Debug, Subcommand)]
pub enum RecordingsCommand {
    /// Judge every recording and delete those whose retention has passed, here and at the carrier. One line each: call, a tab, what came of it.
    ///
    /// Ends with a failure, and keeps whatever it has not judged yet, when the claims platform does not answer or its replica is too far behind.
    Prune {
        /// Delete nothing; say what would be deleted.
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete the recording of one call; refused before its time.
    Delete {
        /// The call's id, as the address of its page in the history has it.
        call: CallId,
    },
    /// Put on record that a complaint or proceedings go on about somebody: their recordings are kept. The claims platform does not know it.
    Hold {
        /// The user's id on the claims platform.
        user: UserId,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
    /// Put on record that they have ended, now. The months run anew.
    Release {
        /// The user's id on the claims platform.
        user: UserId,
    },
}

/// What to do with rule sets.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Print what the settings can name: the shipped ones, then those that were added, as name/version.
    List,
    /// Print a rule set as JSON, to begin one of your own with.
    Show {
        /// As `dialler rules list` prints it.
        name: String,
    },
    /// Add the rule set in a file as the next version of its name. Nothing is ordered by it until an administrator chooses it.
    Add {
        /// JSON, as `dialler rules show` prints it; `-` reads standard input.
        file: PathBuf,
    },
}

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read every variable and report all problems at once; prints what they are, without secrets.
    ///
    /// Says where the list of bank holidays ends, if our own database answers. Nothing else is connected to.
    Check,
}
