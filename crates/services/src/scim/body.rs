//! What is sent: new users, and changes in the form that the target takes. Pure.

use serde_json::{Map, Value as Json, json};
use tenure_model::Value;

use super::config::Managed;
use super::learned::Able;
use super::path::{Path, USER, json_of};
use super::profile::{ActiveForm, OneOfSeveral, OperationCase, Profile, UserChange};

/// The schema of a change (RFC 7644, 3.5.2).
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What a change is sent as.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sent {
    /// Operations on what is there.
    Patch(Json),
    /// All of it anew.
    Put(Json),
}

/// A new user.
pub(super) fn new_user(attributes: &[(&Managed, Value)], active: ActiveForm) -> Json {
    let mut user = json!({ "active": active_as(active, true) });
    for (managed, value) in attributes {
        managed.path.write(&mut user, value);
    }
    // Some targets take an address only if one is said to be the first.
    if let Some(Json::Array(emails)) = user.get_mut("emails")
        && let [Json::Object(only)] = emails.as_mut_slice()
    {
        only.insert("primary".to_owned(), Json::Bool(true));
    }
    with_schemas(user)
}

/// The change of these attributes of a user.
pub(super) fn attributes(profile: &Profile, able: &Able, now: &Json, wanted: &[(&Managed, Value)]) -> Sent {
    if able.user_change == UserChange::Whole {
        let mut user = replacement(now);
        for (managed, value) in wanted {
            managed.path.write(&mut user, value);
        }
        return Sent::Put(with_schemas(user));
    }
    let case = profile.operation_case;
    let (cleared, given): (Vec<_>, Vec<_>) = wanted.iter().partition(|(_, value)| *value == Value::Cleared);
    // A list in a part without a path is added to by some and put in the place by others.
    let all = |path: &Path| path.is_list() || (path.of_type.is_some() && able.one_of_several == OneOfSeveral::All);
    let mut operations = Vec::new();
    // Several values that must be replaced together: the list as it will be.
    let mut lists: Vec<&Path> = wanted.iter().map(|(managed, _)| &managed.path).filter(|path| all(path)).collect();
    lists.dedup_by_key(|path| path.whole());
    for path in lists {
        let mut scratch = now.clone();
        for (managed, value) in wanted.iter().filter(|(managed, _)| managed.path.whole() == path.whole()) {
            managed.path.write(&mut scratch, value);
        }
        operations.push(match path.find(&scratch) {
            Some(list) => operation(case, "replace", Some(path.whole()), Some(list.clone())),
            None => operation(case, "remove", Some(path.whole()), None),
        });
    }
    for (managed, _) in cleared.into_iter().filter(|(managed, _)| !all(&managed.path)) {
        let path = &managed.path;
        let whole = if path.is_main() { path.element().unwrap_or_else(|| path.whole()) } else { path.wire() };
        operations.push(operation(case, "remove", Some(whole), None));
    }
    let given: Vec<_> = given.into_iter().filter(|(managed, _)| !all(&managed.path)).collect();
    operations.extend(match able.user_change {
        UserChange::Paths => by_path(case, now, &given),
        UserChange::DottedPart => part(case, dotted(&given)),
        UserChange::Part | UserChange::Whole => part(case, nested(now, &given)),
    });
    Sent::Patch(patch(operations))
}

/// The change that makes a user active or not.
pub(super) fn active(profile: &Profile, able: &Able, now: &Json, wanted: bool) -> Sent {
    let value = active_as(profile.active, wanted);
    match able.user_change {
        UserChange::Paths => Sent::Patch(patch(vec![operation(
            profile.operation_case,
            "replace",
            Some("active".to_owned()),
            Some(value),
        )])),
        UserChange::Part | UserChange::DottedPart => {
            Sent::Patch(patch(part(profile.operation_case, json!({ "active": value }))))
        }
        UserChange::Whole => {
            let mut user = replacement(now);
            if let Some(fields) = user.as_object_mut() {
                fields.insert("active".to_owned(), value);
            }
            Sent::Put(with_schemas(user))
        }
    }
}

