//! Where the replica's lag is learnt.

use std::fmt;

/// Where the replica's lag is learnt. Every decision records which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LagSource {
    /// The server's own report, `show replica status`. Whole seconds; a primary that is not heard any more is noticed after its heartbeat's period.
    #[default]
    Status,
    /// A row that a job on the primary keeps writing the time into.
    Heartbeat,
    /// Aurora's table of its instances.
    Aurora,
    /// Nowhere, by explicit permission: the lag is taken as 0.
    None,
}

impl LagSource {
    /// Why nothing is known although the server answers.
    pub(crate) const fn silence(self) -> &'static str {
        match self {
            Self::Status | Self::None => "the replication is stopped",
            Self::Heartbeat => "there is no heartbeat, or one of the future: it has to be written in UTC",
            Self::Aurora => "Aurora's table says nothing of this instance",
        }
    }
}

impl fmt::Display for LagSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "status",
            Self::Heartbeat => "heartbeat",
            Self::Aurora => "aurora",
            Self::None => "none",
        })
    }
}

/// The table and column of the heartbeat: by default those of pt-heartbeat, in the claims platform's own database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    table: String,
    column: String,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { table: "heartbeat".to_owned(), column: "ts".to_owned() }
    }
}

/// Not a name that stands in a statement without doing harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has letters, digits, _ and $ alone, and at most 64 of them")]
pub struct InvalidName;

impl Heartbeat {
    /// Another table, such as `percona.heartbeat`.
    pub fn in_table(self, table: &str) -> Result<Self, InvalidName> {
        let is_good = table.splitn(2, '.').all(is_name);
        if is_good { Ok(Self { table: table.to_owned(), ..self }) } else { Err(InvalidName) }
    }

    /// Another column.
    pub fn in_column(self, column: &str) -> Result<Self, InvalidName> {
        if is_name(column) { Ok(Self { column: column.to_owned(), ..self }) } else { Err(InvalidName) }
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The column.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// How many microseconds ago the newest row was written, NULL when there is none, and the name of the server, by an expression for it. Text
    /// such as pt-heartbeat writes is read as a time.
    pub(crate) fn statement(&self, server: &str) -> String {
        let table: Vec<String> = self.table.split('.').map(|part| format!("`{part}`")).collect();
        format!(
            "select cast(timestampdiff(microsecond, max(cast(`{}` as datetime(6))), utc_timestamp(6)) as signed), {server} from {}",
            self.column,
            table.join(".")
        )
    }
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_come_into_the_statement() {
        let heartbeat = Heartbeat::default().in_table("percona.heartbeat").unwrap().in_column("beat_at").unwrap();
        assert!(
            heartbeat
                .statement("@@server_id")
                .ends_with("max(cast(`beat_at` as datetime(6))), utc_timestamp(6)) as signed), @@server_id from `percona`.`heartbeat`")
        );
        for bad in ["", ".", "a.", ".b", "a.b.c", "users; drop", "a`b", "ä", "a b", &"x".repeat(65)] {
            assert_eq!(Heartbeat::default().in_table(bad), Err(InvalidName), "{bad}");
            assert_eq!(Heartbeat::default().in_column(bad), Err(InvalidName), "{bad}");
        }
    }
}
