//! The platform's tables: the contract, and how real installations differ from it.

use sqlx::MySqlConnection;

/// The contract, statement by statement as it stands in the file.
const CONTRACT: &str = include_str!("../claims-platform.sql");

/// Real installations hold more columns than the contract, and other types: whoever reads them has to bear it.
const DEVIATIONS: &str = "
    alter table users add marketing_source varchar(64) null after introducer, modify is_enabled boolean not null;
    alter table claims add external_reference varchar(64) null, modify type char(32) null;
    alter table claim_requirements modify created_at datetime(6) null, modify status char(32) null;
    alter table user_addresses modify user_id bigint not null, add uprn varchar(16) null;
    alter table user_logs modify detail longtext not null;
";

/// Creates the platform's tables in the connection's database.
pub async fn create_schema(conn: &mut MySqlConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(CONTRACT).execute(&mut *conn).await?;
    sqlx::raw_sql(DEVIATIONS).execute(conn).await?;
    Ok(())
}
