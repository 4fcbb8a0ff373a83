//! What can go wrong with the replica.

use std::io;
use std::time::Duration;

/// Why the replica gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// It cannot be reached, did not answer in time, or ended a statement that took too long.
    #[error("the replica does not answer")]
    Unavailable(#[source] sqlx::Error),
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

impl ReplicaError {
    /// The replica is away; the same question may be answered later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Only what was asked about cannot be read; the same question about somebody else may be answered. A column that is missing is missing
    /// for everybody.
    pub fn is_of_one_row(&self) -> bool {
        matches!(self, Self::Broken { source: sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), .. })
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
fn ends_a_connection(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() else { return false };
    matches!(
        error.number(),
        // Too many connections, shutting down, lock wait, aborted, killed, and too slow: 1969 is MariaDB's, 3024 MySQL's.
        1040 | 1053 | 1152 | 1203 | 1205 | 1226 | 1317 | 1927 | 1969 | 3024
    )
}
