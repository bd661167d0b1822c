//! Cases about what changed since a moment.

use tenure_model::{NativeId, Value};

use super::cases;
use super::steps::{Bench, Step, delete, failed, native, not_run, same, set, words};
use crate::description::Verb;
use crate::feed::{ChangeFeed, ChangeToken, Changed, Changes};
use crate::query::ObjectClass;

cases![
    a_token_for_now_tells_nothing,
    a_feed_tells_who_was_made,
    a_feed_tells_what_was_changed,
    a_feed_tells_who_vanished,
    a_feed_goes_on_from_where_it_was,
    a_foreign_change_token_is_no_answer,
];

async fn now(bench: &Bench<'_>) -> Step<ChangeToken> {
    if bench.description().feed(ObjectClass::Account) == ChangeFeed::None {
        return not_run("no feed of accounts is described");
    }
    match bench.connector.changes(ObjectClass::Account, None).await.map_err(words("changes"))? {
        Changes::Since { changed, next, more } => {
            same("how much changed since now", &(changed.len(), more), &(0, false))?;
            Ok(next)
        }
        Changes::Reset { why } => failed(format!("expected a token for now, came a reset: {why}")),
    }
}

/// Who changed since, by native id and whether they are still there, and where to go on.
async fn since(bench: &Bench<'_>, token: &ChangeToken) -> Step<(Vec<(NativeId, bool)>, ChangeToken)> {
    let (mut told, mut token) = (Vec::new(), token.clone());
    for _ in 0..bench.options.pages_max {
        let answer = bench.connector.changes(ObjectClass::Account, Some(&token)).await.map_err(words("changes"))?;
        let Changes::Since { changed, next, more } = answer else {
            return failed("expected what changed, came a reset of a token that is only just given");
        };
        told.extend(changed.into_iter().filter_map(|one| match one {
            Changed::Now(seen) => {
                let account = seen.account()?;
                let there = account.state != tenure_model::AccountState::SoftDeleted;
                Some((account.native_id.clone()?, there))
            }
            Changed::Gone(id) => Some((id, false)),
        }));
        token = next;
        if !more {
            return Ok((told, token));
        }
    }
    failed("expected an end of what changed, and there was none")
}

async fn a_token_for_now_tells_nothing(bench: &Bench<'_>) -> Step {
    let token = now(bench).await?;
    since(bench, &token).await.map(|_| ())
}

async fn a_feed_tells_who_was_made(bench: &Bench<'_>) -> Step {
    let token = now(bench).await?;
    let id = native(&bench.create("ada").await?.1)?;
    let (told, _) = since(bench, &token).await?;
    same("whether the new account is told", &told.contains(&(id, true)), &true)
}

async fn a_feed_tells_what_was_changed(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (ada, made) = bench.create("ada").await?;
    let token = now(bench).await?;
    bench.done(&set(&ada, free, Value::from("changed"))).await?;
    let (told, _) = since(bench, &token).await?;
    same("whether the change is told", &told.contains(&(native(&made)?, true)), &true)
}

async fn a_feed_tells_who_vanished(bench: &Bench<'_>) -> Step {
    if bench.description().feed(ObjectClass::Account) != ChangeFeed::Precise {
        return not_run("no precise feed of accounts is described");
    }
    bench.needs(Verb::Delete)?;
    let (ada, made) = bench.create("ada").await?;
    let token = now(bench).await?;
    bench.done(&delete(&ada)).await?;
    let (told, _) = since(bench, &token).await?;
    same("whether the deletion is told", &told.contains(&(native(&made)?, false)), &true)
}

async fn a_feed_goes_on_from_where_it_was(bench: &Bench<'_>) -> Step {
    let token = now(bench).await?;
    let first = native(&bench.create("ada").await?.1)?;
    let (told, token) = since(bench, &token).await?;
    same("whether the first is told", &told.iter().any(|(id, _)| *id == first), &true)?;
    let second = native(&bench.create("bob").await?.1)?;
    let (told, _) = since(bench, &token).await?;
    same("whether the second is told", &told.iter().any(|(id, _)| *id == second), &true)?;
    if bench.description().feed(ObjectClass::Account) == ChangeFeed::Precise {
        same("whether the first is told again", &told.iter().any(|(id, _)| *id == first), &false)?;
    }
    Ok(())
}

async fn a_foreign_change_token_is_no_answer(bench: &Bench<'_>) -> Step {
    now(bench).await?;
    for token in ["not ours", "", "-1"] {
        match bench.connector.changes(ObjectClass::Account, Some(&ChangeToken::new(token))).await {
            Ok(Changes::Reset { .. }) => {}
            Err(refusal) if !refusal.retry() => {}
            Err(refusal) => return failed(format!("`{token}` is to be tried again: {refusal}")),
            Ok(Changes::Since { changed, .. }) => {
                return failed(format!("expected a reset for `{token}`, came {} changes", changed.len()));
            }
        }
    }
    Ok(())
}
