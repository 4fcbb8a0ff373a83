//! What the claims platform knows of one person.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use kernel::{ClaimId, UserId};
use serde::{Deserialize, Serialize};

use crate::status::is_open;

/// What eligibility and scoring rest on: read from the replica at one moment, never cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The person.
    pub id: UserId,
    /// False: nobody may call this user; also where the platform says neither yes nor no.
    pub is_enabled: bool,
    /// As it stands there. Seen: active, lead, customer, inactive, cancelled, none; in any case of letters.
    pub status: Option<String>,
    /// A signature file is on record: neither NULL nor empty nor blanks of any kind.
    pub has_signed: bool,
    /// The number as the platform holds it, in any shape. Personal.
    pub raw_number: Option<String>,
    /// None also for a date that is none, such as 1985-00-00. Personal.
    pub date_of_birth: Option<NaiveDate>,
    /// The post code of where the person lives, or what the platform has in its place; read only when it is asked for. Personal.
    pub post_code: Option<String>,
    /// All claims, open and closed.
    pub claims: Vec<Claim>,
    /// All requirements with status pending (any case, whatever blanks stand around it), on any claim.
    pub pending: Vec<Requirement>,
    /// When the replica answered, by the business clock.
    pub read_at: DateTime<Utc>,
}

#[cfg(feature = "ssr")]
impl Facts {
    /// The same order, whichever statement they were read by.
    pub(crate) fn in_order(&mut self) {
        self.claims.sort_by_key(|claim| claim.id);
        self.pending.sort_by_key(|requirement| (requirement.claim_id, requirement.created_at));
    }
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// VEHICLE and others.
    pub kind: Option<String>,
    /// complete, completed and cancelled are closed, in any case of letters and with any blanks around them; anything else, and none, is open.
    pub status: Option<String>,
    /// Code of the lender: santander, `black_horse`.
    pub lender: Option<String>,
    /// Name of the solicitor.
    pub solicitor: Option<String>,
    /// When it was made, UTC.
    pub created_at: Option<NaiveDateTime>,
    /// What the dearest agreement costs a month; read only when it is asked for, never kept, and never shown.
    #[serde(skip)]
    pub monthly_payment_pence: Option<u64>,
}

impl Claim {
    /// Open: the status is not complete, completed or cancelled; none is open (rules, Eligibility 1).
    pub fn is_open(&self) -> bool {
        is_open(self.status.as_deref())
    }
}

/// A claim as far as it tells when it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimEnd {
    /// Which.
    pub id: ClaimId,
    /// As in [`Claim::status`].
    pub status: Option<String>,
    /// When anything of it was last changed, UTC: it ended then or before, if it is closed. None: the platform does not say.
    pub changed_at: Option<NaiveDateTime>,
}

impl ClaimEnd {
    /// As [`Claim::is_open`].
    pub fn is_open(&self) -> bool {
        is_open(self.status.as_deref())
    }
}

/// Something that is asked of the user and still pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The claim that waits for it.
    pub claim_id: ClaimId,
    /// `id_document`, `proof_of_address` and others.
    pub kind: Option<String>,
    /// Why it is asked.
    pub reason: Option<String>,
    /// Why what was sent before was not accepted.
    pub rejection_reason: Option<String>,
    /// When it was asked, UTC.
    pub created_at: Option<NaiveDateTime>,
}

/// What is read only for rule sets that score by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// [`Facts::post_code`].
    pub post_codes: bool,
    /// [`Claim::monthly_payment_pence`].
    pub payments: bool,
}

impl Extras {
    /// Anything of it. Of one person both are read then.
    pub const fn is_any(self) -> bool {
        self.post_codes || self.payments
    }
}

/// How far the replica is behind its primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaLag {
    /// Milliseconds behind.
    pub millis: i64,
    /// How old this sample is, in milliseconds.
    pub sample_age_millis: i64,
}

impl ReplicaLag {
    /// “under 1 s”, “12 s”: the replica's own report knows whole seconds only.
    #[must_use]
    pub fn words(millis: i64) -> String {
        if millis < 1_000 { "under 1 s".to_owned() } else { format!("{} s", millis / 1_000) }
    }
}

/// One person as the agent's card shows them. Nothing in it says what a claim is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCard {
    /// The person's id on the platform.
    pub id: UserId,
    /// First and last name, as far as known; “User 48213” when neither is.
    pub name: String,
    /// The first name, or the whole name when there is none.
    pub first_name: String,
    /// A name the person had before.
    pub previous_name: Option<String>,
    /// `07700 900142`, `01632 960123 ext 45`; none when there is no usable number.
    pub number: Option<String>,
    /// To compare with what the person says: `4 March 1971`.
    pub date_of_birth: Option<String>,
    /// In whole years.
    pub age: Option<u16>,
    /// Town of the current address.
    pub town: Option<String>,
    /// The current address composed from its parts, one line.
    pub address: Option<String>,
    /// Its post code, to compare with what the person says.
    pub post_code: Option<String>,
    /// Addresses before, the newest first, one line each.
    pub earlier_addresses: Vec<String>,
    /// Open claims first, newest first.
    pub claims: Vec<ClaimCard>,
    /// What is pending: a missing signature, then what a call can be about, then what it cannot; each the newest first.
    pub outstanding: Vec<OutstandingCard>,
    /// What the platform logged of this person, newest first, at most 20.
    pub log: Vec<LogEntry>,
}

/// One claim as the card shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimCard {
    /// Its id.
    pub id: ClaimId,
    /// The lender's readable name.
    pub lender: String,
    /// Make, model and registration of the vehicle, when known.
    pub agreement: Option<String>,
    /// The status in words.
    pub status: String,
    /// Whether it is open.
    pub is_open: bool,
    /// When it was made: `1 Nov 2024`.
    pub opened: Option<String>,
    /// The solicitor.
    pub solicitor: Option<String>,
}

/// One pending thing as the card shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutstandingCard {
    /// What it is, in words: “Signature”, “Proof of address”.
    pub title: String,
    /// Why it is asked, or why the last one was sent back.
    pub detail: Option<String>,
    /// Since when: `12 Nov 2026`.
    pub since: Option<String>,
    /// The lender of the claim that waits for it; none for the signature.
    pub lender: Option<String>,
    /// It is the signature itself.
    pub is_signature: bool,
    /// Why no call is about it; none when one can be.
    pub uncounted: Option<String>,
}

/// One line of the platform's own log about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// What happened, in words.
    pub title: String,
    /// More about it.
    pub detail: String,
    /// `today 14:05`.
    pub at: String,
}
