//! What a system does for its accounts: seen before and after, done once, and taken back.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tenure_model::{Given, NativeId};

use super::cases;
use super::steps::{Bench, Step, failed, native, not_run, same};
use crate::actions::{Act, ActionRule, Actions, Sight};
use crate::description::Verb;
use crate::locator::Locator;
use crate::outcome::WriteFault;
use crate::refusal::RefusalClass;

cases![
    an_act_is_so_and_is_taken_back,
    an_act_again_changes_nothing,
    looking_at_an_act_writes_nothing,
    an_act_for_nobody_is_refused,
    an_act_that_is_not_described_is_refused,
];

fn actions<'a>(bench: &Bench<'a>) -> Step<&'a dyn Actions> {
    match bench.connector.actions() {
        Some(actions) if !bench.description().actions.is_empty() => Ok(actions),
        Some(_) | None => not_run("nothing is done for accounts"),
    }
}

/// Two accounts: the case's own, or those that were lent where none can be made.
async fn two(bench: &Bench<'_>) -> Step<(Locator, NativeId)> {
    match &bench.options.lent {
        Some([account, other]) if !bench.description().verbs.contains_key(&Verb::Create) => {
            Ok((account.clone(), native(&bench.get(other).await?)?))
        }
        _ => {
            let (account, _) = bench.create("ada").await?;
            let (_, other) = bench.create("bob").await?;
            Ok((account, native(&other)?))
        }
    }
}

/// Every action that is described, for such an account.
async fn acts(bench: &Bench<'_>) -> Step<Vec<(ActionRule, Act)>> {
    let (account, other) = two(bench).await?;
    let described = bench.description().actions.iter();
    Ok(described.map(|(name, rule)| (rule.clone(), act(account.clone(), name, rule, other.as_str()))).collect())
}

fn act(account: Locator, action: &str, rule: &ActionRule, other: &str) -> Act {
    let given = |given: Given| match given {
        Given::Text => Json::from("conformance"),
        Given::Flag => Json::from(true),
        Given::Account => Json::from(other),
    };
    let with: BTreeMap<String, Json> =
        rule.takes.iter().map(|(name, parameter)| (name.clone(), given(parameter.given))).collect();
    Act { account, action: action.to_owned(), with, back: None }
}

async fn look(actions: &dyn Actions, act: &Act) -> Step<Sight> {
    let seen = actions.look(act).await;
    Ok(seen.map_err(|refusal| format!("the look at `{}` was refused: {refusal}", act.summary()))?)
}

/// One attempt, and where the options are patient as many more as it takes.
async fn make(bench: &Bench<'_>, actions: &dyn Actions, act: &Act) -> Step<Sight> {
    let operation = bench.operation(&act)?;
    let mut made = actions.act(act, &operation).await;
    for _ in 0..bench.options.tries {
        match &made {
            Err(WriteFault::Refused(refusal)) if refusal.retry() => bench.wait(refusal).await,
            Err(WriteFault::Doubt(_)) => {}
            Ok(_) | Err(WriteFault::Refused(_)) => break,
        }
        made = actions.act(act, &operation).await;
    }
    tokio::time::sleep(bench.description().consistency_delay).await;
    match made {
        Ok(sight) => Ok(sight),
        Err(WriteFault::Refused(refusal)) => failed(format!("`{}` was refused: {refusal}", act.summary())),
        Err(WriteFault::Doubt(doubt)) => failed(format!("`{}` ended unknown: {}", act.summary(), doubt.message)),
    }
}

fn is_so(act: &Act, rule: &ActionRule, sight: &Sight, wanted: bool) -> Step {
    let wanted = rule.unseen.is_none().then_some(wanted);
    same(&format!("what is seen of `{}`", act.summary()), &sight.so, &wanted)
}

async fn an_act_is_so_and_is_taken_back(bench: &Bench<'_>) -> Step {
    let actions = actions(bench)?;
    let mut tried = 0;
    for (rule, act) in acts(bench).await? {
        let before = look(actions, &act).await?;
        // Of an account that has nothing, all of it may be handed over already.
        if before.so == Some(true) {
            continue;
        }
        tried += 1;
        is_so(&act, &rule, &before, false)?;
        is_so(&act, &rule, &make(bench, actions, &act).await?, true)?;
        is_so(&act, &rule, &look(actions, &act).await?, true)?;
        if rule.goes_back() {
            let back = Act { back: Some(before.kept), ..act.clone() };
            is_so(&act, &rule, &make(bench, actions, &back).await?, false)?;
            is_so(&act, &rule, &look(actions, &act).await?, false)?;
        }
    }
    if tried == 0 {
        return failed("every action is said to be so of an account that was just made");
    }
    Ok(())
}

async fn an_act_again_changes_nothing(bench: &Bench<'_>) -> Step {
    let actions = actions(bench)?;
    for (rule, act) in acts(bench).await?.into_iter().filter(|(rule, _)| rule.unseen.is_none()) {
        let before = look(actions, &act).await?;
        make(bench, actions, &act).await?;
        let mark = bench.fixture.witness.mark().await;
        is_so(&act, &rule, &make(bench, actions, &act).await?, true)?;
        same(&format!("the mark after `{}` again", act.summary()), &bench.fixture.witness.mark().await, &mark)?;
        if rule.goes_back() && before.so == Some(false) {
            make(bench, actions, &Act { back: Some(before.kept), ..act }).await?;
        }
    }
    Ok(())
}

async fn looking_at_an_act_writes_nothing(bench: &Bench<'_>) -> Step {
    let actions = actions(bench)?;
    let acts = acts(bench).await?;
    let mark = bench.fixture.witness.mark().await;
    for (_, act) in acts {
        look(actions, &act).await?;
    }
    same("the mark", &bench.fixture.witness.mark().await, &mark)
}

async fn an_act_for_nobody_is_refused(bench: &Bench<'_>) -> Step {
    let actions = actions(bench)?;
    for (_, known) in acts(bench).await? {
        let act = Act { account: bench.account("nobody"), ..known };
        match actions.act(&act, &bench.operation(&act)?).await {
            Err(WriteFault::Refused(refusal)) => same("the class of the refusal", &refusal.class, &RefusalClass::Gone)?,
            other => return failed(format!("expected a refusal of `{}`, came {other:?}", act.summary())),
        }
    }
    Ok(())
}

async fn an_act_that_is_not_described_is_refused(bench: &Bench<'_>) -> Step {
    let actions = actions(bench)?;
    let (account, _) = two(bench).await?;
    let act = Act { account, action: "mailbox/burn".to_owned(), with: BTreeMap::new(), back: None };
    match actions.act(&act, &bench.operation(&act)?).await {
        Err(WriteFault::Refused(refusal)) => {
            same("the class of the refusal", &refusal.class, &RefusalClass::Unsupported)
        }
        other => failed(format!("expected a refusal of `{}`, came {other:?}", act.summary())),
    }
}
