//! The agent's call: where it stands is what the server says, asked again at each hint. What came of it is written here until it
//! is recorded. The decisions are pure functions.

mod note;
mod notice;
mod outcome;

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use calls::{CallEnd, CallState, CallView, Disposition, Unrecorded};
use kernel::{CallId, ErrorCode, LeaseId, UserId, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

pub(crate) use note::Keeping;
pub(crate) use outcome::Part;

use super::announce::Announcer;
use super::clock::{Clock, Received, now_millis};
use super::session::Session;
use super::slot::Slot;
use crate::telephone::{Telephone, error_words, line_will_be_of};

/// The call whose line this window has: a page that was loaded anew takes the line up again.
const LINE: Kept = Kept("dialler.on_line");
/// The call that the agent has ended here, until the server has heard it.
const HUNG_UP: Kept = Kept("dialler.hung_up");
/// So long after a hang-up that the server did not hear it is told again, in milliseconds.
const HANG_UP_AGAIN: u32 = 1_000;
/// This window's leg is over: whether the call is, or goes on in another window, the server knows so many milliseconds later.
const LEFT_GRACE: f64 = 3_000.0;
/// A key pressed twice within this time means it.
const TWICE: Duration = Duration::from_secs(1);
/// This browser has left the call, but the server has not heard so from the carrier by then: it is told.
const LEG_GRACE: Duration = Duration::from_millis(1_500);
/// Hints may be lost: a call that goes on is asked about so often, in seconds, and one whose wrap-up is over.
const ASK_AGAIN: i64 = 10;
const ASK_WHEN_OVER: i64 = 2;

/// What an agent does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It goes on, from its beginning.
    Going,
    /// It is over; what came of it is being recorded.
    WrapUp,
}

/// What a call asks of its agent; nothing when it is over and there is nothing to record.
pub(crate) const fn phase(view: &CallView) -> Option<Phase> {
    match (view.state, &view.wrap_up) {
        _ if view.handed_over.is_some() => None,
        (CallState::Ended, Some(_)) => Some(Phase::WrapUp),
        (CallState::Ended, None) => None,
        _ => Some(Phase::Going),
    }
}

const TIME_IS_UP: &str = "The time is up: you are on a break, and the call counts as not recorded. You can still say what came of it.";

fn has_limit(view: &CallView) -> bool {
    view.wrap_up.as_ref().is_some_and(|wrap_up| wrap_up.seconds_left.is_some())
}

/// How a call ended that has nothing to record, or nothing any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// Whom it was for.
    pub(crate) user: Option<UserId>,
    /// The same in words.
    pub(crate) name: String,
    /// In a sentence.
    pub(crate) words: String,
    /// What to do next.
    pub(crate) next: &'static str,
    /// Good news: the call was not needed.
    pub(crate) is_saved_call: bool,
    /// It goes on with somebody else.
    pub(crate) has_passed: bool,
}

/// How this call ended, when there is nothing to record.
fn over(view: &CallView) -> Over {
    let (words, next) = match &view.end {
        _ if view.handed_over.is_some() => (view.handed_over.clone().unwrap_or_default(), "Call next offers you somebody else."),
        Some(end) if end.how.is_before_ringing() => {
            let next = match end.how {
                CallEnd::Refused => "Call next offers you somebody else.",
                CallEnd::CallerGone => "Whoever it was is rung back, if we know them.",
                CallEnd::NotConnected if view.is_incoming => "Look at the telephone’s lights before the next call.",
                CallEnd::CouldNotCheck => "They stay with you: press Call again in a moment, or skip.",
                _ => "They stay with you: press Call to try again, or skip.",
            };
            (end.words.clone(), next)
        }
        Some(end) if end.how == CallEnd::Failed => (
            format!("The call with {} could not be put through, and was recorded so.", view.user_name),
            "Call next offers you somebody else.",
        ),
        _ => (
            format!("What came of the call with {} was recorded in another window.", view.user_name),
            "Call next offers you somebody else.",
        ),
    };
    let is_saved_call = view.end.as_ref().is_some_and(|end| end.is_saved_call);
    let has_passed = view.handed_over.is_some();
    Over { user: view.user_id, name: view.user_name.clone(), words, next, is_saved_call, has_passed }
}

