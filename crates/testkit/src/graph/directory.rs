//! What the simulated tenant holds: users, groups, and what hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::TENANT;
use super::odata::{id, is};
use super::problem::{Answered, Problem};

/// A tenant. Everything in it has an id that stands for nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    pub(super) users: BTreeMap<String, Json>,
    /// Users who can be brought back.
    pub(super) deleted: BTreeMap<String, Json>,
    pub(super) groups: BTreeMap<String, Json>,
    /// Which group has which user.
    pub(super) members: BTreeSet<(String, String)>,
    /// What hangs on users, by the kind and the user.
    pub(super) hung: Vec<(&'static str, String, Json)>,
    /// What mailboxes answer by themselves.
    pub(super) replies: BTreeMap<String, Json>,
    /// Who has which manager.
    pub(super) managers: BTreeMap<String, String>,
    /// Whose account changed, in order.
    pub(super) log: Vec<String>,
    /// Which generation of moments is remembered.
    pub(super) epoch: u32,
    /// How many writes there were, which is what time it is.
    pub(super) ticks: u64,
    made: u64,
}

/// What a new user must have.
const NEEDED: [&str; 5] = ["accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"];
/// What can be written.
const WRITTEN: [&str; 17] = [
    "accountEnabled",
    "displayName",
    "mailNickname",
    "userPrincipalName",
    "passwordProfile",
    "employeeId",
    "employeeType",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "companyName",
    "officeLocation",
    "mobilePhone",
    "usageLocation",
    "preferredLanguage",
    "city",
];

impl Directory {
    fn new_id(&mut self) -> String {
        self.made += 1;
        // Ids come in no order.
        let scattered = self.made.wrapping_mul(2_654_435_761) & 0xffff_ffff;
        format!("{scattered:08x}-0000-4000-8000-{:012x}", self.made)
    }

    pub(super) fn time(&self) -> String {
        let seconds = i64::try_from(self.ticks).unwrap_or_default();
        let from = jiff::Timestamp::from_second(1_767_225_600 + seconds);
        from.map(|time| time.to_string()).unwrap_or_default()
    }

    pub(super) fn named(&self, name: &str) -> Option<&Json> {
        self.users.values().find(|user| is(user, "userPrincipalName", name))
    }

    /// A user by id or by name, as Graph takes both.
    pub(super) fn user(&self, key: &str) -> Answered<&Json> {
        self.users.get(key).or_else(|| self.named(key)).ok_or_else(|| Problem::not_there(key))
    }

    fn changed(&mut self, key: &str) -> Answered<&mut Json> {
        let id = id(self.user(key)?).to_owned();
        self.log.push(id.clone());
        self.users.get_mut(&id).ok_or_else(|| Problem::not_there(key))
    }

    pub(super) fn make_user(&mut self, body: &Json) -> Answered<Json> {
        if let Some(missing) = NEEDED.into_iter().find(|name| body.get(name).is_none_or(Json::is_null)) {
            return Err(Problem::bad(format!("A value is required for property '{missing}' of resource 'User'.")));
        }
        self.may_be_written(body, None)?;
        let id = self.new_id();
        let mut user = json!({
            "id": id, "userType": "Member", "createdDateTime": self.time(), "deletedDateTime": null,
            "signInSessionsValidFromDateTime": self.time(), "licenseAssignmentStates": [],
        });
        put(&mut user, body);
        user["mail"] = user["userPrincipalName"].clone();
        self.users.insert(id.clone(), user.clone());
        self.log.push(id);
        Ok(user)
    }

    pub(super) fn change_user(&mut self, key: &str, body: &Json) -> Answered<()> {
        let own = id(self.user(key)?).to_owned();
        self.may_be_written(body, Some(&own))?;
        put(self.changed(key)?, body);
        // Another password ends what was signed in with the old one.
        if body.get("passwordProfile").is_some() {
            self.end_sessions(key)?;
        }
        Ok(())
    }

    fn may_be_written(&self, body: &Json, own: Option<&str>) -> Answered<()> {
        let Json::Object(fields) = body else { return Err(Problem::bad("Empty Payload. JSON content expected.")) };
        for (name, value) in fields {
            if !WRITTEN.contains(&name.as_str()) {
                let message = format!("Property '{name}' is read-only and cannot be set.");
                return Err(Problem::bad(message));
            }
            let empty = value.as_str() == Some("") || (value.is_null() && NEEDED.contains(&name.as_str()));
            if empty {
                return Err(Problem::bad(format!("Invalid value specified for property '{name}' of resource 'User'.")));
            }
        }
        let weak = |password: &str| password.len() < 8 || password.chars().all(char::is_alphanumeric);
        if body["passwordProfile"]["password"].as_str().is_some_and(weak) {
            return Err(Problem::bad("The specified password does not comply with password complexity requirements."));
        }
        let Some(name) = body["userPrincipalName"].as_str() else { return Ok(()) };
        let fine = |letter: char| letter.is_ascii_alphanumeric() || "'.-_!#^~".contains(letter);
        if name.rsplit_once('@').is_none_or(|(local, domain)| domain != TENANT || !local.chars().all(fine)) {
            return Err(Problem::bad("Property userPrincipalName is invalid."));
        }
        match self.named(name) {
            Some(other) if Some(id(other)) != own => Err(Problem::taken("userPrincipalName")),
            _ => Ok(()),
        }
    }

