//! Records as sources have them, good and bad.

use jiff::civil::date;

use super::*;
use crate::correlate::{MatchRule, OnHit};
use crate::expression::Schema;

fn mapping() -> Mapping {
    let fields = [
        ("employeeId", Kind::Text),
        ("first", Kind::Text),
        ("preferredFirst", Kind::Text),
        ("email", Kind::Text),
        ("mobile", Kind::Text),
        ("endDate", Kind::Date),
        ("level", Kind::Number),
        ("managerId", Kind::Text),
    ];
    let record = Subject::closed(fields.map(|(name, kind)| (name.to_owned(), kind)).into());
    let schema = Schema::default().with("worker", record.clone());
    let read = |text: &str| Expression::parse_in(text, &schema).unwrap_or_else(|bad| panic!("{text}: {bad}"));
    let set = |text: &str, strength| Assignment { value: read(text), refers_by: None, strength, kind: Kind::Any };
    let manager = Assignment { refers_by: Some("employeeId".into()), ..set("worker.managerId", Strength::Authority) };
    Mapping {
        name: "workday-in".parse().unwrap(),
        title: String::new(),
        owner: None,
        connection: "workday".parse().unwrap(),
        object: "worker".into(),
        record: record.clone(),
        key: None,
        matching: Matching {
            rules: vec![
                MatchRule::Exact { left: read("worker.employeeId"), right: "employeeId".into(), on_hit: OnHit::Take },
                MatchRule::Exact { left: read("lower(worker.email)"), right: "email".into(), on_hit: OnHit::Ask },
            ],
        },
        set: [
            ("employeeId", set("worker.employeeId", Strength::Authority)),
            ("givenName", set("worker.preferredFirst ?? worker.first", Strength::Authority)),
            ("lastDay", set("worker.endDate", Strength::Authority)),
            ("level", set("worker.level * 10", Strength::Authority)),
            ("phone", set("worker.mobile", Strength::Initial)),
            ("manager", manager),
        ]
        .map(|(name, assignment)| (name.to_owned(), assignment))
        .into(),
    }
}

fn record(values: &[(&str, &str)]) -> Attributes {
    values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

fn mapped(values: &[(&str, &str)]) -> Result<Mapped, Quarantined> {
    map(&mapping(), &record(values), &mut Session::new(), date(2026, 11, 27))
}

#[test]
fn a_record_says_what_it_says_and_no_more() {
    let said = mapped(&[
        ("employeeId", "E7"),
        ("first", "Ada"),
        ("preferredFirst", " "),
        ("email", "Ada@X.org"),
        ("endDate", "2026-12-31"),
        ("level", "7"),
        ("mobile", ""),
    ])
    .unwrap();
    assert_eq!(said.key, "E7");
    assert_eq!(said.subject.to_string(), "employeeId E7");
    assert_eq!(said.also, [PersonKey { attribute: "email".into(), value: "ada@x.org".into() }]);
    let wanted: Attributes = [
        ("employeeId".to_owned(), "E7".into()),
        ("givenName".to_owned(), "Ada".into()),
        ("lastDay".to_owned(), Value::Date(date(2026, 12, 31))),
        ("level".to_owned(), Value::Number(70)),
        // The column is there and empty: cleared. There is no column for the manager: not spoken of.
        ("phone".to_owned(), Value::Cleared),
    ]
    .into();
    assert_eq!(said.attributes, wanted);
}

#[test]
fn a_record_that_makes_no_sense_is_left_out_by_name_with_everything_that_is_wrong() {
    let out = mapped(&[("employeeId", "E7"), ("endDate", "31.12.2026"), ("level", "high")]).unwrap_err();
    assert_eq!(
        out.to_string(),
        "the record of employeeId E7 is left out by mapping `workday-in`: `endDate`: it is not a day; write it as \
         `2026-11-30`; `level`: it is not a number; write such as `7`"
    );
    let out = mapped(&[("employeeId", ""), ("first", "Ada")]).unwrap_err();
    assert_eq!(
        out.to_string(),
        "a record without a key is left out by mapping `workday-in`: `match`: its key is empty, so that nobody can be \
         found by it"
    );
    let large = i64::MAX.to_string();
    let out = mapped(&[("employeeId", "E8"), ("level", &large)]).unwrap_err();
    assert!(out.to_string().contains("`level`: a number gets too large"), "{out}");
    assert!(!out.to_string().contains(&large), "a message holds no value: {out}");
}

#[test]
fn values_are_read_as_what_they_are_declared() {
    for (value, kind, wanted) in [
        ("yes", Kind::Flag, Ok(Value::Flag(true))),
        ("0", Kind::Flag, Ok(Value::Flag(false))),
        (" 12 ", Kind::Number, Ok(Value::Number(12))),
        ("2026-02-29", Kind::Date, Err(())),
        ("2026-02-28", Kind::Date, Ok(Value::Date(date(2026, 2, 28)))),
        ("a", Kind::List(Box::new(Kind::Text)), Ok(Value::List(vec!["a".into()]))),
        ("a", Kind::Instant, Err(())),
        ("", Kind::Number, Ok(Value::Cleared)),
    ] {
        assert_eq!(read_as(value.into(), &kind).map_err(|_| ()), wanted, "{value} as {kind}");
    }
    assert_eq!(read_as(Value::Number(7), &Kind::Text), Ok("7".into()));
    assert!(read_as(Value::Flag(true), &Kind::Number).is_err());
}
