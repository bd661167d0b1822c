//! `tenure demo`: a sample company on this machine.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use tenure_model::{Clock as _, SystemClock};
use tenure_server::house::demo::{self, DemoLdap, DemoOptions, DemoReady};
use tenure_server::listen::asked_to_stop;

use super::in_process;
use crate::context::{CONTEXTS_OF_DEMO, Cx, DEMO_FOLDER};
use crate::error::CliError;
use crate::exit::Exit;
use crate::limits::DEMO_PEOPLE_MAX;
use crate::output::{self, Format};

/// The name of the context that the demo writes.
const CONTEXT: &str = "demo";

/// What to try: hire, move, leave. Each follows what it starts and so shows what it did.
/// Both days are today, and the end is urgent, or it would take effect at midnight.
fn to_try(today: Date) -> [String; 3] {
    let send = "events send --watch --connection hr --employee E9001 --type";
    [
        format!(
            "{send} employment.started --first-day {today} --set givenName=Mary --set familyName=Somerville \
             --set email=e9001@example.org --set department=Sales"
        ),
        format!("{send} person.changed --set department=Finance"),
        format!("{send} employment.ended --last-day {today} --urgent"),
    ]
}

/// Try it: a sample company with a directory, on this machine
///
/// Starts Tenure with a sample company of about 200 people, whose accounts are made in a directory: a real LDAP
/// server if you name one, or one in the memory of this process, which is empty again after a restart. It prints
/// the address, where the token and the estate are, and three commands to try in another terminal.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure demo\n  tenure demo --data /tmp/sample --listen 127.0.0.1:9000\n  tenure demo --fresh        forget what happened and begin anew"
)]
pub struct Demo {
    /// Where the sample lives
    #[arg(long, value_name = "FOLDER", default_value = DEMO_FOLDER)]
    pub data: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Empty the folder first
    #[arg(long)]
    pub fresh: bool,
    /// How many people the sample company has
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u64).range(10..=DEMO_PEOPLE_MAX))]
    pub people: u64,
    #[command(flatten)]
    pub ldap: Directory,
}

/// A directory to use in the place of the one in memory.
#[derive(Debug, Args)]
#[command(next_help_heading = "With a directory of yours, instead of one in memory")]
pub struct Directory {
    /// Its address, such as ldap://127.0.0.1:389
    #[arg(long, value_name = "URL", requires_all = ["ldap_base", "ldap_bind", "ldap_password_file"])]
    pub ldap_url: Option<String>,
    /// Under which accounts are made
    #[arg(long, value_name = "DN", requires = "ldap_url")]
    pub ldap_base: Option<String>,
    /// Who we are there
    #[arg(long, value_name = "DN", requires = "ldap_url")]
    pub ldap_bind: Option<String>,
    /// The file with our password there
    #[arg(long, value_name = "FILE", requires = "ldap_url")]
    pub ldap_password_file: Option<PathBuf>,
}

impl Demo {
    /// Runs until it is interrupted.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let people = usize::try_from(self.people).unwrap_or(usize::MAX);
        let (data, listen, fresh, ldap) = (self.data.clone(), self.listen, self.fresh, self.ldap.read());
        let mut told = Ok(());
        let ready = |ready: DemoReady| told = tell(cx, &self.data, &ready);
        let options = DemoOptions { data, listen, fresh, people, ldap };
        demo::demo(options, ready, asked_to_stop()).await.map_err(in_process::failed)?;
        told?;
        cx.output.say("stopped; `tenure demo` goes on where this ended");
        Ok(Exit::Done)
    }
}

impl Directory {
    fn read(self) -> Option<DemoLdap> {
        let (url, base_dn) = self.ldap_url.zip(self.ldap_base)?;
        let (bind_dn, password_file) = self.ldap_bind.zip(self.ldap_password_file)?;
        Some(DemoLdap { url, base_dn, bind_dn, password_file })
    }
}

/// Writes the context and tells what can be done now.
fn tell(cx: &Cx, data: &Path, ready: &DemoReady) -> Result<(), CliError> {
    let contexts = absolute(data)?.join(CONTEXTS_OF_DEMO);
    let token_file = absolute(&ready.token_file)?;
    let text = context_file(&ready.url, &token_file);
    std::fs::write(&contexts, text).map_err(|error| output::cannot_write(&contexts, &error))?;
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("tenure"));
    let commands = to_try(today()).map(|words| runnable(&words, &program, &contexts));
    let estate = absolute(&ready.estate)?;
    match cx.output.format {
        Format::Table => output::write(&screen(ready, &token_file, &estate, &commands)),
        Format::Json | Format::Jsonl => output::write(&output::json_lines(&[json!({
            "url": ready.url, "tokenFile": token_file, "estate": estate, "directory": ready.directory,
            "people": ready.people, "contexts": contexts, "commands": commands,
        })])),
    }
}

fn screen(ready: &DemoReady, token_file: &Path, estate: &Path, commands: &[String]) -> String {
    let mut text = format!(
        "Tenure runs with a sample company of {} people.\n\n  address    {}\n  token      in {}\n  \
         estate     {}\n  directory  {}\n\nTry these in another terminal: hire somebody, move somebody, and make \
         somebody leave.\n\n",
        ready.people,
        ready.url,
        token_file.display(),
        estate.display(),
        ready.directory
    );
    for command in commands {
        let _ = writeln!(text, "  {command}");
    }
    text.push_str("\nCtrl-C stops it; the same command goes on where it ended.\n");
    text
}

/// A text of JSON is a text of TOML too.
fn context_file(url: &str, token_file: &Path) -> String {
    let (server, token_file) = (json!(url), json!(token_file));
    format!(
        "# Written by `tenure demo` each time it starts.\n[{CONTEXT}]\nserver = {server}\ntoken-file = {token_file}\n"
    )
}

/// A command as it can be copied into any terminal of this machine.
fn runnable(command: &str, program: &Path, contexts: &Path) -> String {
    let program = quoted(&program.display().to_string());
    let contexts = quoted(&contexts.display().to_string());
    format!("{program} --contexts {contexts} --context {CONTEXT} {command}")
}

/// In UTC, which is the zone of whoever the commands hire.
fn today() -> Date {
    SystemClock::new().now().to_zoned(TimeZone::UTC).date()
}

/// The word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| output::cannot_write(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_copied_whatever_the_folder_is_called() {
        let command = runnable("why E1042", Path::new("/opt/tenure"), Path::new("/tmp/ada's sample/c.toml"));
        assert_eq!(command, r"/opt/tenure --contexts '/tmp/ada'\''s sample/c.toml' --context demo why E1042");
    }

    #[test]
    fn the_context_is_toml_whatever_the_folder_is_called() {
        let text = context_file("http://127.0.0.1:1", Path::new("/tmp/a \"b\"\\c/token"));
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["demo"]["token-file"].as_str(), Some("/tmp/a \"b\"\\c/token"));
        assert_eq!(table["demo"]["server"].as_str(), Some("http://127.0.0.1:1"));
    }
}
