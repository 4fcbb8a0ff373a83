//! Commands about the rule sets that order the queues.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use scoring::RuleSet;

use super::print;
use crate::app::App;
use crate::cli::RulesCommand;
use crate::config::Config;

pub(super) async fn rules(config: &Config, command: RulesCommand) -> anyhow::Result<()> {
    let (app, _) = App::connect(config, None).await?;
    match command {
        RulesCommand::List => {
            for name in app.queue.rule_sets().await? {
                print(&name)?;
            }
            Ok(())
        }
        RulesCommand::Show { name } => {
            let rule_set =
                app.queue.rule_set(&name).await?.with_context(|| format!("there is no rule set {name:?}; try: dialler rules list"))?;
            print(&serde_json::to_string_pretty(&rule_set)?)
        }
        RulesCommand::Add { file } => {
            let rule_set: RuleSet = serde_json::from_str(&read(&file)?).with_context(|| format!("{} is no rule set", file.display()))?;
            let label = app.queue.add_rule_set(rule_set).await?;
            print(&format!("Added {label}. It orders nothing until an administrator chooses it in the settings."))
        }
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input could not be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("{} could not be read", file.display()))
}
