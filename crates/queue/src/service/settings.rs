//! Looking at the settings and changing them. A change is a new version; the old ones are kept, with who made them and why.

use auth::CurrentAgent;
use kernel::{Hint, display_time};

use super::{Queue, QueueFailure};
use crate::error::QueueError;
use crate::settings::{Settings, differences, problems};
use crate::store;
use crate::types::{SettingsChange, SettingsView};

/// Versions shown.
const HISTORY: i64 = 50;
/// Characters a reason may have.
const LONGEST_REASON: usize = 300;

impl Queue {
    /// What holds, and how it came to hold.
    pub async fn settings_view(&self) -> Result<SettingsView, QueueFailure> {
        let now = self.shared.clock.now();
        let holding = self.fresh_settings().await?;
        // One more than is shown: what the last one changed is seen from the one before.
        let rows = store::list_settings(&self.shared.pool, HISTORY + 1).await?;
        let names = self.shared.auth.names().await?;
        let history = rows
            .iter()
            .enumerate()
            .map(|(at, row)| SettingsChange {
                version: row.version,
                at: display_time(row.created_at, now),
                by: row.created_by.and_then(|by| names.get(&by).cloned()),
                reason: row.reason.clone(),
                changes: rows.get(at + 1).map(|before| differences(&before.settings, &row.settings)).unwrap_or_default(),
            })
            .take(usize::try_from(HISTORY).unwrap_or(usize::MAX))
            .collect();
        Ok(SettingsView { version: holding.version, settings: holding.settings.clone(), rule_sets: self.rule_sets().await?, history })
    }

    /// Stores new settings, made from `version`; they hold from the next request on, on every server. Refused when somebody else changed
    /// them since, and when anything in them is out of bounds: then nothing is changed.
    pub async fn change_settings(&self, agent: &CurrentAgent, settings: Settings, version: i32, reason: &str) -> Result<i32, QueueFailure> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(QueueError::ReasonNeeded.into());
        }
        if reason.chars().count() > LONGEST_REASON {
            return Err(QueueError::NoteTooLong(LONGEST_REASON).into());
        }
        let mut wrong = problems(&settings);
        if super::rule_sets::find(&self.shared.pool, &settings.rule_set).await?.is_none() {
            wrong.push("There is no such rule set.".to_owned());
        }
        if !wrong.is_empty() {
            return Err(QueueError::SettingsRefused(wrong.join(" ")).into());
        }
        let holding = self.fresh_settings().await?;
        if holding.version != version {
            return Err(QueueError::SettingsChanged.into());
        }
        if holding.settings == settings {
            return Err(QueueError::NothingChanged.into());
        }
        let now = self.shared.clock.now();
        if !store::insert_settings(&self.shared.pool, version + 1, &settings, agent.id, reason, now).await? {
            return Err(QueueError::SettingsChanged.into());
        }
        self.fresh_settings().await?;
        tracing::info!(agent.id = %agent.id, settings.version = version + 1, "the settings were changed");
        // Every server learns the settings when it hears this.
        self.shared.hints.send(Hint::Everything);
        Ok(version + 1)
    }
}
