//! One person with everything that an agent sees, as it was read.

use chrono::NaiveDateTime;
use kernel::ClaimId;
use serde::{Deserialize, Serialize};

use crate::types::Facts;

/// One person as the replica holds them: the facts that decisions rest on, and what only the agent's card shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// What eligibility and scoring rest on.
    pub facts: Facts,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) previous_name: Option<String>,
    pub(crate) current_address_id: Option<String>,
    pub(crate) vehicles: Vec<Vehicle>,
    pub(crate) addresses: Vec<Address>,
    /// The newest first, at most 20.
    pub(crate) log: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vehicle {
    pub(crate) claim_id: ClaimId,
    pub(crate) make: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) registration: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) id: Option<String>,
    pub(crate) is_previous: bool,
    pub(crate) full: Option<String>,
    pub(crate) line_1: Option<String>,
    pub(crate) line_2: Option<String>,
    pub(crate) house_number: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) building: Option<String>,
    pub(crate) town: Option<String>,
    pub(crate) post_code: Option<String>,
    pub(crate) created_at: Option<NaiveDateTime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) kind: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) at: Option<NaiveDateTime>,
}
