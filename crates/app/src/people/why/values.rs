//! Where a value came from: the last event that spoke of it, and what accounts were read to have.

use tenure_model::{Event, Value};

use super::{Because, Link, Told};

/// The answer for an attribute of the person, named `person.mail` or `mail`; nothing if they have
/// none of this name.
pub(super) fn answer(told: &Told<'_>, wanted: &str) -> Option<Because> {
    let name = wanted.strip_prefix("person.").unwrap_or(wanted);
    let value = told.facts.person.attributes.get(name)?;
    let mut chain = Vec::new();
    if let Some((event, said)) = told.seen.events.iter().find_map(|event| Some((event, said(event, name)?))) {
        let says = format!("{} told us: {name} is {said}", event.connection);
        chain.push(Link::new("event", event.id, says, Some(event.received_at)));
    } else {
        chain.push(Link::new("event", "", "no event that is still known spoke of it", None));
    }
    chain.push(Link::new("value", format!("person.{name}"), format!("it is {value}"), None));
    for (id, seen) in &told.seen.accounts {
        for (attribute, read) in seen.attributes.iter().filter(|(_, read)| *read == value) {
            let says = format!("account {} at {} was read to have {attribute} {read}", seen.name, seen.connection);
            chain.push(Link::new("read-back", id, says, Some(seen.seen_at)));
        }
    }
    Some(Because { access: format!("person.{name}"), state: value.to_string(), chain, since: None })
}

fn said<'e>(event: &'e Event, name: &str) -> Option<&'e Value> {
    event.kind.attributes()?.get(name)
}
