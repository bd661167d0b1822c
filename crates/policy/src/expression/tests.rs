//! Expressions: what they see, what they give, and what cannot hurt them.

use super::*;
use jiff::Timestamp;
use jiff::civil::date;
use tenure_model::{Engagement, IdentityKind, Person, SeededIds, Standing, new_id};

fn person() -> Person {
    let list = Value::List((0..200).map(Value::Number).collect());
    Person {
        id: new_id(&SeededIds::new(1)),
        kind: IdentityKind::Employee,
        display_name: "Ada Łovelace".into(),
        attributes: [
            ("givenName".to_owned(), Value::from("Ada")),
            ("familyName".to_owned(), Value::from("Łovelace")),
            ("country".to_owned(), Value::from("FR")),
            ("hired".to_owned(), Value::Date(date(2026, 1, 2))),
            ("usesGit".to_owned(), Value::Flag(true)),
            ("level".to_owned(), Value::Number(7)),
            ("phone".to_owned(), Value::Cleared),
            ("kind".to_owned(), Value::from("admin")),
            ("long".to_owned(), Value::Text("x".repeat(TEXT))),
            ("numbers".to_owned(), list),
        ]
        .into(),
        sponsor: None,
        version: 1,
        since: Timestamp::UNIX_EPOCH,
    }
}

const TEXT: usize = crate::limits::TEXT_BYTES_MAX;

fn value(text: &str) -> Result<Value, NoValue> {
    let expression = Expression::parse(text).unwrap_or_else(|bad| panic!("{text}: {bad}"));
    let person = person();
    let ids = SeededIds::new(2);
    let engagement = Engagement {
        id: new_id(&ids),
        person: person.id,
        kind: IdentityKind::Employee,
        source: "hr".parse().unwrap(),
        key: "E1042".into(),
        spell: 1,
        zone: "Australia/Melbourne".parse().unwrap(),
        first_day: date(2024, 3, 1),
        last_day: None,
        leaves: Vec::new(),
        handover: None,
        primary: false,
        rescinded: false,
        cut_at: None,
        version: 1,
    };
    let now = "2026-11-30T20:00:00Z".parse().unwrap();
    expression.value(&Facts { person: &person, engagement: Some(&engagement), standing: Standing::Active, now })
}