/// Whether an answer is older than what is shown: states only move forward, and answers may overtake each other.
fn is_late(shown: Option<&CallView>, answer: &CallView) -> bool {
    shown.is_some_and(|shown| shown.id == answer.id && shown.state > answer.state)
}

/// Whether this window has to take up the line of the talk again: it had it, and either the page was loaded anew since then, or the server
/// says that nobody is on it. A line that another window has taken over is left to it.
const fn is_cut_off(view: &CallView, was_ours: bool, has_had_line: bool) -> bool {
    matches!(view.state, CallState::Connected) && was_ours && (view.away_seconds.is_some() || !has_had_line)
}

/// Which call something is about in this window, also after the page was loaded anew.
struct Kept(&'static str);

impl Kept {
    fn storage() -> Option<web_sys::Storage> {
        window().session_storage().ok().flatten()
    }

    /// It is about this one.
    fn is_of(&self, id: CallId) -> bool {
        Self::storage().and_then(|storage| storage.get_item(self.0).ok().flatten()) == Some(id.to_string())
    }

    /// Keeps it. A full or closed storage only means that it is forgotten by a reload.
    fn set(&self, id: CallId) {
        let _ = Self::storage().map(|storage| storage.set_item(self.0, &id.to_string()));
    }

    /// It is about none any more.
    fn forget(&self) {
        let _ = Self::storage().map(|storage| storage.remove_item(self.0));
    }
}

/// Whether a hang-up that failed so is to be repeated: the server was not reached, or could not do it just then.
const fn is_to_be_repeated(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Offline | ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::TooManyRequests)
}

/// What is read out when a call has got somewhere, and whether it interrupts.
fn progress_words(view: &CallView) -> Option<(String, bool)> {
    let name = &view.user_name;
    match view.state {
        CallState::Ringing => Some((format!("Ringing {name}."), false)),
        CallState::Connected => Some((format!("Connected to {name}."), true)),
        CallState::Ended if view.wrap_up.is_some() => {
            let end = view.end.as_ref().map_or("The call is over.", |end| end.words.as_str());
            Some((format!("{end} What came of the call?"), false))
        }
        _ => None,
    }
}

/// Whether the server is asked again without a hint, so many seconds after its last answer.
fn is_ask_due(view: &CallView, seconds_ago: i64) -> bool {
    match (phase(view), &view.wrap_up) {
        (Some(Phase::Going), _) => seconds_ago >= ASK_AGAIN,
        (Some(Phase::WrapUp), Some(wrap_up)) => {
            wrap_up.seconds_left.is_some_and(|left| seconds_ago >= ASK_WHEN_OVER && seconds_ago >= left)
        }
        _ => false,
    }
}

/// The agent's call, for all screens; like the telephone, one for as long as the page is there.
#[derive(Clone, Copy)]
pub(crate) struct Calls(&'static Parts);

impl Deref for Calls {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.0
    }
}

