//! The agent's console: who is held, what is under way, what went wrong. The decisions are pure functions.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use auth::Intention;
use kernel::{CallId, ErrorCode, LeaseId, QueueKind, UserId, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::{HandOut, PassedOver, ReleaseReason};

use super::address::Address;
use super::announce::Announcer;
use super::calls::{Calls, Phase};
use super::clock::{Received, now_millis};
use super::press::Settling;
use super::query::Query;
use super::session::Session;
use super::slot::Slot;
use crate::format::{count, counted, lower_first};
use crate::telephone::{Line, checked, touched};

/// The queues there are, in the order of the screen.
const CHOICES: [QueueKind; 3] = [QueueKind::UnsignedUsers, QueueKind::OutstandingRequests, QueueKind::Callbacks];
/// Where the browser keeps the choice.
const CHOICE_KEY: &str = "dialler.queue";
/// Where the console is.
const PATH: &str = "/";
/// In a talk the person is looked at so often; the server reads the claims platform every 5 s at most.
const TALK_LOOK: Duration = Duration::from_millis(5_100);
/// The longest note to a skip, in characters.
pub(crate) const LONGEST_NOTE: usize = 500;

/// What the console shows in its centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Asking whether somebody is held already.
    Restoring,
    /// Somebody is being looked for and checked.
    Checking,
    /// A person is held.
    Offered,
    /// They are being called.
    OnCall,
    /// The call is over; what came of it is being recorded.
    WrapUp,
    /// The last Call next found nobody.
    NobodyLeft,
    /// Available, nobody held.
    Ready,
    /// On a break, nobody held.
    OnBreak,
    /// Offline, nobody held.
    Offline,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The first question after the page was opened.
    Restoring,
    /// Call next.
    CallingNext,
    /// The held person is checked again; the screen stays as it is meanwhile.
    CheckingAgain,
    /// Another window, or the server, has changed who is held; the screen stays as it is until it is known.
    Following,
}

/// What was tried when something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What was tried.
    pub(crate) task: Task,
    /// What went wrong.
    pub(crate) error: WireError,
}

/// What to show, from what is known. A call comes before everything, then a held person: whoever holds one sees them.
fn stage(task: Option<Task>, held: Option<&HandOut>, intention: Intention, call: Option<Phase>) -> Stage {
    match (task, held) {
        _ if call == Some(Phase::Going) => Stage::OnCall,
        _ if call == Some(Phase::WrapUp) => Stage::WrapUp,
        (Some(Task::Restoring), _) => Stage::Restoring,
        (Some(Task::CallingNext), _) => Stage::Checking,
        (_, Some(hand_out)) if hand_out.user.is_some() => Stage::Offered,
        (_, Some(_)) if intention == Intention::Available => Stage::NobodyLeft,
        _ => match intention {
            Intention::Available => Stage::Ready,
            Intention::Break => Stage::OnBreak,
            Intention::Offline => Stage::Offline,
        },
    }
}

/// Whom the main button is about.
#[derive(Clone, Copy, Debug, Default)]
struct About {
    /// Whoever is held.
    lease: Option<LeaseId>,
    /// Whose card can be seen.
    seen: Option<LeaseId>,
    call: Option<CallId>,
    /// The time to say what came of the call is up.
    is_late: bool,
}

/// What a press on the main button does, and to whom: the bar's buttons are the same as long as this is. Nothing while somebody is looked for,
/// and before whoever would be rung can be seen.
fn meaning(stage: Stage, is_shown: bool, is_checking_telephone: bool, about: About) -> Option<String> {
    let About { lease, seen, call, is_late } = about;
    let call = call.map(|call| call.to_string()).unwrap_or_default();
    Some(match stage {
        _ if is_checking_telephone => "check".to_owned(),
        Stage::Restoring | Stage::Checking => return None,
        Stage::Offered if is_shown => format!("call {}", seen.filter(|_| seen == lease)?),
        Stage::OnCall => format!("hang up {call}"),
        Stage::WrapUp if is_shown => format!("save {call} {is_late}"),
        Stage::Offered | Stage::WrapUp => "back".to_owned(),
        Stage::NobodyLeft | Stage::Ready => "next".to_owned(),
        Stage::OnBreak | Stage::Offline => "available".to_owned(),
    })
}

/// Whom the agent's call is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnLine {
    /// There is no call.
    Nobody,
    /// This person.
    User(UserId),
    /// Somebody who rang us, and of whom nobody has said who they are.
    Unknown,
}

impl OnLine {
    fn of(calls: Calls) -> Self {
        calls.map(|view| view.user_id.map_or(Self::Unknown, Self::User)).unwrap_or(Self::Nobody)
    }

    /// Whether this person's card may be on the screen; nobody's always may.
    fn shows(self, user: Option<UserId>) -> bool {
        match self {
            Self::Nobody => true,
            Self::User(on_line) => user == Some(on_line),
            Self::Unknown => user.is_none(),
        }
    }
}

/// Which part of a skip is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SkipPart {
    /// The reason.
    Reason,
    /// The note.
    Note,
}

/// What is wrong with a skip as it stands: where, and in words.
pub(crate) fn skip_problem(reason: Option<ReleaseReason>, note: &str) -> Option<(SkipPart, &'static str)> {
    match reason {
        None => Some((SkipPart::Reason, "Choose a reason.")),
        Some(ReleaseReason::Other) if note.trim().is_empty() => Some((SkipPart::Note, "Say in the note what the reason is.")),
        Some(_) if note.chars().count() > LONGEST_NOTE => Some((SkipPart::Note, "The note is longer than 500 characters.")),
        Some(_) => None,
    }
}

/// Whether a note is so long that it is not thrown away without asking: a few words are written again sooner than answered for.
pub(crate) fn is_worth_keeping(note: &str) -> bool {
    note.trim().chars().count() > 20
}

