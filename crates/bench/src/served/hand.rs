//! What the steps of the measured runs do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tenure_connect::{WebCall, WebCaller as _, WebOutcome};
use tenure_engine::{Ended, Order, Performer};
use tenure_model::{Clock, Ending, RefusalClass};
use tenure_services::web::HttpCaller;
use tenure_store::journal::Attachment;

use super::graphs::{CALL, LATE};

/// Calls over HTTP as the product does, notes how late a timer was, or does nothing.
pub(super) struct Hand {
    pub caller: HttpCaller,
    pub steps: String,
    pub clock: Arc<dyn Clock>,
    pub late: Arc<Mutex<Vec<Duration>>>,
}

impl Performer for Hand {
    type Attachment = Attachment;

    async fn perform(&self, order: Order) -> Ended<Attachment> {
        match order.task.action.as_str() {
            CALL => self.call(&order).await,
            LATE => self.note(&order.task.with),
            _ => done(Json::Null),
        }
        .into()
    }
}

impl Hand {
    async fn call(&self, order: &Order) -> Ending {
        let part = |name: &str| order.task.with.get(name).cloned().unwrap_or(Json::Null);
        let call = WebCall {
            url: format!("{}/step/{}", self.steps, part("step")),
            body: json!({ "n": part("n") }),
            key: order.key.as_str().to_owned(),
            generation: order.generation,
        };
        match self.caller.call(call).await {
            WebOutcome::Answered { body, .. } => done(body),
            WebOutcome::Refused(refusal) => Ending::Refused {
                class: if refusal.retry() { RefusalClass::Transient } else { RefusalClass::Permanent },
                message: refusal.to_string(),
                retry_after_ms: None,
            },
            WebOutcome::Unknown(doubt) => Ending::Unknown { message: doubt.message },
        }
    }

    /// This runs once the commit is there in which the timer fired.
    fn note(&self, with: &Json) -> Ending {
        let now = self.clock.now();
        let due: Option<Timestamp> = with.get("until").and_then(|until| until.as_str()?.parse().ok());
        let late = due.map(|due| Duration::try_from(now.duration_since(due)).unwrap_or(Duration::ZERO));
        self.late.lock().unwrap_or_else(PoisonError::into_inner).extend(late);
        done(Json::Null)
    }
}

fn done(output: Json) -> Ending {
    Ending::Done { outcome: "done".to_owned(), output }
}
