//! What the brakes hold.

pub(super) mod approve;
pub(super) mod list;
pub(super) mod refuse;
pub(super) mod removals;
pub(super) mod show;
pub(super) mod starts;

use tenure_api::{HeldAnswerView, HeldView};
use tenure_app::brakes::show::Shown;

fn view(shown: Shown) -> HeldView {
    let Shown { set, because, size, answers } = shown;
    let answer = |said: tenure_store::removals::HeldAnswer| HeldAnswerView {
        by: said.by,
        at: said.at,
        answer: if said.yes { "yes" } else { "no" }.to_owned(),
        size: said.size,
        reason: said.reason,
    };
    HeldView {
        id: set.id,
        state: set.state.word().to_owned(),
        brake: set.family,
        because,
        people: size.people,
        removals: size.removals,
        plan: set.plan,
        asked_by: set.asked_by,
        opened_at: set.opened_at,
        yes_needed: set.yes_needed,
        answers: answers.into_iter().map(answer).collect(),
    }
}
