//! Whether an account can do more than read: a rule over what `show grants` prints.

/// Privileges that change nothing.
const HARMLESS: &[&str] = &[
    "SELECT",
    "USAGE",
    "SHOW VIEW",
    "REPLICATION CLIENT",
    "REPLICATION SLAVE",
    "REPLICATION REPLICA",
    "REPLICA MONITOR",
    "SLAVE MONITOR",
    "BINLOG MONITOR",
];

/// The privileges among these lines that are not harmless. A role counts: what it holds is not seen here.
pub(crate) fn beyond_reading(grants: &[String]) -> Vec<String> {
    grants.iter().flat_map(|line| beyond_reading_in(line)).collect()
}

fn beyond_reading_in(line: &str) -> Vec<String> {
    let upper = line.to_uppercase();
    let Some(rest) = upper.strip_prefix("GRANT ") else {
        // MariaDB also prints SET DEFAULT ROLE, beside the grant of the role.
        return if upper.starts_with("SET DEFAULT ROLE") { Vec::new() } else { vec![upper] };
    };
    let Some((privileges, scope)) = rest.split_once(" ON ") else {
        return vec![format!("role {}", rest.split(" TO ").next().unwrap_or(rest))];
    };
    let mut beyond: Vec<String> =
        split_outside_brackets(privileges).into_iter().filter(|privilege| !HARMLESS.contains(&privilege.as_str())).collect();
    if scope.contains("WITH GRANT OPTION") {
        beyond.push("GRANT OPTION".to_owned());
    }
    beyond
}

/// `SELECT (ID, NAME), UPDATE (ID)` are two privileges, without their columns.
fn split_outside_brackets(privileges: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut depth = 0_u32;
    for c in privileges.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => {
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
            }
            _ => {}
        }
    }
    names.into_iter().map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_that_only_read_are_accepted() {
        for line in [
            "GRANT USAGE ON *.* TO `ro`@`%` IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'",
            "GRANT SLAVE MONITOR ON *.* TO `ro`@`127.0.0.1`",
            "GRANT SELECT ON `claims\\_%`.* TO `ro`@`127.0.0.1`",
            "GRANT SELECT, SHOW VIEW ON `claims`.* TO `ro`@`%`",
            "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `ro`@`%`",
            "GRANT REPLICATION CLIENT ON *.* TO `ro`@`%` REQUIRE SSL",
            "GRANT SELECT (`id`, `first_name`) ON `claims`.`users` TO `ro`@`%`",
        ] {
            assert_eq!(beyond_reading(&[line.to_owned()]), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn accounts_that_can_write_are_named_with_what_they_hold() {
        for (line, beyond) in [
            ("GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION", "ALL PRIVILEGES, GRANT OPTION"),
            ("GRANT SELECT, INSERT ON `claims`.* TO `app`@`%`", "INSERT"),
            ("GRANT SELECT (`id`), UPDATE (`id`, `status`) ON `claims`.`users` TO `app`@`%`", "UPDATE"),
            ("GRANT SELECT ON `claims`.* TO `app`@`%` WITH GRANT OPTION", "GRANT OPTION"),
            ("GRANT EXECUTE ON `claims`.* TO `app`@`%`", "EXECUTE"),
            ("GRANT `writers` TO `app`@`%`", "role `WRITERS`"),
            ("GRANT SELECT, CREATE TEMPORARY TABLES, SUPER ON *.* TO `app`@`%`", "CREATE TEMPORARY TABLES, SUPER"),
        ] {
            assert_eq!(beyond_reading(&[line.to_owned()]).join(", "), beyond, "{line}");
        }
    }
}
