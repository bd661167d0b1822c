//! `tenure doctor`: finds out what is wrong between here and the server, and says what to do.

use clap::Args;
use serde_json::{Value, json};

use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[column("Check", "/check"), column("Well", "/ok"), column("Found", "/found")];

/// Find out what is wrong
///
/// Looks, one after the other, whether the server is reached, whether it is ready, and whether the token works.
/// Ends with 0 when all is well, and otherwise with the code of the first thing that is not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure doctor\n  tenure doctor --server https://tenure.example.org --json")]
pub struct Doctor {}

impl Doctor {
    /// Looks at everything that can be looked at.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client_without_token()?;
        let mut findings = Findings::default();
        // A plain text answer: that somebody answers is all that it says.
        findings.add("server", client.get("/readyz", &[]).await.map(|health| checks(&health)));
        if findings.first_error.is_none() {
            let who = match cx.client() {
                Ok(client) => client.get("/v1/whoami", &[]).await.map(|who| who_am_i(&who)),
                Err(error) => Err(error),
            };
            findings.add("token", who);
        }
        cx.output.list(COLUMNS, &findings.rows)?;
        match findings.first_error {
            None => Ok(Exit::Done),
            Some(error) => Err(error),
        }
    }
}

#[derive(Debug, Default)]
struct Findings {
    rows: Vec<Value>,
    first_error: Option<CliError>,
}

impl Findings {
    fn add(&mut self, check: &str, found: Result<String, CliError>) {
        match found {
            Ok(found) => self.rows.push(json!({"check": check, "ok": true, "found": found})),
            Err(error) => {
                self.rows.push(json!({"check": check, "ok": false, "found": error.message}));
                self.first_error.get_or_insert_with(|| not_well(error));
            }
        }
    }
}

/// The error keeps its own code where it has one.
fn not_well(error: CliError) -> CliError {
    if error.code.is_empty() { CliError { code: code::NOT_WELL.to_owned(), ..error } } else { error }
}

fn checks(health: &Value) -> String {
    let checks = health.get("checks").and_then(Value::as_array).map(Vec::len).unwrap_or_default();
    format!("ready, {checks} checks")
}

fn who_am_i(who: &Value) -> String {
    let text = |name: &str| who.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    format!("you are {} ({})", text("name"), text("kind"))
}
