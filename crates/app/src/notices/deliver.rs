//! Delivering what waits in the outbox, after the commit that put it there.
//!
//! A notice may arrive twice (whoever dies between the delivery and its note delivers again); it
//! carries its id, so that a receiver can tell. It is never lost: what is not taken is tried again
//! for days, and what is given up stays until a human retries it or puts it aside.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tenure_connect::{Channel, Content, Facts, Letter, Message, Refusal, RefusalClass, Sent};
use tenure_model::{Actor, Attributes, NoticeKind, Person, TaskId, Value};
use tenure_policy::{Form, Template, notice as words};
use tenure_store::notices::{self, Notice};
use tenure_store::{StoreError, people, tasks};

use super::write::{LOG, Told};
use crate::cx::House;
use crate::probe::Point;
use crate::{limits, record};

/// The way out that every installation has: the structured log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogChannel;

impl Channel for LogChannel {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Sent> {
        let sent = match &message.content {
            Content::Facts(Facts { kind, body }) => {
                tracing::info!(target: "tenure::notice", notice = message.id, kind, body, "notice");
                Sent::Done
            }
            Content::Letter(_) => Sent::Refused(Refusal::new(
                RefusalClass::Unsupported,
                "words to somebody are not written to the log; name a channel of mail",
            )),
        };
        async move { sent }.boxed()
    }
}

/// The channels for which something is due.
pub async fn due_channels(house: &House) -> Result<Vec<String>, StoreError> {
    let now = house.clock.now();
    house.store.read(move |tx| Box::pin(async move { notices::due_channels(tx, now).await })).await
}

/// Delivers what is due by one channel. Says how many notices were taken in hand; fewer than
/// [`limits::NOTICE_BATCH`] means that nothing is left for now.
#[tracing::instrument(name = "app.notices.deliver", skip_all, fields(channel = name))]
pub async fn deliver(house: &House, name: &str) -> Result<usize, StoreError> {
    let now = house.clock.now();
    let until = later(now, limits::NOTICE_HOLD);
    let own = name.to_owned();
    let due = house
        .store
        .write(move |tx| Box::pin(async move { notices::claim(tx, &own, now, until, limits::NOTICE_BATCH).await }))
        .await?;
    let channel = house.channel(name);
    let tries = due.iter().map(|notice| deliver_one(house, channel.as_deref(), notice));
    for ended in join_all(tries).await {
        ended?;
    }
    Ok(due.len())
}

impl House {
    /// The way out of this name.
    fn channel(&self, name: &str) -> Option<Arc<dyn Channel>> {
        let now = self.live.now();
        let known = now.built.channels.iter().find(|(known, _)| known.as_str() == name);
        known.map(|(_, channel)| Arc::clone(channel)).or_else(|| (name == LOG).then(|| Arc::new(LogChannel) as _))
    }
}

async fn deliver_one(house: &House, channel: Option<&dyn Channel>, notice: &Notice) -> Result<(), StoreError> {
    let told = serde_json::from_str(&notice.body);
    if let Ok(told) = &told
        && is_needless(house, told).await?
    {
        return put_aside(house, notice, "the task is over").await;
    }
    house.pass(Point::BeforeNotice);
    let sent = match (channel, message(house, notice, told).await?) {
        (Some(channel), Ok(message)) => channel.send(&message).await,
        (Some(_), Err(refusal)) => Sent::Refused(refusal),
        (None, _) => Sent::Refused(Refusal::new(
            RefusalClass::Unsupported,
            format!("the estate has no channel `{}`; add it, or put the notice aside", notice.channel),
        )),
    };
    house.pass(Point::AfterNotice);
    let (id, attempts) = (notice.id, notice.attempts);
    let (reason, next) = match sent {
        Sent::Done => {
            return house.store.write(move |tx| Box::pin(async move { notices::delivered(tx, id).await })).await;
        }
        Sent::Refused(refusal) => {
            let next = next_try(house.clock.now(), attempts, &refusal);
            (refusal.message, next)
        }
        Sent::Unknown(doubt) => {
            (format!("nobody knows whether it arrived: {}", doubt.message), pause(house.clock.now(), attempts, None))
        }
    };
    tracing::warn!(notice = %id, channel = notice.channel, attempts, given_up = next.is_none(), reason, "a notice did not arrive");
    house.store.write(move |tx| Box::pin(async move { notices::failed(tx, id, &reason, next).await.map(drop) })).await
}

/// Whether words to somebody need not go out any more: what they ask for is over. Machines are told of
/// everything that was.
async fn is_needless(house: &House, told: &Told) -> Result<bool, StoreError> {
    let asks = NoticeKind::from_word(&told.kind).is_some_and(NoticeKind::may_lack_person);
    let task = told.data.get("task").filter(|_| told.to.is_some() && asks);
    let Some(task) = task.and_then(|task| task.parse::<TaskId>().ok()) else { return Ok(false) };
    let found = house.store.read(move |tx| Box::pin(async move { tasks::get(tx, task).await })).await?;
    Ok(found.is_some_and(|task| task.state.end().is_some()))
}

