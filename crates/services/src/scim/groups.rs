//! Group membership, changed by one member at a time so that nobody else is touched.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value as Json, json};
use tenure_connect::plan::no_entitlement;
use tenure_connect::{Locator, Refusal, RefusalClass, SeenEntitlement, WriteFault};
use tenure_model::{EntitlementKind, NativeId};

use super::ScimConnector;
use super::body::{operation, patch};
use super::filter::equals;
use super::page::{Ask, Kind};
use super::profile::{MemberChange, Membership, Profile};
use super::read::only_one;
use super::resource::Resource;
use crate::http::Call;
use crate::limits::{SCIM_GROUPS_OF_USER_MAX, SCIM_REPLANS_MAX};

/// The attributes by which a group can be found.
const GROUP_NAMES: [&str; 2] = ["displayName", "externalId"];

/// What is done to the members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// They come in.
    Join,
    /// They go.
    Leave,
}

impl ScimConnector {
    /// The one group that answers to the locator.
    pub(super) async fn group(&self, locator: &Locator) -> Result<Option<SeenEntitlement>, Refusal> {
        let found = match locator {
            Locator::Native(id) => self.object(Kind::Groups, id).await?,
            Locator::Attribute { name, value } => {
                match GROUP_NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                    Some(name) => self.group_by(name, value, locator).await?,
                    // Groups have no such attribute, so none can answer to it.
                    None => None,
                }
            }
        };
        Ok(found.as_ref().map(Self::seen_group))
    }

    async fn group_by(&self, name: &str, value: &str, locator: &Locator) -> Result<Option<Resource>, Refusal> {
        let able = self.able().await?;
        let same =
            |text: &str| if name == "externalId" { text == value } else { text.to_lowercase() == value.to_lowercase() };
        let fits = |group: &Resource| group.text(name).is_some_and(same);
        let filter = able.group_filters.take(name).then(|| equals(name, value));
        let found = self.matching(Self::groups(None, able.page_objects_max), filter, fits).await?;
        only_one(found, locator, "group")
    }

    /// What a group means.
    pub(super) fn seen_group(group: &Resource) -> SeenEntitlement {
        let name = group.text("displayName").unwrap_or(group.id.as_str()).to_owned();
        SeenEntitlement { native_id: group.id.clone(), kind: EntitlementKind::Group, name }
    }

    /// The groups that a user is in.
    pub(super) async fn holds(&self, user: &Resource) -> Result<BTreeSet<NativeId>, Refusal> {
        let able = self.able().await?;
        let mut holds = BTreeSet::new();
        match able.membership {
            Membership::OfUser => holds.extend(user.references("groups")),
            Membership::Filter(path) => {
                let ask = Self::groups(Some(equals(path, user.id.as_str())), able.page_objects_max);
                self.scan(&ask, |group| {
                    holds.insert(group.id);
                })
                .await?;
            }
            Membership::Scan => {
                self.scan(&self.groups_with_members(), |group| {
                    if group.references("members").any(|member| member == user.id) {
                        holds.insert(group.id);
                    }
                })
                .await?;
            }
        }
        if holds.len() > SCIM_GROUPS_OF_USER_MAX {
            let message = format!("a user is in more than {SCIM_GROUPS_OF_USER_MAX} groups, which are not read");
            return Err(Refusal::new(RefusalClass::Unsupported, message));
        }
        Ok(holds)
    }

    /// Everybody who is in a group, with their groups.
    pub(super) async fn members(&self) -> Result<BTreeMap<NativeId, BTreeSet<NativeId>>, Refusal> {
        let mut held: BTreeMap<NativeId, BTreeSet<NativeId>> = BTreeMap::new();
        self.scan(&self.groups_with_members(), |group| {
            for member in group.references("members") {
                held.entry(member).or_default().insert(group.id.clone());
            }
        })
        .await?;
        Ok(held)
    }

    fn groups_with_members(&self) -> Ask {
        Ask { kind: Kind::Groups, filter: None, only: None, size: self.profile().page_objects_max }
    }

    /// Whether the user is in the group, asked in the shortest way.
    async fn is_member(&self, user: &Resource, group: &NativeId) -> Result<bool, Refusal> {
        if self.able().await?.membership == Membership::Scan {
            let group = self.object(Kind::Groups, group).await?;
            return Ok(group.is_some_and(|group| group.references("members").any(|member| member == user.id)));
        }
        Ok(self.holds(user).await?.contains(group))
    }

    /// Puts the user into the group, or takes it out. What is so already is not sent.
    pub(super) async fn turn(&self, user: &Resource, group: &NativeId, turn: Turn) -> Result<(), WriteFault> {
        if self.is_member(user, group).await? == (turn == Turn::Join) {
            return Ok(());
        }
        if self.able().await?.member_change == MemberChange::Whole {
            return self.replace_members(&user.id, group, turn).await;
        }
        let members = [user.id.clone()];
        for body in member_changes(self.profile(), &members, turn) {
            let call = Call::new(Method::PATCH, ["Groups", group.as_str()]).sending(body);
            let answer = self.send_write(&call).await?;
            match answer.status {
                200..=299 => {}
                404 | 410 => return Err(no_entitlement(&Locator::Native(group.clone())).into()),
                _ => return Err(self.refusal(&call, &answer).into()),
            }
        }
        Ok(())
    }

    /// Puts a whole group in the place of the old one. Two of us would undo each other's work, so
    /// only one does it at a time, and only if the group is still what it was where the server
    /// can tell.
    async fn replace_members(&self, user: &NativeId, group: &NativeId, turn: Turn) -> Result<(), WriteFault> {
        let _alone = self.whole_writes.lock().await;
        let able = self.able().await?;
        for _ in 0..SCIM_REPLANS_MAX {
            let Some(now) = self.object(Kind::Groups, group).await? else {
                return Err(no_entitlement(&Locator::Native(group.clone())).into());
            };
            let version = now.version().filter(|_| able.versions);
            let Some(body) = replaced(now.json, user, turn) else { return Ok(()) };
            let call = Call::new(Method::PUT, ["Groups", group.as_str()]).sending(body).only_if(version);
            let answer = self.send_write(&call).await?;
            match answer.status {
                200..=299 => return Ok(()),
                412 => tracing::debug!("a group changed under our hands"),
                _ => return Err(self.refusal(&call, &answer).into()),
            }
        }
        let message = format!("group `{group}` changed {SCIM_REPLANS_MAX} times while it was written; plan it anew");
        Err(Refusal::new(RefusalClass::Stale, message).into())
    }
}

