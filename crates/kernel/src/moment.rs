use chrono::{DateTime, NaiveDateTime, Utc};

/// A moment as wall clocks in London show it, for rules that speak of days and hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub at: DateTime<Utc>,
    /// What a clock on the wall in London shows then.
    pub london: NaiveDateTime,
    /// When this day began in London.
    pub midnight: DateTime<Utc>,
    /// When the next day begins in London.
    pub next_midnight: DateTime<Utc>,
}
