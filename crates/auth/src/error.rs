use kernel::{ErrorCode, WireError};

/// What sign-in and staff management refuse, in their own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Wrong e-mail, wrong password or deactivated: one answer for all three, so that nobody can probe for accounts.
    #[error("That e-mail and password do not belong together. Check both and try again.")]
    WrongCredentials,
    /// Too many failures.
    #[error("Too many failed attempts. Wait a minute, then try again.")]
    TooManyFailures,
    /// No turn at checking the password within the time that somebody may wait.
    #[error("The dialler is busy with other sign-ins. Please try again in a moment.")]
    Busy,
    /// Nobody is signed in.
    #[error("You are signed out. Sign in again to go on.")]
    SignedOut,
    /// The role is too small.
    #[error("Your role does not allow this. A supervisor or an administrator can do it.")]
    NotAllowed,
    /// Not an e-mail address.
    #[error("That is not an e-mail address.")]
    InvalidEmail,
    /// No name.
    #[error("A name has 1 to 100 characters.")]
    InvalidName,
    /// A password that is too weak.
    #[error("A password has at least 12 and at most 200 characters.")]
    InvalidPassword,
    /// The e-mail is taken.
    #[error("Somebody has this e-mail address already.")]
    EmailTaken,
    /// Nothing would be left to take.
    #[error("Choose at least one queue, or all of them.")]
    NoQueues,
    /// There is no such member of staff.
    #[error("There is nobody with this e-mail address.")]
    NoSuchAgent,
    /// The old password, for a new one.
    #[error("The current password is wrong. Please try again.")]
    WrongPassword,
    /// Two administrators at once.
    #[error("Somebody else has changed this account meanwhile. Look at it again, then try again.")]
    ChangedMeanwhile,
    /// One's own access.
    #[error("You cannot deactivate your own account. Another administrator can do it.")]
    OwnAccount,
    /// Nobody could add an administrator afterwards.
    #[error("There must be at least one administrator. Make somebody else an administrator first.")]
    LastAdmin,
    /// They may not sign in any more.
    #[error("This account is deactivated. Reactivate it first.")]
    Deactivated,
    /// It is over.
    #[error("This session has ended already.")]
    NoSuchSession,
    /// There is no agent with this id.
    #[error("There is nobody here by that number. Choose somebody on the floor.")]
    UnknownAgent,
    /// Not a day.
    #[error("That is not a day. Choose another one.")]
    UnknownDay,
}

impl From<AuthError> for WireError {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::WrongCredentials | AuthError::SignedOut => ErrorCode::Unauthenticated,
            AuthError::TooManyFailures => ErrorCode::TooManyRequests,
            AuthError::Busy => ErrorCode::Unavailable,
            AuthError::NotAllowed => ErrorCode::Forbidden,
            AuthError::InvalidEmail
            | AuthError::InvalidName
            | AuthError::InvalidPassword
            | AuthError::NoQueues
            | AuthError::UnknownDay
            | AuthError::WrongPassword => ErrorCode::Unprocessable,
            AuthError::EmailTaken | AuthError::ChangedMeanwhile | AuthError::OwnAccount | AuthError::LastAdmin | AuthError::Deactivated => {
                ErrorCode::Conflict
            }
            AuthError::NoSuchAgent | AuthError::UnknownAgent | AuthError::NoSuchSession => ErrorCode::NotFound,
        };
        Self::new(code, error.to_string())
    }
}