/// What becomes of a held person when the agent leaves, before it happens.
pub(crate) fn leaving_words(name: &str) -> String {
    format!("{name} goes back to the queue and can be offered to somebody else.")
}

/// What is read out when the agent wants to be something else, here or in another window.
fn intention_words(intention: Intention, held: Option<&str>) -> String {
    match (intention, held) {
        (Intention::Available, _) => "You are available.".into(),
        (Intention::Break, Some(name)) => format!("You are on a break. {name} stays with you until you skip."),
        (Intention::Break, None) => "You are on a break.".into(),
        (Intention::Offline, _) => "You are offline.".into(),
    }
}

/// The server keeps a person for an agent who is there: it looks every ten seconds and renews a lease that has run for a
/// minute. So much of a whole lease may be gone when it stops, in milliseconds, with some seconds for the way.
const RENEWAL_SLACK: f64 = 75_000.0;

/// For how many seconds, at least, the server has renewed the lease since it answered. It stopped at `stopped_at`.
#[expect(clippy::cast_possible_truncation, reason = "a page is not open for 2^63 milliseconds")]
pub(crate) fn renewed_seconds(answered_at: f64, stopped_at: f64) -> i64 {
    ((stopped_at - answered_at - RENEWAL_SLACK).max(0.0) / 1000.0) as i64
}

/// What is read out when a person is offered.
fn offered_words(hand_out: &HandOut) -> Option<String> {
    let user = hand_out.user.as_ref()?;
    let checks = hand_out.why.as_ref().map_or(0, |why| why.checks.len());
    Some(format!("{}. {} passed.", user.name, counted(i64::try_from(checks).unwrap_or(i64::MAX), "check", "checks")))
}

/// What is read out of the calls that were not needed.
fn saved_words(hand_out: &HandOut) -> Option<String> {
    let (saved, _) = split_passed_over(&hand_out.passed_over);
    match saved.as_slice() {
        [] => None,
        [one] => Some(format!("No call needed: {}, {}.", one.name, lower_first(&one.words))),
        many => Some(format!("{} calls were not needed.", many.len())),
    }
}

/// Why nobody was offered; `waiting` of the queue cannot be called yet, if that is known to be all of it.
pub(crate) fn nobody_words(queue: QueueKind, hand_out: &HandOut, waiting: Option<i64>) -> (String, String) {
    let headline = || format!("Nobody can be called from {} now", queue.label());
    match (&hand_out.note, waiting) {
        (Some(note), _) => ("Nobody is with you now".to_owned(), note.clone()),
        (None, Some(0)) => (format!("Nobody is left in {}", queue.label()), "Everybody in this queue has been dealt with.".to_owned()),
        (None, Some(1)) => (headline(), "One person waits for a time.".to_owned()),
        (None, Some(many)) => (headline(), format!("{} people wait for a time.", count(many))),
        (None, None) => {
            (headline(), "Whoever is left waits for a time, is kept for a colleague for some minutes, or is with somebody else.".to_owned())
        }
    }
}

/// Everything that is read out about an answer; `gone` says that the person on the screen is not held any more. The region
/// keeps its last words, so an answer that changes what is true must say so.
fn answer_words(
    task: Task,
    is_same: bool,
    gone: Option<&str>,
    queue: QueueKind,
    hand_out: &HandOut,
    waiting: Option<i64>,
) -> Option<String> {
    let offered = match (task, is_same) {
        (Task::CheckingAgain, true) => offered_words(hand_out).map(|words| format!("Checked again. {words}")),
        (_, true) => None,
        (_, false) => offered_words(hand_out),
    };
    let nobody = match (gone, task) {
        (Some(gone), _) => Some(gone.to_owned()),
        (None, Task::CallingNext) if hand_out.user.is_none() => {
            let (headline, words) = nobody_words(queue, hand_out, waiting);
            Some(format!("{headline}. {words}"))
        }
        _ => None,
    };
    // Whoever was passed over on the way to a person was read out with them.
    let saved = saved_words(hand_out).filter(|_| !is_same || hand_out.user.is_none());
    let words: Vec<String> = [saved, nobody, offered].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The saved calls of an answer, and whoever else was passed over.
pub(crate) fn split_passed_over(passed_over: &[PassedOver]) -> (Vec<PassedOver>, Vec<PassedOver>) {
    passed_over.iter().cloned().partition(|passed| passed.is_saved_call)
}

/// Whether the held person is being let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// No.
    Idle,
    /// It is on its way to the server.
    UnderWay,
    /// As above, and a question about the person waits for how it ends.
    UnderWayAndAsked,
}

/// The console's state: for all of its parts, and for the bars around every page of somebody who takes calls.
/// Like the telephone, one for as long as the page is there.
#[derive(Clone, Copy)]
pub(crate) struct Console(&'static Parts);

impl Deref for Console {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.0
    }
}

/// What it is made of.
pub(crate) struct Parts {
    held: RwSignal<Option<Arc<Received<HandOut>>>>,
    task: RwSignal<Option<Task>>,
    failure: RwSignal<Option<Failure>>,
    /// Said above the centre: somebody is not held any more.
    pub(crate) notice: RwSignal<Option<String>>,
    /// The queue to take the next call from.
    choice: RwSignal<QueueKind>,
    /// The agent has checked who is on the line.
    pub(crate) is_identity_checked: RwSignal<bool>,
    /// The skip dialogue is open.
    pub(crate) is_skipping: RwSignal<bool>,
    /// In a call, whom it is with, as far as that is known.
    on_line: Memo<OnLine>,
    /// What the centre shows.
    stage: Memo<Stage>,
    /// Watches over the button for the next thing to do, and its key.
    pub(crate) main: Settling,
    /// Whose card has been painted.
    seen: &'static Slot<Option<LeaseId>>,
    /// The next heading that appears in the centre takes the focus.
    is_focus_wanted: StoredValue<bool>,
    /// How often this browser has begun to change who is held: an answer to a question asked before is out of date.
    changes: StoredValue<u32>,
    release: StoredValue<Release>,
    /// A hint about this agent came while something was under way.
    is_follow_due: StoredValue<bool>,
    calls: Calls,
    session: Session,
    address: Address,
    announcer: Announcer,
    summary: Query<queue::Summary>,
}

