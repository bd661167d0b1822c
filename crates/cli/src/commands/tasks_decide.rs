//! Ending tasks: one, or several that are named one by one; never all of them.
//!
//! What each of several is, is shown before it is asked once whether it is meant. Each then ends by
//! itself, so that one that does not holds up no other.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use tenure_model::TaskId;

use super::tasks::FIELDS;
use super::tasks_evidence::Bring;
use crate::confirm::{Yes, confirm};
use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::limits::TASKS_AT_ONCE_MAX;
use crate::places;
use crate::table::{Column, cell, column};

const ENDED: &[Column] = &[
    column("Id", "/id"),
    column("Title", "/title"),
    column("For", "/for"),
    column("Ended as", "/outcome"),
    column("Failed", "/why"),
];

/// End tasks: they are done
///
/// Ends a task as is hoped for, or with another of its outcomes. The run that waits for it goes on. Of several, what
/// each is is shown, and you are asked once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks done task_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure tasks done task_01k9h3m5n7p9r1t3v5x7z9b1d3 --as approved --comment 'talked to her' --evidence badge.png\n  tenure tasks done task_01k9h3m5n7p9r1t3v5x7z9b1d3 --as change --choose 2 --comment 'left the project'\n  tenure tasks done task_01k9h3m5n7p9r1t3v5x7z9b1d3 task_01k9h3m5n7p9r1t3v5x7z9b1d4 --yes"
)]
pub struct Done {
    /// Which tasks
    #[arg(required = true)]
    ids: Vec<TaskId>,
    /// With which of its outcomes, instead of the one that is hoped for
    #[arg(long = "as", value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Which of the things that it asks about, by number or name, as `tenure tasks show` lists them; of one task only
    #[arg(long, value_name = "WHICH")]
    choose: Vec<String>,
    /// What is to be known about it
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// A small file that shows that it was done; it is kept with each task
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// End approvals: you say yes
///
/// Ends approvals as is hoped for; a task of another kind is left alone. Of several, what each is is shown, and you are
/// asked once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks approve task_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure tasks approve task_01k9h3m5n7p9r1t3v5x7z9b1d3 task_01k9h3m5n7p9r1t3v5x7z9b1d4 --comment 'as agreed'"
)]
pub struct Approve {
    /// Which tasks
    #[arg(required = true)]
    ids: Vec<TaskId>,
    /// What is to be known about it
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// End tasks: they will not be done
///
/// Ends a task with the last of its outcomes, such as `refused`, and a reason. Of several, what each is is shown, and
/// you are asked once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure tasks refuse task_01k9h3m5n7p9r1t3v5x7z9b1d3 --reason 'she never came'\n  tenure tasks refuse task_01k9h3m5n7p9r1t3v5x7z9b1d3 task_01k9h3m5n7p9r1t3v5x7z9b1d4 --reason 'the project is off' --yes"
)]
pub struct Refuse {
    /// Which tasks
    #[arg(required = true)]
    ids: Vec<TaskId>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Done {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let how = self.outcome.map_or(How::Hoped, How::Named);
        let (choose, words, evidence) = (self.choose, self.comment, self.evidence);
        Decision { how, choose, words, evidence, yes: Yes(self.yes) }.run(cx, self.ids).await
    }
}

impl Approve {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let (how, words, yes) = (How::Approved, self.comment, Yes(self.yes));
        let decision = Decision { how, choose: Vec::new(), words, evidence: None, yes };
        decision.run(cx, self.ids).await
    }
}

impl Refuse {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let (how, words, yes) = (How::Refused, Some(self.reason), Yes(self.yes));
        let decision = Decision { how, choose: Vec::new(), words, evidence: None, yes };
        decision.run(cx, self.ids).await
    }
}

/// With which of its outcomes a task is to end.
#[derive(Debug)]
enum How {
    /// The one that is hoped for.
    Hoped,
    /// The same, of approvals only.
    Approved,
    /// This one.
    Named(String),
    /// The last one.
    Refused,
}

impl How {
    fn words(&self) -> String {
        match self {
            Self::Hoped => "done".to_owned(),
            Self::Approved => "approved".to_owned(),
            Self::Named(outcome) => printable(outcome),
            Self::Refused => "refused".to_owned(),
        }
    }

    /// The outcome of this task; none: the one that is hoped for.
    fn of(&self, task: &Value) -> Result<Value, CliError> {
        match self {
            Self::Hoped => Ok(Value::Null),
            Self::Approved if task.get("kind").and_then(Value::as_str) == Some("approval") => Ok(Value::Null),
            Self::Approved => {
                let said = format!("{} is no approval but {}", cell(task.get("id")), cell(task.get("kind")));
                Err(CliError::new(Exit::Usage, code::USAGE, said).hint("end it with `tenure tasks done`"))
            }
            Self::Named(outcome) => Ok(outcome.as_str().into()),
            Self::Refused => {
                let outcomes = task.get("outcomes").and_then(Value::as_array);
                Ok(outcomes.and_then(|outcomes| outcomes.last()).cloned().unwrap_or_default())
            }
        }
    }
}

/// What somebody decided about the tasks that they named.
#[derive(Debug)]
struct Decision {
    how: How,
    choose: Vec<String>,
    words: Option<String>,
    evidence: Option<PathBuf>,
    yes: Yes,
}

