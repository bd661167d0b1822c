//! Those who do something together: `kind: Team`.

use std::collections::BTreeSet;

use serde::Serialize;
use tenure_model::task::ASSIGNEE_CHARS_MAX;
use tenure_model::{ConnectionName, Name};

use crate::document::Document;
use crate::fields::{Fields, Notes, name_of, text};
use crate::limits::MEMBERS_MAX;
use crate::problem::{Code, Place};
use crate::shape;

/// A team: whoever is of it sees and does what the team is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// The names under which its members act, or the ids of the people.
    pub members: BTreeSet<String>,
    /// The connection in which its work is a ticket too.
    pub tickets: Option<ConnectionName>,
}

/// A team, with the place where it says where its tickets are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlacedTeam {
    pub(crate) team: Team,
    pub(crate) tickets: Place,
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedTeam> {
    let fields = Fields::declared("spec", document.spec, shape::TEAM, notes)?;
    let items = fields.list("members", notes);
    if items.len() > MEMBERS_MAX {
        let reason = format!("the team has {} members, the limit is {MEMBERS_MAX}", items.len());
        notes.add(document.place, Code::TooLarge, reason, "split it into several teams");
    }
    let mut members = BTreeSet::new();
    for item in items {
        let Some(member) = text("members", item, notes) else { continue };
        if member.trim().is_empty() || member.chars().count() > ASSIGNEE_CHARS_MAX {
            let reason = format!("a name in `members` has not between 1 and {ASSIGNEE_CHARS_MAX} characters");
            notes.add(item.place, Code::BadValue, reason, "write the name under which somebody acts");
        } else if !members.insert(member.to_owned()) {
            notes.add(item.place, Code::Duplicate, "somebody is named twice in `members`", "name everybody once");
        }
    }
    let tickets = fields.get("tickets");
    let place = tickets.map_or(document.place, |node| node.place);
    let tickets = tickets.and_then(|node| name_of("tickets", node, notes));
    let team = Team { name: document.name.clone(), title: document.title.clone(), members, tickets };
    Some(PlacedTeam { team, tickets: place })
}
