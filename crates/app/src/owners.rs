//! Whoever answers for something is there: a document whose owner has left, or of whose team nobody is
//! left, is asked about, and so is a token that somebody left behind.
//!
//! One question for each owner, to the first in the line of their managers; it goes away by itself once
//! all of it has an owner who is there. Whom we do not know as a person is left alone: a token or a
//! word says nothing of whether anybody is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tenure_model::{Actor, Assignee, HumanTask, Name, TaskKind};
use tenure_store::{StoreError, Tx, tasks, tokens};

use crate::cx::House;
use crate::error::AppError;
use crate::estate::{Estate, hex};
use crate::limits::{
    OWNERS_ASKED_AGAIN_AFTER, OWNERS_REFUSED_FOR, TASK_BATCH, TASK_INSTRUCTIONS_CHARS_MAX, TASK_TITLE_CHARS_MAX,
    TOKENS_AT_ONCE,
};
use crate::people::show::named;
use crate::tasks::close::conclude;
use crate::tasks::open::{Opening, open};
use crate::tasks::succeed::{fallback, has_gone};
use crate::versions::follow::follow;

/// Before the key of every such question.
const KEY: &str = "owner/";

/// An owner who is not there, and what they answer for.
struct Orphaned {
    title: String,
    assignee: Assignee,
    things: BTreeSet<String>,
}

/// Looks whether everything has an owner who is there, and asks where not. Says for how many it is asked.
#[tracing::instrument(name = "app.owners.look", skip_all)]
pub async fn look(house: &Arc<House>) -> Result<usize, AppError> {
    // Two nodes that go by different documents would take each other's questions away.
    if follow(house).await.is_err() {
        return Ok(0);
    }
    let own = Arc::clone(house);
    let job = house.store.read(move |tx| Box::pin(async move { orphaned(&own, tx).await }));
    let found = job.await.map_err(|error: StoreError| AppError::from(error))?;
    let count = found.len();
    let (mut asked, mut failed) = (BTreeSet::new(), None);
    for (owner, orphaned) in found {
        let (own, name) = (Arc::clone(house), owner.clone());
        let job = house.store.write(move |tx| Box::pin(async move { ask(&own, tx, &name, orphaned).await }));
        match job.await {
            Ok(key) => asked.extend(key),
            // One that cannot be asked for holds up no other.
            Err(error) => {
                asked.insert(format!("{KEY}{owner}/"));
                failed = Some(error);
            }
        }
    }
    let own = Arc::clone(house);
    let job = house.store.write(move |tx| Box::pin(async move { put_away(&own, tx, &asked).await }));
    job.await?;
    failed.map_or(Ok(count), Err)
}

async fn orphaned(house: &House, tx: &mut Tx) -> Result<BTreeMap<String, Orphaned>, StoreError> {
    let (estate, now) = (house.estate(), house.clock.now());
    let mut things: BTreeMap<String, BTreeSet<String>> = estate.owners.clone();
    let mut after = None;
    loop {
        let page = tokens::list(tx, after, TOKENS_AT_ONCE).await?;
        after = page.last().map(|token| token.id);
        for token in page.iter().filter(|token| token.revoked_at.is_none() && now < token.expires_at) {
            let until = tenure_policy::template::to_the_minute(token.expires_at);
            let named = format!("token {}, good until {until}", token.id);
            things.entry(token.owner.clone()).or_default().insert(named);
        }
        if page.len() < TOKENS_AT_ONCE {
            break;
        }
    }
    let mut found = BTreeMap::new();
    for (owner, things) in things {
        if let Some((title, assignee)) = gone(house, tx, &estate, &owner, now).await? {
            found.insert(owner, Orphaned { title, assignee, things });
        }
    }
    Ok(found)
}

/// That an owner is not there, in words, and who is asked instead. A team is there as long as one of
/// its members is.
async fn gone(
    house: &House,
    tx: &mut Tx,
    estate: &Estate,
    owner: &str,
    now: Timestamp,
) -> Result<Option<(String, Assignee)>, StoreError> {
    if let Some(members) = owner.parse::<Name>().ok().and_then(|team| estate.teams.get(&team)) {
        for member in members {
            if !is_gone(tx, member, now).await? {
                return Ok(None);
            }
        }
        return Ok(Some((format!("Nobody of the team `{owner}` is there, which answers for"), fallback(house))));
    }
    let is_gone = is_gone(tx, owner, now).await?;
    // Whoever comes after somebody who left is found as for every task.
    let word = format!("`{owner}` has left, who answers for");
    Ok(is_gone.then(|| (word, Assignee::Person(owner.to_owned()))))
}

