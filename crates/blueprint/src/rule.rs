//! What may be held together, by how many, and after what: `kind: Rule`.

use tenure_policy::{Effect, ExceptionTerms, Holding, Rule, Says};

use crate::document::Document;
use crate::fields::{Fields, Notes, days, text, whole};
use crate::limits::{DAYS_MAX, HOLDERS_MAX};
use crate::problem::{Code, Place};
use crate::shape;
use crate::tree::Node;

/// A rule, and where it names what can be held.
#[derive(Debug, Clone)]
pub(crate) struct PlacedRule {
    pub(crate) rule: Rule,
    pub(crate) place: Place,
    pub(crate) names: Vec<(Holding, Place)>,
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedRule> {
    let fields = Fields::declared("spec", document.spec, shape::RULE, notes)?;
    let owner = document.need_owner(notes);
    let mut names = Vec::new();
    let says = says(&fields, &mut names, notes);
    let effect = Effect::ALL.map(Effect::word);
    let effect =
        fields.get("effect").map_or(Some(Effect::Hold), |_| fields.word("effect", &effect, Effect::from_word, notes));
    let exception = match fields.get("exception") {
        Some(node) => Some(exception(node, notes)?),
        None => None,
    };
    let because = fields.text("because", notes).map(ToOwned::to_owned);
    if let (Some(node), Some(effect @ (Effect::Block | Effect::Warn))) = (fields.get("exception"), effect) {
        let reason = format!("an exception makes no sense where the effect is `{}`", effect.word());
        notes.add(node.place, Code::BadValue, reason, "write `effect: hold`, or leave out `exception`");
    }
    let rule = Rule {
        name: document.name.clone(),
        title: document.title.clone(),
        owner: owner?,
        says: says?,
        effect: effect?,
        exception,
        because: because?,
    };
    Some(PlacedRule { rule, place: document.place, names })
}

type Names = Vec<(Holding, Place)>;

fn says(fields: &Fields<'_>, names: &mut Names, notes: &mut Notes<'_>) -> Option<Says> {
    let types = ["conflict", "limit", "prerequisite"];
    let kind = fields.word("type", &types, |word| types.into_iter().find(|known| *known == word), notes)?;
    let (own, needed): (&[&str], &[&str]) = match kind {
        "conflict" => (&["never"], &["never"]),
        "limit" => (&["of", "holders"], &["of", "holders"]),
        _ => (&["of", "needs"], &["of", "needs"]),
    };
    for key in ["never", "of", "holders", "needs"] {
        if let Some(stray) = fields.get(key).filter(|_| !own.contains(&key)) {
            let reason = format!("a rule of type `{kind}` has no `{key}`");
            notes.add(stray.place, Code::UnknownKey, reason, format!("it has {}", own.join(" and ")));
        }
    }
    let missing = needed.iter().filter(|key| fields.need(key, notes).is_none()).count();
    if missing > 0 {
        return None;
    }
    match kind {
        "conflict" => {
            let never = holdings("never", fields, names, notes)?;
            if never.len() < 2 {
                let place = fields.get("never").map_or(fields.place, |node| node.place);
                notes.add(place, Code::BadValue, "`never` names fewer than two things", "name at least two, once each");
                return None;
            }
            Some(Says::Conflict { never })
        }
        "limit" => {
            let of = holding("of", fields.get("of")?, names, notes);
            let holders_max = whole("holders", fields.get("holders")?, HOLDERS_MAX, "people", notes);
            Some(Says::Limit { of: of?, holders_max: holders_max? })
        }
        _ => {
            let of = holding("of", fields.get("of")?, names, notes);
            let needs = holdings("needs", fields, names, notes)?;
            let of = of?;
            if needs.is_empty() || needs.contains(&of) {
                let place = fields.get("needs").map_or(fields.place, |node| node.place);
                let reason = "`needs` names nothing, or what the rule is about";
                notes.add(place, Code::BadValue, reason, "name what has to be held besides");
                return None;
            }
            Some(Says::Prerequisite { of, needs })
        }
    }
}

/// The things of a list, each once.
fn holdings(key: &str, fields: &Fields<'_>, names: &mut Names, notes: &mut Notes<'_>) -> Option<Vec<Holding>> {
    let items = fields.list(key, notes);
    let read: Vec<Option<Holding>> = items.iter().map(|item| holding(key, item, names, notes)).collect();
    let mut all: Vec<Holding> = read.into_iter().collect::<Option<_>>()?;
    all.sort();
    all.dedup();
    Some(all)
}

fn holding(key: &str, node: &Node, names: &mut Names, notes: &mut Notes<'_>) -> Option<Holding> {
    match text(key, node, notes)?.parse::<Holding>() {
        Ok(holding) => {
            names.push((holding.clone(), node.place));
            Some(holding)
        }
        Err(error) => {
            let said = error.to_string();
            let (reason, hint) = said.split_once("; ").unwrap_or((&said, "write `role/NAME`"));
            notes.add(node.place, Code::BadValue, reason, hint);
            None
        }
    }
}

fn exception(node: &Node, notes: &mut Notes<'_>) -> Option<ExceptionTerms> {
    let fields = Fields::declared("exception", node, shape::EXCEPTION, notes)?;
    let approval = fields.get("approval").and_then(|found| text("approval", found, notes)).map(ToOwned::to_owned);
    let days_max = fields.get("maxTime").and_then(|found| days("maxTime", found, DAYS_MAX, notes));
    Some(ExceptionTerms { approval: approval?, days_max: days_max? })
}
