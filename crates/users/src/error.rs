//! What can go wrong with the replica.

use std::io;
use std::time::Duration;

use crate::types::ReplicaLag;

/// What to do when MySQL's usual sign-in fails.
pub const NEEDS_TLS: &str = "the replica's server asks for the password in MySQL's usual way (caching_sha2_password), which needs TLS: switch TLS on at the \
                             server, and take ssl-mode=DISABLED out of REPLICA_DATABASE_URL if it is there (ssl-mode=VERIFY_IDENTITY also makes sure that it \
                             is the right server); or, up to MySQL 8.4 and on a network that nobody else can read, give the account \
                             mysql_native_password";

/// Why the replica gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// It cannot be reached, did not answer in time, or ended a statement that took too long.
    #[error("the replica does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// Its server wants the password in a way that is only safe over TLS, and there is none.
    #[error("{NEEDS_TLS}")]
    NeedsTls(#[source] sqlx::Error),
    /// It answered something that cannot be read; the text says which table, column and id.
    #[error("the replica's {place} cannot be read")]
    Broken {
        /// Such as `claims.created_at of user 48213`.
        place: String,
        /// What the driver says of it.
        #[source]
        source: sqlx::Error,
    },
    /// The account could write.
    #[error("the replica's account may do more than read ({privileges}): give it SELECT alone, and REPLICA MONITOR for the lag")]
    AccountCanWrite {
        /// What it holds beyond reading, as the server prints it.
        privileges: String,
    },
    /// The lag is to be read from the server's status, and there is none.
    #[error("this server is no replica, so it cannot tell its lag: set REPLICA_LAG_SOURCE=none if that is meant")]
    NotAReplica,
    /// The address cannot be read.
    #[error("the replica's address cannot be read")]
    Address(#[source] sqlx::Error),
}

/// Why what was read proves nothing, or why nothing was read.
#[derive(Debug, thiserror::Error)]
#[error("the replica's lag is unknown or over the limit")]
pub struct Unproved {
    /// The lag of the server that answered, if that is known, or what was known when it was asked.
    pub lag: Option<ReplicaLag>,
    /// None when it is the lag that stands in the way.
    #[source]
    pub error: Option<ReplicaError>,
}

impl ReplicaError {
    /// The replica is away; the same question may be answered later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::NeedsTls(_))
    }

    /// Only what was asked about cannot be read; the same question about somebody else may be answered. A column that is missing is missing
    /// for everybody.
    pub fn is_of_one_row(&self) -> bool {
        matches!(self, Self::Broken { source: sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), .. })
    }

    /// What it means that no connection could be made.
    pub(crate) fn of_connecting(error: sqlx::Error) -> Self {
        // The driver is built without the exchange of keys that MySQL offers in the place of TLS: whoever sits between could offer a key of their own,
        // and read the password.
        match &error {
            sqlx::Error::Configuration(words) if words.to_string().contains("RSA") => Self::NeedsTls(error),
            _ => Self::Unavailable(error),
        }
    }

    /// What a statement's error means; `place` names what was read.
    pub(crate) fn of(error: sqlx::Error, place: impl FnOnce() -> String) -> Self {
        let is_broken = match &error {
            sqlx::Error::Database(answer) => !ends_a_connection(answer.as_ref()),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::TypeNotFound { .. } => true,
            _ => false,
        };
        if is_broken { Self::Broken { place: place(), source: error } } else { Self::Unavailable(error) }
    }

    /// No answer within `patience`.
    pub(crate) fn too_slow(patience: Duration) -> Self {
        let words = format!("no answer within {} ms", patience.as_millis());
        Self::Unavailable(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, words)))
    }
}

/// Errors about the server or the time, not about the question.
pub(crate) fn ends_a_connection(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() else { return false };
    matches!(
        error.number(),
        // Too many connections, shutting down, lock wait, aborted, killed, and too slow: 1969 is MariaDB's, 3024 MySQL's.
        1040 | 1053 | 1152 | 1203 | 1205 | 1226 | 1317 | 1927 | 1969 | 3024
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the driver's words, as it says them when the server has no TLS; another failure to connect is none of it.
    #[test]
    fn a_sign_in_that_needs_tls_says_what_to_do() {
        let driver = "RSA auth backend disabled; enable feature `mysql-rsa` (or `rsa` if using sqlx-mysql directly) or use TLS.";
        let error = ReplicaError::of_connecting(sqlx::Error::Configuration(driver.into()));
        assert!(error.is_unavailable(), "it is put right at the server, and we go on trying");
        let words = error.to_string();
        for part in ["caching_sha2_password", "switch TLS on", "ssl-mode=DISABLED", "REPLICA_DATABASE_URL"] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let refused = sqlx::Error::Io(io::Error::new(io::ErrorKind::ConnectionRefused, "refused"));
        assert_eq!(ReplicaError::of_connecting(refused).to_string(), "the replica does not answer");
    }

    /// The words above are the driver's own: another version of it may have others.
    #[test]
    fn the_driver_is_the_one_whose_words_are_known() {
        let lock = include_str!("../../../Cargo.lock");
        let driver = lock.split("[[package]]").find(|package| package.contains("name = \"sqlx-mysql\"")).unwrap();
        assert!(
            driver.contains("version = \"0.9.0\"") && !driver.contains("\"rsa\""),
            "look at its words for a sign-in without TLS: {driver}"
        );
    }
}
