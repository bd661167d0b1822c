//! The words of the command line, and the help that teaches them.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand};
use secrecy::SecretString;

use crate::commands::{
    access, apply, bench, cases, completion, connect, demo, deputies, diff, doctor, drift, events, exceptions, fix,
    fmt, generate, get, held, import, ledger, lint, migrate, notices, pack, people, plan, pull, reconcile, reviews,
    runs, serve, sets, tasks, test, token, validate, version, whatif, why,
};
use crate::exit;
use crate::limits::TIMEOUT_DEFAULT;
use crate::output::{Format, Output};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Cyan.on_default().bold())
    .usage(AnsiColor::Cyan.on_default().bold())
    .literal(AnsiColor::Green.on_default());

const AFTER_HELP: &str = "\
Start here:
  tenure demo                            a sample company on this machine, with something to try
  tenure people list --search ada        find somebody
  tenure why ada                         why she has what she has
  tenure runs watch RUN                  follow what happens, as it happens

Data goes to standard output, everything else to standard error. Add `-o json` to any command for
scripts; the form of the JSON is that of the HTTP API.";

/// Tenure: who should have which access, why, and proof that it is so.
#[derive(Debug, Parser)]
#[command(
    name = "tenure",
    version,
    styles = STYLES,
    arg_required_else_help = true,
    subcommand_required = true,
    infer_subcommands = false,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = AFTER_HELP,
    after_long_help = format!("{AFTER_HELP}\n\n{}", exit::HELP)
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct Global {
    /// How data is written
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORM")]
    pub output: Format,
    /// The same as `-o json`
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// Tabs instead of columns, nothing cut, no colours
    #[arg(long, global = true)]
    pub plain: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; what is asked of the server and how long it took
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Never ask anything; fail instead
    #[arg(long, global = true)]
    pub no_input: bool,
    /// No colours
    #[arg(long, global = true, env = "NO_COLOR", hide_env_values = true, value_parser = set_at_all)]
    pub no_color: bool,
    /// Which server
    #[arg(long, global = true, env = "TENURE_SERVER", hide_env_values = true, value_name = "URL")]
    pub server: Option<String>,
    /// A named server from the file of contexts, instead of --server
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Where contexts are: TOML, `[NAME]` with `server` and `token-file`. Otherwise `tenure-contexts.toml` in
    /// this folder, or what `tenure demo` wrote below it
    #[arg(long, global = true, env = "TENURE_CONTEXTS", hide_env_values = true, value_name = "FILE")]
    pub contexts: Option<PathBuf>,
    /// A file with the token; otherwise TENURE_TOKEN
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The token. Only from the environment: a command line can be read by everybody on the machine.
    #[arg(long = "token-from-environment", global = true, env = "TENURE_TOKEN", hide = true, hide_env_values = true)]
    pub token: Option<SecretString>,
    /// How long a request may take, such as 500ms, 30s or 2m
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = TIMEOUT_DEFAULT)]
    pub timeout: Duration,
}

