//! `GET /v1/runs/{run}/watch`: each change of a run as it happens, as server-sent events.
//!
//! The first event, `run`, is the whole run; each `change` after it is where the run stands then.
//! The answer ends when the run is over, when the server stops, or after a while: the watcher
//! comes again and gets the whole run first, so that nothing is missed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use tenure_api::Code;
use tenure_app::Cx;
use tenure_app::runs::show::show;
use tenure_app::runs::stand::stand;
use tenure_engine::journal::RunRow;
use tenure_model::RunId;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::show::detail;
use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Place, Refusal};
use crate::limits::{WATCH_HEARTBEAT, WATCH_LIFE_MAX, WATCH_LOOK};
use crate::listen::Closing;

type News = Sse<axum::response::sse::KeepAliveStream<futures::stream::BoxStream<'static, Result<Event, Infallible>>>>;

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    closing: Option<Extension<Closing>>,
) -> Result<News, Refusal> {
    let place = Arc::clone(&doors.watches).try_acquire_owned();
    let place = place.map_err(|_| Refusal::because(Code::TooBusy, "too many runs are watched at once"))?;
    let cx = doors.cx(actor);
    // Listening begins before the first look, so that nothing falls in between.
    let changes = doors.house.engine.get().map(tenure_engine::Engine::changes);
    let shown = show(&cx, run).await?;
    let watch = Watch {
        seen: shown.row.clone(),
        first: Some(event("run", &detail(shown))),
        cx,
        changes,
        closing: closing.map(|Extension(closing)| closing),
        until: doors.house.clock.elapsed() + WATCH_LIFE_MAX,
        _place: place,
    };
    let news: futures::stream::BoxStream<'static, _> = Box::pin(watch.news());
    Ok(Sse::new(news).keep_alive(KeepAlive::new().interval(WATCH_HEARTBEAT)))
}

fn event(name: &str, data: &impl serde::Serialize) -> Event {
    Event::default().event(name).json_data(data).unwrap_or_else(|error| {
        tracing::error!(%error, "a run cannot be written as JSON");
        Event::default().comment("this cannot be shown")
    })
}

struct Watch {
    cx: Cx,
    first: Option<Event>,
    /// As it was last told.
    seen: RunRow,
    changes: Option<Receiver<Arc<RunRow>>>,
    closing: Option<Closing>,
    /// When it ends at the latest, on the clock that never goes back.
    until: Duration,
    /// Held as long as the watch lasts.
    _place: OwnedSemaphorePermit,
}

impl Watch {
    fn news(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        futures::stream::unfold(self, |mut watch| async move {
            if let Some(first) = watch.first.take() {
                return Some((Ok(first), watch));
            }
            let row = watch.next().await?;
            watch.seen = row.clone();
            Some((Ok(event("change", &runs::view(row))), watch))
        })
    }

    /// The next state that was not told yet; nothing when there is no more to tell.
    async fn next(&mut self) -> Option<RunRow> {
        while !self.seen.status.is_closed() && self.cx.house.clock.elapsed() < self.until {
            let heard = tokio::select! {
                () = stopping(&mut self.closing) => return None,
                heard = tokio::time::timeout(WATCH_LOOK, hear(&mut self.changes, &self.seen)) => heard.ok().flatten(),
            };
            // Silence, or too much noise to follow: look for ourselves. Another node may work on it.
            let row = match heard {
                Some(row) => row,
                None => stand(&self.cx, self.seen.id).await.ok()?,
            };
            if row != self.seen && row.seq >= self.seen.seq {
                return Some(row);
            }
        }
        None
    }
}

async fn stopping(closing: &mut Option<Closing>) {
    match closing {
        Some(closing) => closing.wait().await,
        None => std::future::pending().await,
    }
}

/// The next change of this run. None when some were missed.
async fn hear(changes: &mut Option<Receiver<Arc<RunRow>>>, seen: &RunRow) -> Option<RunRow> {
    loop {
        match changes.as_mut() {
            None => std::future::pending().await,
            Some(receiver) => match receiver.recv().await {
                Ok(row) if row.id == seen.id => return Some(RunRow::clone(&row)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return None,
                Err(RecvError::Closed) => *changes = None,
            },
        }
    }
}
