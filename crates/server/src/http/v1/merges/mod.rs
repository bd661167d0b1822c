//! Who turned out to be one, or two.

pub(super) mod list;
pub(super) mod undo;

use tenure_api::MergeView;
use tenure_app::merges::Merged;
use tenure_store::merges::Merge;

/// A merge or split as it stands.
pub(super) fn view(merge: Merge) -> MergeView {
    let moved = merge.record.things() as u64;
    let (undone_at, undone_by) = merge.undone.unzip();
    MergeView {
        id: merge.id,
        kind: merge.kind.word().to_owned(),
        kept: merge.kept,
        other: merge.other,
        at: merge.at,
        by: merge.by,
        reason: merge.reason,
        moved,
        undone_at,
        undone_by,
        runs: Vec::new(),
    }
}

/// One that was just made or undone, with what follows from it.
pub(super) fn done(merged: Merged) -> MergeView {
    MergeView { runs: merged.runs, ..view(merged.merge) }
}
