//! Legs that are to end: at once, and again until the carrier says that they have.

use chrono::TimeDelta;
use kernel::CallId;
use twilio::{CallSid, CallStatus, CallStatusEvent, CallUpdate};

use super::course::log_failure;
use super::{Calls, CallsFailure};
use crate::store;

/// A call that the carrier has not spoken of for so long is asked about. Longer than it rings.
const SILENCE: TimeDelta = TimeDelta::seconds(45);
/// A leg that outlives its call for so long is hung up again.
const LINGERING: TimeDelta = TimeDelta::seconds(3);

impl Calls {
    /// Hangs up whoever is still on the line, without waiting.
    pub(super) fn hang_up_legs_soon(&self, call: CallId) {
        let calls = self.clone();
        tokio::spawn(async move {
            match store::list_legs(&calls.shared.pool, call).await {
                Ok(legs) => {
                    for leg in legs.iter().filter(|leg| leg.ended_at.is_none()) {
                        calls.hang_up_leg(call, &leg.sid).await;
                    }
                }
                Err(error) => log_failure(call, &error.into()),
            }
        });
    }

    /// Hangs up legs that outlive their calls, because an event or a request was lost.
    pub async fn end_lingering_legs(&self) -> Result<(), CallsFailure> {
        if self.shared.telephone.is_none() {
            return Ok(());
        }
        for (call, sid) in store::list_live_legs_of_ended(&self.shared.pool, self.shared.queue.now() - LINGERING).await? {
            self.hang_up_leg(call, &sid).await;
        }
        Ok(())
    }

    /// Asks the carrier about calls that it has not spoken of for a while: an event may be lost (lessons, line 14).
    pub async fn reconcile(&self) -> Result<(), CallsFailure> {
        let Ok(telephone) = self.telephone() else { return Ok(()) };
        for row in store::list_live(&self.shared.pool, self.shared.queue.now() - SILENCE).await? {
            for leg in store::list_legs(&self.shared.pool, row.id).await?.into_iter().filter(|leg| leg.ended_at.is_none()) {
                let Ok(sid) = leg.sid.parse::<CallSid>() else { continue };
                let kept = match telephone.client.call(&sid).await {
                    Ok(kept) => kept,
                    Err(error) => {
                        tracing::warn!(call.id = %row.id, error.message = %error, "the carrier could not be asked about a call; it is asked again");
                        continue;
                    }
                };
                // A leg that the carrier does not know any more is over.
                let status = kept.as_ref().map_or(Some(CallStatus::Failed), |kept| kept.status.clone());
                let Some(status) = status.filter(CallStatus::is_final) else { continue };
                tracing::warn!(call.id = %row.id, leg.sid = %sid, leg.status = %status, "the carrier had not said that a leg was over");
                let event = CallStatusEvent {
                    call_sid: Some(sid),
                    call_status: Some(status),
                    call_duration_seconds: kept.and_then(|kept| kept.duration_seconds),
                    ..CallStatusEvent::default()
                };
                self.leg_event(Some(row.id), &event).await?;
            }
        }
        Ok(())
    }

    async fn hang_up_leg(&self, call: CallId, sid: &str) {
        if let Err(error) = self.try_hang_up(sid).await {
            tracing::warn!(call.id = %call, leg.sid = sid, error.message = %error, "a leg could not be hung up; it is tried again");
        }
    }

    async fn try_hang_up(&self, sid: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let telephone = self.telephone()?;
        let parsed: CallSid = sid.parse()?;
        match telephone.client.update_call(&parsed, &CallUpdate::Completed).await {
            // The carrier's event says that it has ended.
            Ok(_) => Ok(()),
            // Over already, most likely: then its end is what was missed.
            Err(error @ twilio::RestError::Refused { .. }) => {
                let leg = telephone.client.call(&parsed).await?;
                match leg.map(|leg| (leg.status.clone(), leg)) {
                    None => store::end_leg(&self.shared.pool, sid, "unknown", None, self.shared.queue.now()).await?,
                    Some((Some(status), _)) if status.is_final() => {
                        store::end_leg(&self.shared.pool, sid, &status.to_string(), None, self.shared.queue.now()).await?;
                    }
                    Some(_) => return Err(error.into()),
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
