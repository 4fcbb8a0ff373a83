//! How long a recording is kept: at least twelve months after the latest of withdrawal, settlement, end of proceedings or complaint
//! (compliance, C11; CMCOB 2.3.6R). What cannot be proved to be over is not over.

use chrono::{DateTime, Months, TimeDelta, Utc};
use users::ClaimEnd;

/// No setting goes below (CMCOB 2.3.6R).
pub const FLOOR_MONTHS: u32 = queue::RECORDING_MONTHS;

/// What is known of what a recording is about.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// The person's claims; none: the claims platform knows nobody of that id.
    pub claims: Option<&'a [ClaimEnd]>,
    /// When the call ended; none: it has not, or waits for its outcome.
    pub call_ended_at: Option<DateTime<Utc>>,
    /// A complaint or proceedings go on.
    pub is_held: bool,
    /// When the last of them ended.
    pub hold_ended_at: Option<DateTime<Utc>>,
}

/// Why a recording is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The call is not closed.
    CallGoesOn,
    /// We do not have it yet.
    NotFetched,
    /// A complaint or proceedings go on.
    OnHold,
    /// The claims platform does not know the person, or nobody does.
    UnknownPerson,
    /// What it says of them cannot be read.
    CannotRead,
    /// The person has no claim that could have ended.
    NoClaim,
    /// A claim is open.
    OpenClaim,
    /// A claim is closed, and nobody says since when.
    EndUnknown,
    /// The last end is not long enough ago; kept until then.
    NotYet(DateTime<Utc>),
}

impl Kept {
    /// In words, without anything personal.
    pub fn words(self) -> String {
        match self {
            Self::CallGoesOn => "the call is not closed".to_owned(),
            Self::NotFetched => "it has not been fetched from the carrier yet".to_owned(),
            Self::OnHold => "a complaint or proceedings are on record as going on".to_owned(),
            Self::UnknownPerson => "nobody knows the person, the claims platform included, so no end can be proved".to_owned(),
            Self::CannotRead => "what the claims platform says of the person cannot be read, so no end can be proved".to_owned(),
            Self::NoClaim => "the person has no claim, so no end can be proved".to_owned(),
            Self::OpenClaim => "a claim is still open".to_owned(),
            Self::EndUnknown => "a claim is closed, but the claims platform does not say since when".to_owned(),
            Self::NotYet(until) => format!("it is kept until {}", until.format("%-d %B %Y")),
        }
    }
}

/// That the retention has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The latest of all ends.
    pub last_end_at: DateTime<Utc>,
    /// Months that it was kept after that.
    pub months: u32,
    /// Until when it was.
    pub kept_until: DateTime<Utc>,
}