/// What is known of it.
pub(crate) struct Parts {
    view: &'static Slot<Option<Arc<Received<CallView>>>>,
    /// What it asks of the agent.
    is_going: Memo<bool>,
    is_in_wrap_up: Memo<bool>,
    /// How the last one ended, when there is nothing to record.
    pub(crate) over: Slot<Option<Over>>,
    /// Call was pressed; the server has not begun yet.
    pub(crate) is_beginning: RwSignal<bool>,
    /// This window is on the way back to the line of a talk.
    pub(crate) is_rejoining: RwSignal<bool>,
    /// The person is being put on hold, or taken off; the carrier has not confirmed it yet.
    pub(crate) is_changing_hold: RwSignal<bool>,
    /// This page has had a line already.
    has_had_line: Slot<bool>,
    /// Hang up was pressed; the server has not said yet that the call is over.
    pub(crate) is_hanging_up: RwSignal<bool>,
    /// When the server was told so last.
    told_at: Slot<f64>,
    /// The key was pressed while talking; pressed again within a second it hangs up.
    is_hang_up_asked: RwSignal<bool>,
    /// What went wrong: what was tried, and why.
    pub(crate) failure: Slot<Option<(&'static str, WireError)>>,
    /// Why this browser's leg broke. It is said until the next call or the next person: the end of the call is its consequence.
    pub(crate) leg_failure: Slot<Option<WireError>>,
    /// What came of the call.
    pub(crate) chosen: Slot<Option<Disposition>>,
    /// The note, verbatim.
    pub(crate) notes: RwSignal<String>,
    /// Whether it is safe.
    pub(crate) keeping: Slot<Keeping>,
    /// The promised time, as the field has it.
    pub(crate) callback_at: RwSignal<String>,
    /// They asked to be rung then in any case.
    pub(crate) is_asked_regardless: RwSignal<bool>,
    /// What is wrong with it.
    pub(crate) problem: Slot<Option<(Part, String)>>,
    /// The outcome is on its way to the server.
    pub(crate) is_saving: RwSignal<bool>,
    /// Calls of which the agent has not said what came of them.
    pub(crate) unrecorded: Slot<Vec<Unrecorded>>,
    is_asking: Slot<bool>,
    is_ask_wanted: Slot<bool>,
    /// How often something was typed: an answer about an older text says nothing of the newer one.
    typed: Slot<u32>,
    is_keeping: Slot<bool>,
    is_keep_wanted: Slot<bool>,
    pub(crate) telephone: Telephone,
    session: Session,
    announcer: Announcer,
}

impl Calls {
    /// Asks whether there is a call, and looks after it for as long as the page is there.
    pub(crate) fn start(session: Session, announcer: Announcer, telephone: Telephone, clock: Clock) -> Self {
        let view: &'static Slot<Option<Arc<Received<CallView>>>> = Box::leak(Box::new(Slot::new(None)));
        let is_in = move |wanted| view.with(|view| view.as_ref().and_then(|view| phase(&view.value))) == Some(wanted);
        let calls = Self(Box::leak(Box::new(Parts {
            view,
            is_going: Memo::new(move |_| is_in(Phase::Going)),
            is_in_wrap_up: Memo::new(move |_| is_in(Phase::WrapUp)),
            over: Slot::new(None),
            is_beginning: RwSignal::new(false),
            is_rejoining: RwSignal::new(false),
            is_changing_hold: RwSignal::new(false),
            has_had_line: Slot::new(false),
            is_hanging_up: RwSignal::new(false),
            told_at: Slot::new(f64::NEG_INFINITY),
            is_hang_up_asked: RwSignal::new(false),
            failure: Slot::new(None),
            leg_failure: Slot::new(None),
            chosen: Slot::new(None),
            notes: RwSignal::new(String::new()),
            keeping: Slot::new(Keeping::Untouched),
            callback_at: RwSignal::new(String::new()),
            is_asked_regardless: RwSignal::new(false),
            problem: Slot::new(None),
            is_saving: RwSignal::new(false),
            unrecorded: Slot::new(Vec::new()),
            is_asking: Slot::new(false),
            is_ask_wanted: Slot::new(false),
            typed: Slot::new(0),
            is_keeping: Slot::new(false),
            is_keep_wanted: Slot::new(false),
            telephone,
            session,
            announcer,
        })));
        calls.ask();
        calls.ask_unrecorded();
        Effect::new(move |_| {
            let now = clock.now();
            if view.with_untracked(|view| view.as_ref().is_some_and(|view| is_ask_due(&view.value, view.seconds_ago(now)))) {
                calls.ask();
            }
        });
        Effect::new(move |_| {
            if telephone.leg_ended.get() > 0 {
                calls.leg_ended();
            }
        });
        Effect::new(move |_| {
            if let Some((code, _)) = telephone.call_error.get() {
                calls.leg_failed(code);
            }
        });
        calls
    }

    /// The call, with the moment of the answer.
    pub(crate) fn view(self) -> Option<Arc<Received<CallView>>> {
        self.view.get()
    }

    /// The person has answered, and it goes on.
    pub(crate) fn is_talking(self) -> bool {
        self.map(|view| view.state) == Some(CallState::Connected)
    }

    /// This window is surely not on the line of the call, and has not just left it; whether the agent is in another one the server says.
    pub(crate) fn is_off_line(self, now: f64) -> bool {
        let is_away = self.map(|view| view.away_seconds.is_some()) == Some(true);
        !self.telephone.is_on_line.get() && !self.is_hanging_up.get() && (is_away || now - self.telephone.left_at.get() >= LEFT_GRACE)
    }