impl Decision {
    async fn run(self, cx: &Cx, mut ids: Vec<TaskId>) -> Result<Exit, CliError> {
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        if let [only] = ids.as_slice() {
            let task = self.look(cx, *only).await?;
            let ended = self.end(cx, *only, &task).await?;
            cx.output.item(FIELDS, &ended)?;
            cx.output.say(&format!("it ended as {}", cell(ended.pointer("/end/outcome"))));
            return Ok(Exit::Done);
        }
        if !self.choose.is_empty() {
            let said = "what a task asks about is chosen of one task at a time";
            return Err(CliError::new(Exit::Usage, code::USAGE, said).hint("name one task"));
        }
        if ids.len() > TASKS_AT_ONCE_MAX {
            let said = format!("these are {} tasks, and {TASKS_AT_ONCE_MAX} end at once at most", ids.len());
            return Err(CliError::new(Exit::Usage, code::USAGE, said).hint("name fewer of them"));
        }
        self.several(cx, ids).await
    }

    async fn several(self, cx: &Cx, ids: Vec<TaskId>) -> Result<Exit, CliError> {
        let mut looked = Vec::new();
        for id in ids {
            let task = self.look(cx, id).await;
            if let Ok(task) = &task {
                cx.output.say(&line(task));
            }
            looked.push((id, task));
        }
        let count = looked.iter().filter(|(_, task)| task.is_ok()).count();
        if count > 0 {
            confirm(cx, &format!("end these {count} tasks as {}?", self.how.words()), self.yes)?;
        }
        let mut rows = Vec::new();
        for (id, task) in looked {
            let ended = match &task {
                Ok(task) => self.end(cx, id, task).await.map_err(|error| error.message),
                Err(error) => Err(error.message.clone()),
            };
            rows.push(row(id, task.ok().as_ref(), &ended));
        }
        cx.output.list(ENDED, &rows)?;
        let failed = rows.iter().any(|row| row.get("why").is_some());
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }

    /// What a task is, if it can end so.
    async fn look(&self, cx: &Cx, id: TaskId) -> Result<Value, CliError> {
        let task = cx.client()?.ask(&places::READ_TASK.of(&[&id])).await?;
        self.how.of(&task)?;
        Ok(task)
    }

    async fn end(&self, cx: &Cx, id: TaskId, task: &Value) -> Result<Value, CliError> {
        let outcome = self.how.of(task)?;
        if let Some(file) = &self.evidence {
            Bring::file(file)?.send(cx, id).await?;
        }
        let mut body = json!({ "outcome": outcome, "comment": self.words });
        if let (false, Some(fields)) = (self.choose.is_empty(), body.as_object_mut()) {
            fields.insert("chosen".to_owned(), chosen(task, &self.choose)?.into());
        }
        cx.client()?.send(&places::CLOSE_TASK.of(&[&id]), &body).await
    }
}

/// The names of what was chosen by number or name.
fn chosen(task: &Value, choose: &[String]) -> Result<Vec<Value>, CliError> {
    let choices = task.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |word: &String| {
        let by_number = word.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
        let by_name = || choices.iter().find(|choice| choice.get("name").and_then(Value::as_str) == Some(word));
        by_number.or_else(by_name).and_then(|choice| choice.get("name")).cloned().ok_or_else(|| {
            let said = format!("`{}` is nothing that this task asks about", printable(word));
            let hint = format!("`tenure tasks show {}` lists it, with numbers", cell(task.get("id")));
            CliError::new(Exit::Usage, code::USAGE, said).hint(hint)
        })
    };
    choose.iter().map(one).collect()
}

/// What somebody should know of a task before they say yes to several.
fn line(task: &Value) -> String {
    let about = task.get("person").and_then(Value::as_str).map(|person| format!(" about {person}"));
    format!(
        "{}  {} for {}{}: {}",
        cell(task.get("id")),
        cell(task.get("kind")),
        cell(task.get("for")),
        about.unwrap_or_default(),
        cell(task.get("title")),
    )
}

fn row(id: TaskId, task: Option<&Value>, ended: &Result<Value, String>) -> Value {
    let of = |name: &str| task.and_then(|task| task.get(name)).cloned().unwrap_or_default();
    let mut row = json!({ "id": id, "title": of("title"), "for": of("for") });
    let (name, value) = match ended {
        Ok(ended) => ("outcome", ended.pointer("/end/outcome").cloned().unwrap_or_default()),
        Err(why) => ("why", why.as_str().into()),
    };
    if let Some(fields) = row.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_approval_is_approved_and_a_no_is_the_last_outcome() {
        let task = |kind: &str| json!({ "id": "task_1", "kind": kind, "outcomes": ["seen", "later", "not-so"] });
        assert_eq!(How::Approved.of(&task("approval")).unwrap(), Value::Null);
        for kind in ["work", "look"] {
            let refused = How::Approved.of(&task(kind)).unwrap_err();
            assert!(refused.message.contains(&format!("is no approval but {kind}")), "{refused:?}");
        }
        assert_eq!(How::Refused.of(&task("look")).unwrap(), "not-so");
        assert_eq!(How::Named("later".to_owned()).of(&task("look")).unwrap(), "later");
    }

    #[test]
    fn what_is_chosen_is_chosen_by_number_or_name() {
        let task = json!({ "id": "task_1", "choices": [{ "name": "ldap a" }, { "name": "ldap b" }] });
        let chosen = |words: &[&str]| chosen(&task, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(chosen(&["2", "ldap a"]).unwrap(), ["ldap b", "ldap a"]);
        for unknown in ["0", "3", "ldap c", ""] {
            assert!(chosen(&[unknown]).unwrap_err().message.contains("nothing that this task asks about"), "{unknown}");
        }
        assert_eq!(super::chosen(&json!({}), &[]).unwrap(), [Value::Null; 0]);
    }

    #[test]
    fn what_each_is_stands_in_a_line_that_cannot_steer_the_terminal() {
        let task = json!({ "id": "task_1", "kind": "approval", "for": "person:bob", "person": "person_2",
                           "title": "may she\u{1b}[2J?" });
        assert_eq!(line(&task), "task_1  approval for person:bob about person_2: may she\u{fffd}[2J?");
    }
}
