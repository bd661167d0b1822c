//! The list of cases, and those about writing.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_model::{AccountState, Value};

use super::reading::{
    a_joiner_is_planned_applied_and_then_nothing_is_left, a_leaver_is_planned_applied_and_then_nothing_is_left,
    a_wildcard_finds_nobody, an_unknown_account_is_none, an_unknown_entitlement_is_refused_in_the_plan, check_answers,
    describes_itself, every_page_together_is_everything_once, nobody_to_disable_is_nothing_to_do,
    planning_writes_nothing, somebody_who_comes_back_is_enabled_and_brought_up_to_date,
    the_native_id_finds_the_same_account, verify_denies_what_is_not_so,
};
use super::steps::{Bench, Step, disable, enable, grant, native, revoke, same, set, state};
use crate::change::{Change, Write};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::refusal::RefusalClass;

type Case = for<'a> fn(&'a Bench<'a>) -> BoxFuture<'a, Step>;

macro_rules! cases {
    ($($case:ident),* $(,)?) => { [$((stringify!($case), |bench| $case(bench).boxed())),*] };
}

/// Every case, by the name of its function.
pub(super) const ALL: [(&str, Case); 27] = cases![
    describes_itself,
    check_answers,
    an_unknown_account_is_none,
    a_wildcard_finds_nobody,
    the_native_id_finds_the_same_account,
    every_page_together_is_everything_once,
    planning_writes_nothing,
    a_joiner_is_planned_applied_and_then_nothing_is_left,
    a_leaver_is_planned_applied_and_then_nothing_is_left,
    somebody_who_comes_back_is_enabled_and_brought_up_to_date,
    nobody_to_disable_is_nothing_to_do,
    an_unknown_entitlement_is_refused_in_the_plan,
    verify_denies_what_is_not_so,
    create_is_seen,
    create_twice_is_one_account,
    a_name_that_is_taken_is_refused,
    disable_twice_is_disabled,
    disable_keeps_what_is_held,
    enable_twice_is_active,
    grant_twice_is_held_once,
    grant_touches_nobody_else,
    revoke_twice_is_not_held,
    revoke_touches_nobody_else,
    set_touches_no_other_attribute,
    hostile_names_are_only_names,
    a_write_to_nobody_is_refused,
    an_undescribed_attribute_is_refused,
];

async fn create_is_seen(bench: &Bench<'_>) -> Step {
    let (account, made) = bench.create("ada").await?;
    state(&made, AccountState::Active)?;
    native(&made)?;
    same("what is held", &made.holds.len(), &0)?;
    let seen = bench.get(&account).await?;
    same("the native id", &seen.native_id, &made.native_id)
}

async fn create_twice_is_one_account(bench: &Bench<'_>) -> Step {
    let (_, first) = bench.create("ada").await?;
    let (account, second) = bench.create("ada").await?;
    same("the native id", &second.native_id, &first.native_id)?;
    // With two accounts that answer to the locator this look would be refused.
    same("the attributes", &bench.get(&account).await?.attributes, &first.attributes)
}

async fn a_name_that_is_taken_is_refused(bench: &Bench<'_>) -> Step {
    let (account, before) = bench.create("ada").await?;
    let stranger = bench.account("stranger");
    let attributes = bench.attributes(&stranger, &format!("{}-ada", bench.case));
    bench.refused(&Change::new(stranger, Write::Create { attributes }), RefusalClass::Exists).await?;
    same("the attributes of the other", &bench.get(&account).await?.attributes, &before.attributes)
}

async fn disable_twice_is_disabled(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    for _ in 0..2 {
        state(&bench.done(&disable(&account)).await?, AccountState::Disabled)?;
    }
    state(&bench.get(&account).await?, AccountState::Disabled)
}

async fn disable_keeps_what_is_held(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let before = bench.done(&grant(&account, &bench.first_group().await?)).await?;
    let after = bench.done(&disable(&account)).await?;
    same("what is held", &after.holds, &before.holds)?;
    same("the attributes", &after.attributes, &before.attributes)
}

async fn enable_twice_is_active(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    bench.done(&disable(&account)).await?;
    for _ in 0..2 {
        state(&bench.done(&enable(&account)).await?, AccountState::Active)?;
    }
    Ok(())
}

async fn grant_twice_is_held_once(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let group = bench.first_group().await?;
    for _ in 0..2 {
        let seen = bench.done(&grant(&account, &group)).await?;
        same("what is held", &seen.holds, &[group.native_id.clone()].into())?;
    }
    Ok(())
}

