use kernel::{ErrorCode, WireError};

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
    /// The telephone is not configured.
    #[error("The telephone is not set up on this server, so no call can be made.")]
    NoTelephone,
}

impl From<CallsError> for WireError {
    fn from(error: CallsError) -> Self {
        use CallsError as E;
        let code = match error {
            E::NotAvailable | E::NoSuchLease | E::Engaged | E::NotOver | E::NotTalking | E::NothingToRecord => ErrorCode::Conflict,
            E::NoSuchCall | E::NoSuchUser | E::NoRecording => ErrorCode::NotFound,
            E::NoTelephone => ErrorCode::Unavailable,
            E::NotForAgents
            | E::NoteNeeded
            | E::NoteTooLong(_)
            | E::TimeNeeded
            | E::TimeNotWanted
            | E::CannotPromise(_)
            | E::RungEnough(_) => ErrorCode::Unprocessable,
        };
        let wire = Self::new(code, error.to_string());
        match error {
            E::NoteNeeded | E::NoteTooLong(_) => wire.of_field("notes"),
            E::TimeNeeded | E::TimeNotWanted | E::CannotPromise(_) | E::RungEnough(_) => wire.of_field("callback_at"),
            E::NotForAgents => wire.of_field("disposition"),
            _ => wire,
        }
    }
}
