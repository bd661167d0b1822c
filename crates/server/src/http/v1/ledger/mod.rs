//! The audit record.

pub(super) mod checkpoint;
pub(super) mod list;
pub(super) mod show;

use std::fmt::Write as _;

use serde_json::Value as Json;
use tenure_api::LedgerEntryView;
use tenure_store::ledger::Entry;

/// An entry, with its body as it was sealed. One that was damaged is shown as it is: hiding it is
/// not the way to tell.
fn view(entry: Entry) -> LedgerEntryView {
    let body: Json = serde_json::from_str(&entry.body).unwrap_or(Json::String(entry.body));
    let text = |pointer: &str| body.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let actor = ["/actor/token", "/actor/part"].map(text).concat();
    LedgerEntryView {
        index: Some(entry.index),
        at: entry.at,
        actor: format!("{} {actor}", text("/actor/kind")).trim().to_owned(),
        action: text("/kind"),
        subject: text("/subject"),
        leaf_hash: Some(hex(&entry.leaf_hash)),
        body,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
