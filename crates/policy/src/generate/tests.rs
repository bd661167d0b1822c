//! Names of real people, and what is tried when they are taken.

use jiff::Timestamp;
use proptest::prelude::*;
use tenure_model::{Person, SeededIds, Standing, new_id};

use super::*;

fn generator() -> Generator {
    Generator {
        name: "user-name".parse().unwrap(),
        title: String::new(),
        owner: None,
        attribute: "userName".into(),
        kinds: [IdentityKind::Employee].into(),
        names: ["person.givenName.substring(0, 1) + person.familyName", "person.givenName + '.' + person.familyName"]
            .map(|text| Expression::parse(text).unwrap())
            .into(),
        collision: Collision::parse("{name}{n}").unwrap(),
        domain: None,
        letters: "abcdefghijklmnopqrstuvwxyz0123456789.-".into(),
        length_min: 2,
        length_max: 12,
        reserved: ["root".to_owned(), "jdoe".to_owned()].into(),
        quarantine_days: 365,
    }
}

fn names(generator: &Generator, given: &str, family: &str) -> Result<Vec<String>, NoName> {
    let person = Person {
        id: new_id(&SeededIds::new(1)),
        kind: IdentityKind::Employee,
        display_name: String::new(),
        attributes: [("givenName".to_owned(), given.into()), ("familyName".to_owned(), family.into())].into(),
        sponsor: None,
        version: 1,
        since: Timestamp::UNIX_EPOCH,
    };
    let facts = Facts { person: &person, engagement: None, standing: Standing::None, now: Timestamp::UNIX_EPOCH };
    generator.names(&facts, &mut Session::new())
}

#[test]
fn names_are_tried_in_the_declared_order() {
    let tried = names(&generator(), "Ada", "Lovelace").unwrap();
    assert_eq!(&tried[..4], ["alovelace", "ada.lovelace", "alovelace2", "alovelace3"]);
    assert_eq!(tried[98], "alovelace98");
    assert!(tried.iter().all(|name| name.len() <= 12));
    let address = Generator { domain: Some("example.com".into()), ..generator() };
    assert_eq!(names(&address, "Ada", "Lovelace").unwrap()[2], "alovelace2@example.com");
}

#[test]
fn names_of_real_people_are_spelled() {
    for (given, family, wanted) in [
        ("Łukasz", "Müller-Strauß", "lmueller-str"),
        ("Þórður", "Æsir", "thaesir"),
        ("Nguyễn", "Thị Hồng", "nthihong"),
        ("Юрий", "Щербак", "iushcherbak"),
        ("Γιώργος", "Ψαρράς", "gpsarras"),
        ("Seán", "O’Brien", "sobrien"),
        ("X Æ", "A-12", "xa-12"),
    ] {
        assert_eq!(names(&generator(), given, family).unwrap()[0], wanted, "{given} {family}");
    }
}

#[test]
fn what_has_no_spelling_is_a_humans() {
    let error = names(&generator(), "太郎", "山田").unwrap_err();
    assert_eq!(error.to_string(), "no name can be made by rule: `太` has no spelling in Latin letters");
    let error = names(&generator(), "…", "—").unwrap_err();
    assert!(matches!(error, NoName::Unspellable(_)), "{error}");
}

#[test]
fn what_is_reserved_or_too_short_is_left_out() {
    assert_eq!(names(&generator(), "Jane", "Doe").unwrap()[0], "jane.doe");
    let short = Generator { length_min: 5, ..generator() };
    assert_eq!(names(&short, "Bo", "Li").unwrap()[0], "bo.li");
    assert!(generator().check("root").unwrap_err().contains("reserved"));
    assert!(generator().check("Ada").unwrap_err().contains("`A` is not one"));
    assert!(generator().check("a").unwrap_err().contains("needs 2 to 12"));
    assert_eq!(generator().check("ada"), Ok(()));
}

#[test]
fn a_pattern_holds_both_places() {
    for bad in ["{name}", "{n}", "{n}{name}", "{name}@{n}", "{name}{n}{n}", ""] {
        assert_eq!(Collision::parse(bad), None, "{bad}");
    }
    assert_eq!(Collision::parse("x-{name}.{n}").unwrap().of("lovelace.", 12, 10), "x-lovel.12");
}

proptest! {
    /// Whatever somebody is called, every name that is tried keeps the rules, and none comes twice.
    #[test]
    fn every_name_keeps_the_rules(given in "\\PC{0,20}", family in "\\PC{0,20}") {
        let generator = generator();
        if let Ok(tried) = names(&generator, &given, &family) {
            let distinct: BTreeSet<&String> = tried.iter().collect();
            prop_assert_eq!(distinct.len(), tried.len());
            prop_assert!(tried.len() > 50, "{} names", tried.len());
            for name in &tried {
                prop_assert_eq!(generator.check(name), Ok(()));
            }
        }
    }
}
