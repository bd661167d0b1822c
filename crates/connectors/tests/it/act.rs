//! One write with any connector.

use tenure_connect::{AnyConnector, Change, Operation, Outcome};
use tenure_model::Observed;

pub async fn apply(connector: &dyn AnyConnector, change: &Change) -> Outcome {
    let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
    connector.apply(change, &operation).await
}

pub async fn done(connector: &dyn AnyConnector, change: &Change) -> Observed {
    match apply(connector, change).await {
        Outcome::Done { seen } => seen,
        other => panic!("`{}` ended otherwise: {other:?}", change.summary),
    }
}
