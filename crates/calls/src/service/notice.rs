//! The person is told at the start that the call is recorded: the first line of the script, ticked (compliance, C10).

use auth::CurrentAgent;
use chrono::{DateTime, Utc};
use kernel::CallId;

use super::attempts::told;
use super::{Calls, CallsFailure};
use crate::error::CallsError;
use crate::store;
use crate::types::{CallView, ToldNotice};

impl Calls {
    /// Notes that the agent has told the person, or that they ticked it by mistake; while they talk.
    pub(crate) async fn give_notice(&self, agent: &CurrentAgent, call: CallId, is_given: bool) -> Result<CallView, CallsFailure> {
        if !store::set_notice(&self.shared.pool, agent.id, call, is_given, self.shared.queue.now()).await? {
            self.own(agent, call).await?;
            return Err(CallsError::NotTalking.into());
        }
        self.tell(agent.id);
        self.find(agent, call).await
    }

    /// Whether the person of this call was told, for the history.
    pub(super) async fn notice_of(&self, call: CallId, now: DateTime<Utc>) -> Result<Option<ToldNotice>, CallsFailure> {
        let found = store::find_notice(&self.shared.pool, call).await?;
        Ok(found.map(|(words, given_at)| ToldNotice { words, given_at: given_at.map(|at| told(at, now)) }))
    }
}
