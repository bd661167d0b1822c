//! `tenure get` and `tenure describe`: the documents in force, by kind and name.

use clap::Args;
use serde_json::{Value, json};
use tenure_blueprint::diff::{Listed, listed};

use super::diff::{files_of, in_force};
use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::places;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Kind", "/kind"),
    column("Name", "/name"),
    column("Title", "/title"),
    column("Owner", "/owner"),
    column("Answers", "/answers"),
    column("Place", "/place"),
];

/// List the documents in force
///
/// Lists the documents in force, all or those of a kind or name. The versions of the estate are of kind `version`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure get\n  tenure get role\n  tenure get role/staff --json\n  tenure get version"
)]
pub struct Get {
    /// A kind, or a kind and a name: `role`, `role/staff`
    #[arg(value_name = "KIND[/NAME]")]
    which: Option<String>,
}

/// Show a document in force, as it was written
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure describe role/staff\n  tenure describe connection/ldap --json")]
pub struct Describe {
    /// A kind and a name: `role/staff`
    #[arg(value_name = "KIND/NAME")]
    which: String,
}

const VERSIONS: &[Column] = &[
    column("Version", "/version"),
    column("Since", "/at"),
    column("By", "/by"),
    column("Why", "/reason"),
    column("Hash", "/hash"),
];

impl Get {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        if self.which.as_deref() == Some("version") {
            let versions = client.list(&places::LIST_VERSIONS.path(), &[], usize::MAX).await?;
            cx.output.list(VERSIONS, &versions)?;
            return Ok(Exit::Done);
        }
        let estate = client.ask(&places::READ_ESTATE.path()).await?;
        let all = listed(&files_of(&estate));
        let meant = all.iter().filter(|one| is_meant(one, self.which.as_deref()));
        let rows: Vec<Value> = meant.map(|one| with_successor(row(one), one, &estate)).collect();
        if let Some(which) = self.which.filter(|which| rows.is_empty() && which.contains('/')) {
            return Err(none(&which));
        }
        cx.output.list(COLUMNS, &rows)?;
        Ok(Exit::Done)
    }
}

impl Describe {
    /// Asks.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let files = in_force(&cx.client()?, &places::READ_ESTATE.path()).await?;
        let all = listed(&files);
        let found = all.iter().find(|one| self.which.contains('/') && is_meant(one, Some(&self.which)));
        let found = found.ok_or_else(|| none(&self.which))?;
        if cx.output.format != Format::Table {
            cx.output.item(&[], &row(found))?;
            return Ok(Exit::Done);
        }
        let text =
            files.iter().find(|(path, _)| *path == found.file).map(|(_, text)| text.as_str()).unwrap_or_default();
        let head = format!("# {}:{}\n", found.file, found.line);
        let body = source_of(text, found);
        let lines = body.lines().map(printable).collect::<Vec<_>>().join("\n");
        output::write(&format!("{}{lines}\n", printable(head.trim_end()) + "\n"))?;
        Ok(Exit::Done)
    }
}

/// The part of a file that is this document, with the comments around it.
fn source_of<'t>(text: &'t str, wanted: &Listed) -> &'t str {
    let is_it = |part: &&str| {
        let inside = listed(&[(String::new(), (*part).to_owned())]);
        inside.iter().any(|one| (&one.kind, &one.name) == (&wanted.kind, &wanted.name))
    };
    text.split("\n---\n").find(is_it).unwrap_or(text)
}

fn is_meant(one: &Listed, which: Option<&str>) -> bool {
    let Some(which) = which else { return true };
    let (kind, name) = which.split_once('/').map_or((which, None), |(kind, name)| (kind, Some(name)));
    one.kind.eq_ignore_ascii_case(kind) && name.is_none_or(|name| one.name == name)
}

fn row(one: &Listed) -> Value {
    json!({
        "kind": one.kind, "name": one.name, "title": one.title, "owner": one.owner,
        "place": format!("{}:{}", one.file, one.line), "spec": one.spec,
    })
}

/// With whoever answers for it: the owner, or the successor to whom it has come.
fn with_successor(mut row: Value, one: &Listed, estate: &Value) -> Value {
    let document = format!("{} {}", one.kind.to_lowercase(), one.name);
    let all = estate.get("succeeded").and_then(Value::as_array);
    let found = all.into_iter().flatten().find(|it| it.get("document").and_then(Value::as_str) == Some(&document));
    let by = found.and_then(|found| found.get("by")).and_then(Value::as_str);
    if let (Some(by), Some(fields)) = (by.or(one.owner.as_deref()), row.as_object_mut()) {
        fields.insert("answers".to_owned(), by.into());
    }
    row
}

fn none(which: &str) -> CliError {
    let message = format!("there is no document `{}` in force", printable(which));
    CliError::new(Exit::Failed, code::CANNOT_READ, message).hint("`tenure get` lists them; write `role/staff`")
}
