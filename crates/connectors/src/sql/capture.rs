//! What changed since, by the log of PostgreSQL itself (logical decoding), where a slot was made for
//! us: everything that was made, changed or vanished, in the order of its commits, also while
//! nobody listened.
//!
//! The slot keeps the log until we have said that we know it, which the next question does; so the
//! same token may be asked from again. Only which rows changed is taken from the log; what they are
//! now is read from the tables. What the log says is read here, and never written to it.

use tenure_connect::{ChangeToken, Changed, Changes, Refusal, RefusalClass, Seen, limits};
use tenure_model::{NativeId, Value};

use super::SqlConnector;
use super::config::SqlConfig;
use super::dialect::{Datum, Dialect};
use super::pool::Lease;

/// What one line of the log says of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A row of these accounts was written or vanished; two where a key became another.
    Touched(Vec<String>),
    /// A whole table was emptied.
    Emptied(String),
    /// A row changed and the log does not say of which account.
    Silent(String),
    /// Something else.
    Other,
}

impl SqlConnector {
    /// What changed since the token, or a token for now.
    pub(super) async fn captured_since(&self, slot: &str, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        let (mut lease, known) = self.ready().await?;
        let Some(since) = since else {
            let sql =
                lease.sql().text("SELECT pg_current_wal_lsn()::text FROM pg_replication_slots WHERE slot_name = ");
            let rows = lease.read("looking for the slot", sql.bind(Datum::Text(slot.to_owned()))).await?;
            self.pool.keep(lease);
            let now = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
            let next = now.ok_or_else(|| no_slot(slot))?;
            return Ok(Changes::Since { changed: Vec::new(), next: ChangeToken::new(next), more: false });
        };
        let Some(from) = place(since.as_str()) else {
            return Ok(Changes::Reset { why: "this token is not of this connection as it is now".to_owned() });
        };
        if !self.forget_before(&mut lease, slot, since.as_str(), from).await? {
            let why = format!("the slot `{slot}` does not go back so far; it was made or moved since");
            return Ok(Changes::Reset { why });
        }
        let most = limits::PAGE_OBJECTS_MAX;
        let sql = lease
            .sql()
            .text("SELECT lsn::text, data FROM pg_logical_slot_peek_changes(")
            .bind(Datum::Text(slot.to_owned()));
        let sql = sql.text(&format!(", NULL, {most}, 'skip-empty-xacts', '1')"));
        let rows = lease.read("reading the log", sql).await?;
        let more = rows.len() >= most as usize;
        let mut ids: Vec<String> = Vec::new();
        let mut next = since.as_str().to_owned();
        let mut pending: Vec<Line> = Vec::new();
        for row in rows {
            let mut cells = row.into_iter().flatten();
            let (Some(at), Some(data)) = (cells.next(), cells.next()) else { continue };
            if !data.starts_with("COMMIT") {
                pending.push(line(&data, self.config()));
                continue;
            }
            let lines = std::mem::take(&mut pending);
            if place(&at).is_none_or(|at| at <= from) {
                continue;
            }
            next = at;
            for line in lines {
                match line {
                    Line::Touched(all) => {
                        for id in all.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>() {
                            ids.push(id);
                        }
                    }
                    Line::Emptied(table) => {
                        let why = format!("table `{table}` was emptied as a whole, which names no rows");
                        return Ok(Changes::Reset { why });
                    }
                    Line::Silent(table) => return Err(silent(&table)),
                    Line::Other => {}
                }
            }
        }
        let mut changed = Vec::with_capacity(ids.len());
        for id in ids {
            let accounts = &self.config().accounts;
            let value = Dialect::normal(known.kind(&accounts.table, &accounts.id), &Value::from(id.as_str()));
            let Some(value) = value else { continue };
            let sql = self.select(lease.sql()).text(" WHERE ").column(&accounts.id).text(" = ");
            let sql = sql.bind(self.pool.dialect().datum(&value));
            let rows = lease.read("reading what changed", sql).await?;
            let found = self.observed(&mut lease, &known, rows).await?;
            match found.into_iter().next() {
                Some(seen) => changed.push(Changed::Now(Seen::Account(seen))),
                None => changed.push(Changed::Gone(NativeId::new(id))),
            }
        }
        self.pool.keep(lease);
        Ok(Changes::Since { changed, next: ChangeToken::new(next), more })
    }