/// What follows when what came of a call is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The next person, from the same queue.
    Next,
    /// A break.
    Pause,
    /// Nothing: an earlier call was put right.
    Stay,
}

impl Console {
    /// Begins by asking whether somebody is held already.
    pub(crate) fn start(session: Session, address: Address, announcer: Announcer, summary: Query<queue::Summary>, calls: Calls) -> Self {
        let held = RwSignal::<Option<Arc<Received<HandOut>>>>::new(None);
        let task = RwSignal::new(None);
        let stage = Memo::new(move |_| {
            held.with(|held| stage(task.get(), held.as_ref().map(|held| &held.value), session.intention(), calls.phase()))
        });
        let on_line = Memo::new(move |_| OnLine::of(calls));
        let seen: &'static Slot<Option<LeaseId>> = Box::leak(Box::new(Slot::new(None)));
        let meaning = Memo::new(move |_| {
            let about = About {
                lease: held.with(|held| held.as_ref()?.value.lease_id),
                seen: seen.get(),
                call: calls.map(|view| view.id),
                is_late: calls.is_late(),
            };
            meaning(stage.get(), address.is(PATH), calls.telephone.is_being_checked.get(), about)
        });
        let console = Self(Box::leak(Box::new(Parts {
            held,
            on_line,
            task,
            failure: RwSignal::new(None),
            notice: RwSignal::new(None),
            choice: RwSignal::new(kept_choice()),
            is_identity_checked: RwSignal::new(false),
            is_skipping: RwSignal::new(false),
            stage,
            main: Settling::start(meaning),
            seen,
            is_focus_wanted: StoredValue::new(false),
            changes: StoredValue::new(0),
            release: StoredValue::new(Release::Idle),
            is_follow_due: StoredValue::new(false),
            calls,
            session,
            address,
            announcer,
            summary,
        })));
        console.restore();
        let intention = Memo::new(move |_| session.intention());
        Effect::new(move |was: Option<Intention>| {
            let now = intention.get();
            if was.is_some_and(|was| was != now) {
                announcer.say(intention_words(now, console.name_now().as_deref()));
            }
            now
        });
        // What an agent does with a call decides what is on the screen, and where the focus belongs.
        Effect::new(move |was: Option<()>| {
            let phase = calls.phase();
            if was.is_some() {
                console.call_changed(phase);
            }
        });
        // Somebody rings while somebody else's card is there, or it is said who rings.
        Effect::new(move |was: Option<()>| {
            on_line.track();
            if was.is_some() {
                console.follow();
            }
        });
        let is_connected = Memo::new(move |_| calls.is_talking());
        Effect::new(move |_| {
            if is_connected.get() {
                console.look_in_talk();
                if let Ok(looking) = set_interval_with_handle(move || console.look_in_talk(), TALK_LOOK) {
                    on_cleanup(move || looking.clear());
                }
            }
        });
        // Whoever is available and has checked their telephone today finds it ready.
        Effect::new(move |_| {
            if session.intention() == Intention::Available && calls.telephone.line.get_untracked() == Line::Off && checked::is_set() {
                spawn_local(async move {
                    touched().await;
                    let is_wanted = session.intention_now() == Intention::Available;
                    if is_wanted && calls.telephone.line.get_untracked() == Line::Off {
                        // The light says when it fails, and Call tries again.
                        let _ = calls.telephone.start().await;
                    }
                });
            }
        });
        console
    }

    /// The card of this person is drawn. Whoever is not seen is not rung: it counts once it has been painted, which no hidden page is.
    pub(crate) fn is_drawn(self, lease: Option<LeaseId>) {
        self.seen.set(None);
        // The first frame paints it, and the second is painted after it.
        request_animation_frame(move || request_animation_frame(move || self.seen.set(lease)));
    }

    /// Whether the console is on the screen.
    pub(crate) fn is_shown(self) -> bool {
        self.address.is(PATH)
    }

    /// Puts it there, and the focus on what it shows.
    pub(crate) fn show(self) {
        if !untrack(|| self.is_shown()) {
            self.is_focus_wanted.set_value(true);
            self.address.show(PATH);
        }
    }

    /// It is there: whoever came from another page begins with what it shows, and the page that has just been loaded takes nothing away.
    pub(crate) fn has_come(self) {
        if document().active_element().is_some_and(|active| active.tag_name() != "BODY") {
            self.is_focus_wanted.set_value(true);
        }
    }

    /// Whether whoever is signed in takes calls: then their status and their telephone are on every page. A supervisor does who is
    /// available, on a break, or has somebody.
    pub(crate) fn is_in_use(self) -> bool {
        self.is_shown()
            || !self.session.sees_the_floor()
            || self.session.intention() != Intention::Offline
            || self.calls.phase().is_some()
            || self.held_name().is_some()
    }

    /// What the centre shows.
    pub(crate) fn stage(self) -> Stage {
        self.stage.get()
    }

    /// The last answer. In a call nobody's card but that of whoever is on the line.
    pub(crate) fn held(self) -> Option<Arc<Received<HandOut>>> {
        self.held.get().filter(|held| self.on_line.get().shows(held.value.user.as_ref().map(|user| user.id)))
    }

    /// What went wrong last.
    pub(crate) fn failure(self) -> Option<Failure> {
        self.failure.get()
    }

    /// What is under way.
    pub(crate) fn task(self) -> Option<Task> {
        self.task.get()
    }

