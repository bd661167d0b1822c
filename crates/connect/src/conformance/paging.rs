//! Cases about reading everything, and what a reading is worth.

use std::collections::BTreeSet;

use tenure_model::NativeId;

use super::cases;
use super::steps::{Bench, Step, failed, native, not_run, same};
use crate::description::Verb;
use crate::query::{Batch, Completeness, Page, PageToken, Query, Seen};

cases![
    every_page_together_is_everything_once,
    pages_of_every_size_hold_the_same,
    a_page_is_never_larger_than_asked,
    a_reading_is_open_until_its_last_page,
    the_expected_count_is_true,
    a_foreign_page_token_is_refused,
    two_readings_at_once_do_not_disturb_each_other,
    every_entitlement_is_read_once,
    somebody_made_is_in_the_next_reading,
];

/// Makes a few accounts, where any can be made.
async fn populate(bench: &Bench<'_>) -> Step<Vec<NativeId>> {
    let mut made = Vec::new();
    if bench.needs(Verb::Create).is_ok() {
        for name in ["a", "b", "c", "d", "e"] {
            made.push(native(&bench.create(name).await?.1)?);
        }
    }
    Ok(made)
}

fn ids(batches: &[Batch]) -> Vec<NativeId> {
    let objects = batches.iter().flat_map(|batch| &batch.objects);
    objects.filter_map(|seen| seen.account()?.native_id.clone()).collect()
}

/// Demands that nothing was read twice, and hands back the whole.
fn once(ids: Vec<NativeId>) -> Step<BTreeSet<NativeId>> {
    let mut all = BTreeSet::new();
    for id in ids {
        if !all.insert(id.clone()) {
            return failed(format!("expected every object once, came `{id}` twice"));
        }
    }
    Ok(all)
}

async fn every_page_together_is_everything_once(bench: &Bench<'_>) -> Step {
    let made = populate(bench).await?;
    let batches = bench.read_all(&Query::accounts(), bench.options.page_objects).await?;
    let last = batches.last().map(|batch| &batch.completeness);
    same("the completeness at the end", &last, &Some(&Completeness::Whole))?;
    let all = once(ids(&batches))?;
    match made.iter().find(|id| !all.contains(*id)) {
        Some(id) => failed(format!("expected `{id}` among everybody, and it was not read")),
        None => Ok(()),
    }
}

async fn pages_of_every_size_hold_the_same(bench: &Bench<'_>) -> Step {
    let made: BTreeSet<NativeId> = populate(bench).await?.into_iter().collect();
    let mut others: Option<BTreeSet<NativeId>> = None;
    for size in [bench.options.page_objects + 1, 200, bench.options.page_objects * 2] {
        let mut all = once(ids(&bench.read_all(&Query::accounts(), size).await?))?;
        if !made.is_empty() {
            all.retain(|id| made.contains(id));
        }
        let before = others.get_or_insert_with(|| all.clone());
        same(&format!("who is read in pages of {size}"), &all, before)?;
    }
    Ok(())
}

async fn a_page_is_never_larger_than_asked(bench: &Bench<'_>) -> Step {
    populate(bench).await?;
    for size in [1, 3] {
        let batch = bench.read(&Query::accounts(), &Page::first_of(size)).await?;
        let came = u32::try_from(batch.objects.len()).unwrap_or(u32::MAX);
        if came > size {
            return failed(format!("expected a page of at most {size}, came {came}"));
        }
    }
    Ok(())
}

async fn a_reading_is_open_until_its_last_page(bench: &Bench<'_>) -> Step {
    populate(bench).await?;
    for batch in bench.read_all(&Query::accounts(), bench.options.page_objects).await? {
        let open = batch.completeness == Completeness::Open;
        same("whether the reading is open where there is a next page", &open, &batch.next.is_some())?;
    }
    Ok(())
}

async fn the_expected_count_is_true(bench: &Bench<'_>) -> Step {
    populate(bench).await?;
    let batches = bench.read_all(&Query::accounts(), bench.options.page_objects).await?;
    let expected: BTreeSet<u64> = batches.iter().filter_map(|batch| batch.expected).collect();
    if expected.is_empty() {
        return not_run("the system does not say how many there are");
    }
    let read = u64::try_from(ids(&batches).len()).unwrap_or(u64::MAX);
    same("how many the system says there are", &expected, &[read].into())
}

async fn a_foreign_page_token_is_refused(bench: &Bench<'_>) -> Step {
    for token in ["not ours", "", "999999999999999999999", "' or 1=1", "../2"] {
        let page = Page::first_of(2).then(PageToken::new(token));
        match bench.page(&Query::accounts(), &page).await {
            Err(refusal) if refusal.retry() => {
                return failed(format!("expected a refusal of the token `{token}` for good, came `{refusal}`"));
            }
            Err(_) => {}
            Ok(batch) => {
                return failed(format!(
                    "expected a refusal of the token `{token}`, came {} objects",
                    batch.objects.len()
                ));
            }
        }
    }
    Ok(())
}

async fn two_readings_at_once_do_not_disturb_each_other(bench: &Bench<'_>) -> Step {
    populate(bench).await?;
    let query = Query::accounts();
    let size = bench.options.page_objects;
    let (first, second) = futures::join!(bench.read_all(&query, size), bench.read_all(&query, size));
    let (first, second) = (once(ids(&first?))?, once(ids(&second?))?);
    same("how the two readings differ", &first.symmetric_difference(&second).count(), &0)
}

async fn every_entitlement_is_read_once(bench: &Bench<'_>) -> Step {
    if bench.description().class(crate::query::ObjectClass::Entitlement).is_none() {
        return not_run("entitlements are not described");
    }
    let batches = bench.read_all(&Query::entitlements(), bench.options.page_objects).await?;
    let last = batches.last().map(|batch| &batch.completeness);
    same("the completeness at the end", &last, &Some(&Completeness::Whole))?;
    let seen = batches.iter().flat_map(|batch| &batch.objects).filter_map(Seen::entitlement);
    let all = once(seen.map(|one| one.native_id.clone()).collect())?;
    if bench.options.entitlements {
        for group in [bench.first_group().await?, bench.second_group().await?] {
            same(&format!("whether `{}` was read", group.name), &all.contains(&group.native_id), &true)?;
        }
    }
    Ok(())
}

async fn somebody_made_is_in_the_next_reading(bench: &Bench<'_>) -> Step {
    let before = once(ids(&bench.read_all(&Query::accounts(), 100).await?))?;
    let id = native(&bench.create("ada").await?.1)?;
    let after = once(ids(&bench.read_all(&Query::accounts(), 100).await?))?;
    same("whether it was there before", &before.contains(&id), &false)?;
    same("whether it is there now", &after.contains(&id), &true)
}
