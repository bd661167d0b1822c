//! `connector/look`, `connector/do` and `connector/undo`: what a system does for somebody's account
//! besides keeping it.
//!
//! The look comes first and is kept with the run, so that what stood there before can be put back
//! also where nobody knows how the act ended. What is so already is not done again, and is not taken
//! back either.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tenure_connect::{Act, ActionRule, AnyConnector, Locator, RefusalClass, Sight, WriteFault};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Fact, Hash, Word};
use tenure_model::{AccountId, AccountState, ConnectionName, Ending, Given, Person, PersonId};

use super::align::load;
use super::change::{operation, witnessed};
use super::notify::somebody;
use super::{Done, done, entry, ledger, no, read, refused, stands};
use crate::cx::House;
use crate::estate::hex;
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
    /// Of what was looked at. What is taken back is that, so nothing else may be done.
    seal: String,
}

impl Wanted {
    fn sealed(self) -> Self {
        Self { seal: self.hash(), ..self }
    }

    fn hash(&self) -> String {
        let bytes = serde_json::to_vec(&(self.person, &self.system, self.account, &self.act)).unwrap_or_default();
        hex(&Sha256::digest(&bytes))
    }
}

/// Finds out for which accounts it is to be done, and keeps what stands there now.
pub(super) async fn look(house: &House, order: &Order) -> Done {
    let Asked { person, system, action, with } = read(order)?;
    let connector = connector(house, &system)?;
    let rule = connector.describe().action(&action).map_err(no)?;
    let facts = load(house, person).await?;
    let with = given(house, &facts.person, &system, rule, with).await?;
    let (mut acts, mut undo) = (Vec::new(), Vec::new());
    for account in facts.accounts.iter().filter(|account| account.connection == system) {
        let Some(native) = account.native_id.clone() else { continue };
        if !stands(account) {
            continue;
        }
        let act = Act { account: Locator::Native(native), action: action.clone(), with: with.clone(), back: None };
        connector.describe().permits_act(&act).map_err(no)?;
        let Sight { so, kept } = acting(connector.as_ref())?.look(&act).await.map_err(no)?;
        if so == Some(true) {
            continue;
        }
        let wanted = Wanted { person, system: system.clone(), account: account.id, act, seal: String::new() };
        let back = Wanted { act: Act { back: Some(kept), ..wanted.act.clone() }, ..wanted.clone() };
        undo.push(back.sealed());
        acts.push(wanted.sealed());
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
    /// How the steps ended that took it back already; nothing where one did not run.
    #[serde(default)]
    already: Vec<Option<String>>,
}

/// Takes back what a step did, the last account first. One that cannot be does not stop the others.
pub(super) async fn undo(house: &House, order: &Order) -> Done {
    let Undo { acts, already } = read(order)?;
    // What stands there now was put there by somebody else since then.
    if already.iter().flatten().any(|outcome| outcome == "done") {
        return Ok(done("done", json!({ "accounts": 0, "leftAlone": "it was taken back already" })));
    }
    let (count, mut attachments, mut fault) = (acts.len(), Vec::new(), None);
    for (place, wanted) in acts.iter().enumerate().rev() {
        match make(house, order, wanted, Some(place)).await {
            Ok(ended) => attachments.extend(ended.attachments),
            Err(ending) => drop(fault.get_or_insert(ending)),
        }
    }
    match fault {
        Some(ending) => Err(ending),
        None => Ok(Ended { attachments, ..done("done", json!({ "accounts": count })) }),
    }
}

async fn make(house: &House, order: &Order, wanted: &Wanted, place: Option<usize>) -> Done {
    let Wanted { person, system, account, act, seal } = wanted;
    if *seal != wanted.hash() {
        let why = "what is to be done is not what was looked at, so it could not be taken back; stop the run and start another";
        return Err(refused(why));
    }
    let connector = connector(house, system)?;
    house.pass(Point::BeforeEffect);
    let acted = acting(connector.as_ref())?.act(act, &operation(order, place)?).await;
    let sight = match acted {
        Ok(sight) => sight,
        // With the account everything is gone that was done for it.
        Err(WriteFault::Refused(refusal)) if act.back.is_some() && refusal.class == RefusalClass::Gone => {
            let output = json!({ "account": account, "action": act.action, "leftAlone": refusal.message });
            return Ok(done("done", output));
        }
        Err(WriteFault::Refused(refusal)) => return Err(no(refusal)),
        Err(WriteFault::Doubt(doubt)) => return Err(Ending::Unknown { message: doubt.message }),
    };
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
    system: &ConnectionName,
    rule: &ActionRule,
    with: BTreeMap<String, Json>,
) -> Result<BTreeMap<String, Json>, Ending> {
    let mut given = BTreeMap::new();
    for (name, value) in with {
        let value = match rule.takes.get(&name).map(|parameter| parameter.given) {
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
    let named = match value.as_array().map(Vec::as_slice) {
        None => value,
        Some([one]) => one,
        Some(_) => return Err(refused(format!("`{name}` is to name one, and names several or nobody"))),
    };
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
