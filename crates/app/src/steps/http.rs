//! `http/call`: one request to a URL, with the operation key as its idempotency key.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_connect::{WebCall, WebOutcome};
use tenure_engine::Order;
use tenure_model::Ending;

use super::{Done, done, no, read};
use crate::cx::House;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Call {
    url: String,
    #[serde(default)]
    body: Json,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let Call { url, body } = read(order)?;
    let call = WebCall { url, body, key: order.key.as_str().to_owned(), generation: order.generation };
    match house.web.call(call).await {
        WebOutcome::Answered { status, body } => Ok(done("done", json!({ "status": status, "body": body }))),
        WebOutcome::Refused(refusal) => Err(no(refusal)),
        WebOutcome::Unknown(doubt) => Err(Ending::Unknown { message: doubt.message }),
    }
}