    /// Something of it.
    pub(crate) fn map<U>(self, of: impl FnOnce(&CallView) -> U) -> Option<U> {
        self.view.with(|view| view.as_ref().map(|view| of(&view.value)))
    }

    /// What it asks of the agent.
    pub(crate) fn phase(self) -> Option<Phase> {
        match (self.is_going.get(), self.is_in_wrap_up.get()) {
            (true, _) => Some(Phase::Going),
            (_, true) => Some(Phase::WrapUp),
            _ => None,
        }
    }

    /// The same, for whatever happens once.
    pub(crate) fn phase_now(self) -> Option<Phase> {
        self.view.with_untracked(|view| view.as_ref().and_then(|view| phase(&view.value)))
    }

    /// How the call ended, in a sentence.
    pub(crate) fn end_words(self) -> Option<String> {
        let words = |view: &CallView| {
            let end = view.end.as_ref()?;
            let is_left = end.how == CallEnd::Cancelled && !self.has_had_line.get_untracked() && LINE.is_of(view.id);
            Some(if is_left { "The page was left or loaded anew, which ended the call.".to_owned() } else { end.words.clone() })
        };
        self.map(words).flatten()
    }

    fn id_now(self) -> Option<CallId> {
        self.view.with_untracked(|view| view.as_ref().map(|view| view.value.id))
    }

    /// Whether how a call for this person ended has been said already.
    pub(crate) fn has_told_of(self, user: UserId) -> bool {
        self.over.with_untracked(|over| over.as_ref().is_some_and(|over| over.user == Some(user)))
    }

    /// Asks the server. While one question is on its way, all further ones become a single one after it.
    pub(crate) fn ask(self) {
        if self.is_asking.get_untracked() {
            self.is_ask_wanted.set(true);
            return;
        }
        self.is_asking.set(true);
        spawn_local(async move {
            loop {
                let id = self.id_now();
                let typed = self.typed_if_kept();
                let answer = match id {
                    Some(id) => calls::find(id).await.map(Some),
                    None => calls::current().await,
                };
                match answer {
                    // Another call has begun, or ended, meanwhile.
                    Ok(_) if self.id_now() != id => {}
                    Ok(Some(view)) => self.take_asked(view, typed),
                    Ok(None) => {}
                    // The light says that the server is away, and the next hint asks again.
                    Err(error) => self.session.noticed(&error),
                }
                if !self.is_ask_wanted.get_untracked() {
                    break;
                }
                self.is_ask_wanted.set(false);
            }
            self.is_asking.set(false);
        });
    }

    /// Takes an answer about a call.
    fn take(self, answer: CallView) {
        self.take_asked(answer, None);
    }

    /// The same; `typed` is how often something had been typed when the question was asked, if all of it was kept by then.
    fn take_asked(self, answer: CallView, typed: Option<u32>) {
        let shown = self.view.get_untracked();
        let shown = shown.as_ref().map(|shown| &shown.value);
        if is_late(shown, &answer) {
            return;
        }
        let is_same = shown.is_some_and(|shown| shown.id == answer.id);
        let is_step = !is_same || shown.is_some_and(|shown| phase(shown) != phase(&answer) || shown.state != answer.state);
        if !is_same {
            self.clear_outcome();
        }
        self.take_note(&answer.notes, typed);
        if is_step {
            // Once: the line that this window has later is another call's.
            if answer.state == CallState::Ended {
                self.is_hanging_up.set(false);
                self.telephone.disconnect();
            }
            // What went wrong before is behind.
            self.failure.set(None);
            if answer.state == CallState::Connected {
                self.telephone.is_connected();
            }
            match progress_words(&answer) {
                Some((words, true)) => self.announcer.interrupt(words),
                Some((words, false)) => self.announcer.say(words),
                None => {}
            }
        }
        let has_run_out = is_same && shown.is_some_and(|shown| has_limit(shown) && !has_limit(&answer));
        match phase(&answer) {
            None => {
                // An outcome on its way from here is spoken of when it has arrived.
                if !self.is_saving.get_untracked() {
                    self.finish(over(&answer));
                }
            }
            Some(phase_now) => {
                if is_step && phase_now == Phase::WrapUp {
                    self.chosen.set(answer.wrap_up.as_ref().and_then(|wrap_up| wrap_up.suggested));
                }
                if has_run_out {
                    self.announcer.say(TIME_IS_UP);
                    self.session.ask();
                }
                let is_cut_off = is_cut_off(&answer, LINE.is_of(answer.id), self.has_had_line.get_untracked());
                self.view.set(Some(Arc::new(Received::now(answer))));
                self.hang_up_again();
                if is_cut_off {
                    self.rejoin();
                }
            }
        }
    }

