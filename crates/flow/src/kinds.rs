//! Every kind of step, in one table: what it takes, how it can end, and how far it can be undone.
//!
//! The compiler, the documentation and whoever draws a workflow read this table. A kind is here
//! once; what it does in the world is done by `app::steps`, which has a file for each verb.

mod acts;

use std::fmt::Write as _;

use crate::graph::Reversibility;

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What a step says behind `use`.
    pub name: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
    /// What it takes.
    pub takes: &'static [Takes],
    /// How it can end, besides `failed`, `skipped` and `timeout`.
    pub outcomes: &'static [&'static str],
    /// Whether each of these must lead somewhere.
    pub asks: bool,
    /// What it changes, and how far that can be taken back; nothing where it only looks or waits.
    pub changes: Option<Reversibility>,
    /// How it is carried out.
    pub how: How,
}

/// How a step is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By the graph itself.
    Graph,
    /// By one effect of this name.
    Effect,
    /// By finding out what must change at which account, and then changing one after the other.
    Changes(&'static str),
    /// By asking a human.
    Human,
    /// By letting a system do something for an account, each after a look that is kept.
    Act,
    /// By taking back what an earlier step let a system do.
    TakeBack,
    /// By bringing somebody's access in line with policy.
    Align,
    /// By asking what somebody is to keep, and taking the rest away.
    Review,
}

/// Something that a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    /// Its name.
    pub name: &'static str,
    /// What is written there.
    pub form: Form,
    /// Whether it must be given.
    pub needed: bool,
}

/// What is written in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A text.
    Text,
    /// A text with `{{ … }}` in it.
    Template,
    /// An expression.
    Formula,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A length of time.
    Span,
    /// A moment.
    Moment,
    /// One name, a list of names, or `all`.
    Names,
    /// Keys and values.
    Map,
    /// Anything.
    Any,
    /// The name of a calendar.
    Calendar,
    /// The name of a workflow.
    Workflow,
    /// The name of an approval.
    Approval,
    /// Where a secret is kept: `file:…`, `vault:…`.
    Secret,
}

const fn may(name: &'static str, form: Form) -> Takes {
    Takes { name, form, needed: false }
}

const fn must(name: &'static str, form: Form) -> Takes {
    Takes { name, form, needed: true }
}

const fn kind(
    name: &'static str,
    how: How,
    changes: Option<Reversibility>,
    takes: &'static [Takes],
    help: &'static str,
) -> Kind {
    Kind { name, help, takes, outcomes: &["done"], asks: false, changes, how }
}

impl Kind {
    const fn ends(self, outcomes: &'static [&'static str]) -> Self {
        Self { outcomes, asks: true, ..self }
    }

    const fn tells(self, outcomes: &'static [&'static str]) -> Self {
        Self { outcomes, ..self }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// What it takes under this name.
    pub fn takes(&self, name: &str) -> Option<&'static Takes> {
        self.takes.iter().find(|takes| takes.name == name)
    }

    /// Whether it destroys what cannot be made again, so that time or a human must stand before it.
    pub fn destroys(&self) -> bool {
        self.changes == Some(Irreversible) && matches!(self.how, How::Changes("delete"))
    }

    /// Whether time may pass until it is over, so that what was known of somebody may be old then.
    pub fn waits(&self) -> bool {
        self.guards()
            || matches!(self.name, "core/run" | "core/each" | "lifecycle/wait-for" | "review/start" | "session/watch")
    }

    /// Whether nothing that comes after it happens before time has passed or a human has said yes.
    pub fn guards(&self) -> bool {
        matches!(self.name, "core/wait-until" | "core/wait-for" | "human/task" | "approval/ask")
    }
}

use Form::{Any, Approval, Calendar, Flag, Map, Moment, Names, Number, Secret, Span, Template, Text, Workflow};
use Reversibility::{Exact, Irreversible, Lossy, Window};

const SYSTEMS: Takes = may("systems", Names);
const PERSON: Takes = may("person", Any);
/// What says who is asked for approval, and how.
pub const ASKED: [Takes; 7] = [
    may("approval", Approval),
    may("by", Names),
    may("title", Template),
    may("instructions", Template),
    may("within", Span),
    may("calendar", Calendar),
    may("quorum", Number),
];

