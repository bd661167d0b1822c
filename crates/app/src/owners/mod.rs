//! Whoever answers for something is there: a document whose owner has left, or of whose team nobody is
//! left, comes to the successor that it names, or is asked about; so are tokens, agents and accounts of
//! services that somebody left behind, and whatever somebody brought along who has moved.
//!
//! One question for each owner; it goes away by itself once all of it has an owner who is there. Whom we
//! do not know as a person is left alone: a token or a word says nothing of whether anybody is there.
//! What follows by rule is in [`succession`], who moved in [`moved`], and what is asked in [`ask`].

mod ask;
mod find;
pub mod moved;
pub mod succession;
mod things;

use std::collections::BTreeSet;
use std::sync::Arc;

use tenure_model::{Actor, HumanTask};
use tenure_store::{StoreError, Tx, tasks};

use self::ask::ask;
use self::find::{Found, find};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::TASK_BATCH;
use crate::tasks::close::conclude;
use crate::versions::follow::follow;

/// Before the key of every such question.
const KEY: &str = "owner/";

/// By this name it is told what becomes of ownership by itself.
const WHO: &str = "owners";

/// Looks whether everything has an owner who is there, and asks where not. Says for how many it is asked.
#[tracing::instrument(name = "app.owners.look", skip_all)]
pub async fn look(house: &Arc<House>) -> Result<usize, AppError> {
    // Two nodes that go by different documents would take each other's questions away.
    if follow(house).await.is_err() {
        return Ok(0);
    }
    let own = Arc::clone(house);
    let job = house.store.read(move |tx| Box::pin(async move { find(&own, tx).await }));
    let Found { questions, passed } = job.await.map_err(|error: StoreError| AppError::from(error))?;
    succession::keep(house, passed).await?;
    let count = questions.len();
    let (mut asked, mut failed) = (BTreeSet::new(), None);
    for question in questions {
        let (own, head) = (Arc::clone(house), question.head());
        let job = house.store.write(move |tx| Box::pin(async move { ask(&own, tx, question).await }));
        match job.await {
            Ok(key) => asked.extend(key),
            // One that cannot be asked for holds up no other.
            Err(error) => {
                asked.insert(head);
                failed = Some(error);
            }
        }
    }
    let own = Arc::clone(house);
    let job = house.store.write(move |tx| Box::pin(async move { put_away(&own, tx, &asked).await }));
    job.await?;
    failed.map_or(Ok(count), Err)
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
        conclude(house, tx, &Actor::system(WHO), &over, None).await?;
    }
    Ok(())
}
