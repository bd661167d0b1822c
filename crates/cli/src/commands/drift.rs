//! `tenure drift`: what somebody else changed in connected systems, and seeing to it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_api::OrphanIn;
use tenure_model::{ConnectionName, DriftId};

use super::people;
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::LIST_ITEMS_DEFAULT;
use crate::places;
use crate::table::{Column, cell, column};

const DRIFT: &[Column] = &[
    column("Id", "/id"),
    column("Kind", "/kind"),
    column("Whose", "/name"),
    column("Connection", "/connection"),
    column("Account", "/nativeId"),
    column("What", "/what"),
    column("Policy", "/policy"),
    column("State", "/state"),
    column("Found", "/foundAt"),
];
const ORPHANS: &[Column] = &[
    column("Account", "/nativeId"),
    column("Name", "/name"),
    column("State", "/state"),
    column("Holds", "/holds"),
    column("First seen", "/firstSeenAt"),
];
const GAPS: &[Column] = &[
    column("Whose", "/name"),
    column("Direction", "/direction"),
    column("What", "/what"),
    column("Account", "/account"),
    column("Why", "/why"),
];
const SETTLED: &[Column] = &[column("Person", "/person"), column("Account", "/account"), column("Runs", "/runs")];

/// Show what others changed in connected systems, and see to it
///
/// Shows what somebody else changed in connected systems since they were last read. With the name of a connection it
/// also shows accounts of nobody, and where the system and policy differ: decided and not there, and there though
/// nobody decided it.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  tenure drift\n  tenure drift ldap\n  tenure drift ldap --fix          have runs take all of it back\n  tenure drift link ldap jdoe --person E1042"
)]
pub struct Drift {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Only of this connection
    connection: Option<ConnectionName>,
    /// Have runs make it as it was decided, under the brakes
    #[arg(long)]
    fix: bool,
}

/// What to do about it.
#[derive(Debug, Subcommand)]
enum Verb {
    Restore(Restore),
    Accept(Accept),
    Adopt(Adopt),
    Link(Link),
    Disable(Disable),
}

/// Have a run make an account as it was decided
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure drift restore drift_01k9h3m5n7p9r1t3v5x7z9b1d3")]
struct Restore {
    /// Which difference
    id: DriftId,
}

