//! Letting one person off one rule, for a time. Nobody does it for themselves.

use std::sync::Arc;

use jiff::{Span, Timestamp};
use tenure_ledger::Word;
use tenure_model::{Exception, Name, Person, new_id};
use tenure_policy::ExceptionTerms;
use tenure_policy::authz::{Action, Thing};
use tenure_store::fold::fold;
use tenure_store::{exceptions, people};

use super::{Settled, align};
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::show;
use crate::{limits, record};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letting {
    /// The rule document.
    pub rule: Name,
    /// Who is let off: our id, or a key that a source uses.
    pub person: String,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub because: String,
}

/// Lets somebody off a rule. What the rule held back is given by the run that follows.
pub async fn grant(cx: &Cx, letting: Letting) -> Result<Settled, AppError> {
    cx.allow(Action::GrantException, &Thing::Person(None))?;
    let now = cx.house.clock.now();
    let terms = terms(cx, &letting.rule)?;
    check(&letting, &terms, now)?;
    let (house, actor) = (Arc::clone(&cx.house), cx.actor.clone());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let no_one = || AppError::no("person", &letting.person);
            let id = show::find(tx, &letting.person).await?.ok_or_else(no_one)?;
            let person = people::get(tx, id).await?.ok_or_else(no_one)?;
            if is_called(&person, &actor.name) {
                let reason = "nobody is let off a rule by themselves; ask somebody else to approve it";
                return Err(AppError::Conflict(reason.to_owned()));
            }
            let exception = Exception {
                id: new_id(house.ids.as_ref()),
                rule: letting.rule,
                person: id,
                approved_by: actor.name.clone(),
                because: letting.because,
                valid_from: now,
                valid_until: letting.until,
                ended: None,
                version: 1,
            };
            exceptions::insert(tx, &exception).await?;
            let runs = align(&house, tx, &exception, "exception.granted").await?;
            let mut entry = record::entry(house.clock.as_ref(), &actor, "exception.granted").about(exception.id);
            entry.decision = Some(Word::or_hash(exception.rule.as_str()));
            record::write(tx, house.ids.as_ref(), &entry.caused_by(id)).await?;
            Ok::<_, AppError>(Settled { exception, runs })
        })
    });
    let settled = job.await?;
    cx.house.nudge();
    Ok(settled)
}

/// On what terms the rule lets anybody off.
fn terms(cx: &Cx, rule: &Name) -> Result<ExceptionTerms, AppError> {
    let rules = cx.house.rules();
    let found = rules.rules.iter().find(|known| known.name == *rule).ok_or_else(|| AppError::no("rule", rule))?;
    found.exception.clone().ok_or_else(|| {
        let reason = format!("rule `{rule}` lets nobody off; add `exception: …` to it, or change what is asked for");
        AppError::Conflict(reason)
    })
}

fn check(letting: &Letting, terms: &ExceptionTerms, now: Timestamp) -> Result<(), AppError> {
    let length = letting.because.trim().chars().count();
    if length == 0 || length > limits::REASON_CHARS_MAX {
        let reason = format!("say why, in 1 to {} characters", limits::REASON_CHARS_MAX);
        return Err(AppError::Invalid { pointer: "/because", reason });
    }
    let longest = now.checked_add(Span::new().hours(i64::from(terms.days_max) * 24)).unwrap_or(Timestamp::MAX);
    if letting.until <= now || letting.until > longest {
        let reason = format!("an exception from this rule ends after now and within {} days", terms.days_max);
        return Err(AppError::Invalid { pointer: "/until", reason });
    }
    Ok(())
}

/// Whether this is one of the names that the person goes by. A token says nothing but a name of
/// whose it is, so every name counts.
fn is_called(person: &Person, name: &str) -> bool {
    let name = fold(name);
    let texts = person.attributes.values().filter_map(|value| value.as_text()).map(fold);
    let own = [fold(&person.display_name), fold(&person.id.to_string())];
    texts.chain(own).any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::{IdentityKind, SeededIds, Value};

    #[test]
    fn whoever_is_let_off_is_known_by_every_name() {
        let person = Person {
            id: new_id(&SeededIds::new(1)),
            kind: IdentityKind::Employee,
            display_name: "Ada Lovelace".into(),
            attributes: [("email".to_owned(), Value::from("ada@example.org"))].into(),
            sponsor: None,
            version: 1,
            since: Timestamp::UNIX_EPOCH,
        };
        for name in ["ada lovelace", "ADA@example.org", &person.id.to_string()] {
            assert!(is_called(&person, name), "{name}");
        }
        assert!(!is_called(&person, "grace"));
    }

    #[test]
    fn an_exception_has_a_reason_and_an_end_that_the_rule_allows() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let terms = ExceptionTerms { approval: "cfo".into(), days_max: 30 };
        let letting = |hours: i64, because: &str| Letting {
            rule: "sod".parse().unwrap(),
            person: "ada".into(),
            until: now.checked_add(Span::new().hours(hours)).unwrap(),
            because: because.into(),
        };
        assert!(check(&letting(24 * 30, "year end"), &terms, now).is_ok());
        for (hours, because) in [(24 * 30 + 1, "x"), (0, "x"), (-1, "x"), (1, " "), (1, &"x".repeat(501))] {
            assert!(check(&letting(hours, because), &terms, now).is_err(), "{hours} {because}");
        }
    }
}