/// Every kind of step, by its name.
pub const KINDS: &[Kind] = &[
    kind(
        "access/again",
        How::Effect,
        None,
        &[PERSON],
        "sets the timer for the next date that changes somebody's access",
    )
    .tells(&["set", "never"]),
    kind(
        "access/align",
        How::Effect,
        None,
        &[PERSON],
        "finds out what must change so that somebody has what policy says",
    )
    .ends(&["changes", "nothing"]),
    kind(
        "access/change",
        How::Effect,
        Some(Exact),
        &[may("wish", Any)],
        "makes one change in one system, and reads it back",
    ),
    kind(
        "access/ensure",
        How::Align,
        Some(Exact),
        &[PERSON, ASKED[0], ASKED[1], ASKED[2], ASKED[3], ASKED[4], ASKED[5], ASKED[6]],
        "brings somebody's access in line with policy, and reads it back; with `approval` or `by` only what was approved",
    ),
    kind(
        "access/foresee",
        How::Effect,
        None,
        &[PERSON],
        "works out what would change so that somebody has what policy says, and leaves everything as it is",
    )
    .ends(&["changes", "nothing"]),
    kind(
        "access/grant",
        How::Effect,
        Some(Exact),
        &[PERSON, must("system", Text), must("entitlement", Text), may("for", Span), may("until", Moment)],
        "gives somebody a reason to hold something for a time; `access/ensure` then makes it so",
    ),
    kind(
        "access/revoke",
        How::Effect,
        Some(Exact),
        &[PERSON, may("system", Text), may("entitlement", Text)],
        "takes away the reason to hold what was asked for, or all such reasons; `access/ensure` then makes it so",
    ),
    kind(
        "access/settle",
        How::Effect,
        None,
        &[PERSON],
        "looks once more whether everything is as policy says, and closes the grants",
    ),
    kind("accounts/create", How::Changes("create"), Some(Lossy), &[PERSON, SYSTEMS], "creates somebody's account"),
    kind(
        "accounts/delete",
        How::Changes("delete"),
        Some(Irreversible),
        &[PERSON, SYSTEMS],
        "deletes somebody's accounts for good",
    ),
    kind("accounts/disable", How::Changes("disable"), Some(Exact), &[PERSON, SYSTEMS], "locks somebody's accounts"),
    kind("accounts/enable", How::Changes("enable"), Some(Exact), &[PERSON, SYSTEMS], "unlocks somebody's accounts"),
    kind(
        "accounts/move",
        How::Changes("update"),
        Some(Lossy),
        &[PERSON, SYSTEMS, must("set", Map)],
        "moves somebody's account to another place in its system",
    ),
    kind(
        "accounts/rename",
        How::Changes("update"),
        Some(Lossy),
        &[PERSON, SYSTEMS, must("set", Map)],
        "gives somebody's account another name",
    ),
    kind(
        "accounts/suspend",
        How::Changes("disable"),
        Some(Exact),
        &[PERSON, SYSTEMS],
        "locks somebody's accounts for a while, as for leave",
    ),
    kind(
        "accounts/update",
        How::Changes("update"),
        Some(Lossy),
        &[PERSON, SYSTEMS, may("set", Map), may("clear", Names)],
        "sets or clears attributes of somebody's accounts",
    ),
    kind(
        "approval/ask",
        How::Human,
        None,
        &[PERSON, ASKED[0], ASKED[1], ASKED[2], ASKED[3], ASKED[4], ASKED[5], ASKED[6]],
        "asks for approval, and waits for it",
    )
    .ends(&["approved", "denied", "timeout"]),
    kind(
        "approval/tell",
        How::Effect,
        None,
        &[PERSON, must("step", Text), must("outcome", Any)],
        "lets workflows know how a request was decided: those that begin with it, and those that wait for it",
    ),
    acts::CALENDAR_SHARE,
    acts::CALENDAR_TRANSFER,
    acts::CONNECTOR_ACT,
    acts::CONNECTOR_TAKE_BACK,
    kind("core/decide", How::Graph, None, &[], "goes the way whose expression holds").ends(&[]),
    kind(
        "core/each",
        How::Graph,
        None,
        &[must("graph", Any), must("over", Any), may("atOnce", Number), may("failuresMax", Number), may("share", Any)],
        "starts a run for every item of a list, and waits for all of them",
    ),
    kind(
        "core/fail",
        How::Graph,
        None,
        &[may("reason", Text), may("undo", Flag)],
        "ends the run as failed, and takes back what was done if asked to",
    )
    .tells(&[]),
    kind(
        "core/run",
        How::Graph,
        None,
        &[may("workflow", Workflow), may("graph", Any), may("input", Any)],
        "runs another workflow and waits for its end",
    ),
    kind("core/set", How::Graph, None, &[], "gives its parameters a name for later steps"),
    kind(
        "core/wait-for",
        How::Graph,
        None,
        &[must("signal", Text), may("within", Span), may("calendar", Calendar), may("timeoutMs", Number)],
        "waits for a signal",
    )
    .ends(&["received", "timeout"]),
    kind(
        "core/wait-until",
        How::Graph,
        None,
        &[may("until", Moment), may("for", Span), may("calendar", Calendar), may("forMs", Number)],
        "waits until a moment, such as `person.lastDay 18:00`, or for a length of time",
    )
    .tells(&["due"]),
    acts::DRIVE_ARCHIVE,
    acts::DRIVE_CREATE,
    acts::DRIVE_TRANSFER,
    kind("evidence/seal", How::Effect, None, &[PERSON], "writes down in the ledger that all of it was done"),
    acts::FOLDER_ARCHIVE,
    acts::FOLDER_CREATE,
    acts::FOLDER_TRANSFER,
    kind(
        "groups/add",
        How::Changes("add"),
        Some(Exact),
        &[PERSON, must("groups", Names), SYSTEMS],
        "adds somebody to groups",
    ),
    kind(
        "groups/remove",
        How::Changes("remove"),
        Some(Exact),
        &[PERSON, must("groups", Names), SYSTEMS],
        "takes somebody out of groups",
    ),
    kind(
        "groups/remove-all",
        How::Changes("remove-all"),
        Some(Exact),
        &[PERSON, SYSTEMS, may("keep", Names)],
        "takes somebody out of every group",
    ),
    kind(
        "http/call",
        How::Effect,
        Some(Lossy),
        &[must("url", Text), may("body", Any)],
        "calls a URL, once however often it is tried",
    ),
    kind(
        "human/task",
        How::Human,
        None,
        &[
            PERSON,
            must("title", Template),
            may("instructions", Template),
            must("for", Names),
            may("kind", Text),
            may("barred", Names),
            may("due", Span),
            may("escalate", Names),
            may("calendar", Calendar),
            may("outcomes", Names),
        ],
        "gives a human something to do, and waits until it is done",
    )
    .ends(&["done", "refused"]),
    kind(
        "licences/assign",
        How::Changes("add"),
        Some(Exact),
        &[PERSON, must("licences", Names), SYSTEMS],
        "assigns licences to somebody",
    ),
    kind(
        "licences/remove",
        How::Changes("remove"),
        Some(Exact),
        &[PERSON, must("licences", Names), SYSTEMS],
        "takes licences from somebody",
    ),
    kind(
        "licences/remove-all",
        How::Changes("remove-all"),
        Some(Exact),
        &[PERSON, SYSTEMS, may("keep", Names)],
        "takes every licence from somebody",
    ),
    kind(
        "lifecycle/emit",
        How::Effect,
        Some(Lossy),
        &[PERSON, must("event", Text), may("body", Any)],
        "lets an event happen, which starts the workflows that wait for it",
    ),
    kind(
        "lifecycle/trigger",
        How::Effect,
        None,
        &[PERSON, may("at", Any), may("event", Any)],
        "starts what a date has brought, if the facts still say so",
    )
    .tells(&["started", "moved"]),
    kind(
        "lifecycle/wait-for",
        How::Effect,
        None,
        &[PERSON, must("event", Text), may("match", Map), may("within", Span), may("calendar", Calendar)],
        "waits until something happens to the person: what a source tells, or what another workflow emits",
    )
    .ends(&["came", "timeout"]),
    acts::MAILBOX_ARCHIVE,
    acts::MAILBOX_AUTO_REPLY,
    acts::MAILBOX_CREATE,
    acts::MAILBOX_DELEGATE,
    acts::MAILBOX_FORWARD,
    acts::MAILBOX_HOLD,
    kind(
        "notify/send",
        How::Effect,
        Some(Irreversible),
        &[PERSON, must("notice", Text), may("to", Names)],
        "tells somebody, in the words of a notice of the estate",
    ),
    kind(
        "person/look",
        How::Effect,
        None,
        &[PERSON],
        "reads what is known of somebody, for the expressions of later steps",
    ),
    acts::REPORTS_TRANSFER,
    kind(
        "review/begin",
        How::Effect,
        None,
        &[PERSON, may("grants", Any)],
        "lets the access of somebody be brought in line once a review has ended reasons to hold it",
    ),
    kind(
        "review/close",
        How::Effect,
        None,
        &[PERSON, may("items", Any), may("answers", Any), may("took", Any)],
        "waits until what a review took away is gone, and writes down what was decided of each thing",
    )
    .tells(&["kept", "changed"]),
    kind(
        "review/list",
        How::Effect,
        None,
        &[PERSON, SYSTEMS, may("byRule", Flag)],
        "finds out what somebody holds, and why",
    )
    .tells(&["some", "nothing"]),
    kind(
        "review/start",
        How::Review,
        Some(Exact),
        &[
            must("by", Names),
            SYSTEMS,
            may("byRule", Flag),
            may("title", Template),
            may("instructions", Template),
            may("within", Span),
            may("calendar", Calendar),
            may("escalate", Names),
            may("noAnswer", Text),
        ],
        "asks which of the things that somebody holds they still need, and takes the rest away",
    )
    .ends(&["kept", "changed"]),
    kind(
        "review/take",
        How::Effect,
        Some(Exact),
        &[PERSON, may("items", Any), may("answers", Any), may("asked", Any), may("last", Any), may("silence", Text)],
        "ends the reasons to hold what somebody is not to keep",
    ),
    acts::SESSION_WATCH,
    kind(
        "signin/end-sessions",
        How::Changes("end-session"),
        Some(Lossy),
        &[PERSON, SYSTEMS],
        "ends every session that somebody has open",
    ),
    kind(
        "signin/reset-password",
        How::Changes("password"),
        Some(Lossy),
        &[PERSON, SYSTEMS, must("secret", Secret)],
        "sets a password that its owner must change at once",
    ),
    kind(
        "signin/revoke-app-passwords",
        How::Changes("end-app-password"),
        Some(Irreversible),
        &[PERSON, SYSTEMS],
        "takes back every app password",
    ),
    kind("signin/revoke-keys", How::Changes("end-key"), Some(Irreversible), &[PERSON, SYSTEMS], "takes back every key"),
    kind(
        "signin/revoke-tokens",
        How::Changes("end-token"),
        Some(Lossy),
        &[PERSON, SYSTEMS],
        "takes back every refresh token",
    ),
    kind(
        "sponsor/transfer",
        How::Effect,
        Some(Window),
        &[PERSON, must("to", Names)],
        "gives what somebody answers for (agents, service accounts, guests) to somebody else",
    ),
    kind(
        "teams/add",
        How::Changes("add"),
        Some(Exact),
        &[PERSON, must("teams", Names), SYSTEMS],
        "adds somebody to teams",
    ),
    kind(
        "teams/remove",
        How::Changes("remove"),
        Some(Exact),
        &[PERSON, must("teams", Names), SYSTEMS],
        "takes somebody out of teams",
    ),
    kind(
        "teams/remove-all",
        How::Changes("remove-all"),
        Some(Exact),
        &[PERSON, SYSTEMS, may("keep", Names)],
        "takes somebody out of every team",
    ),
];