    /// The chosen queue.
    pub(crate) fn choice(self) -> QueueKind {
        // Of a queue that is not theirs any more, the first of theirs.
        let (choices, choice) = (self.choices(), self.choice.get());
        if choices.contains(&choice) { choice } else { choices.first().copied().unwrap_or(choice) }
    }

    /// The queues that the agent can choose.
    pub(crate) fn choices(self) -> Vec<QueueKind> {
        let queues = self.session.queues();
        CHOICES.into_iter().filter(|queue| queues.as_ref().is_none_or(|queues| queues.contains(queue))).collect()
    }

    /// Chooses a queue. “Nobody left” was about the one before.
    pub(crate) fn choose(self, queue: QueueKind) {
        self.choice.set(queue);
        if let Ok(Some(storage)) = window().local_storage() {
            // A full or closed storage only means that the choice is not remembered.
            let _ = storage.set_item(CHOICE_KEY, queue.as_str());
        }
        if self.stage.get_untracked() == Stage::NobodyLeft {
            self.held.set(None);
        }
    }

    /// How many in a queue cannot be called before some time, as last counted. None when others are left, too.
    pub(crate) fn waiting(self, queue: QueueKind) -> Option<i64> {
        let of = |count: &&queue::QueueCount| count.queue == queue && count.callable == 0;
        self.summary.map(|summary| summary.queues.iter().find(of).map(|count| count.waiting)).flatten()
    }

    /// The name of whoever is held.
    pub(crate) fn held_name(self) -> Option<String> {
        self.held.with(|held| held.as_ref()?.value.user.as_ref().map(|user| user.name.clone()))
    }

    /// A check of whoever is held did not pass: the gate is off.
    pub(crate) fn is_against(self) -> bool {
        self.held.with(|held| {
            let why = held.as_ref().and_then(|held| held.value.why.as_ref());
            why.is_some_and(|why| why.checks.iter().any(|check| !check.has_passed))
        })
    }

    /// The same, for whatever happens once.
    pub(crate) fn name_now(self) -> Option<String> {
        untrack(move || self.held_name())
    }

    /// Whether this person is held.
    pub(crate) fn holds(self, user: UserId) -> bool {
        self.held.with(|held| held.as_ref().is_some_and(|held| held.value.user.as_ref().is_some_and(|held| held.id == user)))
    }

    fn user_now(self) -> Option<UserId> {
        self.held.with_untracked(|held| held.as_ref()?.value.user.as_ref().map(|user| user.id))
    }

    /// Whoever is held, for whatever happens once.
    pub(crate) fn lease_now(self) -> Option<LeaseId> {
        self.held.with_untracked(|held| held.as_ref()?.value.lease_id)
    }

    /// Becomes available, on the first time of a day after the telephone has been checked.
    pub(crate) fn become_available(self) {
        if checked::is_set() {
            self.set_intention(Intention::Available);
        } else {
            self.check_telephone();
        }
    }

    /// Shows the check of the telephone.
    pub(crate) fn check_telephone(self) {
        self.calls.telephone.is_being_checked.set(true);
        self.show();
    }

    /// The telephone has been found to work.
    pub(crate) fn telephone_is_checked(self) {
        checked::set();
        self.is_focus_wanted.set_value(true);
        self.calls.telephone.is_being_checked.set(false);
        if self.session.intention_now() != Intention::Available {
            self.set_intention(Intention::Available);
        }
    }

    /// Asks the server for another intention. What went wrong is shown as a message: the status stays what it was.
    pub(crate) fn set_intention(self, intention: Intention) {
        self.session.is_changing();
        spawn_local(async move {
            match auth::set_presence(intention).await {
                Ok(me) => {
                    self.session.is(me);
                    // Whoever goes offline hands back whom they hold.
                    if intention == Intention::Offline {
                        self.follow();
                    }
                }
                Err(error) => {
                    self.session.noticed(&error);
                    self.announcer.refuse(format!("Your status stays as it was. {}", error.message));
                }
            }
        });
    }

    /// Looks whether the right person is on the screen: another window of this agent may have skipped, asked for the next
    /// one or left. Most hints follow from what this window did itself; then nothing at all moves, and nobody is checked.
    pub(crate) fn follow(self) {
        // The screen is gone.
        let (Some(asked_at), Some(release)) = (self.changes.try_get_value(), self.release.try_get_value()) else { return };
        // Whoever is on the line is held until it is over. Another window may have heard of something new about them.
        if self.calls.phase_now().is_some() && self.on_line.get_untracked().shows(self.user_now()) {
            if untrack(|| self.calls.is_talking()) {
                self.look_in_talk();
            }
            return;
        }
        if self.task.get_untracked().is_some() || release != Release::Idle {
            self.is_follow_due.set_value(true);
            return;
        }
        spawn_local(async move {
            let result = queue::held().await;
            let is_late = self.task.try_get_untracked() != Some(None) || self.changes.try_get_value() != Some(asked_at);
            match result {
                _ if is_late => self.follow(),
                Ok(lease) if lease == self.lease_now() => {}
                Ok(None) => self.answered(Task::Following, Ok(HandOut::default())),
                Ok(Some(_)) => self.ask_current(Task::Following),
                // The light says that the server is away, and the next hint asks again.
                Err(error) => self.session.noticed(&error),
            }
        });
    }

    fn follow_if_due(self) {
        if self.is_follow_due.try_update_value(std::mem::take) == Some(true) {
            self.follow();
        }
    }

    /// Asks whether somebody is held.
    pub(crate) fn restore(self) {
        self.ask_current(Task::Restoring);
    }

    /// Asks again about the person on the screen.
    pub(crate) fn check_again(self) {
        if matches!(self.stage.get_untracked(), Stage::Offered | Stage::OnCall | Stage::WrapUp) {
            self.ask_current(Task::CheckingAgain);
        }
    }

