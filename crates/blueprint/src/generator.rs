//! How names are made: `kind: Generator`.

use std::collections::BTreeSet;

use tenure_policy::Generator;
use tenure_policy::generate::Collision;
use tenure_policy::limits::GENERATED_NAME_CHARS_MAX;

use crate::authority::kinds;
use crate::document::Document;
use crate::fields::{Fields, Notes, expression, short, text};
use crate::limits::{GENERATOR_NAMES_MAX, QUARANTINE_DAYS_MAX, RESERVED_MAX};
use crate::mapping::is_attribute;
use crate::problem::Code;
use crate::tree::{Node, Tree};

const KEYS: [&str; 9] =
    ["attribute", "for", "names", "collision", "domain", "letters", "length", "reserved", "quarantine"];
/// The letters of a name if nothing is said: what every system takes.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789.-";
const LENGTH: (usize, usize) = (2, 20);

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<Generator> {
    let fields = Fields::of("spec", document.spec, &KEYS, notes)?;
    let attribute = fields.text("attribute", notes);
    if let (Some(name), Some(node)) = (attribute.filter(|name| !is_attribute(name)), fields.get("attribute")) {
        let reason = format!("`{}` cannot be the name of an attribute", short(name));
        notes.add(node.place, Code::BadValue, reason, "use letters and digits, such as `userName`");
    }
    let names = names(&fields, notes);
    let collision = match fields.get("collision") {
        None => Collision::parse("{name}{n}"),
        Some(found) => {
            let read = text("collision", found, notes).and_then(Collision::parse);
            if read.is_none() {
                let hint = "write both places once, such as `{name}{n}` or `{name}.{n}`";
                notes.add(found.place, Code::BadValue, "`collision` is not a pattern", hint);
            }
            read
        }
    };
    let domain = match fields.get("domain") {
        None => None,
        Some(found) => Some(domain(found, notes)?),
    };
    let letters = match fields.get("letters") {
        None => Some(LETTERS.to_owned()),
        Some(found) => letters(found, notes),
    };
    let length = fields.get("length").map_or(Some(LENGTH), |found| length(found, notes));
    let reserved = reserved(&fields, notes);
    let quarantine_days = fields.get("quarantine").map_or(Some(365), |found| days(found, notes));
    let (length_min, length_max) = length?;
    Some(Generator {
        name: document.name.clone(),
        title: document.title.clone(),
        owner: document.owner.clone(),
        attribute: attribute?.to_owned(),
        kinds: kinds("for", fields.get("for"), notes),
        names: names?,
        collision: collision?,
        domain,
        letters: letters?,
        length_min,
        length_max,
        reserved,
        quarantine_days: quarantine_days?,
    })
}

fn names(fields: &Fields<'_>, notes: &mut Notes<'_>) -> Option<Vec<tenure_policy::Expression>> {
    let node = fields.need("names", notes)?;
    let items = fields.list("names", notes);
    if items.is_empty() || items.len() > GENERATOR_NAMES_MAX {
        let hint = "write expressions, such as `- person.givenName + \".\" + person.familyName`";
        let reason = format!("`names` has {} items and needs 1 to {GENERATOR_NAMES_MAX}", items.len());
        notes.add(node.place, Code::BadValue, reason, hint);
        return None;
    }
    items.iter().map(|item| expression("names", item, notes)).collect()
}

fn domain(node: &Node, notes: &mut Notes<'_>) -> Option<String> {
    let said = text("domain", node, notes)?;
    let good = said.contains('.')
        && said.split('.').all(|part| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        });
    if !good {
        let reason = format!("`{}` is not a domain", short(said));
        notes.add(node.place, Code::BadValue, reason, "write it in small letters, such as `example.com`");
    }
    good.then(|| said.to_owned())
}

fn letters(node: &Node, notes: &mut Notes<'_>) -> Option<String> {
    let said = text("letters", node, notes)?;
    let good = said.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b'@');
    if !good {
        let hint = format!("write small letters, digits and signs one behind the other, such as `{LETTERS}`");
        notes.add(node.place, Code::BadValue, "`letters` holds something that no name should have", hint);
    }
    good.then(|| said.to_owned())
}

fn length(node: &Node, notes: &mut Notes<'_>) -> Option<(usize, usize)> {
    let fields = Fields::of("length", node, &["min", "max"], notes)?;
    let number = |key: &str, otherwise: usize| match fields.get(key).map(|found| &found.tree) {
        None => Some(otherwise),
        Some(Tree::Number(number)) => usize::try_from(*number).ok(),
        Some(_) => None,
    };
    let (min, max) = (number("min", LENGTH.0), number("max", LENGTH.1));
    let read =
        min.zip(max).filter(|(min, max)| 1 <= *min && *min <= *max && (3..=GENERATED_NAME_CHARS_MAX).contains(max));
    if read.is_none() {
        let hint = format!("write `{{ min: 2, max: 20 }}`, with at most {GENERATED_NAME_CHARS_MAX}");
        notes.add(node.place, Code::BadValue, "`length` is not a range that a name can have", hint);
    }
    read
}

fn reserved(fields: &Fields<'_>, notes: &mut Notes<'_>) -> BTreeSet<String> {
    let items = fields.list("reserved", notes);
    if items.len() > RESERVED_MAX {
        let reason = format!("`reserved` has {} names, the limit is {RESERVED_MAX}", items.len());
        notes.add(fields.place, Code::TooLarge, reason, "reserve fewer");
    }
    items.iter().take(RESERVED_MAX).filter_map(|item| text("reserved", item, notes)).map(str::to_lowercase).collect()
}

fn days(node: &Node, notes: &mut Notes<'_>) -> Option<u16> {
    let said = text("quarantine", node, notes)?;
    let number = said.strip_suffix('d').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let days = number.and_then(|number| number.parse().ok()).filter(|days| *days <= QUARANTINE_DAYS_MAX);
    if days.is_none() {
        let hint = format!("write days, such as `365d`, up to {QUARANTINE_DAYS_MAX}");
        notes.add(node.place, Code::BadValue, "`quarantine` is not a number of days", hint);
    }
    days
}
