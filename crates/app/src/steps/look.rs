//! `person/look`: reads what is known of somebody, for the expressions of later steps.

use tenure_engine::Order;

use super::align::load;
use super::{Done, OfPerson, done, read};
use crate::cx::House;
use crate::workflows::facts;

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let known = load(house, person).await?;
    Ok(done("done", facts::of(&known, house.clock.now())))
}
