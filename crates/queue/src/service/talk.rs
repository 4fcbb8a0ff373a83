//! What is read again while a talk goes on: the agent waits for just that, “have you pressed sign?”.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::CurrentAgent;
use tokio::sync::Mutex;

use super::{Queue, QueueFailure, announce};
use crate::store;
use crate::types::HandOut;

/// The claims platform is asked so often in a talk, from however many windows.
const READ_EVERY: Duration = Duration::from_secs(5);
/// What was read is forgotten when nobody has asked for so long.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

/// What was read last in an agent's talk. Locked while it is read, so that windows that ask together share one read.
pub(super) type TalkRead = Arc<Mutex<Option<(Instant, HandOut)>>>;

impl Queue {
    /// The person with whom the agent is on a call, as they are on the claims platform now, at most 5 s ago; none when there is no call. The other
    /// windows of the agent are told when something has changed.
    pub async fn talk(&self, agent: &CurrentAgent) -> Result<Option<HandOut>, QueueFailure> {
        let Some(call) = store::find_call_held(&self.shared.pool, agent.id).await? else { return Ok(None) };
        let talk = self.shared.talks.get_with(agent.id, async { TalkRead::default() }).await;
        let mut read = talk.lock().await;
        let before = read.take().filter(|(_, answer)| answer.call_id == Some(call));
        if let Some((at, answer)) = &before
            && at.elapsed() < READ_EVERY
        {
            let shared = answer.clone().older(at.elapsed());
            *read = before;
            return Ok(Some(shared));
        }
        let at = Instant::now();
        let answer = match self.current(agent).await {
            Ok(answer) => answer,
            Err(failure) => {
                *read = before;
                return Err(failure);
            }
        };
        if before.is_some_and(|(_, before)| (before.note, before.user) != (answer.note.clone(), answer.user.clone())) {
            announce(&self.shared.hints, &[agent.id]);
        }
        *read = Some((at, answer.clone()));
        Ok(Some(answer))
    }
}