    fn ask_current(self, task: Task) {
        if self.release.get_value() != Release::Idle {
            self.release.set_value(Release::UnderWayAndAsked);
            return;
        }
        if self.task.get_untracked().is_some() {
            return;
        }
        self.task.set(Some(task));
        let asked_at = self.changes.get_value();
        spawn_local(async move {
            let result = queue::current().await;
            if self.changes.try_get_value() == Some(asked_at) {
                self.answered(task, result);
            }
        });
    }

    /// A call began, ended or was dealt with.
    fn call_changed(self, phase: Option<Phase>) {
        self.is_skipping.set(false);
        self.notice.set(None);
        // What is being typed goes on.
        self.is_focus_wanted.set_value(!is_writing());
        match phase {
            Some(Phase::WrapUp) => self.look_again(),
            // Whoever was not rung may be held still.
            None if self.release.get_value() == Release::Idle => self.follow(),
            _ => {}
        }
    }

    /// The agent waits for the person to do what they are rung for: whether they have is looked at while they talk. Nobody has pressed anything,
    /// so a failure says nothing.
    fn look_in_talk(self) {
        let Some(asked_at) = self.changes.try_get_value() else { return };
        spawn_local(async move {
            let Ok(Some(hand_out)) = queue::talk().await else { return };
            self.take_if_same(asked_at, hand_out);
        });
    }

    /// The same once more when the call is over, of this very moment.
    fn look_again(self) {
        let asked_at = self.changes.get_value();
        spawn_local(async move {
            let Ok(hand_out) = queue::current().await else { return };
            self.take_if_same(asked_at, hand_out);
        });
    }

    /// Shows what was read of whoever is on the line, unless something else has come between.
    fn take_if_same(self, asked_at: u32, hand_out: HandOut) {
        let is_late = self.task.try_get_untracked() != Some(None) || self.changes.try_get_value() != Some(asked_at);
        if !is_late && hand_out.call_id.is_some() {
            self.take(Task::CheckingAgain, hand_out);
        }
    }

    /// Rings the person held.
    pub(crate) fn call(self) {
        let is_ready = self.stage.get_untracked() == Stage::Offered && self.task.get_untracked().is_none();
        let Some((lease, name)) = self.lease_now().zip(self.name_now()).filter(|_| is_ready && !self.is_skipping.get_untracked()) else {
            return;
        };
        // Whoever is not seen is not rung.
        if !untrack(|| self.is_shown()) {
            self.show();
        } else if checked::is_set() {
            self.notice.set(None);
            self.calls.begin(lease, name);
        } else {
            self.check_telephone();
        }
    }

    /// Records what came of the call.
    pub(crate) fn save(self, then: Then) {
        if self.stage.get_untracked() != Stage::WrapUp || self.calls.is_saving.get_untracked() || self.release.get_value() != Release::Idle
        {
            return;
        }
        let name = self.calls.map(|view| view.user_name.clone()).unwrap_or_default();
        // The person is let go with it: as with a skip, a question on its way would bring them back.
        self.changes.update_value(|changes| *changes += 1);
        self.task.set(None);
        self.release.set_value(Release::UnderWay);
        spawn_local(async move {
            let recorded = self.calls.record().await;
            if self.release.try_update_value(|release| std::mem::replace(release, Release::Idle)).is_none() {
                return;
            }
            if let Some(recorded) = recorded {
                self.is_focus_wanted.set_value(true);
                self.is_identity_checked.set(false);
                self.held.set(None);
                self.failure.set(None);
                self.announcer.show(format!("{name}: {}", lower_first(&recorded.words)));
                match (then, self.session.intention_now()) {
                    (Then::Next, Intention::Available) => self.call_next(),
                    (Then::Pause, Intention::Available) => self.set_intention(Intention::Break),
                    _ => {}
                }
            }
            self.follow_if_due();
        });
    }

    /// Leaves the call of which nothing was said in time. Its person went with the time.
    pub(crate) fn leave_for_later(self) {
        self.held.set(None);
        self.is_focus_wanted.set_value(true);
        self.calls.leave_for_later();
    }

    /// Call next, when the console is ready for it.
    pub(crate) fn call_next(self) {
        let is_ready = matches!(self.stage.get_untracked(), Stage::Ready | Stage::NobodyLeft) && self.task.get_untracked().is_none();
        if !is_ready || self.is_skipping.get_untracked() {
            return;
        }
        self.show();
        self.notice.set(None);
        self.calls.forget_end();
        self.changes.update_value(|changes| *changes += 1);
        self.task.set(Some(Task::CallingNext));
        let choice = untrack(|| self.choice());
        self.announcer.say("Looking for the next person.");
        spawn_local(async move {
            let result = queue::call_next(choice).await;
            self.answered(Task::CallingNext, result);
        });
    }

    /// Takes this person, through the same checks as Call next, and shows them. Otherwise why not.
    pub(crate) async fn pick(self, user: UserId) -> Result<(), WireError> {
        if self.task.get_untracked().is_some() {
            return Ok(());
        }
        self.changes.update_value(|changes| *changes += 1);
        self.task.set(Some(Task::CallingNext));
        let answer = queue::take(user).await;
        match answer {
            Ok(hand_out) if hand_out.user.is_some() => {
                self.show();
                self.answered(Task::CallingNext, Ok(hand_out));
                Ok(())
            }
            answer => {
                let _ = self.task.try_set(None);
                self.follow_if_due();
                // The last check found that no call is needed, or allowed.
                let hand_out = answer.inspect_err(|error| self.session.noticed(error))?;
                let words = hand_out.passed_over.first().map(|passed| passed.words.clone()).or(hand_out.note);
                Err(WireError::new(ErrorCode::Conflict, words.unwrap_or_else(|| "Nobody was taken.".to_owned())))
            }
        }
    }

