use sqlx::PgExecutor;

use crate::types::Disposition;

/// One disposition as data.
#[expect(clippy::struct_excessive_bools, reason = "one a column")]
#[derive(Clone, Debug)]
pub(crate) struct DispositionRow {
    pub(crate) code: Disposition,
    pub(crate) label: String,
    pub(crate) key: Option<i16>,
    pub(crate) is_reached: Option<bool>,
    pub(crate) delay_hours: Option<i32>,
    pub(crate) is_failed: bool,
    pub(crate) replaces_cooling_off: bool,
    pub(crate) needs_note: bool,
    pub(crate) needs_time: bool,
    pub(crate) suppresses: Option<String>,
    pub(crate) also: Option<String>,
    pub(crate) wants_review: bool,
    pub(crate) is_system: bool,
}

/// The catalogue, in the order of the screen.
pub(crate) async fn list_dispositions(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<DispositionRow>> {
    sqlx::query_as!(
        DispositionRow,
        r#"
        select code as "code: Disposition", label, key, is_reached, delay_hours, is_failed, replaces_cooling_off, needs_note, needs_time,
            suppresses, also, wants_review, is_system
        from calls.disposition
        order by position
        "#,
    )
    .fetch_all(executor)
    .await
}
