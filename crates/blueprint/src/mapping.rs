//! How the records of a source become what is said of people: `kind: Mapping`.

use std::collections::BTreeMap;

use tenure_model::{IdentityKind, Strength};
use tenure_policy::correlate::likeness::Likeness;
use tenure_policy::correlate::{MatchRule, Matching, OnHit, Part, Scoring};
use tenure_policy::expression::{Expression, Kind, Schema, Subject, reference};
use tenure_policy::mapping::Assignment;
use tenure_policy::{Authorities, Mapping};

use crate::document::Document;
use crate::fields::{Fields, Notes, bad_expression, entries, expression_in, short, word};
use crate::limits::{ASSIGNMENTS_MAX, MATCH_RULES_MAX, POINTS_MAX};
use crate::problem::{Code, Place};
use crate::tree::{Node, Tree};

/// A mapping, and where it names attributes of people and its connection.
#[derive(Debug, Clone)]
pub(crate) struct PlacedMapping {
    pub(crate) mapping: Mapping,
    pub(crate) connection: Place,
    /// Attributes of people, wherever they are set or matched.
    pub(crate) attributes: Vec<(String, Place)>,
}

const KEYS: [&str; 5] = ["from", "to", "key", "match", "set"];

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedMapping> {
    let fields = Fields::of("spec", document.spec, &KEYS, notes)?;
    let from = fields.need("from", notes).and_then(|found| from(found, notes));
    fields.need("to", notes);
    fields.word("to", &["person"], |word| (word == "person").then_some(()), notes);
    fields.need("match", notes);
    let set = fields.need("set", notes);
    // What a record has must be known before anything can be said about it.
    let From { connection, place, object, record } = from?;
    let schema = Schema::default().with(object.clone(), record.clone());
    let mut reading = Reading { schema: &schema, attributes: Vec::new() };
    let key = fields.get("key").map(|found| expression_in("key", found, &schema, notes));
    let matching = reading.matching(&fields, notes);
    let set = reading.set(set?, notes);
    let attributes = reading.attributes;
    let key = match key {
        Some(read) => Some(read?),
        None => None,
    };
    let mapping = Mapping {
        name: document.name.clone(),
        title: document.title.clone(),
        owner: document.owner.clone(),
        connection,
        object,
        record,
        key,
        matching: matching?,
        set: set?,
    };
    Some(PlacedMapping { mapping, connection: place, attributes })
}

struct From {
    connection: tenure_model::ConnectionName,
    place: Place,
    object: String,
    record: Subject,
}

fn from(node: &Node, notes: &mut Notes<'_>) -> Option<From> {
    let fields = Fields::of("from", node, &["connection", "object", "fields"], notes)?;
    let connection = fields.name("connection", notes);
    let object = fields.text("object", notes);
    let plain = |name: &str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        letters && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
    };
    if let (Some(name), Some(node)) = (object.filter(|name| !plain(name)), fields.get("object")) {
        let reason = format!("`{}` cannot be the name of a record in expressions", short(name));
        notes.add(node.place, Code::BadValue, reason, "use letters and digits, such as `worker`");
        return None;
    }
    let record = match fields.get("fields") {
        None => Subject::open(),
        Some(found) => Subject::closed(declared(found, notes)),
    };
    let place = fields.get("connection").map_or(node.place, |found| found.place);
    Some(From { connection: connection?, place, object: object?.to_owned(), record })
}

/// Fields with what they are, such as `endDate: date`.
fn declared(node: &Node, notes: &mut Notes<'_>) -> BTreeMap<String, Kind> {
    let mut known = BTreeMap::new();
    for entry in entries("fields", node, notes).unwrap_or_default() {
        if let Some(kind) = word(&entry.key, &entry.value, &Kind::WORDS, Kind::from_word, notes) {
            known.insert(entry.key.clone(), kind);
        }
    }
    known
}

struct Reading<'s> {
    schema: &'s Schema,
    attributes: Vec<(String, Place)>,
}

