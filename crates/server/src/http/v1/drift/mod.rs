//! What somebody else changed in connected systems, and how old what we know of them is.

pub(super) mod accept;
pub(super) mod gaps;
pub(super) mod list;
pub(super) mod orphans;
pub(super) mod reading;
pub(super) mod reconcile;
pub(super) mod restore;
pub(super) mod settle;
pub(super) mod show;

use tenure_api::{DifferenceView, DriftView, ReadingView};
use tenure_app::drift::list::Shown;
use tenure_app::reconcile::show::Shown as Read;

fn view(shown: Shown) -> DriftView {
    let Shown { drift, person } = shown;
    let state = match (&drift.closing, &drift.run) {
        (Some(_), _) => "settled",
        (None, Some(_)) => "restoring",
        (None, None) => "open",
    };
    let differences = drift
        .differences
        .iter()
        .map(|(part, difference)| DifferenceView {
            part: part.to_string(),
            before: difference.before.as_ref().map(ToString::to_string),
            after: difference.after.as_ref().map(ToString::to_string),
        })
        .collect();
    DriftView {
        id: drift.id,
        connection: drift.connection,
        native_id: drift.native_id.to_string(),
        account: drift.account,
        person: drift.person,
        name: person.map(|person| person.display_name),
        kind: drift.kind.word().to_owned(),
        policy: drift.policy.word().to_owned(),
        state: state.to_owned(),
        differences,
        found_at: drift.found_at,
        run: drift.run,
        settled: drift.closing.map(|closing| closing.why),
    }
}

fn reading(shown: Read) -> ReadingView {
    let Read { reading, true_since } = shown;
    let tally = reading.tally;
    ReadingView {
        connection: reading.connection,
        true_since,
        asked_at: reading.asked_at,
        tried_at: reading.tried_at,
        read: tally.read,
        new: tally.new,
        linked: tally.linked,
        orphans: tally.orphans,
        changed: tally.changed,
        missing: tally.missing,
        drifts: tally.drifts,
        left: tally.left,
        doubt: tally.doubt,
        failure: reading.failure,
    }
}
