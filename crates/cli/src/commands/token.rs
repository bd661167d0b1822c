//! `tenure token`: tokens of the API.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;
use tenure_model::{ConnectionName, Role, TokenId};
use tenure_server::house::{self, BootstrapOptions};

use super::HowMany;
use super::in_process;
use crate::confirm::{Yes, confirm};
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Name", "/name"),
    column("Roles", "/roles"),
    column("Connection", "/connection"),
    column("Expires", "/expiresAt"),
    column("Revoked", "/revokedAt"),
];

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a token and show its secret once
///
/// Makes a token. The secret is written to standard output once and kept nowhere: only its hash is stored.
/// With --bootstrap it is made in this process, straight in the database, by whoever may read it.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("may").required(true).multiple(true).args(["roles", "connection", "bootstrap"]),
    after_help = "Examples:\n  tenure token create --bootstrap --config tenure.toml\n  tenure token create --name ci --role auditor --days 30\n  tenure token create --name hr --connection hr"
)]
pub struct Create {
    /// Who will use it
    #[arg(long, required_unless_present = "bootstrap")]
    pub name: Option<String>,
    /// What its owner may do; may be given several times
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    pub roles: Vec<Role>,
    /// The connection that a source may send events for
    #[arg(long, value_name = "NAME", conflicts_with = "roles")]
    pub connection: Option<ConnectionName>,
    /// How many days it lives
    #[arg(long, value_name = "NUMBER")]
    pub days: Option<u32>,
    /// The first token, for an owner, straight in the database
    #[arg(long, conflicts_with_all = ["roles", "connection"])]
    pub bootstrap: bool,
    /// With --bootstrap: the configuration of the server
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// List tokens, without their secrets
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure token list\n  tenure token list --all -o jsonl")]
pub struct List {
    #[command(flatten)]
    how_many: HowMany,
}

/// End a token at once
///
/// Ends a token at once. The id is in `tenure token list`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure token revoke token_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure token revoke token_01k9h3m5n7p9r1t3v5x7z9b1d3 --yes"
)]
pub struct Revoke {
    /// Which token
    id: TokenId,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Token {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Create(create) => create.run(cx).await,
            Self::List(list) => {
                let items = cx.client()?.list(&places::LIST_TOKENS.path(), &[], list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
                Ok(Exit::Done)
            }
            Self::Revoke(revoke) => {
                confirm(cx, &format!("end {} at once?", revoke.id), Yes(revoke.yes))?;
                cx.client()?.ask(&places::REVOKE_TOKEN.of(&[&revoke.id])).await?;
                cx.output.say(&format!("{} has ended", revoke.id));
                Ok(Exit::Done)
            }
        }
    }
}

impl Create {
    async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        if self.bootstrap {
            let options = BootstrapOptions { config: self.config, name: self.name, days: self.days.map(i64::from) };
            let created = house::bootstrap_token(options).await.map_err(in_process::failed)?;
            let created = serde_json::to_value(created).map_err(|error| {
                CliError::new(Exit::Failed, code::CANNOT_WRITE, "cannot write the token").caused_by(&error)
            })?;
            show_created(cx, &created)?;
            return Ok(Exit::Done);
        }
        let created = cx.client()?.send(&places::CREATE_TOKEN.path(), &self.body()).await?;
        show_created(cx, &created)?;
        Ok(Exit::Done)
    }

    /// What the API wants to know; what was not said is not sent.
    fn body(&self) -> Value {
        let mut body = serde_json::Map::new();
        body.extend(self.name.as_deref().map(|name| ("name".to_owned(), name.into())));
        if !self.roles.is_empty() {
            body.insert("roles".to_owned(), self.roles.iter().map(|role| role.word()).collect());
        }
        body.extend(self.connection.as_ref().map(|name| ("connection".to_owned(), name.as_str().into())));
        body.extend(self.days.map(|days| ("days".to_owned(), days.into())));
        Value::Object(body)
    }
}

/// For people the secret alone goes to standard output, so that `TENURE_TOKEN=$(…)` works.
fn show_created(cx: &Cx, created: &Value) -> Result<(), CliError> {
    if cx.output.format != Format::Table {
        return cx.output.item(&[], created);
    }
    let text = |pointer: &str| created.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    output::write(&format!("{}\n", text("/secret")))?;
    cx.output.say(&format!("this is {}, until {}; it is not shown again", text("/id"), text("/expiresAt")));
    cx.output.say("use it as TENURE_TOKEN, or put it into a file for --token-file");
    Ok(())
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| format!("use one of {}", Role::ALL.map(Role::word).join(", ")))
}
