//! What a pack can do and what it cannot, line by line, before anybody connects by it.

use serde::Serialize;
use tenure_connect::{ActionRule, Artifact, ChangeFeed, Description, ObjectClass, Reach, Reversibility, Verb};
use tenure_services::rest::Pack;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about.
    pub what: String,
    /// Whether it can.
    pub can: &'static str,
    /// How far, or why not.
    pub note: String,
}

/// Every line of a pack.
pub fn of(pack: &Pack) -> Vec<Fact> {
    let description = pack.describe();
    let mut facts = vec![reading(pack)];
    facts.extend(finding(&description));
    facts.push(telling(&description));
    facts.extend(Verb::ALL.iter().filter_map(|verb| writing(&description, *verb)));
    facts.extend(Artifact::ALL.iter().map(|kind| ending(&description, *kind)));
    facts.extend(description.actions.iter().map(|(name, rule)| acting(name, rule)));
    facts.push(asking(pack));
    facts
}

/// Whether what humans are asked to do can be a ticket there.
fn asking(pack: &Pack) -> Fact {
    let (can, note) = match pack.tickets() {
        Some(native) => ("yes", format!("each is called `{native}`; opened once, followed until it ends")),
        None => ("no", "not described".to_owned()),
    };
    Fact { what: "keep tickets".to_owned(), can, note }
}

fn reading(pack: &Pack) -> Fact {
    let (pages, counts) = pack.listing();
    let pages = pages.map_or_else(|| "all at once".to_owned(), |size| format!("in pages of {size} at most"));
    let counts = if counts { "the service says how many there are" } else { "nobody says how many there are" };
    Fact { what: "list accounts".to_owned(), can: "yes", note: format!("{pages}; {counts}") }
}

/// How those are found who are looked for by what is theirs alone.
fn finding(description: &Description) -> Vec<Fact> {
    let Some(class) = description.class(ObjectClass::Account) else { return Vec::new() };
    let unique = class.attributes.iter().filter(|rule| rule.unique && rule.name != class.id_attribute);
    let one = |rule: &tenure_connect::AttributeRule| {
        let note = if rule.filterable { "the service is asked" } else { "the whole list is read for each look" };
        Fact { what: format!("find by `{}`", rule.name), can: "yes", note: note.to_owned() }
    };
    unique.map(one).collect()
}

fn telling(description: &Description) -> Fact {
    let (can, note) = match description.feed(ObjectClass::Account) {
        ChangeFeed::Precise => ("yes", "who vanished too"),
        ChangeFeed::Imprecise => ("yes", "not who vanished"),
        ChangeFeed::None => ("no", "everybody is read again"),
    };
    Fact { what: "tell what changed".to_owned(), can, note: note.to_owned() }
}

/// Moving is not for packs, amending follows from setting, and what is ended has lines of its own.
fn writing(description: &Description, verb: Verb) -> Option<Fact> {
    let (can, note) = match description.verbs.get(&verb) {
        _ if verb == Verb::End => return None,
        Some(undo) => ("yes", format!("taken back: {}", taken_back(*undo))),
        None if matches!(verb, Verb::Move | Verb::Amend) => return None,
        None => ("no", "not described".to_owned()),
    };
    Some(Fact { what: verb.to_string(), can, note })
}

fn ending(description: &Description, kind: Artifact) -> Fact {
    let how = description.surface.get(&kind);
    let note = how.and_then(Reach::why).unwrap_or_default().to_owned();
    Fact { what: format!("end {kind}"), can: reached(how), note }
}

fn acting(name: &str, rule: &ActionRule) -> Fact {
    let seen = rule.unseen.as_ref().map_or_else(String::new, |why| format!("; not seen: {why}"));
    let (what, can) = (name.to_owned(), if rule.unseen.is_some() { "unseen" } else { "yes" });
    Fact { what, can, note: format!("{}; taken back: {}{seen}", rule.about, taken_back(rule.undo)) }
}

/// How far a kind of artifact is reached, in a word or two.
pub(crate) fn reached(reach: Option<&Reach>) -> &'static str {
    match reach {
        Some(Reach::Whole) => "yes",
        Some(Reach::Unseen { .. }) => "unseen",
        Some(Reach::ListOnly { .. }) => "listed",
        Some(Reach::NotThere) => "none there",
        Some(Reach::Out { .. }) | None => "no",
    }
}

/// How far a write can be taken back.
pub(crate) fn taken_back(how: Reversibility) -> &'static str {
    match how {
        Reversibility::Exact => "wholly (R0)",
        Reversibility::Window => "wholly, for some time (R1)",
        Reversibility::Lossy => "with something lost (R2)",
        Reversibility::Irreversible => "no (R3)",
    }
}
