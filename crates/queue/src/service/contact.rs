//! Consent and screening results come as files: the whole of a file is taken, or nothing of it.

use std::io::Read;

use chrono::{DateTime, Utc};
use csv::StringRecord;
use kernel::PhoneNumber;

use super::Queue;
use crate::store::{self, ConsentRow, ScreeningRow};

/// Problems that are told of one file.
const PROBLEMS_TOLD: usize = 20;

/// What taking a file did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Lines with something, the head left out.
    pub lines: u64,
    /// Those that changed anything.
    pub changed: u64,
}

/// Why a file was not taken; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// What is wrong with it, a sentence each, with the line.
    #[error("nothing was stored: {}", .0.join(" "))]
    Wrong(Vec<String>),
    /// It is no such file.
    #[error("the file cannot be read")]
    Unreadable(#[from] csv::Error),
    /// Our own database.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Queue {
    /// Consent to marketing calls, from a file of comma-separated values with the columns `number`, `given_at`, `source` and
    /// `withdrawn_at` (may be empty); instants in RFC 3339.
    pub async fn import_consent(&self, file: impl Read) -> Result<Import, ImportFailure> {
        let rows = read(file, ["number", "given_at", "source", "withdrawn_at"], |[number, given_at, source, withdrawn_at]| {
            let given_at = self.past(given_at)?;
            let withdrawn_at = Some(withdrawn_at).filter(|text| !text.is_empty()).map(|text| self.past(text)).transpose()?;
            if withdrawn_at.is_some_and(|at| at < given_at) {
                return Err("it was withdrawn before it was given".to_owned());
            }
            if source.is_empty() {
                return Err("source is missing: where the consent comes from".to_owned());
            }
            Ok(ConsentRow { number: self.e164(number)?, given_at, source: source.to_owned(), withdrawn_at })
        })?;
        let mut done = Import { lines: rows.len() as u64, changed: 0 };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        for row in rows {
            let is_withdrawn = match row.withdrawn_at {
                Some(at) => store::withdraw_consent(&mut transaction, &row.number, at).await?,
                None => false,
            };
            done.changed += u64::from(is_withdrawn || store::give_consent(&mut transaction, &row).await?);
        }
        transaction.commit().await?;
        tracing::info!(import.lines = done.lines, import.changed = done.changed, "consent was imported");
        Ok(done)
    }

    /// What the Telephone Preference Service says, from a file of comma-separated values with the columns `number`, `screened_at` (RFC 3339) and
    /// `is_listed` (`true` or `false`).
    pub async fn import_screening(&self, file: impl Read) -> Result<Import, ImportFailure> {
        let rows = read(file, ["number", "screened_at", "is_listed"], |[number, screened_at, is_listed]| {
            let is_listed = is_listed.parse().map_err(|_| format!("is_listed is {is_listed:?}; it is true or false"))?;
            Ok(ScreeningRow { number: self.e164(number)?, screened_at: self.past(screened_at)?, is_listed })
        })?;
        let mut done = Import { lines: rows.len() as u64, changed: 0 };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        for row in rows {
            done.changed += u64::from(store::store_screening(&mut transaction, &row).await?);
        }
        transaction.commit().await?;
        tracing::info!(import.lines = done.lines, import.changed = done.changed, "screening results were imported");
        Ok(done)
    }

    fn e164(&self, text: &str) -> Result<String, String> {
        let number = PhoneNumber::parse(text, &self.shared.numbers).map_err(|why| format!("the number cannot be rung: {why}"))?;
        Ok(number.as_e164().to_owned())
    }

    fn past(&self, text: &str) -> Result<DateTime<Utc>, String> {
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| format!("{text:?} is no instant such as 2026-11-24T10:30:00Z"))?;
        let at = at.with_timezone(&Utc);
        if at <= self.shared.clock.now() { Ok(at) } else { Err(format!("{text} is in the future")) }
    }
}

/// Every line of a file, or all that is wrong with it.
fn read<const N: usize, T>(
    file: impl Read,
    columns: [&str; N],
    parse: impl Fn([&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, ImportFailure> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let head = reader.headers()?.clone();
    let missing: Vec<&str> = columns.into_iter().filter(|column| !head.iter().any(|known| known == *column)).collect();
    if !missing.is_empty() {
        return Err(ImportFailure::Wrong(vec![format!("The head of the file has no column {}.", missing.join(", "))]));
    }
    let place = columns.map(|column| head.iter().position(|known| known == column).unwrap_or_default());
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    let mut line = StringRecord::new();
    while reader.read_record(&mut line)? {
        match parse(place.map(|at| line.get(at).unwrap_or_default())) {
            Ok(row) => rows.push(row),
            Err(why) => problems.push(format!("Line {}: {why}.", line.position().map_or(0, csv::Position::line))),
        }
    }
    if problems.is_empty() {
        return Ok(rows);
    }
    let more = problems.len().saturating_sub(PROBLEMS_TOLD);
    problems.truncate(PROBLEMS_TOLD);
    if more > 0 {
        problems.push(format!("And {more} more."));
    }
    Err(ImportFailure::Wrong(problems))
}
