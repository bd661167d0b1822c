//! The ticket systems of the estate, asked whether what humans are asked to do can be a ticket there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_model::{Clock, ConnectionName, SystemClock};

use super::fault::HouseError;
use super::{estate, open};
use crate::config::Config;

/// A connection in which teams have their tickets.
#[derive(Debug, Clone)]
pub struct TicketDesk {
    /// Which.
    pub connection: ConnectionName,
    /// Whose tickets are there.
    pub teams: BTreeSet<String>,
    /// Who answered; or why nobody did.
    pub found: Result<String, String>,
}

/// Asks each of them. Reads only.
pub async fn look(config: &Config) -> Result<Vec<TicketDesk>, HouseError> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let documents = estate::read(&config.estate_folder).await?.documents;
    let mut wanted: BTreeMap<ConnectionName, BTreeSet<String>> = BTreeMap::new();
    for team in documents.teams.values() {
        if let Some(connection) = &team.tickets {
            wanted.entry(connection.clone()).or_default().insert(team.name.to_string());
        }
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut desks = Vec::new();
    for (connection, teams) in wanted {
        let Some(known) = documents.connections.get(&connection) else { continue };
        let way = open::connector(known, open::Folders::of(config).with(&documents.packs), &clock);
        let found = match way {
            Ok(Some(way)) => way.check().await.map(|checked| checked.peer).map_err(|refusal| refusal.message),
            Ok(None) => Err("it only sends events".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        desks.push(TicketDesk { connection, teams, found });
    }
    Ok(desks)
}
