//! What a number in a cell means by its format: a number, a day, a time, or digits with zeros
//! before them.

use std::collections::BTreeMap;
use std::io::Result;

use jiff::Span;
use jiff::civil::{Date, date};
use tenure_model::Value;

use super::xml::Event;
use super::zip::Archive;

/// What numbers of one format are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// A number.
    Plain,
    /// A day or a moment.
    Day,
    /// So many digits at least, with zeros before them, as an employee number has.
    Digits(usize),
}

/// The formats of a workbook.
pub(super) struct Styles {
    cells: Vec<Meaning>,
    since_1904: bool,
}

impl Styles {
    /// Reads the formats.
    pub(super) fn read(archive: &mut Archive, since_1904: bool) -> Result<Self> {
        let mut own: BTreeMap<u32, Meaning> = BTreeMap::new();
        let mut numbers = Vec::new();
        let mut inside = false;
        archive.each("xl/styles.xml", |event| match event {
            Event::Open { name: "cellXfs", .. } => inside = true,
            Event::Close { name: "cellXfs" } => inside = false,
            Event::Open { name: "numFmt", attributes } => {
                let find = |key| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
                if let (Some(number), Some(code)) =
                    (find("numFmtId").and_then(|id| id.parse().ok()), find("formatCode"))
                {
                    own.insert(number, meaning(code));
                }
            }
            Event::Open { name: "xf", attributes } if inside => {
                let number = attributes.iter().find(|(name, _)| name == "numFmtId");
                numbers.push(number.and_then(|(_, id)| id.parse::<u32>().ok()).unwrap_or_default());
            }
            _ => {}
        })?;
        let built_in = |number: &u32| match number {
            14..=22 | 27..=36 | 45..=47 | 50..=58 => Meaning::Day,
            _ => Meaning::Plain,
        };
        let cells = numbers.iter().map(|number| own.get(number).copied().unwrap_or_else(|| built_in(number))).collect();
        Ok(Self { cells, since_1904 })
    }

    /// The value of a number in a cell of this style, or why it has none.
    pub(super) fn value(&self, style: usize, text: &str) -> std::result::Result<Value, &'static str> {
        let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or("it is no number")?;
        let whole = whole(number);
        match (self.cells.get(style).copied().unwrap_or(Meaning::Plain), whole) {
            (Meaning::Day, _) => self.day(number),
            (Meaning::Digits(digits), Some(whole)) if whole >= 0 => Ok(Value::Text(format!("{whole:0digits$}"))),
            (_, Some(whole)) => Ok(Value::Number(whole)),
            (_, None) => Ok(Value::Text(text.to_owned())),
        }
    }

    /// A day if the number is whole, else a time on it, as text without a zone: it has none.
    fn day(&self, number: f64) -> std::result::Result<Value, &'static str> {
        let bad = "it is no day";
        let days = whole(number.floor()).ok_or(bad)?;
        let first: Date = match (self.since_1904, days) {
            (true, _) => date(1904, 1, 1),
            // Excel counts a 29 February 1900, which never was.
            (false, 60) => return Err("it is 29 February 1900, which never was"),
            (false, ..60) => date(1899, 12, 31),
            (false, _) => date(1899, 12, 30),
        };
        let day = Span::new().try_days(days).and_then(|span| first.checked_add(span)).map_err(|_| bad)?;
        let seconds = whole(((number - number.floor()) * 86_400.0).round()).ok_or(bad)?;
        if seconds == 0 {
            return Ok(Value::Date(day));
        }
        let time = Span::new().try_seconds(seconds).map_err(|_| bad)?;
        let moment = day.at(0, 0, 0, 0).checked_add(time).map_err(|_| bad)?;
        Ok(Value::Text(moment.to_string()))
    }
}

/// The number as a whole one, if it is one that a number of a workbook can hold exactly.
fn whole(number: f64) -> Option<i64> {
    // Beyond 2^53 whole numbers are no longer told apart.
    if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        Some(number as i64)
    } else {
        None
    }
}

/// What a format code says, without regard to what stands in quotes, brackets or behind a `\`.
fn meaning(code: &str) -> Meaning {
    if code.len() > 1 && code.bytes().all(|byte| byte == b'0') {
        return Meaning::Digits(code.len());
    }
    let (mut quoted, mut bracket, mut escaped) = (false, false, false);
    for sign in code.chars() {
        match sign {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => escaped = true,
            '[' => bracket = true,
            ']' => bracket = false,
            'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' if !bracket => return Meaning::Day,
            ';' => return Meaning::Plain,
            _ => {}
        }
    }
    Meaning::Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_days_numbers_and_digits_by_their_format() {
        let formats = ["General", "dd.mm.yyyy", "00000", "[Red]0.00", "\"days\" 0", "[$-409]d-mmm-yy;@"];
        let styles = Styles { cells: formats.map(meaning).into(), since_1904: false };
        assert_eq!(styles.value(0, "42").unwrap(), Value::Number(42));
        assert_eq!(styles.value(0, "4.5").unwrap(), Value::from("4.5"));
        assert_eq!(styles.value(1, "46347").unwrap(), Value::Date(date(2026, 11, 21)));
        assert_eq!(styles.value(5, "1").unwrap(), Value::Date(date(1900, 1, 1)));
        assert_eq!(styles.value(1, "61").unwrap(), Value::Date(date(1900, 3, 1)));
        assert!(styles.value(1, "60").is_err());
        assert_eq!(styles.value(1, "46347.5").unwrap(), Value::from("2026-11-21T12:00:00"));
        assert_eq!(styles.value(2, "42").unwrap(), Value::from("00042"));
        assert_eq!(styles.value(3, "7").unwrap(), Value::Number(7));
        assert_eq!(styles.value(4, "7").unwrap(), Value::Number(7));
        let mac = Styles { since_1904: true, ..styles };
        assert_eq!(mac.value(1, "44885").unwrap(), Value::Date(date(2026, 11, 21)));
    }
}
