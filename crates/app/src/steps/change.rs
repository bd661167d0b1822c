//! `access/change`: makes one change in one connected system, and reads it back.
//!
//! The connector plans first (which only reads), so that what is there already is not written
//! again; each write is followed by a look through another call. An answer that never came is
//! unknown, and whoever tries again begins with the same look.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenure_connect::desk::ATTESTED_BY;
use tenure_connect::{
    AnyConnector, Change, Desired, Expectation, Operation, Outcome, Usability, Verdict, Witness, Write,
};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Fact, Hash, Word};
use tenure_model::{
    Account, AccountId, AccountState, Attributes, Ending, GrantState, Observed, PersonId, Value, new_id,
};
use tenure_policy::Action;
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, accounts, grants};

use super::align::{Wish, load_for};
use super::{Done, done, entry, ledger, no, not_now, read, refused, store_refused};
use crate::cx::House;
use crate::desk;
use crate::error::AppError;
use crate::estate::hex;
use crate::limits;
use crate::probe::Point;
use crate::reconcile;

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let wish: Wish = read(order)?;
    make(house, order, &wish, &operation(order, None)?).await
}

/// Makes one change of several that are taken back under one order.
pub(super) async fn put_back(house: &House, order: &Order, wish: &Wish, place: usize) -> Done {
    make(house, order, wish, &operation(order, Some(place))?).await
}

async fn make(house: &House, order: &Order, wish: &Wish, operation: &Operation) -> Done {
    let connector = house
        .connector(&wish.connection)
        .ok_or_else(|| refused(format!("there is no connection `{}`", wish.connection)))?;
    if wish.action == "delete-account" && !is_still_meant(house, wish).await? {
        let why = "policy does not want it any more";
        return Ok(done("done", json!({ "account": wish.account, "leftAlone": why, "why": wish.why })));
    }
    house.pass(Point::BeforeEffect);
    let only_attributes = wish.action == "set-attributes";
    let seen = make_it_so(house, order, connector.as_ref(), &wish.desired, only_attributes, operation).await?;
    let account = match wish.account {
        Some(id) => known_account(house, id).await?,
        None => made_account(house, wish, &seen).await?,
    };
    let before = account.state;
    let next = advance(account, wish, &seen)?;
    let mut record = entry(house, order, "effect.done").about(wish.person);
    record.system = Some(wish.connection.clone());
    record.effect = Some(Word::or_hash(&wish.action));
    let (how, kind) = witnessed(connector.as_ref());
    record.decision = Some(Word::or_hash(&format!("{how}-{}", next.state)));
    let evidence = serde_json::to_vec(&seen).unwrap_or_default();
    record = record
        .with(DetailKey::Account, next.id)
        .with(DetailKey::StateBefore, Word::or_hash(before.word()))
        .with(DetailKey::StateAfter, Word::or_hash(next.state.word()))
        .with(DetailKey::EvidenceKind, Word::or_hash(kind))
        .with(DetailKey::Evidence, Fact::Hash(Hash::of(&evidence)));
    let mut output = json!({ "account": next.id, "state": next.state, "why": wish.why, "seenAt": seen.at });
    if let (Some(by), Some(fields)) = (attested_by(connector.as_ref(), &seen), output.as_object_mut()) {
        fields.insert("attestedBy".to_owned(), by.into());
    }
    let kept = reconcile::observation(house, &next.connection, Some(next.id), &seen);
    let mut attachments = remembered(house, wish, next.id, &seen).await?;
    attachments.extend(leaving(house, wish).await?);
    attachments.insert(0, Attachment::Account(Box::new(next)));
    attachments.push(ledger(house, &record));
    attachments.extend(kept.map(|seen| Attachment::Observation(Box::new(seen))));
    Ok(Ended { attachments, ..done("done", output) })
}

/// How the ledger says that something was seen, and as what kind of evidence: a machine that looked
/// is never claimed where a human said so.
pub(super) fn witnessed(connector: &dyn AnyConnector) -> (&'static str, &'static str) {
    match connector.describe().witness {
        Witness::ReadBack => ("verified", "read-back"),
        Witness::Attested => ("attested", "attested-by-hand"),
    }
}

/// Who says that it is so, where no machine can look.
fn attested_by(connector: &dyn AnyConnector, seen: &Observed) -> Option<String> {
    let attested = connector.describe().witness == Witness::Attested;
    seen.attributes.get(ATTESTED_BY).and_then(Value::as_text).filter(|_| attested).map(str::to_owned)
}

/// What cannot be taken back is asked for again at the last moment: somebody may have come back
/// while it waited for an approval.
async fn is_still_meant(house: &House, wish: &Wish) -> Result<bool, Ending> {
    let rules = house.resolved_rules().await.map_err(no)?;
    let facts = load_for(house, wish.person, &rules).await?;
    let plan = tenure_policy::plan(&facts, &rules, house.clock.now());
    let is_it =
        |action: &Action| matches!(action, Action::DeleteAccount { account, .. } if Some(*account) == wish.account);
    Ok(plan.changes.iter().any(|change| is_it(&change.action)))
}

