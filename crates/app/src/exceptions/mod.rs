//! Letting somebody off a rule: who was, letting them, and ending it.

pub mod end;
pub mod grant;
pub mod list;

use serde_json::json;
use tenure_engine::message;
use tenure_model::{Exception, RunId, new_id};
use tenure_store::Tx;

use crate::cx::{House, send};
use crate::error::AppError;
use crate::people::facts;
use crate::workflows::start::{self, Happened};

/// An exception, and the runs that follow from what was done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The exception as it is now.
    pub exception: Exception,
    /// The runs that bring its person's access in line.
    pub runs: Vec<RunId>,
}

/// Brings the access of the person in line with what is now so.
async fn align(house: &House, tx: &mut Tx, exception: &Exception, because: &str) -> Result<Vec<RunId>, AppError> {
    let event = "person.changed".to_owned();
    let asks = start::asks_about_people(house, &event);
    let known = if asks { facts::load(tx, exception.person).await? } else { None };
    let input = [("exception".to_owned(), json!(exception.id))].into_iter().collect();
    let happened = Happened { event, input, ..Happened::default() };
    let mut runs = Vec::new();
    for start in start::of(house, exception.person, known.as_ref(), &happened) {
        let run: RunId = new_id(house.ids.as_ref());
        send(tx, message::start(run, start, because, &exception.id.to_string(), house.clock.now())).await?;
        runs.push(run);
    }
    Ok(runs)
}
