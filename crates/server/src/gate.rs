//! The gate of a real house: tokens from the store, roles from the policies.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_app::House;
use tenure_app::tokens::recognise::{Recognised, recognise};
use tenure_model::Actor;
use tenure_policy::authz::{Action, Extent};

use crate::http::{Gate, GateUnavailable, Known};
use crate::token::TokenHash;

/// Knows the tokens and the policies of a house.
#[derive(Debug, Clone)]
pub struct HouseGate(Arc<House>);

impl HouseGate {
    /// The gate of this house.
    pub fn new(house: Arc<House>) -> Self {
        Self(house)
    }
}

impl Gate for HouseGate {
    fn who(&self, hash: TokenHash) -> BoxFuture<'_, Result<Known, GateUnavailable>> {
        async move {
            match recognise(&self.0, *hash.bytes()).await {
                Ok(Recognised::Nobody) => Ok(Known::Not),
                Ok(Recognised::Ended) => Ok(Known::Ended),
                Ok(Recognised::As(actor)) => Ok(Known::As(actor)),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a token cannot be looked up");
                    Err(GateUnavailable)
                }
            }
        }
        .boxed()
    }

    fn may(&self, actor: &Actor, action: &str) -> bool {
        // An action that the policies do not know is nobody's.
        Action::from_word(action).is_some_and(|action| self.0.authz.extent(actor, action) != Extent::Nothing)
    }
}
