//! Asking a system what changed since the last time, where it can tell.

use std::sync::Arc;

use tenure_connect::{ChangeFeed, ChangeToken, Changed, Changes, ObjectClass};
use tenure_model::NativeId;
use tenure_store::readings::Reading;

use super::judge::{self, Judged};
use super::turn::Hold;
use super::{Sighting, missing, observation};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::FOLLOW_ROUNDS_MAX;

/// How far it came.
pub(super) enum Followed {
    /// To this place of the system's list.
    To {
        /// Where to go on.
        token: String,
        /// What was found.
        judged: Judged,
    },
    /// The system did not answer.
    Refused {
        /// Why.
        why: String,
    },
    /// The system does not remember where we were.
    Forgotten,
}

/// Asks until there is nothing more.
#[tracing::instrument(name = "app.reconcile.follow", skip_all, fields(connection = %reading.connection))]
pub(super) async fn follow(house: &Arc<House>, reading: &Reading, hold: &mut Hold<'_>) -> Result<Followed, AppError> {
    let connection = &reading.connection;
    let connector = house.connector(connection).ok_or_else(|| AppError::no("way to connection", connection))?;
    let Some(token) = reading.token.clone() else { return Ok(Followed::Forgotten) };
    let mut token = ChangeToken::new(token);
    let mut judged = Judged::default();
    for _ in 0..FOLLOW_ROUNDS_MAX {
        hold.renew().await?;
        let asked_at = house.clock.now();
        let (changed, next, more) = match connector.changes(ObjectClass::Account, Some(&token)).await {
            Ok(Changes::Since { changed, next, more }) => (changed, next, more),
            Ok(Changes::Reset { why }) => {
                tracing::info!(%connection, why, "the system does not remember what changed; everything is read");
                return Ok(Followed::Forgotten);
            }
            Err(refused) => return Ok(Followed::Refused { why: refused.message }),
        };
        let (mut now, mut gone) = (Vec::new(), Vec::new());
        for change in changed {
            match change {
                Changed::Now(seen) => {
                    let seen = seen.account().and_then(|seen| observation(house, connection, None, seen));
                    now.extend(seen.map(|seen| Sighting { seen, asked_at }));
                }
                Changed::Gone(native) => gone.push(native),
            }
        }
        judged.add(judge::judge(house, connection, newest(now)).await?);
        if connector.describe().feed(ObjectClass::Account) == ChangeFeed::Precise {
            // What a system calls gone is looked for before it is believed.
            match missing::look_for(house, connection, connector.as_ref(), gone).await {
                Ok(found) => judged.add(found),
                Err(AppError::Target(refused)) => return Ok(Followed::Refused { why: refused.message }),
                Err(other) => return Err(other),
            }
        }
        token = next;
        if !more {
            break;
        }
    }
    Ok(Followed::To { token: token.as_str().to_owned(), judged })
}

/// Of several words about one account the last counts.
fn newest(sightings: Vec<Sighting>) -> Vec<Sighting> {
    let by_id: std::collections::BTreeMap<NativeId, Sighting> =
        sightings.into_iter().map(|sighting| (sighting.seen.native_id.clone(), sighting)).collect();
    by_id.into_values().collect()
}
