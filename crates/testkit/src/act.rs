//! One write with any connector.
#![expect(clippy::panic, clippy::expect_used, reason = "a test whose write ends otherwise must stop and say how")]

use tenure_connect::{AnyConnector, Change, Operation, Outcome};
use tenure_model::Observed;

/// Makes a write, and says how it ended.
pub async fn apply(connector: &dyn AnyConnector, change: &Change) -> Outcome {
    let operation = Operation { key: "0a".parse().expect("a key"), generation: 1 };
    connector.apply(change, &operation).await
}

/// Makes a write that must be done, and says what is seen after it.
pub async fn done(connector: &dyn AnyConnector, change: &Change) -> Observed {
    match apply(connector, change).await {
        Outcome::Done { seen } => seen,
        other => panic!("`{}` ended otherwise: {other:?}", change.summary),
    }
}