async fn put_aside(house: &House, notice: &Notice, why: &'static str) -> Result<(), StoreError> {
    let (id, now) = (notice.id, house.clock.now());
    let entry = record::entry(house.clock.as_ref(), &Actor::system("notices"), "notice.dropped").about(id);
    let ids = Arc::clone(&house.ids);
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            notices::put_aside(tx, id, now, "tenure", why).await?;
            record::write(tx, ids.as_ref(), &entry).await.map(drop)
        })
    });
    job.await
}

/// When to try again after a refusal. Only what is wrong with the notice itself is given up at
/// once: credentials and settings are corrected by somebody, and then it goes out.
fn next_try(now: Timestamp, attempts: i64, refusal: &Refusal) -> Option<Timestamp> {
    match refusal.class {
        RefusalClass::Invalid | RefusalClass::Gone | RefusalClass::Exists | RefusalClass::Stale => None,
        RefusalClass::Network
        | RefusalClass::Rate
        | RefusalClass::Maintenance
        | RefusalClass::Auth
        | RefusalClass::Permission
        | RefusalClass::Unsupported => pause(now, attempts, refusal.retry_after),
    }
}

/// The pause doubles with each try, up to a limit. None when it was tried often enough.
fn pause(now: Timestamp, attempts: i64, asked: Option<Duration>) -> Option<Timestamp> {
    let usual = Duration::from_secs(1 << attempts.clamp(0, 12)).min(limits::NOTICE_PAUSE_MAX);
    let asked = asked.unwrap_or_default().min(limits::NOTICE_PAUSE_ASKED_MAX);
    (attempts < limits::NOTICE_TRIES_MAX).then(|| later(now, usual.max(asked)))
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(SignedDuration::try_from(pause).unwrap_or_default()).unwrap_or(now)
}

/// What is handed over. What is known of the person is read now, so that it is right now.
async fn message(
    house: &House,
    notice: &Notice,
    told: serde_json::Result<Told>,
) -> Result<Result<Message, Refusal>, StoreError> {
    let told = match told {
        Ok(told) => told,
        Err(error) => {
            let said = "what the outbox holds cannot be read; put the notice aside";
            return Ok(Err(Refusal::new(RefusalClass::Invalid, said).because(error)));
        }
    };
    let content = match &told.to {
        None => Ok(Content::Facts(facts(&told))),
        Some(to) => {
            let person = match told.person {
                None => None,
                Some(id) => house.store.read(move |tx| Box::pin(async move { people::get(tx, id).await })).await?,
            };
            letter(house, &told, to, person.as_ref()).map(Content::Letter)
        }
    };
    Ok(content.map(|content| Message { id: notice.id.to_string(), at: told.at, content }))
}

fn facts(told: &Told) -> Facts {
    let mut data: serde_json::Map<String, Json> =
        told.data.iter().map(|(name, text)| (name.clone(), Json::from(text.as_str()))).collect();
    if let Some(person) = told.person {
        data.insert("person".to_owned(), Json::from(person.to_string()));
    }
    let body = json!({ "type": told.kind, "timestamp": told.at, "data": data });
    Facts { kind: told.kind.clone(), body: body.to_string() }
}

fn letter(house: &House, told: &Told, to: &str, person: Option<&Person>) -> Result<Letter, Refusal> {
    let invalid = |reason: String| Refusal::new(RefusalClass::Invalid, reason);
    let estate = house.estate();
    let telling = told.notice.as_ref().and_then(|name| estate.notices.get(name));
    let Some(found) = telling.and_then(|telling| telling.words.as_ref()) else {
        let name = told.notice.as_ref().map(ToString::to_string).unwrap_or_default();
        let said = format!("the estate has no words for notice `{name}`; add them, or put the notice aside");
        return Err(Refusal::new(RefusalClass::Unsupported, said));
    };
    let mut values: Attributes =
        told.data.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
    values.insert("at".to_owned(), Value::Instant(told.at));
    values.extend(person.map(words::of_person).unwrap_or_default());
    let to = Template::parse(to, Form::Line).map_err(|bad| invalid(bad.to_string()))?;
    let to = to.fill(&values, Form::Line).map_err(|missing| invalid(missing.to_string()))?;
    let filled = found.fill(&values).map_err(|missing| invalid(missing.to_string()))?;
    Ok(Letter { to, subject: filled.subject, text: filled.text, html: filled.html })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_the_notice_itself_is_given_up_at_once() {
        let now = Timestamp::UNIX_EPOCH;
        for class in RefusalClass::ALL {
            let next = next_try(now, 1, &Refusal::new(class, "x"));
            let of_the_notice = ["invalid", "gone", "exists", "stale"].contains(&class.word());
            assert_eq!(next.is_none(), of_the_notice, "{class}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_limit_and_end() {
        let now = Timestamp::UNIX_EPOCH;
        let pauses: Vec<i64> =
            (1..limits::NOTICE_TRIES_MAX).filter_map(|tries| Some(pause(now, tries, None)?.as_second())).collect();
        assert_eq!(pauses[..4], [2, 4, 8, 16]);
        assert!(pauses.is_sorted() && pauses.last() == Some(&3600));
        let days = pauses.iter().sum::<i64>() / 86_400;
        assert!((2..=3).contains(&days), "{days}");
        assert_eq!(pause(now, limits::NOTICE_TRIES_MAX, None), None);
        let asked = pause(now, 1, Some(Duration::from_hours(99))).unwrap();
        assert_eq!(asked.as_second(), 86_400);
    }
}
