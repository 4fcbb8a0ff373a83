//! The one error that crosses the wire.

use std::borrow::Cow;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// What kind of failure it is; each is one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request could not be read.
    BadRequest,
    /// 401: nobody is signed in.
    Unauthenticated,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 409: not in the present state.
    Conflict,
    /// 413: the request is larger than anything we accept.
    TooLarge,
    /// 422: read, but a value in it cannot be right.
    Unprocessable,
    /// 429: too often.
    TooManyRequests,
    /// 500: our fault; the reference finds the log line.
    Internal,
    /// 503: something we need does not answer now.
    Unavailable,
    /// The browser could not reach the server. Never sent by the server.
    Offline,
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unprocessable => 422,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unavailable | Self::Offline => 503,
        }
    }
}

/// An error as the browser sees it. It has no field that could carry a driver's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened, what was kept and what to do, in words for a person.
    pub message: String,
    /// Finds the line in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Which part of what was sent is at fault, by its name in the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
}

impl WireError {
    /// An expected refusal.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reference: None, field: None }
    }

    /// The same, of one part of what was sent.
    #[must_use]
    pub fn of_field(self, field: &'static str) -> Self {
        Self { field: Some(Cow::Borrowed(field)), ..self }
    }

    /// Logs an unexpected failure once, with its whole chain of causes, and keeps only a reference to that line.
    #[cfg(feature = "ssr")]
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let reference = log_with_reference(error);
        Self {
            code: ErrorCode::Internal,
            message: "Something went wrong on our side. Please look at what holds now, then try again.".into(),
            reference: Some(reference),
            field: None,
        }
    }

    /// A failure of our own database: unavailable when it does not answer, else internal.
    #[cfg(feature = "ssr")]
    pub fn database(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                Self::unavailable("The dialler's own database does not answer just now. Please try again in a moment.", error)
            }
            // 22021: a character that no text of PostgreSQL holds, which is U+0000 alone.
            sqlx::Error::Database(cause) if cause.code().as_deref() == Some("22021") => Self::new(
                ErrorCode::Unprocessable,
                "The text has a character that cannot be stored (a null character). Take it out and send it again; nothing was changed.",
            ),
            // Class 57: the server is starting, stopping or has cancelled the statement. Then a deadlock, a lock that was
            // not to be had in time, and too many connections.
            sqlx::Error::Database(cause)
                if cause.code().is_some_and(|code| code.starts_with("57") || ["40P01", "55P03", "53300"].contains(&&*code)) =>
            {
                Self::unavailable("The dialler's own database does not answer just now. Please try again in a moment.", error)
            }
            _ => Self::internal(error),
        }
    }

    /// As [`WireError::internal`], for something outside that does not answer.
    #[cfg(feature = "ssr")]
    pub fn unavailable(message: impl Into<String>, error: &(dyn std::error::Error + 'static)) -> Self {
        let reference = log_with_reference(error);
        Self { code: ErrorCode::Unavailable, message: message.into(), reference: Some(reference), field: None }
    }
}

/// A short random reference, the same in the log and on the screen.
#[cfg(feature = "ssr")]
pub fn new_reference() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()
}

#[cfg(feature = "ssr")]
fn log_with_reference(error: &(dyn std::error::Error + 'static)) -> String {
    let reference = new_reference();
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        chain.push_str(": ");
        chain.push_str(&inner.to_string());
        cause = inner.source();
    }
    tracing::error!(error.reference = %reference, error.chain = %chain, "request failed");
    reference
}

impl FromServerFnError for WireError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) | ServerFnErrorErr::Deserialization(detail) => {
                Self::new(ErrorCode::BadRequest, format!("The request could not be read: {detail}."))
            }
            ServerFnErrorErr::Request(_) => {
                Self::new(ErrorCode::Offline, "The server cannot be reached. Nothing was lost: try again when the Server light says so.")
            }
            other => {
                #[cfg(feature = "ssr")]
                return Self::internal(&other);
                #[cfg(not(feature = "ssr"))]
                Self::new(ErrorCode::Internal, format!("The answer could not be read: {other}."))
            }
        }
    }
}
