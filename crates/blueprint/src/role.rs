//! A bundle of access: `kind: Role`.

use tenure_model::Name;
use tenure_policy::{Birthright, Day, EntitlementPattern, Requestable, Risk, Role, RoleGrant};

use crate::document::Document;
use crate::fields::{Fields, Notes, days, expression, name_of, text, word};
use crate::limits::{DAYS_MAX, GRANTS_PER_ROLE_MAX, INCLUDES_MAX};
use crate::problem::{Code, Place};
use crate::shape;
use crate::tree::Node;

/// A role, and where it names others.
#[derive(Debug, Clone)]
pub(crate) struct PlacedRole {
    pub(crate) role: Role,
    pub(crate) place: Place,
    pub(crate) grants: Vec<Place>,
    pub(crate) includes: Vec<Place>,
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedRole> {
    let fields = Fields::declared("spec", document.spec, shape::ROLE, notes)?;
    // Everything is read before anything is given up, so that all that is wrong is told at once.
    let birthright = if_there(fields.get("birthright"), |found| birthright(found, notes));
    let requestable = if_there(fields.get("requestable"), |found| requestable(found, notes));
    let words = Risk::ALL.map(Risk::word);
    let risk = if_there(fields.get("risk"), |found| word("risk", found, &words, Risk::from_word, notes));
    let review_days = if_there(fields.get("review"), |found| review_days(found, notes));
    let owner = document.need_owner(notes);
    if fields.get("grants").is_none() && fields.get("includes").is_none() {
        notes.add(fields.place, Code::MissingKey, "`grants` is missing", "add `grants: …`, or `includes: …`");
    }
    let (includes, included_at) = includes(document, &fields, notes);
    let (grants, granted_at) = grants(document, &fields, notes);
    let role = Role {
        name: document.name.clone(),
        title: document.title.clone(),
        owner: owner?,
        birthright: birthright.ok()?,
        requestable: requestable.ok()?,
        includes,
        grants,
        risk: risk.ok()?.unwrap_or_default(),
        review_days: review_days.ok()?,
    };
    Some(PlacedRole { role, place: document.place, grants: granted_at, includes: included_at })
}

/// It is there and cannot be read, which must not turn into its being left out.
struct Unreadable;

fn if_there<T>(node: Option<&Node>, read: impl FnOnce(&Node) -> Option<T>) -> Result<Option<T>, Unreadable> {
    node.map(|found| read(found).ok_or(Unreadable)).transpose()
}

fn includes(document: &Document<'_>, fields: &Fields<'_>, notes: &mut Notes<'_>) -> (Vec<Name>, Vec<Place>) {
    let items = fields.list("includes", notes);
    if items.len() > INCLUDES_MAX {
        let reason = format!("the role has {} roles inside it, the limit is {INCLUDES_MAX}", items.len());
        notes.add(document.place, Code::TooLarge, reason, "put some of them into a role between");
    }
    let read = items.iter().filter_map(|item| Some((name_of("includes", item, notes)?, item.place)));
    read.collect::<Vec<_>>().into_iter().unzip()
}

fn grants(document: &Document<'_>, fields: &Fields<'_>, notes: &mut Notes<'_>) -> (Vec<RoleGrant>, Vec<Place>) {
    let items = fields.list("grants", notes);
    if items.len() > GRANTS_PER_ROLE_MAX {
        let reason = format!("the role gives {} things, the limit is {GRANTS_PER_ROLE_MAX}", items.len());
        notes.add(document.place, Code::TooLarge, reason, "split it into several roles");
    }
    let read: Vec<_> = items.iter().filter_map(|item| Some((grant(item, notes)?, item.place))).collect();
    read.into_iter().unzip()
}

fn birthright(node: &Node, notes: &mut Notes<'_>) -> Option<Birthright> {
    let fields = Fields::declared("birthright", node, shape::BIRTHRIGHT, notes)?;
    let when = fields.expression("when", notes);
    let except = if_there(fields.get("except"), |found| expression("except", found, notes));
    let from = fields.get("from").map_or(Some(Day::FIRST), |found| day("from", found, notes));
    let until = fields.get("until").map_or(Some(Day::LAST), |found| day("until", found, notes));
    let grace = fields.get("grace").map_or(Some(0), |found| days("grace", found, DAYS_MAX, notes));
    let (from, until) = (from?, until?);
    if from.edge == until.edge && until.days < from.days {
        let place = fields.get("until").map_or(fields.place, |found| found.place);
        let reason = format!("it would end with `{until}`, before it begins with `{from}`");
        notes.add(place, Code::BadValue, reason, "let `until` come after `from`");
        return None;
    }
    Some(Birthright { when: when?, except: except.ok()?, from, until, grace_days: grace? })
}

fn requestable(node: &Node, notes: &mut Notes<'_>) -> Option<Requestable> {
    let fields = Fields::declared("requestable", node, shape::REQUESTABLE, notes)?;
    let approval = fields.get("approval").and_then(|found| text("approval", found, notes)).map(ToOwned::to_owned);
    let days_max = if_there(fields.get("maxTime"), |found| days("maxTime", found, DAYS_MAX, notes));
    Some(Requestable { approval: approval?, days_max: days_max.ok()? })
}

fn grant(node: &Node, notes: &mut Notes<'_>) -> Option<RoleGrant> {
    let fields = Fields::declared("grants", node, shape::GRANT, notes)?;
    let connection = fields.get("connection").and_then(|found| name_of("connection", found, notes));
    let entitlement = fields.get("entitlement").and_then(|found| entitlement(found, notes));
    let when = if_there(fields.get("when"), |found| expression("when", found, notes));
    Some(RoleGrant { connection: connection?, entitlement: entitlement?, when: when.ok()? })
}

fn entitlement(node: &Node, notes: &mut Notes<'_>) -> Option<EntitlementPattern> {
    let read = text("entitlement", node, notes)?.parse::<EntitlementPattern>();
    read.map_err(|bad| {
        let reason = format!("`entitlement`: {} (character {})", bad.reason, bad.at);
        notes.add(node.place, Code::BadExpression, reason, bad.hint);
    })
    .ok()
}

fn day(key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<Day> {
    let read = text(key, node, notes)?.parse::<Day>();
    read.map_err(|error| {
        let said = error.to_string();
        let hint = said.split_once("; ").map_or("write `person.firstDay`", |(_, hint)| hint);
        notes.add(node.place, Code::BadValue, format!("`{key}` is not a day that is known"), hint);
    })
    .ok()
}

/// How many days lie between two looks: `90d`, or `every` and a number of days, weeks, months or
/// years.
fn review_days(node: &Node, notes: &mut Notes<'_>) -> Option<u16> {
    let said = text("review", node, notes)?.trim();
    let words: Vec<&str> = said.split_whitespace().collect();
    let unit = |unit: &str| match unit.trim_end_matches('s') {
        "day" => Some(1),
        "week" => Some(7),
        "month" => Some(30),
        "year" => Some(365),
        _ => None,
    };
    let found = match words.as_slice() {
        ["every", one] => unit(one),
        ["every", number, many] => number.parse::<u16>().ok().zip(unit(many)).and_then(|(n, days)| n.checked_mul(days)),
        [span] => tenure_policy::day::days(span),
        _ => None,
    };
    let found = found.filter(|days| (1..=3_660).contains(days));
    if found.is_none() {
        let hint = "write `every 6 months`, `every year` or a number of days such as `90d`";
        notes.add(node.place, Code::BadValue, "`review` is not a stretch of time", hint);
    }
    found
}
