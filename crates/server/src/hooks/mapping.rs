//! From the body of somebody else's webhook to an event of ours, by places in the body.
//!
//! It finds and copies; it works nothing out. A text that begins with `/` is a place (a JSON
//! pointer), anything else stands for itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tenure_api::problem::quoted;
use tenure_api::wire::event::TAKES;
use tenure_api::{Code, EventIn, FieldError, Problem};
use tenure_model::CustomEvent;

use super::Mapped;

/// What a body means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mapping {
    /// What the source calls the event; the id of the webhook if none.
    #[serde(default)]
    id: Option<String>,
    /// What happened.
    #[serde(rename = "type")]
    kind_of_event: Kinds,
    /// Where the person is named, by the key of the connection.
    person: String,
    /// Further attributes by their places.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// The other members of an event.
    #[serde(default)]
    first_day: Option<Json>,
    #[serde(default)]
    last_day: Option<Json>,
    #[serde(default)]
    urgent: Option<Json>,
    #[serde(default)]
    kind: Option<Json>,
    #[serde(default)]
    zone: Option<Json>,
    #[serde(default)]
    from: Option<Json>,
    #[serde(default)]
    until: Option<Json>,
    #[serde(default)]
    keep_until: Option<Json>,
    #[serde(default)]
    new_key: Option<Json>,
    #[serde(default)]
    as_of: Option<Json>,
    #[serde(default)]
    sequence: Option<Json>,
    #[serde(default)]
    engagement: Option<Json>,
}

/// Where it says what happened, and what its words mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kinds {
    from: String,
    words: BTreeMap<String, String>,
    #[serde(default)]
    ignore: Vec<String>,
}

/// Why a mapping makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMapping {
    /// A place that is none.
    #[error(
        "`event.{member}` is `{text}`, which is no place in a body; a place begins with `/`, such as `/data/employee/id`"
    )]
    Place {
        /// Which member.
        member: String,
        /// What stands there.
        text: String,
    },
    /// A type of event that there is not.
    #[error(
        "`event.type.words` maps to `{0}`, which is no type of event; there are employment.started, .stated, .ended, .rescinded and .converted, leave.started and .ended, person.changed and .transferred, risk.raised and .cleared, or one of your own such as `custom.badge-lost`"
    )]
    Kind(String),
}

impl Mapping {
    /// Whether it can ever give an event.
    pub(super) fn check(&self) -> Result<(), BadMapping> {
        let own = [
            ("id", self.id.as_deref()),
            ("type.from", Some(&*self.kind_of_event.from)),
            ("person", Some(&*self.person)),
        ];
        let own = own.into_iter().filter_map(|(member, place)| Some((member.to_owned(), place?)));
        let attributes = self.attributes.iter().map(|(name, place)| (format!("attributes.{name}"), place.as_str()));
        for (member, place) in own.chain(attributes) {
            if !place.starts_with('/') {
                return Err(BadMapping::Place { member, text: place.chars().take(64).collect() });
            }
        }
        let known = |word: &&String| word.parse::<CustomEvent>().is_ok() || TAKES.iter().any(|(kind, _)| kind == word);
        match self.kind_of_event.words.values().find(|word| !known(word)) {
            Some(word) => Err(BadMapping::Kind(word.clone())),
            None => Ok(()),
        }
    }

    /// The event that this body tells of. What its type does not take is left where it is.
    pub(super) fn event(&self, id: &str, person_key: &str, body: &Json) -> Result<Mapped, Box<Problem>> {
        let said = text("/type", &self.kind_of_event.from, body)?;
        if self.kind_of_event.ignore.contains(&said) {
            return Ok(Mapped::Ignored);
        }
        let kind = self.kind_of_event.words.get(&said).ok_or_else(|| {
            let known: Vec<&str> = self.kind_of_event.words.keys().map(String::as_str).collect();
            let reason = format!("{} has no meaning here; there are {}", quoted(&said), known.join(", "));
            Box::new(
                Problem::new(Code::UnknownKind).errors(vec![FieldError::new(self.kind_of_event.from.clone(), reason)]),
            )
        })?;
        let id = match &self.id {
            Some(place) => text("/id", place, body)?,
            None => id.to_owned(),
        };
        let mut person = Map::new();
        person.insert(person_key.to_owned(), body.pointer(&self.person).cloned().unwrap_or_default());
        // The others take only the key of the person.
        let is_own = kind.parse::<CustomEvent>().is_ok();
        if is_own
            || ["employment.started", "employment.stated", "person.changed", "person.transferred"]
                .contains(&kind.as_str())
        {
            for (name, place) in &self.attributes {
                if let Some(value) = body.pointer(place) {
                    person.insert(name.clone(), value.clone());
                }
            }
        }
        let mut event = Map::new();
        event.insert("id".to_owned(), id.into());
        event.insert("type".to_owned(), kind.clone().into());
        event.insert("person".to_owned(), person.into());
        let takes = TAKES.iter().filter(|(word, _)| word == kind).flat_map(|(_, names)| names.iter());
        for name in takes.chain(&["asOf", "sequence", "engagement"]) {
            if let Some(value) = self.member(name).and_then(|rule| found(rule, body)) {
                event.insert((*name).to_owned(), value);
            }
        }
        let event: EventIn = serde_json::from_value(event.into()).map_err(|error| {
            let reason = format!("what the mapping finds: {error}");
            Box::new(Problem::new(Code::BadBody).errors(vec![FieldError::new("", reason)]))
        })?;
        Ok(Mapped::Event(Box::new(event)))
    }