    /// Lets the log before a token go, which whoever asks from it has taken in. False if it went
    /// before, so that something may be missing.
    async fn forget_before(&self, lease: &mut Lease, slot: &str, token: &str, from: u64) -> Result<bool, Refusal> {
        let sql = lease.sql().text("SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = ");
        let rows = lease.read("looking for the slot", sql.bind(Datum::Text(slot.to_owned()))).await?;
        let Some(row) = rows.into_iter().next() else { return Err(no_slot(slot)) };
        let kept = row.into_iter().next().flatten().and_then(|text| place(&text));
        match kept {
            Some(kept) if kept > from => Ok(false),
            Some(kept) if kept == from => Ok(true),
            Some(_) => {
                let sql = lease
                    .sql()
                    .text("SELECT end_lsn::text FROM pg_replication_slot_advance(")
                    .bind(Datum::Text(slot.to_owned()));
                let sql = sql.text(", ").bind(Datum::Text(token.to_owned())).text("::pg_lsn)");
                lease.read("letting the log go", sql).await?;
                Ok(true)
            }
            None => Err(no_slot(slot)),
        }
    }
}

fn no_slot(slot: &str) -> Refusal {
    let said = format!(
        "there is no logical slot `{slot}`; make it once with \
         `SELECT pg_create_logical_replication_slot('{slot}', 'test_decoding')`"
    );
    Refusal::new(RefusalClass::Invalid, said)
}

fn silent(table: &str) -> Refusal {
    let said = format!(
        "the log does not say whose rows of `{table}` went; run `ALTER TABLE {table} REPLICA IDENTITY FULL`, take a \
         new token and read everything"
    );
    Refusal::new(RefusalClass::Invalid, said)
}

/// A place in the log, such as `0/16B3748`, as a number.
fn place(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let part = |digits: &str| u32::from_str_radix(digits, 16).ok();
    Some((u64::from(part(high)?) << 32) | u64::from(part(low)?))
}

/// What a line of `test_decoding` says, such as `table public.people: UPDATE: id[bigint]:7 …`.
fn line(data: &str, config: &SqlConfig) -> Line {
    let Some((table, rest)) = data.strip_prefix("table ").and_then(split_table) else { return Line::Other };
    let Some(column) = column_of(&table, config) else { return Line::Other };
    let Some((verb, tuple)) = rest.split_once(": ") else { return Line::Other };
    if verb == "TRUNCATE" {
        return Line::Emptied(table);
    }
    // An update of the key tells the old one first, and both are rows of somebody.
    let tuple = tuple.strip_prefix("old-key: ").unwrap_or(tuple);
    let ids: Vec<String> =
        columns(tuple).into_iter().filter(|(name, _)| name == column).filter_map(|(_, value)| value).collect();
    if ids.is_empty() { Line::Silent(table) } else { Line::Touched(ids) }
}

/// The column with the id of the account, in a table that says something about accounts.
fn column_of<'c>(table: &str, config: &'c SqlConfig) -> Option<&'c str> {
    let is = |name: &str| {
        let whole = if name.contains('.') { name.to_owned() } else { format!("public.{name}") };
        whole == table
    };
    let accounts = &config.accounts;
    if is(&accounts.table) {
        return Some(&accounts.id);
    }
    if let Some(list) = accounts.lists.values().find(|list| is(&list.table)) {
        return Some(&list.account);
    }
    let members = config.entitlements.as_ref().map(|held| &held.members)?;
    is(&members.table).then_some(members.account.as_str())
}

