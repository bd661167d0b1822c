//! Sets: a workflow that is started for many people at once, who are described or named.
//!
//! First it is looked who they are, for whom it can begin, and for whom not and why; that starts
//! nothing. Whoever has seen how many they are says so and starts it. Both are durable runs that go
//! through the set a page at a time, so that a crash costs a page and no set is too large for the
//! memory. Each person is begun once, however often a page is tried. See `docs/decisions/0033`.

pub mod cancel;
pub(crate) mod judge;
pub mod list;
pub(crate) mod look;
pub mod make;
pub mod people;
pub mod show;
pub mod start;

use serde_json::json;
use tenure_engine::journal::{Definition, Letter};
use tenure_model::SetId;
use tenure_store::sets::{self, SetRow, SetState};
use tenure_store::{StoreError, Tx};

use crate::cx::House;
use crate::error::AppError;
use crate::runs::alone;

/// The graph that looks who is in a set.
pub(crate) fn looking() -> Definition {
    alone::one_step("set-look", "set/look")
}

/// The graph that starts a set.
pub(crate) fn starting() -> Definition {
    alone::one_step("set-start", "set/start")
}

/// The letter that begins the part of this number.
pub(crate) fn letter(house: &House, set: SetId, definition: Definition, part: u64) -> Letter {
    let run = alone::named(&format!("{set}/{}/{part}", definition.name));
    alone::letter(run, definition, json!({ "set": set, "part": part }), "set", house.clock.now())
}

/// Writes that a set cannot go on, and why.
pub(crate) async fn fail(tx: &mut Tx, id: SetId, note: &str) -> Result<(), StoreError> {
    let Some(set) = sets::get(tx, id).await? else { return Ok(()) };
    if !matches!(set.state, SetState::Looking | SetState::Starting) {
        return Ok(());
    }
    let version = set.version + 1;
    sets::update(tx, &SetRow { state: SetState::Failed, note: Some(note.to_owned()), version, ..set }).await
}

async fn get(tx: &mut Tx, id: SetId) -> Result<SetRow, AppError> {
    sets::get(tx, id).await?.ok_or_else(|| AppError::no("set", id))
}
