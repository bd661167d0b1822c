//! The cases about reading, planning and verifying.

use tenure_model::{NativeId, Value};

use super::steps::{Bench, Step, disable, native, same, state, words};
use crate::change::Write;
use crate::desired::Desired;
use crate::expectation::{Expectation, Usability};
use crate::limits::CONFORMANCE_PAGES_MAX;
use crate::locator::Locator;
use crate::query::{Completeness, ObjectClass, Page, Query};
use tenure_model::AccountState;

pub(super) async fn describes_itself(bench: &Bench<'_>) -> Step {
    let description = bench.connector.describe();
    let class = description.class(ObjectClass::Account).ok_or("accounts are not described")?;
    let has = |name: &str| class.attributes.iter().any(|rule| rule.name == name);
    for name in [bench.fixture.identifying_attribute, bench.fixture.free_attribute, class.naming_attribute.as_str()] {
        if !has(name) {
            return Err(format!("attribute `{name}` is not described"));
        }
    }
    if description.limits.page_objects_max == 0 || description.limits.requests_at_once_max == 0 {
        return Err("a limit is zero".into());
    }
    if description.verbs.is_empty() { Err("no verb is described".into()) } else { Ok(()) }
}

pub(super) async fn check_answers(bench: &Bench<'_>) -> Step {
    bench.connector.check().await.map(|_| ()).map_err(words("check"))
}

pub(super) async fn an_unknown_account_is_none(bench: &Bench<'_>) -> Step {
    let found = bench.connector.get(&bench.account("nobody")).await.map_err(words("get"))?;
    same("what was found", &found, &None)
}

pub(super) async fn a_wildcard_finds_nobody(bench: &Bench<'_>) -> Step {
    bench.create("somebody").await?;
    for value in ["*", "a_wildcard*", "*)(objectClass=*", "\\2a"] {
        let locator = Locator::attribute(bench.fixture.identifying_attribute, value);
        let found = bench.connector.get(&locator).await.map_err(words("get"))?;
        same(&format!("what `{locator}` found"), &found, &None)?;
    }
    Ok(())
}

pub(super) async fn the_native_id_finds_the_same_account(bench: &Bench<'_>) -> Step {
    let (account, made) = bench.create("ada").await?;
    let id = native(&made)?;
    let by_id = bench.get(&Locator::Native(id.clone())).await?;
    same("the native id", &by_id.native_id, &Some(id))?;
    same("the name", &by_id.name, &bench.get(&account).await?.name)
}

pub(super) async fn every_page_together_is_everything_once(bench: &Bench<'_>) -> Step {
    let mut made = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        made.push(native(&bench.create(name).await?.1)?);
    }
    let (seen, completeness) = read_all(bench, 2).await?;
    same("the completeness", &completeness, &Completeness::Whole)?;
    for id in made {
        let times = seen.iter().filter(|other| **other == id).count();
        same(&format!("how often `{id}` was read"), &times, &1)?;
    }
    Ok(())
}

async fn read_all(bench: &Bench<'_>, size: u32) -> Step<(Vec<NativeId>, Completeness)> {
    let mut page = Page::first_of(size);
    let mut seen = Vec::new();
    for _ in 0..CONFORMANCE_PAGES_MAX {
        let batch = bench.connector.read(&Query::accounts(), &page).await.map_err(words("read"))?;
        seen.extend(batch.objects.iter().filter_map(|object| object.account()?.native_id.clone()));
        let Some(next) = batch.next else { return Ok((seen, batch.completeness)) };
        same("the completeness before the end", &batch.completeness, &Completeness::Open)?;
        page = page.then(next);
    }
    Err("the reading has no end".into())
}

pub(super) async fn planning_writes_nothing(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let group = bench.fixture.entitlements[0].clone();
    let newcomer = bench.account("new");
    let attributes = bench.attributes(&newcomer, "planning-new");
    let mark = bench.fixture.witness.mark().await;
    let plans = [
        Desired::Present { account: newcomer.clone(), attributes, hold: [group.clone()].into() },
        Desired::Disabled { account: account.clone() },
        Desired::Entitlements { account, add: [group].into(), remove: [].into() },
    ];
    for desired in &plans {
        if bench.plan(desired).await?.is_empty() {
            return Err(format!("nothing was planned for {desired:?}"));
        }
    }
    same("the mark of the system", &bench.fixture.witness.mark().await, &mark)?;
    let found = bench.connector.get(&newcomer).await.map_err(words("get"))?;
    same("what was found", &found, &None)
}

pub(super) async fn a_joiner_is_planned_applied_and_then_nothing_is_left(bench: &Bench<'_>) -> Step {
    let account = bench.account("joiner");
    let desired = Desired::Present {
        account: account.clone(),
        attributes: bench.attributes(&account, "joiner-walk"),
        hold: bench.fixture.entitlements.iter().cloned().collect(),
    };
    let changes = bench.plan(&desired).await?;
    same("the number of changes", &changes.len(), &3)?;
    for change in &changes {
        bench.done(change).await?;
    }
    same("how much is held", &bench.get(&account).await?.holds.len(), &2)?;
    bench.plan_is_empty(&desired).await
}

pub(super) async fn a_leaver_is_planned_applied_and_then_nothing_is_left(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("leaver").await?;
    let desired = Desired::Disabled { account: account.clone() };
    let changes = bench.plan(&desired).await?;
    same("the plan", &changes, &vec![disable(&account)])?;
    for change in &changes {
        bench.done(change).await?;
    }
    bench.plan_is_empty(&desired).await
}

pub(super) async fn somebody_who_comes_back_is_enabled_and_brought_up_to_date(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("again").await?;
    bench.done(&disable(&account)).await?;
    let mut attributes = bench.attributes(&account, &format!("{}-again", bench.case));
    attributes.insert(bench.fixture.free_attribute.to_owned(), Value::from("returned"));
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

pub(super) async fn nobody_to_disable_is_nothing_to_do(bench: &Bench<'_>) -> Step {
    bench.plan_is_empty(&Desired::Disabled { account: bench.account("nobody") }).await
}

pub(super) async fn an_unknown_entitlement_is_refused_in_the_plan(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let unknown = Locator::attribute("cn", "no such group");
    let desired = Desired::Entitlements { account, add: [unknown].into(), remove: [].into() };
    match bench.connector.plan(&desired).await {
        Ok(changes) => Err(format!("planned {changes:?}")),
        Err(refusal) => same("the class", &refusal.class, &crate::refusal::RefusalClass::Gone),
    }
}

pub(super) async fn verify_denies_what_is_not_so(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let group = bench.first_group().await?;
    let plain = Expectation::of(account.clone());
    bench.met(&plain).await?;
    bench.unmet(&Expectation::unusable(account.clone())).await?;
    bench.unmet(&Expectation { holds: [group.native_id.clone()].into(), ..plain.clone() }).await?;
    let attributes = [(bench.fixture.free_attribute.to_owned(), Value::from("another"))].into();
    bench.unmet(&Expectation { attributes, ..plain.clone() }).await?;
    bench.done(&disable(&account)).await?;
    bench.unmet(&Expectation { usability: Some(Usability::Usable), ..plain }).await?;
    bench.unmet(&Expectation::of(bench.account("nobody"))).await?;
    bench.unmet(&Expectation::unusable(bench.account("nobody"))).await
}
