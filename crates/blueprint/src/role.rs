//! A bundle of access: `kind: Role`.

use tenure_policy::{Birthright, Role, RoleGrant};

use crate::document::Document;
use crate::fields::{Fields, Notes, text};
use crate::limits::{DAYS_MAX, GRANTS_PER_ROLE_MAX};
use crate::problem::{Code, Place};
use crate::tree::Node;

/// A role, and where it names connections.
#[derive(Debug, Clone)]
pub(crate) struct PlacedRole {
    pub(crate) role: Role,
    pub(crate) grants: Vec<Place>,
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedRole> {
    let fields = Fields::of("spec", document.spec, &["birthright", "grants"], notes)?;
    let birthright = fields.get("birthright").and_then(|found| birthright(found, notes));
    fields.need("grants", notes);
    let items = fields.list("grants", notes);
    if items.len() > GRANTS_PER_ROLE_MAX {
        let reason = format!("the role gives {} things, the limit is {GRANTS_PER_ROLE_MAX}", items.len());
        notes.add(document.place, Code::TooLarge, reason, "split it into several roles");
    }
    if document.owner.is_none() {
        notes.add(document.place, Code::MissingKey, "the role has no owner", "add `owner: …` to `metadata`");
    }
    let mut grants = Vec::new();
    let mut places = Vec::new();
    for item in items {
        if let Some(grant) = grant(item, notes) {
            grants.push(grant);
            places.push(item.place);
        }
    }
    let (name, title) = (document.name.clone(), document.title.clone());
    let role = Role { name, title, owner: document.owner.clone()?, birthright, grants };
    Some(PlacedRole { role, grants: places })
}

fn birthright(node: &Node, notes: &mut Notes<'_>) -> Option<Birthright> {
    let fields = Fields::of("birthright", node, &["when", "from", "grace"], notes)?;
    fields.need("when", notes);
    let when = fields.expression("when", notes);
    let lead = fields.get("from").map_or(Some(0), |found| lead_days(found, notes));
    let grace = fields.get("grace").map_or(Some(0), |found| grace_days(found, notes));
    Some(Birthright { when: when?, lead_days: lead?, grace_days: grace? })
}

fn grant(node: &Node, notes: &mut Notes<'_>) -> Option<RoleGrant> {
    let fields = Fields::of("grants", node, &["connection", "entitlement", "when"], notes)?;
    let connection = fields.name("connection", notes);
    let entitlement = fields.text("entitlement", notes).map(ToOwned::to_owned);
    let when = fields.get("when").is_some().then(|| fields.expression("when", notes));
    // A condition that cannot be read must not turn into no condition.
    let when = match when {
        Some(read) => Some(read?),
        None => None,
    };
    Some(RoleGrant { connection: connection?, entitlement: entitlement?, when })
}

/// `person.firstDay`, or some days before it.
fn lead_days(node: &Node, notes: &mut Notes<'_>) -> Option<u16> {
    let said = text("from", node, notes)?;
    let rest = said.trim().strip_prefix("person.firstDay").map(str::trim);
    let days = match rest {
        Some("") => Some(0),
        Some(rest) => rest.strip_prefix('-').and_then(|span| days(span.trim())),
        None => None,
    };
    if days.is_none() {
        let hint = "write `person.firstDay`, or days before it, such as `person.firstDay - 3d`";
        notes.add(node.place, Code::BadValue, "`from` is not a day that is known", hint);
    }
    days
}

fn grace_days(node: &Node, notes: &mut Notes<'_>) -> Option<u16> {
    let found = days(text("grace", node, notes)?);
    if found.is_none() {
        let hint = format!("write days, such as `14d`, up to {DAYS_MAX}");
        notes.add(node.place, Code::BadValue, "`grace` is not a number of days", hint);
    }
    found
}

fn days(span: &str) -> Option<u16> {
    let number = span.strip_suffix('d')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|days| digits && *days <= DAYS_MAX)
}
