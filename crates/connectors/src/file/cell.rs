//! From the text of a cell to what its column holds. Values are never repeated in what is said.

use jiff::civil::Date;
use tenure_model::Value;

use super::config::ColumnType;
use super::rows::Cell;

/// The cell as its column says, or why it cannot be.
pub(super) fn typed<'c>(cell: &Cell<'c>, kind: &ColumnType) -> Result<Cell<'c>, String> {
    let text = match cell {
        Cell::Text(text) => *text,
        Cell::Typed(Value::Text(text)) => text.as_str(),
        Cell::Typed(value) => return fits(value, kind).map(Cell::Typed),
        Cell::Absent | Cell::Blank => return Ok(cell.clone()),
    };
    let value = match kind {
        ColumnType::Number => Value::Number(text.trim().parse().map_err(|_| "is no whole number".to_owned())?),
        ColumnType::Flag { yes, no } => {
            let is = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
            match (is(yes), is(no)) {
                (true, false) => Value::Flag(true),
                (false, true) => Value::Flag(false),
                _ => return Err("is none of the words for yes and no".to_owned()),
            }
        }
        ColumnType::Date(form) => {
            let day = Date::strptime(form, text.trim());
            Value::Date(day.map_err(|_| format!("is no day of the form `{form}`"))?)
        }
        ColumnType::List(between) => {
            let items = text.split(between.as_str()).map(str::trim).filter(|item| !item.is_empty());
            let items: Vec<Value> = items.map(Value::from).collect();
            if items.is_empty() {
                return Ok(Cell::Blank);
            }
            Value::List(items)
        }
    };
    Ok(Cell::Typed(value))
}

/// A value that the format itself has a type for.
fn fits(value: &Value, kind: &ColumnType) -> Result<Value, String> {
    match (value, kind) {
        (Value::Number(_), ColumnType::Number)
        | (Value::Flag(_), ColumnType::Flag { .. })
        | (Value::Date(_), ColumnType::Date(_))
        | (Value::List(_), ColumnType::List(_)) => Ok(value.clone()),
        (Value::Number(number), ColumnType::Flag { .. }) => match typed(&Cell::Text(&number.to_string()), kind)? {
            Cell::Typed(value) => Ok(value),
            _ => Err("is none of the words for yes and no".to_owned()),
        },
        _ => Err("is of another type than `types` says".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_what_their_column_holds_or_say_why_not() {
        let date = ColumnType::Date("%d.%m.%Y".into());
        let flag = ColumnType::Flag { yes: vec!["ja".into(), "1".into()], no: vec!["nein".into()] };
        let list = ColumnType::List(";".into());
        let value = |text, kind: &ColumnType| typed(&Cell::Text(text), kind);
        assert_eq!(value("21.11.2026", &date), Ok(Cell::Typed(Value::Date(jiff::civil::date(2026, 11, 21)))));
        assert_eq!(value("JA", &flag), Ok(Cell::Typed(Value::Flag(true))));
        assert_eq!(typed(&Cell::Typed(Value::Number(1)), &flag), Ok(Cell::Typed(Value::Flag(true))));
        assert_eq!(value("a; b;", &list), Ok(Cell::Typed(Value::List(vec!["a".into(), "b".into()]))));
        assert_eq!(value(" 7 ", &ColumnType::Number), Ok(Cell::Typed(Value::Number(7))));
        for (text, kind) in
            [("2026-11-21", &date), ("31.02.2026", &date), ("vielleicht", &flag), ("7,5", &ColumnType::Number)]
        {
            let why = value(text, kind).unwrap_err();
            assert!(!why.contains(text), "{why}");
        }
    }
}