impl Global {
    /// Where and how to write.
    pub fn to_output(&self) -> Output {
        let format = if self.json { Format::Json } else { self.output };
        Output { format, plain: self.plain, quiet: self.quiet, verbose: self.verbose, no_color: self.no_color }
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Migrate(migrate::Migrate),
    /// Make, list and revoke tokens of the API
    #[command(subcommand)]
    Token(token::Token),
    Doctor(doctor::Doctor),
    /// Look at people and what they have
    #[command(subcommand)]
    People(people::People),
    /// Look at runs and see to them
    #[command(subcommand)]
    Runs(runs::Runs),
    /// Look at workflows that are started for many at once, and see to them
    #[command(subcommand)]
    Sets(sets::Sets),
    /// See how far reviews of access are, and what became of them
    #[command(subcommand)]
    Reviews(reviews::Reviews),
    /// Look at what sources said, and say something as a source
    #[command(subcommand)]
    Events(events::Events),
    Why(why::Why),
    /// Look at who has something, and which rules would explain it
    #[command(subcommand)]
    Access(access::Access),
    /// Try out what would change for everybody, or for one person
    #[command(subcommand)]
    Whatif(whatif::Whatif),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Diff(diff::Diff),
    Pull(pull::Pull),
    Get(get::Get),
    Describe(get::Describe),
    /// See to what the brakes withhold
    #[command(subcommand)]
    Held(held::Held),
    /// Answer what only a human can
    #[command(subcommand)]
    Cases(cases::Cases),
    /// Do what humans are asked to do
    #[command(subcommand)]
    Tasks(tasks::Tasks),
    /// See who stands in for whom, say who does, and end it
    #[command(subcommand)]
    Deputies(deputies::Deputies),
    /// See who is let off which rule, let somebody off, and end it
    #[command(subcommand)]
    Exceptions(exceptions::Exceptions),
    /// See to what the outside was told and did not take
    #[command(subcommand)]
    Notices(notices::Notices),
    /// Look at connected systems
    #[command(subcommand)]
    Connect(connect::Connect),
    Reconcile(reconcile::Reconcile),
    Drift(drift::Drift),
    /// Check services that are described as data
    #[command(subcommand)]
    Pack(pack::Pack),
    /// Turn workflows of others into documents
    #[command(subcommand)]
    Import(import::Import),
    /// Play the scenarios of a folder
    Test(test::Test),
    Validate(validate::Validate),
    Fmt(fmt::Fmt),
    Lint(lint::Lint),
    Fix(fix::Fix),
    /// Read and verify the audit record
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Measure how fast this machine is
    #[command(subcommand)]
    Bench(bench::Bench),
    Completion(completion::Completion),
    Version(version::Version),
    #[command(name = "gen", hide = true)]
    Generate(generate::Generate),
}

/// `NO_COLOR` counts when it is there and not empty, whatever it says.
#[expect(clippy::unnecessary_wraps, reason = "the form that the parser wants")]
fn set_at_all(text: &str) -> Result<bool, String> {
    Ok(!text.is_empty())
}

/// Reads `500ms`, `30s`, `2m` or `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "use a whole number and a unit, such as `500ms`, `30s` or `2m`".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let duration = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        "h" => Duration::from_secs(number.saturating_mul(3600)),
        _ => return Err(wrong()),
    };
    if duration.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_words_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_variable_of_the_command_line_is_taken_for_a_setting_of_the_server() {
        fn variables(command: &clap::Command) -> Vec<String> {
            let own = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).map(str::to_owned);
            own.chain(command.get_subcommands().flat_map(variables)).collect()
        }
        let found = variables(&Cli::command());
        assert!(found.contains(&"TENURE_SERVER".to_owned()), "{found:?}");
        let all = found.into_iter().map(|name| (name, "x".to_owned()));
        assert!(tenure_server::config::Sources::new().variables(all).is_ok());
    }

    #[test]
    fn the_server_is_looked_for_where_it_listens() {
        let listen = tenure_server::config::Sources::new().config().unwrap().listen;
        assert_eq!(crate::context::SERVER_DEFAULT, format!("http://{listen}"));
        let demo = Cli::try_parse_from(["tenure", "demo"]).unwrap();
        let Command::Demo(demo) = demo.command else { panic!("not the demo") };
        assert_eq!(demo.listen, listen);
    }

    #[test]
    fn every_command_teaches_with_an_example() {
        fn check(command: &clap::Command, path: &str) {
            if command.is_hide_set() {
                return;
            }
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path} does not say what it does");
            if command.has_subcommands() {
                command.get_subcommands().for_each(|inner| check(inner, path.trim()));
            } else {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains(&format!("  {}", path.trim())), "{path} has no example of itself: {help}");
            }
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for bad in ["", "5", "s", "0s", "-1s", "1.5s", "1d", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_has_two_spellings_and_one_meaning() {
        let parse = |words: &[&str]| Cli::try_parse_from(words);
        let format = |words: &[&str]| parse(words).unwrap().global.to_output().format;
        assert_eq!(format(&["tenure", "version"]), Format::Table);
        assert_eq!(format(&["tenure", "version", "--json"]), Format::Json);
        assert_eq!(format(&["tenure", "-o", "jsonl", "version"]), Format::Jsonl);
        assert!(parse(&["tenure", "version", "--json", "-o", "table"]).is_err());
    }

    #[test]
    fn a_token_is_not_printed_by_debug() {
        let cli = Cli::try_parse_from(["tenure", "version", "--token-from-environment", "tnr_canary"]).unwrap();
        assert!(!format!("{cli:?}").contains("canary"));
    }
}
