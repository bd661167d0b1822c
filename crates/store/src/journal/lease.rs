//! Who owns which partition. A lease only says when somebody else may try; safety rests on the
//! epoch, which every commit checks.

use std::time::Duration;

use jiff::Timestamp;
use tenure_engine::journal::Ownership;
use tenure_model::NodeId;

use crate::db::row::{Param, id};
use crate::db::tx::Tx;
use crate::error::StoreError;

pub(super) async fn claim(
    tx: &mut Tx,
    node: NodeId,
    from: Vec<u16>,
    now: Timestamp,
    lease: Duration,
) -> Result<Vec<Ownership>, StoreError> {
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    tx.execute("UPDATE partition_owner SET lease_until = $2 WHERE owner = $1", &[id(node), until.into()]).await?;
    if !from.is_empty() {
        let from: Vec<Param> = from.into_iter().map(Param::from).collect();
        let lock = tx.dialect().claim_lock();
        let head = "SELECT partition FROM partition_owner WHERE (owner IS NULL OR (lease_until < $1 AND owner <> $2)) \
             AND partition";
        let free = tx.query_in(head, &[now.into(), id(node)], &from, lock).await?;
        let free: Vec<Param> = free
            .iter()
            .map(|row| row.of("partition_owner").int("partition").map(Param::Int))
            .collect::<Result<_, _>>()?;
        let head = "UPDATE partition_owner SET owner = $1, epoch = epoch + 1, lease_until = $2 WHERE partition";
        let taken = tx.execute_in(head, &[id(node), until.into()], &free, "").await?;
        if taken != free.len() as u64 {
            return Err(StoreError::Conflict { table: "partition_owner", id: node.to_string() });
        }
    }
    let sql = "SELECT partition, epoch FROM partition_owner WHERE owner = $1 ORDER BY partition";
    let rows = tx.query(sql, &[id(node)]).await?;
    rows.iter()
        .map(|row| {
            let row = row.of("partition_owner");
            Ok(Ownership { partition: row.small("partition")?, epoch: row.int("epoch")? })
        })
        .collect()
}

pub(super) async fn release(tx: &mut Tx, node: NodeId) -> Result<(), StoreError> {
    tx.execute("UPDATE partition_owner SET owner = NULL, lease_until = 0 WHERE owner = $1", &[id(node)]).await?;
    Ok(())
}
