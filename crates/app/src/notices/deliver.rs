//! Delivering what waits in the outbox, after the commit that put it there.
//!
//! A notice may arrive twice (whoever dies between the delivery and its note delivers again); it
//! carries its id, so that a receiver can tell. It is never lost.

use std::time::Duration;

use jiff::SignedDuration;
use tenure_store::StoreError;
use tenure_store::notices::{self, Notice};

use crate::cx::House;
use crate::limits;
use crate::probe::Point;

/// A way out.
pub trait Channel: Send + Sync {
    /// Hands a notice over. An error is tried again later.
    fn deliver(&self, notice: &Notice) -> impl Future<Output = Result<(), String>> + Send;
}

/// The way out that every installation has: the structured log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogChannel;

impl Channel for LogChannel {
    async fn deliver(&self, notice: &Notice) -> Result<(), String> {
        tracing::info!(target: "tenure::notice", notice = %notice.id, channel = notice.channel, body = notice.body, "notice");
        Ok(())
    }
}

/// Delivers what is due. Says how many notices were taken in hand.
#[tracing::instrument(name = "app.notices.deliver", skip_all)]
pub async fn deliver(house: &House, channel: &impl Channel) -> Result<usize, StoreError> {
    let now = house.clock.now();
    let until = now.checked_add(SignedDuration::try_from(limits::NOTICE_HOLD).unwrap_or_default()).unwrap_or(now);
    let due = house
        .store
        .write(move |tx| Box::pin(async move { notices::claim(tx, now, until, limits::NOTICE_BATCH).await }))
        .await?;
    let count = due.len();
    for notice in due {
        house.pass(Point::BeforeNotice);
        let outcome = channel.deliver(&notice).await;
        house.pass(Point::AfterNotice);
        let pause = Duration::from_secs(1 << notice.attempts.clamp(0, 12));
        let next = house.clock.now().checked_add(SignedDuration::try_from(pause).unwrap_or_default()).ok();
        house
            .store
            .write(move |tx| {
                Box::pin(async move {
                    match outcome {
                        Ok(()) => notices::delivered(tx, notice.id).await,
                        Err(error) => notices::failed(tx, notice.id, &error, next).await,
                    }
                })
            })
            .await?;
    }
    Ok(count)
}
