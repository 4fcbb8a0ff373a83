//! When somebody's claims ended.

use chrono::NaiveDateTime;
use kernel::{ClaimId, UserId};
use sqlx::mysql::MySqlConnection;

use super::{Reader, Told, of_user, read_time};
use crate::error::ReplicaError;
use crate::types::ClaimEnd;

const CLAIM_ENDS: &str = concat!(
    "
    select s.server as server,
           cast(u.id as signed) as id,
           cast(c.id as signed) as claim_id,
           c.status as claim_status,
           cast(c.created_at as char) as claim_created_at,
           cast(c.client_last_updated_at as char) as client_last_updated_at,
           cast(c.updated_at as char) as updated_at
      from (select ",
    server!(),
    " as server) s
      left join users u on u.id = ?
      left join claims c on c.user_id = u.id
     order by c.id"
);

/// None when there is no such user.
pub(crate) async fn claim_ends(conn: &mut MySqlConnection, user: UserId) -> Result<Told<Option<Vec<ClaimEnd>>>, ReplicaError> {
    let rows = sqlx::query(CLAIM_ENDS).bind(user.get()).fetch_all(conn).await.map_err(|error| of_user(error, user))?;
    let mut server = String::new();
    let mut claims: Option<Vec<ClaimEnd>> = None;
    for row in &rows {
        let row = Reader { row, table: "claims", id: user.get() };
        server = row.get("server")?;
        if row.get::<Option<i64>>("id")?.is_none() {
            break;
        }
        let claims = claims.get_or_insert_default();
        let Some(id) = row.get::<Option<i64>>("claim_id")? else { continue };
        // Only `updated_at` tells of a change of the status; the others can only make it later. One that is there and cannot be read may be later
        // than all.
        let times = [row.ended("updated_at")?, row.ended("claim_created_at")?, row.ended("client_last_updated_at")?];
        let changed_at = match times {
            [Time::At(updated), created, by_client] => [created, by_client].into_iter().try_fold(updated, |latest, time| match time {
                Time::At(at) => Some(latest.max(at)),
                Time::None => Some(latest),
                Time::Unreadable => None,
            }),
            _ => None,
        };
        claims.push(ClaimEnd { id: ClaimId::new(id), status: row.get("claim_status")?, changed_at });
    }
    Ok(Told { server, answer: claims })
}

/// A time that decides how long something is kept.
#[derive(Clone, Copy)]
enum Time {
    At(NaiveDateTime),
    /// NULL, or the zeros that stand for it.
    None,
    /// Something else.
    Unreadable,
}

impl Reader<'_> {
    fn ended(self, column: &'static str) -> Result<Time, ReplicaError> {
        let text = self.get::<Option<String>>(column)?;
        Ok(match text.as_deref() {
            None => Time::None,
            Some(zeros) if zeros.starts_with("0000-00-00") => Time::None,
            Some(text) => read_time(text).map_or(Time::Unreadable, Time::At),
        })
    }
}
