use serde::{Deserialize, Serialize};

/// How the server and what it depends on are, for `/api/health`, `/health/ready` and the sign-in page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Every check that decides readiness passed.
    pub is_ready: bool,
    /// The server's version.
    pub version: String,
    /// Practice data: the business clock is not the machine's.
    pub is_practice: bool,
    /// Each dependency by name.
    pub checks: Vec<HealthCheck>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// A stable name: `database`, `replica`, `hours`, `holidays`, `queues`.
    pub name: String,
    /// What a person calls it: “Claims platform”.
    pub title: String,
    /// Whether it is well.
    pub is_ok: bool,
    /// How it is, in words: “Replica 0.12 s behind”.
    pub words: String,
}

/// What a browser reports when something went wrong in it; answered with a [`BrowserErrorReceipt`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserError {
    /// What went wrong.
    pub message: String,
    /// The path of the page, without its query.
    pub page: String,
}

/// Finds the report in the server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserErrorReceipt {
    /// As in the log.
    pub reference: String,
}
