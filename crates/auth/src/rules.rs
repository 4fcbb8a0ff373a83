//! How many wrong passwords are borne, and how long somebody waits for a password to be checked. Pure.
//!
//! Guessing is slowed where it comes from: whoever guesses at an account must not keep its owner out, and whoever floods from one address
//! must not keep out everybody else who has it.

use chrono::TimeDelta;

/// Failures older than this are forgiven.
pub(crate) const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// Wrong passwords for one account in that time, from all browsers together in which its owner has never signed in.
const OF_ACCOUNT: i64 = 10;
/// Wrong passwords for one account in that time from one browser in which its owner has signed in.
const OF_KNOWN_BROWSER: i64 = 10;
/// Failures of one address in that time, from unknown browsers, after which each further one takes its time. A whole floor may share one.
const OF_ADDRESS: i64 = 300;

/// What has failed lately, the present try apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The account's owner has signed in rightly in this browser.
    pub(crate) is_known: bool,
    /// For this account, in this known browser.
    pub(crate) of_browser: i64,
    /// For this account, in unknown browsers.
    pub(crate) of_account: i64,
    /// From this address, in unknown browsers, for any account.
    pub(crate) of_address: i64,
}

/// Where a password is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Beside all others: a known browser waits for other known ones alone.
    Known,
    /// First come, first served.
    Ordinary,
    /// One a second, and then as the ordinary ones.
    Slow,
}

/// What has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Of a known browser.
    Browser,
    /// Of an account, for unknown browsers.
    Account,
}

/// Where the password of a try is checked, or why it is not.
pub(crate) fn admit(lately: Tally) -> Result<Lane, Limit> {
    match lately {
        Tally { is_known: true, of_browser, .. } if of_browser >= OF_KNOWN_BROWSER => Err(Limit::Browser),
        Tally { is_known: true, .. } => Ok(Lane::Known),
        Tally { of_account, .. } if of_account >= OF_ACCOUNT => Err(Limit::Account),
        Tally { of_address, .. } if of_address >= OF_ADDRESS => Ok(Lane::Slow),
        _ => Ok(Lane::Ordinary),
    }
}

impl Tally {
    /// Without the present try, which was noted as failed before it was counted.
    pub(crate) fn without_this(self) -> Self {
        let Self { is_known, of_browser, of_account, of_address } = self;
        if is_known {
            Self { of_browser: of_browser - 1, ..self }
        } else {
            Self { of_account: of_account - 1, of_address: of_address - 1, ..self }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lessons, line 62: whoever knew an address could lock its owner out; behind a proxy, everybody. → Guessing is slowed where it comes
    /// from; a known browser is never kept waiting.
    #[test]
    fn guessing_is_slowed_where_it_comes_from() {
        let unknown = |of_account, of_address| Tally { is_known: false, of_browser: 0, of_account, of_address };
        let known = |of_browser| Tally { is_known: true, of_browser, of_account: 10_000, of_address: 10_000 };
        for (lately, expected) in [
            (unknown(0, 0), Ok(Lane::Ordinary)),
            (unknown(9, 299), Ok(Lane::Ordinary)),
            (unknown(9, 300), Ok(Lane::Slow)),
            (unknown(0, 10_000), Ok(Lane::Slow)),
            (unknown(10, 0), Err(Limit::Account)),
            (unknown(10_000, 10_000), Err(Limit::Account)),
            (known(0), Ok(Lane::Known)),
            (known(9), Ok(Lane::Known)),
            (known(10), Err(Limit::Browser)),
        ] {
            assert_eq!(admit(lately), expected, "{lately:?}");
        }
    }

    #[test]
    fn the_present_try_is_no_failure_yet() {
        let noted = Tally { is_known: false, of_browser: 0, of_account: 10, of_address: 300 };
        assert_eq!(admit(noted.without_this()), Ok(Lane::Ordinary));
        assert_eq!(admit(Tally { is_known: true, of_browser: 10, ..noted }.without_this()), Ok(Lane::Known));
    }
}
