//! `tenure whatif person`: what would be done for somebody if something about them were otherwise.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{people, plan_text};
use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::places;

/// Show what would be done for somebody if something were otherwise
///
/// Shows what would be done for somebody if a value were another, if they left, or once a day has come.
/// Nothing is written anywhere. Ends with 0 if nothing would be done, and with 3 otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure whatif person ada --set department=Finance\n  tenure whatif person E1042 --leave\n  tenure whatif person ada --at 2027-01-01\n  tenure whatif person ada --clear costCentre --json"
)]
pub struct Person {
    /// An id, a key such as E1042, or letters that only one person has
    person: String,
    /// A value that would be another; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A value that would be gone; may be given several times
    #[arg(long, value_name = "NAME")]
    clear: Vec<String>,
    /// They would leave now
    #[arg(long)]
    leave: bool,
    /// Look until this day, or this moment
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
}

impl Person {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let mut set = Map::new();
        for pair in &self.set {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                CliError::new(Exit::Usage, code::USAGE, format!("`{}` has no `=`", printable(pair)))
                    .hint("write `--set department=Finance`")
            })?;
            set.insert(name.to_owned(), Value::from(value));
        }
        set.extend(self.clear.iter().map(|name| (name.clone(), Value::Null)));
        let at = self.at.as_deref().map(plan_text::moment).transpose()?;
        let id = people::find(&client, &self.person).await?;
        let body = json!({ "set": set, "leave": self.leave, "at": at });
        let outcome = client.send(&places::WHAT_IF.of(&[&id]), &body).await?;
        let changes = outcome.get("changes").and_then(Value::as_array).map_or(0, Vec::len);
        if cx.output.format == Format::Table {
            output::write(plan_text::people(std::slice::from_ref(&outcome)).trim_start())?;
            if changes == 0 {
                cx.output.say("nothing would be done");
            }
        } else {
            cx.output.item(&[], &outcome)?;
        }
        Ok(if changes == 0 { Exit::Done } else { Exit::Changes })
    }
}
