//! Commands about the days without calls.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use kernel::{london, machine_now};
use queue::{HolidaySource, QueueFailure};

use super::print;
use crate::app::{App, connect_database};
use crate::cli::HolidaysCommand;
use crate::config::Config;

pub(super) async fn holidays(config: &Config, command: HolidaysCommand) -> anyhow::Result<()> {
    let (app, outgoing) = App::connect(config, None).await?;
    match command {
        HolidaysCommand::List => {
            let view = app.queue.holiday_view().await?;
            let end = view.end.map_or_else(|| "there is no list".to_owned(), queue::british_day);
            print(&view.notice.unwrap_or_else(|| format!("The list of bank holidays ends on {end}.")))?;
            for listed in view.days {
                let source = match listed.source {
                    Some(HolidaySource::Official) => "official",
                    Some(HolidaySource::Own) => "own",
                    None => "always",
                };
                print(&format!("{}\t{}\t{source}", listed.day, listed.name))?;
            }
            Ok(())
        }
        HolidaysCommand::Import { file, reason } => {
            let text = read(&file)?;
            let name = file.file_name().map_or_else(|| "standard input".into(), |name| name.to_string_lossy());
            let telling = tokio::spawn(crate::events::send_hints(app.pool.clone(), outgoing));
            let loaded = app.queue.load_holidays(None, &text, &name, &reason).await;
            // Dropping the application closes the channel; the servers and their screens are told first.
            drop(app);
            telling.await?;
            match loaded {
                Ok(words) => print(&words),
                Err(QueueFailure::Refused(refusal)) => anyhow::bail!("{refusal}"),
                Err(failure) => Err(failure.into()),
            }
        }
    }
}

/// No more than one byte over what is taken is read: the rest would be refused all the same.
fn read(file: &Path) -> anyhow::Result<String> {
    let limit = u64::try_from(queue::LONGEST_HOLIDAY_FILE)? + 1;
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes).context("standard input could not be read")?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
        opened.take(limit).read_to_end(&mut bytes).with_context(|| format!("{} could not be read", file.display()))?;
    }
    // Bytes that are no text are no list either, and are refused as such.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Where the list in our own database ends, in words; or that it could not be asked. By the configured clock, without keeping it.
pub(super) async fn end_in_words(config: &Config) -> String {
    let today = london(config.environment.clock.unwrap_or_else(machine_now)).date();
    let found = async {
        let pool = connect_database(&config.database)?;
        let found = queue::holidays_in(&pool).await;
        pool.close().await;
        anyhow::Ok(found?)
    };
    match found.await {
        Err(_) => "the list could not be read, because DATABASE_URL does not answer or is not migrated.".to_owned(),
        Ok(list) => match (list.notice(today), list.end(today)) {
            (Some(notice), _) => notice,
            (None, end) => end.map(|end| format!("known until {}.", queue::british_day(end))).unwrap_or_default(),
        },
    }
}
