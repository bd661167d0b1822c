//! Texts that were written to break out of an expression, and random ones. Each is refused before
//! it is evaluated, or answered within the budget; none ends the process or reads what it was not
//! given.

use jiff::civil::date;
use proptest::prelude::*;
use tenure_model::{Attributes, Clock as _, SystemClock, Value};

use super::*;

/// One payload a line: template, script, shell, SQL, LDAP, XML and path escapes as they are used
/// against other products, and what they look like in CEL.
const ESCAPES: &str = include_str!("escapes.txt");

fn schema() -> Schema {
    Schema::policy().with("worker", Subject::open())
}

fn scopes(fields: &Attributes) -> Scopes<'_> {
    Scopes::on(date(2026, 11, 27)).with("person", fields).with("engagement", fields).with("worker", fields)
}

#[test]
fn every_escape_is_an_error_of_the_document() {
    let lines: Vec<&str> = ESCAPES.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
    assert!(lines.len() >= 200, "{} escapes", lines.len());
    let mut taken = Vec::new();
    for line in lines {
        match Expression::parse_in(line, &schema()) {
            Ok(_) => taken.push(line),
            Err(bad) => {
                assert!(!bad.reason.is_empty() && !bad.hint.is_empty() && bad.at <= line.len(), "{line}: {bad}");
            }
        }
    }
    assert_eq!(taken, Vec::<&str>::new(), "taken for expressions");
}

#[test]
fn a_value_that_looks_like_code_stays_a_value() {
    let read = Expression::parse_in("worker.name + '!'", &schema()).unwrap();
    let mut session = Session::new();
    for line in ESCAPES.lines() {
        let fields: Attributes = [("name".to_owned(), Value::from(line))].into();
        assert_eq!(session.value(&read, &scopes(&fields)), Ok(Value::from(format!("{line}!"))), "{line}");
    }
}

/// Texts of the language's own words in any order: more of them get past the parser than of others.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "person",
        ".",
        "name",
        "worker",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "??",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "in",
        "has(",
        "lower(",
        "size(",
        ".map(a,",
        ".all(a,",
        ".filter(b,",
        "1",
        "9223372036854775807",
        "0",
        "'x'",
        "\"y\"",
        "true",
        "null",
        "today()",
        "substring(",
        "ref(",
        "int(",
        "a",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.join(" "))
}

fn holds(text: &str) {
    let clock = SystemClock::new();
    let begun = clock.now();
    if let Ok(read) = Expression::parse_in(text, &schema()) {
        assert!(text.len() <= crate::limits::EXPRESSION_BYTES_MAX);
        let list = Value::List((0..100).map(Value::Number).collect());
        let fields: Attributes = [("name".to_owned(), "Ada".into()), ("a".to_owned(), list)].into();
        let answer = Session::new().value(&read, &scopes(&fields));
        drop(answer);
    }
    assert!(clock.now().duration_since(begun).as_secs() < 5, "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_refused_or_answered(text in "\\PC{0,200}") {
        holds(&text);
    }

    #[test]
    fn any_words_of_the_language_are_refused_or_answered(text in soup()) {
        holds(&text);
    }
}
