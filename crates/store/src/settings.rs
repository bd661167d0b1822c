//! What the installation knows of itself, such as its own id. Never a secret, only where one is.

use crate::db::tx::Tx;
use crate::error::StoreError;

/// What is written under this name.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    let row = tx.query_opt("SELECT name, body FROM setting WHERE name = $1", &[name.into()]).await?;
    row.map(|row| row.of("setting").string("body")).transpose()
}

/// Writes under this name, over whatever was there.
pub async fn put(tx: &mut Tx, name: &str, body: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body";
    StoreError::unless_one(tx.execute(sql, &[name.into(), body.into()]).await?, "setting", name)
}

/// Writes under this name if this, or nothing, is there. False: somebody else has written meanwhile.
pub async fn swap(tx: &mut Tx, name: &str, before: Option<&str>, body: &str) -> Result<bool, StoreError> {
    let written = match before {
        None => {
            let sql = "INSERT INTO setting (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            tx.execute(sql, &[name.into(), body.into()]).await?
        }
        Some(before) => {
            let sql = "UPDATE setting SET body = $3 WHERE name = $1 AND body = $2";
            tx.execute(sql, &[name.into(), before.into(), body.into()]).await?
        }
    };
    Ok(written == 1)
}

/// Writes under this name unless something is there, and says what is there now.
pub async fn put_once(tx: &mut Tx, name: &str, body: &str) -> Result<String, StoreError> {
    let sql = "INSERT INTO setting (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    if tx.execute(sql, &[name.into(), body.into()]).await? == 1 {
        return Ok(body.to_owned());
    }
    let row = tx.query_one("SELECT name, body FROM setting WHERE name = $1", &[name.into()]).await?;
    row.of("setting").string("body")
}