    fn finish(self, over: Over) {
        self.failure.set(None);
        self.is_hanging_up.set(false);
        self.announcer.say(format!("{} {}", over.words, over.next));
        self.over.set(Some(over));
        self.view.set(None);
        self.session.ask();
    }

    fn ask_unrecorded(self) {
        spawn_local(async move {
            match calls::unrecorded().await {
                Ok(unrecorded) => self.unrecorded.set(unrecorded),
                Err(error) => self.session.noticed(&error),
            }
        });
    }

    /// Takes up a call of which nothing was said in time.
    pub(crate) fn take_up(self, call: CallId) {
        if self.phase_now().is_some() {
            return;
        }
        spawn_local(async move {
            match calls::find(call).await {
                Ok(view) if self.phase_now().is_none() => {
                    self.forget_end();
                    self.take(view);
                }
                Ok(_) => {}
                Err(error) => {
                    self.session.noticed(&error);
                    self.failure.set(Some(("The call could not be read", error)));
                }
            }
        });
    }

    /// How the last call ended, and what went wrong in it, is behind.
    pub(crate) fn forget_end(self) {
        self.over.set(None);
        self.failure.set(None);
        self.leg_failure.set(None);
    }

    /// Leaves it for later.
    pub(crate) fn leave_for_later(self) {
        self.clear_outcome();
        self.forget_end();
        self.view.set(None);
        self.ask_unrecorded();
    }

    // ---- the course of a call ----------------------------------------------------------------------------------------

    /// Rings the person held. The telephone is made ready first, so that the ten seconds to connect are enough.
    pub(crate) fn begin(self, lease: LeaseId, name: String) {
        if self.is_beginning.get_untracked() || self.phase_now().is_some() {
            return;
        }
        self.is_beginning.set(true);
        self.forget_end();
        self.announcer.say(format!("Calling {name}."));
        spawn_local(async move {
            let result = self.try_begin(lease).await;
            self.is_beginning.set(false);
            if let Err(failure) = result {
                self.failure.set(Some(failure));
            }
        });
    }

    /// Takes a call that comes in; the same telephone, the same ten seconds. Whether it was taken.
    pub(crate) async fn answer(self, incoming: CallId) -> Result<(), (&'static str, WireError)> {
        self.forget_end();
        self.telephone.be_ready().await.map_err(|not_ready| {
            ("Your telephone is not ready, so the call was not answered", WireError::new(ErrorCode::Unavailable, not_ready.words()))
        })?;
        let view = calls::answer(incoming).await.map_err(|error| {
            self.session.noticed(&error);
            self.ask();
            ("The call was not answered", error)
        })?;
        self.go_on_line(view).await;
        Ok(())
    }

    async fn go_on_line(self, view: CallView) {
        let id = view.id;
        self.take(view);
        LINE.set(id);
        self.has_had_line.set(true);
        if let Err(code) = self.telephone.connect(id).await {
            self.leg_failed(code);
        }
    }

    /// Says who it is that the agent talks with.
    pub(crate) fn identify(self, user: UserId) {
        let Some(id) = self.id_now() else { return };
        self.change(id, Box::pin(calls::identify(id, user)), "Who it is was not kept");
    }

    async fn try_begin(self, lease: LeaseId) -> Result<(), (&'static str, WireError)> {
        self.telephone.be_ready().await.map_err(|not_ready| {
            ("Your telephone is not ready, so nobody was rung", WireError::new(ErrorCode::Unavailable, not_ready.words()))
        })?;
        let view = calls::start(lease).await.map_err(|error| {
            self.session.noticed(&error);
            // A call in another window, or one that the answer was lost of.
            self.ask();
            ("Nobody was rung", error)
        })?;
        self.go_on_line(view).await;
        Ok(())
    }

