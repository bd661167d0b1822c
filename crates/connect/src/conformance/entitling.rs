//! Cases about giving and taking entitlements.

use tenure_model::NativeId;

use super::cases;
use super::steps::{Bench, Step, disable, failed, grant, revoke, same};
use crate::change::{Change, Write};
use crate::description::Verb;
use crate::refusal::RefusalClass;

cases![
    grant_twice_is_held_once,
    grant_touches_nobody_else,
    revoke_twice_is_not_held,
    revoke_touches_nobody_else,
    revoke_of_what_is_not_held_is_done,
    an_unknown_entitlement_cannot_be_granted,
    somebody_disabled_can_still_lose_what_they_hold,
];

async fn grant_twice_is_held_once(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Grant)?;
    let (account, _) = bench.create("ada").await?;
    let group = bench.first_group().await?;
    for _ in 0..2 {
        let seen = bench.done(&grant(&account, &group)).await?;
        same("what is held", &seen.holds, &[group.native_id.clone()].into())?;
    }
    Ok(())
}

async fn grant_touches_nobody_else(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Grant)?;
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
    bench.needs(Verb::Revoke)?;
    let (account, _) = bench.create("ada").await?;
    let group = bench.first_group().await?;
    bench.done(&grant(&account, &group)).await?;
    for _ in 0..2 {
        same("what is held", &bench.done(&revoke(&account, &group)).await?.holds.len(), &0)?;
    }
    Ok(())
}

async fn revoke_touches_nobody_else(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Revoke)?;
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

async fn revoke_of_what_is_not_held_is_done(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Revoke)?;
    let (account, before) = bench.create("ada").await?;
    let seen = bench.done(&revoke(&account, &bench.first_group().await?)).await?;
    same("what is held", &seen.holds, &before.holds)
}

async fn an_unknown_entitlement_cannot_be_granted(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Grant)?;
    let (account, before) = bench.create("ada").await?;
    let entitlement = NativeId::new("00000000-0000-0000-0000-000000000000");
    let change = Change::new(account.clone(), Write::Grant { entitlement, name: "no such group".into() });
    let refusal = bench.refused_somehow(&change).await?;
    if !matches!(refusal.class, RefusalClass::Gone | RefusalClass::Invalid) {
        return failed(format!("expected gone or invalid, came {}: {refusal}", refusal.class));
    }
    same("what is held", &bench.get(&account).await?.holds, &before.holds)
}

async fn somebody_disabled_can_still_lose_what_they_hold(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Revoke)?;
    bench.needs(Verb::Disable)?;
    let (account, _) = bench.create("ada").await?;
    let group = bench.first_group().await?;
    bench.done(&grant(&account, &group)).await?;
    bench.done(&disable(&account)).await?;
    let seen = bench.done(&revoke(&account, &group)).await?;
    same("what is held", &seen.holds.len(), &0)?;
    same("the state", &seen.state, &tenure_model::AccountState::Disabled)
}
