//! Cases about looking at one account, and about verify.

use tenure_model::Value;

use super::cases;
use super::steps::{Bench, Step, disable, failed, native, same, words};
use crate::description::Verb;
use crate::expectation::{Expectation, Usability};
use crate::locator::Locator;
use crate::query::{Completeness, Page, Query, Seen};

cases![
    check_answers,
    an_unknown_account_is_none,
    an_unknown_native_id_is_none,
    a_wildcard_finds_nobody,
    an_attribute_that_is_not_described_finds_nobody,
    the_native_id_finds_the_same_account,
    the_native_id_stays_the_same,
    what_is_read_is_what_is_got,
    only_described_attributes_are_read,
    a_locator_reads_one_account,
    a_locator_of_nobody_reads_nothing_and_that_is_all,
    verify_denies_what_is_not_so,
    verify_takes_absence_for_no_proof,
];

async fn check_answers(bench: &Bench<'_>) -> Step {
    let mut peers = Vec::new();
    for _ in 0..2 {
        peers.push(bench.connector.check().await.map_err(words("check"))?.peer);
    }
    same("whether it names who answered", &peers.iter().any(String::is_empty), &false)
}

async fn an_unknown_account_is_none(bench: &Bench<'_>) -> Step {
    same("what was found", &bench.find(&bench.account("nobody")).await?, &None)
}

async fn an_unknown_native_id_is_none(bench: &Bench<'_>) -> Step {
    for id in ["00000000-0000-0000-0000-000000000000", "no such id", "*", "../1", "%2e"] {
        match bench.look(&Locator::native(id)).await {
            Ok(Some(seen)) => return failed(format!("`{id}` found `{}`", seen.name)),
            Err(refusal) if refusal.retry() => return failed(format!("`{id}` is to be tried again: {refusal}")),
            // An id that the system could never have given may be called wrong.
            Ok(None) | Err(_) => {}
        }
    }
    Ok(())
}

async fn a_wildcard_finds_nobody(bench: &Bench<'_>) -> Step {
    bench.somebody().await?;
    let begins = format!("{}*", bench.tag);
    for value in ["*", begins.as_str(), "*)(objectClass=*", "\\2a", "%", "_", "' or '1'='1", "\" or \"\" eq \""] {
        let locator = Locator::attribute(bench.fixture.identifying_attribute, value);
        same(&format!("what `{locator}` found"), &bench.find(&locator).await?, &None)?;
    }
    Ok(())
}

async fn an_attribute_that_is_not_described_finds_nobody(bench: &Bench<'_>) -> Step {
    let found = bench.look(&Locator::attribute("noSuchAttribute", "x")).await;
    match found {
        Err(refusal) if !refusal.retry() => Ok(()),
        Err(refusal) => failed(format!("expected a refusal for good, came one to try again: {refusal}")),
        Ok(found) => failed(format!("expected a refusal, came {:?}", found.map(|seen| seen.name))),
    }
}

async fn the_native_id_finds_the_same_account(bench: &Bench<'_>) -> Step {
    let (account, made) = bench.somebody().await?;
    let id = native(&made)?;
    let by_id = bench.get(&Locator::Native(id.clone())).await?;
    same("the native id", &by_id.native_id, &Some(id))?;
    same("the name", &by_id.name, &bench.get(&account).await?.name)
}

async fn the_native_id_stays_the_same(bench: &Bench<'_>) -> Step {
    let (account, made) = bench.somebody().await?;
    for _ in 0..3 {
        same("the native id", &bench.get(&account).await?.native_id, &made.native_id)?;
    }
    Ok(())
}

async fn what_is_read_is_what_is_got(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.somebody().await?;
    let got = bench.get(&account).await?;
    let batches = bench.read_all(&Query::accounts(), 50).await?;
    let read = batches.iter().flat_map(|batch| &batch.objects).filter_map(Seen::account);
    let Some(read) = read.into_iter().find(|seen| seen.native_id == got.native_id) else {
        return failed(format!("`{account}` is there, and a reading of everybody does not have it"));
    };
    same("the state", &read.state, &got.state)?;
    same("what is held", &read.holds, &got.holds)?;
    same("the attributes", &read.attributes, &got.attributes)
}

async fn only_described_attributes_are_read(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.somebody().await?;
    let rules = &bench.accounts()?.attributes;
    for name in bench.get(&account).await?.attributes.keys() {
        match rules.iter().find(|rule| rule.name == *name) {
            None => return failed(format!("attribute `{name}` was read and is not described")),
            Some(rule) if rule.secret || !rule.read => {
                return failed(format!("attribute `{name}` was read and is described as not to be"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

async fn a_locator_reads_one_account(bench: &Bench<'_>) -> Step {
    let (account, made) = bench.somebody().await?;
    let batch = bench.read(&Query::accounts().only(account), &Page::first()).await?;
    let ids: Vec<_> = batch.objects.iter().filter_map(|seen| seen.account()?.native_id.clone()).collect();
    same("who was read", &ids, &made.native_id.into_iter().collect())?;
    same("the completeness", &batch.completeness, &Completeness::Whole)
}

async fn a_locator_of_nobody_reads_nothing_and_that_is_all(bench: &Bench<'_>) -> Step {
    let batch = bench.read(&Query::accounts().only(bench.account("nobody")), &Page::first()).await?;
    same("how many were read", &batch.objects.len(), &0)?;
    same("the completeness", &batch.completeness, &Completeness::Whole)
}

async fn verify_denies_what_is_not_so(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.create("ada").await?;
    let plain = Expectation::of(account.clone());
    bench.met(&plain).await?;
    bench.unmet(&Expectation::unusable(account.clone())).await?;
    bench.unmet(&Expectation { usability: Some(Usability::Gone), ..plain.clone() }).await?;
    if let Some(free) = bench.fixture.free_attribute {
        let attributes = [(free.to_owned(), Value::from("another"))].into();
        bench.unmet(&Expectation { attributes, ..plain.clone() }).await?;
    }
    if bench.options.entitlements && bench.needs(Verb::Grant).is_ok() {
        let group = bench.first_group().await?;
        bench.unmet(&Expectation { holds: [group.native_id].into(), ..plain.clone() }).await?;
    }
    if bench.needs(Verb::Disable).is_ok() {
        bench.done(&disable(&account)).await?;
        bench.unmet(&Expectation { usability: Some(Usability::Usable), ..plain }).await?;
    }
    Ok(())
}

async fn verify_takes_absence_for_no_proof(bench: &Bench<'_>) -> Step {
    bench.unmet(&Expectation::of(bench.account("nobody"))).await?;
    bench.unmet(&Expectation::unusable(bench.account("nobody"))).await
}