    /// Brings this window to the line of the agent's talk: after a reload, after a broken connection, or in place of another window. Nobody
    /// is rung. What fails is said; then it is for the agent to try again.
    pub(crate) fn rejoin(self) {
        let is_on_line = self.telephone.is_on_line.get_untracked() || self.is_rejoining.get_untracked();
        let Some(id) = self.id_now().filter(|_| !is_on_line) else { return };
        self.is_rejoining.set(true);
        self.failure.set(None);
        spawn_local(async move {
            let result = self.try_rejoin(id).await;
            self.is_rejoining.set(false);
            match result {
                Ok(()) => self.leg_failure.set(None),
                Err(failure) => {
                    LINE.forget();
                    self.failure.set(Some(failure));
                    self.ask();
                }
            }
        });
    }

    async fn try_rejoin(self, id: CallId) -> Result<(), (&'static str, WireError)> {
        let failed = |words: String| ("You are not on the line", WireError::new(ErrorCode::Unavailable, words));
        self.telephone.be_ready().await.map_err(|not_ready| failed(not_ready.words()))?;
        let view = calls::rejoin(id).await.map_err(|error| {
            self.session.noticed(&error);
            ("You are not on the line", error)
        })?;
        self.take(view);
        LINE.set(id);
        self.has_had_line.set(true);
        self.telephone.connect(id).await.map_err(|code| failed(error_words(code).to_owned()))?;
        self.telephone.is_connected();
        Ok(())
    }

    /// A call whose line this window has already will be the agent's.
    pub(crate) fn will_be_ours(self, call: CallId) {
        if untrack(|| self.is_late()) {
            // What came of it can still be said later; until then it would stand in the way of this one.
            self.leave_for_later();
        }
        line_will_be_of(call);
        LINE.set(call);
        self.has_had_line.set(true);
    }

    /// Puts the person on hold, or takes them off. It is shown when the carrier has confirmed it.
    pub(crate) fn hold(self) {
        let is_held = self.view.with_untracked(|view| view.as_ref().is_some_and(|view| view.value.held_seconds.is_some()));
        let Some(id) = self.id_now().filter(|_| self.is_talking_now() && !self.is_changing_hold.get_untracked()) else { return };
        self.is_changing_hold.set(true);
        spawn_local(async move {
            let answer = calls::hold(id, !is_held).await;
            self.is_changing_hold.set(false);
            match answer {
                Ok(view) if self.id_now() == Some(id) => {
                    let words = if view.held_seconds.is_some() { "On hold." } else { "No longer on hold." };
                    self.announcer.say(words);
                    self.take(view);
                }
                Ok(_) => {}
                Err(error) => {
                    self.session.noticed(&error);
                    let words = if is_held { "They are still on hold" } else { "They are not on hold" };
                    self.failure.set(Some((words, error)));
                    self.ask();
                }
            }
        });
    }

    /// The browser's leg could not be made, or broke: why is said. Before anybody has answered the call ends, and is never tried again by
    /// itself (lessons, line 20); whoever talks is brought back to the line.
    fn leg_failed(self, code: u32) {
        if self.phase_now() == Some(Phase::Going) {
            self.leg_failure.set(Some(WireError::new(ErrorCode::Unavailable, error_words(code))));
            if !self.is_talking_now() {
                self.tell_server_to_hang_up();
            }
        }
    }

    /// The browser's leg is over. The server hears it from the carrier; when it does not, from us (lessons, line 22). In a talk the person
    /// waits a while for us to come back.
    fn leg_ended(self) {
        self.ask();
        if !self.is_talking_now() {
            self.hang_up_soon();
        }
    }

    fn is_talking_now(self) -> bool {
        self.view.with_untracked(|view| view.as_ref().is_some_and(|view| view.value.state == CallState::Connected))
    }

    /// Tells the server to hang up, unless it knows by then.
    fn hang_up_soon(self) {
        let id = self.id_now();
        set_timeout(
            move || {
                // Whoever has answered meanwhile is not hung up on: this window goes back to them.
                let is_talking = self.is_talking_now() || self.is_rejoining.get_untracked();
                if self.phase_now() == Some(Phase::Going) && self.id_now() == id && !is_talking {
                    self.tell_server_to_hang_up();
                }
            },
            LEG_GRACE,
        );
    }