/// One operation for each attribute. What is not there yet is added, because a path with a filter
/// that finds nothing is an error (RFC 7644, 3.5.2.3).
fn by_path(case: OperationCase, now: &Json, given: &[&(&Managed, Value)]) -> Vec<Json> {
    let mut operations = Vec::new();
    let mut fresh: Vec<(String, &Path, Json)> = Vec::new();
    for (managed, value) in given {
        let path = &managed.path;
        if path.of_type.is_some() && !path.has_element(now) {
            let place = fresh.iter().position(|(whole, _, _)| *whole == path.whole());
            let place = place.unwrap_or_else(|| {
                fresh.push((path.whole(), path, json!({})));
                fresh.len() - 1
            });
            if let Some((_, _, scratch)) = fresh.get_mut(place) {
                path.write(scratch, value);
            }
            continue;
        }
        if path.of_type.is_some() || path.sub.is_some() {
            operations.push(operation(case, "replace", Some(path.wire()), json_of(value)));
            continue;
        }
        let mut scratch = json!({});
        path.write(&mut scratch, value);
        operations.push(operation(case, "replace", Some(path.whole()), path.find(&scratch).cloned()));
    }
    let added = fresh
        .iter()
        .map(|(whole, path, scratch)| operation(case, "add", Some(whole.clone()), path.find(scratch).cloned()));
    operations.extend(added);
    operations
}

/// Part of a user with these values. A complex attribute is sent with everything in it, because a
/// server may put it in the place of the old one.
fn nested(now: &Json, given: &[&(&Managed, Value)]) -> Json {
    let mut value = json!({});
    for (managed, wanted) in given {
        let path = &managed.path;
        let key = path.schema.clone().unwrap_or_else(|| path.name.clone());
        if let (Some(fields), Some(current)) = (value.as_object_mut(), super::path::field(now, &key))
            && (path.schema.is_some() || path.sub.is_some())
        {
            fields.entry(key).or_insert_with(|| current.clone());
        }
        path.write(&mut value, wanted);
    }
    value
}

/// Part of a user with paths for keys.
fn dotted(given: &[&(&Managed, Value)]) -> Json {
    let fields: Map<String, Json> =
        given.iter().filter_map(|(managed, value)| Some((managed.path.wire(), json_of(value)?))).collect();
    Json::Object(fields)
}

fn part(case: OperationCase, value: Json) -> Vec<Json> {
    let empty = value.as_object().is_none_or(Map::is_empty);
    if empty { Vec::new() } else { vec![operation(case, "replace", None, Some(value))] }
}

/// The user without what only the server writes.
fn replacement(now: &Json) -> Json {
    let mut user = now.clone();
    if let Some(fields) = user.as_object_mut() {
        for name in ["meta", "groups"] {
            fields.retain(|key, _| !key.eq_ignore_ascii_case(name));
        }
    }
    user
}

/// The object with the URNs of the schemas that it uses.
fn with_schemas(mut user: Json) -> Json {
    if let Some(fields) = user.as_object_mut() {
        let extensions = fields.keys().filter(|key| key.to_ascii_lowercase().starts_with("urn:")).cloned();
        let schemas: Vec<Json> = std::iter::once(USER.to_owned()).chain(extensions).map(Json::from).collect();
        fields.insert("schemas".to_owned(), Json::Array(schemas));
    }
    user
}

fn active_as(form: ActiveForm, active: bool) -> Json {
    match (form, active) {
        (ActiveForm::Flag, active) => Json::Bool(active),
        (ActiveForm::Text, true) => Json::from("True"),
        (ActiveForm::Text, false) => Json::from("False"),
    }
}

/// A change of these operations.
pub(super) fn patch(operations: Vec<Json>) -> Json {
    json!({ "schemas": [PATCH], "Operations": operations })
}

