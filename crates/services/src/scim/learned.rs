//! What a server says of itself: `/ServiceProviderConfig` and `/Schemas` (RFC 7644, 4).
//!
//! It is asked once. A server that does not say is taken to be as its profile has it; one that
//! says less than its profile is believed.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tenure_connect::{AttributeRule, Discovery, ObjectClass, Refusal, Suggestion};

use super::ScimConnector;
use super::filter::equals;
use super::path::{Path, USER, field};
use super::profile::{Filters, MemberChange, Membership, OneOfSeveral, Paging, Profile, UserChange};
use crate::http::Call;

/// An id that no server gives.
const NOBODY: &str = "nobody-has-this-id";

/// What the target can do: what its profile declares, narrowed by what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Able {
    pub(super) user_change: UserChange,
    pub(super) one_of_several: OneOfSeveral,
    pub(super) member_change: MemberChange,
    pub(super) user_filters: Filters,
    pub(super) group_filters: Filters,
    pub(super) membership: Membership,
    pub(super) paging: Paging,
    pub(super) page_objects_max: u32,
    /// Whether a write can be tied to the version that was read.
    pub(super) versions: bool,
    /// How many writes the server takes in one request; it is told in the description alone,
    /// because a lost answer would then be a doubt about all of them.
    pub(super) bulk_operations_max: Option<u64>,
    /// What the schemas say of attributes, by their paths in lower case.
    pub(super) attributes: BTreeMap<String, Rule>,
}

/// What a schema says of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// Who may write it, and when.
    pub(super) mutability: String,
    /// Whether it is compared with regard to case.
    pub(super) case_exact: bool,
}

impl Able {
    /// What the profile declares.
    pub(super) fn declared(profile: &Profile) -> Self {
        Self {
            user_change: profile.user_change,
            one_of_several: profile.one_of_several,
            member_change: profile.member_change,
            user_filters: profile.user_filters,
            group_filters: profile.group_filters,
            membership: profile.membership,
            paging: profile.paging,
            page_objects_max: profile.page_objects_max,
            versions: false,
            bulk_operations_max: None,
            attributes: BTreeMap::new(),
        }
    }

    /// The same, narrowed by what the server says.
    fn narrowed(mut self, said: &Json) -> Self {
        let supported = |feature: &str| field(field(said, feature)?, "supported")?.as_bool();
        let number = |feature: &str, name: &str| field(field(said, feature)?, name)?.as_u64();
        if supported("patch") == Some(false) {
            self.user_change = UserChange::Whole;
            self.member_change = MemberChange::Whole;
        }
        if supported("filter") == Some(false) {
            self.user_filters = Filters::None;
            self.group_filters = Filters::None;
        }
        if let (Filters::None, Membership::Filter(_)) = (self.group_filters, self.membership) {
            self.membership = Membership::Scan;
        }
        let pages = number("filter", "maxResults").filter(|most| *most > 0);
        let pages = number("pagination", "maxPageSize").filter(|most| *most > 0).or(pages);
        if let Some(most) = pages {
            self.page_objects_max = self.page_objects_max.min(u32::try_from(most).unwrap_or(u32::MAX));
        }
        // RFC 9865, 4: a cursor is taken where it is offered, because it cannot lose objects
        // that move between two pages.
        let paging = |kind: &str| field(field(said, "pagination")?, kind)?.as_bool();
        match (self.paging, paging("cursor"), paging("index")) {
            (Paging::Index, Some(true), _) => self.paging = Paging::Cursor,
            (Paging::Index, _, Some(false)) => self.paging = Paging::None,
            (Paging::Cursor, Some(false), _) => self.paging = Paging::Index,
            _ => {}
        }
        self.versions = supported("etag") == Some(true);
        self.bulk_operations_max = match supported("bulk") {
            Some(true) => number("bulk", "maxOperations").filter(|most| *most > 0),
            Some(false) | None => None,
        };
        self
    }

    /// Whether a text is the same as another to the server.
    pub(super) fn same_text(&self, path: &Path, one: &str, other: &str) -> bool {
        let rule = self.attributes.get(&path.wire().to_ascii_lowercase());
        let exact = rule.map_or(path.is_exact(), |rule| rule.case_exact);
        if exact { one == other } else { one.to_lowercase() == other.to_lowercase() }
    }
}

impl ScimConnector {
    /// What the target can do. It is asked the first time.
    pub(super) async fn able(&self) -> Result<&Able, Refusal> {
        self.able.get_or_try_init(|| self.learn()).await
    }

    /// Asks the server what it can do.
    async fn learn(&self) -> Result<Able, Refusal> {
        let mut able = Able::declared(self.profile());
        if let Some(said) = self.asked("ServiceProviderConfig").await? {
            able = able.narrowed(&said);
        }
        if let Some(said) = self.asked("Schemas").await? {
            able.attributes = rules(&said);
        }
        if let Membership::Filter(path) = able.membership
            && !self.heeds_members(path).await?
        {
            able.membership = Membership::Scan;
        }
        Ok(able)
    }

    /// Whether groups can be asked for by a member. A server that takes no notice of the filter
    /// would put everybody into every group, so it is asked for a member that nobody can be.
    async fn heeds_members(&self, path: &str) -> Result<bool, Refusal> {
        let call = Call::get(["Groups"]).with("filter", equals(path, NOBODY)).with("excludedAttributes", "members");
        let answer = self.http.read(&call).await?;
        let found = answer.json().and_then(|json| field(json, "Resources")?.as_array().map(Vec::len));
        Ok(answer.status == 200 && found.unwrap_or(0) == 0)
    }

