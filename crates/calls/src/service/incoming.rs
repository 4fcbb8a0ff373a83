//! Somebody rings us: who we are, a key for whoever wants no calls, then an agent, or a message that says what follows.

use chrono::TimeDelta;
use kernel::{CallId, UserId};
use queue::{Caller, ReturnCall};
use twilio::{Beep, CallSid, CallStatus, ConferenceTopic, VoiceRequest, twiml};

use super::course::{PERSON, conference_name, rejection};
use super::offers::Passed;
use super::ring::LONGEST_CALL_SECONDS;
use super::{Calls, CallsFailure, Telephone};
use crate::rules::{Event, LegEnd};
use crate::store::{self, IncomingEnd, IncomingRow, IncomingState, OfferAnswer};
use crate::types::CallState;

/// The key of whoever wants no more calls.
const NO_CALLS: char = '9';
/// So many seconds after the greeting the key is still waited for.
const AFTER_GREETING: u16 = 1;
/// The same after a last message.
const AFTER_MESSAGE: u16 = 5;
/// So many callers are looked up in one go: each costs the claims platform a read of all its users.
const LOOKED_UP_AT_ONCE: i64 = 5;
/// No message is longer, with the time for its key.
const LONGEST_MESSAGE: TimeDelta = TimeDelta::seconds(60);
/// Why the number is on the list, for whoever looks there.
const BY_KEY: &str = "They pressed the key for it when they rang us";

impl Calls {
    /// Somebody rings one of our numbers. What they hear never says what we would call them about (compliance, C4, C10, C15).
    pub(crate) async fn arrive(&self, request: &VoiceRequest) -> Result<twiml::Response, CallsFailure> {
        let Some(sid) = &request.call_sid else { return Ok(rejection()) };
        if request.from.as_ref().is_some_and(|from| from.client_identity().is_some()) {
            tracing::warn!(leg.sid = %sid, "a browser rang our own number, and was rejected");
            return Ok(rejection());
        }
        if let Some(row) = store::find_incoming_by_leg(&self.shared.pool, sid.as_str()).await? {
            // The carrier asks again.
            return self.greeting(&row).await;
        }
        let from = request.from.as_ref().filter(|from| !from.is_withheld());
        let number = from.and_then(|from| self.shared.queue.callers_number(from.as_str()));
        // Whether we are open, and what can be promised, is as of now on every server.
        self.shared.queue.learn_changes().await?;
        let (people, is_looked_up) = match &number {
            Some(number) => self.people_of(number).await?,
            None => (Vec::new(), true),
        };
        let ids = |of: &dyn Fn(&&Caller) -> bool| people.iter().filter(of).map(|caller| caller.user.get()).collect::<Vec<_>>();
        let (state, ended_as) =
            if self.shared.queue.is_open() { (IncomingState::Greeted, None) } else { (IncomingState::Told, Some(IncomingEnd::Closed)) };
        let row = IncomingRow {
            id: CallId::generate(),
            sid: sid.to_string(),
            caller: caller_words(&people, number.is_some()),
            users: ids(&|_| true),
            may_be_rung_back: ids(&|caller| caller.may_be_rung_back),
            is_looked_up,
            number,
            arrived_at: self.shared.queue.now(),
            state_since: self.shared.queue.now(),
            state,
            ended_as,
        };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        if store::insert_incoming(&mut *transaction, &row, row.arrived_at).await? && ended_as.is_some() {
            self.promise_return_call(&mut transaction, &row).await?;
        }
        transaction.commit().await?;
        tracing::info!(call.id = %row.id, incoming.people = row.users.len(), incoming.state = ?state, "somebody rings us");
        // Asked twice at once: what was stored first is what they hear.
        match store::find_incoming_by_leg(&self.shared.pool, sid.as_str()).await? {
            Some(row) => self.greeting(&row).await,
            None => Ok(rejection()),
        }
    }

    /// Whose number it is, and whether the claims platform has said so. While it does not answer, we go by whom we have rung there: nobody of
    /// them is promised a call, since their account may be closed by now, and they are looked up once it answers again.
    async fn people_of(&self, number: &str) -> Result<(Vec<Caller>, bool), CallsFailure> {
        match self.shared.queue.callers(number).await {
            Ok(callers) => Ok((callers, true)),
            Err(error) => {
                tracing::warn!(error.message = %error, "the claims platform cannot say who rings; we go by our own calls");
                let rung = store::list_rung_by_number(&self.shared.pool, number).await?;
                Ok((rung.into_iter().map(|(user, name)| Caller { user, name, may_be_rung_back: false }).collect(), false))
            }
        }
    }

