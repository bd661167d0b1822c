//! Cases about people who leave, and who come back.

use tenure_model::{AccountState, Value};

use super::cases;
use super::steps::{Bench, Step, delete, disable, enable, failed, grant, not_run, revoke, same, set, state};
use crate::change::{Change, Write};
use crate::description::{Reversibility, Verb};
use crate::expectation::{Expectation, Usability};
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::refusal::RefusalClass;
use crate::surface::{Artifact, Reach};

cases![
    disable_twice_is_disabled,
    disable_keeps_what_is_held,
    disable_touches_nobody_else,
    enable_twice_is_active,
    a_change_of_attributes_leaves_the_lock,
    a_write_to_nobody_is_refused,
    delete_is_seen_as_gone,
    delete_of_nobody_is_done,
    delete_touches_nobody_else,
    who_was_deleted_does_not_answer_to_the_old_id,
    restore_brings_back_the_same,
    ending_leaves_nothing,
    ending_leaves_the_account,
    a_password_can_be_set,
    a_password_of_nobody_is_refused,
    a_password_lets_nobody_in_who_is_kept_out,
];

async fn disable_twice_is_disabled(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    let (account, _) = bench.create("ada").await?;
    for _ in 0..2 {
        state(&bench.done(&disable(&account)).await?, AccountState::Disabled)?;
    }
    state(&bench.get(&account).await?, AccountState::Disabled)
}

async fn disable_keeps_what_is_held(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    bench.needs(Verb::Grant)?;
    let (account, _) = bench.create("ada").await?;
    let before = bench.done(&grant(&account, &bench.first_group().await?)).await?;
    let after = bench.done(&disable(&account)).await?;
    same("what is held", &after.holds, &before.holds)?;
    same("the attributes", &after.attributes, &before.attributes)
}

async fn disable_touches_nobody_else(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    let (ada, _) = bench.create("ada").await?;
    let (bob, before) = bench.create("bob").await?;
    bench.done(&disable(&ada)).await?;
    same("the state of the other", &bench.get(&bob).await?.state, &before.state)
}

async fn enable_twice_is_active(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Enable)?;
    let (account, before) = bench.create("ada").await?;
    bench.done(&disable(&account)).await?;
    for _ in 0..2 {
        let seen = bench.done(&enable(&account)).await?;
        state(&seen, AccountState::Active)?;
        same("the attributes", &seen.attributes, &before.attributes)?;
    }
    Ok(())
}

async fn a_change_of_attributes_leaves_the_lock(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    bench.done(&disable(&account)).await?;
    let seen = bench.done(&set(&account, free, Value::from("changed"))).await?;
    state(&seen, AccountState::Disabled)
}

async fn a_write_to_nobody_is_refused(bench: &Bench<'_>) -> Step {
    let nobody = bench.account("nobody");
    let mut changes = vec![disable(&nobody), enable(&nobody)];
    changes.extend(bench.fixture.free_attribute.map(|free| set(&nobody, free, Value::from("x"))));
    if bench.options.entitlements && bench.needs(Verb::Grant).is_ok() {
        let group = bench.first_group().await?;
        changes.extend([grant(&nobody, &group), revoke(&nobody, &group)]);
    }
    changes.retain(|change| bench.needs(change.write.verb()).is_ok());
    if changes.is_empty() {
        return not_run("it writes nothing to an account that is there");
    }
    for change in changes {
        bench.refused(&change, RefusalClass::Gone).await?;
    }
    same("what was found", &bench.find(&nobody).await?, &None)
}

async fn delete_is_seen_as_gone(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Delete)?;
    let (account, made) = bench.create("ada").await?;
    bench.done(&delete(&account)).await?;
    let gone = |locator: Locator| Expectation { usability: Some(Usability::Gone), ..Expectation::of(locator) };
    bench.met(&gone(account.clone())).await?;
    if let Some(id) = made.native_id {
        bench.met(&gone(Locator::Native(id.clone()))).await?;
        bench.met(&Expectation::unusable(Locator::Native(id))).await?;
    }
    let found = bench.find(&account).await?;
    let left = found.is_none_or(|seen| Usability::Gone.fits(seen.state));
    same("whether it is gone", &left, &true)
}

async fn delete_of_nobody_is_done(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Delete)?;
    bench.done(&delete(&bench.account("nobody"))).await.map(|_| ())
}

async fn delete_touches_nobody_else(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Delete)?;
    let (ada, _) = bench.create("ada").await?;
    let (bob, before) = bench.create("bob").await?;
    bench.done(&delete(&ada)).await?;
    let after = bench.get(&bob).await?;
    same("the other", &(after.native_id, after.state), &(before.native_id, before.state))
}

