//! `drift/plan`: what takes back what somebody else changed on one account, after the brakes.
//! `drift/disable`: ends the use of an account of nobody.
//!
//! Neither is a second way to write: what is planned here is made true by `access/change`, and a
//! policy that changed its mind in between wins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tenure_connect::{Desired, Locator};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Fact, Hash, Word};
use tenure_model::{AccountId, ConnectionName, Drift, DriftId, HeldId, NativeId};
use tenure_policy::brakes;
use tenure_policy::drift::Restoring;
use tenure_policy::{PersonFacts, Plan};
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, drifts};

use super::align::{Wish, load, wish};
use super::change::{make_it_so, operation, witnessed};
use super::{Done, done, entry, ledger, no, read, refused, store_refused};
use crate::brakes::reserve::reserve;
use crate::cx::House;
use crate::reconcile::{self, act};

/// What is to be taken back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfDrifts {
    drifts: Vec<DriftId>,
}

pub(super) async fn plan(house: &Arc<House>, order: &Order) -> Done {
    let OfDrifts { drifts } = read(order)?;
    let open = open(house, drifts).await?;
    let Some(first) = open.first() else { return Ok(done("nothing", json!({ "changes": [], "held": [] }))) };
    let person = first
        .person
        .ok_or_else(|| refused(format!("account `{}` is nobody's; link it to a person first", first.account)))?;
    let facts = load(house, person).await?;
    let rules = house.resolved_rules().await.map_err(no)?;
    let policy = tenure_policy::plan(&facts, &rules, house.clock.now());
    let restoring = act::restoring(&facts, &open, &policy, &rules);
    let wishes = wishes(house, &facts, first, &policy, &restoring)?;
    let taking = act::as_plan(&policy, first, &restoring);
    let set = brakes::removals(&facts, &taking, &rules, &house.estate().brakes);
    let held = reserve(house, person, set, order.key.as_str().to_owned()).await.map_err(store_refused)?;
    let wishes = going(wishes, &held);
    let outcome = if wishes.is_empty() { "nothing" } else { "changes" };
    let held: BTreeSet<HeldId> = held.into_values().collect();
    let mut record = entry(house, order, "drift.planned").about(person);
    record.system = Some(first.connection.clone());
    record.decision = Some(Word::or_hash(if held.is_empty() { outcome } else { "held" }));
    record = record
        .with(DetailKey::Account, first.account)
        .with(DetailKey::Count, i64::try_from(wishes.len()).unwrap_or(i64::MAX));
    let attachments = vec![ledger(house, &record)];
    Ok(Ended { attachments, ..done(outcome, json!({ "changes": wishes, "held": held })) })
}

/// The wishes that no brake withholds. What takes away is in the same order in the two, so the places
/// of what is held count among the wishes that take away.
fn going(wishes: Vec<Planned>, held: &BTreeMap<usize, HeldId>) -> Vec<Wish> {
    let mut place = 0;
    let goes = |planned: Planned| {
        let goes = !(planned.takes_away && held.contains_key(&place));
        place += usize::from(planned.takes_away);
        goes.then_some(planned.wish)
    };
    wishes.into_iter().filter_map(goes).collect()
}

/// A wish, and whether somebody loses something by it.
struct Planned {
    wish: Wish,
    takes_away: bool,
}

async fn open(house: &House, wanted: Vec<DriftId>) -> Result<Vec<Drift>, tenure_model::Ending> {
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            let mut found = Vec::with_capacity(wanted.len());
            for id in wanted {
                found.extend(drifts::get(tx, id).await?.filter(|drift| drift.closing.is_none()));
            }
            Ok(found)
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))
}

fn wishes(
    house: &House,
    facts: &PersonFacts,
    drift: &Drift,
    policy: &Plan,
    restoring: &[(Restoring, String)],
) -> Result<Vec<Planned>, tenure_model::Ending> {
    let mut wishes = Vec::new();
    for (restoring, why) in restoring {
        if *restoring == Restoring::Align {
            for change in policy.changes.iter().filter(|change| change.connection == drift.connection) {
                wishes.push(Planned { wish: wish(house, facts, change)?, takes_away: change.action.takes_away() });
            }
            continue;
        }
        let (action, desired) = desired(&drift.native_id, restoring);
        let wish = Wish {
            person: facts.person.id,
            connection: drift.connection.clone(),
            account: Some(drift.account),
            desired,
            action: action.to_owned(),
            why: vec![why.clone()],
        };
        wishes.push(Planned { wish, takes_away: restoring.takes_away() });
    }
    Ok(wishes)
}

fn desired(native: &NativeId, restoring: &Restoring) -> (&'static str, Desired) {
    let account = Locator::Native(native.clone());
    let one = |native: &NativeId| [Locator::Native(native.clone())].into();
    match restoring {
        Restoring::Disable => ("disable-account", Desired::Disabled { account }),
        Restoring::Remove(held) => {
            ("remove-entitlement", Desired::Entitlements { account, add: [].into(), remove: one(held) })
        }
        Restoring::Enable | Restoring::Align => ("enable-account", Desired::Enabled { account }),
        Restoring::Add(held) => {
            ("add-entitlement", Desired::Entitlements { account, add: one(held), remove: [].into() })
        }
        Restoring::Set(attributes) => {
            ("set-attributes", Desired::Present { account, attributes: attributes.clone(), hold: [].into() })
        }
    }
}

/// An account of nobody.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfNobody {
    connection: ConnectionName,
    native_id: NativeId,
}

pub(super) async fn disable(house: &House, order: &Order) -> Done {
    let OfNobody { connection, native_id } = read(order)?;
    let connector =
        house.connector(&connection).ok_or_else(|| refused(format!("there is no connection `{connection}`")))?;
    let desired = Desired::Disabled { account: Locator::Native(native_id) };
    let seen = make_it_so(house, order, connector.as_ref(), &desired, false, &operation(order, None)?).await?;
    let evidence = serde_json::to_vec(&seen).unwrap_or_default();
    let mut record = entry(house, order, "effect.done").with(DetailKey::Evidence, Fact::Hash(Hash::of(&evidence)));
    record.system = Some(connection.clone());
    record.effect = Some(Word::or_hash("disable-account"));
    let (how, kind) = witnessed(connector.as_ref());
    record.decision = Some(Word::or_hash(&format!("{how}-{}", seen.state)));
    record = record.with(DetailKey::EvidenceKind, Word::or_hash(kind));
    let nobody: Option<AccountId> = None;
    let mut attachments = vec![ledger(house, &record)];
    let kept = reconcile::observation(house, &connection, nobody, &seen);
    attachments.extend(kept.map(|seen| Attachment::Observation(Box::new(seen))));
    Ok(Ended { attachments, ..done("done", json!({ "state": seen.state, "seenAt": seen.at })) })
}