    /// Finds out who rang us while the claims platform did not answer, for the list of those whom nobody rings back. To be called now and then.
    pub async fn look_up_callers(&self) -> Result<(), CallsFailure> {
        let since = self.shared.queue.now() - super::offers::LISTED;
        for (id, number) in store::list_not_looked_up(&self.shared.pool, since, LOOKED_UP_AT_ONCE).await? {
            // Still silent: the next one would not be answered either.
            let Ok(people) = self.shared.queue.callers(&number).await else { break };
            let users: Vec<i64> = people.iter().map(|caller| caller.user.get()).collect();
            store::set_looked_up(&self.shared.pool, id, &users, &caller_words(&people, true)).await?;
            tracing::info!(call.id = %id, incoming.people = users.len(), "the claims platform has said who rang us");
            self.shared.hints.send(kernel::Hint::Queues);
        }
        Ok(())
    }

    async fn greeting(&self, row: &IncomingRow) -> Result<twiml::Response, CallsFailure> {
        let telephone = self.telephone()?;
        let firm = &telephone.firm_name;
        Ok(match (row.state, row.ended_as) {
            (IncomingState::Greeted, _) => {
                let words = format!(
                    "Thank you for calling {firm}. Calls are recorded. If you would like us never to call you again, press {NO_CALLS} now. \
                     Otherwise please hold."
                );
                twiml::Response::new([
                    listen(telephone, row.id, words, AFTER_GREETING),
                    twiml::Verb::Redirect { url: telephone.callback_url("incoming-route", row.id) },
                ])
            }
            (IncomingState::Told, Some(IncomingEnd::Closed)) => {
                let hours = self.shared.queue.week_words();
                let opens = self.shared.queue.opening_words().map_or_else(String::new, |opens| format!("We open again {opens}. "));
                let follows =
                    if self.is_rung_back(row).await? { "We will ring you back when we are open." } else { "Please ring us again then." };
                let words = format!(
                    "Thank you for calling {firm}. We are closed just now. You can reach us {hours}. {opens}{follows} If you would like us never to \
                     call you again, press {NO_CALLS}."
                );
                twiml::Response::new([listen(telephone, row.id, words, AFTER_MESSAGE), twiml::Verb::Hangup])
            }
            (IncomingState::Waiting | IncomingState::Answered, _) => waiting(telephone, row.id),
            _ => twiml::Response::new([twiml::Verb::Hangup]),
        })
    }

    /// What is said is what is promised: to somebody who may be rung back, as it was when they rang.
    pub(super) async fn is_rung_back(&self, row: &IncomingRow) -> Result<bool, CallsFailure> {
        let people: Vec<UserId> = row.may_be_rung_back.iter().copied().map(UserId::new).collect();
        Ok(!people.is_empty() && self.shared.queue.is_rung_back(&people).await?)
    }

    /// They pressed a key. The one for it puts them on the list of those whom nobody rings, at once (compliance, C8).
    pub(crate) async fn key(&self, id: CallId, digits: &str) -> Result<twiml::Response, CallsFailure> {
        if !digits.contains(NO_CALLS) {
            return self.route(id).await;
        }
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock_incoming(&mut transaction, id).await? else { return Ok(rejection()) };
        let Some(number) = &row.number else {
            store::set_incoming(&mut transaction, id, IncomingState::Told, Some(IncomingEnd::Objected), self.shared.queue.now()).await?;
            transaction.commit().await?;
            let words = "Your number is withheld, so we cannot tell which one not to call. Please ring us from the number that we call, or tell \
                         one of us. Goodbye.";
            return Ok(twiml::Response::new([say(words.to_owned()), twiml::Verb::Hangup]));
        };
        if row.ended_as != Some(IncomingEnd::Objected) {
            self.shared.queue.object_by_number(&mut transaction, number, &row.people(), BY_KEY, row.id, None).await?;
            store::set_incoming(&mut transaction, id, IncomingState::Told, Some(IncomingEnd::Objected), self.shared.queue.now()).await?;
            transaction.commit().await?;
            self.shared.hints.send(kernel::Hint::Queues);
            tracing::info!(call.id = %id, "somebody who rang us wants no more calls");
        }
        let words = "Thank you. We will not call this number again. Goodbye.";
        Ok(twiml::Response::new([say(words.to_owned()), twiml::Verb::Hangup]))
    }

