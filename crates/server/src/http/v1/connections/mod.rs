//! Connected systems.

pub(super) mod accept_reading;
pub(super) mod check;
pub(super) mod list;
pub(super) mod post_event;
pub(super) mod read;
pub(super) mod readings;
pub(super) mod reject_reading;
pub(super) mod show;

use jiff::Timestamp;
use tenure_api::ConnectionView;
use tenure_app::estate::Connection;
use tenure_model::ConnectionName;

/// What a look at a connected system found.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    at: Timestamp,
    /// Who answered, or why nobody did.
    found: Result<String, String>,
}

fn view(name: ConnectionName, known: Connection, looked: Option<Looked>) -> ConnectionView {
    let direction = match (known.is_source, known.is_target) {
        (true, true) => "both",
        (true, false) => "source",
        (false, _) => "target",
    };
    let (state, reason) = match looked.as_ref().map(|looked| &looked.found) {
        None => ("unchecked", None),
        Some(Ok(peer)) => ("ok", Some(peer.clone())),
        Some(Err(reason)) => ("failing", Some(reason.clone())),
    };
    ConnectionView {
        name,
        title: known.title,
        connector: known.connector,
        direction: direction.to_owned(),
        state: state.to_owned(),
        reason,
        checked_at: looked.map(|looked| looked.at),
    }
}
