//! Documents about what people are, held against each other: mappings, authorities, and the sources
//! that they name.

use std::collections::BTreeMap;

use tenure_model::{IdentityKind, Name};
use tenure_policy::expression::words::nearest;
use tenure_policy::{Authorities, Mapping};

use crate::authority::{self, PlacedAuthority};
use crate::connection::{Connection, Direction};
use crate::document::Document;
use crate::fields::Notes;
use crate::mapping::{self, PlacedMapping};
use crate::problem::{Code, Place, Problem};

/// Documents that were read, each with the file where it stands.
#[derive(Default)]
pub(crate) struct People {
    authorities: Vec<(String, PlacedAuthority)>,
    mappings: Vec<(String, PlacedMapping)>,
}

/// What these documents may name.
pub(crate) struct Known<'a> {
    pub(crate) connections: &'a BTreeMap<Name, Connection>,
    /// Whether there is a connection of this name, be it wrong otherwise.
    pub(crate) is_there: &'a dyn Fn(&Name) -> bool,
}

impl People {
    pub(crate) fn authority(&mut self, file: &str, document: &Document<'_>, notes: &mut Notes<'_>) {
        self.authorities.extend(authority::read(document, notes).map(|placed| (file.to_owned(), placed)));
    }

    pub(crate) fn mapping(&mut self, file: &str, document: &Document<'_>, notes: &mut Notes<'_>) {
        self.mappings.extend(mapping::read(document, notes).map(|placed| (file.to_owned(), placed)));
    }

    /// Everything in force, and what does not fit together.
    pub(crate) fn finish(
        self,
        known: &Known<'_>,
        problems: &mut Vec<Problem>,
    ) -> (Authorities, BTreeMap<Name, Mapping>) {
        let mut covered: BTreeMap<IdentityKind, Name> = BTreeMap::new();
        for (file, placed) in &self.authorities {
            let mut notes = Notes { file, problems };
            placed.named.iter().for_each(|(name, place)| source(known, name, *place, &mut notes));
            for kind in &placed.authority.kinds {
                if let Some(other) = covered.insert(*kind, placed.authority.name.clone()) {
                    let reason = format!("`{other}` speaks of the kind `{}` already", kind.word());
                    notes.add(placed.place, Code::Duplicate, reason, "say in `for` which kinds each is for");
                }
            }
        }
        let authorities = Authorities::of(self.authorities.into_iter().map(|(_, placed)| placed.authority));
        let mut taken: BTreeMap<Name, Name> = BTreeMap::new();
        let mut mappings = BTreeMap::new();
        for (file, mut placed) in self.mappings {
            let mut notes = Notes { file: &file, problems };
            source(known, &placed.mapping.connection, placed.connection, &mut notes);
            mapping::check(&mut placed, &authorities, &mut notes);
            let mapping = placed.mapping;
            if let Some(other) = taken.insert(mapping.connection.clone(), mapping.name.clone()) {
                let reason = format!("`{other}` maps the records of connection `{}` already", mapping.connection);
                notes.add(placed.connection, Code::Duplicate, reason, "let one mapping speak of a source");
            }
            mappings.insert(mapping.name.clone(), mapping);
        }
        (authorities, mappings)
    }
}

/// A connection that is named as a source must be there and be one.
fn source(known: &Known<'_>, name: &Name, place: Place, notes: &mut Notes<'_>) {
    match known.connections.get(name) {
        Some(connection) if connection.direction != Direction::Target => {}
        Some(_) => {
            let reason = format!("connection `{name}` is a target, and no facts come from it");
            notes.add(place, Code::NamesNothing, reason, "write `direction: both` there, or name a source");
        }
        // A connection that is there but wrong was noted where it stands.
        None if (known.is_there)(name) => {}
        None => {
            let hint = match nearest(name.as_str(), known.connections.keys().map(Name::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add a document of kind Connection with this name".to_owned(),
            };
            notes.add(place, Code::NamesNothing, format!("there is no connection `{name}`"), hint);
        }
    }
}
