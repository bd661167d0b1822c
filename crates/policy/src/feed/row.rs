//! What one row of a feed means: terms of an engagement, and attributes of a person.

use jiff::civil::Date;
use tenure_model::{Attributes, IdentityKind, Leave, Terms, Value, Zone};

use super::Columns;

/// Before this year nobody who works today can have begun.
const YEAR_MIN: i16 = 1920;
/// From this year on a day means "no end", as many systems write it.
const YEAR_OPEN: i16 = 2900;
/// So many years ahead a day may lie.
const YEARS_AHEAD_MAX: i16 = 50;

/// What one row means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFacts {
    /// Everything that the row says of the engagement.
    pub terms: Terms,
    /// Everything that it says of the person.
    pub attributes: Attributes,
    /// What the source calls the engagement, if a column says so.
    pub engagement: Option<String>,
}

/// Why a row is put aside. The others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row `{key}`: {reason}")]
pub struct Quarantined {
    /// Which row.
    pub key: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// What this row means, on this day.
pub fn read(key: &str, row: &Attributes, columns: &Columns, today: Date) -> Result<RowFacts, Quarantined> {
    let wrong = |reason: String| Quarantined { key: key.to_owned(), reason };
    if key.trim().is_empty() || key.chars().any(char::is_control) {
        return Err(wrong("its key is empty or holds control characters".to_owned()));
    }
    let day = |column: &Option<String>| day(row, column.as_deref(), today).map_err(wrong);
    let word = |column: &Option<String>| column.as_deref().and_then(|name| text(row, name));
    let first_day = day(&columns.first_day)?;
    if let (Some(column), None) = (&columns.first_day, first_day) {
        return Err(wrong(format!("column `{column}` holds no first day")));
    }
    let last_day = columns.last_day.as_ref().map(|_| day(&columns.last_day)).transpose()?;
    let kind = match word(&columns.kind) {
        None => columns.kind_usual,
        Some(word) => IdentityKind::from_word(word).ok_or_else(|| {
            let known: Vec<&str> = IdentityKind::ALL.into_iter().map(IdentityKind::word).collect();
            wrong(format!("`{word}` is not a kind of identity; use one of {}", known.join(", ")))
        })?,
    };
    let zone = match word(&columns.zone) {
        None => columns.zone_usual.clone(),
        Some(word) => word.parse::<Zone>().map_err(|error| wrong(error.to_string()))?,
    };
    let leave = match (&columns.leave_from, day(&columns.leave_from)?, day(&columns.leave_until)?) {
        (None, ..) => None,
        (Some(_), None, _) => Some(None),
        (Some(_), Some(from), until) if until.is_some_and(|until| until < from) => {
            return Err(wrong(format!("its leave begins on {from} and ends before that")));
        }
        (Some(_), Some(from), until) => Some(Some(Leave { from, until })),
    };
    let mut attributes = row.clone();
    for column in
        [&columns.first_day, &columns.last_day, &columns.leave_from, &columns.leave_until, &columns.kind, &columns.zone]
            .into_iter()
            .flatten()
    {
        attributes.remove(column);
    }
    let terms = Terms { kind: Some(kind), zone: Some(zone), first_day, last_day, leave, primary: None };
    Ok(RowFacts { terms, attributes, engagement: word(&columns.engagement).map(str::to_owned) })
}

/// What of the terms is said anew; what is the same is not said again.
pub fn changed(before: &Terms, now: &Terms) -> Terms {
    fn new<T: Clone + PartialEq>(before: Option<&T>, now: Option<&T>) -> Option<T> {
        now.filter(|_| before != now).cloned()
    }
    Terms {
        kind: new(before.kind.as_ref(), now.kind.as_ref()),
        zone: new(before.zone.as_ref(), now.zone.as_ref()),
        first_day: new(before.first_day.as_ref(), now.first_day.as_ref()),
        last_day: new(before.last_day.as_ref(), now.last_day.as_ref()),
        leave: new(before.leave.as_ref(), now.leave.as_ref()),
        primary: new(before.primary.as_ref(), now.primary.as_ref()),
    }
}

/// Whether somebody is there by these terms on a day, or will be.
pub fn is_here(terms: &Terms, today: Date) -> bool {
    terms.last_day.flatten().is_none_or(|day| day >= today)
}

/// Whether they say an end that was not known, or an earlier one, or a beginning that is later.
pub fn takes_away(before: &Terms, now: &Terms, today: Date) -> bool {
    let earlier = match (before.last_day.flatten(), now.last_day.flatten()) {
        (None, Some(_)) => true,
        (Some(before), Some(now)) => now < before,
        (_, None) => false,
    };
    let later = match (before.first_day, now.first_day) {
        (Some(before), Some(now)) => before <= today && now > today,
        _ => false,
    };
    earlier || later
}

fn text<'r>(row: &'r Attributes, column: &str) -> Option<&'r str> {
    row.get(column).and_then(Value::as_text).map(str::trim).filter(|text| !text.is_empty())
}

