//! Those who do something together: `kind: Team`.

use std::collections::BTreeSet;

use serde::Serialize;
use tenure_model::Name;
use tenure_model::task::ASSIGNEE_CHARS_MAX;

use crate::document::Document;
use crate::fields::{Fields, Notes, text};
use crate::limits::MEMBERS_MAX;
use crate::problem::Code;
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
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<Team> {
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
    Some(Team { name: document.name.clone(), title: document.title.clone(), members })
}