    /// Why nobody can be taken now, beside what is known of the person.
    pub(crate) fn cannot_pick(self) -> Option<String> {
        match self.stage() {
            Stage::Ready | Stage::NobodyLeft => None,
            Stage::Checking | Stage::Restoring => Some("One moment: somebody else is being looked at.".to_owned()),
            Stage::Offered => Some(format!("{} is with you: call or skip them first.", self.held_name().unwrap_or_default())),
            Stage::OnCall | Stage::WrapUp => Some("You have a call: finish it first.".to_owned()),
            Stage::OnBreak | Stage::Offline => Some("You are not available.".to_owned()),
        }
    }

    fn answered(self, task: Task, result: Result<HandOut, WireError>) {
        // The screen is gone: the server still knows who is held.
        if self.task.try_set(None).is_some() {
            return;
        }
        match result {
            Ok(hand_out) => {
                self.failure.set(None);
                self.take(task, hand_out);
            }
            Err(error) => {
                self.session.noticed(&error);
                self.failure.set(Some(Failure { task, error }));
            }
        }
        self.follow_if_due();
    }

    fn take(self, task: Task, mut hand_out: HandOut) {
        let before = self.lease_now();
        let is_same = before == hand_out.lease_id;
        if is_same && task == Task::Following {
            return;
        }
        if is_same && before.is_some() {
            let held = self.held.get_untracked();
            if let Some(held) = held {
                // Who was passed over on the way to this person is still so.
                hand_out.passed_over.clone_from(&held.value.passed_over);
                hand_out.saved_calls = held.value.saved_calls;
                if hand_out.call_id.is_some() && held.value.why.is_some() {
                    // Why the call was made stays as it was.
                    keep_why(&mut hand_out, &held.value, held.millis_ago(now_millis()));
                    if held.value.user == hand_out.user && held.value.note == hand_out.note {
                        return;
                    }
                }
            }
        }
        // Whoever stood in the centre would lose the focus when it is drawn anew.
        self.is_focus_wanted.set_value(!is_same || task == Task::CallingNext || is_focus_in_the_centre());
        if !is_same {
            self.is_identity_checked.set(false);
            self.is_skipping.set(false);
        }
        // How a call ended has been said by whoever knows.
        let is_told = self.user_now().is_some_and(|user| self.calls.has_told_of(user));
        let gone = self.name_now().filter(|_| hand_out.user.is_none() && !is_told).map(|name| {
            if self.on_line.get_untracked() != OnLine::Nobody {
                return format!("{name} waits for somebody again, since you took a call.");
            }
            let is_offline = self.session.intention_now() == Intention::Offline;
            gone_words(&name, &hand_out, is_offline)
        });
        let queue = untrack(|| self.choice());
        let waiting = untrack(|| self.waiting(queue));
        if hand_out.call_id.is_some() {
            // In a call only what is new about the person is worth saying, and at once.
            let known = self.held.with_untracked(|held| held.as_ref().and_then(|held| held.value.note.clone()));
            if let Some(note) = hand_out.note.clone().filter(|note| known.as_ref() != Some(note)) {
                self.announcer.interrupt(note);
            }
        } else if let Some(words) = answer_words(task, is_same, gone.as_deref(), queue, &hand_out, waiting) {
            self.announcer.say(words);
        }
        if gone.is_some() || !is_same {
            self.notice.set(gone);
        }
        let is_worth_showing = hand_out.user.is_some() || task == Task::CallingNext || !hand_out.passed_over.is_empty();
        self.held.set(is_worth_showing.then(|| Arc::new(Received::now(hand_out))));
    }

    /// The held person was let go.
    fn released(self, name: &str, again: &str) {
        self.is_focus_wanted.set_value(true);
        self.held.set(None);
        self.failure.set(None);
        self.is_skipping.set(false);
        self.announcer.show(format!("{name} can be offered again {again}."));
    }

    /// Lets the heading of a new centre take the focus, when it is wanted there.
    pub(crate) fn focus_when_wanted(self, heading: NodeRef<leptos::html::H1>) {
        heading.on_load(move |heading| {
            // The heading is not in the document yet.
            request_animation_frame(move || {
                if self.is_focus_wanted.try_update_value(std::mem::take) == Some(true) {
                    let _ = heading.focus();
                }
            });
        });
    }

    /// Lets the held person go. Answers with what went wrong.
    pub(crate) async fn release(self, lease: LeaseId, reason: ReleaseReason, note: String) -> Result<(), WireError> {
        let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
        let name = self.held_name().unwrap_or_default();
        // A question on its way would be answered with the person who is leaving. It is asked anew if they stay.
        self.changes.update_value(|changes| *changes += 1);
        let is_asked = matches!(self.task.get_untracked(), Some(Task::CheckingAgain | Task::Following));
        if is_asked {
            self.task.set(None);
        }
        self.release.set_value(if is_asked { Release::UnderWayAndAsked } else { Release::UnderWay });
        let result = queue::release(lease, reason, note).await;
        // Without a screen there is nothing to show.
        let release = self.release.try_update_value(|release| std::mem::replace(release, Release::Idle));
        match result {
            Ok(released) => {
                if release.is_some() {
                    self.released(&name, &released.available_again);
                    self.follow_if_due();
                }
                Ok(())
            }
            Err(error) => {
                self.session.noticed(&error);
                // Let go in another window, or by time: look who is held now.
                if release == Some(Release::UnderWayAndAsked) || (release.is_some() && error.code == ErrorCode::Conflict) {
                    self.check_again();
                }
                self.follow_if_due();
                Err(error)
            }
        }
    }
}

/// Keeps why the call was made, as it was `millis` ago.
fn keep_why(hand_out: &mut HandOut, before: &HandOut, millis: i64) {
    let passed = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    hand_out.why = before.why.clone().map(|why| why.older(passed));
    hand_out.score.clone_from(&before.score);
    hand_out.stored_score = before.stored_score;
}