async fn is_gone(tx: &mut Tx, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    match named(tx, name).await? {
        Some(person) => has_gone(tx, &person, now).await,
        None => Ok(false),
    }
}

/// Asks for another owner, unless it is asked already or was answered a while ago. Says under which key.
async fn ask(house: &House, tx: &mut Tx, owner: &str, orphaned: Orphaned) -> Result<Option<String>, AppError> {
    let Orphaned { title, assignee, things } = orphaned;
    let count = match things.len() {
        1 => "one thing".to_owned(),
        count => format!("{count} things"),
    };
    let lines: Vec<String> = things.into_iter().collect();
    let hash = hex(&Sha256::digest(lines.join("\n").as_bytes()));
    let base = format!("{KEY}{owner}/{}", hash.get(..16).unwrap_or_default());
    let (mut key, mut times) = (base.clone(), 1);
    while let Some(task) = tasks::by_key(tx, &key).await? {
        match when_again(&task) {
            Some(again) if again <= house.clock.now() => {
                times += 1;
                key = format!("{base}/{times}");
            }
            Some(_) => return Ok(None),
            None => return Ok(Some(key)),
        }
    }
    let opening = Opening {
        key: key.clone(),
        kind: TaskKind::Work,
        title: format!("{title} {count}").chars().take(TASK_TITLE_CHARS_MAX).collect(),
        instructions: instructions(&lines),
        assignee,
        barred: BTreeSet::new(),
        outcomes: ["done", "refused"].iter().filter_map(|word| word.parse().ok()).collect(),
        choices: Vec::new(),
        about: None,
        connection: None,
        due_at: None,
        waits: None,
    };
    open(house, tx, opening).await?;
    Ok(Some(key))
}

/// When it is asked again what was answered and is still so; none: it is being asked.
fn when_again(task: &HumanTask) -> Option<Timestamp> {
    let end = task.state.end()?;
    let pause: SignedDuration = match &end.outcome {
        None => SignedDuration::ZERO,
        Some(_) if task.ended_well() => OWNERS_ASKED_AGAIN_AFTER,
        Some(_) => OWNERS_REFUSED_FOR,
    };
    Some(end.at.checked_add(pause).unwrap_or(Timestamp::MAX))
}

fn instructions(lines: &[String]) -> String {
    let mut text =
        "Name another owner in each document (`owner` of its `metadata`) and put it into force; end a token \
                    with `tenure token revoke`. This goes away by itself once all of it has an owner who is there."
            .to_owned();
    for (place, line) in lines.iter().enumerate() {
        let more = format!("\n- {line}");
        if text.chars().count() + more.chars().count() + 40 > TASK_INSTRUCTIONS_CHARS_MAX {
            let rest = format!("\n- and {} more", lines.len() - place);
            text.push_str(&rest);
            break;
        }
        text.push_str(&more);
    }
    text
}

/// Withdraws what nobody needs to be asked any more.
async fn put_away(house: &House, tx: &mut Tx, asked: &BTreeSet<String>) -> Result<(), AppError> {
    let mut open = Vec::new();
    loop {
        let after = open.last().map_or(KEY, |task: &HumanTask| task.key.as_str()).to_owned();
        let page = tasks::open_under(tx, KEY, &after, TASK_BATCH).await?;
        let is_last = page.len() < TASK_BATCH;
        open.extend(page);
        if is_last {
            break;
        }
    }
    for task in open {
        let is_asked = |key: &String| task.key == *key || (key.ends_with('/') && task.key.starts_with(key.as_str()));
        if asked.iter().any(is_asked) {
            continue;
        }
        let over =
            task.withdrawn("tenure", house.clock.now(), "what it asks about has an owner, or is another thing")?;
        conclude(house, tx, &Actor::system("owners"), &over, None).await?;
    }
    Ok(())
}