/// The page of the reference that lists every kind of step.
pub fn page() -> String {
    let mut page = "# Steps\n\nGenerated from the program by `cargo xtask gen`; change it there.\n\nEvery step can also end as \
                    `failed`, `skipped` and, with a `timeout`, as `timeout`. What a step takes in **bold** must be given.\n\n\
                    | step | does | takes | ends with | can be undone |\n|---|---|---|---|---|\n"
        .to_owned();
    for kind in KINDS {
        let takes: Vec<String> = kind
            .takes
            .iter()
            .map(|takes| if takes.needed { format!("**{}**", takes.name) } else { takes.name.to_owned() })
            .collect();
        let outcomes = if kind.outcomes.is_empty() { "what it says".to_owned() } else { kind.outcomes.join(", ") };
        let undone = match kind.changes {
            Some(_) if kind.how == How::Act => "as far as the system goes",
            None => "changes nothing",
            Some(Exact) => "exactly",
            Some(Window) => "for a while",
            Some(Lossy) => "with losses",
            Some(Irreversible) => "not at all",
        };
        // Writing to a string cannot fail.
        writeln!(page, "| `{}` | {} | {} | {outcomes} | {undone} |", kind.name, kind.help, takes.join(", "))
            .unwrap_or_default();
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_each_is_there_once() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]), "{names:#?}");
    }

    #[test]
    fn only_what_a_parameter_says_can_be_a_secret() {
        let secret: Vec<&str> = KINDS
            .iter()
            .filter(|kind| kind.takes.iter().any(|takes| takes.form == Secret))
            .map(|kind| kind.name)
            .collect();
        assert_eq!(secret, ["signin/reset-password"]);
    }
}
