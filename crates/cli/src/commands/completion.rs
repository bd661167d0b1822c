//! `tenure completion`: the completion of a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output;

/// Write the completion of a shell
///
/// Writes the completion of a shell to standard output.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure completion bash > ~/.local/share/bash-completion/completions/tenure\n  tenure completion zsh > ~/.zfunc/_tenure\n  tenure completion fish > ~/.config/fish/completions/tenure.fish"
)]
pub struct Completion {
    /// Which shell
    shell: Shell,
}

impl Completion {
    /// Writes it.
    pub fn run(self) -> Result<Exit, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "tenure", &mut script);
        let script = String::from_utf8(script).map_err(|error| {
            CliError::new(Exit::Failed, code::CANNOT_WRITE, "the completion is not text").caused_by(&error)
        })?;
        output::write(&script)?;
        Ok(Exit::Done)
    }
}
