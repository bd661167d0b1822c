//! Cases about making accounts.

use tenure_model::{AccountState, Value};

use super::cases;
use super::steps::{Bench, Step, failed, native, not_run, same, state};
use crate::change::{Change, Write};
use crate::outcome::Outcome;
use crate::query::{Page, Query};
use crate::refusal::RefusalClass;

cases![
    create_is_seen,
    create_twice_is_one_account,
    create_brings_an_account_up_to_date,
    a_name_that_is_taken_is_refused,
    an_account_must_answer_to_its_own_locator,
    somebody_without_what_is_required_is_refused,
    an_account_of_nothing_but_an_id_cannot_be_made,
    two_names_are_two_accounts,
];

async fn create_is_seen(bench: &Bench<'_>) -> Step {
    let (account, made) = bench.create("ada").await?;
    state(&made, AccountState::Active)?;
    native(&made)?;
    same("what is held", &made.holds.len(), &0)?;
    let seen = bench.get(&account).await?;
    same("the native id", &seen.native_id, &made.native_id)
}

async fn create_twice_is_one_account(bench: &Bench<'_>) -> Step {
    let (_, first) = bench.create("ada").await?;
    let (account, second) = bench.create("ada").await?;
    same("the native id", &second.native_id, &first.native_id)?;
    // With two accounts that answer to the locator this look would be refused.
    same("the attributes", &bench.get(&account).await?.attributes, &first.attributes)?;
    let batch = bench.read(&Query::accounts().only(account), &Page::first()).await?;
    same("how many there are", &batch.objects.len(), &1)
}

async fn create_brings_an_account_up_to_date(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (_, first) = bench.create("ada").await?;
    let mut creation = bench.creation("ada");
    if let Write::Create { attributes } = &mut creation.write {
        attributes.insert(free.to_owned(), Value::from("up to date"));
    }
    let seen = bench.done(&creation).await?;
    same("the native id", &seen.native_id, &first.native_id)
}

async fn a_name_that_is_taken_is_refused(bench: &Bench<'_>) -> Step {
    if bench.fixture.naming_attribute == bench.fixture.identifying_attribute {
        return not_run("accounts are identified by their names");
    }
    let (account, before) = bench.create("ada").await?;
    let stranger = bench.account("stranger");
    let attributes = bench.attributes(&stranger, &bench.name("ada"));
    bench.refused(&Change::new(stranger, Write::Create { attributes }), RefusalClass::Exists).await?;
    same("the attributes of the other", &bench.get(&account).await?.attributes, &before.attributes)
}

async fn an_account_must_answer_to_its_own_locator(bench: &Bench<'_>) -> Step {
    let mut creation = bench.creation("ada");
    if let Write::Create { attributes } = &mut creation.write {
        let other = bench.name("somebody-else");
        attributes.insert(bench.fixture.identifying_attribute.to_owned(), other.into());
    }
    bench.refused(&creation, RefusalClass::Invalid).await?;
    same("what was found", &bench.find(&creation.account).await?, &None)
}

async fn somebody_without_what_is_required_is_refused(bench: &Bench<'_>) -> Step {
    let identifying = bench.fixture.identifying_attribute;
    let needed = bench.rule("required", |rule| rule.required && !rule.create_only && rule.name != identifying)?;
    let mut creation = bench.creation("ada");
    if let Write::Create { attributes } = &mut creation.write {
        attributes.remove(&needed.name);
    }
    bench.refused_somehow(&creation).await?;
    same("what was found", &bench.find(&creation.account).await?, &None)
}

async fn an_account_of_nothing_but_an_id_cannot_be_made(bench: &Bench<'_>) -> Step {
    let (account, _) = bench.somebody().await?;
    let unknown = crate::locator::Locator::native("no-such-native-id");
    let attributes = bench.attributes(&account, &bench.name("by-id"));
    match bench.apply(&Change::new(unknown, Write::Create { attributes })).await? {
        Outcome::Refused(refusal) if !refusal.retry() => Ok(()),
        other => failed(format!("expected a refusal, because nobody can choose a native id; came {other:?}")),
    }
}

async fn two_names_are_two_accounts(bench: &Bench<'_>) -> Step {
    let (_, ada) = bench.create("ada").await?;
    let (_, bob) = bench.create("bob").await?;
    same("whether they are the same", &(ada.native_id == bob.native_id), &false)
}
