//! When somebody's claims ended.

use chrono::NaiveDateTime;
use kernel::{ClaimId, UserId};
use sqlx::mysql::MySqlConnection;

use super::{Reader, of_user};
use crate::error::ReplicaError;
use crate::types::ClaimEnd;

const CLAIM_ENDS: &str = "
    select cast(u.id as signed) as id,
           cast(c.id as signed) as claim_id,
           c.status as claim_status,
           c.created_at as claim_created_at,
           c.client_last_updated_at as client_last_updated_at,
           c.updated_at as updated_at
      from users u
      left join claims c on c.user_id = u.id
     where u.id = ?
     order by c.id";

/// None when there is no such user.
pub(crate) async fn claim_ends(conn: &mut MySqlConnection, user: UserId) -> Result<Option<Vec<ClaimEnd>>, ReplicaError> {
    let rows = sqlx::query(CLAIM_ENDS).bind(user.get()).fetch_all(conn).await.map_err(|error| of_user(error, user))?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut claims = Vec::new();
    for row in &rows {
        let row = Reader { row, table: "claims", id: user.get() };
        let Some(id) = row.get::<Option<i64>>("claim_id")? else { continue };
        let (created, by_client): (Option<NaiveDateTime>, Option<NaiveDateTime>) =
            (row.get("claim_created_at")?, row.get("client_last_updated_at")?);
        // Only `updated_at` tells of a change of the status; the others can only make it later.
        let changed_at =
            row.get::<Option<NaiveDateTime>>("updated_at")?.map(|at| [created, by_client].into_iter().flatten().fold(at, Ord::max));
        claims.push(ClaimEnd { id: ClaimId::new(id), status: row.get("claim_status")?, changed_at });
    }
    Ok(Some(claims))
}
