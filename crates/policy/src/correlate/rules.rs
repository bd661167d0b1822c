//! The rules of a mapping, in their order: exact ones first, and perhaps one that scores.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_model::{ConnectionName, EngagementState, Person, PersonId, PersonKey};

use super::likeness::Likeness;
use super::{Candidate, Likely, Match, Question, exact, folded, says};
use crate::expression::Expression;

/// How a person is found by a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// Asked in this order; there is at least one, and the first is exact.
    pub rules: Vec<MatchRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchRule {
    /// A value of the record equals an attribute of the person.
    Exact {
        /// The value.
        left: Expression,
        /// The attribute.
        right: String,
        /// What a hit means.
        on_hit: OnHit,
    },
    /// Several values count together.
    Scored(Scoring),
}

/// What a hit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHit {
    /// It is this person.
    Take,
    /// It may be this person, and a human says.
    Ask,
}

/// Several values that count together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    /// What counts.
    pub parts: Vec<Part>,
    /// From this many points on it is this person, if it is nobody else.
    pub sure: i64,
    /// From this many points on a human is asked.
    pub ask: i64,
}

/// One value that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The value.
    pub left: Expression,
    /// The attribute.
    pub right: String,
    /// The points if they are alike.
    pub weight: i64,
    /// The points that are lost if both are known and differ.
    pub against: i64,
    /// When they are alike.
    pub like: Likeness,
}

impl Matching {
    /// What is to be worked out of a record, with the attribute that it is held against. The first
    /// is the key of the person.
    pub fn lefts(&self) -> impl Iterator<Item = (&str, &Expression)> {
        self.rules.iter().flat_map(|rule| -> Vec<(&str, &Expression)> {
            match rule {
                MatchRule::Exact { left, right, .. } => vec![(right, left)],
                MatchRule::Scored(scoring) => {
                    scoring.parts.iter().map(|part| (part.right.as_str(), &part.left)).collect()
                }
            }
        })
    }
}

/// Whom a record may speak of.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who tells it.
    pub source: &'a ConnectionName,
    /// What the source calls the engagement.
    pub key: &'a str,
    /// The key of the person.
    pub subject: &'a PersonKey,
    /// The other keys.
    pub also: &'a [PersonKey],
    /// When.
    pub now: Timestamp,
}

impl Asked<'_> {
    fn values<'k>(&'k self, attribute: &'k str) -> impl Iterator<Item = &'k str> {
        let all = std::iter::once(self.subject).chain(self.also);
        all.filter(move |key| key.attribute == attribute).map(|key| key.value.as_str())
    }
}