async fn grant_touches_nobody_else(bench: &Bench<'_>) -> Step {
    let (first, second) = (bench.first_group().await?, bench.second_group().await?);
    let (ada, _) = bench.create("ada").await?;
    let (bob, _) = bench.create("bob").await?;
    bench.done(&grant(&ada, &first)).await?;
    bench.done(&grant(&bob, &first)).await?;
    bench.done(&grant(&ada, &second)).await?;
    same("what ada holds", &bench.get(&ada).await?.holds, &[first.native_id.clone(), second.native_id].into())?;
    same("what bob holds", &bench.get(&bob).await?.holds, &[first.native_id].into())
}

async fn revoke_twice_is_not_held(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let group = bench.first_group().await?;
    bench.done(&grant(&account, &group)).await?;
    for _ in 0..2 {
        same("what is held", &bench.done(&revoke(&account, &group)).await?.holds.len(), &0)?;
    }
    Ok(())
}

async fn revoke_touches_nobody_else(bench: &Bench<'_>) -> Step {
    let (first, second) = (bench.first_group().await?, bench.second_group().await?);
    let (ada, _) = bench.create("ada").await?;
    let (bob, _) = bench.create("bob").await?;
    for change in [grant(&ada, &first), grant(&ada, &second), grant(&bob, &first)] {
        bench.done(&change).await?;
    }
    bench.done(&revoke(&ada, &first)).await?;
    same("what ada holds", &bench.get(&ada).await?.holds, &[second.native_id].into())?;
    same("what bob holds", &bench.get(&bob).await?.holds, &[first.native_id].into())
}

async fn set_touches_no_other_attribute(bench: &Bench<'_>) -> Step {
    let (account, before) = bench.create("ada").await?;
    let free = bench.fixture.free_attribute;
    let mut wanted = before.attributes.clone();
    wanted.insert(free.to_owned(), Value::from("Countess (of *) Løvelace"));
    let seen = bench.done(&set(&account, free, Value::from("Countess (of *) Løvelace"))).await?;
    same("the attributes", &seen.attributes, &wanted)?;
    for _ in 0..2 {
        let seen = bench.done(&set(&account, free, Value::Cleared)).await?;
        wanted.remove(free);
        same("the attributes", &seen.attributes, &wanted)?;
    }
    Ok(())
}

/// Names that mean something to a DN, a filter, a URL, a path, SQL or a shell.
const HOSTILE_NAMES: [&str; 10] = [
    "a,b=c+d",
    "#hash",
    "back\\slash",
    "quo\"te<>;",
    "star*(paren)",
    ")(uid=*))(|(uid=*",
    "../../etc",
    "x'; drop table people; --",
    "%2e%2e?q=1&r",
    "Zoë 李 $(id)",
];

async fn hostile_names_are_only_names(bench: &Bench<'_>) -> Step {
    let (bystander, before) = bench.create("bystander").await?;
    let group = bench.first_group().await?;
    for name in HOSTILE_NAMES {
        let account = Locator::attribute(bench.fixture.identifying_attribute, format!("E {name}"));
        let attributes = bench.attributes(&account, name);
        let make = Change::new(account.clone(), Write::Create { attributes: attributes.clone() });
        for change in [make, grant(&account, &group), disable(&account), revoke(&account, &group)] {
            bench.done(&change).await.map_err(|how| format!("with `{name}`: {how}"))?;
        }
        let seen = bench.get(&account).await.map_err(|how| format!("with `{name}`: {how}"))?;
        let naming = bench.fixture.naming_attribute;
        same(&format!("attribute `{naming}`"), &seen.attributes.get(naming), &attributes.get(naming))?;
    }
    let after = bench.get(&bystander).await?;
    same(
        "the bystander",
        &(after.state, after.holds, after.attributes),
        &(before.state, before.holds, before.attributes),
    )
}

async fn a_write_to_nobody_is_refused(bench: &Bench<'_>) -> Step {
    let nobody = bench.account("nobody");
    let group = bench.first_group().await?;
    let free = set(&nobody, bench.fixture.free_attribute, Value::from("x"));
    for change in [disable(&nobody), enable(&nobody), grant(&nobody, &group), revoke(&nobody, &group), free] {
        bench.refused(&change, RefusalClass::Gone).await?;
    }
    Ok(())
}

async fn an_undescribed_attribute_is_refused(bench: &Bench<'_>) -> Step {
    let (account, before) = bench.create("ada").await?;
    let outcome = bench.apply(&set(&account, "noSuchAttribute", Value::from("x"))).await?;
    match outcome {
        Outcome::Refused(refusal) if !refusal.retry() => {}
        Outcome::Refused(_) | Outcome::Done { .. } | Outcome::Unknown(_) => {
            return Err(format!("ended otherwise: {outcome:?}"));
        }
    }
    same("the attributes", &bench.get(&account).await?.attributes, &before.attributes)
}
