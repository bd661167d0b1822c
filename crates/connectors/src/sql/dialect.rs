//! In which words each database is spoken to. The text of a statement is made of names from the
//! settings, quoted here, and of placeholders; a value never comes near it.

use jiff::Timestamp;
use jiff::civil::Date;
use tenure_model::Value;

/// Which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

/// What a column holds, as far as it matters to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Date,
    Instant,
}

/// A value on its way to a database.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Datum {
    Null,
    Text(String),
    Int(i64),
}

/// A statement with its values, which are bound one by one.
#[derive(Clone)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Datum>,
    dialect: Dialect,
}

impl Dialect {
    /// An empty statement.
    pub(super) fn sql(self) -> Sql {
        Sql { text: String::new(), values: Vec::new(), dialect: self }
    }

    /// A name from the settings, quoted; a dot stands between a schema and a table.
    pub(super) fn table(self, name: &str) -> String {
        name.split('.').map(|part| self.column(part)).collect::<Vec<_>>().join(".")
    }

    /// The name of a column, quoted.
    pub(super) fn column(self, name: &str) -> String {
        match self {
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// A column as text.
    pub(super) fn text_of(self, name: &str) -> String {
        let column = self.column(name);
        match self {
            Self::Postgres => format!("CAST({column} AS text)"),
            Self::Mysql => format!("CAST({column} AS CHAR)"),
            Self::Sqlite => format!("CAST({column} AS TEXT)"),
        }
    }

    /// The placeholder of the value with this number, counted from 1.
    pub(super) fn placeholder(self, number: usize) -> String {
        match self {
            Self::Postgres => format!("${number}"),
            Self::Mysql | Self::Sqlite => "?".to_owned(),
        }
    }

    /// What a column of this type holds.
    pub(super) fn kind(self, declared: &str) -> Kind {
        let declared = declared.to_ascii_lowercase();
        let word = declared.split(['(', ' ']).next().unwrap_or_default();
        match (self, word) {
            (_, "bool" | "boolean") => Kind::Flag,
            (Self::Mysql, _) if declared.starts_with("tinyint(1)") => Kind::Flag,
            (_, "smallint" | "integer" | "bigint" | "int" | "tinyint" | "mediumint") => Kind::Number,
            (_, "date") => Kind::Date,
            (Self::Postgres, _) if declared == "timestamp with time zone" => Kind::Instant,
            (Self::Mysql, "timestamp") => Kind::Instant,
            (Self::Sqlite, _) if declared.contains("int") => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// The value that was read as this text.
    pub(super) fn value(kind: Kind, text: String) -> Value {
        let found = match kind {
            Kind::Text => None,
            Kind::Number => text.parse().ok().map(Value::Number),
            Kind::Flag => match text.as_str() {
                "true" | "1" => Some(Value::Flag(true)),
                "false" | "0" => Some(Value::Flag(false)),
                _ => None,
            },
            Kind::Date => text.parse::<Date>().ok().map(Value::Date),
            Kind::Instant => instant(&text).map(Value::Instant),
        };
        found.unwrap_or(Value::Text(text))
    }

    /// The value in the form in which the column gives it back, or none if it cannot be in it.
    pub(super) fn normal(kind: Kind, value: &Value) -> Option<Value> {
        match (kind, value) {
            (_, Value::Cleared)
            | (Kind::Number, Value::Number(_))
            | (Kind::Flag, Value::Flag(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Text, Value::Text(_)) => Some(value.clone()),
            // Databases keep microseconds.
            (Kind::Instant, Value::Instant(at)) => {
                Timestamp::from_microsecond(at.as_microsecond()).ok().map(Value::Instant)
            }
            (_, Value::List(_)) => None,
            (Kind::Text, other) => Some(Value::Text(other.to_string())),
            (Kind::Number, Value::Text(text)) => text.parse().ok().map(Value::Number),
            (Kind::Number, Value::Flag(flag)) => Some(Value::Number(i64::from(*flag))),
            (Kind::Flag, Value::Text(text)) => text.parse().ok().map(Value::Flag),
            (Kind::Flag, Value::Number(0)) => Some(Value::Flag(false)),
            (Kind::Flag, Value::Number(1)) => Some(Value::Flag(true)),
            (Kind::Date, Value::Text(text)) => text.parse().ok().map(Value::Date),
            (Kind::Instant, Value::Text(text)) => instant(text).map(Value::Instant),
            _ => None,
        }
    }

    /// A value that is in the form of its column, on its way to the database.
    pub(super) fn datum(self, value: &Value) -> Datum {
        match (self, value) {
            (_, Value::Cleared) => Datum::Null,
            (_, Value::Number(number)) => Datum::Int(*number),
            (Self::Postgres, Value::Flag(flag)) => Datum::Text(flag.to_string()),
            (_, Value::Flag(flag)) => Datum::Int(i64::from(*flag)),
            (Self::Mysql, Value::Instant(at)) => {
                let text = at.to_string();
                Datum::Text(text.trim_end_matches('Z').replace('T', " "))
            }
            (_, other) => Datum::Text(other.to_string()),
        }
    }
}

/// A moment as a database writes it: with a blank in the middle, and a short zone or none.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim().replacen(' ', "T", 1);
    let zoned = text.ends_with('Z') || text.get(10..).is_some_and(|time| time.contains(['+', '-']));
    if zoned { text.parse().ok() } else { format!("{text}Z").parse().ok() }
}

impl Sql {
    /// With more text.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// With the quoted name of a table.
    pub(super) fn table(self, name: &str) -> Self {
        let name = self.dialect.table(name);
        self.text(&name)
    }

    /// With the quoted name of a column.
    pub(super) fn column(self, name: &str) -> Self {
        let name = self.dialect.column(name);
        self.text(&name)
    }

    /// With a column as text, under a name that no column has: PostgreSQL would otherwise order by
    /// the text where the column is meant.
    pub(super) fn text_of(self, name: &str) -> Self {
        let column = self.dialect.text_of(name);
        self.text(&column).text(" AS tenure_text")
    }

    /// With a value, of which only the placeholder is in the text.
    pub(super) fn bind(mut self, value: Datum) -> Self {
        self.values.push(value);
        let placeholder = self.dialect.placeholder(self.values.len());
        self.text(&placeholder)
    }

    /// With several values in brackets.
    pub(super) fn bind_all(mut self, values: impl IntoIterator<Item = Datum>) -> Self {
        self = self.text("(");
        for (place, value) in values.into_iter().enumerate() {
            self = self.text(if place == 0 { "" } else { ", " }).bind(value);
        }
        self.text(")")
    }

    /// A statement of the settings, with a value bound for each `:name` in it; the name if one has
    /// none. What stands in quotes is left as it is, and so is `::` of PostgreSQL.
    pub(super) fn given(dialect: Dialect, text: &str, named: &dyn Fn(&str) -> Option<Datum>) -> Result<Self, String> {
        let mut sql = dialect.sql();
        let mut rest = text;
        while let Some(at) = rest.find([':', '\'', '"', '`']) {
            let (before, behind) = rest.split_at(at);
            sql = sql.text(before);
            let sign = behind.chars().next().unwrap_or_default();
            let after = behind.get(1..).unwrap_or_default();
            if sign != ':' {
                let end = after.find(sign).map_or(behind.len(), |end| end + 2);
                sql = sql.text(behind.get(..end).unwrap_or(behind));
                rest = behind.get(end..).unwrap_or_default();
                continue;
            }
            let length = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
            let name = after.get(..length).unwrap_or_default();
            if after.starts_with(':') {
                sql = sql.text("::");
                rest = after.get(1..).unwrap_or_default();
            } else if name.is_empty() {
                sql = sql.text(":");
                rest = after;
            } else {
                sql = sql.bind(named(name).ok_or_else(|| name.to_owned())?);
                rest = after.get(length..).unwrap_or_default();
            }
        }
        Ok(sql.text(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_values_are_never_in_the_text() {
        let hostile = "x\"; DROP TABLE people; --";
        let sql = Dialect::Postgres.sql().text("SELECT ").column(hostile).text(" = ").bind(Datum::Text(hostile.into()));
        assert_eq!(sql.text, "SELECT \"x\"\"; DROP TABLE people; --\" = $1");
        assert_eq!(Dialect::Mysql.table("hr.a`b"), "`hr`.`a``b`");
    }

    #[test]
    fn named_values_of_a_statement_are_bound_and_quotes_are_left_alone() {
        let named = |name: &str| matches!(name, "id" | "mail").then(|| Datum::Text(name.to_owned()));
        let given = |dialect, text| Sql::given(dialect, text, &named).map(|sql| (sql.text, sql.values.len()));
        let text = "UPDATE t SET m = :mail, x = ':id', y = a::text, z = \":id\" WHERE i=:id;";
        let wanted = "UPDATE t SET m = $1, x = ':id', y = a::text, z = \":id\" WHERE i=$2;";
        assert_eq!(given(Dialect::Postgres, text), Ok((wanted.to_owned(), 2)));
        assert_eq!(given(Dialect::Mysql, "CALL p(:id, :id)"), Ok(("CALL p(?, ?)".to_owned(), 2)));
        assert_eq!(given(Dialect::Mysql, "CALL p(:idd)"), Err("idd".to_owned()));
    }

    #[test]
    fn values_come_back_as_what_the_column_holds() {
        let at: Timestamp = "2026-11-21T08:00:00.5Z".parse().unwrap();
        let postgres = |kind, text: &str| Dialect::value(kind, text.to_owned());
        assert_eq!(postgres(Kind::Instant, "2026-11-21 08:00:00.5+00"), Value::Instant(at));
        assert_eq!(Dialect::value(Kind::Instant, "2026-11-21 08:00:00.500000".into()), Value::Instant(at));
        assert_eq!(postgres(Kind::Flag, "true"), Value::Flag(true));
        assert_eq!(postgres(Kind::Number, "7"), Value::Number(7));
        assert_eq!(Dialect::normal(Kind::Number, &"7".into()), Some(Value::Number(7)));
        assert_eq!(Dialect::normal(Kind::Number, &"7x".into()), None);
        assert_eq!(Dialect::normal(Kind::Text, &Value::Number(7)), Some("7".into()));
    }
}
