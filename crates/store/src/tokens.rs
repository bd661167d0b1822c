//! Tokens of the API, known here by their hash only.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_model::{Actor, ActorKind, ConnectionName, Role, TokenId};

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "token";

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opens {
    /// What these roles may do.
    Roles(BTreeSet<Role>),
    /// Delivering events of this connection and nothing else.
    Source(ConnectionName),
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Ours.
    pub id: TokenId,
    /// Whose, by the name in the ledger.
    pub owner: String,
    /// What it opens.
    pub opens: Opens,
    /// What it is narrowed to; empty means not narrowed.
    pub scopes: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is nothing any more.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether it opens anything at this moment.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Who comes with it.
    pub fn actor(&self) -> Actor {
        let kind = match &self.opens {
            Opens::Roles(roles) => ActorKind::Caller { token: self.id, roles: roles.clone() },
            Opens::Source(connection) => ActorKind::Source { token: self.id, connection: connection.clone() },
        };
        Actor { name: self.owner.clone(), kind }
    }
}

/// Keeps a new token under the hash of its secret.
pub async fn insert(tx: &mut Tx, token: &Token, hash: &[u8; 32]) -> Result<(), StoreError> {
    let sql = "INSERT INTO token (id, hash, owner, roles, source, scopes, created_at, expires_at, revoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (roles, source) = match &token.opens {
        Opens::Roles(roles) => (json(roles)?, Param::Null),
        Opens::Source(connection) => (json(&BTreeSet::<Role>::new())?, connection.as_str().into()),
    };
    let values = [
        id(token.id),
        hash.as_slice().into(),
        (&token.owner).into(),
        roles,
        source,
        json(&token.scopes)?,
        token.created_at.into(),
        token.expires_at.into(),
        token.revoked_at.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, token.id)
}

/// The token of this hash, whether it is still good or not.
pub async fn find_by_hash(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Token>, StoreError> {
    let sql = "SELECT id, owner, roles, source, scopes, created_at, expires_at, revoked_at FROM token WHERE hash = $1";
    tx.query_opt(sql, &[hash.as_slice().into()]).await?.as_ref().map(read).transpose()
}

/// The token of this id.
pub async fn get(tx: &mut Tx, token: TokenId) -> Result<Option<Token>, StoreError> {
    let sql = "SELECT id, owner, roles, source, scopes, created_at, expires_at, revoked_at FROM token WHERE id = $1";
    tx.query_opt(sql, &[id(token)]).await?.as_ref().map(read).transpose()
}

/// Tokens, the oldest first, from after the cursor.
pub async fn list(tx: &mut Tx, after: Option<TokenId>, limit: usize) -> Result<Vec<Token>, StoreError> {
    let sql = "SELECT id, owner, roles, source, scopes, created_at, expires_at, revoked_at FROM token \
         WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    tx.query(sql, &[id(after), page(limit).into()]).await?.iter().map(read).collect()
}

/// Takes a token back. Says whether it was still out.
pub async fn revoke(tx: &mut Tx, token: TokenId, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    Ok(tx.execute(sql, &[id(token), at.into()]).await? == 1)
}

fn read(row: &Row) -> Result<Token, StoreError> {
    let row = row.of(TABLE);
    let opens = match row.opt_parsed("source")? {
        Some(connection) => Opens::Source(connection),
        None => Opens::Roles(row.json("roles")?),
    };
    Ok(Token {
        id: row.id("id")?,
        owner: row.string("owner")?,
        opens,
        scopes: row.json("scopes")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}
