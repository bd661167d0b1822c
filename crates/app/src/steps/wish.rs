//! `access/wish`: what must change at which account of somebody, for one verb. Reads only.
//!
//! Its result is a list for `access/change`, which makes each change under a key of its own and
//! reads it back, and beside it how each would be put back. What a system cannot do is refused
//! here, by name, before anything was written.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, Artifact, Desired, Locator, Page, Query, SeenEntitlement, Verb};
use tenure_engine::Order;
use tenure_model::{Account, AccountState, Attributes, Ending, EntitlementKind, NativeId, Value};
use tenure_policy::{Action, PersonFacts};

use super::align::{Wish, load, wish};
use super::{Done, done, no, read, refused};
use crate::cx::House;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    person: tenure_model::PersonId,
    verb: String,
    /// What the step speaks of: accounts, groups, licences, …
    of: String,
    #[serde(default)]
    systems: Json,
    #[serde(default, alias = "teams", alias = "licences")]
    groups: Vec<String>,
    #[serde(default)]
    keep: Vec<String>,
    #[serde(default)]
    set: serde_json::Map<String, Json>,
    #[serde(default)]
    clear: Vec<String>,
    secret: Option<String>,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let asked: Asked = read(order)?;
    let facts = load(house, asked.person).await?;
    if asked.verb == "create" {
        return create(house, &facts, &asked).await;
    }
    let (mut wishes, mut undo) = (Vec::new(), Vec::new());
    for account in chosen(&facts, &asked) {
        let connector = house
            .connector(&account.connection)
            .ok_or_else(|| refused(format!("there is no connection `{}`", account.connection)))?;
        let Some((desired, back)) = desired(house, connector.as_ref(), account, &asked).await? else { continue };
        let make = |desired: Desired, action: &str| Wish {
            person: asked.person,
            connection: account.connection.clone(),
            account: Some(account.id),
            desired,
            action: action.to_owned(),
            why: vec![format!("step `{}` of the workflow", order.task.node.trim_start_matches("wish-"))],
        };
        undo.extend(back.map(|back| make(back, "put-back")));
        wishes.push(make(desired, &asked.verb));
    }
    Ok(done("done", json!({ "wishes": wishes, "undo": undo })))
}

/// Accounts are made as policy describes them, where policy gives one.
async fn create(house: &House, facts: &PersonFacts, asked: &Asked) -> Done {
    let rules = house.resolved_rules().await.map_err(no)?;
    let plan = tenure_policy::plan(facts, &rules, house.clock.now());
    let wanted = names(&asked.systems);
    let made = plan.changes.iter().filter(|change| matches!(change.action, Action::CreateAccount { .. }));
    let made = made.filter(|change| wanted.as_ref().is_none_or(|names| names.contains(change.connection.as_str())));
    let wishes: Vec<Wish> = made.map(|change| wish(house, facts, change)).collect::<Result<_, _>>()?;
    Ok(done("done", json!({ "wishes": wishes, "undo": [] })))
}

/// The names of a parameter; none means all.
fn names(written: &Json) -> Option<BTreeSet<String>> {
    let items = written.as_array()?;
    Some(items.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect())
}

/// The accounts that are meant and that were seen.
fn chosen<'a>(facts: &'a PersonFacts, asked: &Asked) -> Vec<&'a Account> {
    let wanted = names(&asked.systems);
    let there = |account: &&Account| {
        account.native_id.is_some()
            && !matches!(account.state, AccountState::Absent | AccountState::Gone)
            && wanted.as_ref().is_none_or(|names| names.contains(account.connection.as_str()))
    };
    facts.accounts.iter().filter(there).collect()
}

type Two = Option<(Desired, Option<Desired>)>;

/// What the account should be, and how that would be put back; none if there is nothing to do.
async fn desired(house: &House, connector: &dyn AnyConnector, account: &Account, asked: &Asked) -> Result<Two, Ending> {
    let Some(native) = account.native_id.clone() else { return Ok(None) };
    let at = Locator::Native(native);
    let was_usable = account.state == AccountState::Active;
    let cannot = |what: &str| no(connector.describe().unsupported(what));
    let end = |artifact: Artifact| {
        let reach = connector.describe().surface.get(&artifact);
        match reach {
            Some(reach) if reach.ends() => {
                Ok(Some((Desired::Without { account: at.clone(), artifacts: [artifact].into() }, None)))
            }
            // What the system does not have need not be ended.
            Some(tenure_connect::Reach::NotThere) | None => Ok(None),
            Some(_) => Err(cannot(&format!("end every {artifact}"))),
        }
    };
    match asked.verb.as_str() {
        "disable" => Ok(Some((
            Desired::Disabled { account: at.clone() },
            was_usable.then_some(Desired::Enabled { account: at }),
        ))),
        "enable" => Ok(Some((
            Desired::Enabled { account: at.clone() },
            (!was_usable).then_some(Desired::Disabled { account: at }),
        ))),
        "delete" if !connector.describe().verbs.contains_key(&Verb::Delete) => Err(cannot("delete an account")),
        "delete" => Ok(Some((Desired::Deleted { account: at }, None))),
        "update" => update(connector, at, asked).await,
        "add" | "remove" | "remove-all" => members(house, connector, account, at, asked).await,
        "end-session" => end(Artifact::Session),
        "end-token" => end(Artifact::Token),
        "end-app-password" => end(Artifact::AppPassword),
        "end-key" => end(Artifact::Key),
        "password" => {
            let text = asked.secret.clone().ok_or_else(|| refused("it names no secret"))?;
            let secret = text.parse().map_err(|error| refused(format!("{error}")))?;
            Ok(Some((Desired::Password { account: at, secret, must_change: true }, None)))
        }
        other => Err(refused(format!("there is no verb `{other}`"))),
    }
}

