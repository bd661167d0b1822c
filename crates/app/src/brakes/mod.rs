//! The brakes at work: what must be known besides a set, what is let go, and what waits for a human.

mod background;
pub mod decide;
pub mod list;
pub(crate) mod reserve;
pub mod show;
pub mod starts;

pub(crate) use background::background;

use jiff::ToSpan as _;
use serde_json::json;
use tenure_ledger::Word;
use tenure_model::{Actor, HeldId, NoticeKind, PlanId, new_id};
use tenure_policy::brakes::Brake;
use tenure_store::removals::{self, HeldSet, HeldState, Removal};
use tenure_store::{StoreError, Tx, notices};

use crate::cx::House;
use crate::limits::LET_GO_GOOD_HOURS;
use crate::{notices::write, record};

/// Opens the set of a brake, or finds the one that is open, and tells of it once.
pub(crate) async fn hold(
    house: &House,
    tx: &mut Tx,
    brake: &Brake,
    plan: Option<PlanId>,
    asked_by: &Actor,
) -> Result<HeldId, StoreError> {
    let family = brake.family();
    let set = HeldSet {
        id: new_id(house.ids.as_ref()),
        family: family.to_owned(),
        brake: json!(brake).to_string(),
        plan,
        asked_by: asked_by.name.clone(),
        opened_at: house.clock.now(),
        state: HeldState::Open,
        yes_needed: yes_needed(brake),
        closed_at: None,
    };
    // Whatever an event trips joins the set that is open; each plan has sets of its own.
    let open_as = plan.map_or_else(|| brake.waits_as(), |plan| format!("{family}/{plan}"));
    let (id, new) = removals::open_set(tx, &set, &open_as).await?;
    if !new {
        return Ok(id);
    }
    let data = [
        ("held".to_owned(), id.to_string()),
        ("brake".to_owned(), family.to_owned()),
        ("because".to_owned(), brake.sentence()),
    ];
    for notice in write::of(house, NoticeKind::HeldOpened, data.into(), None) {
        notices::insert(tx, &notice).await?;
    }
    let mut entry = record::entry(house.clock.as_ref(), asked_by, "held.opened").about(id);
    entry.decision = Some(Word::or_hash(family));
    record::write(tx, house.ids.as_ref(), &entry).await?;
    tracing::warn!(held = %id, brake = family, "a brake holds until people say yes");
    Ok(id)
}

/// How many different people must say yes. What takes access away needs two.
fn yes_needed(brake: &Brake) -> u16 {
    match brake {
        Brake::Protected { .. } | Brake::LastAdmin { .. } | Brake::TooMany { .. } => 2,
        Brake::Feed { .. } | Brake::Starts { .. } => 1,
    }
}

/// A removal as a row: held by a set, or let go.
pub(crate) fn row(house: &House, removal: &tenure_policy::brakes::Removal, fate: Fate<'_>) -> Removal {
    let now = house.clock.now();
    let (held, let_at, good_until, taken_by) = match fate {
        Fate::Held(set) => (Some(set), None, None, None),
        Fate::Taken(step) => (None, Some(now), None, Some(step.to_owned())),
        Fate::Let => (None, Some(now), now.checked_add(LET_GO_GOOD_HOURS.hours()).ok(), None),
    };
    Removal {
        id: new_id(house.ids.as_ref()),
        person: removal.person,
        connection: removal.connection.clone(),
        kind: removal.kind.word().to_owned(),
        account: removal.account,
        what: removal.what.clone(),
        privileged: removal.privileged,
        urgent: removal.urgent,
        at: now,
        held,
        let_at,
        good_until,
        taken_by,
    }
}

/// What becomes of a removal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate<'a> {
    /// A set holds it.
    Held(HeldId),
    /// This step does it.
    Taken(&'a str),
    /// Whoever comes first may do it.
    Let,
}

/// Whether a row and a removal speak of the same thing.
pub(crate) fn same(row: &Removal, removal: &tenure_policy::brakes::Removal) -> bool {
    row.person == removal.person
        && row.connection == removal.connection
        && row.kind == removal.kind.word()
        && row.account == removal.account
        && row.what == removal.what
}
