use kernel::{ErrorCode, InvalidPhoneNumber, WireError};

/// Why a time cannot be promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromiseError {
    /// It cannot be read.
    #[error("The time of the callback cannot be read: give a date and a time, such as 2026-11-24T14:30.")]
    Unreadable,
    /// Clocks skip it.
    #[error("There is no such time: on that day the clocks go forward from 01:00 to 02:00.")]
    NoSuchTime,
    /// It is not in the future.
    #[error("The time of the callback is already past.")]
    Past,
    /// It is more than so many days ahead.
    #[error("A callback can be promised for at most {0} days ahead.")]
    TooFar(i64),
    /// Calls may not be made then.
    #[error("Calls may not be made at that time. Choose one within the calling hours.")]
    Closed,
    /// Calls are not made on that day at all: which it is, and why.
    #[error("No calls are made on {day}: {why}. Choose another day.")]
    ClosedDay {
        /// “Monday 28 December 2026”.
        day: String,
        /// “Boxing Day, a bank holiday”.
        why: String,
    },
}

/// What the queue refuses, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Call next while not available.
    #[error("You are not available. Become available first; then you are given the next person.")]
    NotAvailable,
    /// Call next from a queue that the agent may not take from.
    #[error("The queue {0} is not one of yours. Choose another; an administrator can change which are yours.")]
    NotYourQueue(&'static str),
    /// Call next during a call or before its outcome is recorded.
    #[error("You have a call, or one that waits for its outcome. Finish that first; then you are given the next person.")]
    OnCall,
    /// The lease is not there, has run out or belongs to somebody else.
    #[error("You do not hold this person any more. Nothing was changed.")]
    NoSuchLease,
    /// A note is needed.
    #[error("Please say in a few words why, in the note.")]
    NoteNeeded,
    /// A note is too long.
    #[error("The note may have at most {0} characters.")]
    NoteTooLong(usize),
    /// There is no such thing to pause.
    #[error("Choose what is to be paused: a queue, a lender or a solicitor.")]
    NothingToPause,
    /// A reason is needed.
    #[error("Please say why, for whoever asks later.")]
    ReasonNeeded,
    /// It would end before it began, or at a time that clocks skip.
    #[error("A pause ends at a time that is still to come; without one it holds until somebody resumes it. Nothing was paused.")]
    PauseEndsInThePast,
    /// It is paused.
    #[error("That is paused already. Nothing was changed.")]
    PausedAlready,
    /// The pause has ended, or never was.
    #[error("That pause has ended already. Nothing was changed.")]
    NoSuchPause,
    /// Settings that cannot be stored; the sentences say why.
    #[error("{0} Nothing was changed.")]
    SettingsRefused(String),
    /// A rule set that cannot be added; the sentences say why.
    #[error("{0} Nothing was added.")]
    RuleSetRefused(String),
    /// A day or a list of holidays that cannot be taken; the sentences say why.
    #[error("{0} Nothing was changed.")]
    HolidayRefused(String),
    /// The day is not on the list.
    #[error("That day is not on the list any more. Nothing was changed.")]
    NoSuchHoliday,
    /// It goes with a newer list.
    #[error("That day is in the official list. Load a newer list to change it. Nothing was changed.")]
    OfficialHoliday,
    /// The list in the file is the one that is there.
    #[error("The list in this file is in use already. Nothing was changed.")]
    SameHolidays,
    /// Somebody else changed the settings since they were read.
    #[error("Somebody else has changed the settings meanwhile. Look at them again, then make your change.")]
    SettingsChanged,
    /// There is nothing to store.
    #[error("These are the settings that hold already. Nothing was changed.")]
    NothingChanged,
    /// Neither a user's id nor a number.
    #[error("That is neither a user's id nor a telephone number.")]
    NeitherPersonNorNumber,
    /// Something like a number that is not certainly one: it could be somebody else's.
    #[error("That number cannot be used: {0}. Write one whole number, in digits, or the user's id.")]
    NotThatNumber(InvalidPhoneNumber),
    /// An objection of the kind holds already, at least as long.
    #[error("That is on record already. Nothing was changed.")]
    AlreadyOnRecord,
    /// A bad number is one.
    #[error("Say which number is wrong: the objection is to the number, not to the person.")]
    NumberNeeded,
    /// Not a day.
    #[error("That is not a day.")]
    NoSuchDay,
    /// A day in the past.
    #[error("That day is past. An objection ends in the future, or never.")]
    DayIsPast,
    /// There is no such objection, or it has ended.
    #[error("That objection does not hold any more. Nothing was changed.")]
    NoSuchObjection,
    /// Who may lift it.
    #[error("Whoever asked not to be contacted meant it for good. Only an administrator can lift that. Nothing was changed.")]
    MeantForGood,
    /// The promise is not there, or settled.
    #[error("That callback is settled already. Nothing was changed.")]
    NoSuchCallback,
    /// Somebody else's promise.
    #[error("That callback is somebody else's. A supervisor can change it. Nothing was changed.")]
    NotYourCallback,
    /// It cannot be promised for then.
    #[error("{0} Nothing was changed.")]
    CannotPromise(#[from] PromiseError),
    /// The caps forbid a call then.
    #[error("By then they will have been rung as often as is allowed. Choose a time from {0} on. Nothing was changed.")]
    RungEnough(String),
    /// It is promised for then already.
    #[error("That callback is promised for that time already. Nothing was changed.")]
    SameTime,
    /// Nobody of that id.
    #[error("There is no such colleague.")]
    NoSuchColleague,
    /// Too little to look for.
    #[error("Write a user's id, two letters of the name or six digits of the number.")]
    SearchTooShort,
    /// The claims platform has no such user.
    #[error("The claims platform has no such user.")]
    NoSuchUser,
    /// Somebody else deals with the person.
    #[error("{0} is with this person now. Nothing was changed.")]
    HeldBySomebody(String),
    /// Asked for somebody while holding somebody.
    #[error("You hold somebody already. Skip or call them first; then you can take this person.")]
    HoldsSomebody,
    /// There is nothing to call them about.
    #[error("There is nothing to call this person about: {0}.")]
    NothingToCallAbout(String),
    /// There is no such decision.
    #[error("There is no such decision.")]
    NoSuchDecision,
    /// One runs, here or on another server.
    #[error("Discovery is running already; one runs at a time.")]
    DiscoveryIsRunning,
    /// Callbacks are promises, not something to be found.
    #[error("Callbacks are not discovered: they are promises of our own. Choose unsigned_users or outstanding_requests.")]
    CallbacksAreNotDiscovered,
    /// QUEUE_MODE=direct.
    #[error("No queues are kept here: who may be called is read from the claims platform every minute, so there is nothing to discover.")]
    NoQueuesAreKept,
    /// QUEUE_MODE=direct, and the first reading is not through.
    #[error("Who may be called is being read from the claims platform. Please try again in a moment.")]
    StillReading,
    /// The replica does not answer, or is too far behind: nothing can be proved.
    #[error(
        "The claims platform cannot be read just now, so no call can be proved to be needed. Nobody was taken from the queue; please try again in a moment."
    )]
    CannotCheck,
}

