//! Sets: a workflow that is started for many people at once.

pub(super) mod cancel;
pub(super) mod list;
pub(super) mod make;
pub(super) mod people;
pub(super) mod show;
pub(super) mod start;

use tenure_api::{SetProgressView, SetView};
use tenure_app::sets::show::Shown;
use tenure_store::sets::{SetPersonState, SetRow};

use super::runs::version;

fn view(set: SetRow) -> SetView {
    SetView {
        id: set.id,
        state: set.state.word().to_owned(),
        workflow: set.workflow,
        workflow_version: version(&set.definition),
        condition: set.condition,
        made_by: set.made_by,
        made_at: set.made_at,
        good_until: set.good_until,
        looked_at: set.looked_at,
        unclear: set.unclear,
        started_by: set.started_by,
        started_at: set.started_at,
        reason: set.reason,
        note: set.note,
        progress: None,
    }
}

fn shown(shown: Shown) -> SetView {
    let count = |state| shown.people.get(&state).copied().unwrap_or(0);
    let progress = SetProgressView {
        named: count(SetPersonState::Named),
        ready: count(SetPersonState::Ready),
        cannot: count(SetPersonState::Cannot),
        begun: count(SetPersonState::Begun),
        runs: shown.runs.iter().map(|(status, runs)| (status.word().to_owned(), *runs)).collect(),
    };
    SetView { progress: Some(progress), ..view(shown.set) }
}