/// What is kept of the attributes that were written: in the form in which they were meant, because
/// the system may keep them in another; but a name as it was seen, because another may have been
/// free.
async fn remembered(
    house: &House,
    wish: &Wish,
    account: AccountId,
    seen: &Observed,
) -> Result<Vec<Attachment>, Ending> {
    let Desired::Present { attributes: meant, .. } = &wish.desired else { return Ok(Vec::new()) };
    let rules = house.resolved_rules().await.map_err(no)?;
    let Some(target) = rules.targets.get(&wish.connection) else { return Ok(Vec::new()) };
    let mut kept = match wish.account {
        None => seen.attributes.clone(),
        Some(_) => known_attributes(house, wish.person, account).await?.unwrap_or_else(|| seen.attributes.clone()),
    };
    for (name, value) in meant {
        match seen.attributes.get(name) {
            Some(now) if target.reach.placing.contains(name) => kept.insert(name.clone(), now.clone()),
            Some(_) => kept.insert(name.clone(), value.clone()),
            None => kept.remove(name),
        };
    }
    kept.retain(|name, _| target.template.set.contains_key(name));
    Ok(vec![Attachment::Attributes { account, attributes: kept, seen_at: seen.at }])
}

/// What somebody held at a system whose account policy took out of use is leaving from then on. If
/// they come back before the rest of it is done, that account was locked by us and by nobody else.
async fn leaving(house: &House, wish: &Wish) -> Result<Vec<Attachment>, Ending> {
    if !TAKEN_OUT_OF_USE.contains(&wish.action.as_str()) {
        return Ok(Vec::new());
    }
    let (person, now) = (wish.person, house.clock.now());
    let job = house.store.read(move |tx| Box::pin(async move { grants::of_person(tx, person).await }));
    let known = job.await.map_err(|error: StoreError| store_refused(error))?;
    let of_it = known.into_iter().filter(|one| one.connection == wish.connection && one.state == GrantState::Held);
    Ok(of_it.filter_map(|one| one.leave(now).ok()).map(|one| Attachment::Grant(Box::new(one))).collect())
}

/// The actions of policy after which nobody can use the account.
const TAKEN_OUT_OF_USE: [&str; 2] = ["disable-account", "delete-account"];

async fn known_attributes(house: &House, person: PersonId, account: AccountId) -> Result<Option<Attributes>, Ending> {
    let found = house
        .store
        .read(move |tx| Box::pin(async move { accounts::attributes_of_person(tx, person).await }))
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    Ok(found.get(&account).cloned())
}

/// The key for the connected system: the same for every attempt, and of a form that any can keep.
pub(super) fn operation(order: &Order, place: Option<usize>) -> Result<Operation, Ending> {
    let name = place.map_or_else(|| order.key.as_str().to_owned(), |place| format!("{}/{place}", order.key.as_str()));
    let key = hex(&Sha256::digest(name.as_bytes())).parse().map_err(|error| refused(format!("{error}")))?;
    Ok(Operation { key, generation: order.generation })
}

/// Plans, writes and looks. Where a machine can look, the look is another call than the write; where
/// only humans can, it is what one of them attested.
pub(super) async fn make_it_so(
    house: &House,
    order: &Order,
    connector: &dyn AnyConnector,
    desired: &Desired,
    only_attributes: bool,
    operation: &Operation,
) -> Result<Observed, Ending> {
    let changes = connector.plan(desired).await.map_err(no)?;
    let is_attribute = |change: &Change| matches!(change.write, Write::Set { .. } | Write::Move { .. });
    let mut seen = None;
    // An account that somebody disabled meanwhile gets its attributes and stays disabled.
    for change in changes.into_iter().filter(|change| !only_attributes || is_attribute(change)) {
        let mut outcome = applied(house, order, connector, &change, operation).await?;
        if let (Write::Create { attributes }, Outcome::Refused(refusal)) = (&change.write, &outcome)
            && refusal.class == tenure_connect::RefusalClass::Exists
        {
            outcome = create_under_another_name(connector, &change, attributes, operation).await.unwrap_or(outcome);
        }
        match outcome {
            Outcome::Done { .. } => {}
            Outcome::Refused(refusal) => return Err(no(refusal)),
            Outcome::Unknown(doubt) => return Err(Ending::Unknown { message: doubt.message }),
        }
        if !matches!(change.write, Write::Create { .. }) {
            seen = Some(verified(connector, &Expectation::after(&change)).await?);
        }
    }
    match seen {
        Some(seen) => Ok(seen),
        None => look(connector, desired).await,
    }
}

/// Makes one write. Where a human was asked, the run waits for their word; one who spoke meanwhile
/// is heard at once.
async fn applied(
    house: &House,
    order: &Order,
    connector: &dyn AnyConnector,
    change: &Change,
    operation: &Operation,
) -> Result<Outcome, Ending> {
    for _ in 0..limits::ASKED_LOOKS_MAX {
        let outcome = connector.apply(change, operation).await;
        let Outcome::Unknown(doubt) = &outcome else { return Ok(outcome) };
        let Some(task) = doubt.asked.clone() else { return Ok(outcome) };
        match desk::wait(house, order.run, &task).await {
            Ok(true) => return Err(Ending::Asked { signal: task, message: doubt.message.clone(), until: None }),
            Ok(false) => {}
            Err(AppError::Store(error)) => return Err(store_refused(error)),
            Err(error) => return Err(refused(error.to_string())),
        }
    }
    Err(not_now("what was asked changes faster than it can be looked at"))
}