impl From<QueueError> for WireError {
    fn from(error: QueueError) -> Self {
        let code = match error {
            QueueError::NotAvailable
            | QueueError::OnCall
            | QueueError::NoSuchLease
            | QueueError::PausedAlready
            | QueueError::DiscoveryIsRunning
            | QueueError::NoQueuesAreKept
            | QueueError::SettingsChanged
            | QueueError::HeldBySomebody(_)
            | QueueError::NoSuchCallback
            | QueueError::HoldsSomebody
            | QueueError::NothingToCallAbout(_)
            | QueueError::NothingChanged
            | QueueError::NoSuchObjection
            | QueueError::NoSuchHoliday
            | QueueError::OfficialHoliday
            | QueueError::SameHolidays
            | QueueError::AlreadyOnRecord
            | QueueError::NoSuchPause => ErrorCode::Conflict,
            QueueError::NoteNeeded
            | QueueError::NoteTooLong(_)
            | QueueError::NothingToPause
            | QueueError::ReasonNeeded
            | QueueError::CallbacksAreNotDiscovered
            | QueueError::SettingsRefused(_)
            | QueueError::HolidayRefused(_)
            | QueueError::PauseEndsInThePast
            | QueueError::CannotPromise(_)
            | QueueError::RungEnough(_)
            | QueueError::SameTime
            | QueueError::RuleSetRefused(_)
            | QueueError::NeitherPersonNorNumber
            | QueueError::NotThatNumber(_)
            | QueueError::NumberNeeded
            | QueueError::SearchTooShort
            | QueueError::NoSuchDay
            | QueueError::DayIsPast => ErrorCode::Unprocessable,
            QueueError::NotYourQueue(_) | QueueError::MeantForGood | QueueError::NotYourCallback => ErrorCode::Forbidden,
            QueueError::NoSuchDecision | QueueError::NoSuchUser | QueueError::NoSuchColleague => ErrorCode::NotFound,
            QueueError::CannotCheck | QueueError::StillReading => ErrorCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
