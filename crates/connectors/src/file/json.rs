//! JSON documents and JSON lines, row by row, without holding the document.
//!
//! A row is a map. Maps within it become columns with dots in their names, lists of plain values
//! become lists. A key that comes twice in one map is a problem, not the last one's victory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use tenure_model::Value;

use super::problem::{Problem, unwrapped};
use super::rows::{Cell, Rows};
use crate::limits::{FILE_COLUMNS_MAX, FILE_JSON_DEPTH_MAX, FILE_RECORD_BYTES_MAX};

/// What rows are put together in.
struct Table<'a> {
    file: &'a str,
    names: Vec<String>,
    places: HashMap<String, usize>,
    cells: Vec<Cell<'static>>,
    rows: &'a mut dyn Rows,
    /// The row, or the line of it.
    number: u64,
    /// How many columns the taker has been told of.
    told: usize,
    problem: Option<Problem>,
}

impl<'a> Table<'a> {
    fn new(file: &'a str, rows: &'a mut dyn Rows) -> Self {
        let (names, places, cells) = (Vec::new(), HashMap::new(), Vec::new());
        Self { file, names, places, cells, rows, number: 0, told: 0, problem: None }
    }

    fn put(&mut self, name: String, cell: Cell<'static>) -> Result<(), String> {
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None if self.names.len() >= FILE_COLUMNS_MAX => {
                return Err(format!("there are more than {FILE_COLUMNS_MAX} different keys"));
            }
            None => {
                self.names.push(name.clone());
                self.places.insert(name.clone(), self.names.len() - 1);
                self.names.len() - 1
            }
        };
        self.cells.resize(self.names.len(), Cell::Absent);
        match self.cells.get_mut(place) {
            Some(slot @ Cell::Absent) => {
                *slot = cell;
                Ok(())
            }
            Some(_) | None => Err(format!("key `{name}` comes twice in one row")),
        }
    }

    fn row(&mut self) -> Result<(), String> {
        let done = self.tell();
        self.cells.clear();
        done.map_err(|problem| {
            let words = problem.what.clone();
            self.problem = Some(problem);
            words
        })
    }

    fn tell(&mut self) -> Result<(), Problem> {
        self.cells.resize(self.names.len(), Cell::Absent);
        if self.told < self.names.len() {
            self.rows.columns(&self.names, self.number)?;
            self.told = self.names.len();
        }
        self.rows.row(self.number, &self.cells)
    }

    /// What the reader of JSON says, or the problem that stopped it.
    fn said(&mut self, error: &serde_json::Error, line: Option<u64>) -> Problem {
        if let Some(problem) = self.problem.take() {
            return problem;
        }
        let line = line.unwrap_or(error.line() as u64);
        let column = error.column() as u64;
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        let what = if error.is_eof() {
            "it ends in the middle of a value; the feed is cut off".to_owned()
        } else if error.is_syntax() {
            format!("it is not JSON here: {words}")
        } else {
            words.to_owned()
        };
        Problem::of(self.file, what).at(line, column)
    }
}

type Shared<'t, 'a> = &'t RefCell<Table<'a>>;

/// A value within a row, under a name.
struct Field<'t, 'a> {
    table: Shared<'t, 'a>,
    name: String,
    depth: usize,
}

impl Field<'_, '_> {
    fn put<E: serde::de::Error>(self, cell: Cell<'static>) -> Result<(), E> {
        let put = self.table.try_borrow_mut().map_err(E::custom)?.put(self.name, cell);
        put.map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.put(Cell::Blank)
    }
    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<(), E> {
        self.put(Cell::Typed(Value::Flag(flag)))
    }
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.put(Cell::Typed(Value::Number(number)))
    }
    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.put(Cell::Typed(Value::Text(number.to_string()))),
        }
    }
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.put(Cell::Typed(Value::Text(number.to_string())))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.put(if text.is_empty() { Cell::Blank } else { Cell::Typed(Value::from(text)) })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element::<serde_json::Value>()? {
            items.push(plain(&item).ok_or_else(|| {
                A::Error::custom(format!("`{}` is a list of more than plain values, which has no columns", self.name))
            })?);
        }
        self.put(if items.is_empty() { Cell::Blank } else { Cell::Typed(Value::List(items)) })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        if self.depth >= FILE_JSON_DEPTH_MAX {
            return Err(A::Error::custom(format!("maps within maps are read {FILE_JSON_DEPTH_MAX} deep, no deeper")));
        }
        while let Some(key) = from.next_key::<String>()? {
            let name = if self.name.is_empty() { key } else { format!("{}.{key}", self.name) };
            from.next_value_seed(Field { table: self.table, name, depth: self.depth + 1 })?;
        }
        Ok(())
    }
}

fn plain(item: &serde_json::Value) -> Option<Value> {
    match item {
        serde_json::Value::Bool(flag) => Some(Value::Flag(*flag)),
        serde_json::Value::Number(number) => {
            Some(number.as_i64().map_or_else(|| Value::Text(number.to_string()), Value::Number))
        }
        serde_json::Value::String(text) => Some(Value::from(text.as_str())),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

/// A row: a map, and nothing else.
struct RowSeed<'t, 'a>(Shared<'t, 'a>);

impl<'de> DeserializeSeed<'de> for RowSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with the values of one row")
    }
    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<(), A::Error> {
        Field { table: self.0, name: String::new(), depth: 0 }.visit_map(from)?;
        let row = self.0.try_borrow_mut().map_err(A::Error::custom)?.row();
        row.map_err(A::Error::custom)
    }
}

