//! What the application changes about a participant, and what it lets them hear.

use chrono::{DateTime, Utc};

use super::{Effect, Endpoint, Model, Participant};

/// What is to be otherwise. What is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// They are not heard.
    pub is_muted: Option<bool>,
    /// They neither hear nor are heard.
    pub is_held: Option<bool>,
    /// Asked for what they hear on hold.
    pub hold_music: Option<Endpoint>,
    /// The conference ends with them.
    pub ends: Option<bool>,
    /// A tone when they go.
    pub beeps_on_exit: Option<bool>,
    /// Who hears them.
    pub coaching: Option<Coaching>,
}

/// Who hears a participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coaching {
    /// One call alone.
    Of(String),
    /// Everybody.
    Nobody,
}

impl Coaching {
    /// The call that is coached, if any is.
    pub fn coached(self) -> Option<String> {
        match self {
            Self::Of(call_sid) => Some(call_sid),
            Self::Nobody => None,
        }
    }
}

/// Sets `value` to what is wanted; says whether that is a change.
fn set<T: PartialEq>(value: &mut T, wanted: Option<T>) -> bool {
    let Some(wanted) = wanted.filter(|wanted| wanted != value) else { return false };
    *value = wanted;
    true
}

impl Model {
    /// A participant takes part otherwise. Messages are sent of what has changed, and only then.
    pub fn modify(&mut self, conference_sid: &str, call_sid: &str, change: Change, now: DateTime<Utc>) -> Vec<Effect> {
        let account = self.account_sid.clone();
        let Some(conference) = self.find_mut(conference_sid) else { return Vec::new() };
        let Some(at) = conference.find(call_sid) else { return Vec::new() };
        conference.updated = now;
        let there = &mut conference.participants[at];
        let terms = &mut there.terms;
        let mut events = Vec::new();
        let is_modified = [
            set(&mut terms.ends, change.ends),
            set(&mut terms.beeps.1, change.beeps_on_exit),
            set(&mut terms.coaches, change.coaching.map(Coaching::coached)),
        ];
        if is_modified.contains(&true) {
            events.push("participant-modify");
        }
        if set(&mut terms.is_muted, change.is_muted) {
            events.push(if terms.is_muted { "participant-mute" } else { "participant-unmute" });
        }
        let is_other_music = change.hold_music.is_some() && terms.hold_music != change.hold_music;
        if change.is_held == Some(true) && (is_other_music || !terms.is_held) {
            terms.hold_music = change.hold_music;
        }
        let is_hold_changed = set(&mut terms.is_held, change.is_held);
        if is_hold_changed {
            events.push(if terms.is_held { "participant-hold" } else { "participant-unhold" });
        }
        let there = there.clone();
        let mut effects = Vec::new();
        if there.joined.is_some() {
            effects.push(restrain(&there));
            if is_hold_changed || (there.terms.is_held && is_other_music) {
                effects.push(hold(&there));
            }
        }
        effects.extend(events.into_iter().filter_map(|event| conference.tell_of(&account, event, &there, now)));
        effects
    }

    /// An announcement to a participant, or to everybody, was heard to its end; or could not be, and why.
    pub fn tell_of_announcement(
        &mut self,
        conference_sid: &str,
        call_sid: Option<&str>,
        url: &str,
        failure: Option<&str>,
        now: DateTime<Utc>,
    ) -> Vec<Effect> {
        let account = self.account_sid.clone();
        let Some(conference) = self.find_mut(conference_sid) else { return Vec::new() };
        let mut more = vec![("AnnounceUrl", url.to_owned())];
        if let Some(there) = call_sid.and_then(|call| conference.find(call)).and_then(|at| conference.participants.get(at)) {
            more.push(("CallSid", there.call_sid.clone()));
            more.extend(there.terms.label.clone().map(|label| ("ParticipantLabel", label)));
        }
        more.extend(failure.map(|reason| ("ReasonAnnouncementFailed", reason.to_owned())));
        let event = if failure.is_some() { "announcement-fail" } else { "announcement-end" };
        conference.tell(&account, event, more, now).into_iter().collect()
    }
}

/// How a participant hears and is heard.
pub(super) fn restrain(there: &Participant) -> Effect {
    let terms = &there.terms;
    Effect::Restrain { call_sid: there.call_sid.clone(), is_muted: terms.is_muted, is_held: terms.is_held, coaches: terms.coaches.clone() }
}

/// What a participant hears meanwhile.
pub(super) fn hold(there: &Participant) -> Effect {
    let call_sid = there.call_sid.clone();
    if there.terms.is_held { Effect::Hold { call_sid, music: there.terms.hold_music.clone() } } else { Effect::Unhold { call_sid } }
}
