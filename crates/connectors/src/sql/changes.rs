//! What changed since, by a column that grows with every change of a row.
//!
//! A row with the very value that was last seen is told again, because others may have been
//! committed with the same value since. A row that vanished is not told, nor one that another
//! table changed without touching this column: whole readings are still needed.

use tenure_connect::{ChangeToken, Changed, Changes, ObjectClass, Refusal, Seen, limits};
use tenure_model::Value;

use super::SqlConnector;
use super::dialect::{Dialect, Sql};

/// Where the feed goes on: the value of the column and, while there is more, the last id.
type Place = (Option<String>, Option<String>);

impl SqlConnector {
    /// What changed since the token, or a token for now.
    pub(super) async fn changes_since(
        &self,
        class: ObjectClass,
        since: Option<&ChangeToken>,
    ) -> Result<Changes, Refusal> {
        let accounts = &self.config().accounts;
        let Some(column) = accounts.changed.as_ref().filter(|_| class == ObjectClass::Account) else {
            return Err(self.description.unsupported("tell what changed; `accounts.changed` is not set"));
        };
        let (mut lease, known) = self.ready().await?;
        let dialect = self.pool.dialect();
        let Some(since) = since else {
            // The largest value, in the order of the column and not of its text.
            let sql = lease.sql().text("SELECT ").text_of(column).text(" FROM ").table(&accounts.table);
            let sql = sql.text(" WHERE ").column(column).text(" IS NOT NULL ORDER BY ").column(column);
            let rows = lease.read("looking for the latest change", sql.text(" DESC LIMIT 1")).await?;
            self.pool.keep(lease);
            let latest = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
            return Ok(Changes::Since { changed: Vec::new(), next: token(&(latest, None)), more: false });
        };
        let reset = || Changes::Reset { why: "this token is not of this connection as it is now".to_owned() };
        let Ok((value, id)) = serde_json::from_str::<Place>(since.as_str()) else { return Ok(reset()) };
        let bind = |sql: Sql, column: &str, text: &str| {
            let value = Dialect::normal(known.kind(&accounts.table, column), &Value::from(text))?;
            Some(sql.bind(dialect.datum(&value)))
        };
        let mut sql = self.select(lease.sql()).text(" WHERE ").column(column).text(" IS NOT NULL");
        if let Some(value) = &value {
            sql = sql.text(" AND (").column(column).text(if id.is_some() { " > " } else { " >= " });
            let Some(bound) = bind(sql, column, value) else { return Ok(reset()) };
            sql = bound;
            if let Some(id) = &id {
                let Some(bound) = bind(sql.text(" OR (").column(column).text(" = "), column, value) else {
                    return Ok(reset());
                };
                let Some(bound) = bind(bound.text(" AND ").column(&accounts.id).text(" > "), &accounts.id, id) else {
                    return Ok(reset());
                };
                sql = bound.text(")");
            }
            sql = sql.text(")");
        }
        let size = limits::PAGE_OBJECTS_MAX as usize;
        let sql = sql.text(" ORDER BY ").column(column).text(", ").column(&accounts.id);
        let rows = lease.read("reading what changed", sql.text(&format!(" LIMIT {size}"))).await?;
        let last = rows.last().map(|row| (row.get(2).cloned().flatten(), row.first().cloned().flatten()));
        let more = rows.len() >= size;
        let found = self.observed(&mut lease, &known, rows).await?;
        self.pool.keep(lease);
        let next = match last {
            Some((value, id)) => token(&(value, id.filter(|_| more))),
            None => token(&(value, None)),
        };
        let changed = found.into_iter().map(|seen| Changed::Now(Seen::Account(seen))).collect();
        Ok(Changes::Since { changed, next, more })
    }
}

fn token(place: &Place) -> ChangeToken {
    ChangeToken::new(serde_json::to_string(place).unwrap_or_default())
}
