//! The mailboxes and calendars of the simulated tenant, and who reports to whom.

use serde_json::{Value as Json, json};

use super::GraphSim;
use super::directory::Directory;
use super::odata::{Type, id};
use super::problem::{Answered, Problem};

pub(super) const RULE: Type = Type {
    name: "messageRule",
    properties: &["id", "displayName", "sequence", "isEnabled", "actions"],
    usual: &["id", "displayName", "sequence", "isEnabled", "actions"],
    filtered: &[],
};

pub(super) const PERMISSION: Type = Type {
    name: "calendarPermission",
    properties: &["id", "emailAddress", "role", "isRemovable"],
    usual: &["id", "emailAddress", "role", "isRemovable"],
    filtered: &[],
};

impl Directory {
    /// The settings of somebody's mailbox.
    pub(super) fn mailbox(&self, key: &str) -> Answered<Json> {
        let user = id(self.user(key)?);
        let usual = || json!({ "status": "disabled", "externalAudience": "none", "internalReplyMessage": "", "externalReplyMessage": "" });
        let replies = self.replies.get(user).cloned().unwrap_or_else(usual);
        Ok(json!({ "automaticRepliesSetting": replies }))
    }

    /// Sets what a mailbox answers by itself; Outlook keeps messages as HTML.
    pub(super) fn answer_by_itself(&mut self, key: &str, body: &Json) -> Answered<Json> {
        let user = id(self.user(key)?).to_owned();
        let mut replies = self.mailbox(key)?["automaticRepliesSetting"].clone();
        for (name, value) in body["automaticRepliesSetting"].as_object().into_iter().flatten() {
            let text = value.as_str().filter(|text| name.ends_with("Message") && !text.is_empty());
            let html = text.filter(|text| !text.starts_with("<html>"));
            replies[name] =
                html.map_or_else(|| value.clone(), |text| format!("<html>\n<body>\n{text}\n</body>\n</html>\n").into());
        }
        self.replies.insert(user, replies);
        self.mailbox(key)
    }

    /// A rule of somebody's inbox.
    pub(super) fn make_rule(&mut self, key: &str, body: &Json) -> Answered<Json> {
        if body["displayName"].as_str().is_none_or(str::is_empty) || body["sequence"].as_i64().is_none_or(|at| at < 1) {
            return Err(Problem::bad("The rule has no name, or no place among others."));
        }
        let user = id(self.user(key)?).to_owned();
        Ok(self.hang_on("messageRules", user, body.clone()))
    }

    /// Lets somebody into a calendar.
    pub(super) fn share_calendar(&mut self, key: &str, body: &Json) -> Answered<Json> {
        let user = id(self.user(key)?).to_owned();
        if body["emailAddress"]["address"].as_str().is_none_or(|address| !address.contains('@')) {
            return Err(Problem::bad("The address of the one to let in is not one."));
        }
        let mut permission = body.clone();
        permission["isRemovable"] = true.into();
        Ok(self.hang_on("calendarPermissions", user, permission))
    }

    /// Everybody whose manager somebody is.
    pub(super) fn reports(&self, key: &str) -> Answered<impl Iterator<Item = &Json>> {
        let of = id(self.user(key)?).to_owned();
        Ok(self
            .managers
            .iter()
            .filter(move |(_, manager)| **manager == of)
            .filter_map(|(user, _)| self.users.get(user)))
    }

    /// Gives somebody another manager.
    pub(super) fn manage(&mut self, key: &str, reference: &Json) -> Answered<()> {
        let place = reference["@odata.id"].as_str().and_then(|place| place.rsplit_once("/users/"));
        let (_, manager) = place.ok_or_else(|| Problem::bad("Invalid URL format specified in @odata.id."))?;
        let (user, manager) = (id(self.user(key)?).to_owned(), id(self.user(manager)?).to_owned());
        self.managers.insert(user, manager);
        Ok(())
    }
}

impl GraphSim {
    /// Makes somebody the manager of somebody else.
    pub fn report(&self, name: &str, manager: &str) {
        let mut world = self.world();
        let (user, manager) = (world.now.id_of(name), world.now.id_of(manager));
        world.now.managers.insert(user, manager);
    }

    /// Gives somebody another address, by which they are shown everywhere from then on.
    pub fn is_renamed(&self, name: &str, address: &str) {
        let mut world = self.world();
        let user = world.now.id_of(name);
        if let Some(user) = world.now.users.get_mut(&user) {
            user["mail"] = address.into();
        }
        for (_, _, hung) in &mut world.now.hung {
            if hung["emailAddress"]["address"] == name {
                hung["emailAddress"]["address"] = address.into();
            }
        }
    }

    /// Makes somebody a guest, whose mailbox is elsewhere.
    pub fn is_guest(&self, name: &str) {
        let mut world = self.world();
        let user = world.now.id_of(name);
        if let Some(user) = world.now.users.get_mut(&user) {
            user["userType"] = "Guest".into();
        }
    }

    /// What somebody's mailbox answers by itself; nothing where it does not.
    pub fn answers(&self, name: &str) -> Option<String> {
        let settings = self.world().now.mailbox(name).ok()?;
        let replies = &settings["automaticRepliesSetting"];
        (replies["status"] != "disabled")
            .then(|| replies["internalReplyMessage"].as_str().unwrap_or_default().to_owned())
    }

    /// The names of those who report to somebody.
    pub fn reports_of(&self, name: &str) -> Vec<String> {
        let world = self.world();
        let names = world.now.reports(name).map(|found| found.map(|user| user["displayName"].to_string()).collect());
        names.unwrap_or_default()
    }
}