    /// The greeting is over: music, and an agent is rung; or the message, when nobody is free.
    pub(crate) async fn route(&self, id: CallId) -> Result<twiml::Response, CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock_incoming(&mut transaction, id).await? else { return Ok(rejection()) };
        match row.state {
            IncomingState::Greeted => {
                store::set_incoming(&mut transaction, id, IncomingState::Waiting, None, self.shared.queue.now()).await?;
                transaction.commit().await?;
            }
            IncomingState::Waiting | IncomingState::Answered => drop(transaction),
            IncomingState::Told | IncomingState::Ended => return Ok(twiml::Response::new([twiml::Verb::Hangup])),
        }
        match self.offer_next(id).await? {
            Passed::Offered => Ok(waiting(self.telephone()?, id)),
            Passed::Nobody => self.message(id).await,
            Passed::Over => Ok(twiml::Response::new([twiml::Verb::Hangup])),
        }
    }

    /// The last message of somebody whom nobody was free for.
    pub(crate) async fn message(&self, id: CallId) -> Result<twiml::Response, CallsFailure> {
        let telephone = self.telephone()?;
        let row = store::find_incoming(&self.shared.pool, id).await?;
        let Some(row) = row.filter(|row| row.state == IncomingState::Told) else {
            return Ok(twiml::Response::new([twiml::Verb::Hangup]));
        };
        let follows = if self.is_rung_back(&row).await? {
            "We will ring you back as soon as we can."
        } else {
            "Please ring us again a little later."
        };
        let words = format!(
            "We are sorry: nobody at {} is free just now. {follows} If you would like us never to call you again, press {NO_CALLS}.",
            telephone.firm_name
        );
        Ok(twiml::Response::new([listen(telephone, id, words, AFTER_MESSAGE), twiml::Verb::Hangup]))
    }

    /// Promises to ring them back: one promise for a number (lessons, line 30), first to whoever talked with them last.
    pub(super) async fn promise_return_call(&self, conn: &mut sqlx::PgConnection, row: &IncomingRow) -> Result<(), CallsFailure> {
        let Some(number) = &row.number else { return Ok(()) };
        if self.shared.queue.is_objected(&mut *conn, number, &row.people()).await? {
            return Ok(());
        }
        let mut people: Vec<UserId> = row.may_be_rung_back.iter().copied().map(UserId::new).collect();
        let last = store::find_last_talk(&mut *conn, &row.users, Some(number)).await?;
        if let Some((_, Some(known), _)) = last {
            // Of several people at one number, the one whom we talked with.
            people.sort_by_key(|user| *user != known);
        }
        let preferred = last.map(|(agent, _, _)| agent);
        match self.shared.queue.promise_return_call(conn, number, &people, preferred).await? {
            ReturnCall::Promised(user) => {
                store::set_return_call(conn, row.id, user).await?;
                self.shared.hints.send(kernel::Hint::Queues);
            }
            // They are on the list of those whom nobody rings back, and hear nothing else.
            ReturnCall::NotPromised => store::set_not_rung_back(conn, row.id).await?,
            ReturnCall::Stands => {}
        }
        Ok(())
    }

    /// Their leg has left the conference in which they waited. Where that is for the message, it goes on.
    pub(super) async fn callers_leg_left(&self, sid: &str) -> Result<(), CallsFailure> {
        match store::find_incoming_by_leg(&self.shared.pool, sid).await? {
            Some(row) if row.state != IncomingState::Told => self.callers_leg_over(sid).await,
            _ => Ok(()),
        }
    }

    /// Their leg is over, as the carrier says.
    pub(super) async fn callers_leg_over(&self, sid: &str) -> Result<(), CallsFailure> {
        let Some(found) = store::find_incoming_by_leg(&self.shared.pool, sid).await? else { return Ok(()) };
        // An agent may take the call between the look for it and the lock: then there is one.
        for _ in 0..2 {
            if self.try_end_caller(&found).await? {
                break;
            }
        }
        Ok(())
    }

    /// False when it has to be looked at once more.
    async fn try_end_caller(&self, found: &IncomingRow) -> Result<bool, CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        // First the call, then what came in: the order of everybody who has both.
        let call = store::lock_in_conference(&mut transaction, found.id).await?;
        let Some(row) = store::lock_incoming(&mut transaction, found.id).await? else { return Ok(true) };
        let now = self.shared.queue.now();
        match (row.state, call) {
            (IncomingState::Greeted | IncomingState::Waiting, _) => {
                store::set_incoming(&mut transaction, row.id, IncomingState::Ended, Some(IncomingEnd::GaveUp), now).await?;
                let rung = store::answer_offer(&mut transaction, row.id, OfferAnswer::Withdrawn, now).await?;
                self.promise_return_call(&mut transaction, &row).await?;
                transaction.commit().await?;
                tracing::info!(call.id = %row.id, "somebody who rang us gave up");
                if let Some(agent) = rung {
                    self.tell(agent);
                }
            }
            (IncomingState::Told, _) => {
                store::set_incoming(&mut transaction, row.id, IncomingState::Ended, None, now).await?;
                transaction.commit().await?;
            }
            (IncomingState::Answered, Some(call)) if call.state != CallState::Ended => {
                let event = Event::PersonEnded(LegEnd::Completed { has_lasted: true });
                let step = self.apply_locked(&mut transaction, &call, event, now, now).await?;
                transaction.commit().await?;
                self.follow(&call, step);
            }
            (IncomingState::Answered, _) => return Ok(false),
            (IncomingState::Ended, _) => {}
        }
        Ok(true)
    }

    /// Asks the carrier about people who are with us and with no agent: that they have hung up may have been lost (lessons, line 14).
    pub async fn ask_about_callers(&self) -> Result<(), CallsFailure> {
        let Ok(telephone) = self.telephone() else { return Ok(()) };
        for row in store::list_unanswered(&self.shared.pool, self.shared.queue.now() - super::offers::SILENCE).await? {
            let Ok(sid) = row.sid.parse::<CallSid>() else { continue };
            match telephone.client.call(&sid).await {
                Ok(leg) if leg.as_ref().is_none_or(|leg| leg.status.as_ref().is_some_and(CallStatus::is_final)) => {
                    tracing::warn!(call.id = %row.id, "somebody who rang us had hung up, which had not been heard");
                    self.callers_leg_over(&row.sid).await?;
                }
                Ok(_) if row.state == IncomingState::Told && row.state_since <= self.shared.queue.now() - LONGEST_MESSAGE => {
                    tracing::warn!(call.id = %row.id, "somebody who rang us has not heard the message, and is hung up on");
                    self.hang_up_soon(row.id, vec![row.sid]);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(call.id = %row.id, error.message = %error, "the carrier could not be asked about somebody who rings us");
                }
            }
        }
        Ok(())
    }
}

