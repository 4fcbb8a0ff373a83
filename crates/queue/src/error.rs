use kernel::{ErrorCode, WireError};

/// What the queue refuses, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Call next while not available.
    #[error("You are not available. Become available first; then you are given the next person.")]
    NotAvailable,
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
    /// It is paused.
    #[error("That is paused already. Nothing was changed.")]
    PausedAlready,
    /// The pause has ended, or never was.
    #[error("That pause has ended already. Nothing was changed.")]
    NoSuchPause,
    /// There is no such decision.
    #[error("There is no such decision.")]
    NoSuchDecision,
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
            | QueueError::NoSuchPause => ErrorCode::Conflict,
            QueueError::NoteNeeded | QueueError::NoteTooLong(_) | QueueError::NothingToPause | QueueError::ReasonNeeded => {
                ErrorCode::Unprocessable
            }
            QueueError::NoSuchDecision => ErrorCode::NotFound,
            QueueError::CannotCheck => ErrorCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