impl Reading<'_> {
    fn matching(&mut self, fields: &Fields<'_>, notes: &mut Notes<'_>) -> Option<Matching> {
        let items = fields.list("match", notes);
        let place = fields.get("match").map_or(fields.place, |found| found.place);
        let mut rules = Vec::new();
        for item in items.iter().take(MATCH_RULES_MAX) {
            rules.push(self.rule(item, notes)?);
        }
        if items.len() > MATCH_RULES_MAX {
            let reason = format!("there are {} rules, the limit is {MATCH_RULES_MAX}", items.len());
            notes.add(place, Code::TooLarge, reason, "leave out those that never decide");
        }
        match rules.first() {
            Some(MatchRule::Exact { on_hit: OnHit::Take, .. }) => Some(Matching { rules }),
            Some(MatchRule::Exact { .. } | MatchRule::Scored(_)) => {
                let hint =
                    "begin with the key of the person, such as `{ left: worker.employeeId, right: person.employeeId }`";
                notes.add(place, Code::BadValue, "the first rule of `match` is not a key", hint);
                None
            }
            None => {
                let hint = "write at least `- { left: worker.employeeId, right: person.employeeId }`";
                notes.add(place, Code::BadValue, "`match` has no rules", hint);
                None
            }
        }
    }

    fn rule(&mut self, node: &Node, notes: &mut Notes<'_>) -> Option<MatchRule> {
        let is_scored = matches!(&node.tree, Tree::Map(entries) if entries.iter().any(|entry| entry.key == "score"));
        if is_scored {
            return self.scoring(node, notes).map(MatchRule::Scored);
        }
        let fields = Fields::of("match", node, &["left", "right", "onHit"], notes)?;
        fields.need("left", notes);
        let left = fields.get("left").and_then(|found| expression_in("left", found, self.schema, notes));
        let right = self.attribute(&fields, notes);
        let meant = |word: &str| match word {
            "take" => Some(OnHit::Take),
            "ask" => Some(OnHit::Ask),
            _ => None,
        };
        let on_hit = match fields.get("onHit") {
            None => OnHit::Take,
            Some(_) => fields.word("onHit", &["take", "ask"], meant, notes)?,
        };
        Some(MatchRule::Exact { left: left?, right: right?, on_hit })
    }

    fn scoring(&mut self, node: &Node, notes: &mut Notes<'_>) -> Option<Scoring> {
        let fields = Fields::of("match", node, &["score", "sure", "ask"], notes)?;
        let mut parts = Vec::new();
        for item in fields.list("score", notes).iter().take(MATCH_RULES_MAX) {
            parts.push(self.part(item, notes)?);
        }
        let sure = points("sure", &fields, notes);
        let ask = points("ask", &fields, notes);
        let (sure, ask) = (sure?, ask?);
        let most: i64 = parts.iter().map(|part: &Part| part.weight).sum();
        if !(0 < ask && ask <= sure && sure <= most) {
            let reason = format!("`ask` is {ask}, `sure` is {sure}, and all parts together give {most} points");
            notes.add(node.place, Code::BadValue, reason, "let `ask` be at most `sure`, and `sure` at most all points");
            return None;
        }
        Some(Scoring { parts, sure, ask })
    }

    fn part(&mut self, node: &Node, notes: &mut Notes<'_>) -> Option<Part> {
        let fields = Fields::of("score", node, &["left", "right", "weight", "against", "like"], notes)?;
        fields.need("left", notes);
        let left = fields.get("left").and_then(|found| expression_in("left", found, self.schema, notes));
        let right = self.attribute(&fields, notes);
        let weight = points("weight", &fields, notes);
        let against = if fields.get("against").is_some() { points("against", &fields, notes)? } else { 0 };
        let like = match fields.get("like") {
            None => Likeness::Folded,
            Some(_) => fields.word("like", &Likeness::WORDS, Likeness::from_word, notes)?,
        };
        Some(Part { left: left?, right: right?, weight: weight?, against, like })
    }

    /// `person.employeeId`: the right side of a rule is an attribute and nothing else, so that people
    /// can be looked up by it.
    fn attribute(&mut self, fields: &Fields<'_>, notes: &mut Notes<'_>) -> Option<String> {
        let said = fields.text("right", notes)?;
        let place = fields.get("right").map_or(fields.place, |found| found.place);
        let name = said.trim().strip_prefix("person.").filter(|name| is_attribute(name));
        if let Some(name) = name {
            self.attributes.push((name.to_owned(), place));
        } else {
            let reason = format!("`right` is `{}`, which is no attribute of a person", short(said));
            notes.add(place, Code::BadValue, reason, "name one, such as `person.employeeId`");
        }
        name.map(ToOwned::to_owned)
    }

    fn set(&mut self, node: &Node, notes: &mut Notes<'_>) -> Option<BTreeMap<String, Assignment>> {
        let items = entries("set", node, notes)?;
        if items.len() > ASSIGNMENTS_MAX {
            let reason = format!("`set` has {} attributes, the limit is {ASSIGNMENTS_MAX}", items.len());
            notes.add(node.place, Code::TooLarge, reason, "leave out what nobody needs to know");
        }
        let mut set = BTreeMap::new();
        for entry in items {
            if !is_attribute(&entry.key) {
                let reason = format!("`{}` cannot be the name of an attribute", short(&entry.key));
                notes.add(entry.place, Code::BadValue, reason, "use letters and digits, such as `givenName`");
                continue;
            }
            self.attributes.push((entry.key.clone(), entry.place));
            if let Some(assignment) = self.assignment(&entry.key, &entry.value, notes) {
                set.insert(entry.key.clone(), assignment);
            }
        }
        Some(set)
    }

    fn assignment(&mut self, key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<Assignment> {
        let Tree::Map(_) = &node.tree else {
            let (value, refers_by) = self.value(key, node, notes)?;
            return Some(Assignment { value, refers_by, strength: Strength::Authority, kind: Kind::Any });
        };
        let fields = Fields::of(key, node, &["value", "strength"], notes)?;
        let value = fields.need("value", notes).and_then(|found| self.value(key, found, notes));
        let words = Strength::ALL.map(Strength::word);
        let strength = match fields.get("strength") {
            None => Strength::Authority,
            Some(_) => fields.word("strength", &words, Strength::from_word, notes)?,
        };
        let (value, refers_by) = value?;
        Some(Assignment { value, refers_by, strength, kind: Kind::Any })
    }

    fn value(&mut self, key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<(Expression, Option<String>)> {
        if let Tree::Text(source) = &node.tree {
            match reference(source) {
                Ok(Some(to)) => {
                    let read = Expression::parse_in(&to.key, self.schema);
                    let read = read.map_err(|bad| bad_expression(key, node, &bad, notes)).ok()?;
                    self.attributes.push((to.by.clone(), node.place));
                    return Some((read, Some(to.by)));
                }
                Ok(None) => {}
                Err(bad) => {
                    bad_expression(key, node, &bad, notes);
                    return None;
                }
            }
        }
        Some((expression_in(key, node, self.schema, notes)?, None))
    }
}

fn points(key: &str, fields: &Fields<'_>, notes: &mut Notes<'_>) -> Option<i64> {
    let node = fields.need(key, notes)?;
    match &node.tree {
        Tree::Number(number) if (1..=POINTS_MAX).contains(number) => Some(*number),
        Tree::Null
        | Tree::Flag(_)
        | Tree::Number(_)
        | Tree::Fraction(_)
        | Tree::Text(_)
        | Tree::List(_)
        | Tree::Map(_) => {
            let reason = format!("`{key}` is not a number of points");
            notes.add(node.place, Code::BadValue, reason, format!("write a whole number from 1 to {POINTS_MAX}"));
            None
        }
    }
}

/// Letters, digits and underscores, so that expressions can name it.
pub(crate) fn is_attribute(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && name.len() <= 63
}

/// Holds the attributes that a mapping sets against what the authorities say they are. A mapping
/// serves people of every kind, so one document that knows the attribute is enough.
pub(crate) fn check(placed: &mut PlacedMapping, authorities: &Authorities, notes: &mut Notes<'_>) {
    let documents: Vec<_> = IdentityKind::ALL.into_iter().filter_map(|kind| authorities.of_kind(kind)).collect();
    let covers_all = IdentityKind::ALL.into_iter().all(|kind| authorities.of_kind(kind).is_some());
    let refuses = |document: &&tenure_policy::Authority| document.others == tenure_policy::authority::Others::Refuse;
    if covers_all && documents.iter().all(refuses) {
        let known = || documents.iter().flat_map(|document| document.attributes.keys()).map(String::as_str);
        for (name, place) in &placed.attributes {
            if !known().any(|one| one == name) {
                let hint = match tenure_policy::expression::words::nearest(name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "list it in a document of kind Authority".to_owned(),
                };
                notes.add(*place, Code::NamesNothing, format!("people have no attribute `{name}`"), hint);
            }
        }
    }
    for (name, assignment) in &mut placed.mapping.set {
        let kind = documents.iter().find_map(|document| document.attributes.get(name)?.kind.clone());
        let Some(kind) = kind else { continue };
        if !assignment.value.kind().fits(&kind) {
            let place =
                placed.attributes.iter().find(|(known, _)| known == name).map_or(placed.connection, |(_, at)| *at);
            let reason = format!("`{name}` is {kind}, and its value is {}", assignment.value.kind());
            notes.add(place, Code::BadExpression, reason, "turn it into one with `int(…)` or `string(…)`");
        }
        assignment.kind = kind;
    }
}
