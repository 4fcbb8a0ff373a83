//! Whose number is read in another way than before letters, two numbers in one field and the like were refused.

mod old_reading;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use kernel::{NumberPolicy, PhoneNumber, UserId, london};
use queue::NumberRecord;
use queue::rules::SuppressionKind;

use super::print;
use crate::app::App;
use crate::config::Config;
use crate::serve;

/// Users read at a time.
const PAGE: u32 = 2_000;

const HEAD: &str = "user\told number\tnew number\twhy there is none\told number last rung\tobjections to the old number\tconsent on the old number\tscreening of the old number\ton the claims platform";

/// Somebody whose number is read in another way now.
struct Change {
    user: UserId,
    raw: String,
    old: Option<String>,
    new: Result<String, kernel::InvalidPhoneNumber>,
}

/// Lists everybody whose number is read in another way now, with what stands on the number that they were taken for. Changes nothing.
pub(super) async fn check(config: &Config) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, None).await?;
    app.replica.check_account().await.context(serve::REFUSED_ACCOUNT)?;
    let policy = config.environment.numbers();
    let (mut after, mut read, mut changed, mut rung) = (0, 0_u64, 0_u64, 0_u64);
    print(HEAD)?;
    loop {
        let page = app.replica.numbers(after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.get();
        read += page.len() as u64;
        let differing: Vec<Change> = page.into_iter().filter_map(|(user, raw)| change(user, raw?, &policy)).collect();
        let old: Vec<String> = differing.iter().filter_map(|change| change.old.clone()).collect();
        let records = app.queue.records_of(&old).await?;
        for change in differing {
            let record = change.old.as_ref().and_then(|old| records.get(old)).cloned().unwrap_or_default();
            changed += 1;
            rung += u64::from(record.last_rung_at.is_some());
            print(&line(&change, &record))?;
        }
    }
    print(&format!("Read {read} users: the number of {changed} is read in another way, and {rung} of their old numbers have been rung."))
}

fn change(user: UserId, raw: String, policy: &NumberPolicy) -> Option<Change> {
    let old = old_reading::parse(&raw, policy);
    let new = PhoneNumber::parse(&raw, policy).map(|number| number.as_e164().to_owned());
    (old.as_deref() != new.as_deref().ok()).then_some(Change { user, raw, old, new })
}

fn line(change: &Change, record: &NumberRecord) -> String {
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let objections = record.objections.iter().map(|(kind, since, until)| format!("{} {}", kind_word(*kind), span(*since, *until)));
    let consents = record.consents.iter().map(|(given_at, withdrawn_at)| span(*given_at, *withdrawn_at));
    let screening = record.screening.map(|(at, is_listed)| format!("{} {}", if is_listed { "listed" } else { "not listed" }, time(at)));
    [
        change.user.to_string(),
        or_none(change.old.clone().unwrap_or_default()),
        or_none(change.new.clone().unwrap_or_default()),
        change.new.as_ref().err().map(ToString::to_string).unwrap_or_default(),
        record.last_rung_at.map_or_else(|| "never".to_owned(), time),
        or_none(objections.collect::<Vec<_>>().join("; ")),
        or_none(consents.collect::<Vec<_>>().join("; ")),
        or_none(screening.unwrap_or_default()),
        // Marks that nobody sees are written out, and no tab is in it.
        format!("{:?}", change.raw),
    ]
    .join("\t")
}

const fn kind_word(kind: SuppressionKind) -> &'static str {
    match kind {
        SuppressionKind::DoNotContact => "do not contact",
        SuppressionKind::BadNumber => "wrong number",
        SuppressionKind::OptedOut => "opted out",
    }
}

fn span(from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> String {
    let from = time(from);
    until.map_or_else(|| format!("since {from}"), |until| format!("from {from} until {}", time(until)))
}

/// In London.
fn time(at: DateTime<Utc>) -> String {
    london(at).format("%Y-%m-%d %H:%M").to_string()
}
