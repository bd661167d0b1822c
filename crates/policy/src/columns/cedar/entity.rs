//! A person as Cedar sees them, for one question.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};
use jiff::{Timestamp, ToSpan as _};
use tenure_model::Value;

use super::super::people::too_large;
use super::super::terms::EntitlementName;
use super::schema::{Kind, STARTS_IN, attribute, day_of, number_of};
use super::{NoDecision, OfEntitlement};
use crate::expression::{Facts, Verdict};
use crate::plan::{Moment, PersonFacts, Presence};

/// The question whether this person has this entitlement by a rule.
pub(super) fn question(
    facts: &PersonFacts,
    of: &OfEntitlement,
    kinds: &BTreeMap<String, Kind>,
    entitlement: &EntitlementName,
    now: Timestamp,
) -> Result<(Request, Entities), NoDecision> {
    let asked = |error: &dyn std::fmt::Display| NoDecision::Asked(error.to_string());
    let moment = Moment::plain(facts, now);
    let view = moment.view();
    let known = known(&view, of);
    let large: BTreeSet<&String> =
        of.reads.iter().filter(|path| known.get(path.as_str()).is_some_and(too_large)).collect();
    let mut attributes: HashMap<String, RestrictedExpression> = HashMap::new();
    for path in &of.attributes {
        let Some(value) = known.get(path.as_str()).filter(|value| !too_large(value)) else { continue };
        let value = kinds.get(path).and_then(|kind| encoded(value, *kind));
        let value = value.ok_or_else(|| NoDecision::Kind { path: path.clone() })?;
        attributes.insert(attribute(path).to_owned(), value);
    }
    if let Some(days) = starts_in(&moment, now) {
        attributes.insert(STARTS_IN.to_owned(), RestrictedExpression::new_long(days));
    }
    let principal = uid("Person", &facts.person.id.to_string())?;
    let person = Entity::new(principal.clone(), attributes, HashSet::new()).map_err(|error| asked(&error))?;
    let entities = Entities::from_entities([person], None).map_err(|error| asked(&error))?;
    let (holds, fails) = beforehand(of, &view);
    let texts = |words: Vec<&String>| {
        RestrictedExpression::new_set(words.into_iter().map(|words| RestrictedExpression::new_string(words.clone())))
    };
    let context = Context::from_pairs([
        ("today".to_owned(), RestrictedExpression::new_long(number_of(view.today()))),
        ("holds".to_owned(), texts(holds)),
        ("fails".to_owned(), texts(fails)),
        ("tooLarge".to_owned(), texts(large.into_iter().collect())),
    ])
    .map_err(|error| asked(&error))?;
    let (action, resource) = (uid("Action", "hold")?, uid("Entitlement", &entitlement.to_string())?);
    let request = Request::new(principal, action, resource, context, None).map_err(|error| asked(&error))?;
    Ok((request, entities))
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, NoDecision> {
    let kind: EntityTypeName = kind.parse().map_err(|error| NoDecision::Asked(format!("{error}")))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
}

/// What is known of this person, of what the rules read.
fn known<'v>(view: &Facts<'v>, of: &'v OfEntitlement) -> BTreeMap<&'v str, Value> {
    let mut known = BTreeMap::new();
    for path in of.reads.iter().chain(&of.attributes) {
        let said = path.strip_prefix("person.").and_then(|name| view.person.attributes.get(name));
        if let Some(value) = said.filter(|value| **value != Value::Cleared) {
            known.insert(path.as_str(), value.clone());
        }
    }
    known.extend(view.own().into_iter().map(|(path, words)| (path, Value::Text(words.into_owned()))));
    known
}

fn encoded(value: &Value, kind: Kind) -> Option<RestrictedExpression> {
    let text = |words: &String| RestrictedExpression::new_string(words.clone());
    match (value, kind) {
        (Value::Text(words), Kind::Text) => Some(text(words)),
        (Value::Text(words), Kind::Day) => day_of(words).map(RestrictedExpression::new_long),
        (Value::Date(day), Kind::Day) => day_of(&day.to_string()).map(RestrictedExpression::new_long),
        (Value::Number(number), Kind::Number) => Some(RestrictedExpression::new_long(*number)),
        (Value::Flag(flag), Kind::Flag) => Some(RestrictedExpression::new_bool(*flag)),
        (Value::List(items), Kind::Texts) => {
            let items = items.iter().map(|item| match item {
                Value::Text(words) => Some(text(words)),
                _ => None,
            });
            Some(RestrictedExpression::new_set(items.collect::<Option<Vec<_>>>()?))
        }
        _ => None,
    }
}

/// By how many days birthrights must lead to have begun; none if none has, whatever its lead.
fn starts_in(moment: &Moment<'_>, now: Timestamp) -> Option<i64> {
    match (moment.presence, moment.engagement) {
        (Presence::Here, _) => Some(0),
        (Presence::Coming, Some(engagement)) => {
            let begun = |days: i64| engagement.zone.start_of(engagement.first_day.saturating_sub(days.days())) <= now;
            let today = now.to_zoned(engagement.zone.rules()).date();
            // Where a zone left out a day, the days are not what the calendar says.
            let about = number_of(engagement.first_day) - number_of(today);
            (about - 2..=about + 2).map(|days| days.max(0)).find(|days| begun(*days))
        }
        (Presence::Coming, None) | (Presence::Over | Presence::Unheard, _) => None,
    }
}

/// What is answered before Cedar is asked: what holds, and what does not.
fn beforehand<'o>(of: &'o OfEntitlement, view: &Facts<'_>) -> (Vec<&'o String>, Vec<&'o String>) {
    let (mut holds, mut fails) = (Vec::new(), Vec::new());
    for (words, atom) in &of.asked {
        match atom.expression.verdict(view) {
            Verdict::Holds => holds.push(words),
            Verdict::Fails => fails.push(words),
            Verdict::NotKnown { .. } | Verdict::Broken { .. } => {}
        }
    }
    (holds, fails)
}