async fn update(connector: &dyn AnyConnector, at: Locator, asked: &Asked) -> Result<Two, Ending> {
    let seen = connector.get(&at).await.map_err(no)?;
    let mut attributes = Attributes::new();
    for (name, value) in &asked.set {
        attributes.insert(name.clone(), value_of(name, value)?);
    }
    attributes.extend(asked.clear.iter().map(|name| (name.clone(), Value::Cleared)));
    let before = seen.map(|seen| seen.attributes).unwrap_or_default();
    let back =
        attributes.keys().map(|name| (name.clone(), before.get(name).cloned().unwrap_or(Value::Cleared))).collect();
    let present = |attributes: Attributes| Desired::Present { account: at.clone(), attributes, hold: BTreeSet::new() };
    Ok(Some((present(attributes), Some(present(back)))))
}

fn value_of(name: &str, value: &Json) -> Result<Value, Ending> {
    Ok(match value {
        Json::Null => Value::Cleared,
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => {
            Value::Number(number.as_i64().ok_or_else(|| refused(format!("`{name}` is a fraction")))?)
        }
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(|item| value_of(name, item)).collect::<Result<_, _>>()?),
        Json::Object(_) => return Err(refused(format!("`{name}` is neither a value nor a list of values"))),
    })
}

async fn members(
    house: &House,
    connector: &dyn AnyConnector,
    account: &Account,
    at: Locator,
    asked: &Asked,
) -> Result<Two, Ending> {
    let seen = connector.get(&at).await.map_err(no)?;
    let holds = seen.map_or_else(|| account.holds.clone(), |seen| seen.holds);
    let known = entitlements(connector).await?;
    let wanted: BTreeSet<NativeId> = match asked.verb.as_str() {
        "remove-all" => {
            let kind = kind_of(&asked.of);
            let kept: BTreeSet<NativeId> =
                asked.keep.iter().filter_map(|name| native(house, account, &known, name)).collect();
            let of_kind = |id: &&NativeId| known.iter().any(|one| one.native_id == **id && one.kind == kind);
            holds.iter().filter(of_kind).filter(|id| !kept.contains(*id)).cloned().collect()
        }
        _ => asked.groups.iter().filter_map(|name| native(house, account, &known, name)).collect(),
    };
    let is_addition = asked.verb == "add";
    if is_addition && wanted.len() < asked.groups.len() && names(&asked.systems).is_some() {
        let missing = asked.groups.iter().find(|name| native(house, account, &known, name).is_none());
        let missing = missing.cloned().unwrap_or_default();
        return Err(refused(format!("connection `{}` has nothing called `{missing}`", account.connection)));
    }
    let change: BTreeSet<Locator> =
        wanted.into_iter().filter(|id| holds.contains(id) != is_addition).map(Locator::Native).collect();
    if change.is_empty() {
        return Ok(None);
    }
    let make =
        |add: BTreeSet<Locator>, remove: BTreeSet<Locator>| Desired::Entitlements { account: at.clone(), add, remove };
    let (forth, back) = if is_addition {
        (make(change.clone(), [].into()), make([].into(), change))
    } else {
        (make([].into(), change.clone()), make(change, [].into()))
    };
    Ok(Some((forth, Some(back))))
}

fn kind_of(noun: &str) -> EntitlementKind {
    if noun == "licences" { EntitlementKind::Licence } else { EntitlementKind::Group }
}

/// What the system calls it: by the name of the documents, its own name, or its id.
fn native(house: &House, account: &Account, known: &[SeenEntitlement], name: &str) -> Option<NativeId> {
    let estate = house.estate();
    let target = estate.rules.targets.get(&account.connection);
    let named = target.and_then(|target| target.entitlements.get(name)).map_or(name, NativeId::as_str);
    known.iter().find(|one| one.native_id.as_str() == named || one.name == named).map(|one| one.native_id.clone())
}

async fn entitlements(connector: &dyn AnyConnector) -> Result<Vec<SeenEntitlement>, Ending> {
    let (query, mut page) = (Query::entitlements(), Page::first());
    let mut all = Vec::new();
    loop {
        let batch = connector.read(&query, &page).await.map_err(no)?;
        all.extend(batch.objects.into_iter().filter_map(|seen| seen.entitlement().cloned()));
        match batch.next {
            Some(token) => page = page.then(token),
            None => return Ok(all),
        }
    }
}
