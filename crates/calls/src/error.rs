use kernel::{ErrorCode, WireError};

use crate::types::CatalogueProblem;

/// What calls refuse, in their own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallsError {
    /// Only whoever is available calls.
    #[error("You are not available. Become available first, then call; the person stays with you.")]
    NotAvailable,
    /// The lease is not there, has run out or belongs to somebody else.
    #[error("You do not hold this person any more, so nobody was rung.")]
    NoSuchLease,
    /// The agent has a call, or has not recorded what came of the last one.
    #[error("You already have a call, or one that waits for its outcome. Finish that one first.")]
    Engaged,
    /// There is no such call, or it is somebody else's.
    #[error("There is no such call of yours.")]
    NoSuchCall,
    /// The claims platform knows nobody by that number.
    #[error("The claims platform has no such user.")]
    NoSuchUser,
    /// The call is still going on.
    #[error("The call is not over yet. Hang up first, then record what came of it.")]
    NotOver,
    /// What was asked for is for talks alone.
    #[error("Nobody is talking on this call, so nothing was changed.")]
    NotTalking,
    /// Whoever talks themself listens to nobody else.
    #[error("You are on a call of your own. Finish that one first.")]
    OnACall,
    /// One at a time.
    #[error("You listen to another call. Stop that first.")]
    ListensAlready,
    /// There is nothing to change.
    #[error("You are not on the line of anybody’s call.")]
    NotListening,
    /// The carrier did not say that it is so now.
    #[error("The carrier did not confirm it, so you were taken off the line. Listen again if you wish; the call goes on.")]
    NotConfirmed,
    /// There is no sound of the call.
    #[error("There is no recording of this call, or not yet.")]
    NoRecording,
    /// Nothing is to be recorded: nobody was rung, or it was recorded long ago.
    #[error("There is nothing to record for this call.")]
    NothingToRecord,
    /// Only the system may say so.
    #[error("“Not recorded” is set by the system alone. Choose what came of the call.")]
    NotForAgents,
    /// The disposition needs a note.
    #[error("Please say in the note what the person said: it is needed for this outcome.")]
    NoteNeeded,
    /// The note is too long.
    #[error("The note may have at most {0} characters. Nothing was lost; please shorten it.")]
    NoteTooLong(usize),
    /// The disposition needs a time.
    #[error("Please choose when to call back.")]
    TimeNeeded,
    /// Only a promise takes a time.
    #[error("Only “Call me back” takes a time.")]
    TimeNotWanted,
    /// The time cannot be promised.
    #[error(transparent)]
    CannotPromise(#[from] queue::PromiseError),
    /// The caps forbid a call then.
    #[error("By then they will have been rung as often as is allowed. Choose a time from {0} on, or say that they asked regardless.")]
    RungEnough(String),
    /// Nobody can be asked to take a call over.
    #[error("No supervisor who could take the call is signed in and free just now. The call stays with you.")]
    NobodyToHandOverTo,
    /// One at a time.
    #[error("A supervisor is asked to take this call already.")]
    AskedAlready,
    /// The supervisor was quicker.
    #[error("The supervisor has accepted already and is on the line, or nearly. Hand the call over, or go on together.")]
    AcceptedAlready,
    /// It was answered by somebody else, was withdrawn, or is too old.
    #[error("You are not asked to take this call any more: somebody else did, or the agent went on alone.")]
    NotAskedAnyMore,
    /// There is none, or it concerns others.
    #[error("You are not asked to take any such call.")]
    NoSuchTransfer,
    /// Nobody would be on the line.
    #[error("The supervisor is not on the line, so the call was not handed over. It stays with the agent.")]
    NotJoined,
    /// The supervisor has begun a call of their own meanwhile.
    #[error("The supervisor has a call of their own, so this one was not handed over. It stays with the agent.")]
    SupervisorEngaged,
    /// The reason is too long.
    #[error("The reason may have at most {0} characters. Please shorten it.")]
    TransferReasonTooLong(usize),
    /// Nobody's call has that id.
    #[error("There is no such call.")]
    NoSuchAttempt,
    /// A day of the history that there is not.
    #[error("Write a day as 2026-11-24, or none.")]
    NoSuchDay(&'static str),
    /// The last day is before the first.
    #[error("The last day is before the first.")]
    DaysBackwards,
    /// Nothing stands that could be corrected.
    #[error("What came of this call is not recorded yet. It can be corrected once it is.")]
    NotRecordedYet,
    /// The call never was.
    #[error("Nobody was rung on this call, so there is no outcome to correct.")]
    NobodyRung,
    /// A colleague's.
    #[error("What a colleague recorded is corrected by a supervisor.")]
    NotYourOutcome,
    /// One's own, of another day.
    #[error("You can correct what you recorded on the same day. Please ask a supervisor now.")]
    DayIsOver,
    /// It is so already.
    #[error("That is what is recorded already. Nothing was changed.")]
    SameOutcome,
    /// Somebody else was quicker.
    #[error("It was put right meanwhile: “{0}” is recorded now. Nothing was changed.")]
    CorrectedMeanwhile(String),
    /// A reason is needed.
    #[error("Please say why it is corrected, for whoever asks later.")]
    ReasonNeeded,
    /// The reason is too long.
    #[error("The reason may have at most {0} characters.")]
    ReasonTooLong(usize),
    /// The catalogue cannot be so.
    #[error("{0}")]
    CatalogueRefused(#[from] CatalogueProblem),
    /// Somebody else was quicker.
    #[error("Somebody else has changed this outcome meanwhile. It is now: {0}. Nothing of yours was stored.")]
    CatalogueChanged(String),
    /// It is so already.
    #[error("This outcome is like that already. Nothing was changed.")]
    NothingChanged,
    /// The call that came in is somebody else's by now, or nobody's.
    #[error("This call does not ring here any more: they have hung up, or somebody else was asked.")]
    NotRinging,
    /// It is known who they are.
    #[error("It is known who this is. Nothing was changed.")]
    KnownAlready,
    /// Nobody has said who they are.
    #[error("Please say first who this is: a promise to ring back needs somebody to ring.")]
    NobodyToRing,
    /// The telephone is not configured.
    #[error("The telephone is not set up on this server, so no call can be made.")]
    NoTelephone,
}

impl From<CallsError> for WireError {
    fn from(error: CallsError) -> Self {
        use CallsError as E;
        let code = match error {
            E::NotAvailable
            | E::NoSuchLease
            | E::Engaged
            | E::NotOver
            | E::NotTalking
            | E::OnACall
            | E::ListensAlready
            | E::NotListening
            | E::NotConfirmed
            | E::NobodyToHandOverTo
            | E::AskedAlready
            | E::AcceptedAlready
            | E::NotAskedAnyMore
            | E::NotJoined
            | E::SupervisorEngaged
            | E::NothingToRecord
            | E::NotRinging
            | E::KnownAlready
            | E::NotRecordedYet
            | E::NobodyRung
            | E::SameOutcome
            | E::CorrectedMeanwhile(_)
            | E::CatalogueChanged(_)
            | E::NothingChanged => ErrorCode::Conflict,
            E::NoSuchCall | E::NoSuchUser | E::NoRecording | E::NoSuchAttempt | E::NoSuchTransfer => ErrorCode::NotFound,
            E::NotYourOutcome | E::DayIsOver => ErrorCode::Forbidden,
            E::NoTelephone => ErrorCode::Unavailable,
            E::NotForAgents
            | E::NoSuchDay(_)
            | E::DaysBackwards
            | E::ReasonNeeded
            | E::ReasonTooLong(_)
            | E::TransferReasonTooLong(_)
            | E::CatalogueRefused(_)
            | E::NoteNeeded
            | E::NoteTooLong(_)
            | E::TimeNeeded
            | E::TimeNotWanted
            | E::CannotPromise(_)
            | E::NobodyToRing
            | E::RungEnough(_) => ErrorCode::Unprocessable,
        };
        let wire = Self::new(code, error.to_string());
        match error {
            E::NoteNeeded | E::NoteTooLong(_) => wire.of_field("notes"),
            E::TimeNeeded | E::TimeNotWanted | E::CannotPromise(_) | E::RungEnough(_) => wire.of_field("callback_at"),
            E::NotForAgents | E::SameOutcome | E::NobodyToRing => wire.of_field("disposition"),
            E::ReasonNeeded | E::ReasonTooLong(_) | E::TransferReasonTooLong(_) => wire.of_field("reason"),
            E::NoSuchDay(field) => wire.of_field(field),
            E::DaysBackwards => wire.of_field("until"),
            E::CatalogueRefused(problem) => wire.of_field(problem.field()),
            _ => wire,
        }
    }
}
