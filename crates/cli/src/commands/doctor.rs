//! `tenure doctor`: finds out what is wrong between here and the server, and says what to do.
//!
//! What is looked at on the machine of the server is in [`doctor_here`](super::doctor_here). It
//! changes nothing anywhere.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::doctor_here;
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::CLOCK_SKEW_MAX;
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] =
    &[column("Check", "/check"), column("State", "/state"), column("Found", "/found"), column("Way out", "/wayOut")];

/// The configuration when nobody says.
const CONFIG_DEFAULT: &str = "tenure.toml";

/// Find out what is wrong
///
/// Looks at the server: whether it is reached and ready, its clock, and the token. On the machine of the server it
/// also looks at the configuration, its folders, the estate, the systems in which teams have their tickets, the
/// database and the port. It changes nothing. Ends with 0 when nothing failed, and otherwise with the code of the
/// first thing that did.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure doctor\n  tenure doctor --server https://tenure.example.org --json\n  tenure doctor --config /etc/tenure/tenure.toml"
)]
pub struct Doctor {
    /// The configuration of the server; otherwise `tenure.toml` in this folder, if it is there
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not at all.
    Ok,
    /// Somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    rows: Vec<Value>,
    first_failure: Option<CliError>,
}

impl Doctor {
    /// Looks at everything that can be looked at.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let mut findings = Findings::default();
        let default = Path::new(CONFIG_DEFAULT);
        match (&self.config, default.exists()) {
            (Some(config), _) => doctor_here::look(config, &mut findings).await,
            (None, true) => doctor_here::look(default, &mut findings).await,
            (None, false) => findings.ok("configuration", "none here, so only the server is looked at"),
        }
        look_at_server(cx, &mut findings).await?;
        cx.output.list(COLUMNS, &findings.rows)?;
        match findings.first_failure {
            None => Ok(Exit::Done),
            Some(error) => Err(error),
        }
    }
}

async fn look_at_server(cx: &Cx, findings: &mut Findings) -> Result<(), CliError> {
    let client = cx.client_without_token()?;
    match client.health().await {
        Ok(health) => tell_health(&client, &health, findings),
        // It is there, and the clock and the token can be looked at all the same.
        Err(error) if error.code.starts_with("TEN-E04") => findings.fail("server", error),
        Err(error) => {
            findings.fail("server", error);
            return Ok(());
        }
    }
    look_at_clock(&client, findings).await;
    let who = match cx.client() {
        Ok(client) => client.ask(&places::WHO_AM_I.path()).await,
        Err(error) => Err(error),
    };
    match who {
        Ok(who) => findings.ok("token", who_am_i(&who)),
        Err(error) => findings.fail("token", error),
    }
    Ok(())
}

async fn look_at_clock(client: &Client, findings: &mut Findings) {
    match client.clock_skew(&places::READYZ.path()).await {
        Err(error) => findings.fail("clock", error),
        Ok(None) => findings.warn("clock", "the server does not say its time", "look whether a proxy drops `date`"),
        Ok(Some(skew)) => match clock(skew) {
            (State::Ok, found) => findings.ok("clock", found),
            (State::Warn | State::Fail, found) => {
                findings.warn("clock", found, "keep both machines in step, for example by chrony");
            }
        },
    }
}

/// The header counts whole seconds, so one second of difference is none.
fn clock(skew: SignedDuration) -> (State, String) {
    let seconds = skew.as_secs();
    let apart = seconds.unsigned_abs();
    if apart <= CLOCK_SKEW_MAX.as_secs() {
        return (State::Ok, "the same here and there".to_owned());
    }
    let word = if seconds > 0 { "ahead of" } else { "behind" };
    (State::Warn, format!("the server is {apart} s {word} this machine"))
}

impl Findings {
    /// All is well.
    pub fn ok(&mut self, check: &str, found: impl Into<String>) {
        self.add(check, State::Ok, found.into(), String::new());
    }

    /// It works, and somebody should look at it.
    pub fn warn(&mut self, check: &str, found: impl Into<String>, way_out: impl Into<String>) {
        self.add(check, State::Warn, found.into(), way_out.into());
    }

    /// It does not work.
    pub fn fail(&mut self, check: &str, error: CliError) {
        let found = match error.causes.as_slice() {
            [] => error.message.clone(),
            causes => format!("{}: {}", error.message, causes.join(": ")),
        };
        self.add(check, State::Fail, found, error.hints.join("; "));
        self.first_failure.get_or_insert(error);
    }

    /// A failure without an error of its own.
    pub fn fail_because(&mut self, check: &str, found: impl Into<String>, way_out: impl Into<String>) {
        self.fail(check, CliError::new(Exit::Failed, code::NOT_WELL, found).hint(way_out));
    }

    fn add(&mut self, check: &str, state: State, found: String, way_out: String) {
        let state = match state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        self.rows.push(json!({"check": check, "state": state, "found": found, "wayOut": way_out}));
    }
}

fn tell_health(client: &Client, health: &Value, findings: &mut Findings) {
    let checks = health.get("checks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let name = |check: &Value| check.get("name").and_then(Value::as_str).unwrap_or("-").to_owned();
    let (well, ill): (Vec<_>, Vec<_>) =
        checks.iter().partition(|check| check.get("ok").and_then(Value::as_bool) == Some(true));
    if ill.is_empty() {
        let names: Vec<String> = well.into_iter().map(name).collect();
        let checked = if names.is_empty() { "nothing was checked".to_owned() } else { names.join(", ") };
        findings.ok("server", format!("`{}` is ready: {checked}", client.server()));
    }
    for check in ill {
        let found = check.get("found").and_then(Value::as_str).unwrap_or("it does not say why");
        let found = format!("`{}` answers and is not ready: {}: {found}", client.server(), name(check));
        let error = CliError::new(Exit::Unreachable, code::NOT_WELL, found);
        findings.fail("server", error.hint("the logs of the server tell more; it goes on by itself once it can"));
    }
}

fn who_am_i(who: &Value) -> String {
    let text = |name: &str| who.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let roles = who.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
    let may = if roles.is_empty() { String::new() } else { format!(", {}", roles.join(", ")) };
    format!("you are {} ({}{may})", text("name"), text("kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_apart_are_told_with_their_direction() {
        assert_eq!(clock(SignedDuration::from_secs(5)).0, State::Ok);
        assert_eq!(clock(SignedDuration::from_secs(-5)).0, State::Ok);
        assert_eq!(clock(SignedDuration::from_secs(6)).1, "the server is 6 s ahead of this machine");
        assert_eq!(clock(SignedDuration::from_secs(-90)).1, "the server is 90 s behind this machine");
    }

    #[test]
    fn the_first_failure_is_the_end_and_a_warning_is_none() {
        let mut findings = Findings::default();
        findings.warn("a", "b", "c");
        assert!(findings.first_failure.is_none());
        findings.fail_because("d", "e", "f");
        findings.fail_because("g", "h", "i");
        assert_eq!(findings.first_failure.map(|error| error.message), Some("e".to_owned()));
        assert_eq!(findings.rows[1], json!({"check": "d", "state": "fail", "found": "e", "wayOut": "f"}));
    }
}
