//! What a human is asked to do: for whom, until when, and how it ended.
//!
//! A task has an end from a closed set that whoever opened it named. It decides nothing about who
//! may see or do it (that is policy's), and it never holds a secret.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::Role;
use crate::ids::{PersonId, RunId, TaskId};
use crate::name::{ConnectionName, Name};
use crate::transition::BadTransition;

/// The most characters of whom a task is for.
pub const ASSIGNEE_CHARS_MAX: usize = 200;

/// What kind of thing is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// To do something by hand.
    Work,
    /// To say yes or no.
    Approval,
    /// To look whether something is so, and to say so by name.
    Look,
    /// To say how a run goes on that cannot by itself.
    Stuck,
    /// To say which of several things somebody is to keep.
    Review,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Work, Self::Approval, Self::Look, Self::Stuck, Self::Review];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Approval => "approval",
            Self::Look => "look",
            Self::Stuck => "stuck",
            Self::Review => "review",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whom a task is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Assignee {
    /// Somebody, by the name under which they act or by the id of the person.
    Person(String),
    /// Whoever has this role.
    Role(Role),
    /// Whoever is of this team.
    Team(Name),
}

/// Why a text does not say whom a task is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` says nobody; write `person:`, `role:` or `team:` and a name, such as `team:facilities`")]
pub struct BadAssignee(String);

impl FromStr for Assignee {
    type Err = BadAssignee;
    fn from_str(text: &str) -> Result<Self, BadAssignee> {
        let bad = || BadAssignee(text.chars().take(64).collect());
        let (kind, name) = text.split_once(':').ok_or_else(bad)?;
        match kind {
            "person" => {
                let fits = !name.trim().is_empty()
                    && name.chars().count() <= ASSIGNEE_CHARS_MAX
                    && !name.chars().any(char::is_control);
                if fits { Ok(Self::Person(name.to_owned())) } else { Err(bad()) }
            }
            "role" => Role::from_word(name).map(Self::Role).ok_or_else(bad),
            "team" => name.parse().map(Self::Team).map_err(|_| bad()),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for Assignee {
    type Error = BadAssignee;
    fn try_from(text: String) -> Result<Self, BadAssignee> {
        text.parse()
    }
}

impl From<Assignee> for String {
    fn from(assignee: Assignee) -> Self {
        assignee.to_string()
    }
}

impl fmt::Display for Assignee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "person:{name}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Team(team) => write!(f, "team:{team}"),
        }
    }
}

/// One of several things that somebody is asked about at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// What it is, once in a task, such as `ldap group/finance`.
    pub name: String,
    /// What is to be known of it.
    pub says: String,
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// Nobody has it in hand.
    Open,
    /// Somebody has it in hand.
    Claimed {
        /// Who.
        by: String,
    },
    /// It is over.
    Closed(TaskEnd),
}

impl TaskState {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed { .. } => "claimed",
            Self::Closed(_) => "closed",
        }
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<&TaskEnd> {
        match self {
            Self::Open | Self::Claimed { .. } => None,
            Self::Closed(end) => Some(end),
        }
    }
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskEnd {
    /// One of the outcomes that it was opened with; none: it was withdrawn.
    pub outcome: Option<Name>,
    /// Who ended it.
    pub by: String,
    /// By the word of which ticket system; none: they said so here, where we know who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ConnectionName>,
    /// For whom they stood in; none: they did it in their own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub comment: Option<String>,
    /// Which of the things that were asked about, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
}

/// What a human is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanTask {
    /// Ours.
    pub id: TaskId,
    /// Names what is asked, the same on every try; there is one task of a key.
    pub key: String,
    /// What kind of thing is asked.
    pub kind: TaskKind,
    /// What is asked, in a line.
    pub title: String,
    /// How it is done.
    pub instructions: String,
    /// For whom it is.
    pub assignee: Assignee,
    /// Who may not do it, such as whoever asked for it.
    pub barred: BTreeSet<String>,
    /// How it can end. The first is the one that was hoped for; the others need a reason.
    pub outcomes: Vec<Name>,
    /// The things that are asked about, if there are several. All other outcomes than the first are about some of them.
    pub choices: Vec<Choice>,
    /// Whom it is about.
    pub about: Option<PersonId>,
    /// In which system it is to be done.
    pub connection: Option<ConnectionName>,
    /// Which run waits for its end, under the signal that is the id of the task.
    pub waits: Option<RunId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
    /// When somebody is to be reminded next.
    pub remind_at: Option<Timestamp>,
    /// How it stands.
    pub state: TaskState,
    /// Goes up with every change.
    pub version: i64,
}

impl HumanTask {
    /// Somebody takes it in hand. Whoever has it already keeps it.
    pub fn claimed(self, by: &str) -> Result<Self, BadTransition> {
        match &self.state {
            TaskState::Open => Ok(self.next(TaskState::Claimed { by: by.to_owned() })),
            TaskState::Claimed { by: holder } if holder == by => Ok(self),
            TaskState::Claimed { by: holder } => {
                Err(BadTransition::new("task", format_args!("claimed by `{holder}`"), "claimed"))
            }
            TaskState::Closed(end) => Err(BadTransition::new("task", closed(end), "claimed")),
        }
    }

    /// It is out of this hand, so that whoever acts next may; of any other hand it is not.
    pub fn out_of(self, hand: &str) -> Self {
        match &self.state {
            TaskState::Claimed { by } if by == hand => Self { state: TaskState::Open, ..self },
            TaskState::Open | TaskState::Claimed { .. } | TaskState::Closed(_) => self,
        }
    }

