//! The house stands as it was drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Who may know whom, as in docs/architecture.md. Nothing else.
const ARROWS: [(&str, &[&str]); 9] = [
    ("kernel", &[]),
    ("auth", &["kernel"]),
    ("users", &["kernel"]),
    ("scoring", &[]),
    ("queue", &["auth", "kernel", "scoring", "users"]),
    ("claims-sim", &[]),
    ("testkit", &[]),
    ("app", &["auth", "kernel", "queue", "scoring", "users"]),
    ("server", &["auth", "claims-sim", "kernel", "queue", "users"]),
];

fn root() -> PathBuf {
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

/// Each module owns the PostgreSQL schema of its own name and reads no other's tables.
#[test]
fn no_module_names_another_modules_tables() {
    let schemas = ["auth", "queue", "server"];
    for (module, file) in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        for query in queries(&text) {
            for schema in schemas.iter().filter(|schema| **schema != module) {
                let foreign =
                    ["from", "join", "into", "update", "table", "lateral"].iter().any(|word| query.contains(&format!("{word} {schema}.")));
                assert!(!foreign, "{} reads {schema}'s tables: {query}", file.display());
            }
        }
    }
}

/// SQL stands in the stores alone (and in the server's clock, health check and hints, which own no module's table).
#[test]
fn sql_stands_in_the_stores() {
    let allowed = ["store.rs", "sql.rs", "clock.rs", "health.rs", "events.rs", "app.rs"];
    for (module, file) in sources() {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let has_sql = text.split("#[cfg(test)]").next().unwrap().contains("sqlx::query");
        let is_store = allowed.contains(&name.as_str())
            || file.parent().is_some_and(|folder| folder.ends_with("store"))
            || module == "claims-sim"
            || module == "testkit";
        assert!(!has_sql || is_store, "{} has SQL", file.display());
    }
}

/// The variables that the code reads are those of .env.example, in the same order, and those that are reserved.
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
    let shown: BTreeSet<String> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('=').map(|(name, _)| name.to_owned()))
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    let extra = BTreeSet::from(["RUST_LOG".to_owned()]);
    assert_eq!(read, &shown - &extra);
}

/// lessons, line 46: real numbers in the repository.
#[test]
fn every_telephone_number_in_the_repository_is_invented() {
    let output = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let mut found = Vec::new();
    for name in String::from_utf8_lossy(&output.stdout).split('\0').filter(|name| !name.is_empty()) {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        // Hashes and drawings are full of digits.
        if ["Cargo.lock", "package-lock.json"].contains(&name) || Path::new(name).extension().is_some_and(|extension| extension == "svg") {
            continue;
        }
        for (at, _) in text.match_indices("447").chain(text.match_indices("07")) {
            let digits: String = text[at..].chars().filter(|c| *c != ' ').take_while(char::is_ascii_digit).collect();
            let national = digits.strip_prefix("44").or_else(|| digits.strip_prefix('0')).unwrap_or_default();
            let stands_alone = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-');
            if stands_alone && national.len() == 10 && national.starts_with('7') && !national.starts_with("77009") {
                found.push(format!("{name}: {digits}"));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

fn manifests() -> Vec<PathBuf> {
    let mut manifests: Vec<PathBuf> =
        std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("Cargo.toml")).collect();
    manifests.push(root().join("app/Cargo.toml"));
    manifests
}

/// Every source file of every crate, with the crate's name.
fn sources() -> Vec<(String, PathBuf)> {
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
    text.split('"')
        .skip(1)
        .map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|piece| ["select ", "insert ", "update ", "delete ", "with "].iter().any(|word| piece.starts_with(word)))
        .collect()
}
