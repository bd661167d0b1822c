//! Cases about attributes: set, amended, moved, cleared, and left alone.

use tenure_model::{Observed, Value};

use super::cases;
use super::steps::{Bench, Step, failed, same, set};
use crate::change::{Change, Write, values};
use crate::description::{Shape, Verb};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::refusal::RefusalClass;

cases![
    set_touches_no_other_attribute,
    clearing_what_is_not_there_is_done,
    an_undescribed_attribute_is_refused,
    what_only_the_system_writes_is_refused,
    what_is_given_once_is_not_changed,
    what_says_where_an_account_is_is_not_set,
    an_account_cannot_be_given_the_identity_of_another,
    a_value_is_kept_whole_or_refused,
    an_empty_text_is_refused_or_nothing,
    amend_adds_and_leaves_the_rest,
    amend_takes_away_and_leaves_the_rest,
    what_is_there_already_is_amended_to_the_same,
    a_move_keeps_the_account,
    a_move_to_a_taken_name_is_refused,
];

async fn set_touches_no_other_attribute(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, before) = bench.create("ada").await?;
    let mut wanted = before.attributes.clone();
    wanted.insert(free.to_owned(), Value::from("Countess (of *) Løvelace"));
    let seen = bench.done(&set(&account, free, Value::from("Countess (of *) Løvelace"))).await?;
    same("the attributes", &seen.attributes, &wanted)?;
    let seen = bench.done(&set(&account, free, Value::Cleared)).await?;
    wanted.remove(free);
    same("the attributes", &seen.attributes, &wanted)?;
    same("the state", &seen.state, &before.state)
}

async fn clearing_what_is_not_there_is_done(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    let seen = bench.done(&set(&account, free, Value::Cleared)).await?;
    same("the attribute", &seen.attributes.get(free), &None)
}

/// Demands that a change is refused and the account is as before.
async fn refused_and_untouched(bench: &Bench<'_>, account: &Locator, before: &Observed, change: &Change) -> Step {
    bench.refused_somehow(change).await?;
    let seen = bench.get(account).await?;
    same("the attributes", &seen.attributes, &before.attributes)?;
    same("the state", &seen.state, &before.state)
}

async fn an_undescribed_attribute_is_refused(bench: &Bench<'_>) -> Step {
    let (account, before) = bench.create("ada").await?;
    let change = set(&account, "noSuchAttribute", Value::from("x"));
    refused_and_untouched(bench, &account, &before, &change).await
}

async fn what_only_the_system_writes_is_refused(bench: &Bench<'_>) -> Step {
    let closed = bench.rule("read only", |rule| rule.read && !rule.write && !rule.create_only && !rule.placing)?;
    let name = closed.name.clone();
    let (account, before) = bench.create("ada").await?;
    refused_and_untouched(bench, &account, &before, &set(&account, &name, Value::from("x"))).await
}

async fn what_is_given_once_is_not_changed(bench: &Bench<'_>) -> Step {
    let once = bench.rule("given once", |rule| rule.create_only && rule.shape == Shape::Text)?.name.clone();
    let (account, before) = bench.create("ada").await?;
    let change = set(&account, &once, bench.name("another").into());
    refused_and_untouched(bench, &account, &before, &change).await
}

async fn what_says_where_an_account_is_is_not_set(bench: &Bench<'_>) -> Step {
    let place = bench.rule("placing", |rule| rule.placing)?.name.clone();
    let (account, before) = bench.create("ada").await?;
    let change = set(&account, &place, bench.name("another").into());
    refused_and_untouched(bench, &account, &before, &change).await
}

async fn an_account_cannot_be_given_the_identity_of_another(bench: &Bench<'_>) -> Step {
    let identifying = bench.fixture.identifying_attribute;
    bench.rule("unique and writable", |rule| rule.name == identifying && rule.unique && rule.write)?;
    let (ada, _) = bench.create("ada").await?;
    let (bob, before) = bench.create("bob").await?;
    let Locator::Attribute { value, .. } = ada else { return failed("an account without an attribute to locate it") };
    refused_and_untouched(bench, &bob, &before, &set(&bob, identifying, value.into())).await
}

async fn a_value_is_kept_whole_or_refused(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    let long: String = "Ångström 李 \u{1f600} ".repeat(40).trim_end().to_owned();
    for value in [long.as_str(), "two\nlines", "tab\there", "null\u{0}byte", "e\u{301}", "100%", "a; b, c"] {
        match bench.apply(&set(&account, free, Value::from(value))).await? {
            Outcome::Done { .. } => {
                let seen = bench.get(&account).await?;
                same("the value", &seen.attributes.get(free), &Some(&Value::from(value)))?;
            }
            Outcome::Refused(refusal) if !refusal.retry() => {}
            other => return failed(format!("expected `{}` kept or refused, came {other:?}", value.escape_debug())),
        }
    }
    Ok(())
}