    fn member(&self, name: &str) -> Option<&Json> {
        match name {
            "firstDay" => self.first_day.as_ref(),
            "lastDay" => self.last_day.as_ref(),
            "urgent" => self.urgent.as_ref(),
            "kind" => self.kind.as_ref(),
            "zone" => self.zone.as_ref(),
            "from" => self.from.as_ref(),
            "until" => self.until.as_ref(),
            "keepUntil" => self.keep_until.as_ref(),
            "newKey" => self.new_key.as_ref(),
            "asOf" => self.as_of.as_ref(),
            "sequence" => self.sequence.as_ref(),
            "engagement" => self.engagement.as_ref(),
            _ => None,
        }
    }
}

/// A text or a number at a place that must hold one.
fn text(member: &str, place: &str, body: &Json) -> Result<String, Box<Problem>> {
    match body.pointer(place) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Number(number)) => Ok(number.to_string()),
        Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => {
            let reason = format!("there is no text here, and the mapping wants one for `{member}`");
            Err(Box::new(Problem::new(Code::BadBody).errors(vec![FieldError::new(place, reason)])))
        }
    }
}

/// What stands at a place, or what stands for itself. What is null there is not there.
fn found(rule: &Json, body: &Json) -> Option<Json> {
    match rule {
        Json::String(place) if place.starts_with('/') => body.pointer(place).filter(|value| !value.is_null()).cloned(),
        constant => Some(constant.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping() -> Mapping {
        serde_json::from_value(json!({
            "type": { "from": "/event", "words": { "hired": "employment.started", "left": "employment.ended" }, "ignore": ["ping"] },
            "person": "/data/worker/number",
            "attributes": { "givenName": "/data/worker/first" },
            "firstDay": "/data/on", "lastDay": "/data/on", "urgent": "/data/now", "zone": "Europe/Berlin"
        }))
        .unwrap()
    }

    fn event(body: Json) -> Json {
        match mapping().event("msg_1", "employeeId", &body) {
            Ok(Mapped::Event(event)) => serde_json::to_value(event).unwrap(),
            Ok(Mapped::Ignored) => json!("ignored"),
            Err(problem) => serde_json::to_value(problem.errors).unwrap(),
        }
    }

    #[test]
    fn each_type_of_event_gets_what_it_takes_and_nothing_else() {
        let worker = json!({ "number": 42, "first": "Ada", "more": { "deep": [1] } });
        let hired = event(json!({ "event": "hired", "data": { "worker": worker, "on": "2026-12-01", "now": true } }));
        assert_eq!(
            hired,
            json!({ "id": "msg_1", "type": "employment.started", "person": { "employeeId": 42, "givenName": "Ada" },
                "firstDay": "2026-12-01", "zone": "Europe/Berlin" })
        );
        let left = event(json!({ "event": "left", "data": { "worker": worker, "on": "2026-12-01", "now": null } }));
        assert_eq!(
            left,
            json!({ "id": "msg_1", "type": "employment.ended", "person": { "employeeId": 42 }, "lastDay": "2026-12-01" })
        );
        assert_eq!(event(json!({ "event": "ping" })), "ignored");
    }

    #[test]
    fn what_the_mapping_does_not_find_is_named_by_its_place() {
        assert_eq!(event(json!([]))[0]["pointer"], "/event");
        assert_eq!(event(json!({ "event": { "x": 1 } }))[0]["pointer"], "/event");
        let unknown = event(json!({ "event": "promoted" }));
        assert_eq!(unknown[0]["reason"], "`promoted` has no meaning here; there are hired, left");
    }

    #[test]
    fn a_mapping_that_can_give_no_event_is_refused() {
        let with = |member: &str, value: Json| {
            let mut all = json!({ "type": { "from": "/t", "words": {} }, "person": "/p" });
            all.as_object_mut().unwrap().insert(member.to_owned(), value);
            serde_json::from_value::<Mapping>(all).unwrap().check()
        };
        assert!(with("id", json!("/id")).is_ok());
        assert!(with("id", json!("id")).is_err());
        assert!(with("attributes", json!({ "a": "b" })).is_err());
        assert!(with("type", json!({ "from": "/t", "words": { "a": "employment.end" } })).is_err());
    }
}