    pub(super) fn end_sessions(&mut self, key: &str) -> Answered<()> {
        // Whatever was opened before this write is over.
        let over = Self { ticks: self.ticks + 1, ..Self::default() }.time();
        self.changed(key)?["signInSessionsValidFromDateTime"] = over.into();
        Ok(())
    }

    pub(super) fn delete_user(&mut self, key: &str) -> Answered<()> {
        let id = id(self.user(key)?).to_owned();
        let mut user = self.users.remove(&id).ok_or_else(|| Problem::not_there(key))?;
        user["deletedDateTime"] = self.time().into();
        let name = user["userPrincipalName"].as_str().unwrap_or_default();
        user["userPrincipalName"] = format!("{}{name}", id.replace('-', "")).into();
        self.log.push(id.clone());
        self.deleted.insert(id, user);
        Ok(())
    }

    pub(super) fn restore(&mut self, id: &str) -> Answered<Json> {
        let mut user = self.deleted.get(id).ok_or_else(|| Problem::not_there(id))?.clone();
        let name = user["userPrincipalName"].as_str().unwrap_or_default();
        let name = name.strip_prefix(&id.replace('-', "")).unwrap_or(name).to_owned();
        if self.named(&name).is_some() {
            return Err(Problem::taken("userPrincipalName"));
        }
        user["userPrincipalName"] = name.into();
        user["deletedDateTime"] = Json::Null;
        self.deleted.remove(id);
        self.log.push(id.to_owned());
        self.users.insert(id.to_owned(), user.clone());
        Ok(user)
    }

    pub(super) fn purge(&mut self) {
        self.log.extend(std::mem::take(&mut self.deleted).into_keys());
    }

    pub(super) fn make_group(&mut self, mut group: Json) {
        let id = self.new_id();
        group["id"] = id.as_str().into();
        group["@odata.type"] = "#microsoft.graph.group".into();
        self.groups.insert(id, group);
    }

    pub(super) fn group(&self, id: &str) -> Answered<&Json> {
        self.groups.get(id).ok_or_else(|| Problem::not_there(id))
    }

    /// A group whose members can be changed.
    fn open_group(&self, group: &str) -> Answered<()> {
        let group = self.group(group)?;
        if group["onPremisesSyncEnabled"] == true {
            let message = "Unable to update the specified properties for on-premises mastered Directory Sync objects.";
            return Err(Problem::bad(message));
        }
        if group["groupTypes"].as_array().is_some_and(|types| types.contains(&"DynamicMembership".into())) {
            return Err(Problem::new(403, "Authorization_RequestDenied", "Members follow from the rule of the group."));
        }
        Ok(())
    }

    pub(super) fn join(&mut self, group: &str, reference: &Json) -> Answered<()> {
        self.open_group(group)?;
        let place = reference["@odata.id"].as_str().and_then(|place| place.rsplit_once("/directoryObjects/"));
        let (_, user) = place.ok_or_else(|| Problem::bad("Invalid URL format specified in @odata.id."))?;
        let user = id(self.users.get(user).ok_or_else(|| Problem::not_there(user))?).to_owned();
        if !self.members.insert((group.to_owned(), user)) {
            let message =
                "One or more added object references already exist for the following modified properties: 'members'.";
            return Err(Problem::bad(message));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, group: &str, user: &str) -> Answered<()> {
        self.open_group(group)?;
        if !self.members.remove(&(group.to_owned(), user.to_owned())) {
            return Err(Problem::not_there(user));
        }
        Ok(())
    }

    pub(super) fn unlicense(&mut self, key: &str, body: &Json) -> Answered<Json> {
        let gone = body["removeLicenses"].as_array().cloned().unwrap_or_default();
        let user = self.changed(key)?;
        let mut states = user["licenseAssignmentStates"].as_array().cloned().unwrap_or_default();
        for sku in &gone {
            let Some(place) = states.iter().position(|state| state["skuId"] == *sku) else {
                return Err(Problem::bad("User does not have a corresponding license."));
            };
            if !states[place]["assignedByGroup"].is_null() {
                let message = "User license is inherited from a group membership and it cannot be removed directly.";
                return Err(Problem::bad(message));
            }
            states.remove(place);
        }
        user["licenseAssignmentStates"] = states.into();
        Ok(user.clone())
    }

    /// Takes away something that hangs on a user.
    pub(super) fn unhang(&mut self, kind: &str, key: &str) -> Answered<()> {
        let place = self.hung.iter().position(|(known, _, one)| *known == kind && id(one) == key);
        self.hung.remove(place.ok_or_else(|| Problem::not_there(key))?);
        Ok(())
    }

    pub(super) fn hang(&mut self, kind: &'static str, name: &str, what: Json) {
        let user = self.id_of(name);
        self.hang_on(kind, user, what);
    }

    pub(super) fn hang_on(&mut self, kind: &'static str, user: String, mut what: Json) -> Json {
        what["id"] = self.new_id().into();
        self.hung.push((kind, user, what.clone()));
        what
    }
}

/// Puts what was sent onto a user. A password is kept, and shown to nobody.
fn put(user: &mut Json, body: &Json) {
    for (name, value) in body.as_object().into_iter().flatten() {
        user[name] = value.clone();
    }
}
