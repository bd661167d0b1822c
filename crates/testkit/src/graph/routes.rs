//! What can be asked and written, by path.

use serde_json::{Value as Json, json};

use super::directory::Directory;
use super::mailbox::{PERMISSION, RULE};
use super::moments;
use super::odata::{Asked, Type, id};
use super::problem::{Answered, Problem};

const USER: Type = Type {
    name: "user",
    properties: &[
        "id",
        "accountEnabled",
        "displayName",
        "mailNickname",
        "userPrincipalName",
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
        "mail",
        "userType",
        "createdDateTime",
        "deletedDateTime",
        "onPremisesSyncEnabled",
        "signInSessionsValidFromDateTime",
        "licenseAssignmentStates",
    ],
    usual: &[
        "id",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
    ],
    filtered: &["id", "userPrincipalName", "employeeId", "mail", "displayName", "department", "jobTitle"],
};

const GROUP: Type = Type {
    name: "group",
    properties: &["id", "displayName", "groupTypes", "onPremisesSyncEnabled", "description"],
    usual: &["id", "displayName", "groupTypes", "onPremisesSyncEnabled", "description"],
    filtered: &["displayName"],
};

/// Whatever else there is, with everything on it.
const THING: Type = Type {
    name: "thing",
    properties: &["id", "displayName", "createdDateTime", "model", "clientId", "consentType", "scope"],
    usual: &["id", "displayName", "createdDateTime", "model", "clientId", "consentType", "scope"],
    filtered: &[],
};

/// What hangs on users: the path below the user, and what it is called.
const HUNG: [(&str, &str); 3] = [
    ("oauth2PermissionGrants", "oauth2PermissionGrants"),
    ("authentication/fido2Methods", "fido2Methods"),
    ("ownedObjects", "ownedObjects"),
];

/// Answers what changes nothing.
pub(super) fn read(directory: &Directory, asked: &Asked) -> Answered<Json> {
    match asked.path().as_slice() {
        ["users"] => asked.page(directory.users.values(), &USER),
        ["users", "delta"] => moments::changes(directory, asked, &USER),
        ["users", key] => asked.shown(directory.user(key)?, &USER),
        ["users", key, "memberOf"] => asked.page(directory.memberships(id(directory.user(key)?)), &GROUP),
        ["users", key, "mailboxSettings"] => directory.mailbox(key),
        ["users", key, "mailFolders", "inbox", "messageRules"] => {
            asked.page(directory.hanging("messageRules", id(directory.user(key)?)), &RULE)
        }
        ["users", key, "calendar", "calendarPermissions"] => {
            asked.page(directory.hanging("calendarPermissions", id(directory.user(key)?)), &PERMISSION)
        }
        ["users", key, "directReports"] => asked.page(directory.reports(key)?, &USER),
        ["users", key, rest @ ..] => {
            let user = id(directory.user(key)?);
            let path = rest.join("/");
            let (_, kind) = HUNG.into_iter().find(|(known, _)| *known == path).ok_or_else(|| no_segment(&path))?;
            asked.page(directory.hanging(kind, user), &THING)
        }
        ["groups"] => asked.page(directory.groups.values(), &GROUP),
        ["groups", key] => asked.shown(directory.group(key)?, &GROUP),
        ["directory", "deletedItems", "microsoft.graph.user"] => asked.page(directory.deleted.values(), &USER),
        ["directory", "deletedItems", key] => {
            asked.shown(directory.deleted.get(*key).ok_or_else(|| Problem::not_there(key))?, &USER)
        }
        other => Err(no_segment(&other.join("/"))),
    }
}

/// Does what changes something; the status and what is said of it.
pub(super) fn write(directory: &mut Directory, method: &str, asked: &Asked, body: &Json) -> Answered<(u16, Json)> {
    let nothing = |()| (204, Json::Null);
    match (method, asked.path().as_slice()) {
        ("POST", ["users"]) => directory.make_user(body).and_then(|user| Ok((201, asked.shown(&user, &USER)?))),
        ("PATCH", ["users", key]) => directory.change_user(key, body).map(nothing),
        ("DELETE", ["users", key]) => directory.delete_user(key).map(nothing),
        ("POST", ["users", key, "revokeSignInSessions"]) => {
            directory.end_sessions(key).map(|()| (200, json!({ "value": true })))
        }
        ("POST", ["users", key, "assignLicense"]) => {
            directory.unlicense(key, body).and_then(|user| Ok((200, asked.shown(&user, &USER)?)))
        }
        ("DELETE", ["users", _, "authentication", "fido2Methods", key]) => {
            directory.unhang("fido2Methods", key).map(nothing)
        }
        ("PATCH", ["users", key, "mailboxSettings"]) => directory.answer_by_itself(key, body).map(|said| (200, said)),
        ("POST", ["users", key, "mailFolders", "inbox", "messageRules"]) => {
            directory.make_rule(key, body).map(|said| (201, said))
        }
        ("DELETE", ["users", _, "mailFolders", "inbox", "messageRules", key]) => {
            directory.unhang("messageRules", key).map(nothing)
        }
        ("POST", ["users", key, "calendar", "calendarPermissions"]) => {
            directory.share_calendar(key, body).map(|said| (201, said))
        }
        ("DELETE", ["users", _, "calendar", "calendarPermissions", key]) => {
            directory.unhang("calendarPermissions", key).map(nothing)
        }
        ("PUT", ["users", key, "manager", "$ref"]) => directory.manage(key, body).map(nothing),
        ("DELETE", ["oauth2PermissionGrants", key]) => directory.unhang("oauth2PermissionGrants", key).map(nothing),
        ("POST", ["groups", key, "members", "$ref"]) => directory.join(key, body).map(nothing),
        ("DELETE", ["groups", key, "members", user, "$ref"]) => directory.leave(key, user).map(nothing),
        ("POST", ["directory", "deletedItems", key, "restore"]) => {
            directory.restore(key).and_then(|user| Ok((200, asked.shown(&user, &USER)?)))
        }
        (_, other) => Err(no_segment(&other.join("/"))),
    }
}

fn no_segment(path: &str) -> Problem {
    Problem::bad(format!("Resource not found for the segment '{path}'."))
}