/// Leave a difference as it is
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure drift accept drift_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'agreed with the owner'"
)]
struct Accept {
    /// Which difference
    id: DriftId,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Take an account of nobody over as it is, with somebody who answers for it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure drift adopt ldap svc-backup --sponsor ada --reason 'nightly backups'")]
struct Adopt {
    /// Where
    connection: ConnectionName,
    /// Which account: the id of its system, or its name
    account: String,
    /// Who answers for it: an id, or letters that only one person has
    #[arg(long)]
    sponsor: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Say whose an account of nobody is
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure drift link ldap jdoe --person E1042")]
struct Link {
    /// Where
    connection: ConnectionName,
    /// Which account: the id of its system, or its name
    account: String,
    /// Whose: an id, or letters that only one person has
    #[arg(long)]
    person: String,
}

/// End the use of an account of nobody; it is not deleted
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure drift disable ldap old-admin --reason 'nobody claims it'")]
struct Disable {
    /// Where
    connection: ConnectionName,
    /// Which account: the id of its system, or its name
    account: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Drift {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self.verb {
            Some(verb) => verb.run(cx, &client).await,
            None => show(cx, &client, self.connection.as_ref(), self.fix).await,
        }
    }
}

async fn show(cx: &Cx, client: &Client, connection: Option<&ConnectionName>, fix: bool) -> Result<Exit, CliError> {
    let query: Vec<_> = connection.iter().map(|name| ("connection", name.to_string())).collect();
    let mut drift = client.list(&places::LIST_DRIFT.path(), &query, usize::MAX).await?;
    drift.iter_mut().for_each(in_words);
    if fix {
        return take_back(cx, client, &drift).await;
    }
    let Some(name) = connection else {
        cx.output.list(DRIFT, &drift)?;
        return Ok(if drift.is_empty() { Exit::Done } else { Exit::Changes });
    };
    let orphans = client.list(&places::LIST_ORPHANS.of(&[name]), &[], LIST_ITEMS_DEFAULT).await?;
    let gaps = client.list(&places::COMPARE_CONNECTION.of(&[name]), &[], usize::MAX).await?;
    let differs = !(drift.is_empty() && orphans.is_empty() && gaps.is_empty());
    let all = json!({ "connection": name, "drift": drift, "orphans": orphans, "gaps": gaps });
    cx.output.item(&[column("Connection", "/connection")], &all)?;
    cx.output.part("Changed by somebody else", DRIFT, all.get("drift"))?;
    cx.output.part("Accounts of nobody", ORPHANS, all.get("orphans"))?;
    cx.output.part("Policy and system differ", GAPS, all.get("gaps"))?;
    if !differs {
        cx.output.say("it is as it was decided");
    }
    Ok(if differs { Exit::Changes } else { Exit::Done })
}

/// Each is taken back by a run of its own; what is under way already is left to it.
async fn take_back(cx: &Cx, client: &Client, drift: &[Value]) -> Result<Exit, CliError> {
    let mut begun = Vec::new();
    for one in drift.iter().filter(|one| one.get("state").and_then(Value::as_str) == Some("open")) {
        let id = cell(one.get("id"));
        let mut settled = client.send(&places::RESTORE_DRIFT.of(&[&id]), &Value::Null).await?;
        if let Some(fields) = settled.as_object_mut() {
            fields.insert("drift".to_owned(), Value::String(id));
        }
        begun.push(settled);
    }
    cx.output.list(&[column("Drift", "/drift"), column("Runs", "/runs")], &begun)?;
    Ok(Exit::Done)
}

/// What differs as one text, for a table.
fn in_words(drift: &mut Value) {
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), |value| cell(Some(value)));
    let parts = drift
        .get("differences")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|one| format!("{}: {} -> {}", cell(one.get("part")), text(one.get("before")), text(one.get("after"))));
    let words = parts.collect::<Vec<_>>().join(", ");
    if let Some(fields) = drift.as_object_mut() {
        fields.insert("what".to_owned(), Value::String(words));
    }
}

impl Verb {
    async fn run(self, cx: &Cx, client: &Client) -> Result<Exit, CliError> {
        let (connection, wanted) = match self {
            Self::Restore(Restore { id }) => {
                let settled = client.send(&places::RESTORE_DRIFT.of(&[&id]), &Value::Null).await?;
                cx.output.item(SETTLED, &settled)?;
                return Ok(Exit::Done);
            }
            Self::Accept(Accept { id, reason }) => {
                let mut drift = client.send(&places::ACCEPT_DRIFT.of(&[&id]), &json!({ "reason": reason })).await?;
                in_words(&mut drift);
                cx.output.item(DRIFT, &drift)?;
                return Ok(Exit::Done);
            }
            Self::Adopt(Adopt { connection, account, sponsor, reason }) => {
                let sponsor = people::find(client, &sponsor).await?;
                (connection, OrphanIn::Adopt { account, sponsor, reason })
            }
            Self::Link(Link { connection, account, person }) => {
                let person = people::find(client, &person).await?;
                (connection, OrphanIn::Link { account, person })
            }
            Self::Disable(Disable { connection, account, reason }) => {
                (connection, OrphanIn::Disable { account, reason })
            }
        };
        let body = serde_json::to_value(&wanted).map_err(|error| {
            CliError::new(Exit::Failed, code::CANNOT_WRITE, "cannot write what is wanted").caused_by(&error)
        })?;
        let settled = client.send(&places::SETTLE_ORPHAN.of(&[&connection]), &body).await?;
        cx.output.item(SETTLED, &settled)?;
        Ok(Exit::Done)
    }
}
