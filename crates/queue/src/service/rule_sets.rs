//! The rule sets that settings can name: those that are shipped, by their names, and those that were added, by name and version.

use scoring::{RuleSet, RuleSetName};
use sqlx::PgPool;

use super::{Queue, QueueFailure};
use crate::error::QueueError;
use crate::store;

impl Queue {
    /// What settings can name: the shipped ones first.
    pub async fn rule_sets(&self) -> Result<Vec<String>, QueueFailure> {
        let shipped = RuleSetName::ALL.iter().map(|name| name.as_str().to_owned());
        Ok(shipped.chain(store::list_rule_sets(&self.shared.pool).await?).collect())
    }

    /// The rule set that settings name so; none when there is none.
    pub async fn rule_set(&self, name: &str) -> Result<Option<RuleSet>, QueueFailure> {
        Ok(find(&self.shared.pool, name).await?)
    }

    /// Adds a rule set, as the next version of its name, and answers with what settings call it. It orders nothing until the settings name
    /// it.
    pub async fn add_rule_set(&self, mut rule_set: RuleSet) -> Result<String, QueueFailure> {
        let mut problems = rule_set.problems();
        if RuleSet::named(&rule_set.name).is_ok() {
            problems.push("The rule sets that are shipped stay as they are: give yours another name.".to_owned());
        }
        if !problems.is_empty() {
            return Err(QueueError::RuleSetRefused(problems.join(" ")).into());
        }
        let name = rule_set.name.clone();
        let mut tx = kernel::begin(&self.shared.pool).await?;
        let version = store::lock_newest_version(&mut tx, &name).await? + 1;
        rule_set.version = version.unsigned_abs();
        store::insert_rule_set(&mut tx, &name, version, &rule_set, self.shared.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(scoring.rule_set = rule_set.label(), "a rule set was added");
        Ok(rule_set.label())
    }
}

pub(super) async fn find(pool: &PgPool, name: &str) -> sqlx::Result<Option<RuleSet>> {
    match RuleSet::named(name) {
        Ok(shipped) => Ok(Some(shipped)),
        Err(_) => store::find_rule_set(pool, name).await,
    }
}
