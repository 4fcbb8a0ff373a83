//! That the person was told of the recording.

use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId};
use sqlx::PgPool;

/// Whether the agent has told the person; only in a talk of their own, and ticked twice is ticked once. False when it is none.
pub(crate) async fn set_notice(pool: &PgPool, agent: AgentId, call: CallId, is_given: bool, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        update calls.call
        set notice_given_at = case when $3 then coalesce(notice_given_at, $4) end
        where id = $1
            and agent_id = $2
            and state = 'connected'
            and notice_words is not null
        ",
        call.get(),
        agent.get(),
        is_given,
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// With which words the person of a talk was to be told, and when it was ticked; none where nobody talked or nobody was asked.
pub(crate) async fn find_notice(pool: &PgPool, call: CallId) -> sqlx::Result<Option<(String, Option<DateTime<Utc>>)>> {
    let row = sqlx::query!(
        r#"
        select notice_words as "words!", notice_given_at
        from calls.call
        where id = $1
            and answered_at is not null
            and notice_words is not null
        "#,
        call.get(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| (row.words, row.notice_given_at)))
}
