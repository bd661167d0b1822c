//! The one binary: reads the words, runs the command, prints what failed, ends with a code.
//!
//! It decides nothing about identities: commands ask a server over the HTTP API, or start one in
//! this process. Every command is a file in `commands`; every error is printed in [`finish`].

mod args;
mod client;
mod commands;
mod confirm;
mod context;
mod error;
mod exit;
mod limits;
mod output;
mod places;
mod progress;
mod stream;
mod table;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use crate::args::Cli;
use crate::context::Cx;
use crate::error::{CliError, Paint, code};
use crate::exit::Exit;
use crate::output::{Output, talk};

/// Many small values are made and dropped on different threads; this one is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let output = cli.global.to_output();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli, output.clone())),
        Err(error) => Err(CliError::new(Exit::Failed, code::CANNOT_START, "cannot start").caused_by(&error)),
    };
    finish(result, &output)
}

/// Runs the command until it is done or somebody interrupts it.
///
/// Commands that run a server stop it themselves on the same signal, so that nothing is cut off.
async fn run(cli: Cli, output: Output) -> Result<Exit, CliError> {
    let stops_itself = cli.command.stops_itself();
    let cx = Cx { global: cli.global, output };
    let work = cli.command.run(&cx);
    if stops_itself {
        return work.await;
    }
    tokio::select! {
        // In this order, or an interrupt that comes while the first request goes out would find nobody.
        biased;
        _ = tokio::signal::ctrl_c() => {
            cx.output.say("interrupted; what was already sent stays sent");
            Ok(Exit::Interrupted)
        }
        done = work => done,
    }
}

fn finish(result: Result<Exit, CliError>, output: &Output) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            talk(&error.render(output.paint_talk()));
            error.exit.into()
        }
    }
}

/// Reads the command line. What is wrong with it is printed here, help and version too.
fn parse() -> Result<Cli, Exit> {
    let parsed = Cli::command().try_get_matches().and_then(|matches| {
        refuse_token_in_sight(&matches)?;
        Cli::from_arg_matches(&matches)
    });
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            drop(error.print());
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print());
            Exit::Usage
        }
        _ => {
            talk(&usage_error(&error.to_string()));
            Exit::Usage
        }
    })
}

/// The words of the parser, with a code in front as every error has one.
fn usage_error(text: &str) -> String {
    let rest = text.strip_prefix("error: ").unwrap_or(text);
    format!("error[{}]: {rest}", code::USAGE)
}

fn refuse_token_in_sight(matches: &ArgMatches) -> Result<(), clap::Error> {
    if matches.value_source("token") == Some(ValueSource::CommandLine) {
        let words = "a token on the command line can be read by everybody on this machine; \
                     put it into TENURE_TOKEN or into a file for --token-file\n";
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, words));
    }
    match matches.subcommand() {
        Some((_, inner)) => refuse_token_in_sight(inner),
        None => Ok(()),
    }
}

/// Kept out of [`finish`] for commands that go on after an error.
pub(crate) fn report(error: &CliError, paint: Paint) {
    talk(&error.render(paint));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parsers_words_get_a_code() {
        assert_eq!(usage_error("error: no\n"), "error[TEN-E0800]: no\n");
    }

    #[test]
    fn a_token_on_the_command_line_is_refused() {
        let matches = |words: &[&str]| Cli::command().try_get_matches_from(words).unwrap();
        assert!(refuse_token_in_sight(&matches(&["tenure", "version"])).is_ok());
        for words in [
            ["tenure", "--token-from-environment", "x", "version"],
            ["tenure", "version", "--token-from-environment", "x"],
        ] {
            assert!(refuse_token_in_sight(&matches(&words)).is_err(), "{words:?}");
        }
    }
}