fn broken(text: &str) -> String {
    match value(text) {
        Err(NoValue::Broken { reason, .. }) => reason,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn conditions_and_mappings_give_their_values() {
    let cases = [
        ("person.country == \"FR\" && person.usesGit", Value::Flag(true)),
        ("person.level >= 8 || person.country in ['FR', 'DE']", Value::Flag(true)),
        ("lower(ascii(person.givenName.substring(0, 1) + person.familyName))", "alovelace".into()),
        ("person.givenName.lower() + '@example.com'", "ada@example.com".into()),
        ("substring(person.givenName, 1)", "da".into()),
        ("'a-b c'.keep('abc')", "abc".into()),
        ("has(person.department) ? person.department : 'none'", "none".into()),
        ("has(person.phone)", Value::Flag(false)),
        ("person.kind", "employee".into()),
        ("person.hired <= today() && today() == '2026-12-01'", Value::Flag(true)),
        ("engagement.source + '/' + engagement.key + '/' + engagement.state", "hr/E1042/active".into()),
        ("person.firstDay", "2024-03-01".into()),
        ("[1, 2].map(x, string(x) + '!').filter(t, t != '1!')", Value::List(vec!["2!".into()])),
        ("person.level + 1", Value::Number(8)),
        ("person.department == 'x' || person.country == 'FR'", Value::Flag(true)),
    ];
    for (text, wanted) in cases {
        assert_eq!(value(text), Ok(wanted), "{text}");
    }
}

#[test]
fn what_nobody_said_is_not_known() {
    for (text, path) in [
        ("person.department == 'Finance'", "person.department"),
        ("!(person.phone == '1')", "person.phone"),
        ("engagement.lastDay < today()", "engagement.lastDay"),
        ("lower(person.department)", "person.department"),
    ] {
        assert_eq!(value(text), Err(NoValue::NotKnown { path: path.into() }), "{text}");
    }
}

#[test]
fn a_group_is_asked_for_by_its_name() {
    let asked = Expression::parse("inGroup('paris') && (inGroup(\"lyon\") || !inGroup('paris'))").unwrap();
    assert_eq!(asked.groups().iter().collect::<Vec<_>>(), ["lyon", "paris"]);
    assert!(asked.paths().contains("person.groups"));
    let mut ada = person();
    let list = Value::List(vec!["paris".into()]);
    ada.attributes.insert("groups".into(), list);
    let facts = Facts { person: &ada, engagement: None, standing: Standing::None, now: Timestamp::UNIX_EPOCH };
    for (text, wanted) in [("inGroup('paris')", true), ("inGroup('lyon')", false), ("'paris' in person.groups", true)] {
        assert_eq!(Expression::parse(text).unwrap().value(&facts), Ok(Value::Flag(wanted)), "{text}");
    }
    assert_eq!(value("inGroup('paris')"), Err(NoValue::NotKnown { path: "person.groups".into() }));
}

#[test]
fn nonsense_is_refused_with_a_place_and_a_way_out() {
    for (text, reason, hint) in [
        ("", "the expression is empty", "`true`"),
        ("persn.country == 'FR'", "`persn` is not known here", "did you mean `person`?"),
        ("engagement.fistDay", "an engagement has no `fistDay`", "did you mean `engagement.firstDay`?"),
        ("inGroup(person.country)", "takes the name of one group", "in quotes"),
        ("person.inGroup('a')", "takes the name of one group", "in quotes"),
        ("inGruop('a')", "there is no function `inGruop`", "did you mean `inGroup`?"),
        ("lowr(person.country)", "there is no function `lowr`", "did you mean `lower`?"),
        ("person.country ==", "cannot be read", "write a condition"),
        ("r'\\' + ((('", "letters in front of its quotes", "plain quotes"),
        ("'''a'''", "three quotes", "plain quotes"),
        ("person.country // home", "starts a comment", "beside"),
        ("person.country == 'F", "not closed", "plain quotes"),
        ("b{a: 1}", "not supported", "person"),
        ("person.givenName.map(person, 1)", "already means something", "another name"),
        ("[1].map(a, [1].map(b, [1].map(c, c)))", "lists are walked more than 2 deep", "several roles"),
    ] {
        let bad = Expression::parse(text).unwrap_err();
        assert!(bad.reason.contains(reason), "{text}: {bad}");
        assert!(bad.hint.contains(hint), "{text}: {bad}");
    }
    assert_eq!(Expression::parse("person.a == ((((§").unwrap_err().at, 16);
    assert_eq!(Expression::parse("(person.a").unwrap_err().reason, "a bracket is not closed");
    assert_eq!(Expression::parse("person.a)").unwrap_err().at, 8);
}

/// Texts that make the parser or the evaluator go deep; each is tried from far below to far above
/// every limit.
fn hostile(count: usize) -> Vec<String> {
    vec![
        format!("1{}", "+1".repeat(count)),
        format!("{}1{}", "(".repeat(count), ")".repeat(count)),
        format!("{}1{}", "[".repeat(count), "]".repeat(count)),
        format!("{}true", "!".repeat(count)),
        format!("{}true", "! ".repeat(count)),
        format!("{}1", "-".repeat(count)),
        format!("1{}1", "-".repeat(count)),
        format!("person{}", ".a".repeat(count)),
        format!("person{}", "['a']".repeat(count)),
        format!("person{}", ".lower()".repeat(count)),
        format!("{}1", "true ? 1 : ".repeat(count)),
        format!("{}1{}", "true ? ".repeat(count), " : 1".repeat(count)),
        format!("true{}", " && true".repeat(count)),
        format!("true{}", " || false".repeat(count)),
        format!("1{}", " == 1".repeat(count)),
        format!("1{}", " in [1]".repeat(count)),
        format!("{}1{}", "lower(".repeat(count), ")".repeat(count)),
        format!("{}1{}", "{1:".repeat(count), "}".repeat(count)),
        format!("[{}1]", "1,".repeat(count)),
        format!("[1]{}", ".map(a, a)".repeat(count)),
        format!("{}[1]{}", "[1].all(a, ".repeat(count), ")".repeat(count)),
        format!("'{}'", "(".repeat(count)),
        format!("'{}", "\\'(".repeat(count)),
        "\u{0}".repeat(count),
        "((((".repeat(count),
        ")".repeat(count),
        "?".repeat(count),
        ".".repeat(count),
        "ä".repeat(count),
    ]
}

/// Half of what a thread usually has: whoever passes here has room to spare.
const SMALL_STACK: usize = 1024 * 1024;

#[test]
fn hostile_texts_are_refused_or_answered_and_never_end_the_process() {
    let run = || {
        for count in [1, 4, 8, 16, 31, 32, 33, 64, 100, 127, 128, 129, 200, 500, 1_000, 2_000, 20_000] {
            for text in hostile(count) {
                if let Ok(expression) = Expression::parse(&text) {
                    let person = person();
                    let facts = Facts {
                        person: &person,
                        engagement: None,
                        standing: Standing::None,
                        now: Timestamp::UNIX_EPOCH,
                    };
                    let _answer = expression.value(&facts);
                    assert!(text.len() <= crate::limits::EXPRESSION_BYTES_MAX);
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(SMALL_STACK).spawn(run).unwrap().join().unwrap();
}

#[test]
fn work_has_a_budget() {
    let nested = "person.numbers.all(a, person.numbers.all(b, a + b >= 0 && a * b >= 0))";
    assert!(broken(nested).contains("more than 200000 steps"), "{}", broken(nested));
    let doubled = format!("['xxxxxxxx']{}", ".map(a, a + a + a + a + a + a + a + a)".repeat(7));
    assert!(broken(&doubled).contains("more than 4096 bytes"), "{}", broken(&doubled));
    let wide = "person.numbers.map(a, person.numbers.map(b, person.long))";
    assert!(broken(wide).contains("more than 1048576 bytes"), "{}", broken(wide));
    assert!(broken("person.numbers + person.numbers").contains("more than 256 items"));
    assert_eq!(value("person.numbers.exists(a, a == 150)"), Ok(Value::Flag(true)));
}

#[test]
fn a_condition_that_makes_no_sense_is_broken_and_not_false() {
    assert!(broken("person.country + 1 == 2").contains("string") || !broken("person.country + 1 == 2").is_empty());
    assert!(broken("1.5").contains("neither text"));
}

#[test]
fn what_can_never_make_sense_is_found_when_it_is_read() {
    let record = [
        ("employeeId", Kind::Text),
        ("endDate", Kind::Date),
        ("level", Kind::Number),
        ("remote", Kind::Flag),
        ("teams", Kind::List(Box::new(Kind::Text))),
    ];
    let record = Subject::closed(record.map(|(name, kind)| (name.to_owned(), kind)).into());
    let schema = Schema::policy().with("worker", record);
    for (text, at, reason, hint) in [
        ("lower(worker.employeId)", 6, "a worker has no `employeId`", "did you mean `worker.employeeId`?"),
        ("worker.salary", 0, "a worker has no `salary`", "`worker` has employeeId, endDate, level, remote, teams"),
        ("true || worker.level", 8, "a condition must be yes or no, and `worker.level` is a number", "compare it"),
        ("worker.level == '7'", 0, "`worker.level` is a number and `7` is a text, which are never alike", "one kind"),
        ("worker.endDate < 'soon'", 18, "`soon` is not a day", "2026-11-30"),
        ("worker.employeeId + worker.level", 0, "which cannot be added", "string("),
        ("worker.level - worker.endDate", 15, "arithmetic is done with numbers", "int("),
        ("lower(worker.level)", 6, "`lower` cannot take `worker.level`, which is a number", "lower(person.email)"),
        ("worker.employeeId in worker.employeeId", 0, "`in` looks into a list", "write a list"),
        ("worker.employeeId.all(x, x == 'a')", 0, "only a list can be walked", "name a list"),
        ("worker.teams.exists(t, t == 7)", 20, "`t` is a text and `7` is a number", "one kind"),
        ("worker.teams.exists(t, t.startsWith(1))", 36, "`startsWith` cannot take `1`", "startsWith("),
        ("worker.remote < true", 0, "which has no order", "compare texts"),
        ("worker[\"enddate\"]", 8, "a worker has no `enddate`", "did you mean `worker.endDate`?"),
        ("substring(worker.employeeId)", 0, "`substring` takes 3 values and has 1", "substring(person"),
    ] {
        let bad = Expression::parse_in(text, &schema).expect_err(text);
        assert!(bad.reason.contains(reason), "{text}: {bad}");
        assert!(bad.hint.contains(hint), "{text}: {bad}");
        assert_eq!(bad.at, at, "{text}: {bad}");
    }
    for (text, kind) in [
        ("worker.endDate <= today() && worker.level > 3", Kind::Flag),
        ("worker.teams.filter(t, t != 'a').map(t, size(t))", Kind::List(Box::new(Kind::Number))),
        ("worker.remote ? worker.employeeId : 'x'", Kind::Text),
        ("worker.employeeId ?? person.id", Kind::Text),
        ("worker.endDate", Kind::Date),
        ("person.anything", Kind::Any),
        ("worker.teams + ['x']", Kind::List(Box::new(Kind::Text))),
    ] {
        let read = Expression::parse_in(text, &schema).unwrap_or_else(|bad| panic!("{text}: {bad}"));
        assert_eq!(*read.kind(), kind, "{text}");
    }
    assert!(Expression::condition_in("worker.level", &schema).is_err());
    assert!(Expression::condition_in("worker.remote", &schema).is_ok());
}

#[test]
fn a_session_gives_what_a_single_evaluation_gives_and_keeps_nothing() {
    let read = |text: &str| Expression::parse(text).unwrap();
    let person = person();
    let facts = Facts { person: &person, engagement: None, standing: Standing::None, now: Timestamp::UNIX_EPOCH };
    let greedy = read("person.numbers.all(a, person.numbers.all(b, a + b >= 0 && a * b >= 0))");
    let modest = read("person.numbers.exists(a, a == 150) && today() == '1970-01-01'");
    let deep = read(&format!("1{}", "+1".repeat(60)));
    let mut session = Session::new();
    for _ in 0..3 {
        assert!(matches!(session.value(&greedy, &facts), Err(NoValue::Broken { .. })));
        assert_eq!(session.value(&modest, &facts), Ok(Value::Flag(true)));
        assert_eq!(session.value(&deep, &facts), Ok(Value::Number(61)));
        let tomorrow = Facts { now: "1970-01-02T00:00:00Z".parse().unwrap(), ..facts };
        assert_eq!(session.value(&modest, &tomorrow), Ok(Value::Flag(false)));
    }
    let bulk = Session::in_bulk(|session| session.value(&deep, &facts));
    assert_eq!(bulk, Ok(Ok(Value::Number(61))));
}
