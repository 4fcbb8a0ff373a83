//! How far the replica is behind, by whatever can tell. Only here do names differ between MySQL, MariaDB and Aurora.

use std::collections::HashMap;
use std::sync::Once;
use std::time::Duration;

use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Row};

use crate::error::{ReplicaError, ends_a_connection};
use crate::lag::Heartbeat;

/// Aurora tells of itself in a table that every instance has; the row of this one, or nothing of it. Its times are UTC, as the session's are.
const AURORA: &str = concat!(
    "
    select s.server as server,
           h.session_id = 'MASTER_SESSION_ID' as is_writer,
           cast(round(h.replica_lag_in_milliseconds * 1000) as signed) as micros,
           cast(timestampdiff(microsecond, h.last_update_timestamp, utc_timestamp(6)) as signed) as age_micros
      from (select ",
    server!(),
    " as server) s
      left join information_schema.replica_host_status h on h.server_id = @@aurora_server_id"
);

/// A measurement: how far behind, as of how long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) by: Duration,
    pub(crate) ago: Duration,
}

/// What a server said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Which server it was.
    pub(crate) server: String,
    /// Nothing while it does not know.
    pub(crate) behind: Option<Behind>,
    /// What it receives, of each of its primaries; empty where that is not what tells the lag.
    pub(crate) streams: Vec<Stream>,
}

/// What a replica receives from one primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The primary's name among several.
    pub(crate) channel: String,
    /// Changes with everything that arrives, a sign of life among it.
    pub(crate) mark: String,
    /// A primary that writes nothing gives a sign of life so often.
    pub(crate) period: Duration,
}

/// Of a replica that asks for no sign of life, or does not tell how often: the default of MariaDB and MySQL, half a minute.
const USUAL_PERIOD: Duration = Duration::from_secs(30);

/// The server's name and, in the words of MariaDB or of MySQL, the replica's own report.
const STATUS: &str = concat!("select ", server!(), "; show /*M!100501 all replicas */ /*!80022 replica */ status");

/// What MySQL's report leaves out; the server's name once more, since this is another question.
const MYSQL_HEARTBEATS: &str = concat!(
    "select ",
    server!(),
    " as server,
           s.channel_name as channel,
           cast(s.count_received_heartbeats as char) as heartbeats,
           cast(round(c.heartbeat_interval * 1000) as char) as period_millis
      from performance_schema.replication_connection_status s
      join performance_schema.replication_connection_configuration c on c.channel_name = s.channel_name"
);

/// The replica's own report; nothing while the replication is stopped.
pub(crate) async fn by_status(conn: &mut MySqlConnection) -> Result<Sample, ReplicaError> {
    let broken = |error| ReplicaError::of(error, status);
    // Not a statement that can be prepared everywhere.
    let rows = sqlx::raw_sql(STATUS).fetch_all(&mut *conn).await.map_err(broken)?;
    let Some((name, rows)) = rows.split_first() else { return Err(ReplicaError::NotAReplica) };
    let server: String = name.try_get_unchecked(0).map_err(broken)?;
    if rows.is_empty() {
        return Err(ReplicaError::NotAReplica);
    }
    let is_mysql = rows[0].try_get_raw("Seconds_Behind_Source").is_ok();
    let heartbeats = if is_mysql { mysql_heartbeats(conn, &server).await? } else { HashMap::new() };

    // One row for each primary: the farthest behind counts, and one that is stopped stops all.
    let mut most: Option<i64> = None;
    let mut streams = Vec::new();
    for row in rows {
        // MariaDB's name, then MySQL's.
        let seconds: Option<i64> =
            row.try_get_unchecked("Seconds_Behind_Master").or_else(|_| row.try_get_unchecked("Seconds_Behind_Source")).map_err(broken)?;
        let Some(seconds) = seconds else { return Ok(Sample { server, behind: None, streams: Vec::new() }) };
        most = most.max(Some(seconds));
        streams.push(if is_mysql { of_mysql(row, &heartbeats) } else { of_mariadb(row) }.map_err(broken)?);
    }
    let behind = most.map(|seconds| Behind { by: Duration::from_secs(seconds.unsigned_abs()), ago: Duration::ZERO });
    Ok(Sample { server, behind, streams })
}

