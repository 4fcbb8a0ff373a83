//! How far the replica is behind, by whatever can tell. Only here do names differ between MySQL, MariaDB and Aurora.

use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Row};

use crate::error::ReplicaError;

/// Aurora tells of itself in a table that every instance has; the row of this one. Its times are UTC, as the session's are.
const AURORA: &str = "
    select session_id = 'MASTER_SESSION_ID' as is_writer,
           cast(round(replica_lag_in_milliseconds * 1000) as signed) as micros,
           cast(timestampdiff(microsecond, last_update_timestamp, utc_timestamp(6)) as signed) as age_micros
      from information_schema.replica_host_status
     where server_id = @@aurora_server_id";

/// A measurement: how far behind, as of how long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) by: Duration,
    pub(crate) ago: Duration,
}

/// The replica's own report; nothing while the replication is stopped.
pub(crate) async fn by_status(conn: &mut MySqlConnection) -> Result<Option<Behind>, ReplicaError> {
    // Not a statement that can be prepared everywhere.
    let rows = sqlx::raw_sql("show replica status").fetch_all(conn).await.map_err(|error| ReplicaError::of(error, status))?;
    // One row for each primary: the farthest behind counts, and one that is stopped stops all.
    let mut most: Option<i64> = None;
    for row in &rows {
        // MariaDB's name, then MySQL's.
        let seconds: Option<i64> = row
            .try_get_unchecked("Seconds_Behind_Master")
            .or_else(|_| row.try_get_unchecked("Seconds_Behind_Source"))
            .map_err(|error| ReplicaError::of(error, status))?;
        let Some(seconds) = seconds else { return Ok(None) };
        most = most.max(Some(seconds));
    }
    let seconds = most.ok_or(ReplicaError::NotAReplica)?;
    Ok(Some(Behind { by: Duration::from_secs(seconds.unsigned_abs()), ago: Duration::ZERO }))
}

/// By the statement of a `Heartbeat`: the newest time that a job on the primary wrote, against this server's clock; nothing without one, or when it is of the future.
pub(crate) async fn by_heartbeat(conn: &mut MySqlConnection, statement: String) -> Result<Option<Behind>, ReplicaError> {
    let place = || "heartbeat".to_owned();
    // The names are configured, and were checked to be names.
    let row = sqlx::query(AssertSqlSafe(statement)).fetch_one(conn).await.map_err(|error| ReplicaError::of(error, place))?;
    let micros: Option<i64> = row.try_get(0).map_err(|error| ReplicaError::of(error, place))?;
    Ok(micros.and_then(behind_by_micros).map(|by| Behind { by, ago: Duration::ZERO }))
}

/// What Aurora says of this instance; nothing when it says nothing.
pub(crate) async fn by_aurora(conn: &mut MySqlConnection) -> Result<Option<Behind>, ReplicaError> {
    let place = || "information_schema.replica_host_status".to_owned();
    let row = sqlx::query(AURORA).fetch_optional(conn).await.map_err(|error| ReplicaError::of(error, place))?;
    let Some(row) = row else { return Ok(None) };
    let read = |column: &str| row.try_get::<Option<i64>, _>(column).map_err(|error| ReplicaError::of(error, place));
    Ok(of_aurora(read("is_writer")?, read("micros")?, read("age_micros")?))
}

/// The writer is not behind itself, whatever its row says.
fn of_aurora(is_writer: Option<i64>, micros: Option<i64>, age_micros: Option<i64>) -> Option<Behind> {
    if is_writer == Some(1) {
        return Some(Behind { by: Duration::ZERO, ago: Duration::ZERO });
    }
    let by = Duration::from_micros(u64::try_from(micros?).ok()?);
    Some(Behind { by, ago: behind_by_micros(age_micros?)? })
}

/// Text that is no time is read as the year 0.
const NO_TIME: i64 = 365 * 24 * 3_600 * 1_000_000;

/// Clocks that disagree by more than a second measure nothing, and nothing is behind by a year.
fn behind_by_micros(micros: i64) -> Option<Duration> {
    (-999_999..NO_TIME).contains(&micros).then(|| Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

fn status() -> String {
    "replication status".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_a_little_ahead_is_no_lag_and_one_far_ahead_says_nothing() {
        for (micros, behind) in [
            (1_250_000, Some(Duration::from_millis(1_250))),
            (0, Some(Duration::ZERO)),
            (-999_999, Some(Duration::ZERO)),
            // An hour ahead: somebody writes local time in summer.
            (-3_600_000_000, None),
            (63_962_509_629_374_000, None),
        ] {
            assert_eq!(behind_by_micros(micros), behind, "{micros}");
        }
    }

    /// There is no Aurora to ask here: this is all of it that can be tried.
    #[test]
    fn auroras_row_is_read_as_of_when_it_was_written() {
        let behind = |by, ago| Some(Behind { by: Duration::from_millis(by), ago: Duration::from_millis(ago) });
        for (is_writer, micros, age, says) in [
            (Some(0), Some(18_500), Some(700_000), Some(Behind { by: Duration::from_micros(18_500), ago: Duration::from_millis(700) })),
            (Some(0), Some(3_000_000), Some(0), behind(3_000, 0)),
            // The writer's own row: its lag is NULL or 0.
            (Some(1), None, Some(600_000), behind(0, 0)),
            (Some(0), None, Some(0), None),
            (Some(0), Some(-1), Some(0), None),
            (Some(0), Some(10), None, None),
            (Some(0), Some(10), Some(-5_000_000), None),
            (None, Some(10), Some(0), behind(0, 0).map(|zero| Behind { by: Duration::from_micros(10), ..zero })),
        ] {
            assert_eq!(of_aurora(is_writer, micros, age), says, "{is_writer:?} {micros:?} {age:?}");
        }
    }
}
