//! `tenure gen --into FOLDER`: the pages of the reference, from the words of the command line and
//! from what the server knows of itself. For whoever builds Tenure, and so not in the help.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};

use super::in_process;
use crate::args::Cli;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::cannot_write;

/// The page of the command line.
const CLI_PAGE: &str = "cli.md";

/// So that the page is the same whatever terminal it is made in.
const PAGE_WIDTH: usize = 100;

/// Write the pages of the reference that come from this program
#[derive(Debug, Args)]
pub struct Generate {
    /// Where to
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// Only the catalogue of connectors, from the records of what its suites found
    #[arg(long, value_name = "RECORDS", conflicts_with = "schemas")]
    connectors: Option<PathBuf>,
    /// Only the schemas of documents
    #[arg(long)]
    schemas: bool,
}

impl Generate {
    /// Writes them.
    pub fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let files = match (&self.connectors, self.schemas) {
            (Some(records), _) => tenure_server::catalogue::pages(records).map_err(in_process::failed)?,
            (None, true) => tenure_blueprint::schemas(),
            (None, false) => reference()?,
        };
        for (name, text) in files {
            write(&self.into.join(&name), &text)?;
            cx.output.say(&format!("wrote {name} into `{}`", self.into.display()));
        }
        Ok(Exit::Done)
    }
}

fn reference() -> Result<Vec<(String, String)>, CliError> {
    let generated = tenure_server::generated().map_err(|error| {
        CliError::new(Exit::Failed, code::CANNOT_WRITE, "cannot make the pages of the server").caused_by(&error)
    })?;
    let generated = generated.into_iter().map(|(name, text)| (name.to_owned(), text));
    Ok(std::iter::once((CLI_PAGE.to_owned(), cli_page())).chain(generated).collect())
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

/// The help of every command.
fn cli_page() -> String {
    let mut root = Cli::command().term_width(PAGE_WIDTH).disable_colored_help(true);
    root.build();
    let mut page =
        "# The command line\n\nGenerated from the program by `cargo xtask gen`; change it there.\n".to_owned();
    add(&mut page, &mut root, "");
    page
}

fn add(page: &mut String, command: &mut clap::Command, above: &str) {
    let path = format!("{above} {}", command.get_name()).trim().to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    page.extend(["\n## ", &path, "\n\n```text\n", text.trim_end(), "\n```\n"]);
    for inner in command.get_subcommands_mut().filter(|inner| !inner.is_hide_set()) {
        add(page, inner, &path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_word_and_nothing_of_this_machine() {
        let page = cli_page();
        for word in ["tenure", "tenure serve", "tenure runs watch", "tenure ledger verify"] {
            assert!(page.contains(&format!("\n## {word}\n")), "{word}");
        }
        assert!(!page.contains("## tenure gen") && !page.contains('\u{1b}'));
        assert!(page.contains("[env: TENURE_SERVER]"), "the value of the environment must stay out");
    }
}
