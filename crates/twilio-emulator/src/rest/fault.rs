//! Refusals, as Twilio words them: `{code, message, more_info, status}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestFault {
    /// Twilio's number.
    pub code: u32,
    /// In words.
    pub message: String,
    /// Of the answer.
    pub status: StatusCode,
}

impl RestFault {
    /// What was asked for makes no sense.
    pub fn bad(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: StatusCode::BAD_REQUEST }
    }

    /// There is nothing of that name.
    pub fn not_found(resource: &str) -> Self {
        let message = format!("The requested resource {resource} was not found");
        Self { code: 20_404, message, status: StatusCode::NOT_FOUND }
    }

    /// Wrong user or password.
    pub fn unauthorised() -> Self {
        Self { code: 20_003, message: "Authenticate".to_owned(), status: StatusCode::UNAUTHORIZED }
    }

    /// The number cannot be called.
    pub fn invalid_to(to: &str) -> Self {
        Self::bad(21_211, format!("The phone number you are attempting to call, {to}, is not valid."))
    }
}

impl IntoResponse for RestFault {
    fn into_response(self) -> Response {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        });
        (self.status, Json(body)).into_response()
    }
}