    /// Every attribute that the server's schemas have, and settings that fit what it says.
    pub(super) async fn discover_service(&self) -> Result<Discovery, Refusal> {
        let able = self.able().await?;
        let mut description = self.description.clone();
        description.limits.page_objects_max = description.limits.page_objects_max.min(able.page_objects_max);
        let rule = |(path, rule): (&String, &Rule)| AttributeRule {
            write: matches!(rule.mutability.as_str(), "readWrite" | "writeOnly"),
            create_only: rule.mutability == "immutable",
            read: rule.mutability != "writeOnly",
            secret: rule.mutability == "writeOnly",
            filterable: able.user_filters.take(path),
            ..AttributeRule::open(path)
        };
        for class in description.classes.iter_mut().filter(|class| class.class == ObjectClass::Account) {
            let known: Vec<String> = class.attributes.iter().map(|known| known.name.to_ascii_lowercase()).collect();
            class.attributes.extend(able.attributes.iter().filter(|(path, _)| !known.contains(path)).map(rule));
        }
        let mut suggestions = Vec::new();
        if able.user_change == UserChange::Whole && self.profile().user_change != UserChange::Whole {
            suggestions.push(Suggestion {
                setting: "profile".to_owned(),
                values: vec!["okta-put".to_owned()],
                why: "the service says that it takes no changes, only whole users".to_owned(),
            });
        }
        Ok(Discovery { description, suggestions })
    }

    /// What the server says under this name; nothing if it does not know the question.
    async fn asked(&self, what: &str) -> Result<Option<Json>, Refusal> {
        let call = Call::get([what]);
        let answer = self.http.read(&call).await?;
        match answer.status {
            200 => Ok(answer.json().cloned()),
            // Wrong credentials are better said now than at the first write.
            401 => Err(self.refusal(&call, &answer)),
            _ => Ok(None),
        }
    }
}

/// What the schemas say of the attributes of users.
fn rules(said: &Json) -> BTreeMap<String, Rule> {
    let mut rules = BTreeMap::new();
    let schemas = field(said, "Resources").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for schema in schemas {
        let Some(id) = field(schema, "id").and_then(Json::as_str) else { continue };
        let lower = id.to_ascii_lowercase();
        if !lower.ends_with(":user") {
            continue;
        }
        let prefix = if id.eq_ignore_ascii_case(USER) { String::new() } else { format!("{lower}:") };
        for attribute in attributes_of(schema, "attributes") {
            add(&mut rules, &prefix, attribute);
            let Some(name) = name_of(attribute) else { continue };
            for part in attributes_of(attribute, "subAttributes") {
                add(&mut rules, &format!("{prefix}{name}."), part);
            }
        }
    }
    rules
}

fn attributes_of<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    field(json, name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn name_of(attribute: &Json) -> Option<String> {
    field(attribute, "name").and_then(Json::as_str).map(str::to_ascii_lowercase)
}

fn add(rules: &mut BTreeMap<String, Rule>, prefix: &str, attribute: &Json) {
    let Some(name) = name_of(attribute) else { return };
    let mutability = field(attribute, "mutability").and_then(Json::as_str).unwrap_or("readWrite").to_owned();
    let case_exact = field(attribute, "caseExact").and_then(Json::as_bool).unwrap_or(false);
    rules.insert(format!("{prefix}{name}"), Rule { mutability, case_exact });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::profile::ProfileName;
    use serde_json::json;

    fn able(profile: ProfileName, said: Json) -> Able {
        Able::declared(profile.profile()).narrowed(&said)
    }

    #[test]
    fn a_server_that_says_less_is_believed_and_one_that_says_more_is_not() {
        let weak = json!({"patch": {"supported": false}, "filter": {"supported": false, "maxResults": 0}});
        let weak = able(ProfileName::Rfc, weak);
        assert_eq!((weak.user_change, weak.member_change), (UserChange::Whole, MemberChange::Whole));
        assert_eq!((weak.user_filters, weak.membership), (Filters::None, Membership::Scan));
        let strong = json!({"patch": {"supported": true}, "filter": {"supported": true, "maxResults": 50},
            "etag": {"supported": true}, "bulk": {"supported": true, "maxOperations": 1000}});
        let put = able(ProfileName::OktaPut, strong);
        assert_eq!((put.user_change, put.page_objects_max, put.versions), (UserChange::Whole, 50, true));
        assert_eq!(put.bulk_operations_max, Some(1000));
    }

    #[test]
    fn a_cursor_is_taken_where_it_is_offered() {
        let paging = |profile, said| able(profile, said).paging;
        assert_eq!(paging(ProfileName::Rfc, json!({"pagination": {"cursor": true, "index": true}})), Paging::Cursor);
        assert_eq!(paging(ProfileName::Rfc, json!({"pagination": {"cursor": false, "index": true}})), Paging::Index);
        assert_eq!(paging(ProfileName::Google, json!({"pagination": {"cursor": false, "index": true}})), Paging::None);
    }

    #[test]
    fn case_is_as_the_schema_says() {
        let mut able = able(ProfileName::Rfc, json!({}));
        let (name, id) = (Path::parse("userName").unwrap(), Path::parse("externalId").unwrap());
        assert!(able.same_text(&name, "Ada", "ada") && !able.same_text(&id, "E1", "e1"));
        able.attributes = rules(&json!({"Resources": [{"id": USER, "attributes": [
            {"name": "userName", "caseExact": true},
            {"name": "name", "subAttributes": [{"name": "givenName", "mutability": "readOnly"}]},
        ]}]}));
        assert!(!able.same_text(&name, "Ada", "ada"));
        assert_eq!(able.attributes["name.givenname"].mutability, "readOnly");
    }
}
