//! The house stands as it was drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Who may know whom, as in docs/architecture.md. Nothing else.
const ARROWS: [(&str, &[&str]); 12] = [
    ("kernel", &[]),
    ("auth", &["kernel"]),
    ("users", &["kernel"]),
    ("scoring", &[]),
    ("queue", &["auth", "kernel", "scoring", "users"]),
    ("calls", &["auth", "kernel", "queue", "twilio", "users"]),
    ("claims-sim", &[]),
    ("testkit", &[]),
    ("twilio", &[]),
    ("twilio-emulator", &[]),
    ("app", &["auth", "calls", "kernel", "queue", "scoring", "users"]),
    ("server", &["auth", "calls", "claims-sim", "kernel", "queue", "scoring", "twilio", "twilio-emulator", "users"]),
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn crates_know_only_whom_they_may() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let ours: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into();
    assert_eq!(ours, allowed.keys().map(|name| (*name).to_owned()).collect(), "every crate has its line");

    for package in &metadata.packages {
        let known: BTreeSet<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development && ours.contains(&dependency.name))
            .map(|dependency| dependency.name.as_str())
            .collect();
        assert_eq!(known, allowed[package.name.as_str()].iter().copied().collect(), "{}", package.name);
    }
}

/// Features are resolved as the front end's own build resolves them, which `cargo metadata` does not do.
#[test]
fn what_belongs_to_the_server_never_enters_the_browser() {
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-p",
            "app",
            "--target",
            "wasm32-unknown-unknown",
            "-e",
            "normal,no-proc-macro",
            "--prefix",
            "none",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let reached: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();

    assert!(reached.contains("leptos") && reached.contains("queue"), "the walk sees the browser's half");
    for forbidden in ["axum", "sqlx", "tokio", "moka", "tower-sessions", "argon2", "phonenumber", "chrono-tz", "tracing-subscriber"] {
        assert!(!reached.contains(forbidden), "{forbidden} is in the browser's half");
    }
}

#[test]
fn every_crate_keeps_the_workspaces_lints() {
    for manifest in manifests() {
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{}", manifest.display());
    }
}

/// Whoever reads docs/faults.md finds the test of each line.
#[test]
fn every_fault_has_its_test() {
    let faults = std::fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let lines: Vec<&str> = faults.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(lines.len() > 10, "the table is read: {lines:?}");
    for line in lines {
        let named: Vec<(&str, &str)> = line.split('`').filter_map(|word| word.split_once("::")).collect();
        assert!(!named.is_empty(), "no test: {line}");
        let folder = line.split('`').find(|word| word.starts_with("crates/")).unwrap_or("crates/server/tests/it");
        for (module, test) in named {
            let source = std::fs::read_to_string(root().join(folder).join(module).with_extension("rs")).unwrap();
            assert!(source.contains(&format!("async fn {test}(")), "there is no test {module}::{test}");
        }
    }
}

/// The schemas of PostgreSQL, each of the module of its name, as the migrations make them.
fn schemas() -> BTreeSet<String> {
    let made = migrations().into_iter().flat_map(|(_, sql)| {
        let words: Vec<String> = sql.split_whitespace().map(|word| word.trim_end_matches(';').to_owned()).collect();
        words.windows(3).filter(|three| three[..2] == ["create", "schema"]).map(|three| three[2].clone()).collect::<Vec<_>>()
    });
    made.collect()
}

/// Every migration's file name and its SQL, without comments.
fn migrations() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(root().join("migrations"))
        .unwrap()
        .map(|entry| {
            let file = entry.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap();
            let sql = text.lines().map(|line| line.split("--").next().unwrap_or_default().to_owned() + "\n").collect();
            (file.file_name().unwrap().to_str().unwrap().to_owned(), sql)
        })
        .collect();
    found.sort();
    found
}

/// docs/rules.md is what the business wants; whoever reads it is told of each rule whether it is so.
#[test]
fn every_rule_says_whether_it_is_built() {
    let text = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let mut rules: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let begins = line.starts_with(['-', '|']) || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok());
        if line.is_empty() || line.starts_with('#') {
            is_open = false;
        } else if is_open && !begins {
            let rule = rules.last_mut().unwrap();
            *rule = format!("{rule} {line}");
        } else {
            rules.push(line.to_owned());
            is_open = true;
        }
    }
    let is_head = |at: usize| rules[at].starts_with("|---") || rules.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let said = |rule: &str| {
        let last =
            rule.trim_end_matches([' ', '|']).rsplit_once('[').and_then(|(_, mark)| mark.strip_suffix(']')).unwrap_or_default().to_owned();
        last == "built" || last == "not built" || last.starts_with("in part: ")
    };
    let silent: Vec<&String> = rules.iter().enumerate().filter(|(at, rule)| !is_head(*at) && !said(rule)).map(|(_, rule)| rule).collect();
    // The one that says what the marks are.
    assert!(rules.len() > 60 && silent.len() == 1 && silent[0].starts_with("Each rule ends with"), "{silent:#?}");
}

