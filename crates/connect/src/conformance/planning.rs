//! Cases about plans: they read, they name everything, and once done nothing is left of them.

use tenure_model::{AccountState, Value};

use super::cases;
use super::steps::{Bench, Step, disable, failed, same, set, state};
use crate::change::Write;
use crate::description::Verb;
use crate::desired::Desired;
use crate::locator::Locator;

cases![
    planning_writes_nothing,
    a_plan_says_whose_and_what,
    a_joiner_is_planned_applied_and_then_nothing_is_left,
    a_leaver_is_planned_applied_and_then_nothing_is_left,
    somebody_who_comes_back_is_enabled_and_brought_up_to_date,
    nobody_to_disable_is_nothing_to_do,
    nobody_to_delete_is_nothing_to_do,
    nobody_to_enable_is_refused_in_the_plan,
    an_unknown_entitlement_is_refused_in_the_plan,
    what_is_so_already_is_not_planned,
    a_deletion_is_planned_applied_and_then_nothing_is_left,
];

async fn planning_writes_nothing(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let newcomer = bench.account("new");
    let attributes = bench.attributes(&newcomer, &bench.name("new"));
    let hold =
        if bench.options.entitlements { bench.fixture.entitlements[..1].iter().cloned().collect() } else { [].into() };
    let mark = bench.fixture.witness.mark().await;
    let mut plans = vec![Desired::Present { account: newcomer.clone(), attributes, hold }];
    if bench.needs(Verb::Disable).is_ok() {
        plans.push(Desired::Disabled { account: account.clone() });
    }
    if bench.needs(Verb::Delete).is_ok() {
        plans.push(Desired::Deleted { account });
    }
    for desired in &plans {
        if bench.plan(desired).await?.is_empty() {
            return failed(format!("expected a plan, came none for {desired:?}"));
        }
    }
    same("the mark of the system", &bench.fixture.witness.mark().await, &mark)?;
    same("what was found", &bench.find(&newcomer).await?, &None)
}

async fn a_plan_says_whose_and_what(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Create)?;
    let account = bench.account("new");
    let attributes = bench.attributes(&account, &bench.name("new"));
    let desired = Desired::Present { account: account.clone(), attributes, hold: [].into() };
    for change in bench.plan(&desired).await? {
        same("whose it is", &change.account, &account)?;
        same("whether it has a summary", &change.summary.is_empty(), &false)?;
        bench.needs(change.write.verb())?;
    }
    Ok(())
}

async fn a_joiner_is_planned_applied_and_then_nothing_is_left(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Create)?;
    let account = bench.account("joiner");
    let grants = bench.options.entitlements && bench.needs(Verb::Grant).is_ok();
    let hold = if grants { bench.fixture.entitlements.iter().cloned().collect() } else { [].into() };
    let attributes = bench.attributes(&account, &bench.name("joiner"));
    let desired = Desired::Present { account: account.clone(), attributes, hold };
    let changes = bench.plan(&desired).await?;
    same("the number of changes", &changes.len(), &if grants { 3 } else { 1 })?;
    for change in &changes {
        bench.done(change).await?;
    }
    same("how much is held", &bench.get(&account).await?.holds.len(), &if grants { 2 } else { 0 })?;
    bench.plan_is_empty(&desired).await
}

async fn a_leaver_is_planned_applied_and_then_nothing_is_left(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    let (account, _) = bench.create("leaver").await?;
    let desired = Desired::Disabled { account: account.clone() };
    let changes = bench.plan(&desired).await?;
    same("the plan", &changes, &vec![disable(&account)])?;
    for change in &changes {
        bench.done(change).await?;
    }
    bench.plan_is_empty(&desired).await
}

async fn somebody_who_comes_back_is_enabled_and_brought_up_to_date(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Enable)?;
    let (account, _) = bench.create("again").await?;
    bench.done(&disable(&account)).await?;
    let mut attributes = bench.attributes(&account, &bench.name("again"));
    attributes.extend(bench.fixture.free_attribute.map(|free| (free.to_owned(), Value::from("returned"))));
    let desired = Desired::Present { account: account.clone(), attributes, hold: [].into() };
    let changes = bench.plan(&desired).await?;
    let created = changes.iter().any(|change| matches!(change.write, Write::Create { .. }));
    same("whether it is created again", &created, &false)?;
    for change in &changes {
        bench.done(change).await?;
    }
    state(&bench.get(&account).await?, AccountState::Active)?;
    bench.plan_is_empty(&desired).await
}

async fn nobody_to_disable_is_nothing_to_do(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Disable)?;
    bench.plan_is_empty(&Desired::Disabled { account: bench.account("nobody") }).await
}

async fn nobody_to_delete_is_nothing_to_do(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Delete)?;
    bench.plan_is_empty(&Desired::Deleted { account: bench.account("nobody") }).await
}

async fn nobody_to_enable_is_refused_in_the_plan(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Enable)?;
    match bench.planned(&Desired::Enabled { account: bench.account("nobody") }).await {
        Ok(changes) => failed(format!("expected a refusal, came {} changes", changes.len())),
        Err(refusal) => same("the class of the refusal", &refusal.class, &crate::refusal::RefusalClass::Gone),
    }
}

async fn an_unknown_entitlement_is_refused_in_the_plan(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Grant)?;
    let (account, _) = bench.create("ada").await?;
    let naming = bench.description().class(crate::query::ObjectClass::Entitlement).map(|c| c.naming_attribute.clone());
    let unknown = Locator::attribute(naming.unwrap_or_else(|| "cn".into()), "no such group");
    let desired = Desired::Entitlements { account, add: [unknown].into(), remove: [].into() };
    match bench.planned(&desired).await {
        Ok(changes) => failed(format!("expected a refusal, came {changes:?}")),
        Err(refusal) => same("the class of the refusal", &refusal.class, &crate::refusal::RefusalClass::Gone),
    }
}

async fn what_is_so_already_is_not_planned(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Set)?;
    let free = bench.free()?;
    let (account, _) = bench.create("ada").await?;
    bench.done(&set(&account, free, Value::from("Analyst"))).await?;
    let wanted = |value: Value| Desired::Present {
        account: account.clone(),
        attributes: [(free.to_owned(), value)].into(),
        hold: [].into(),
    };
    bench.plan_is_empty(&wanted(Value::from("Analyst"))).await?;
    bench.done(&set(&account, free, Value::Cleared)).await?;
    bench.plan_is_empty(&wanted(Value::Cleared)).await
}

async fn a_deletion_is_planned_applied_and_then_nothing_is_left(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Delete)?;
    let (account, _) = bench.create("leaver").await?;
    let desired = Desired::Deleted { account: account.clone() };
    for change in bench.plan(&desired).await? {
        bench.done(&change).await?;
    }
    bench.plan_is_empty(&desired).await
}
