//! A named condition: `kind: Group`.

use tenure_policy::{Expression, Group};

use crate::document::Document;
use crate::fields::{Fields, Notes};
use crate::problem::{Code, Place};
use crate::shape;

/// A group, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct PlacedGroup {
    pub(crate) group: Group,
    pub(crate) place: Place,
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedGroup> {
    let fields = Fields::declared("spec", document.spec, shape::GROUP, notes)?;
    let owner = document.need_owner(notes);
    let when = fields.expression("when", notes);
    let except = match fields.get("except") {
        Some(_) => Some(fields.expression("except", notes)?),
        None => None,
    };
    for (key, condition) in [("when", &when), ("except", &except)] {
        let asks_all =
            |condition: &Expression| condition.groups().is_empty() && condition.paths().contains("person.groups");
        if let (Some(node), Some(true)) = (fields.get(key), condition.as_ref().map(asks_all)) {
            let hint = "write `inGroup(\"name\")`, which says whom it asks for";
            notes.add(node.place, Code::BadValue, "a group cannot ask for all groups of a person", hint);
        }
    }
    let (name, title) = (document.name.clone(), document.title.clone());
    Some(PlacedGroup { group: Group { name, title, owner: owner?, when: when?, except }, place: document.place })
}