fn of_mariadb(row: &MySqlRow) -> sqlx::Result<Stream> {
    let read = |column: &str| row.try_get_unchecked::<Option<String>, _>(column).map(Option::unwrap_or_default);
    let mark = [read("Master_Log_File")?, read("Read_Master_Log_Pos")?, read("Gtid_IO_Pos")?, read("Slave_received_heartbeats")?].join(" ");
    let seconds = read("Slave_heartbeat_period")?.parse().unwrap_or(0.0);
    Ok(Stream { channel: read("Connection_name")?, mark, period: period_of(seconds) })
}

fn of_mysql(row: &MySqlRow, heartbeats: &HashMap<String, (String, Duration)>) -> sqlx::Result<Stream> {
    let read = |column: &str| row.try_get_unchecked::<Option<String>, _>(column).map(Option::unwrap_or_default);
    let channel = read("Channel_Name")?;
    let (received, period) = heartbeats.get(&channel).cloned().unwrap_or_else(|| (String::new(), USUAL_PERIOD));
    let mark = [read("Source_Log_File")?, read("Read_Source_Log_Pos")?, read("Retrieved_Gtid_Set")?, received].join(" ");
    Ok(Stream { channel, mark, period })
}

/// How many signs of life came, and how often they are due, by channel. Nothing where the account may not see it: then only what the primary
/// writes is a sign of life.
async fn mysql_heartbeats(conn: &mut MySqlConnection, server: &str) -> Result<HashMap<String, (String, Duration)>, ReplicaError> {
    static TOLD: Once = Once::new();
    let rows = match sqlx::raw_sql(MYSQL_HEARTBEATS).fetch_all(conn).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(denied)) if !ends_a_connection(denied.as_ref()) => {
            TOLD.call_once(|| {
                tracing::warn!(
                    replica.problem = %denied,
                    "the replica's account may not see its heartbeats: while the primary writes nothing, the lag is taken as unknown. Grant it \
                     select on performance_schema.replication_connection_status and performance_schema.replication_connection_configuration"
                );
            });
            return Ok(HashMap::new());
        }
        Err(error) => return Err(ReplicaError::of(error, status)),
    };
    let mut heartbeats = HashMap::new();
    for row in &rows {
        let read = |column: &str| {
            let text = row.try_get_unchecked::<Option<String>, _>(column).map(Option::unwrap_or_default);
            text.map_err(|error| ReplicaError::of(error, status))
        };
        // Behind a proxy the question may have reached another server.
        if read("server")? == server {
            let seconds = read("period_millis")?.parse().unwrap_or(0.0) / 1_000.0;
            heartbeats.insert(read("channel")?, (read("heartbeats")?, period_of(seconds)));
        }
    }
    Ok(heartbeats)
}

fn period_of(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).ok().filter(|period| !period.is_zero()).unwrap_or(USUAL_PERIOD)
}

/// By the statement of a `Heartbeat`: the newest time that a job on the primary wrote, against this server's clock; nothing without one, or when it is of the future.
pub(crate) async fn by_heartbeat(conn: &mut MySqlConnection, heartbeat: &Heartbeat) -> Result<Sample, ReplicaError> {
    let broken = |error| ReplicaError::of(error, || "heartbeat".to_owned());
    let statement = heartbeat.statement(server!());
    // The names are configured, and were checked to be names.
    let row = sqlx::query(AssertSqlSafe(statement)).fetch_one(conn).await.map_err(broken)?;
    let micros: Option<i64> = row.try_get(0).map_err(broken)?;
    let behind = micros.and_then(behind_by_micros).map(|by| Behind { by, ago: Duration::ZERO });
    Ok(Sample { server: row.try_get(1).map_err(broken)?, behind, streams: Vec::new() })
}

/// What Aurora says of this instance; nothing when it says nothing.
pub(crate) async fn by_aurora(conn: &mut MySqlConnection) -> Result<Sample, ReplicaError> {
    let place = || "information_schema.replica_host_status".to_owned();
    let row = sqlx::query(AURORA).fetch_one(conn).await.map_err(|error| ReplicaError::of(error, place))?;
    let read = |column: &str| row.try_get::<Option<i64>, _>(column).map_err(|error| ReplicaError::of(error, place));
    let behind = of_aurora(read("is_writer")?, read("micros")?, read("age_micros")?);
    Ok(Sample { server: row.try_get("server").map_err(|error| ReplicaError::of(error, place))?, behind, streams: Vec::new() })
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