/// The changes that bring these members in or take them out, with no more in one request than the
/// target takes.
pub(super) fn member_changes(profile: &Profile, members: &[NativeId], turn: Turn) -> Vec<Json> {
    let case = profile.operation_case;
    let list = |chunk: &[NativeId]| Json::Array(chunk.iter().map(|id| json!({ "value": id.as_str() })).collect());
    let members_path = || Some("members".to_owned());
    let change = |chunk: &[NativeId]| match (turn, profile.member_change) {
        (Turn::Join, _) => patch(vec![operation(case, "add", members_path(), Some(list(chunk)))]),
        (Turn::Leave, MemberChange::ValueList) => {
            patch(vec![operation(case, "remove", members_path(), Some(list(chunk)))])
        }
        (Turn::Leave, MemberChange::FilterPath | MemberChange::Whole) => {
            let one = |id: &NativeId| {
                operation(case, "remove", Some(format!("members[{}]", equals("value", id.as_str()))), None)
            };
            patch(chunk.iter().map(one).collect())
        }
    };
    members.chunks(profile.members_at_once_max.max(1)).map(change).collect()
}

/// The group with or without the member; nothing if it is so already.
fn replaced(mut group: Json, user: &NativeId, turn: Turn) -> Option<Json> {
    let fields = group.as_object_mut()?;
    fields.retain(|key, _| !key.eq_ignore_ascii_case("meta"));
    let members = fields.entry("members").or_insert_with(|| Json::Array(Vec::new()));
    if members.is_null() {
        *members = Json::Array(Vec::new());
    }
    let members = members.as_array_mut()?;
    let is = |member: &Json| member.get("value").and_then(Json::as_str) == Some(user.as_str());
    match (turn, members.iter().any(is)) {
        (Turn::Join, true) | (Turn::Leave, false) => None,
        (Turn::Join, false) => {
            members.push(json!({ "value": user.as_str() }));
            Some(group)
        }
        (Turn::Leave, true) => {
            members.retain(|member| !is(member));
            Some(group)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::profile::ProfileName;

    fn ids(many: usize) -> Vec<NativeId> {
        (0..many).map(|number| NativeId::new(number.to_string())).collect()
    }

    #[test]
    fn no_request_has_more_members_than_the_target_takes() {
        let aws = member_changes(ProfileName::Aws.profile(), &ids(250), Turn::Join);
        let sizes: Vec<usize> =
            aws.iter().map(|body| body["Operations"][0]["value"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
    }

    #[test]
    fn members_leave_by_the_form_of_the_profile() {
        let leave = |profile: ProfileName| {
            member_changes(profile.profile(), &[NativeId::new("a\"b")], Turn::Leave)[0]["Operations"][0].clone()
        };
        assert_eq!(leave(ProfileName::Rfc), json!({"op": "remove", "path": "members[value eq \"a\\\"b\"]"}));
        assert_eq!(
            leave(ProfileName::EntraLegacy),
            json!({"op": "Remove", "path": "members", "value": [{"value": "a\"b"}]})
        );
    }

    #[test]
    fn a_whole_group_keeps_everybody_else() {
        let group =
            || json!({"id": "g", "meta": {}, "displayName": "staff", "members": [{"value": "a"}, {"value": "b"}]});
        let without = replaced(group(), &NativeId::new("a"), Turn::Leave).unwrap();
        assert_eq!(without, json!({"id": "g", "displayName": "staff", "members": [{"value": "b"}]}));
        assert_eq!(replaced(group(), &NativeId::new("a"), Turn::Join), None);
        let first = replaced(json!({"id": "g"}), &NativeId::new("a"), Turn::Join).unwrap();
        assert_eq!(first["members"], json!([{"value": "a"}]));
    }
}