async fn an_empty_text_is_refused_or_nothing(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    match bench.apply(&set(&account, free, Value::from(""))).await? {
        Outcome::Refused(refusal) if !refusal.retry() => Ok(()),
        Outcome::Done { .. } => {
            let seen = bench.get(&account).await?.attributes.get(free).cloned();
            same("whether it is empty or nothing", &seen.is_none_or(|value| value == Value::from("")), &true)
        }
        other => failed(format!("expected it done or refused, came {other:?}")),
    }
}

fn amend(account: &Locator, attribute: &str, add: &[&str], remove: &[&str]) -> Change {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect();
    let write = Write::Amend { attribute: attribute.to_owned(), add: texts(add), remove: texts(remove) };
    Change::new(account.clone(), write)
}

/// The texts of an attribute, in order.
fn texts(seen: &Observed, attribute: &str) -> Vec<String> {
    let all = seen.attributes.get(attribute).map(values).unwrap_or_default();
    let mut all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.sort();
    all
}

/// An attribute with several texts, on an account that has `a` and `b` in it.
async fn several(bench: &Bench<'_>) -> Step<(Locator, String, Vec<String>)> {
    bench.needs(Verb::Amend)?;
    let attribute =
        bench.rule("text of several values", |rule| rule.many && rule.write && rule.shape == Shape::Text)?.name.clone();
    let (account, made) = bench.create("ada").await?;
    let before = texts(&made, &attribute);
    bench.done(&amend(&account, &attribute, &["a@example.org", "b@example.org"], &[])).await?;
    Ok((account, attribute, before))
}

async fn amend_adds_and_leaves_the_rest(bench: &Bench<'_>) -> Step {
    let (account, attribute, before) = several(bench).await?;
    let seen = bench.done(&amend(&account, &attribute, &["c@example.org"], &[])).await?;
    let mut wanted: Vec<String> = ["a@example.org", "b@example.org", "c@example.org"].map(str::to_owned).into();
    wanted.extend(before);
    wanted.sort();
    same("the values", &texts(&seen, &attribute), &wanted)
}

async fn amend_takes_away_and_leaves_the_rest(bench: &Bench<'_>) -> Step {
    let (account, attribute, before) = several(bench).await?;
    let seen = bench.done(&amend(&account, &attribute, &["c@example.org"], &["a@example.org", "never"])).await?;
    let mut wanted: Vec<String> = ["b@example.org", "c@example.org"].map(str::to_owned).into();
    wanted.extend(before);
    wanted.sort();
    same("the values", &texts(&seen, &attribute), &wanted)
}

async fn what_is_there_already_is_amended_to_the_same(bench: &Bench<'_>) -> Step {
    let (account, attribute, _) = several(bench).await?;
    let before = texts(&bench.get(&account).await?, &attribute);
    let seen = bench.done(&amend(&account, &attribute, &["a@example.org"], &[])).await?;
    same("the values", &texts(&seen, &attribute), &before)
}

/// A move of the account to a name.
fn rename(bench: &Bench<'_>, account: &Locator, name: &str) -> Step<Change> {
    bench.needs(Verb::Move)?;
    let naming = bench.fixture.naming_attribute;
    bench.rule("the name that a move gives", |rule| rule.name == naming && rule.placing)?;
    let attributes = [(naming.to_owned(), Value::from(bench.name(name)))].into();
    Ok(Change::new(account.clone(), Write::Move { attributes }))
}

async fn a_move_keeps_the_account(bench: &Bench<'_>) -> Step {
    let account = bench.account("ada");
    let change = rename(bench, &account, "renamed")?;
    let (_, before) = bench.create("ada").await?;
    let seen = bench.done(&change).await?;
    same("the native id", &seen.native_id, &before.native_id)?;
    same("what is held", &seen.holds, &before.holds)?;
    same("the state", &seen.state, &before.state)
}

async fn a_move_to_a_taken_name_is_refused(bench: &Bench<'_>) -> Step {
    let account = bench.account("bob");
    let change = rename(bench, &account, "ada")?;
    bench.create("ada").await?;
    let (_, before) = bench.create("bob").await?;
    bench.refused(&change, RefusalClass::Exists).await?;
    same("the attributes", &bench.get(&account).await?.attributes, &before.attributes)
}
