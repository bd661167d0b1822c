//! `tenure runs start`: starting a workflow by hand, for one, for all of whom something holds, or for
//! those in a file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use tenure_model::Name;

use super::{people, sets, sets_file};
use crate::confirm::{Yes, confirm};
use crate::context::{Cx, read_text};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::INPUT_BYTES_MAX;
use crate::places;
use crate::table::{Column, cell, column};

const STARTED: &[Column] = &[column("Run", "/run")];

/// Start a workflow by hand, for one or for many
///
/// Starts a run of a workflow. Runs in the same lane come one after the other; without a lane it waits for nobody.
/// With --where or --file it is started for each of these people, in their lanes: first it is looked who they are,
/// for whom it can begin, and for whom not and why. Without --reason, or with --dry-run, that is all that happens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure runs start leaver --person ada
  tenure runs start recertify --lane finance --input @quarter.json
  tenure runs start survey --where 'person.department == \"Sales\" && person.standing == \"active\"' --dry-run
  tenure runs start survey --file people.csv --input days=30 --reason 'the move to the new site'")]
pub struct Start {
    /// Which workflow
    workflow: Name,
    /// In which lane
    #[arg(long, value_name = "NAME", conflicts_with_all = ["condition", "file"])]
    lane: Option<String>,
    /// What it is given: JSON, `@FILE`, `@-` for standard input, or KEY=VALUE; may be said several times
    #[arg(long, value_name = "JSON")]
    input: Vec<String>,
    /// For this person: an id, or a key such as an employee number
    #[arg(long, value_name = "PERSON", conflicts_with_all = ["condition", "file", "dry_run", "reason"])]
    person: Option<String>,
    /// For everybody of whom this expression holds
    #[arg(long = "where", value_name = "EXPRESSION", conflicts_with = "file")]
    condition: Option<String>,
    /// For those in this file: a column `employeeId`, or one name in each line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only look for whom it could begin
    #[arg(long, conflicts_with = "lane")]
    dry_run: bool,
    /// Why it is started for them; without it nothing is started for many
    #[arg(long, value_name = "TEXT", conflicts_with = "lane")]
    reason: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Start {
    /// Starts it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        if self.condition.is_some() || self.file.is_some() {
            return self.for_many(cx).await;
        }
        if self.dry_run || self.reason.is_some() {
            let message = "say for whom, with `--where` or `--file`";
            return Err(CliError::new(Exit::Usage, code::USAGE, message)
                .hint("`tenure runs rehearse` tells what it would do for one person"));
        }
        let (client, mut input) = (cx.client()?, read_input(&self.input)?);
        if let Some(person) = &self.person {
            let Value::Object(fields) = &mut input else {
                return Err(CliError::new(Exit::Usage, code::USAGE, "with `--person` the input is a JSON object"));
            };
            fields.insert("person".to_owned(), people::find(&client, person).await?.to_string().into());
        }
        let mut body = Map::new();
        body.insert("workflow".to_owned(), self.workflow.as_str().into());
        body.extend(self.lane.map(|lane| ("lane".to_owned(), lane.into())));
        body.insert("input".to_owned(), input);
        let started = client.send(&places::START_RUN.path(), &body.into()).await?;
        cx.output.item(STARTED, &started)?;
        cx.output.say(&format!("`tenure runs watch {}` follows it", cell(started.get("run"))));
        Ok(Exit::Done)
    }

    /// Looks first; what was seen is started if somebody says why.
    async fn for_many(self, cx: &Cx) -> Result<Exit, CliError> {
        let mut body = json!({ "workflow": self.workflow.as_str(), "input": read_input(&self.input)? });
        if let Some(fields) = body.as_object_mut() {
            match &self.file {
                Some(path) => fields.insert("people".to_owned(), sets_file::read(path)?.into()),
                None => fields.insert("where".to_owned(), self.condition.into()),
            };
        }
        let client = cx.client()?;
        let made = client.send(&places::MAKE_SET.path(), &body).await?;
        let set = sets::looked(cx, &client, &cell(made.get("id"))).await?;
        sets::show(cx, &client, &set).await?;
        let ready = sets::ready(&set);
        let Some(reason) = self.reason.filter(|_| !self.dry_run && ready > 0) else {
            if ready > 0 {
                cx.output.say(&format!(
                    "nothing was started; `tenure sets start {} --people {ready} --reason …` starts it, until {}",
                    cell(set.get("id")),
                    cell(set.get("goodUntil"))
                ));
            }
            return Ok(Exit::Done);
        };
        confirm(cx, &format!("start `{}` for {ready} people?", self.workflow), Yes(self.yes))?;
        sets::begin(cx, &client, &cell(set.get("id")), ready, &reason).await
    }
}

/// What is given on the command line: JSON, a file of it after an `@`, or keys with their values.
pub fn read_input(words: &[String]) -> Result<Value, CliError> {
    if let [only] = words
        && !is_key_and_value(only)
    {
        return read_json(only);
    }
    let mut given = Map::new();
    for word in words {
        if is_key_and_value(word) {
            given.extend([key_and_value(word)?]);
        } else if let Value::Object(fields) = read_json(word)? {
            given.extend(fields);
        } else {
            let message = format!("`{word}` is neither KEY=VALUE nor a JSON object");
            return Err(CliError::new(Exit::Usage, code::USAGE, message));
        }
    }
    Ok(given.into())
}

fn is_key_and_value(word: &str) -> bool {
    !word.starts_with(['@', '{', '[', '"']) && word.contains('=')
}

/// A key and its value, as JSON or as text.
pub(super) fn key_and_value(word: &str) -> Result<(String, Value), CliError> {
    let (key, value) = word
        .split_once('=')
        .ok_or_else(|| CliError::new(Exit::Usage, code::USAGE, format!("`{word}` is not KEY=VALUE")))?;
    Ok((key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
}

/// JSON on the command line, or in the file after an `@`.
fn read_json(text: &str) -> Result<Value, CliError> {
    let read = match text.strip_prefix('@') {
        Some(path) => read_text(Path::new(path), INPUT_BYTES_MAX)?,
        None => text.to_owned(),
    };
    serde_json::from_str(&read).map_err(|error| {
        CliError::new(Exit::Usage, code::CANNOT_READ, "the input is not JSON")
            .caused_by(&error)
            .hint("say JSON such as '{\"days\": 30}', @FILE, or days=30")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Value, CliError> {
        read_input(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_given_is_json_or_keys_and_values() {
        assert_eq!(read(&[]).unwrap(), json!({}));
        assert_eq!(read(&["[1]"]).unwrap(), json!([1]));
        assert_eq!(read(&["days=30", "why=a=b"]).unwrap(), json!({ "days": 30, "why": "a=b" }));
        assert_eq!(read(&["{\"a\":\"x=y\"}", "b=true"]).unwrap(), json!({ "a": "x=y", "b": true }));
    }

    #[test]
    fn what_is_neither_is_used_wrongly() {
        for words in [&["{days: 1}"][..], &["days"], &["[1]", "a=1"]] {
            assert_eq!(read(words).unwrap_err().exit, Exit::Usage, "{words:?}");
        }
        assert_eq!(read(&["@/nowhere/input.json"]).unwrap_err().exit, Exit::Failed);
    }
}
