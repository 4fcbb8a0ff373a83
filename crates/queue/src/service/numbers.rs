//! What we have on record about a number, whomever we took it for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::Queue;
use crate::rules::SuppressionKind;
use crate::store;

/// What we have on record about one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberRecord {
    /// When we last rang it.
    pub last_rung_at: Option<DateTime<Utc>>,
    /// Objections to it, the oldest first: the kind, since when, and until when.
    pub objections: Vec<(SuppressionKind, DateTime<Utc>, Option<DateTime<Utc>>)>,
    /// Consent to marketing calls on it, the oldest first: since when, and until when.
    pub consents: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    /// When the Telephone Preference Service was asked about it, and whether it is listed.
    pub screening: Option<(DateTime<Utc>, bool)>,
}

impl Queue {
    /// What we have on record about these numbers (E.164); those that nothing is known of are left out.
    pub async fn records_of(&self, numbers: &[String]) -> sqlx::Result<HashMap<String, NumberRecord>> {
        let pool = &self.shared.pool;
        let mut records: HashMap<String, NumberRecord> = HashMap::new();
        for row in store::list_rung(pool, numbers).await? {
            records.entry(row.number).or_default().last_rung_at = Some(row.last_rung_at);
        }
        for row in store::list_objections_to(pool, numbers).await? {
            records.entry(row.number).or_default().objections.push((row.kind, row.created_at, row.ends_at));
        }
        for row in store::list_consent_on(pool, numbers).await? {
            records.entry(row.number).or_default().consents.push((row.given_at, row.withdrawn_at));
        }
        for row in store::list_screened(pool, numbers).await? {
            records.entry(row.number).or_default().screening = Some((row.screened_at, row.is_listed));
        }
        Ok(records)
    }
}
