//! The catalogue of dispositions: looking at it and editing it. It is read at each wrap-up, so that a change holds from the next call on.

use auth::CurrentAgent;
use kernel::Hint;

use super::attempts::told;
use super::{Calls, CallsFailure};
use crate::error::CallsError;
use crate::store::{self, DispositionRow};
use crate::types::{Catalogue, CatalogueChange, CatalogueEntry, Disposition, DispositionEdit};

/// Changes shown.
const HISTORY: i64 = 50;

impl Calls {
    /// The catalogue as administrators see it, with what was changed about it.
    pub(crate) async fn catalogue_view(&self) -> Result<Catalogue, CallsFailure> {
        let now = self.shared.queue.now();
        let entries = store::list_dispositions(&self.shared.pool).await?.into_iter().map(entry).collect();
        let changes = store::list_changes(&self.shared.pool, HISTORY).await?;
        let changes = changes.into_iter().map(|row| CatalogueChange {
            at: told(row.changed_at, now),
            by: row.changed_by.unwrap_or_else(|| "somebody".to_owned()),
            label: row.after.0.label.clone(),
            changes: row.after.0.changes(&row.before.0),
        });
        Ok(Catalogue { entries, changes: changes.collect() })
    }

    /// Stores an edit that was made from `version`, with who made it, in one transaction. Refused when somebody else changed the row since, and
    /// when anything in it cannot be.
    pub(crate) async fn change_disposition(
        &self,
        agent: &CurrentAgent,
        disposition: Disposition,
        edit: DispositionEdit,
        version: i32,
    ) -> Result<Catalogue, CallsFailure> {
        let edit = edit.tidied();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let entries: Vec<CatalogueEntry> = store::lock_dispositions(&mut transaction).await?.into_iter().map(entry).collect();
        let holding = entries.iter().find(|entry| entry.disposition == disposition);
        let holding = holding.ok_or(CallsFailure::NoDisposition(disposition.as_str()))?;
        if holding.version != version {
            return Err(CallsError::CatalogueChanged(holding.edit.in_words()).into());
        }
        if let Some(problem) = edit.problems(holding, &entries).into_iter().next() {
            return Err(CallsError::from(problem).into());
        }
        if holding.edit == edit {
            return Err(CallsError::NothingChanged.into());
        }
        let now = self.shared.queue.now();
        if holding.edit.position != edit.position {
            store::move_disposition(&mut transaction, disposition, holding.edit.position, edit.position).await?;
        }
        store::update_disposition(&mut transaction, disposition, &edit).await?;
        store::insert_change(&mut transaction, disposition, (&holding.edit, &edit), agent.id, now).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, call.disposition = disposition.as_str(), "the catalogue of outcomes was changed");
        self.shared.hints.send(Hint::Queues);
        self.catalogue_view().await
    }
}

fn entry(row: DispositionRow) -> CatalogueEntry {
    CatalogueEntry {
        disposition: row.code,
        version: row.version,
        edit: DispositionEdit {
            label: row.label,
            position: row.position,
            key: row.key.and_then(|key| u8::try_from(key).ok()),
            delay_hours: row.delay_hours,
            needs_note: row.needs_note,
            needs_time: row.needs_time,
            replaces_cooling_off: row.replaces_cooling_off,
            wants_review: row.wants_review,
            also: row.also,
            is_offered: row.is_offered,
        },
        is_reached: row.is_reached,
        is_failed: row.is_failed,
        suppresses: row.suppresses,
        is_system: row.is_system,
    }
}