/// The list of rows, at the end of a way through maps.
struct Way<'t, 'a> {
    table: Shared<'t, 'a>,
    steps: &'t [&'t str],
}

impl<'de> DeserializeSeed<'de> for Way<'_, '_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        if self.steps.is_empty() { from.deserialize_seq(self) } else { from.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for Way<'_, '_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps.first() {
            Some(step) => write!(f, "a map with the key `{step}` on the way to the rows"),
            None => f.write_str("the list of rows; correct `records` if it is elsewhere"),
        }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<bool, A::Error> {
        loop {
            self.table.try_borrow_mut().map_err(A::Error::custom)?.number += 1;
            if from.next_element_seed(RowSeed(self.table))?.is_none() {
                return Ok(true);
            }
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<bool, A::Error> {
        let Some((step, rest)) = self.steps.split_first() else { return Ok(false) };
        let mut found = false;
        while let Some(key) = from.next_key::<String>()? {
            if key == *step && found {
                return Err(A::Error::custom(format!("key `{step}` comes twice")));
            } else if key == *step {
                found = from.next_value_seed(Way { table: self.table, steps: rest })?;
            } else {
                from.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Reads one document with a list of rows in it. Rows are counted from 1.
pub(super) fn read(from: impl BufRead, file: &str, records: Option<&str>, rows: &mut dyn Rows) -> Result<(), Problem> {
    let table = RefCell::new(Table::new(file, rows));
    let steps: Vec<&str> = records.into_iter().flat_map(|way| way.split('.')).filter(|step| !step.is_empty()).collect();
    let mut reader = serde_json::Deserializer::from_reader(from);
    let read = Way { table: &table, steps: &steps }.deserialize(&mut reader);
    let read = read.and_then(|found| reader.end().map(|()| found));
    drop(reader);
    let mut table = table.into_inner();
    match read {
        Ok(true) => Ok(()),
        Ok(false) => {
            let way = records.unwrap_or_default();
            Err(Problem::of(file, format!("there is no list of rows at `{way}`; correct `records`")))
        }
        Err(error) if error.is_io() => Err(unwrapped(file, &error.into())),
        Err(error) => Err(table.said(&error, None)),
    }
}

/// Reads a document on each line.
pub(super) fn read_lines(mut from: impl BufRead, file: &str, rows: &mut dyn Rows) -> Result<(), Problem> {
    let table = RefCell::new(Table::new(file, rows));
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        number += 1;
        let limit = FILE_RECORD_BYTES_MAX as u64 + 1;
        let read = std::io::Read::take(&mut from, limit).read_until(b'\n', &mut line);
        if read.map_err(|error| unwrapped(file, &error))? == 0 {
            return Ok(());
        }
        if line.len() > FILE_RECORD_BYTES_MAX {
            let what =
                format!("a line has more than {FILE_RECORD_BYTES_MAX} bytes; is it one document over many lines?");
            return Err(Problem::of(file, what).on(number));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut reader = serde_json::Deserializer::from_slice(&line);
        if let Ok(mut table) = table.try_borrow_mut() {
            table.number = number;
        }
        let read = RowSeed(&table).deserialize(&mut reader).and_then(|()| reader.end());
        if let Err(error) = read {
            return Err(table.into_inner().said(&error, Some(number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>, Vec<(u64, Vec<String>)>);

    impl Rows for Seen {
        fn columns(&mut self, names: &[String], _: u64) -> Result<(), Problem> {
            self.0 = names.to_vec();
            Ok(())
        }
        fn row(&mut self, line: u64, cells: &[Cell<'_>]) -> Result<(), Problem> {
            let words = |cell: &Cell<'_>| match cell {
                Cell::Typed(value) => value.to_string(),
                other => format!("{other:?}"),
            };
            self.1.push((line, cells.iter().map(words).collect()));
            Ok(())
        }
    }

    #[test]
    fn rows_come_from_deep_within_and_their_maps_become_columns() {
        let text =
            r#"{"meta":{"n":2},"data":{"items":[{"id":1,"a":{"b":"x"}},{"id":2,"t":["p","q"],"a":{"b":null}}]}}"#;
        let mut seen = Seen::default();
        read(text.as_bytes(), "f", Some("data.items"), &mut seen).unwrap();
        assert_eq!(seen.0, ["id", "a.b", "t"]);
        assert_eq!(seen.1[0], (1, vec!["1".into(), "x".into()]));
        assert_eq!(seen.1[1], (2, vec!["2".into(), "Blank".into(), "p, q".into()]));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let said = |text: &str, way| read(text.as_bytes(), "f", way, &mut Seen::default()).unwrap_err().to_string();
        assert!(said("[{\"id\":1},\n{\"id\":", None).contains("line 2 column 6: it ends in the middle"));
        assert!(said("[{\"id\":1},\n{\"id\":x}]", None).contains("line 2 column 7: it is not JSON here"));
        assert!(said("[{\"id\":1,\"id\":2}]", None).contains("key `id` comes twice"));
        assert!(said("{\"error\":\"no\"}", None).contains("the list of rows"));
        assert!(said("{\"error\":\"no\"}", Some("data")).contains("no list of rows at `data`"));
        assert!(said("[1]", None).contains("a map with the values of one row"));
        let mut seen = Seen::default();
        let lines = read_lines("{\"id\":1}\n\n{\"id\":2}}\n".as_bytes(), "f", &mut seen).unwrap_err();
        assert!(lines.to_string().starts_with("`f` line 3 column 9: it is not JSON"), "{lines}");
        assert_eq!(seen.1.len(), 2);
    }
}