/// A look through another call than the write.
async fn verified(connector: &dyn AnyConnector, expectation: &Expectation) -> Result<Observed, Ending> {
    match connector.verify(expectation).await {
        Verdict::Met { seen } => Ok(seen),
        Verdict::Unmet { differences, .. } => {
            Err(Ending::Unknown { message: format!("it was written, and is not so: {}", differences.join(", ")) })
        }
        Verdict::Undecided { refusal } => Err(Ending::Unknown { message: refusal.message }),
    }
}

async fn look(connector: &dyn AnyConnector, desired: &Desired) -> Result<Observed, Ending> {
    match desired {
        Desired::Disabled { account } => verified(connector, &Expectation::unusable(account.clone())).await,
        Desired::Deleted { account } => {
            let gone = Expectation { usability: Some(Usability::Gone), ..Expectation::of(account.clone()) };
            verified(connector, &gone).await
        }
        Desired::Without { account, artifacts } => {
            let without = Expectation { without: artifacts.clone(), ..Expectation::of(account.clone()) };
            verified(connector, &without).await
        }
        Desired::Present { account, .. }
        | Desired::Enabled { account }
        | Desired::Entitlements { account, .. }
        | Desired::Values { account, .. }
        | Desired::Password { account, .. } => {
            let found = connector.get(account).await.map_err(no)?;
            found.ok_or_else(|| Ending::Unknown { message: format!("{account} was not seen afterwards") })
        }
    }
}

/// The name is taken by somebody else: tries the next ones, and gives up where it stands.
async fn create_under_another_name(
    connector: &dyn AnyConnector,
    change: &Change,
    attributes: &tenure_model::Attributes,
    operation: &Operation,
) -> Option<Outcome> {
    let base = attributes.get("uid").and_then(Value::as_text)?.to_owned();
    for name in tenure_policy::account::candidates(&base).skip(1).take(limits::NAMES_TRIED_MAX) {
        let mut attributes = attributes.clone();
        attributes.insert("uid".to_owned(), Value::Text(name));
        let next = Change::new(change.account.clone(), Write::Create { attributes });
        match connector.apply(&next, operation).await {
            Outcome::Refused(refusal) if refusal.class == tenure_connect::RefusalClass::Exists => {}
            outcome => return Some(outcome),
        }
    }
    None
}

/// The account that was made. A reading may have noted it before this did, when an earlier try got no
/// further than the system; then it is that one.
async fn made_account(house: &House, wish: &Wish, seen: &Observed) -> Result<Account, Ending> {
    let (connection, native) = (wish.connection.clone(), seen.native_id.clone());
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            match &native {
                Some(native) => accounts::find(tx, &connection, native).await,
                None => Ok(None),
            }
        })
    });
    match job.await.map_err(|error: StoreError| store_refused(error))? {
        None => Ok(Account {
            id: new_id(house.ids.as_ref()),
            connection: wish.connection.clone(),
            person: Some(wish.person),
            native_id: None,
            name: String::new(),
            state: AccountState::Absent,
            holds: [].into(),
            seen_at: None,
            version: 0,
        }),
        Some(noted) if noted.person == Some(wish.person) => Ok(Account { state: AccountState::Unknown, ..noted }),
        Some(other) => {
            let whose = match other.person {
                Some(person) => format!("that of `{person}`"),
                None => "known as nobody's; `tenure drift` settles whose it is".to_owned(),
            };
            Err(refused(format!("account `{}` of `{}` is {whose}", other.name, other.connection)))
        }
    }
}

async fn known_account(house: &House, id: AccountId) -> Result<Account, Ending> {
    let found = house
        .store
        .read(move |tx| Box::pin(async move { accounts::get(tx, id).await }))
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    found.ok_or_else(|| refused(format!("there is no account `{id}`")))
}

fn advance(account: Account, wish: &Wish, seen: &Observed) -> Result<Account, Ending> {
    let next = match &wish.desired {
        Desired::Present { .. } if wish.account.is_none() => account.created(seen),
        Desired::Enabled { .. } if wish.action == "restore-account" => account.restored(seen),
        // A workflow may delete what is in use; policy never does.
        Desired::Deleted { .. } if wish.action == "delete-account" => account.deleted(seen),
        Desired::Disabled { .. } => account.disabled(seen),
        Desired::Enabled { .. } => account.enabled(seen),
        Desired::Present { .. }
        | Desired::Entitlements { .. }
        | Desired::Values { .. }
        | Desired::Password { .. }
        | Desired::Without { .. }
        | Desired::Deleted { .. } => Ok(account.observed(seen)),
    };
    next.map_err(|error| Ending::Unknown { message: error.to_string() })
}
