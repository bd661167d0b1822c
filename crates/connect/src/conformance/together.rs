//! Cases about writers that work at the same time.

use futures::future::join_all;
use tenure_model::Value;

use super::cases;
use super::steps::{Bench, Step, failed, grant, same, set};
use crate::description::Verb;
use crate::outcome::Outcome;
use crate::query::{Page, Query};

cases![two_who_make_the_same_account_make_one, many_grants_at_once_lose_none, two_attributes_at_once_are_both_set,];

async fn two_who_make_the_same_account_make_one(bench: &Bench<'_>) -> Step {
    let creation = bench.creation("ada");
    let (first, second) = futures::join!(bench.apply(&creation), bench.apply(&creation));
    for outcome in [first?, second?] {
        if let Outcome::Unknown(doubt) = outcome {
            return failed(format!("expected it done or refused, came a doubt: {}", doubt.message));
        }
    }
    let batch = bench.read(&Query::accounts().only(creation.account.clone()), &Page::first()).await?;
    same("how many there are", &batch.objects.len(), &1)?;
    bench.get(&creation.account).await.map(|_| ())
}

async fn many_grants_at_once_lose_none(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Grant)?;
    let group = bench.first_group().await?;
    let mut changes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        changes.push(grant(&bench.create(name).await?.0, &group));
    }
    for outcome in join_all(changes.iter().map(|change| bench.apply(change))).await {
        let outcome = outcome?;
        if outcome.seen().is_none() {
            return failed(format!("expected every grant done, came {outcome:?}"));
        }
    }
    for change in &changes {
        let holds = bench.get(&change.account).await?.holds;
        same(&format!("whether `{}` holds it", change.account), &holds.contains(&group.native_id), &true)?;
    }
    Ok(())
}

async fn two_attributes_at_once_are_both_set(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Set)?;
    let (free, identifying) = (bench.free()?, bench.fixture.identifying_attribute);
    let taken = (bench.fixture.attributes)("x");
    let other = bench.rule("another text that can be set", |rule| {
        let plain = rule.write && rule.read && !rule.unique && !rule.many && !rule.required && !rule.secret;
        plain
            && rule.shape == crate::description::Shape::Text
            && taken.get(&rule.name).is_some_and(|value| value.as_text().is_some())
            && rule.name != free
            && rule.name != identifying
    })?;
    let (account, _) = bench.create("ada").await?;
    let (one, two) = (set(&account, free, Value::from("one")), set(&account, &other.name, Value::from("two")));
    let (first, second) = futures::join!(bench.apply(&one), bench.apply(&two));
    same("whether both were done", &(first?.seen().is_some(), second?.seen().is_some()), &(true, true))?;
    let seen = bench.get(&account).await?;
    same(&format!("attribute `{free}`"), &seen.attributes.get(free), &Some(&Value::from("one")))?;
    same(&format!("attribute `{}`", other.name), &seen.attributes.get(&other.name), &Some(&Value::from("two")))
}
