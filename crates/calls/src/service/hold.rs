//! Hold: the person hears music, and nobody hears them.

use auth::CurrentAgent;
use kernel::CallId;
use twilio::{CallSid, ParticipantKey, ParticipantUpdate, twiml};

use super::course::PERSON;
use super::{Calls, CallsFailure, Telephone};
use crate::error::CallsError;
use crate::store;
use crate::types::{CallState, CallView};

/// What a person on hold hears, below our own address.
const MUSIC: &str = "/sounds/hold.wav";

impl Calls {
    /// Puts the person of the agent's talk on hold, or takes them off. What is shown afterwards is what the carrier has confirmed.
    pub(crate) async fn hold(&self, agent: &CurrentAgent, call: CallId, is_held: bool) -> Result<CallView, CallsFailure> {
        let telephone = self.telephone()?;
        let row = self.own(agent, call).await?;
        if row.state != CallState::Connected {
            return Err(CallsError::NotTalking.into());
        }
        let legs = store::list_legs(&self.shared.pool, call).await?;
        let person = legs.iter().find(|leg| leg.party == PERSON && leg.ended_at.is_none());
        let person = person.and_then(|leg| leg.sid.parse::<CallSid>().ok()).ok_or(CallsError::NotTalking)?;
        let conference = row.conference().ok_or(CallsError::NotTalking)?;
        let key = ParticipantKey::Call(&person);
        let update = hold_update(telephone, is_held);
        let answered = match telephone.client.update_participant(&conference, key, &update).await {
            Ok(participant) => participant.hold,
            Err(error) if error.may_have_been_carried_out() => None,
            Err(error) => return Err(CallsFailure::Carrier(error)),
        };
        let confirmed = match answered {
            Some(hold) => Some(hold),
            // It did not say: it is asked how it is.
            None => telephone.client.participant(&conference, key).await.map_err(CallsFailure::Carrier)?.and_then(|there| there.hold),
        };
        if let Some(hold) = confirmed {
            store::set_held(&self.shared.pool, call, hold.then(|| self.shared.queue.now())).await?;
        }
        self.tell(agent.id);
        self.find(agent, call).await
    }

    /// What a person on hold hears: music, again and again.
    pub(crate) fn hold_music(&self) -> Result<twiml::Response, CallsFailure> {
        let url = format!("{}{MUSIC}", self.telephone()?.public_base_url);
        Ok(twiml::Response::new([twiml::Verb::Play(twiml::Play { url, times: Some(0) })]))
    }
}

/// On hold with our music, or off.
pub(super) fn hold_update(telephone: &Telephone, is_held: bool) -> ParticipantUpdate {
    let hold_url = is_held.then(|| format!("{}/webhooks/twilio/hold", telephone.public_base_url));
    ParticipantUpdate { hold: Some(is_held), hold_url, ..ParticipantUpdate::default() }
}