/// What is said when the person on the screen is not held any more.
fn gone_words(name: &str, hand_out: &HandOut, is_offline: bool) -> String {
    if !hand_out.passed_over.is_empty() {
        format!("{name} is not yours any more. Nobody was rung; below is why.")
    } else if is_offline {
        format!("You are offline, so {name} is back in the queue. Nobody was rung.")
    } else {
        format!("{name} is not yours any more: dealt with in another window, or the time ran out. Nobody was rung.")
    }
}

/// Something is being written.
fn is_writing() -> bool {
    document().active_element().is_some_and(|active| matches!(active.tag_name().as_str(), "TEXTAREA" | "INPUT"))
}

fn is_focus_in_the_centre() -> bool {
    document().active_element().is_some_and(|active| active.closest("[data-centre]").ok().flatten().is_some())
}

fn kept_choice() -> QueueKind {
    let kept = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(CHOICE_KEY).ok().flatten());
    kept.and_then(|kept| kept.parse().ok()).filter(|kept| CHOICES.contains(kept)).unwrap_or(QueueKind::UnsignedUsers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> HandOut {
        serde_json::from_str(r#"{"decision_id":null,"lease_id":null,"lease_expires_at":null,"lease_seconds_left":null,"queue":null,"user":null,"why":null,"score":null,"stored_score":null,"saved_calls":0,"passed_over":[],"note":null}"#).unwrap()
    }

    fn somebody() -> HandOut {
        let user = r#"{"id":"48213","name":"Priya Raman","first_name":"Priya","previous_name":null,"number":"07700 900142","date_of_birth":null,"age":47,"town":"Leicester","address":null,"post_code":null,"earlier_addresses":[],"claims":[],"outstanding":[],"log":[]}"#;
        HandOut { user: serde_json::from_str(user).unwrap(), lease_id: Some(LeaseId::new(1)), ..nobody() }
    }

    fn saved() -> HandOut {
        let signed = r#"[{"user_id":"48213","name":"Priya Raman","decision_id":"01936b6e-0000-7000-8000-000000000001","reasons":[],"words":"Signed in the meantime","is_saved_call":true}]"#;
        HandOut { passed_over: serde_json::from_str(signed).unwrap(), saved_calls: 1, ..nobody() }
    }

    /// lessons, line 58: what the main button does changes under the pointer. Each of these is another meaning.
    #[test]
    fn the_main_button_means_what_it_does_and_to_whom() {
        let (one, two) = (Some(LeaseId::new(1)), Some(LeaseId::new(2)));
        let [first, second] = ["01936b6e-0000-7000-8000-000000000001", "01936b6e-0000-7000-8000-000000000002"].map(|id| id.parse().ok());
        let of = |lease, call| About { lease, seen: lease, call, is_late: false };
        let nobody = About::default();
        let all = [
            meaning(Stage::Ready, true, false, nobody),
            meaning(Stage::Ready, true, true, nobody),
            meaning(Stage::OnBreak, true, false, nobody),
            meaning(Stage::Offered, true, false, of(one, None)),
            meaning(Stage::Offered, true, false, of(two, None)),
            meaning(Stage::Offered, false, false, of(one, None)),
            meaning(Stage::OnCall, true, false, of(one, first)),
            meaning(Stage::OnCall, true, false, of(one, second)),
            meaning(Stage::WrapUp, true, false, of(one, first)),
            meaning(Stage::WrapUp, true, false, of(one, second)),
            meaning(Stage::WrapUp, true, false, About { is_late: true, ..of(one, first) }),
        ];
        for (index, meaning) in all.iter().enumerate() {
            assert!(meaning.is_some() && !all[..index].contains(meaning), "{meaning:?} in {all:?}");
        }
        // Looking at another page does not keep anybody from hanging up, nor does checking the person again.
        assert_eq!(meaning(Stage::OnCall, false, false, of(one, first)), all[6]);
        assert_eq!(meaning(Stage::NobodyLeft, true, false, nobody), all[0]);
    }

    /// lessons, line 58: somebody was rung whose card nobody had read.
    #[test]
    fn call_means_nothing_before_the_persons_own_card_is_seen() {
        let (one, two) = (Some(LeaseId::new(1)), Some(LeaseId::new(2)));
        for (lease, seen) in [(one, None), (one, two), (None, None), (None, one)] {
            assert_eq!(meaning(Stage::Offered, true, false, About { lease, seen, ..About::default() }), None);
        }
        for stage in [Stage::Checking, Stage::Restoring] {
            assert_eq!(meaning(stage, true, false, About { lease: one, seen: one, ..About::default() }), None);
        }
    }

    /// Nobody sees somebody else's claims while they talk.
    #[test]
    fn in_a_call_only_whoever_is_on_the_line_is_shown() {
        let (priya, karen) = (UserId::new(1), UserId::new(2));
        assert!(OnLine::Nobody.shows(Some(karen)));
        assert!(OnLine::User(priya).shows(Some(priya)));
        assert!(!OnLine::User(priya).shows(Some(karen)));
        assert!(!OnLine::Unknown.shows(Some(karen)));
        assert!(OnLine::Unknown.shows(None));
    }

    #[test]
    fn a_held_person_is_shown_whatever_the_agent_wants_to_be() {
        for intention in [Intention::Available, Intention::Break, Intention::Offline] {
            assert_eq!(stage(None, Some(&somebody()), intention, None), Stage::Offered);
            for task in [Task::CheckingAgain, Task::Following] {
                assert_eq!(stage(Some(task), Some(&somebody()), intention, None), Stage::Offered);
            }
        }
    }

    #[test]
    fn a_call_comes_before_everything() {
        for intention in [Intention::Available, Intention::Break, Intention::Offline] {
            for held in [None, Some(&somebody())] {
                for task in [None, Some(Task::Restoring), Some(Task::CheckingAgain)] {
                    assert_eq!(stage(task, held, intention, Some(Phase::Going)), Stage::OnCall);
                    assert_eq!(stage(task, held, intention, Some(Phase::WrapUp)), Stage::WrapUp);
                }
            }
        }
    }

    #[test]
    fn nobody_held_follows_the_agents_wish() {
        assert_eq!(stage(None, None, Intention::Available, None), Stage::Ready);
        assert_eq!(stage(None, None, Intention::Break, None), Stage::OnBreak);
        assert_eq!(stage(None, None, Intention::Offline, None), Stage::Offline);
        assert_eq!(stage(None, Some(&nobody()), Intention::Available, None), Stage::NobodyLeft);
        assert_eq!(stage(None, Some(&nobody()), Intention::Break, None), Stage::OnBreak);
    }

    #[test]
    fn what_is_under_way_comes_first() {
        assert_eq!(stage(Some(Task::Restoring), None, Intention::Offline, None), Stage::Restoring);
        assert_eq!(stage(Some(Task::CallingNext), Some(&nobody()), Intention::Available, None), Stage::Checking);
    }

    #[test]
    fn other_needs_a_note_and_no_note_is_too_long() {
        let part = |reason, note: &str| skip_problem(reason, note).map(|(part, _)| part);
        assert_eq!(part(None, &"é".repeat(501)), Some(SkipPart::Reason));
        assert_eq!(part(Some(ReleaseReason::Other), "  "), Some(SkipPart::Note));
        assert_eq!(skip_problem(Some(ReleaseReason::Other), "A wedding"), None);
        assert_eq!(skip_problem(Some(ReleaseReason::Language), ""), None);
        assert_eq!(skip_problem(Some(ReleaseReason::Language), &"é".repeat(500)), None);
        assert_eq!(part(Some(ReleaseReason::Language), &"é".repeat(501)), Some(SkipPart::Note));
    }

    #[test]
    fn only_a_long_note_is_asked_about() {
        assert!(!is_worth_keeping(""));
        assert!(!is_worth_keeping("   twenty characters.   "));
        assert!(is_worth_keeping("Spoke to her brother."));
    }

    #[test]
    fn whoever_waits_for_a_time_is_not_said_to_be_dealt_with() {
        let words = |waiting| {
            let (headline, words) = nobody_words(QueueKind::UnsignedUsers, &nobody(), waiting);
            format!("{headline}. {words}")
        };
        assert!(words(Some(0)).starts_with("Nobody is left in") && words(Some(0)).ends_with("dealt with."));
        assert!(words(Some(1)).ends_with("One person waits for a time."));
        assert!(words(Some(1_204)).ends_with("1,204 people wait for a time."));
        assert!(!words(None).contains("dealt with"));
        let closed = HandOut { note: Some("Calls may be made from tomorrow 09:00.".into()), ..nobody() };
        assert_eq!(nobody_words(QueueKind::UnsignedUsers, &closed, Some(3)).1, "Calls may be made from tomorrow 09:00.");
    }

    #[test]
    fn what_becomes_of_the_held_person_is_said() {
        assert_eq!(intention_words(Intention::Break, None), "You are on a break.");
        assert_eq!(
            intention_words(Intention::Break, Some("Priya Raman")),
            "You are on a break. Priya Raman stays with you until you skip."
        );
        assert!(gone_words("Priya Raman", &nobody(), true).starts_with("You are offline, so Priya Raman is back"));
        assert!(gone_words("Priya Raman", &nobody(), false).contains("in another window"));
        assert!(gone_words("Priya Raman", &saved(), true).contains("below is why"));
    }

    #[test]
    fn a_lease_is_renewed_from_the_answer_until_the_server_hears_nothing() {
        assert_eq!(renewed_seconds(10_000.0, 675_000.0), 590);
        // It was not heard for long enough to renew, or not at all.
        assert_eq!(renewed_seconds(10_000.0, 70_000.0), 0);
        assert_eq!(renewed_seconds(10_000.0, 0.0), 0);
    }

    #[test]
    fn what_is_read_out_names_the_person() {
        assert_eq!(offered_words(&somebody()).as_deref(), Some("Priya Raman. 0 checks passed."));
        assert_eq!(offered_words(&nobody()), None);
    }

    #[test]
    fn whatever_changes_what_is_true_is_read_out() {
        let words =
            |task, is_same, gone, hand_out: &HandOut| answer_words(task, is_same, gone, QueueKind::UnsignedUsers, hand_out, Some(0));

        assert_eq!(words(Task::CallingNext, false, None, &somebody()).as_deref(), Some("Priya Raman. 0 checks passed."));
        assert_eq!(words(Task::CheckingAgain, true, None, &somebody()).as_deref(), Some("Checked again. Priya Raman. 0 checks passed."));
        assert_eq!(
            words(Task::CheckingAgain, false, Some("Priya Raman is not yours any more."), &saved()).as_deref(),
            Some("No call needed: Priya Raman, signed in the meantime. Priya Raman is not yours any more.")
        );
        assert_eq!(words(Task::Following, false, Some("Gone."), &nobody()).as_deref(), Some("Gone."));
        assert!(words(Task::CallingNext, true, None, &nobody()).is_some_and(|words| words.starts_with("Nobody is left in")));
        assert_eq!(words(Task::Restoring, true, None, &nobody()), None);
        assert!(words(Task::Restoring, true, None, &saved()).is_some_and(|words| words.starts_with("No call needed")));
        let checked_again = HandOut { passed_over: saved().passed_over, ..somebody() };
        assert!(words(Task::CheckingAgain, true, None, &checked_again).is_some_and(|words| !words.contains("No call needed")));
    }
}
