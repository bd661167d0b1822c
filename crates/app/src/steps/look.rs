//! `person/look`: reads what is known of somebody, for the expressions of later steps.

use tenure_engine::Order;
use tenure_store::StoreError;

use super::align::load;
use super::{Done, OfPerson, done, read, store_refused};
use crate::cx::House;
use crate::people::facts::add_sign_ins;
use crate::workflows::facts;

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let (estate, mut known) = (house.estate(), [load(house, person).await?]);
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            add_sign_ins(tx, &estate, &mut known).await?;
            Ok(known)
        })
    });
    let [known] = job.await.map_err(|error: StoreError| store_refused(error))?;
    Ok(done("done", facts::of(&known, house.clock.now())))
}
