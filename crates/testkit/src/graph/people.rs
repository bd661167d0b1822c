//! What people do in the simulated tenant, past Graph: sign in, and use what they were given.

use serde_json::{Value as Json, json};

use super::GraphSim;
use super::directory::Directory;
use super::odata::id;

/// Somebody who signed in.
#[derive(Debug)]
pub struct Session {
    user: String,
    opened: String,
}

impl GraphSim {
    /// Signs a user in; nothing if they are not let in.
    pub fn sign_in(&self, name: &str, password: &str) -> Option<Session> {
        let world = self.world();
        let user = world.now.named(name).filter(|user| user["accountEnabled"] == true)?;
        (user["passwordProfile"]["password"] == password)
            .then(|| Session { user: id(user).to_owned(), opened: world.now.time() })
    }

    /// Whether a session still lets its owner in.
    pub fn is_open(&self, session: &Session) -> bool {
        let world = self.world();
        world.now.users.get(&session.user).is_some_and(|user| {
            let from = user["signInSessionsValidFromDateTime"].as_str().unwrap_or_default();
            user["accountEnabled"] == true && from <= session.opened.as_str()
        })
    }

    /// Gives a user a licence, perhaps by way of a group.
    pub fn license(&self, name: &str, sku: &str, by_group: Option<&str>) {
        let mut world = self.world();
        let user = world.now.id_of(name);
        let state = json!({ "skuId": sku, "assignedByGroup": by_group, "state": "Active", "error": "None" });
        if let Some(states) =
            world.now.users.get_mut(&user).and_then(|user| user["licenseAssignmentStates"].as_array_mut())
        {
            states.push(state);
        }
    }

    /// Lets a user allow an application to act in their name.
    pub fn consent(&self, name: &str, application: &str) {
        let grant = json!({ "clientId": application, "consentType": "Principal", "scope": "Mail.Read" });
        self.world().now.hang("oauth2PermissionGrants", name, grant);
    }

    /// Gives a user a key to sign in with.
    pub fn add_key(&self, name: &str, key: &str) {
        let key = json!({ "displayName": key, "createdDateTime": "2026-01-01T00:00:00Z", "model": "a key" });
        self.world().now.hang("fido2Methods", name, key);
    }

    /// Makes a user the owner of something.
    pub fn own(&self, name: &str, thing: &str) {
        self.world().now.hang("ownedObjects", name, json!({ "displayName": thing }));
    }

    /// What of a kind hangs on a user.
    pub fn hung(&self, kind: &str, name: &str) -> Vec<Json> {
        let world = self.world();
        let user = world.now.id_of(name);
        world.now.hanging(kind, &user).cloned().collect()
    }
}

impl Directory {
    pub(super) fn id_of(&self, name: &str) -> String {
        self.named(name).map(id).unwrap_or_default().to_owned()
    }

    pub(super) fn group_named(&self, name: &str) -> String {
        let found = self.groups.values().find(|group| group["displayName"] == name);
        found.map(id).unwrap_or_default().to_owned()
    }

    pub(super) fn groups_of(&self, name: &str) -> Vec<String> {
        let user = self.id_of(name);
        let names = self.memberships(&user).filter_map(|group| group["displayName"].as_str());
        names.map(str::to_owned).collect()
    }

    pub(super) fn memberships(&self, user: &str) -> impl Iterator<Item = &Json> {
        let of =
            self.groups.iter().filter(move |(group, _)| self.members.contains(&((*group).clone(), user.to_owned())));
        of.map(|(_, group)| group)
    }

    pub(super) fn hanging(&self, kind: &str, user: &str) -> impl Iterator<Item = &Json> {
        self.hung.iter().filter(move |(known, owner, _)| *known == kind && owner == user).map(|(_, _, one)| one)
    }
}