/// Words, and for a while the key.
fn listen(telephone: &Telephone, id: CallId, words: String, seconds: u16) -> twiml::Verb {
    twiml::Verb::Gather(twiml::Gather {
        action: telephone.callback_url("incoming-key", id),
        num_digits: Some(1),
        timeout_seconds: Some(seconds),
        say: Some(spoken(words)),
    })
}

fn say(words: String) -> twiml::Verb {
    twiml::Verb::Say(spoken(words))
}

fn spoken(text: String) -> twiml::Say {
    twiml::Say { text, language: Some("en-GB".to_owned()), ..twiml::Say::default() }
}

/// Into the conference of this call, with music until an agent is there; it ends when they leave.
fn waiting(telephone: &Telephone, id: CallId) -> twiml::Response {
    let conference = twiml::Conference {
        name: conference_name(id),
        beep: Some(Beep::Never),
        start_conference_on_enter: Some(false),
        end_conference_on_exit: Some(true),
        wait_url: Some(format!("{}/webhooks/twilio/hold", telephone.public_base_url)),
        status_callback: Some(telephone.callback_url("conference-status", id)),
        status_callback_event: vec![ConferenceTopic::Start, ConferenceTopic::End, ConferenceTopic::Join, ConferenceTopic::Leave],
        participant_label: Some(PERSON.to_owned()),
        ..twiml::Conference::default()
    };
    let dial = twiml::Dial { conference, time_limit_seconds: Some(LONGEST_CALL_SECONDS), ..twiml::Dial::default() };
    twiml::Response::new([twiml::Verb::Dial(dial)])
}

/// Who rings, for a screen.
fn caller_words(people: &[Caller], is_shown: bool) -> String {
    match people {
        [] if is_shown => "Somebody we do not know".to_owned(),
        [] => "Somebody with a withheld number".to_owned(),
        [only] => only.name.clone(),
        [one, other] => format!("{} or {}", one.name, other.name),
        [one, rest @ ..] => format!("{} or one of {} others", one.name, rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rings_is_said_as_far_as_it_is_known() {
        let person = |id, name: &str| Caller { user: UserId::new(id), name: name.to_owned(), may_be_rung_back: true };
        let (ann, ben, cat) = (person(1, "Ann Ash"), person(2, "Ben Birch"), person(3, "Cat Cole"));
        assert_eq!(caller_words(&[], true), "Somebody we do not know");
        assert_eq!(caller_words(&[], false), "Somebody with a withheld number");
        assert_eq!(caller_words(std::slice::from_ref(&ann), true), "Ann Ash");
        assert_eq!(caller_words(&[ann.clone(), ben.clone()], true), "Ann Ash or Ben Birch");
        assert_eq!(caller_words(&[ann, ben, cat], true), "Ann Ash or one of 2 others");
    }
}
