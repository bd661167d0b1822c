//! What needs a human first: `kind: Brake`.
//!
//! Brakes are on without any document. A bound with the name of one that is there by itself (`usual`,
//! `urgent`, `privileged`) takes its place; every other one holds beside them.

use tenure_model::ConnectionName;
use tenure_policy::brakes::{Admin, Bound, Kind, Limits, Window};

use crate::document::Document;
use crate::fields::{Fields, Notes, text, word};
use crate::limits::{BRAKE_HOURS_MAX, BRAKE_PEOPLE_MAX};
use crate::problem::Code;
use crate::tree::{Node, Tree};

/// Adds what the document says, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, limits: &mut Limits, notes: &mut Notes<'_>) {
    let keys = ["bounds", "protected", "administers", "privileged"];
    let Some(fields) = Fields::of("spec", document.spec, &keys, notes) else { return };
    for item in fields.list("bounds", notes) {
        if let Some(bound) = bound(item, notes) {
            limits.bounds.retain(|known| known.name != bound.name);
            limits.bounds.push(bound);
        }
    }
    for item in fields.list("administers", notes) {
        limits.admins.extend(held(item, notes).map(|(connection, entitlement)| Admin { connection, entitlement }));
    }
    for item in fields.list("privileged", notes) {
        limits.privileged.extend(held(item, notes));
    }
    if let Some(node) = fields.get("protected") {
        protected(node, limits, notes);
    }
}

fn protected(node: &Node, limits: &mut Limits, notes: &mut Notes<'_>) {
    let Some(fields) = Fields::of("protected", node, &["people", "accounts", "because"], notes) else { return };
    let Some(because) = fields.text("because", notes) else { return };
    for item in fields.list("people", notes) {
        if let Some(name) = text("people", item, notes) {
            limits.protected.person(name, because);
        }
    }
    for item in fields.list("accounts", notes) {
        let Some(fields) = Fields::of("accounts", item, &["connection", "account"], notes) else { continue };
        if let (Some(connection), Some(account)) = (fields.name("connection", notes), fields.text("account", notes)) {
            limits.protected.account(connection, account, because);
        }
    }
}

/// An entitlement of a connection, by the name that documents use.
fn held(node: &Node, notes: &mut Notes<'_>) -> Option<(ConnectionName, String)> {
    let fields = Fields::of("the item", node, &["connection", "entitlement"], notes)?;
    let connection = fields.name("connection", notes);
    Some((connection?, fields.text("entitlement", notes)?.to_owned()))
}

fn bound(node: &Node, notes: &mut Notes<'_>) -> Option<Bound> {
    let keys = ["name", "connection", "losing", "what", "privileged", "urgent", "windows"];
    let fields = Fields::of("bounds", node, &keys, notes)?;
    let name = fields.text("name", notes)?.to_owned();
    let connection = match fields.get("connection") {
        Some(_) => Some(fields.name("connection", notes)?),
        None => None,
    };
    let kind = match fields.get("losing") {
        Some(found) => Some(word("losing", found, &Kind::ALL.map(Kind::word), Kind::from_word, notes)?),
        None => None,
    };
    let what = match fields.get("what") {
        Some(found) => Some(text("what", found, notes)?.to_owned()),
        None => None,
    };
    let mut flag = |key: &str| match fields.get(key).map(|found| (&found.tree, found.place)) {
        None => Some(false),
        Some((Tree::Flag(flag), _)) => Some(*flag),
        Some((_, place)) => {
            notes.add(place, Code::WrongType, format!("`{key}` is not yes or no"), "write `true` or `false`");
            None
        }
    };
    let (privileged, urgent) = (flag("privileged")?, flag("urgent")?);
    fields.need("windows", notes)?;
    let items = fields.list("windows", notes);
    let windows: Vec<Window> = items.iter().filter_map(|item| window(item, notes)).collect();
    // A window that cannot be read must not turn into no window.
    (windows.len() == items.len() && !windows.is_empty()).then_some(Bound {
        name,
        connection,
        kind,
        what,
        privileged,
        urgent,
        windows,
    })
}

fn window(node: &Node, notes: &mut Notes<'_>) -> Option<Window> {
    let fields = Fields::of("windows", node, &["within", "people", "share"], notes)?;
    let within = fields.need("within", notes)?;
    let span = text("within", within, notes)?;
    let hours = hours(span);
    if hours.is_none() {
        let hint = format!("write hours or days, such as `24h` or `30d`, up to {BRAKE_HOURS_MAX} hours");
        notes.add(within.place, Code::BadValue, "`within` is not a span of time", hint);
    }
    let people = fields.need("people", notes)?;
    let number = match people.tree {
        Tree::Number(number) => u64::try_from(number).ok().filter(|number| *number <= BRAKE_PEOPLE_MAX),
        Tree::Null | Tree::Flag(_) | Tree::Fraction(_) | Tree::Text(_) | Tree::List(_) | Tree::Map(_) => None,
    };
    if number.is_none() {
        let hint = format!("write a whole number up to {BRAKE_PEOPLE_MAX}");
        notes.add(people.place, Code::BadValue, "`people` is not a number of people", hint);
    }
    let share = match fields.get("share") {
        None => Some(0),
        Some(found) => crate::connection::share("share", found, notes),
    };
    Some(Window { hours: hours?, people: number?, share: share? })
}

fn hours(span: &str) -> Option<u32> {
    let (number, per) = match (span.strip_suffix('h'), span.strip_suffix('d')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 24),
        (None, None) => return None,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let hours = number.parse::<u32>().ok().filter(|_| digits)?.checked_mul(per)?;
    (1..=BRAKE_HOURS_MAX).contains(&hours).then_some(hours)
}
