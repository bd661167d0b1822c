//! Cases about taking writes back: what is promised before a write is what happens after it.

use tenure_model::{Observed, Value};

use super::cases;
use super::steps::{Bench, Step, disable, failed, grant, not_run, same, set};
use crate::change::Change;
use crate::description::{Reversibility, Verb};
use crate::locator::Locator;
use crate::undo::Undo;

cases![
    a_set_is_taken_back,
    a_clearing_is_taken_back,
    a_grant_is_taken_back,
    a_lock_is_taken_back,
    a_creation_is_taken_back,
    what_changes_nothing_needs_no_taking_back,
];

async fn there_and_back(bench: &Bench<'_>, account: &Locator, before: &Observed, change: &Change) -> Step {
    let undo = Undo::of(change, Some(before), bench.description());
    bench.done(change).await?;
    let Undo::By { changes, class } = undo else {
        return not_run(format!("`{}` is not declared to be taken back", change.write.verb()));
    };
    for back in &changes {
        bench.done(back).await?;
    }
    if class != Reversibility::Exact {
        return Ok(());
    }
    let after = bench.get(account).await?;
    same("the native id", &after.native_id, &before.native_id)?;
    same("the state", &after.state, &before.state)?;
    same("what is held", &after.holds, &before.holds)?;
    same("the attributes", &after.attributes, &before.attributes)
}

async fn a_set_is_taken_back(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, before) = bench.create("ada").await?;
    let change = set(&account, free, Value::from("another"));
    there_and_back(bench, &account, &before, &change).await
}

async fn a_clearing_is_taken_back(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    let before = bench.done(&set(&account, free, Value::from("kept"))).await?;
    there_and_back(bench, &account, &before, &set(&account, free, Value::Cleared)).await
}

async fn a_grant_is_taken_back(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Grant)?;
    let (account, before) = bench.create("ada").await?;
    let change = grant(&account, &bench.first_group().await?);
    there_and_back(bench, &account, &before, &change).await
}

async fn a_lock_is_taken_back(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    let (account, before) = bench.create("ada").await?;
    there_and_back(bench, &account, &before, &disable(&account)).await
}

async fn a_creation_is_taken_back(bench: &Bench<'_>) -> Step {
    let creation = bench.creation("ada");
    let Undo::By { changes, .. } = Undo::of(&creation, None, bench.description()) else {
        return not_run("`create` is not declared to be taken back");
    };
    bench.done(&creation).await?;
    for back in &changes {
        bench.done(back).await?;
    }
    let usable = bench.find(&creation.account).await?.is_some_and(|seen| seen.state.may_be_usable());
    same("whether the account can still be used", &usable, &false)
}

async fn what_changes_nothing_needs_no_taking_back(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    let change = set(&account, free, Value::from("the same"));
    let seen = bench.done(&change).await?;
    match Undo::of(&change, Some(&seen), bench.description()) {
        Undo::Nothing => Ok(()),
        other => failed(format!("expected nothing to take back, came {other:?}")),
    }
}