/// Each module owns the PostgreSQL schema of its own name and reads no other's tables, but for the views that a module which it may know
/// has published.
#[test]
fn no_module_names_another_modules_tables() {
    let schemas = schemas();
    assert!(schemas.is_superset(&["auth", "calls", "queue", "server"].map(str::to_owned).into()), "the migrations are read: {schemas:?}");
    for (module, file) in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        for query in queries(&text) {
            let foreign = foreign_schema(&schemas, &query, &module);
            assert_eq!(foreign, None, "{} names a foreign schema: {query}", file.display());
        }
    }
    for schema in &schemas {
        assert!(ARROWS.iter().any(|(module, _)| module == schema), "there is no module {schema}");
    }
    // A migration makes the tables of one module alone.
    for (name, sql) in migrations() {
        let owner = schemas.iter().find(|schema| sql.contains(&format!("{schema}.")) && foreign_schema(&schemas, &sql, schema).is_none());
        assert!(owner.is_some(), "{name} is of no module, or of several");
    }
}

#[test]
fn a_foreign_query_is_seen_wherever_it_stands() {
    let schemas = schemas();
    let foreign = |sql: &str, module| foreign_schema(&schemas, sql, module);
    let planted = [
        r##"sqlx::query!(r#"select e.id as "id: UserId", s.x from queue.entry e join auth.session s on true"#)"##,
        r#"sqlx::query("with a as (select '\"') select * from queue.entry, auth.agent")"#,
        "let quote = '\"'; // it's \"\nsqlx::query(\"update\n    auth.agent set name = ''\")",
    ];
    for text in planted {
        let found = queries(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(foreign(&found[0], "queue"), Some("auth".to_owned()), "{text}");
        assert_eq!(foreign(&found[0].replace("queue.", "x."), "auth"), None, "{text}");
    }
    let published = "select name from auth.published_agent join queue.entry on true";
    assert_eq!(foreign(published, "queue"), None);
    assert_eq!(foreign(published, "auth"), Some("queue".to_owned()));
    assert_eq!(foreign("select at from queue.published_event", "auth"), Some("queue".to_owned()), "staff may not know the queue");
    assert_eq!(foreign("select name from auth.published_agent, auth.agent", "queue"), Some("auth".to_owned()));
    assert_eq!(queries("// \"select 1 from auth.agent\"\nlet words = \"select nothing\";"), ["select nothing"]);
}

/// The first of these schemas that is of another module than `module`, and that `sql` names.
fn foreign_schema(schemas: &BTreeSet<String>, sql: &str, module: &str) -> Option<String> {
    let may_know = |schema: &str| ARROWS.iter().any(|(name, known)| *name == module && known.contains(&schema));
    let is_named = |schema: &str| {
        sql.match_indices(&format!("{schema}.")).any(|(at, name)| {
            let is_published = sql[at + name.len()..].starts_with("published_") && may_know(schema);
            !is_published && !sql[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "_.".contains(c))
        })
    };
    schemas.iter().find(|schema| *schema != module && is_named(schema)).cloned()
}

/// Files beside the stores that may ask a database something: they own no module's table.
const ASKS_TOO: [&str; 5] = [
    // The migrations that are there; the server's own clock; whether PostgreSQL answers; hints by notify.
    "crates/server/src/app.rs",
    "crates/server/src/clock.rs",
    "crates/server/src/health.rs",
    "crates/server/src/events.rs",
    // What is asked of a heartbeat, whose table and column have names that are configured.
    "crates/users/src/lag.rs",
];

/// SQL stands in the stores alone, by their places and not by a file's name, and in [`ASKS_TOO`].
#[test]
fn sql_stands_in_the_stores() {
    let mut asking = BTreeSet::new();
    for (module, file) in sources() {
        // The synthetic platform, and what tests are made with.
        if ["claims-sim", "testkit"].contains(&module.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if has_sql(without_tests(&text)) && !is_store(&module, &name) {
            asking.insert(name);
        }
    }
    assert_eq!(asking, ASKS_TOO.map(str::to_owned).into());

    assert!(is_store("queue", "crates/queue/src/store.rs") && is_store("queue", "crates/queue/src/store/leases.rs"));
    for elsewhere in ["crates/queue/src/events.rs", "crates/queue/src/service/store.rs", "crates/auth/src/store.rs"] {
        assert!(!is_store("queue", elsewhere), "{elsewhere}");
    }
    assert!(has_sql("let x = sqlx::query_scalar!(\"select 1\");") && has_sql("conn.execute(\"update auth.agent set name = ''\")"));
    assert!(!has_sql("let words = \"update me\";"));
}

fn is_store(module: &str, name: &str) -> bool {
    name.strip_prefix(&format!("crates/{module}/src/store")).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// By what asks a database, or by a statement that names a table.
fn has_sql(text: &str) -> bool {
    let is_statement = |query: &String| [" from ", " into ", " set "].iter().any(|word| query.contains(word));
    ["sqlx::query", "sqlx::raw_sql", "query_as!", "query_as(", "query_scalar"].iter().any(|word| text.contains(word))
        || queries(text).iter().any(is_statement)
}

/// A source without the tests at its end.
pub(crate) fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

/// The variables that the code reads or has reserved are those of .env.example; those that it reads in the same order.
#[test]
fn env_example_says_what_the_code_reads() {
    let config = std::fs::read_to_string(root().join("crates/server/src/config.rs")).unwrap();
    let code = config.split("#[cfg(test)]").next().unwrap();
    let mut read: BTreeSet<String> = BTreeSet::new();
    for piece in code.split('"').skip(1).step_by(2) {
        let is_name = piece.len() > 4
            && piece.contains(|c: char| c == '_' || c.is_ascii_uppercase())
            && piece.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        if is_name {
            read.insert(piece.to_owned());
        }
    }
    let example = std::fs::read_to_string(root().join(".env.example")).unwrap();
    let shown: Vec<String> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('=').map(|(name, _)| name.to_owned()))
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    let extra = BTreeSet::from(["RUST_LOG".to_owned()]);
    assert_eq!(read, shown.iter().cloned().collect::<BTreeSet<_>>().difference(&extra).cloned().collect());

    let values = [("DATABASE_URL", "postgres://nobody@nowhere/none"), ("REPLICA_DATABASE_URL", "mysql://nobody@nowhere/none")];
    let variable = |name: &str| match name {
        "ENVIRONMENT" => Some("development".to_owned()),
        _ => values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    };
    let described: Vec<&str> = server::config::Config::from_variables(variable).unwrap().describe().iter().map(|(name, _)| *name).collect();
    let in_example: Vec<&str> = shown.iter().map(String::as_str).filter(|name| described.contains(name)).collect();
    assert_eq!(in_example, described, "in the order of the configuration");
}

/// What goes by the machine's time: sessions and presence, and how long something may take. Everything else in our tables is the business's.
const MACHINE_TIME: [&str; 5] = ["auth.", "calls.carrier_pace", "wrap_up_until", "intent_expires_at", "calls.offer set expires_at"];

/// The database's own clock in SQL of a test, where the code under test goes by the business's.
fn asks_the_wrong_clock(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let asks = ["now()", "clock_timestamp()", "current_timestamp", "current_date", "localtimestamp"].into_iter().any(|clock| {
        sql.match_indices(clock).any(|(at, _)| !sql[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "_.:".contains(c)))
    });
    let is_of_the_machine = MACHINE_TIME.iter().any(|words| sql.contains(words)) && !sql.contains("queue.");
    asks && !is_of_the_machine && !sql.contains("server.clock")
}

/// lessons, line 63: a test compared business days with the machine's, and turned red on a day of the calendar. → Tests take their now
/// from the clock that the code under test goes by.
#[test]
fn tests_ask_the_clock_of_what_they_test() {
    let ours = |folder: &str, extension: &str| {
        let mut files = Vec::new();
        let mut open = vec![root().join(folder)];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
        files
    };
    let tests = manifests().into_iter().flat_map(|manifest| ours(manifest.parent().unwrap().join("tests").to_str().unwrap(), "rs"));
    let mut asked = Vec::new();
    let mut read = 0;
    for file in tests.filter(|file| file.exists() && !file.ends_with("architecture.rs")).chain(ours("e2e", "ts")) {
        // A template literal of TypeScript is a string literal here.
        let text = std::fs::read_to_string(&file).unwrap().replace('`', "\"");
        read += 1;
        asked.extend(literals(&text).into_iter().filter(|sql| asks_the_wrong_clock(sql)).map(|sql| format!("{}: {sql}", file.display())));
    }
    assert!(read > 60, "the tests are read: {read}");
    assert_eq!(asked, Vec::<String>::new(), "bind the clock's now, or BUSINESS_NOW in a journey");
}

#[test]
fn the_wrong_clock_is_seen_wherever_it_is_asked() {
    for sql in [
        "select count(*) from queue.entry where available_at > now() at time zone 'utc'",
        "update calls.call set ended_at = NOW()",
        "insert into queue.callback select a.id, current_date from auth.agent a",
        "select clock_timestamp()",
    ] {
        assert!(asks_the_wrong_clock(sql), "{sql}");
    }
    for sql in [
        "update auth.session set ended_at = now()",
        "update calls.call set wrap_up_until = now() - interval '1 second'",
        "select business_at + (clock_timestamp() - machine_at) from server.clock",
        "update users set updated_at = ?, x = unknown()",
        "witness.business_now()",
    ] {
        assert!(!asks_the_wrong_clock(sql), "{sql}");
    }
}

/// lessons, line 46: real numbers in the repository. Looks at British mobile numbers and landlines.
#[test]
fn every_telephone_number_in_the_repository_is_invented() {
    let output = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    // Ofcom's ranges for drama, and what nobody has: 77009 and 01632 are not assigned, nor are the zeros behind an area's code.
    let invented = [
        "77009", "1632", "2079460", "113496", "114496", "115496", "116496", "117496", "118496", "121496", "131496", "141496", "151496",
        "161496", "1914980", "2896496", "2920180",
    ];
    let mut found = Vec::new();
    for name in String::from_utf8_lossy(&output.stdout).split('\0').filter(|name| !name.is_empty()) {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        // Hashes and drawings are full of digits.
        if ["Cargo.lock", "package-lock.json"].contains(&name) || Path::new(name).extension().is_some_and(|extension| extension == "svg") {
            continue;
        }
        let starts = ["441", "442", "447", "01", "02", "07"];
        for (at, _) in starts.iter().flat_map(|start| text.match_indices(start)) {
            let digits: String = text[at..].chars().filter(|c| *c != ' ').take_while(char::is_ascii_digit).collect();
            let national = digits.strip_prefix("44").or_else(|| digits.strip_prefix('0')).unwrap_or_default();
            let stands_alone = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-');
            let is_number = national.len() == 10 && national.starts_with(['1', '2', '7']);
            if stands_alone && is_number && !invented.iter().any(|range| national.starts_with(range)) && !national.ends_with("00000") {
                found.push(format!("{name}: {digits}"));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// lessons, line 52: schema changed by hand in production. → Migrations only; applied twice they change nothing.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn migrating_again_changes_nothing(pool: PgPoolOptions, connect: PgConnectOptions) {
    let pool = pool.connect_with(connect).await.unwrap();
    let schema = || async {
        let statement = "select format('%s %s.%s.%s %s %s', 'column', table_schema, table_name, column_name, data_type, column_default)
             from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
             union all select format('%s %s', indexrelid::regclass, pg_get_indexdef(indexrelid)) from pg_index
             union all select format('%s %s', conname, pg_get_constraintdef(oid)) from pg_constraint
             union all select to_jsonb(m)::text from _sqlx_migrations m
             union all select to_jsonb(s)::text from queue.settings s
             order by 1";
        sqlx::query_scalar::<_, String>(statement).fetch_all(&pool).await.unwrap()
    };
    let before = schema().await;
    assert!(before.iter().any(|line| line.contains("queue.entry")));

    server::MIGRATOR.run(&pool).await.unwrap();

    assert_eq!(schema().await, before);
    pool.close().await;
}

fn manifests() -> Vec<PathBuf> {
    let mut manifests: Vec<PathBuf> =
        std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("Cargo.toml")).collect();
    manifests.push(root().join("app/Cargo.toml"));
    manifests
}

/// Every source file of every crate, with the crate's name.
pub(crate) fn sources() -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for manifest in manifests() {
        let folder = manifest.parent().unwrap();
        let module = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut open = vec![folder.join("src")];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((module.clone(), path));
            }
        }
    }
    files
}

/// String literals that are SQL, in one line each.
fn queries(text: &str) -> Vec<String> {
    literals(text)
        .iter()
        .map(|literal| literal.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|literal| ["select ", "insert ", "update ", "delete ", "with ", "lock "].iter().any(|word| literal.starts_with(word)))
        .collect()
}

/// What stands between the quotes of every string literal, raw or not; comments and characters are passed over.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, here) = rest.split_at(at);
        if here.starts_with("//") {
            rest = here.split_once('\n').map_or("", |(_, next)| next);
        } else if let Some(body) = here.strip_prefix('"') {
            let opening = before.trim_end_matches('#');
            let end = if opening.ends_with('r') {
                body.find(&format!("\"{}", &before[opening.len()..]))
            } else {
                let mut is_escaped = false;
                body.find(|c| {
                    let ends = c == '"' && !is_escaped;
                    is_escaped = c == '\\' && !is_escaped;
                    ends
                })
            };
            let (literal, next) = body.split_at(end.unwrap_or(body.len()));
            found.push(literal);
            rest = next.get(1..).unwrap_or_default();
        } else if here.starts_with("'\"'") || here.starts_with("'\\") {
            rest = &here[3..];
        } else {
            rest = &here[1..];
        }
    }
    found
}
