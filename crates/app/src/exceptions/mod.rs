//! Letting somebody off a rule: who was, letting them, and ending it.

pub mod end;
pub mod grant;
pub mod list;

use serde_json::json;
use tenure_model::{Exception, RunId};
use tenure_store::Tx;

use crate::cx::House;
use crate::error::AppError;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::Happened;

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
    let input = [("exception".to_owned(), json!(exception.id))].into_iter().collect();
    let happened = Happened { event: "person.changed".to_owned(), input, ..Happened::default() };
    let cause = Cause { source: because, external: &exception.id.to_string(), names: Names::New };
    Ok(begin::for_people(house, tx, &[exception.person], &happened, cause).await?)
}