    /// It comes to its end. What somebody has in hand nobody else closes.
    pub fn closed(self, end: TaskEnd) -> Result<Self, BadTransition> {
        match &self.state {
            TaskState::Claimed { by } if *by != end.by => {
                Err(BadTransition::new("task", format_args!("claimed by `{by}`"), "closed by somebody else"))
            }
            TaskState::Open | TaskState::Claimed { .. } => {
                Ok(Self { remind_at: None, ..self.next(TaskState::Closed(end)) })
            }
            TaskState::Closed(before) => Err(BadTransition::new("task", closed(before), "closed again")),
        }
    }

    /// Nobody needs it any more.
    pub fn withdrawn(self, by: &str, at: Timestamp, why: &str) -> Result<Self, BadTransition> {
        match &self.state {
            TaskState::Open | TaskState::Claimed { .. } => {
                let comment = Some(why.to_owned());
                let (by, chosen) = (by.to_owned(), Vec::new());
                let end = TaskEnd { outcome: None, by, via: None, instead_of: None, at, comment, chosen };
                Ok(Self { remind_at: None, ..self.next(TaskState::Closed(end)) })
            }
            TaskState::Closed(before) => Err(BadTransition::new("task", closed(before), "withdrawn")),
        }
    }

    /// It is for somebody else from now on, and nobody has it in hand.
    pub fn reassigned(self, to: Assignee) -> Result<Self, BadTransition> {
        match &self.state {
            TaskState::Open | TaskState::Claimed { .. } => Ok(Self { assignee: to, ..self.next(TaskState::Open) }),
            TaskState::Closed(end) => Err(BadTransition::new("task", closed(end), "reassigned")),
        }
    }

    /// Somebody was reminded; this is when it is done next.
    pub fn reminded(self, next: Option<Timestamp>) -> Self {
        Self { remind_at: next, version: self.version + 1, ..self }
    }

    /// A run waits for its end.
    pub fn awaited(self, run: RunId) -> Self {
        Self { waits: Some(run), version: self.version + 1, ..self }
    }

    /// Whether it ended as was hoped for.
    pub fn ended_well(&self) -> bool {
        self.state.end().is_some_and(|end| end.outcome.is_some() && end.outcome.as_ref() == self.outcomes.first())
    }

    fn next(self, state: TaskState) -> Self {
        Self { state, version: self.version + 1, ..self }
    }
}

fn closed(end: &TaskEnd) -> String {
    let outcome = end.outcome.as_ref().map_or("withdrawn", Name::as_str);
    format!("closed as `{outcome}` by `{}`", end.by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, new_id};

    fn task() -> HumanTask {
        HumanTask {
            id: new_id(&SeededIds::new(1)),
            key: "k".into(),
            kind: TaskKind::Work,
            title: "give a badge".into(),
            instructions: String::new(),
            assignee: "team:facilities".parse().unwrap(),
            barred: [].into(),
            outcomes: ["done", "refused"].map(|word| word.parse().unwrap()).into(),
            choices: Vec::new(),
            about: None,
            connection: None,
            waits: None,
            opened_at: Timestamp::UNIX_EPOCH,
            due_at: None,
            remind_at: Some(Timestamp::UNIX_EPOCH),
            state: TaskState::Open,
            version: 1,
        }
    }

    fn end(by: &str, outcome: &str) -> TaskEnd {
        let (by, at) = (by.to_owned(), Timestamp::UNIX_EPOCH);
        let (outcome, chosen) = (outcome.parse().ok(), Vec::new());
        TaskEnd { outcome, by, via: None, instead_of: None, at, comment: None, chosen }
    }

    #[test]
    fn whom_it_is_for_survives_its_text() {
        for text in ["person:ada", "person:person_01", "role:help-desk", "team:facilities"] {
            assert_eq!(text.parse::<Assignee>().unwrap().to_string(), text);
        }
        for bad in ["", "ada", "person:", "person: ", "person:a\nb", "role:king", "team:A B", "group:x"] {
            assert!(bad.parse::<Assignee>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_one_has_in_hand_no_other_takes_or_closes() {
        let claimed = task().claimed("ada").unwrap();
        assert_eq!(claimed.version, 2);
        assert_eq!(claimed.clone().claimed("ada").unwrap(), claimed);
        assert!(claimed.clone().claimed("bob").unwrap_err().to_string().contains("claimed by `ada`"));
        assert!(claimed.clone().closed(end("bob", "done")).is_err());
        let done = claimed.closed(end("ada", "done")).unwrap();
        assert!(done.ended_well() && done.remind_at.is_none());
        for again in [done.clone().closed(end("ada", "refused")), done.clone().claimed("ada")] {
            assert!(again.unwrap_err().to_string().contains("closed as `done` by `ada`"));
        }
        assert!(done.clone().reassigned(Assignee::Role(Role::Operator)).is_err());
        assert!(done.withdrawn("tenure", Timestamp::UNIX_EPOCH, "x").is_err());
    }

    #[test]
    fn what_is_taken_out_of_one_hand_is_not_taken_out_of_another() {
        let claimed = task().claimed("ada").unwrap();
        assert_eq!(claimed.clone().out_of("bob"), claimed);
        let taken = claimed.out_of("ada").claimed("bob").unwrap();
        assert_eq!((taken.version, taken.state), (3, TaskState::Claimed { by: "bob".into() }));
    }

    #[test]
    fn only_the_first_outcome_is_the_one_hoped_for() {
        assert!(!task().closed(end("ada", "refused")).unwrap().ended_well());
        assert!(!task().withdrawn("tenure", Timestamp::UNIX_EPOCH, "over").unwrap().ended_well());
    }

    #[test]
    fn what_is_given_to_another_is_in_nobodys_hand() {
        let given = task().claimed("ada").unwrap().reassigned(Assignee::Person("bob".into())).unwrap();
        assert_eq!((given.state, given.assignee.to_string()), (TaskState::Open, "person:bob".to_owned()));
    }
}