/// One operation.
pub(super) fn operation(case: OperationCase, name: &str, path: Option<String>, value: Option<Json>) -> Json {
    let name = match case {
        OperationCase::Lower => name.to_owned(),
        OperationCase::Capital => {
            let mut letters = name.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
        }
    };
    let mut operation = json!({ "op": name });
    if let Some(fields) = operation.as_object_mut() {
        fields.extend(path.map(|path| ("path".to_owned(), Json::from(path))));
        fields.extend(value.map(|value| ("value".to_owned(), value)));
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::profile::ProfileName;

    fn managed(name: &str) -> Managed {
        Managed { name: name.to_owned(), path: Path::parse(name).unwrap() }
    }

    fn now() -> Json {
        json!({
            "id": "7", "meta": {"version": "W/\"1\""}, "groups": [{"value": "g"}], "userName": "ada",
            "name": {"familyName": "Lovelace", "formatted": "A L"}, "emails": [{"type": "home", "value": "h@example.org"}],
        })
    }

    fn sent(profile: ProfileName, wanted: &[(&str, Value)]) -> Json {
        let profile = profile.profile();
        let managed: Vec<(Managed, Value)> =
            wanted.iter().map(|(name, value)| (managed(name), value.clone())).collect();
        let wanted: Vec<(&Managed, Value)> = managed.iter().map(|(one, value)| (one, value.clone())).collect();
        match attributes(profile, &Able::declared(profile), &now(), &wanted) {
            Sent::Patch(body) => body["Operations"].clone(),
            Sent::Put(body) => body,
        }
    }

    const WORK: &str = "emails[type eq \"work\"].value";
    const HOME: &str = "emails[type eq \"home\"].value";

    #[test]
    fn the_rfc_form_has_a_path_for_each_attribute() {
        assert_eq!(
            sent(
                ProfileName::Rfc,
                &[
                    ("name.givenName", "Ada".into()),
                    (WORK, "w@example.org".into()),
                    (HOME, "n@example.org".into()),
                    ("title", Value::Cleared),
                ]
            ),
            json!([
                {"op": "remove", "path": "title"},
                {"op": "replace", "path": "name.givenName", "value": "Ada"},
                {"op": "replace", "path": "emails[type eq \"home\"].value", "value": "n@example.org"},
                {"op": "add", "path": "emails", "value": [{"type": "work", "value": "w@example.org"}]},
            ])
        );
        let cleared = sent(ProfileName::Rfc, &[(HOME, Value::Cleared)]);
        assert_eq!(cleared, json!([{"op": "remove", "path": "emails[type eq \"home\"]"}]));
    }

    #[test]
    fn each_profile_says_it_in_its_own_way() {
        let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        assert_eq!(
            sent(ProfileName::EntraLegacy, &[("department", "Engines".into())]),
            json!([{"op": "Replace", "path": department, "value": "Engines"}])
        );
        assert_eq!(
            sent(ProfileName::Entra2020, &[("department", "Engines".into()), ("name.givenName", "Ada".into())]),
            json!([{"op": "replace", "value": {department: "Engines", "name.givenName": "Ada"}}])
        );
        assert_eq!(
            sent(ProfileName::Slack, &[("name.givenName", "Ada".into())]),
            json!([{"op": "replace", "value": {"name": {"familyName": "Lovelace", "formatted": "A L", "givenName": "Ada"}}}])
        );
        assert_eq!(
            sent(ProfileName::Github, &[(WORK, "w@example.org".into())]),
            json!([{"op": "replace", "path": "emails", "value": [
                {"type": "home", "value": "h@example.org"}, {"type": "work", "value": "w@example.org"}]}])
        );
        let put = sent(ProfileName::OktaPut, &[("title", "Countess".into())]);
        assert_eq!((put["title"].as_str(), put.get("meta"), put.get("groups")), (Some("Countess"), None, None));
        assert_eq!(put["name"], now()["name"]);
    }

    #[test]
    fn inactive_has_a_form_for_each_profile() {
        let active = |profile: ProfileName| {
            let profile = profile.profile();
            match active(profile, &Able::declared(profile), &now(), false) {
                Sent::Patch(body) => body["Operations"].clone(),
                Sent::Put(body) => body["active"].clone(),
            }
        };
        assert_eq!(active(ProfileName::Rfc), json!([{"op": "replace", "path": "active", "value": false}]));
        assert_eq!(active(ProfileName::EntraLegacy), json!([{"op": "Replace", "path": "active", "value": "False"}]));
        assert_eq!(active(ProfileName::Slack), json!([{"op": "replace", "value": {"active": false}}]));
        assert_eq!(active(ProfileName::OktaPut), json!(false));
    }
}
