//! Deleting recordings whose retention has passed, and no others (compliance, C11). Whatever fails, or cannot be proved, keeps them.

use kernel::{CallId, UserId};
use queue::QueueFailure;
use twilio::RecordingSid;
use users::{Proved, Replica, ReplicaError, Unproved};

use super::Calls;
use crate::rules::retention::{Kept, Known, Passed, judge};
use crate::store::{self, KeptRow};

/// Recordings that are judged on one look at the replica's lag.
const PAGE: i64 = 100;

/// What is done with those whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruning {
    /// They are only named.
    DryRun,
    /// They are deleted.
    Delete,
}

/// One recording, judged.
#[derive(Debug)]
pub struct Judged {
    /// Of which call.
    pub call: CallId,
    /// The carrier's id of it.
    pub sid: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of one.
#[derive(Debug)]
pub enum Verdict {
    /// It is kept, and why.
    Kept(Kept),
    /// Its retention has passed; nothing was done.
    WouldBeDeleted(Passed),
    /// It was deleted, here and at the carrier.
    Deleted(Passed),
    /// It was to be deleted and was not, or not everywhere; the next run tries again.
    NotDeleted(DeletionError),
}

/// Why something was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// The carrier.
    #[error("the carrier did not delete it")]
    Carrier(#[from] twilio::RestError),
    /// Its id.
    #[error("its id is none of the carrier's")]
    Sid(#[from] twilio::InvalidSid),
    /// Our store.
    #[error("the store did not delete it")]
    Store(#[from] object_store::Error),
}

/// Why nothing more was judged.
#[derive(Debug, thiserror::Error)]
pub enum RetentionFailure {
    /// The replica does not answer.
    #[error("the claims platform cannot be read, so no end can be proved: whatever was not judged yet is kept")]
    Replica(#[from] ReplicaError),
    /// The replica may be behind.
    #[error(
        "how far the claims platform's replica is behind is unknown or too much, so no end can be proved: whatever was not judged yet is kept"
    )]
    Behind,
    /// The settings.
    #[error("the settings cannot be read")]
    Settings(#[from] QueueFailure),
    /// The database.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Nobody took what was told.
    #[error("the output failed")]
    Output(#[from] std::io::Error),
    /// Nothing there.
    #[error("there is no such call, or no recording of it that could be deleted")]
    NoRecording,
    /// Holds say why.
    #[error("say why, for whoever asks later")]
    ReasonNeeded,
    /// A wrong id, most likely.
    #[error("nobody is known by that id, neither on the claims platform nor from our calls: nothing was put on record")]
    Unknown,
    /// There is a hold.
    #[error("a complaint or proceedings are on record for this person already")]
    HeldAlready,
    /// There is none.
    #[error("no complaint and no proceedings are on record as going on for this person")]
    NotHeld,
}

impl Calls {
    /// Judges every recording, tells of each, and deletes those whose retention has passed. Ends at once when the claims platform cannot be
    /// believed: everything else is kept.
    pub async fn prune_recordings(
        &self,
        replica: &Replica,
        pruning: Pruning,
        mut tell: impl FnMut(&Judged) -> std::io::Result<()>,
    ) -> Result<(), RetentionFailure> {
        let mut after = String::new();
        loop {
            let rows = store::list_kept(&self.shared.pool, &after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after.clone_from(&last.sid);
            for judged in self.judge_rows(replica, rows, pruning).await? {
                tell(&judged)?;
            }
        }
    }

    /// The recordings of one call: deleted if their time has come, or why they are kept.
    pub async fn delete_recording(&self, replica: &Replica, call: CallId) -> Result<Vec<Judged>, RetentionFailure> {
        let rows = store::list_kept_of(&self.shared.pool, call).await?;
        if rows.is_empty() {
            return Err(RetentionFailure::NoRecording);
        }
        self.judge_rows(replica, rows, Pruning::Delete).await
    }

    /// Puts on record that a complaint or proceedings go on: nothing of the person's is deleted until they have ended.
    ///
    /// Answers the person's name where the claims platform tells it. Somebody of whom neither it nor our calls know is refused: another
    /// person's recordings would go on being deleted.
    pub async fn hold_recordings(&self, user: UserId, reason: &str) -> Result<Option<String>, RetentionFailure> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(RetentionFailure::ReasonNeeded);
        }
        let name = self.shared.queue.names_of(&[user]).await.remove(&user);
        if name.is_none() && !store::has_calls(&self.shared.pool, user).await? {
            return Err(RetentionFailure::Unknown);
        }
        let is_new = store::insert_hold(&self.shared.pool, user, reason, self.shared.queue.now()).await?;
        if is_new { Ok(name) } else { Err(RetentionFailure::HeldAlready) }
    }

    /// Puts on record that they have ended, now: the months run from then.
    pub async fn release_recordings(&self, user: UserId) -> Result<(), RetentionFailure> {
        let had_one = store::end_hold(&self.shared.pool, user, self.shared.queue.now()).await?;
        if had_one { Ok(()) } else { Err(RetentionFailure::NotHeld) }
    }

    async fn judge_rows(&self, replica: &Replica, rows: Vec<KeptRow>, pruning: Pruning) -> Result<Vec<Judged>, RetentionFailure> {
        let (months, max_lag_millis) = self.shared.queue.retention().await?;
        match replica.sample_lag(max_lag_millis).await? {
            Some(lag) if lag.millis <= max_lag_millis => {}
            _ => return Err(RetentionFailure::Behind),
        }
        let mut judged = Vec::with_capacity(rows.len());
        for row in rows {
            let verdict = self.judge_row(&replica.within(max_lag_millis), &row, months, pruning).await?;
            judged.push(Judged { call: row.call, sid: row.sid, verdict });
        }
        Ok(judged)
    }

    async fn judge_row(&self, replica: &Proved<'_>, row: &KeptRow, months: u32, pruning: Pruning) -> Result<Verdict, RetentionFailure> {
        let Some(path) = &row.object_path else { return Ok(Verdict::Kept(Kept::NotFetched)) };
        let read = match row.user {
            Some(user) => replica.claim_ends(user).await,
            None => Ok(None),
        };
        let claims = match read {
            Ok(claims) => claims,
            Err(Unproved { error: Some(error), .. }) if error.is_of_one_row() => return Ok(Verdict::Kept(Kept::CannotRead)),
            Err(Unproved { error: Some(error), .. }) => return Err(error.into()),
            Err(Unproved { error: None, .. }) => return Err(RetentionFailure::Behind),
        };
        let known =
            Known { claims: claims.as_deref(), call_ended_at: row.call_ended_at, is_held: row.is_held, hold_ended_at: row.hold_ended_at };
        let now = self.shared.queue.now();
        let passed = match judge(&known, months, now) {
            Err(kept) => return Ok(Verdict::Kept(kept)),
            Ok(passed) if pruning == Pruning::DryRun => return Ok(Verdict::WouldBeDeleted(passed)),
            Ok(passed) => passed,
        };
        if !store::decide_deletion(&self.shared.pool, row, &passed, claims.as_deref().unwrap_or_default(), now).await? {
            return Ok(Verdict::Kept(Kept::OnHold));
        }
        if let Err(error) = self.forget(&row.sid, path).await {
            tracing::warn!(call.id = %row.call, recording.sid = row.sid, error.message = %error, "a recording could not be deleted");
            return Ok(Verdict::NotDeleted(error));
        }
        store::set_deleted(&self.shared.pool, &row.sid, now).await?;
        tracing::info!(call.id = %row.call, recording.sid = row.sid, "a recording was deleted after its retention");
        Ok(Verdict::Deleted(passed))
    }

    /// At the carrier first: what is left behind after a failure is ours, and is seen.
    async fn forget(&self, sid: &str, path: &str) -> Result<(), DeletionError> {
        if let Some(telephone) = &self.shared.telephone {
            telephone.client.delete_recording(&sid.parse::<RecordingSid>()?).await?;
        }
        Ok(self.shared.recordings.forget(path).await?)
    }
}
