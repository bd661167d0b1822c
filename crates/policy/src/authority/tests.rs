//! Whose word counts, and that it never depends on who spoke first.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn said(attribute: &str, source: &str, value: &str, strength: Strength, second: i64) -> Statement {
    Statement {
        attribute: attribute.into(),
        source: source.parse().unwrap(),
        value: if value.is_empty() { Value::Cleared } else { value.into() },
        strength,
        refers_by: None,
        seen_at: Timestamp::from_second(second).unwrap(),
        event: None,
    }
}

fn names(names: &[&str]) -> Vec<ConnectionName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn document(others: Others) -> Authorities {
    let owned = |from: &[&str]| Ownership { from: names(from), kind: None };
    Authorities::of([Authority {
        name: "employees".parse().unwrap(),
        title: String::new(),
        owner: None,
        kinds: [IdentityKind::Employee].into(),
        attributes: [("phone".to_owned(), owned(&["ldap", "hr"])), ("dept".to_owned(), owned(&["hr"]))].into(),
        others,
        events: [("employment.ended".to_owned(), names(&["hr", "fax"]))].into(),
    }])
}

fn holds(authorities: &Authorities, said: Vec<Statement>, attribute: &str) -> (Option<String>, String) {
    let merged = authorities.merge(IdentityKind::Employee, said);
    let value = merged.values().get(attribute).map(ToString::to_string);
    (value, merged.attributes.get(attribute).map(|held| held.why.clone()).unwrap_or_default())
}

use Strength::{Authority as Firm, Default as Usual, Initial as First};

#[test]
fn the_first_owner_who_speaks_counts_and_nobody_else() {
    let both = || vec![said("phone", "hr", "1", Firm, 9), said("phone", "ldap", "2", Firm, 1)];
    let (value, why) = holds(&document(Others::Take), both(), "phone");
    assert_eq!((value.as_deref(), why.as_str()), (Some("2"), "employees gives the word on `phone` to ldap"));
    assert_eq!(
        holds(&Authorities::default(), both(), "phone").0.as_deref(),
        Some("1"),
        "without a document the latest"
    );
    let foreign = vec![said("dept", "ldap", "x", Firm, 1)];
    let (value, why) = holds(&document(Others::Take), foreign.clone(), "dept");
    assert_eq!((value, why.as_str()), (None, "employees gives the word on `dept` to hr, who did not speak"));
    let merged = document(Others::Take).merge(IdentityKind::Employee, foreign.clone());
    assert_eq!(merged.attributes["dept"].others, foreign, "what may not count is kept and shown");
    assert!(merged.attributes["dept"].is_disputed());
    assert_eq!(holds(&Authorities::default(), foreign, "dept").0.as_deref(), Some("x"));
}

#[test]
fn to_clear_is_to_speak_and_silence_is_not() {
    let cleared = vec![said("phone", "ldap", "", Firm, 5), said("phone", "hr", "1", Firm, 9)];
    assert_eq!(holds(&document(Others::Take), cleared, "phone").0, None);
    let idle = vec![said("phone", "ldap", "", Usual, 5), said("phone", "hr", "1", Firm, 1)];
    assert_eq!(holds(&document(Others::Take), idle, "phone").0.as_deref(), Some("1"));
}

#[test]
fn a_firmer_word_counts_before_an_earlier_owner() {
    let firm = vec![said("phone", "ldap", "2", First, 5), said("phone", "hr", "1", Firm, 1)];
    assert_eq!(holds(&document(Others::Take), firm, "phone").0.as_deref(), Some("1"));
    let first = vec![said("phone", "ldap", "2", First, 5), said("phone", "hr", "1", Usual, 1)];
    assert_eq!(holds(&document(Others::Take), first, "phone").0.as_deref(), Some("1"));
}

#[test]
fn what_no_document_lists_is_taken_or_refused() {
    let said = || vec![said("room", "hr", "12", Firm, 1)];
    assert_eq!(holds(&document(Others::Take), said(), "room").0.as_deref(), Some("12"));
    let (value, why) = holds(&document(Others::Refuse), said(), "room");
    assert_eq!((value, why.as_str()), (None, "employees has no attribute `room`"));
}

#[test]
fn an_event_is_told_by_its_owners_in_their_order() {
    let documents = document(Others::Take);
    let ask = |event: &str, source: &str| documents.may_tell(IdentityKind::Employee, event, &source.parse().unwrap());
    assert_eq!(ask("employment.ended", "hr"), MayTell::Yes { before: Vec::new() });
    assert_eq!(ask("employment.ended", "fax"), MayTell::Yes { before: names(&["hr"]) });
    assert_eq!(ask("employment.ended", "ldap"), MayTell::No { only: names(&["hr", "fax"]) });
    assert_eq!(ask("person.changed", "ldap"), MayTell::Yes { before: Vec::new() });
    let other = documents.may_tell(IdentityKind::Vendor, "employment.ended", &"ldap".parse().unwrap());
    assert_eq!(other, MayTell::Yes { before: Vec::new() });
}

fn statements() -> impl Strategy<Value = Vec<Statement>> {
    let one = (0..3_usize, 0..4_usize, 0..3_usize, 0..3_usize).prop_map(|(attribute, source, value, strength)| {
        let attribute = ["phone", "dept", "room"][attribute];
        let source = ["hr", "ldap", "fax", "web"][source];
        said(attribute, source, ["", "a", "b"][value], Strength::ALL[strength], 0)
    });
    // Each at a moment of its own: two words of one source at one moment would be one word.
    proptest::collection::vec(one, 0..24).prop_map(|all| {
        let later = |(second, mut one): (usize, Statement)| {
            one.seen_at = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
            one
        };
        all.into_iter().enumerate().map(later).collect()
    })
}

proptest! {
    /// Whoever spoke first, and however often they repeat themselves, the same holds.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        (ordered, shuffled) in statements().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        repeated in 0..24_usize,
    ) {
        let mut shuffled = shuffled;
        if let Some(again) = shuffled.get(repeated).cloned() {
            shuffled.push(again);
        }
        for documents in [Authorities::default(), document(Others::Take), document(Others::Refuse)] {
            let one = documents.merge(IdentityKind::Employee, ordered.clone());
            let other = documents.merge(IdentityKind::Employee, shuffled.clone());
            prop_assert_eq!(one.values(), other.values());
        }
    }

    /// A merge of what is left of every source is the merge of everything it ever said.
    #[test]
    fn nothing_but_the_last_word_of_each_source_needs_to_be_kept(all in statements()) {
        let documents = document(Others::Take);
        let whole = documents.merge(IdentityKind::Employee, all.clone());
        let kept = whole.attributes.values().flat_map(|held| held.by.iter().chain(&held.others).cloned());
        let again = documents.merge(IdentityKind::Employee, kept.collect::<Vec<_>>());
        prop_assert_eq!(again, whole);
    }
}