    /// Ends the call, here and at the server, whichever of them is stuck.
    pub(crate) fn hang_up(self) {
        if self.phase_now() != Some(Phase::Going) {
            return;
        }
        let _ = self.id_now().map(|id| HUNG_UP.set(id));
        LINE.forget();
        // The server first: a leg that only goes is one that may come back.
        self.tell_server_to_hang_up();
        self.telephone.disconnect();
    }

    /// The same by its key, which cuts nobody off by a slip: while talking it is pressed twice.
    pub(crate) fn hang_up_by_key(self) {
        if !self.is_talking_now() || self.is_hang_up_asked.get_untracked() {
            self.hang_up();
            return;
        }
        self.is_hang_up_asked.set(true);
        self.announcer.say("Press Alt+H again to hang up.");
        set_timeout(move || self.is_hang_up_asked.set(false), TWICE);
    }

    /// What its button says of the key.
    pub(crate) fn hang_up_hint(self) -> &'static str {
        match (self.is_talking(), self.is_hang_up_asked.get()) {
            (true, true) => "Alt+H again",
            (true, false) => "Alt+H twice",
            (false, _) => "Alt+H",
        }
    }

    fn tell_server_to_hang_up(self) {
        let Some(id) = self.id_now() else { return };
        self.is_hanging_up.set(true);
        self.told_at.set(now_millis());
        spawn_local(async move {
            let answer = calls::hang_up(id).await;
            let is_unheard = answer.as_ref().is_err_and(|error| is_to_be_repeated(error.code)) && HUNG_UP.is_of(id);
            if is_unheard {
                if self.failure.with_untracked(Option::is_none) {
                    let words = "It is told again by itself as soon as it can be reached. Leave this page open.";
                    self.failure.set(Some(("The server has not heard that you hung up", WireError::new(ErrorCode::Offline, words))));
                }
                set_timeout(move || self.hang_up_again(), Duration::from_millis(HANG_UP_AGAIN.into()));
                return;
            }
            // Whoever has to sign in again first ends it then.
            if answer.as_ref().err().is_none_or(|error| error.code != ErrorCode::Unauthenticated) {
                HUNG_UP.forget();
            }
            self.changed(id, answer, "The server did not hear that you hung up");
        });
    }

    /// What the agent ended is ended as soon as the server is heard (lessons, line 65).
    pub(crate) fn hang_up_again(self) {
        let is_due = now_millis() - self.told_at.get_untracked() >= HANG_UP_AGAIN.into();
        if is_due && self.phase_now() == Some(Phase::Going) && self.id_now().is_some_and(|id| HUNG_UP.is_of(id)) {
            self.tell_server_to_hang_up();
        }
    }

    /// Takes the answer to a change of this call; `failed` says what did not happen.
    fn change(self, id: CallId, asking: Pin<Box<dyn Future<Output = Result<CallView, WireError>>>>, failed: &'static str) {
        spawn_local(async move { self.changed(id, asking.await, failed) });
    }

