//! What misbehaving systems make of an answer.

use tenure_model::{AccountState, NativeId, Observed, Value};

use crate::change::{Change, Write};
use crate::expectation::{Expectation, Usability};
use crate::query::{Batch, Completeness, PageToken, Seen};

/// What a connector that does not look would say was seen.
pub(crate) fn pretended(change: &Change, mut seen: Observed) -> Observed {
    let expectation = Expectation::after(change);
    seen.state = match expectation.usability {
        Some(Usability::Unusable) => AccountState::Disabled,
        Some(Usability::Gone) => AccountState::SoftDeleted,
        Some(Usability::Usable) | None => AccountState::Active,
    };
    if matches!(change.write, Write::Create { .. }) {
        seen.native_id = Some(NativeId::new("account-0"));
    }
    seen.attributes.extend(expectation.attributes);
    for (name, values) in expectation.includes {
        seen.attributes.insert(name, Value::List(values));
    }
    seen.holds.extend(expectation.holds);
    seen.holds.retain(|id| !expectation.lacks.contains(id));
    seen
}

/// With every text cut in half.
pub(super) fn garbled(mut seen: Observed) -> Observed {
    for value in seen.attributes.values_mut() {
        if let Value::Text(text) = value {
            *text = text.chars().take(text.chars().count() / 2).collect();
        }
    }
    seen
}

/// With one attribute under another name.
pub(super) fn drifted(mut seen: Observed) -> Observed {
    if let Some((name, value)) = seen.attributes.pop_last() {
        seen.attributes.insert(format!("{name}V2"), value);
    }
    seen
}

/// With another native id.
pub(super) fn renumbered(mut seen: Observed, number: u64) -> Observed {
    seen.native_id = Some(NativeId::new(format!("another-{number}")));
    seen
}

/// Without the last object, and as if that were all.
pub(super) fn cut(mut batch: Batch) -> Batch {
    batch.objects.pop();
    batch.expected = None;
    batch
}

/// With a next page, whatever comes.
pub(super) fn endless(mut batch: Batch, token: PageToken) -> Batch {
    batch.next = Some(batch.next.unwrap_or(token));
    batch.completeness = Completeness::Open;
    batch
}

/// Every account of a page, changed.
pub(super) fn each_account(mut batch: Batch, change: impl Fn(Observed) -> Observed) -> Batch {
    batch.objects = batch
        .objects
        .into_iter()
        .map(|seen| match seen {
            Seen::Account(account) => Seen::Account(change(account)),
            Seen::Entitlement(entitlement) => Seen::Entitlement(entitlement),
        })
        .collect();
    batch
}
