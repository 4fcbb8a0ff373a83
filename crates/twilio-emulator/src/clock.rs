//! The machine's time, which a carrier runs on, and how Twilio writes it.

use chrono::{DateTime, Utc};

/// The machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "the emulator stands outside the product: its clock is the carrier's, not the business clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// `at` as Twilio writes it, RFC 2822 in UTC: `Tue, 24 Nov 2026 10:30:00 +0000`.
pub fn rfc2822(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_twilio_writes_it() {
        assert_eq!(rfc2822("2026-11-24T10:30:05.250Z".parse().unwrap()), "Tue, 24 Nov 2026 10:30:05 +0000");
    }
}
