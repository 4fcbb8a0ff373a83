//! `<Dial><Conference>`, and a participant's conference.

use super::{Break, Door, Order, Script, resolve};
use crate::model::{Audience, Conference, Endpoint, Terms};
use crate::twiml::{self, Dial};

/// A conference to go into.
pub enum Room {
    /// By name; made when there is none.
    Named(String),
    /// The one that REST chose.
    Sid(String),
}

impl<D: Door> Script<'_, D> {
    pub(super) async fn dial_conference(&mut self, dial: &Dial, room: twiml::Conference) -> Result<Vec<(String, String)>, Break> {
        if dial.answers_on_bridge {
            self.door.ring().await;
        } else {
            self.door.answer().await;
        }
        let present = self.core.model().conference(&room.name).map_or(0, Conference::present);
        if room.max_participants.is_some_and(|most| present >= most) {
            self.core.problem(self.call_sid, 13_200, "The conference is full");
            return Ok(Vec::new());
        }
        let events = room.events.split_whitespace().map(str::to_owned).collect();
        let audience = room.status_callback.map(|endpoint| Audience { endpoint, events });
        let terms = Terms {
            label: room.label,
            is_muted: room.is_muted,
            starts: room.starts.unwrap_or(true),
            ends: room.ends.unwrap_or(false),
            beeps: beeps(room.beep.as_deref()),
            coaches: room.coaches,
            conference_recording: room.recording,
            wait_music: room.wait.map(|to| Endpoint { url: resolve(&self.base, &to.url), ..to }),
            ..Terms::default()
        };
        self.conference(Room::Named(room.name), terms, audience).await?;
        Ok(vec![("DialCallStatus".to_owned(), "answered".to_owned())])
    }

    /// Goes into a conference; returns when the leg is in it no more.
    pub async fn conference(&mut self, room: Room, terms: Terms, audience: Option<Audience>) -> Result<(), Break> {
        let (core, call_sid) = (self.core, self.call_sid);
        let joined = core.try_change(|model, now| {
            let conference_sid = match room {
                Room::Named(name) => model.open_conference(&name, now),
                Room::Sid(sid) => sid,
            };
            model.join(&conference_sid, call_sid, terms, audience, now)
        });
        if joined.is_err() {
            core.problem(call_sid, 16_025, "Participant label is already in use in the conference");
            return Ok(());
        }
        loop {
            match self.order().await? {
                Order::Started => self.door.answer().await,
                Order::Dropped => return Ok(()),
                _ => {}
            }
        }
    }
}

/// Whether there is a tone when somebody comes, and when they go.
pub fn beeps(word: Option<&str>) -> (bool, bool) {
    match word {
        Some("false") => (false, false),
        Some("onEnter") => (true, false),
        Some("onExit") => (false, true),
        _ => (true, true),
    }
}
