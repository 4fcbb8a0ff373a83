//! Commands about recordings and how long they are kept.

use anyhow::Context as _;
use calls::{Judged, Pruning, Verdict};

use super::print;
use crate::app::App;
use crate::cli::RecordingsCommand;
use crate::config::Config;
use crate::{carrier, serve};

pub(super) async fn recordings(config: &Config, command: RecordingsCommand) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, carrier::for_commands(config)?).await?;
    match command {
        RecordingsCommand::Prune { dry_run } => prune(&app, if dry_run { Pruning::DryRun } else { Pruning::Delete }).await,
        RecordingsCommand::Delete { call } => {
            check_account(&app).await?;
            for judged in app.calls.delete_recording(&app.replica, call).await? {
                match &judged.verdict {
                    Verdict::Kept(kept) => anyhow::bail!("refused: {}", kept.words()),
                    Verdict::NotDeleted(error) => anyhow::bail!("{error}; try again"),
                    Verdict::Deleted(_) | Verdict::WouldBeDeleted(_) => print(&line(&judged))?,
                }
            }
            Ok(())
        }
        RecordingsCommand::Hold { user, reason } => {
            let name = app.calls.hold_recordings(user, &reason).await?;
            let whom = name.map_or_else(|| format!("user {user}"), |name| format!("{name}, user {user}"));
            print(&format!(
                "On record for {whom}. Nothing of theirs is deleted until `dialler recordings release {user}` says that it has ended."
            ))
        }
        RecordingsCommand::Release { user } => {
            app.calls.release_recordings(user).await?;
            print("On record as ended now; the months of the settings run from here.")
        }
    }
}

/// As for a discovery: whoever can write to the claims platform could have written the proof.
async fn check_account(app: &App) -> anyhow::Result<()> {
    app.replica.check_account().await.context(serve::REFUSED_ACCOUNT)
}

async fn prune(app: &App, pruning: Pruning) -> anyhow::Result<()> {
    check_account(app).await?;
    let (mut deleted, mut kept, mut failed) = (0, 0, 0);
    let done = app
        .calls
        .prune_recordings(&app.replica, pruning, |judged| {
            match judged.verdict {
                Verdict::Deleted(_) | Verdict::WouldBeDeleted(_) => deleted += 1,
                Verdict::Kept(_) => kept += 1,
                Verdict::NotDeleted(_) => failed += 1,
            }
            print(&line(judged)).map_err(std::io::Error::other)
        })
        .await;
    let verb = if pruning == Pruning::DryRun { "would be deleted" } else { "deleted" };
    print(&format!("{deleted} {verb}, {kept} kept, {failed} not deleted."))?;
    done?;
    anyhow::ensure!(failed == 0, "{failed} recordings were to be deleted and were not, or not everywhere; run it again");
    Ok(())
}

/// A call's id, and what came of its recording: nothing personal.
fn line(judged: &Judged) -> String {
    let words = match &judged.verdict {
        Verdict::Kept(kept) => format!("kept: {}", kept.words()),
        Verdict::WouldBeDeleted(passed) => format!("would be deleted: its retention ended on {}", passed.kept_until.format("%-d %B %Y")),
        Verdict::Deleted(passed) => format!("deleted: its retention ended on {}", passed.kept_until.format("%-d %B %Y")),
        Verdict::NotDeleted(error) => format!("not deleted: {error}"),
    };
    format!("{}\t{words}", judged.call)
}
