//! A call that goes on with another agent.

use kernel::{AgentId, CallId};
use sqlx::PgConnection;

use super::Queue;
use crate::store;

impl Queue {
    /// Passes the person whom this call holds to another agent, in the call's own transaction. Whom that agent holds without a call goes
    /// back to where they waited, without a delay: nobody has dealt with them. The caller tells the screens after its commit.
    ///
    /// Fails by the constraint `lease_of_one_agent` when they are handed somebody at the same moment.
    pub async fn pass(&self, conn: &mut PgConnection, call: CallId, to: AgentId) -> sqlx::Result<()> {
        store::hand_back_of(conn, to).await?;
        store::pass_lease(conn, call, to).await
    }
}
