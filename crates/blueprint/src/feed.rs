//! How a source is read: `feed` of a `kind: Connection`.

use serde::Serialize;
use tenure_model::{IdentityKind, Zone};
use tenure_policy::feed::Columns;

use crate::connection::Direction;
use crate::fields::{Fields, Notes, text};
use crate::problem::Code;
use crate::shape;
use crate::tree::Node;

/// How a source is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    /// Every so many minutes; only when somebody asks if none.
    pub every_minutes: Option<u32>,
    /// Which columns speak of the engagement.
    pub columns: Columns,
    /// Whether somebody who is not in a whole reading any more is left as they are.
    pub keeps_absent: bool,
}

/// The longest pause between two readings, in minutes.
const EVERY_MINUTES_MAX: u32 = 31 * 24 * 60;

/// Reads the section, or notes why it cannot be read.
pub(crate) fn read(node: &Node, direction: Option<Direction>, notes: &mut Notes<'_>) -> Option<Feed> {
    let fields = Fields::declared("feed", node, shape::FEED, notes)?;
    if direction == Some(Direction::Target) {
        let reason = "`feed` says how a source is read, and this connection is a target";
        notes.add(node.place, Code::BadValue, reason, "write `direction: both`, or leave `feed` out");
    }
    let mut column = |key| fields.get(key).and_then(|found| text(key, found, notes)).map(ToOwned::to_owned);
    let columns = Columns {
        first_day: column("firstDay"),
        last_day: column("lastDay"),
        leave_from: column("leaveFrom"),
        leave_until: column("leaveUntil"),
        kind: column("kind"),
        zone: column("zone"),
        engagement: column("engagement"),
        ..Columns::default()
    };
    let kinds = IdentityKind::ALL.map(IdentityKind::word);
    let kind_usual = fields.word("usualKind", &kinds, IdentityKind::from_word, notes);
    let zone_usual = fields.get("usualZone").and_then(|found| zone(found, notes));
    let absent = fields.word(
        "absent",
        &["end", "keep"],
        |word| Some(word == "keep").filter(|keep| *keep || word == "end"),
        notes,
    );
    let every_minutes = fields.get("every").and_then(|found| minutes(found, notes));
    Some(Feed {
        every_minutes,
        columns: Columns {
            kind_usual: kind_usual.unwrap_or(columns.kind_usual),
            zone_usual: zone_usual.unwrap_or_else(|| columns.zone_usual.clone()),
            ..columns
        },
        keeps_absent: absent.unwrap_or(false),
    })
}

fn zone(node: &Node, notes: &mut Notes<'_>) -> Option<Zone> {
    let zone = text("usualZone", node, notes)?.parse::<Zone>();
    zone.map_err(|error| {
        let said = error.to_string();
        let (reason, hint) = said.split_once("; ").unwrap_or((&said, "use an IANA name such as `Europe/Berlin`"));
        notes.add(node.place, Code::BadValue, reason, hint);
    })
    .ok()
}

/// A time such as `15m`, `6h` or `1d`, in minutes.
fn minutes(node: &Node, notes: &mut Notes<'_>) -> Option<u32> {
    let words = text("every", node, notes)?;
    let units = [("m", 1), ("h", 60), ("d", 24 * 60)];
    let read =
        |(unit, minutes): (&str, u32)| words.strip_suffix(unit)?.trim().parse::<u32>().ok()?.checked_mul(minutes);
    let found = units.into_iter().find_map(read).filter(|minutes| (1..=EVERY_MINUTES_MAX).contains(minutes));
    if found.is_none() {
        let reason = format!("`every` cannot be `{words}`");
        notes.add(node.place, Code::BadValue, reason, "write a time of at most 31 days, such as `15m`, `6h` or `1d`");
    }
    found
}
