//! Saying who stands in for somebody, for a time. Nobody makes themselves the deputy of others.

use std::sync::Arc;

use jiff::{Span, Timestamp};
use tenure_ledger::DetailKey;
use tenure_model::{Assignee, Deputy, new_id};
use tenure_policy::authz::Action;
use tenure_store::{Tx, deputies};

use super::thing;
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::show::named;
use crate::{limits, record};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adding {
    /// For whom; none: for whoever asks.
    pub whom: Option<String>,
    /// Who stands in.
    pub name: String,
    /// From when; none: from now on. What is over already counts for nothing.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// Says that somebody stands in for somebody else. Several may stand in for one.
pub async fn add(cx: &Cx, adding: Adding) -> Result<Deputy, AppError> {
    let (house, actor, now) = (Arc::clone(&cx.house), cx.actor.clone(), cx.house.clock.now());
    let deputy = Deputy {
        id: new_id(house.ids.as_ref()),
        whom: adding.whom.unwrap_or_else(|| actor.name.clone()),
        name: adding.name,
        valid_from: adding.from.unwrap_or(now).max(now),
        valid_until: adding.until,
        reason: adding.reason,
        by: actor.name.clone(),
        ended: None,
        version: 1,
    };
    check(&deputy)?;
    cx.allow(Action::AddDeputy, &thing(&deputy))?;
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            if are_one(tx, &deputy.whom, &deputy.name).await? {
                return Err(invalid("/deputy", format!("`{}` and `{}` are one person", deputy.whom, deputy.name)));
            }
            if deputies::count_of(tx, &deputy.whom, now).await? >= limits::DEPUTIES_MAX {
                let (whom, most) = (&deputy.whom, limits::DEPUTIES_MAX);
                let said = format!("{most} stand in for `{whom}` or will, which is the most; end one of them first");
                return Err(AppError::Conflict(said));
            }
            deputies::insert(tx, &deputy).await?;
            let entry = record::entry(house.clock.as_ref(), &actor, "deputy.added").about(deputy.id);
            record::write(tx, house.ids.as_ref(), &entry.with(DetailKey::Until, deputy.valid_until)).await?;
            Ok(deputy)
        })
    });
    job.await
}

/// Whether two names are those of one person, as far as we know people.
async fn are_one(tx: &mut Tx, one: &str, other: &str) -> Result<bool, AppError> {
    let (one, other) = (named(tx, one).await?, named(tx, other).await?);
    Ok(one.zip(other).is_some_and(|(one, other)| one.id == other.id))
}

fn check(deputy: &Deputy) -> Result<(), AppError> {
    for (pointer, name) in [("/for", &deputy.whom), ("/deputy", &deputy.name)] {
        // Both are names as tasks are given to them.
        if format!("person:{name}").parse::<Assignee>().is_err() {
            let most = tenure_model::task::ASSIGNEE_CHARS_MAX;
            return Err(invalid(pointer, format!("write the name under which they act, in 1 to {most} characters")));
        }
    }
    if deputy.whom == deputy.name {
        return Err(invalid(
            "/deputy",
            format!("`{}` cannot stand in for themselves; name somebody else", deputy.name),
        ));
    }
    let length = deputy.reason.trim().chars().count();
    if length == 0 || length > limits::REASON_CHARS_MAX {
        return Err(invalid("/reason", format!("say why, in 1 to {} characters", limits::REASON_CHARS_MAX)));
    }
    let days = limits::DEPUTY_DAYS_MAX;
    let longest = deputy.valid_from.checked_add(Span::new().hours(days * 24)).unwrap_or(Timestamp::MAX);
    if deputy.valid_until <= deputy.valid_from || deputy.valid_until > longest {
        let reason = format!("a deputy stands in until after now and after `from`, and for at most {days} days");
        return Err(invalid("/until", reason));
    }
    Ok(())
}

fn invalid(pointer: &'static str, reason: String) -> AppError {
    AppError::Invalid { pointer, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::SeededIds;

    #[test]
    fn a_deputy_has_another_name_a_reason_and_an_end() {
        let from: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let place = |whom: &str, name: &str, hours: i64, reason: &str| {
            let deputy = Deputy {
                id: new_id(&SeededIds::new(1)),
                whom: whom.into(),
                name: name.into(),
                valid_from: from,
                valid_until: from.checked_add(Span::new().hours(hours)).unwrap(),
                reason: reason.into(),
                by: "bob".into(),
                ended: None,
                version: 1,
            };
            match check(&deputy) {
                Ok(()) => "",
                Err(AppError::Invalid { pointer, .. }) => pointer,
                Err(other) => panic!("{other}"),
            }
        };
        let year = limits::DEPUTY_DAYS_MAX * 24;
        assert_eq!(place("bob", "carol", year, "on leave"), "");
        assert_eq!(place("bob", "bob", 1, "x"), "/deputy");
        assert_eq!((place(" ", "carol", 1, "x"), place("bob", "a\nb", 1, "x")), ("/for", "/deputy"));
        assert_eq!((place("bob", "carol", 1, " "), place("bob", "carol", 1, &"x".repeat(501))), ("/reason", "/reason"));
        for hours in [0, -1, year + 1] {
            assert_eq!(place("bob", "carol", hours, "x"), "/until", "{hours}");
        }
    }
}