async fn who_was_deleted_does_not_answer_to_the_old_id(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Delete)?;
    let (account, made) = bench.create("ada").await?;
    bench.done(&delete(&account)).await?;
    let creation = bench.creation("ada");
    match bench.apply(&creation).await? {
        Outcome::Refused(refusal) => same("the class of the refusal", &refusal.class, &RefusalClass::Exists),
        Outcome::Done { seen } => {
            same("whether the native id is a new one", &(seen.native_id == made.native_id), &false)
        }
        Outcome::Unknown(doubt) => failed(format!("`{}` ended unknown: {}", creation.summary, doubt.message)),
    }
}

async fn restore_brings_back_the_same(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Restore)?;
    let back = bench.description().verbs.get(&Verb::Delete).copied();
    same("how far a deletion can be taken back", &back, &Some(Reversibility::Window))?;
    let (account, before) = bench.create("ada").await?;
    bench.done(&delete(&account)).await?;
    let seen = bench.done(&Change::new(account, Write::Restore)).await?;
    same("the native id", &seen.native_id, &before.native_id)?;
    same("the attributes", &seen.attributes, &before.attributes)
}

/// What the connector can end besides accounts and memberships.
fn endable(bench: &Bench<'_>) -> Step<Vec<Artifact>> {
    bench.needs(Verb::End)?;
    let own_verb = |kind: &Artifact| matches!(kind, Artifact::Account | Artifact::Membership);
    let surface = &bench.description().surface;
    Ok(surface.iter().filter(|(kind, reach)| !own_verb(kind) && reach.ends()).map(|(kind, _)| *kind).collect())
}

async fn ending_leaves_nothing(bench: &Bench<'_>) -> Step {
    let kinds = endable(bench)?;
    let (account, _) = bench.create("ada").await?;
    for artifact in kinds {
        let change = Change::new(account.clone(), Write::End { artifact });
        match bench.description().surface.get(&artifact) {
            Some(Reach::Whole) => {
                bench.done(&change).await?;
                let left = bench.connector.artifacts(&account, artifact).await;
                let left = left.map_err(super::steps::words("artifacts"))?;
                same(&format!("how many of kind {artifact} are left"), &left.len(), &0)?;
            }
            _ => match bench.apply(&change).await? {
                Outcome::Done { .. } => {}
                other => return failed(format!("expected `{}` done, came {other:?}", change.summary)),
            },
        }
    }
    Ok(())
}

async fn ending_leaves_the_account(bench: &Bench<'_>) -> Step {
    let kinds = endable(bench)?;
    let (account, before) = bench.create("ada").await?;
    for artifact in kinds {
        let outcome = bench.apply(&Change::new(account.clone(), Write::End { artifact })).await?;
        same("whether it was done", &outcome.seen().is_some(), &true)?;
    }
    let after = bench.get(&account).await?;
    same("the account", &(after.state, after.attributes), &(before.state, before.attributes))
}

fn password(bench: &Bench<'_>, account: &Locator) -> Step<Change> {
    bench.needs(Verb::SetPassword)?;
    match &bench.options.password {
        None => not_run("no password was given that may be set"),
        Some(secret) => {
            let write = Write::SetPassword { secret: secret.clone(), must_change: false };
            Ok(Change::new(account.clone(), write))
        }
    }
}

async fn a_password_can_be_set(bench: &Bench<'_>) -> Step {
    let change = password(bench, &bench.account("ada"))?;
    let (_, before) = bench.create("ada").await?;
    let after = bench.done(&change).await?;
    same("the account", &(after.state, after.attributes), &(before.state, before.attributes))
}

async fn a_password_of_nobody_is_refused(bench: &Bench<'_>) -> Step {
    bench.refused(&password(bench, &bench.account("nobody"))?, RefusalClass::Gone).await
}

/// A password that is set must not undo the lock. Where it would, it has to be refused.
async fn a_password_lets_nobody_in_who_is_kept_out(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    let change = password(bench, &bench.account("ada"))?;
    bench.create("ada").await?;
    bench.done(&disable(&change.account)).await?;
    match bench.apply(&change).await? {
        Outcome::Refused(refusal) => same("whether the refusal passes by itself", &refusal.retry(), &false)?,
        Outcome::Done { .. } => {}
        Outcome::Unknown(doubt) => return failed(format!("`{}` ended unknown: {}", change.summary, doubt.message)),
    }
    state(&bench.get(&change.account).await?, AccountState::Disabled)
}
