//! `connector/look`, `connector/do` and `connector/undo`: what a system does for somebody's account
//! besides keeping it.
//!
//! The look comes first and is kept with the run, so that what stood there before can be put back
//! also where nobody knows how the act ended. What is so already is not done again, and is not taken
//! back either.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenure_connect::{Act, AnyConnector, Description, Locator, Sight, WriteFault};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Fact, Hash, Word};
use tenure_model::{AccountId, AccountState, ConnectionName, Ending, Given, Person, PersonId};

use super::align::load;
use super::change::{operation, witnessed};
use super::notify::somebody;
use super::{Done, done, entry, ledger, no, read, refused};
use crate::cx::House;
use crate::probe::Point;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    person: PersonId,
    system: ConnectionName,
    action: String,
    #[serde(default)]
    with: BTreeMap<String, Json>,
}

/// An act for one account of somebody.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    person: PersonId,
    system: ConnectionName,
    account: AccountId,
    act: Act,
}

/// Finds out for which accounts it is to be done, and keeps what stands there now.
pub(super) async fn look(house: &House, order: &Order) -> Done {
    let Asked { person, system, action, with } = read(order)?;
    let connector = connector(house, &system)?;
    let facts = load(house, person).await?;
    let with = given(house, &facts.person, (&system, connector.describe()), &action, with).await?;
    let (mut acts, mut undo) = (Vec::new(), Vec::new());
    for account in facts.accounts.iter().filter(|account| account.connection == system) {
        let Some(native) = account.native_id.clone() else { continue };
        if matches!(account.state, AccountState::Absent | AccountState::Gone | AccountState::SoftDeleted) {
            continue;
        }
        let act = Act { account: Locator::Native(native), action: action.clone(), with: with.clone(), back: None };
        connector.describe().permits_act(&act).map_err(no)?;
        let Sight { so, kept } = acting(connector.as_ref())?.look(&act).await.map_err(no)?;
        if so == Some(true) {
            continue;
        }
        let wanted = Wanted { person, system: system.clone(), account: account.id, act };
        undo.push(Wanted { act: Act { back: Some(kept), ..wanted.act.clone() }, ..wanted.clone() });
        acts.push(wanted);
    }
    Ok(done("done", json!({ "acts": acts, "undo": undo })))
}

/// Does it for one account, or takes it back.
pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let wanted: Wanted = read(order)?;
    make(house, order, &wanted, None).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    acts: Vec<Wanted>,
}

/// Takes back what a step did, the last account first.
pub(super) async fn undo(house: &House, order: &Order) -> Done {
    let Undo { acts } = read(order)?;
    let (count, mut attachments) = (acts.len(), Vec::new());
    for (place, wanted) in acts.iter().enumerate().rev() {
        attachments.extend(make(house, order, wanted, Some(place)).await?.attachments);
    }
    Ok(Ended { attachments, ..done("done", json!({ "accounts": count })) })
}

async fn make(house: &House, order: &Order, wanted: &Wanted, place: Option<usize>) -> Done {
    let Wanted { person, system, account, act } = wanted;
    let connector = connector(house, system)?;
    house.pass(Point::BeforeEffect);
    let acted = acting(connector.as_ref())?.act(act, &operation(order, place)?).await;
    let sight = acted.map_err(|fault| match fault {
        WriteFault::Refused(refusal) => no(refusal),
        WriteFault::Doubt(doubt) => Ending::Unknown { message: doubt.message },
    })?;
    let mut record = entry(house, order, "effect.done").about(*person);
    record.system = Some(system.clone());
    record.effect = Some(Word::or_hash(&act.action));
    let word = if act.back.is_some() { "taken-back" } else { "done" };
    // Where nobody can look, the word of the system is all there is, and is called no more than that.
    let (how, kind) = match sight.so {
        Some(_) => witnessed(connector.as_ref()),
        None => ("said", "said-by-system"),
    };
    record.decision = Some(Word::or_hash(&format!("{how}-{word}")));
    let evidence = serde_json::to_vec(&(act, &sight)).unwrap_or_default();
    record = record
        .with(DetailKey::Account, *account)
        .with(DetailKey::EvidenceKind, Word::or_hash(kind))
        .with(DetailKey::Evidence, Fact::Hash(Hash::of(&evidence)));
    let output = json!({ "account": account, "action": act.action, "seen": sight.so.is_some() });
    Ok(Ended { attachments: vec![ledger(house, &record)], ..done("done", output) })
}

fn connector(house: &House, system: &ConnectionName) -> Result<std::sync::Arc<dyn AnyConnector>, Ending> {
    house.connector(system).ok_or_else(|| refused(format!("there is no connection `{system}`")))
}

fn acting(connector: &dyn AnyConnector) -> Result<&dyn tenure_connect::Actions, Ending> {
    connector.actions().ok_or_else(|| no(connector.describe().unsupported("do anything for its accounts")))
}

/// What the action is given, with somebody's account in the place of somebody.
async fn given(
    house: &House,
    whose: &Person,
    (system, description): (&ConnectionName, &Description),
    action: &str,
    with: BTreeMap<String, Json>,
) -> Result<BTreeMap<String, Json>, Ending> {
    let mut given = BTreeMap::new();
    for (name, value) in with {
        let rule = description.actions.get(action).and_then(|rule| rule.takes.get(&name));
        let value = match rule.map(|parameter| parameter.given) {
            Some(Given::Account) => account_of(house, whose, system, &name, &value).await?.into(),
            _ => value,
        };
        // What is not said is left to the system.
        if !value.is_null() {
            given.insert(name, value);
        }
    }
    Ok(given)
}

/// The account of whoever is named, in the same system.
async fn account_of(
    house: &House,
    whose: &Person,
    system: &ConnectionName,
    name: &str,
    value: &Json,
) -> Result<String, Ending> {
    let named = value.as_array().and_then(|names| names.first()).unwrap_or(value);
    let who = named.as_str().filter(|who| !who.is_empty());
    let who = who.ok_or_else(|| refused(format!("`{name}` names nobody")))?;
    let person = somebody(house, who).await?.ok_or_else(|| refused(format!("nobody is known as `{who}`")))?;
    let shown = &person.display_name;
    if person.id == whose.id {
        return Err(refused(format!("`{name}` names {shown}, whose account it is; name somebody else")));
    }
    let facts = load(house, person.id).await?;
    let usable = facts.accounts.iter().filter(|account| {
        account.connection == *system && account.state == AccountState::Active && account.native_id.is_some()
    });
    let mut ids = usable.filter_map(|account| account.native_id.as_ref());
    match (ids.next(), ids.next()) {
        (Some(only), None) => Ok(only.to_string()),
        (None, _) => Err(refused(format!("{shown}, whom `{name}` names, has no account at `{system}` that is in use"))),
        (Some(_), Some(_)) => Err(refused(format!(
            "{shown}, whom `{name}` names, has several accounts at `{system}`; name somebody else"
        ))),
    }
}
