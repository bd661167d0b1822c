//! Facts from sources, as they came in.

pub(super) mod list;
pub(super) mod show;

use tenure_api::{EventAnswer, EventStatus};
use tenure_app::events::accept::Accepted;

/// What a source is, or was, answered.
pub(super) fn answer(accepted: Accepted) -> EventAnswer {
    let status = match (accepted.repeated, accepted.person) {
        (true, _) => EventStatus::Repeated,
        (false, None) => EventStatus::Held,
        (false, Some(_)) => EventStatus::Accepted,
    };
    let Accepted { event, repeated: _, person, runs, case, note, unbegun } = accepted;
    EventAnswer { event, status, person, runs, case, note, unbegun }
}