/// Whether the retention has passed at `now`, with `months` as the settings have them.
pub fn judge(known: &Known<'_>, months: u32, now: DateTime<Utc>) -> Result<Passed, Kept> {
    let months = months.max(FLOOR_MONTHS);
    let call_ended_at = known.call_ended_at.ok_or(Kept::CallGoesOn)?;
    if known.is_held {
        return Err(Kept::OnHold);
    }
    let claims = known.claims.ok_or(Kept::UnknownPerson)?;
    if claims.is_empty() {
        return Err(Kept::NoClaim);
    }
    if claims.iter().any(ClaimEnd::is_open) {
        return Err(Kept::OpenClaim);
    }
    let mut last_end_at = known.hold_ended_at.map_or(call_ended_at, |ended| ended.max(call_ended_at));
    for claim in claims {
        last_end_at = last_end_at.max(claim.changed_at.ok_or(Kept::EndUnknown)?.and_utc());
    }
    // And a day: whole months from 29 February, and from the evening of a day in London, are never short.
    let kept_until = last_end_at.checked_add_months(Months::new(months)).and_then(|until| until.checked_add_signed(TimeDelta::days(1)));
    match kept_until {
        Some(kept_until) if kept_until <= now => Ok(Passed { last_end_at, months, kept_until }),
        kept_until => Err(Kept::NotYet(kept_until.unwrap_or(DateTime::<Utc>::MAX_UTC))),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use kernel::ClaimId;
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn claim(status: Option<&str>, changed_at: Option<&str>) -> ClaimEnd {
        let changed_at = changed_at.map(|at| at.parse::<NaiveDateTime>().unwrap());
        ClaimEnd { id: ClaimId::new(1), status: status.map(ToOwned::to_owned), changed_at }
    }

    #[test]
    fn whatever_cannot_be_proved_to_be_over_keeps_a_recording() {
        let now = utc("2030-01-01T00:00:00Z");
        let ended = claim(Some("complete"), Some("2026-01-01T12:00:00"));
        let over =
            Known { claims: Some(std::slice::from_ref(&ended)), call_ended_at: Some(utc("2026-01-02T12:00:00Z")), ..Known::default() };
        assert!(judge(&over, 12, now).is_ok());
        for (claims, kept) in [
            (vec![], Kept::NoClaim),
            (vec![ended.clone(), claim(None, Some("2026-01-01T12:00:00"))], Kept::OpenClaim),
            (vec![ended.clone(), claim(Some("in_progress"), None)], Kept::OpenClaim),
            (vec![ended.clone(), claim(Some(" Cancelled "), None)], Kept::EndUnknown),
        ] {
            assert_eq!(judge(&Known { claims: Some(&claims), ..over.clone() }, 12, now), Err(kept));
        }
        assert_eq!(judge(&Known { claims: None, ..over.clone() }, 12, now), Err(Kept::UnknownPerson));
        assert_eq!(judge(&Known { call_ended_at: None, ..over.clone() }, 12, now), Err(Kept::CallGoesOn));
        assert_eq!(judge(&Known { is_held: true, ..over.clone() }, 12, now), Err(Kept::OnHold));
        assert_eq!(judge(&over, u32::MAX, now), Err(Kept::NotYet(DateTime::<Utc>::MAX_UTC)));
    }

    #[test]
    fn the_months_run_from_the_latest_end_and_are_never_short() {
        for (claim_ended, call_ended, hold_ended, until) in [
            ("2026-05-01T12:00:00", "2026-04-01T12:00:00Z", None, "2027-05-02T12:00:00Z"),
            ("2026-05-01T12:00:00", "2026-06-01T12:00:00Z", None, "2027-06-02T12:00:00Z"),
            ("2026-05-01T12:00:00", "2026-06-01T12:00:00Z", Some("2026-07-31T12:00:00Z"), "2027-08-01T12:00:00Z"),
            ("2028-02-29T12:00:00", "2026-06-01T12:00:00Z", None, "2029-03-01T12:00:00Z"),
        ] {
            let claims = [claim(Some("completed"), Some(claim_ended))];
            let known =
                Known { claims: Some(&claims), call_ended_at: Some(utc(call_ended)), is_held: false, hold_ended_at: hold_ended.map(utc) };
            let until = utc(until);
            assert_eq!(judge(&known, 12, until - TimeDelta::microseconds(1)), Err(Kept::NotYet(until)));
            assert_eq!(judge(&known, 12, until).unwrap().kept_until, until);
        }
    }

    proptest! {
        /// compliance, C11: no setting goes below twelve months, whatever stands in the database.
        #[test]
        fn nothing_is_deleted_within_a_year_of_any_end(months in 0_u32..40, claim_day in 0_i64..4_000, call_day in 0_i64..4_000, hold_day in 0_i64..4_000, now_day in 0_i64..8_000) {
            let day = |day| utc("2024-02-28T23:30:00Z") + TimeDelta::days(day);
            let claims = [ClaimEnd { changed_at: Some(day(claim_day).naive_utc()), ..claim(Some("complete"), None) }];
            let known = Known { claims: Some(&claims), call_ended_at: Some(day(call_day)), is_held: false, hold_ended_at: Some(day(hold_day)) };
            if let Ok(passed) = judge(&known, months, day(now_day)) {
                prop_assert_eq!(passed.last_end_at, day(claim_day.max(call_day).max(hold_day)));
                prop_assert!(day(now_day) - passed.last_end_at >= TimeDelta::days(366));
                prop_assert!(passed.months >= 12);
            }
        }
    }
}
