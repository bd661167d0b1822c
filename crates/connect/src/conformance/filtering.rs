//! Cases about filters: what goes down and what remains are together the question.

use tenure_model::NativeId;

use super::cases;
use super::steps::{Bench, Step, native, not_run, same, set};
use crate::filter::{Filter, PushDown};
use crate::query::{Query, Seen};

cases![
    a_filter_finds_who_is_meant,
    a_filter_of_several_parts_finds_who_is_meant,
    what_is_denied_is_not_found,
    a_hostile_filter_is_only_a_value,
];

/// Who is found by the system and the caller together.
async fn found(bench: &Bench<'_>, filter: &Filter) -> Step<Vec<NativeId>> {
    let PushDown { pushed, residual } = bench.connector.push_down(filter);
    if pushed.is_none() && bench.connector.push_down(&Filter::Present { attribute: "x".into() }).pushed.is_none() {
        let anything = Filter::equals(bench.free()?, "x");
        if bench.connector.push_down(&anything).pushed.is_none() {
            return not_run("it pushes no filter down");
        }
    }
    let batches = bench.read_all(&Query::accounts().matching(pushed), 100).await?;
    let seen = batches.iter().flat_map(|batch| &batch.objects).filter_map(Seen::account);
    let kept = seen.filter(|seen| residual.as_ref().is_none_or(|filter| filter.matches(&seen.attributes)));
    Ok(kept.filter_map(|seen| seen.native_id.clone()).collect())
}

async fn two(bench: &Bench<'_>) -> Step<(NativeId, NativeId, String)> {
    let (ada, made) = bench.create("ada").await?;
    let (bob, other) = bench.create("bob").await?;
    let value = bench.name("meant");
    bench.done(&set(&ada, bench.free()?, value.as_str().into())).await?;
    bench.done(&set(&bob, bench.free()?, bench.name("other").into())).await?;
    Ok((native(&made)?, native(&other)?, value))
}

async fn a_filter_finds_who_is_meant(bench: &Bench<'_>) -> Step {
    let (ada, _, value) = two(bench).await?;
    let filter = Filter::equals(bench.free()?, value.as_str());
    same("who was found", &found(bench, &filter).await?, &vec![ada.clone()])?;
    let begins = Filter::StartsWith { attribute: bench.free()?.into(), text: value };
    same("who was found by the beginning", &found(bench, &begins).await?, &vec![ada])
}

async fn a_filter_of_several_parts_finds_who_is_meant(bench: &Bench<'_>) -> Step {
    let (ada, bob, value) = two(bench).await?;
    let free = bench.free()?;
    let either = Filter::Any(vec![Filter::equals(free, value.as_str()), Filter::equals(free, bench.name("other"))]);
    let mut all = found(bench, &either).await?;
    all.sort();
    let mut both = vec![ada.clone(), bob];
    both.sort();
    same("who was found by either", &all, &both)?;
    let narrowed = Filter::All(vec![either, Filter::equals(free, value.as_str())]);
    same("who was found by both", &found(bench, &narrowed).await?, &vec![ada])
}

async fn what_is_denied_is_not_found(bench: &Bench<'_>) -> Step {
    let (ada, bob, value) = two(bench).await?;
    let all = found(bench, &Filter::Not(Box::new(Filter::equals(bench.free()?, value)))).await?;
    same("whether the denied one was found", &all.contains(&ada), &false)?;
    same("whether the other one was found", &all.contains(&bob), &true)
}

async fn a_hostile_filter_is_only_a_value(bench: &Bench<'_>) -> Step {
    two(bench).await?;
    for value in ["*", "*)(objectClass=*", "' or '1'='1", "\" or userName pr or \"", "%", "\\"] {
        let filter = Filter::equals(bench.free()?, value);
        same(&format!("who was found by `{value}`"), &found(bench, &filter).await?, &vec![])?;
    }
    Ok(())
}