/// The name of a table without its quotes, and what follows its colon.
fn split_table(text: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ':' if !quoted => {
                let rest = text.get(at + 1..)?.trim_start();
                return Some((text.get(..at)?.replace('"', ""), rest));
            }
            _ => {}
        }
    }
    None
}

/// The columns of a row as the log writes them: `name[type]:value`, where a text stands in quotes.
fn columns(tuple: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut rest = tuple;
    while let Some((name, after)) = take_name(rest) {
        let Some((value, after)) = take_value(after) else { break };
        found.push((name, value));
        rest = after.trim_start().trim_start_matches("new-tuple: ");
    }
    found
}

fn take_name(text: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    let open = text.char_indices().find_map(|(at, letter)| {
        if letter == '"' {
            quoted = !quoted;
        }
        (letter == '[' && !quoted).then_some(at)
    })?;
    let name = text.get(..open)?.replace('"', "");
    // A type may have brackets of its own, as `text[]` has.
    let close = text.get(open..)?.find("]:")? + open;
    Some((name, text.get(close + 2..)?))
}

fn take_value(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(quoted) = text.strip_prefix('\'').or_else(|| text.strip_prefix("B'")) {
        let mut value = String::new();
        let mut letters = quoted.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                value.push(letter);
            } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                value.push('\'');
            } else {
                return Some((Some(value), quoted.get(at + 1..)?));
            }
        }
        return None;
    }
    let end = text.find(' ').unwrap_or(text.len());
    let word = text.get(..end)?;
    let value = (word != "null" && word != "unchanged-toast-datum").then(|| word.to_owned());
    Some((value, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config() -> SqlConfig {
        let settings = json!({
            "database": { "kind": "postgresql", "host": "h", "database": "d", "user": "u", "password": "file:/x" },
            "accounts": { "table": "people", "id": "id", "name": "name", "attributes": ["name"],
                          "lists": { "phone": { "table": "hr.phones", "account": "person", "value": "number" } } },
            "entitlements": { "table": "roles", "id": "id", "name": "name",
                              "members": { "table": "held", "account": "person", "entitlement": "role" } },
        });
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn a_line_says_whose_row_it_was_whatever_stands_in_its_texts() {
        let touched = |id: &str| Line::Touched(vec![id.to_owned()]);
        for (data, says) in [
            ("BEGIN 741", Line::Other),
            ("table public.people: INSERT: id[bigint]:7 name[character varying]:'ada'", touched("7")),
            (
                "table public.people: UPDATE: name[text]:'it''s id[bigint]:8 ' tags[text[]]:'{a}' id[bigint]:9",
                touched("9"),
            ),
            (
                "table public.people: UPDATE: old-key: id[bigint]:1 new-tuple: id[bigint]:2 name[text]:null",
                Line::Touched(vec!["1".to_owned(), "2".to_owned()]),
            ),
            ("table public.people: DELETE: id[uuid]:'5f'", touched("5f")),
            ("table public.people: DELETE: (no-tuple-data)", Line::Silent("public.people".to_owned())),
            ("table hr.phones: DELETE: person[bigint]:3 number[text]:'1'", touched("3")),
            ("table public.held: INSERT: person[bigint]:4 role[bigint]:1", touched("4")),
            ("table public.held: DELETE: role[bigint]:1", Line::Silent("public.held".to_owned())),
            ("table public.people: TRUNCATE: (no-flags)", Line::Emptied("public.people".to_owned())),
            ("table public.roles: DELETE: id[bigint]:1", Line::Other),
            ("table other.people: DELETE: id[bigint]:1", Line::Other),
            ("table public.\"peo:ple\": DELETE: id[bigint]:1", Line::Other),
        ] {
            assert_eq!(line(data, &config()), says, "{data}");
        }
    }

    #[test]
    fn places_of_the_log_are_compared_as_numbers() {
        assert!(place("0/FFFFFFFF").unwrap() < place("1/0").unwrap());
        assert!(place("A/1").unwrap() > place("9/FFFFFFFF").unwrap());
        for bad in ["", "x", "0", "0/", "0/G", "1/123456789"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
