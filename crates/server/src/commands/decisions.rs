//! Commands about records of decisions and their chain.

use std::path::Path;

use anyhow::Context as _;
use kernel::{DecisionId, london};
use queue::{Head, Seal, VerifyFailure};

use super::print;
use crate::app::App;
use crate::cli::DecisionsCommand;
use crate::config::Config;

pub(super) async fn decisions(config: &Config, command: DecisionsCommand) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, None).await?;
    match command {
        DecisionsCommand::Verify { heads } => verify(&app, heads.as_deref()).await,
        DecisionsCommand::Heads => {
            for head in app.queue.heads().await? {
                print(&format!("{}\t{}\t{}", head.day, head.number, head.hash))?;
            }
            Ok(())
        }
        DecisionsCommand::ErasePerson { user } => {
            let erased = app.queue.erase_person(user).await?;
            print(&format!("Erased the personal facts of {erased} decisions about user {user}. The records and their proof stay."))
        }
    }
}

async fn verify(app: &App, heads: Option<&Path>) -> anyhow::Result<()> {
    let kept = heads.map(read_heads).transpose()?.unwrap_or_default();
    let verified = match app.queue.verify(&kept).await {
        Err(VerifyFailure::Fault(fault)) => anyhow::bail!("the chain of decisions is not whole: {fault}"),
        other => other?,
    };
    print(&format!(
        "The chain is whole: {} blocks with {} decisions; {} wait to be sealed.",
        verified.blocks, verified.decisions, verified.waiting
    ))?;
    if let Some(head) = verified.head {
        print(&format!("Its head is block {}, {}.", head.number, head.hash))?;
    }
    match kept.len() {
        0 => print("No head that was kept elsewhere was given (--heads): a chain that was cut short cannot be told from a whole one."),
        given => print(&format!("{given} heads that were kept elsewhere are in it.")),
    }
}

/// Lines as `dialler decisions heads` prints them.
fn read_heads(path: &Path) -> anyhow::Result<Vec<Head>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
    let read = |line: &str| {
        let mut fields = line.split('\t');
        let head = Head { day: fields.next()?.parse().ok()?, number: fields.next()?.parse().ok()?, hash: fields.next()?.to_owned() };
        fields.next().is_none().then_some(head)
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let heads: Vec<Head> = lines
        .map(|(at, line)| read(line).with_context(|| format!("line {} of {} is not a head: {line:?}", at + 1, path.display())))
        .collect::<anyhow::Result<_>>()?;
    anyhow::ensure!(!heads.is_empty(), "there are no heads in {}", path.display());
    Ok(heads)
}

pub(super) async fn decision(config: &Config, given: &str) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, None).await?;
    let digits: String = given.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    let id = match given.parse::<DecisionId>() {
        Ok(id) => id,
        Err(_) if digits.len() == 8 => match app.queue.decisions_ending(&digits).await?.as_slice() {
            [one] => *one,
            [] => anyhow::bail!("no decision ends with {digits}"),
            several => anyhow::bail!(
                "several decisions end with {digits}; say which: {}",
                several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
        },
        Err(error) => return Err(error).context("which decision? A whole UUID, or its last eight digits"),
    };
    let decision = app.queue.decision(id).await?;
    print(&format!("decision      {id}"))?;
    print(&format!("content hash  {} ({})", decision.content_hash, yes(decision.is_content_intact)))?;
    let personal = decision.is_personal_intact.map_or("erased; the record stands without them", yes);
    print(&format!("personal      {personal}"))?;
    print(&format!("effect        {}", if decision.had_effect { "yes" } else { "none, the lease was lost meanwhile" }))?;
    match &decision.seal {
        Some(seal) => print_seal(seal)?,
        None => print("sealed        not yet")?,
    }
    print(&serde_json::to_string_pretty(&decision.record)?)?;
    if let Some(personal) = &decision.personal {
        print("personal facts:")?;
        print(&serde_json::to_string_pretty(personal)?)?;
    }
    anyhow::ensure!(decision.is_content_intact && decision.is_personal_intact != Some(false), "the record is not what was written");
    anyhow::ensure!(decision.seal.is_none_or(|seal| seal.is_intact()), "the record is not what was sealed");
    Ok(())
}

fn print_seal(seal: &Seal) -> anyhow::Result<()> {
    let at = london(seal.sealed_at).format("%A %-d %B %Y, %H:%M:%S");
    print(&format!("sealed        in block {}, as decision {} of {}, on {at}", seal.block, seal.place, seal.of))?;
    print(&format!("merkle root   {} (inclusion {})", seal.merkle_root, yes(seal.is_proof_intact)))?;
    for (level, sibling) in seal.proof.iter().enumerate() {
        print(&format!("{:<14}{sibling}", if level == 0 { "proof" } else { "" }))?;
    }
    print(&format!("block hash    {} ({})", seal.block_hash, yes(seal.is_block_intact)))?;
    print(&format!("head          {} (block {})", seal.head_hash, seal.head))
}

const fn yes(is_intact: bool) -> &'static str {
    if is_intact { "verified" } else { "DOES NOT MATCH" }
}