    fn changed(self, id: CallId, answer: Result<CallView, WireError>, failed: &'static str) {
        match answer {
            Ok(view) if self.id_now() == Some(id) => self.take(view),
            Ok(_) => {}
            Err(error) => {
                self.session.noticed(&error);
                self.is_hanging_up.set(false);
                self.failure.set(Some((failed, error)));
                self.ask();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use calls::{Ended, WrapUp};

    use super::*;

    fn view(state: CallState) -> CallView {
        CallView {
            id: "01936b6e-0000-7000-8000-000000000001".parse().unwrap(),
            user_id: Some(UserId::new(48213)),
            user_name: "Priya Raman".into(),
            number: None,
            extension: None,
            queue: Some(kernel::QueueKind::UnsignedUsers),
            is_incoming: false,
            candidates: Vec::new(),
            state,
            state_seconds: 0,
            talk_seconds: None,
            end: None,
            wrap_up: None,
            notice: None,
            notes: String::new(),
            away_seconds: None,
            held_seconds: None,
            joined_by: None,
            handed_over: None,
        }
    }

    fn ended(how: CallEnd, seconds_left: Option<i64>) -> CallView {
        let wrap_up = seconds_left.map(|seconds_left| WrapUp { seconds_left: Some(seconds_left), suggested: None, choices: Vec::new() });
        let end = Some(Ended { how, words: "It is over.".into(), is_saved_call: how == CallEnd::Refused });
        CallView { end, wrap_up, ..view(CallState::Ended) }
    }

    #[test]
    fn a_call_asks_to_be_made_then_to_be_recorded_then_nothing() {
        for state in CallState::ALL.into_iter().filter(|state| *state != CallState::Ended) {
            assert_eq!(phase(&view(state)), Some(Phase::Going));
        }
        assert_eq!(phase(&ended(CallEnd::ByPerson, Some(90))), Some(Phase::WrapUp));
        assert_eq!(phase(&ended(CallEnd::Refused, None)), None);
    }

    /// lessons, line 17: late `ringing` overwrote `completed`.
    #[test]
    fn an_answer_that_was_overtaken_is_not_shown() {
        assert!(is_late(Some(&view(CallState::Connected)), &view(CallState::Ringing)));
        assert!(!is_late(Some(&view(CallState::Ringing)), &view(CallState::Connected)));
        assert!(!is_late(Some(&view(CallState::Ringing)), &view(CallState::Ringing)));
        let other = CallView { id: "01936b6e-0000-7000-8000-000000000002".parse().unwrap(), ..view(CallState::Created) };
        assert!(!is_late(Some(&view(CallState::Ended)), &other));
    }

    #[test]
    fn an_end_without_anything_to_record_says_what_to_do_next() {
        let refused = over(&ended(CallEnd::Refused, None));
        assert_eq!((refused.words.as_str(), refused.is_saved_call), ("It is over.", true));
        assert!(refused.next.contains("Call next"));
        assert!(over(&ended(CallEnd::NotConnected, None)).next.contains("press Call to try again"));
        assert!(over(&ended(CallEnd::CouldNotCheck, None)).next.contains("again in a moment"));
        assert!(over(&ended(CallEnd::Failed, None)).words.contains("could not be put through"));
        assert!(over(&ended(CallEnd::ByPerson, None)).words.contains("another window"));
    }

    #[test]
    fn a_call_that_was_handed_over_asks_nothing_more_and_says_to_whom() {
        let view = CallView { handed_over: Some("Handed over to Gareth Penhaligon at 10:42.".into()), ..ended(CallEnd::ByAgent, Some(90)) };
        assert_eq!(phase(&view), None);
        assert_eq!(over(&view).words, "Handed over to Gareth Penhaligon at 10:42.");
    }

    /// lessons, line 65: hanging up was lost with the network.
    #[test]
    fn a_hang_up_is_repeated_until_the_server_has_decided() {
        for code in [ErrorCode::Offline, ErrorCode::Unavailable, ErrorCode::Internal, ErrorCode::TooManyRequests] {
            assert!(is_to_be_repeated(code));
        }
        for code in [ErrorCode::Unauthenticated, ErrorCode::Forbidden, ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::BadRequest] {
            assert!(!is_to_be_repeated(code));
        }
    }

    #[test]
    fn hints_may_be_lost() {
        assert!(!is_ask_due(&view(CallState::Ringing), 9));
        assert!(is_ask_due(&view(CallState::Ringing), 10));
        assert!(!is_ask_due(&ended(CallEnd::ByPerson, Some(90)), 89));
        assert!(is_ask_due(&ended(CallEnd::ByPerson, Some(90)), 90));
        assert!(!is_ask_due(&ended(CallEnd::ByPerson, Some(0)), 1));
        assert!(!is_ask_due(&ended(CallEnd::Refused, None), 100));
    }

    #[test]
    fn only_what_matters_is_read_out_and_only_the_answer_interrupts() {
        assert_eq!(progress_words(&view(CallState::Dialling)), None);
        assert_eq!(progress_words(&view(CallState::Ringing)), Some(("Ringing Priya Raman.".into(), false)));
        assert_eq!(progress_words(&view(CallState::Connected)), Some(("Connected to Priya Raman.".into(), true)));
        assert_eq!(progress_words(&ended(CallEnd::ByPerson, Some(90))), Some(("It is over. What came of the call?".into(), false)));
    }
}