fn day(row: &Attributes, column: Option<&str>, today: Date) -> Result<Option<Date>, String> {
    let Some((column, value)) = column.and_then(|name| Some((name, row.get(name)?))) else { return Ok(None) };
    let day = match value {
        Value::Date(day) => *day,
        Value::Instant(moment) => moment.to_zoned(jiff::tz::TimeZone::UTC).date(),
        Value::Cleared => return Ok(None),
        Value::Text(text) if text.trim().is_empty() => return Ok(None),
        Value::Text(text) => text.trim().parse().map_err(|_| {
            let shown: String = text.chars().take(32).collect();
            format!("column `{column}` holds `{shown}`, which is no day; declare how days are written with `types`")
        })?,
        Value::Number(_) | Value::Flag(_) | Value::List(_) => return Err(format!("column `{column}` holds no day")),
    };
    if day.year() >= YEAR_OPEN {
        return Ok(None);
    }
    if day.year() < YEAR_MIN || day.year() > today.year() + YEARS_AHEAD_MAX {
        return Err(format!("column `{column}` holds {day}, a day on which nobody began or ended"));
    }
    Ok(Some(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn columns() -> Columns {
        let name = |name: &str| Some(name.to_owned());
        Columns {
            first_day: name("hired"),
            last_day: name("left"),
            leave_from: name("away"),
            leave_until: name("back"),
            kind: name("type"),
            zone: name("tz"),
            ..Columns::default()
        }
    }

    fn ask(cells: &[(&str, &str)]) -> Result<RowFacts, String> {
        let row = cells.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
        read("E1", &row, &columns(), date(2026, 11, 27)).map_err(|wrong| wrong.reason)
    }

    #[test]
    fn a_row_says_terms_and_attributes() {
        let row = ask(&[("hired", "2024-03-01"), ("left", ""), ("tz", "Asia/Kolkata"), ("room", "7")]).unwrap();
        assert_eq!((row.terms.first_day, row.terms.last_day), (Some(date(2024, 3, 1)), Some(None)));
        assert_eq!(row.terms.zone.unwrap().as_str(), "Asia/Kolkata");
        assert_eq!(row.attributes.keys().collect::<Vec<_>>(), ["room"]);
        assert_eq!(ask(&[("hired", "2024-03-01"), ("left", "9999-12-31")]).unwrap().terms.last_day, Some(None));
    }

    #[test]
    fn a_row_that_makes_no_sense_is_named_with_its_reason() {
        for (cells, says) in [
            (&[("hired", "")][..], "column `hired` holds no first day"),
            (&[("hired", "1.3.2024")], "`1.3.2024`, which is no day"),
            (&[("hired", "1900-01-01")], "a day on which nobody began"),
            (&[("hired", "2024-03-01"), ("left", "2199-01-01")], "a day on which nobody began"),
            (&[("hired", "2024-03-01"), ("type", "boss")], "`boss` is not a kind of identity"),
            (&[("hired", "2024-03-01"), ("tz", "Mars/Base")], "not a known time zone"),
            (&[("hired", "2024-03-01"), ("away", "2026-02-02"), ("back", "2026-02-01")], "ends before that"),
        ] {
            let reason = ask(cells).unwrap_err();
            assert!(reason.contains(says), "{reason}");
        }
    }

    #[test]
    fn only_what_changed_is_said_again() {
        let before = ask(&[("hired", "2024-03-01")]).unwrap().terms;
        let now = ask(&[("hired", "2024-03-01"), ("left", "2026-11-30")]).unwrap().terms;
        let said = changed(&before, &now);
        assert_eq!(said, Terms { last_day: Some(Some(date(2026, 11, 30))), ..Terms::default() });
        assert!(takes_away(&before, &now, date(2026, 11, 27)) && !takes_away(&now, &before, date(2026, 11, 27)));
        assert!(changed(&now, &now).is_empty());
    }
}