/// Of whom the record speaks, among these. The first rule with exactly one hit decides; several
/// hits leave it to the next rule, and in the end to a human.
pub fn correlate(matching: &Matching, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Match {
    let mut several: BTreeSet<PersonId> = BTreeSet::new();
    for (place, rule) in matching.rules.iter().enumerate() {
        match rule {
            MatchRule::Exact { on_hit: OnHit::Take, .. } if place == 0 => {
                match exact::match_person(asked.subject, candidates) {
                    Match::None => {}
                    found @ (Match::One { .. } | Match::Doubt { .. }) => return found,
                }
            }
            MatchRule::Exact { right, on_hit, .. } => {
                let hits = hits(asked, right, candidates);
                match hits.as_slice() {
                    [] => {}
                    [only] => return decided(asked, only, right, *on_hit),
                    more => several.extend(more.iter().map(|hit| hit.person.id)),
                }
            }
            MatchRule::Scored(scoring) => match scored(scoring, asked, candidates) {
                Match::None => {}
                found @ (Match::One { .. } | Match::Doubt { .. }) => return found,
            },
        }
    }
    if several.is_empty() {
        return Match::None;
    }
    let why = format!("{} fits {} people, and no rule tells them apart", asked.subject, several.len());
    Match::Doubt { candidates: several.into_iter().map(Likely::of).collect(), why, question: Question::Who }
}

fn hits<'c>(asked: &Asked<'_>, attribute: &str, candidates: &[Candidate<'c>]) -> Vec<Candidate<'c>> {
    let wanted: BTreeSet<String> = asked.values(attribute).map(folded).filter(|value| !value.is_empty()).collect();
    let fits = |person: &Person| {
        let known = person.attributes.get(attribute);
        known.is_some_and(|value| says(value, &|text: &str| wanted.contains(&folded(text))))
    };
    candidates.iter().filter(|candidate| fits(candidate.person)).copied().collect()
}

/// One person fits a rule that is not the key of the person itself.
fn decided(asked: &Asked<'_>, hit: &Candidate<'_>, attribute: &str, on_hit: OnHit) -> Match {
    let person = hit.person.id;
    let because = vec![attribute.to_owned()];
    if let Some(from) = other_key(asked, hit) {
        return key_change(asked, person, from, Likely { person, score: None, because });
    }
    match on_hit {
        OnHit::Take => Match::One { person },
        OnHit::Ask => {
            let why = format!("nobody has {}, but one person has the same {attribute}", asked.subject);
            let candidates = vec![Likely { person, score: None, because }];
            Match::Doubt { candidates, why, question: Question::Who }
        }
    }
}

/// What the source calls a running engagement of theirs, if it is something else.
fn other_key<'c>(asked: &Asked<'_>, hit: &Candidate<'c>) -> Option<&'c str> {
    let runs = |state| match state {
        EngagementState::Planned | EngagementState::Active | EngagementState::OnLeave => true,
        EngagementState::Ended | EngagementState::Rescinded => false,
    };
    let mut others = hit
        .engagements
        .iter()
        .filter(|known| known.source == *asked.source && known.key != asked.key && runs(known.state_at(asked.now)));
    others.next().map(|known| known.key.as_str())
}

fn key_change(asked: &Asked<'_>, person: PersonId, from: &str, likely: Likely) -> Match {
    let (source, to) = (asked.source, asked.key);
    let why = format!("{source} calls somebody {to} whom it seems to have called {from} until now");
    let question = Question::KeyChange { person, from: from.to_owned(), to: to.to_owned() };
    Match::Doubt { candidates: vec![likely], why, question }
}

fn scored(scoring: &Scoring, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Match {
    let mut likely: Vec<(Likely, &Candidate<'_>)> =
        candidates.iter().map(|candidate| (score(scoring, asked, candidate.person), candidate)).collect();
    likely.retain(|(one, _)| one.score.is_some_and(|score| score >= scoring.ask));
    likely.sort_by_key(|(one, _)| (std::cmp::Reverse(one.score), one.person));
    let Some((first, candidate)) = likely.first() else { return Match::None };
    let points = first.score.unwrap_or(0);
    if likely.len() == 1 && points >= scoring.sure {
        return match other_key(asked, candidate) {
            Some(from) => key_change(asked, first.person, from, first.clone()),
            None => Match::One { person: first.person },
        };
    }
    let why = match likely.len() {
        1 => format!(
            "nobody has {}, and one person fits with {points} points, where {} are sure",
            asked.subject, scoring.sure
        ),
        more => format!("nobody has {}, and {more} people fit with up to {points} points", asked.subject),
    };
    let candidates = likely.into_iter().map(|(one, _)| one).collect();
    Match::Doubt { candidates, why, question: Question::Who }
}

fn score(scoring: &Scoring, asked: &Asked<'_>, person: &Person) -> Likely {
    let mut likely = Likely { person: person.id, score: None, because: Vec::new() };
    let mut points = 0;
    for part in &scoring.parts {
        let Some(known) = person.attributes.get(&part.right) else { continue };
        let closeness = asked.values(&part.right).filter_map(|value| part.like.percent(value, known)).max();
        match closeness {
            None => {}
            Some(0) => {
                points -= part.against;
                if part.against > 0 {
                    likely.because.push(format!("{} differs", part.right));
                }
            }
            Some(percent) => {
                points += part.weight * percent / 100;
                let nearly = if percent < 100 { " nearly" } else { "" };
                likely.because.push(format!("{}{nearly}", part.right));
            }
        }
    }
    likely.score = Some(points);
    likely
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use tenure_model::{Engagement, IdentityKind, SeededIds, Value, new_id};

    use crate::expression::{Schema, Subject};

    fn left(text: &str) -> Expression {
        Expression::parse_in(text, &Schema::default().with("worker", Subject::open())).unwrap()
    }

    fn matching() -> Matching {
        let part = |right: &str, weight, against, like| Part {
            left: left(&format!("worker.{right}")),
            right: right.into(),
            weight,
            against,
            like,
        };
        Matching {
            rules: vec![
                MatchRule::Exact { left: left("worker.employeeId"), right: "employeeId".into(), on_hit: OnHit::Take },
                MatchRule::Exact { left: left("worker.email"), right: "email".into(), on_hit: OnHit::Ask },
                MatchRule::Scored(Scoring {
                    parts: vec![
                        part("displayName", 40, 0, Likeness::Name),
                        part("birthDate", 50, 60, Likeness::Exact),
                        part("city", 10, 0, Likeness::Folded),
                    ],
                    sure: 90,
                    ask: 60,
                }),
            ],
        }
    }

    fn person(seed: u64, values: &[(&str, &str)]) -> Person {
        Person {
            id: new_id(&SeededIds::new(seed)),
            kind: IdentityKind::Employee,
            display_name: String::new(),
            attributes: values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect(),
            sponsor: None,
            version: 1,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn ask(keys: &[(&str, &str)], people: &[Person], engaged: &[Engagement]) -> Match {
        let keys: Vec<PersonKey> = keys
            .iter()
            .map(|(attribute, value)| PersonKey { attribute: (*attribute).into(), value: (*value).into() })
            .collect();
        let (subject, also) = keys.split_first().unwrap();
        let source = "hr".parse().unwrap();
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let asked = Asked { source: &source, key: &subject.value, subject, also, now };
        let candidates: Vec<Candidate<'_>> =
            people.iter().map(|person| Candidate { person, engagements: engaged }).collect();
        correlate(&matching(), &asked, &candidates)
    }

    fn doubt(found: Match) -> (Vec<Likely>, String, Question) {
        match found {
            Match::Doubt { candidates, why, question } => (candidates, why, question),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_rule_with_one_hit_decides() {
        let ada = person(1, &[("employeeId", "E1"), ("email", "ada@x.org")]);
        let bob = person(2, &[("employeeId", "E2"), ("email", "bob@x.org")]);
        let people = [ada.clone(), bob.clone()];
        let found = ask(&[("employeeId", "E1"), ("email", "bob@x.org")], &people, &[]);
        assert_eq!(found, Match::One { person: ada.id });
        let (likely, why, _) = doubt(ask(&[("employeeId", "E9"), ("email", "BOB@x.org")], &people, &[]));
        assert_eq!(
            (likely[0].person, why.as_str()),
            (bob.id, "nobody has employeeId E9, but one person has the same email")
        );
        assert_eq!(ask(&[("employeeId", "E9"), ("email", "eve@x.org")], &people, &[]), Match::None);
    }

    #[test]
    fn scores_are_sure_ask_or_nothing() {
        let ada = person(1, &[("displayName", "Ada Lovelace"), ("birthDate", "1990-01-02"), ("city", "Paris")]);
        let twin = person(2, &[("displayName", "Anna Lovelace"), ("birthDate", "1990-01-02"), ("city", "Rome")]);
        let sure =
            [("employeeId", "E9"), ("displayName", "LOVELACE, Ada"), ("birthDate", "1990-01-02"), ("city", "paris ")];
        assert_eq!(ask(&sure, std::slice::from_ref(&ada), &[]), Match::One { person: ada.id });
        let (likely, why, _) = doubt(ask(&sure, &[ada.clone(), twin.clone()], &[]));
        assert_eq!(likely.iter().map(|one| one.person).collect::<Vec<_>>(), [ada.id, twin.id]);
        assert!(why.contains("2 people fit with up to 100 points"), "{why}");
        assert_eq!(likely[1].because, ["displayName nearly", "birthDate"]);
        let other_day = [("employeeId", "E9"), ("displayName", "Ada Lovelace"), ("birthDate", "1991-01-02")];
        assert_eq!(ask(&other_day, &[ada], &[]), Match::None);
    }

    #[test]
    fn a_changed_key_is_a_question() {
        let ada = person(
            1,
            &[("employeeId", "E1"), ("displayName", "Ada Lovelace"), ("birthDate", "1990-01-02"), ("city", "Paris")],
        );
        let engagement = Engagement {
            id: new_id(&SeededIds::new(7)),
            person: ada.id,
            kind: IdentityKind::Employee,
            source: "hr".parse().unwrap(),
            key: "E1".into(),
            spell: 1,
            zone: "UTC".parse().unwrap(),
            first_day: date(2024, 1, 1),
            last_day: None,
            leaves: Vec::new(),
            handover: None,
            primary: false,
            rescinded: false,
            cut_at: None,
            version: 1,
        };
        let now_called =
            [("employeeId", "E2000"), ("displayName", "Ada Lovelace"), ("birthDate", "1990-01-02"), ("city", "Paris")];
        let (_, why, question) = doubt(ask(&now_called, std::slice::from_ref(&ada), std::slice::from_ref(&engagement)));
        assert_eq!(question, Question::KeyChange { person: ada.id, from: "E1".into(), to: "E2000".into() });
        assert_eq!(why, "hr calls somebody E2000 whom it seems to have called E1 until now");
        let over = Engagement { last_day: Some(date(2025, 1, 1)), ..engagement };
        assert_eq!(ask(&now_called, std::slice::from_ref(&ada), &[over]), Match::One { person: ada.id });
    }

    #[test]
    fn several_hits_and_no_rule_that_tells_them_apart_are_a_doubt() {
        let people = [person(1, &[("email", "team@x.org")]), person(2, &[("email", "team@x.org")])];
        let (likely, why, _) = doubt(ask(&[("employeeId", "E9"), ("email", "team@x.org")], &people, &[]));
        assert_eq!(likely.len(), 2);
        assert!(why.contains("fits 2 people"), "{why}");
    }
}
