//! `review/list`, `review/take`, `review/begin` and `review/close`: what somebody holds, which of it
//! they are not to keep, and that it is gone.
//!
//! What was asked for and what was adopted ends, and the person's access is brought in line as after
//! any other change; what nobody decided is taken from the account. Both pass the brakes. What a rule
//! gives stays: whoever looked at it objects, and that is written down. Only what was shown is taken
//! away: what somebody got for another reason since then is another thing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenure_connect::{Desired, Locator};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Reference, Word};
use tenure_model::{
    Account, AccountId, Choice, ConnectionName, Ending, Grant, GrantId, GrantState, Name, NativeId, PersonId, Reason,
    TaskId,
};
use tenure_policy::brakes;
use tenure_policy::template::to_the_minute;
use tenure_policy::{Action, Change, PersonFacts, Plan, Rules};
use tenure_store::{StoreError, observations};

use super::align::{Wish, load};
use super::human::put_away;
use super::peers::Peers;
use super::{Done, again, done, entry, grant, ledger, no, read, refused, store_refused};
use crate::brakes::reserve::reserve;
use crate::cx::House;
use crate::limits::{REVIEW_LOOKS_EVERY, REVIEW_LOOKS_SELDOM, REVIEW_WAITS_MAX, TASK_CHOICES_MAX};
use crate::people::facts::moment;

/// What is looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scope {
    person: PersonId,
    /// Only what is held in these: names, one name, or `all`.
    #[serde(default)]
    systems: Json,
    /// Also what a rule gives.
    #[serde(default)]
    by_rule: bool,
}

impl Scope {
    /// The connections that are meant, all of which there must be; none means all.
    fn systems(&self, house: &House) -> Result<Option<BTreeSet<String>>, Ending> {
        let names: BTreeSet<String> = match &self.systems {
            Json::Null => return Ok(None),
            Json::String(all) if all == "all" => return Ok(None),
            Json::String(one) => [one.clone()].into(),
            more => BTreeSet::deserialize(more).map_err(|error| refused(format!("`systems`: {error}")))?,
        };
        let estate = house.estate();
        let unknown = names.iter().find(|name| !estate.connections.keys().any(|known| known.as_str() == name.as_str()));
        match unknown {
            Some(name) => Err(refused(format!("there is no connection `{name}`"))),
            None => Ok(Some(names)),
        }
    }
}

/// One thing that somebody holds, or is to hold.
#[derive(Debug)]
struct Item<'a> {
    connection: &'a ConnectionName,
    entitlement: String,
    /// Why, as far as somebody decided it.
    grants: Vec<&'a Grant>,
    /// The roles that give it by rule.
    roles: BTreeSet<Name>,
    /// The accounts that hold it, where nobody did.
    of_nobody: Vec<(&'a Account, &'a NativeId)>,
}

/// What was shown of a thing, for whoever carries the answer out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    name: String,
    connection: ConnectionName,
    entitlement: String,
    /// The reasons to hold it that an answer can end.
    grants: Vec<GrantId>,
}

impl Item<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.connection, self.entitlement)
    }

    fn shown(&self) -> Shown {
        let grants = self.grants.iter().map(|grant| grant.id).collect();
        Shown { name: self.name(), connection: self.connection.clone(), entitlement: self.entitlement.clone(), grants }
    }

    /// Why it is held and since when, in a line.
    fn says(&self, signed_in: &SignIns, now: Timestamp) -> String {
        let mut said: Vec<String> = self.roles.iter().map(|role| format!("role {role} gives it by rule")).collect();
        said.extend(self.grants.iter().filter_map(|grant| why(grant)));
        if said.is_empty() {
            said.push("nobody decided this".to_owned());
        }
        match signed_in.get(self.connection) {
            Some(Some(at)) => {
                let days = now.duration_since(*at).as_hours() / 24;
                said.push(format!("last signed in there {days} days ago"));
            }
            Some(None) => said.push("never seen to sign in there".to_owned()),
            None => {}
        }
        said.join("; ")
    }
}

/// The role by whose rule it is given.
fn role_of(reason: &Reason) -> Option<Name> {
    match reason {
        Reason::Birthright { role, .. } => Some(role.clone()),
        Reason::Request { .. } | Reason::Adopted { .. } => None,
    }
}

fn why(grant: &Grant) -> Option<String> {
    let reason = match &grant.reason {
        Reason::Birthright { .. } => return None,
        Reason::Request { .. } => "asked for".to_owned(),
        Reason::Adopted { by } => format!("adopted by {by}"),
    };
    let until = grant.valid_until.map(|until| format!(", until {}", to_the_minute(until))).unwrap_or_default();
    Some(format!("{reason}, since {}{until}", to_the_minute(grant.valid_from)))
}

/// When somebody last signed in, for each connection that tells; none: never, as far as it is known.
type SignIns = BTreeMap<ConnectionName, Option<Timestamp>>;

pub(super) async fn list(house: &House, order: &Order) -> Done {
    let scope: Scope = read(order)?;
    let systems = scope.systems(house)?;
    let facts = load(house, scope.person).await?;
    let (now, rules) = (house.clock.now(), house.resolved_rules().await.map_err(no)?);
    let is_meant = |item: &Item<'_>| {
        (scope.by_rule || item.roles.is_empty())
            && systems.as_ref().is_none_or(|names| names.contains(item.connection.as_str()))
    };
    let items: Vec<Item<'_>> = items(&facts, &rules, now).into_iter().filter(is_meant).collect();
    let signed_in = sign_ins(house, scope.person).await?;
    let peers = if items.is_empty() { Peers::default() } else { Peers::of(house, &facts, &rules, now).await? };
    let choice = |item: &Item<'_>| {
        let others = peers.says(item.connection, &item.entitlement);
        let says = std::iter::once(item.says(&signed_in, now)).chain(others).collect::<Vec<_>>().join("; ");
        Choice { name: item.name(), says }
    };
    let choices: Vec<Choice> = items.iter().map(choice).collect();
    if choices.len() > TASK_CHOICES_MAX {
        return Err(refused(format!(
            "they hold {} things, and {TASK_CHOICES_MAX} are looked at once at most; name `systems` and review them \
             one after the other",
            choices.len()
        )));
    }
    let shown: Vec<Shown> = items.iter().map(Item::shown).collect();
    let outcome = if choices.is_empty() { "nothing" } else { "some" };
    Ok(done(outcome, json!({ "choices": choices, "items": shown })))
}

/// What there is to look at, in order of its name.
fn items<'a>(facts: &'a PersonFacts, rules: &Rules, now: Timestamp) -> Vec<Item<'a>> {
    let mut found: BTreeMap<(&ConnectionName, String), Item<'a>> = BTreeMap::new();
    let new = |connection, entitlement: &str| Item {
        connection,
        entitlement: entitlement.to_owned(),
        grants: Vec::new(),
        roles: BTreeSet::new(),
        of_nobody: Vec::new(),
    };
    for grant in facts.grants.iter().filter(|grant| counts(grant, now)) {
        let key = (&grant.connection, grant.entitlement.clone());
        let item = found.entry(key).or_insert_with(|| new(&grant.connection, &grant.entitlement));
        match role_of(&grant.reason) {
            Some(role) => {
                item.roles.insert(role);
            }
            None => item.grants.push(grant),
        }
    }
    for (account, held, entitlement) in of_nobody(facts, rules) {
        let connection = &account.connection;
        let item = found.entry((connection, entitlement.clone())).or_insert_with(|| new(connection, &entitlement));
        item.of_nobody.push((account, held));
    }
    // What a rule gives is given by it also where no run has got to it yet.
    for wish in tenure_policy::plan(facts, rules, now).desired {
        let wanted = |item: &&mut Item<'_>| *item.connection == wish.connection && item.entitlement == wish.entitlement;
        if let Some(item) = found.values_mut().find(wanted) {
            item.roles.extend(role_of(&wish.reason));
        }
    }
    found.into_values().collect()
}

/// Whether somebody holds it by this, or is about to.
pub(super) fn counts(grant: &Grant, now: Timestamp) -> bool {
    matches!(grant.state, GrantState::Pending | GrantState::Held) && grant.valid_until.is_none_or(|end| now < end)
}

/// What accounts hold, and no grant explains, by the name that documents have for it. What is about to
/// go for another reason is not unexplained.
pub(super) fn of_nobody<'a>(facts: &'a PersonFacts, rules: &Rules) -> Vec<(&'a Account, &'a NativeId, String)> {
    let lives = |grant: &&Grant| grant.state != GrantState::Revoked;
    let explained: BTreeSet<(&ConnectionName, &str)> =
        facts.grants.iter().filter(lives).map(|grant| (&grant.connection, grant.entitlement.as_str())).collect();
    // Two names may be one thing.
    let native = |grant: &Grant| rules.targets.get(&grant.connection)?.entitlements.get(&grant.entitlement);
    let natives: BTreeSet<(&ConnectionName, &NativeId)> =
        facts.grants.iter().filter(lives).filter_map(|grant| Some((&grant.connection, native(grant)?))).collect();
    let mut found = Vec::new();
    for account in facts.accounts.iter().filter(|account| account.state.may_be_usable()) {
        let known = rules.targets.get(&account.connection).map(|target| &target.entitlements);
        for held in &account.holds {
            let named = known.and_then(|known| known.iter().find(|(_, native)| *native == held));
            let entitlement = named.map_or_else(|| held.to_string(), |(name, _)| name.clone());
            let is_explained = explained.contains(&(&account.connection, entitlement.as_str()))
                || natives.contains(&(&account.connection, held));
            if !is_explained {
                found.push((account, held, entitlement));
            }
        }
    }
    found
}

async fn sign_ins(house: &House, person: PersonId) -> Result<SignIns, Ending> {
    let estate = house.estate();
    let told: Vec<(ConnectionName, String)> = estate
        .connections
        .iter()
        .filter_map(|(name, about)| Some((name.clone(), about.watching.last_sign_in.clone()?)))
        .collect();
    if told.is_empty() {
        return Ok(SignIns::new());
    }
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            let mut found = SignIns::new();
            for (connection, attribute) in told {
                let seen = observations::of_people(tx, &connection, &[person]).await?;
                let newest = seen.iter().filter_map(|(_, attributes)| moment(attributes.get(&attribute)?)).max();
                found.insert(connection, newest);
            }
            Ok(found)
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))
}

/// What somebody answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    task: TaskId,
    by: String,
    comment: Option<String>,
    #[serde(default)]
    chosen: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Take {
    person: PersonId,
    /// What was shown.
    items: Vec<Shown>,
    /// What each of those said who were asked.
    answers: Vec<Option<Answer>>,
    /// The questions, whose tasks say whether somebody answered at the last moment.
    asked: Vec<String>,
    /// How the last question ended, if it did.
    last: Option<String>,
    /// What no answer comes to.
    silence: Option<String>,
}

/// Ends what somebody is not to keep.
pub(super) async fn take(house: &Arc<House>, order: &Order) -> Done {
    let Take { person, items: shown, answers, asked, last, silence } = read(order)?;
    let late = put_away(house, order, &asked, "the time for it is over").await?;
    let said = match answers.into_iter().flatten().next() {
        Some(said) => Some(said),
        None => late.map(Answer::deserialize).transpose().map_err(|error| refused(error.to_string()))?,
    };
    let is_silent = said.is_none();
    let chosen: BTreeSet<String> = match (&said, last.as_deref(), silence.as_deref()) {
        (Some(said), _, _) => said.chosen.clone(),
        (None, Some("timeout"), Some("remove")) => shown.iter().map(|item| item.name.clone()).collect(),
        (None, Some("timeout"), _) => BTreeSet::new(),
        (None, _, _) => {
            return Err(refused("nobody said what is to be taken away; answer the question, or stop the run"));
        }
    };
    let facts = load(house, person).await?;
    let (now, rules) = (house.clock.now(), house.resolved_rules().await.map_err(no)?);
    let why =
        said.as_ref().map_or_else(|| "nobody answered the review".to_owned(), |said| format!("{} says so", said.by));
    let mut went = Went::default();
    for item in items(&facts, &rules, now) {
        let Some(shown) = shown.iter().find(|shown| shown.name == item.name() && chosen.contains(&shown.name)) else {
            continue;
        };
        went.item(&item, shown, is_silent);
    }
    let withheld = went.brakes(house, order, &facts, &rules, &why).await?;
    let (wishes, back) = went.wishes(house, person, &why).await?;
    let (mut attachments, undo) = grant::ending(person, &went.grants, now);
    if !went.grants.is_empty() {
        attachments.push(ledger(house, &entry(house, order, "grant.ended").about(person)));
    }
    let output = json!({
        "taken": went.taken, "objected": went.objected, "withheld": withheld, "at": now, "grants": went.grants.len(), "wishes": wishes,
        "back": back, "undo": undo, "answer": said,
    });
    Ok(Ended { attachments, ..done("done", output) })
}

/// What goes by an answer.
#[derive(Default)]
struct Went<'a> {
    taken: Vec<String>,
    objected: Vec<String>,
    grants: Vec<&'a Grant>,
    of_nobody: Vec<(&'a Account, &'a NativeId, String)>,
}

impl<'a> Went<'a> {
    fn item(&mut self, item: &Item<'a>, shown: &Shown, is_silent: bool) {
        if !item.roles.is_empty() {
            // No silence objects to a rule.
            self.objected.extend((!is_silent).then(|| item.name()));
            return;
        }
        let grants: Vec<&Grant> = item.grants.iter().copied().filter(|one| shown.grants.contains(&one.id)).collect();
        // Whoever has another reason since then keeps it for that.
        if grants.len() < item.grants.len() || (grants.is_empty() && item.of_nobody.is_empty()) {
            self.grants.extend(grants);
            return;
        }
        self.taken.push(item.name());
        self.grants.extend(grants);
        self.of_nobody.extend(item.of_nobody.iter().map(|(account, held)| (*account, *held, item.entitlement.clone())));
    }

    /// Leaves what of nobody's a brake withholds, and says what that is. What has a reason is weighed when
    /// the access is brought in line.
    async fn brakes(
        &mut self,
        house: &Arc<House>,
        order: &Order,
        facts: &PersonFacts,
        rules: &Rules,
        why: &str,
    ) -> Result<BTreeSet<String>, Ending> {
        let change = |(account, native, entitlement): &(&Account, &NativeId, String)| Change {
            connection: account.connection.clone(),
            action: Action::RemoveEntitlement {
                account: account.id,
                entitlement: entitlement.clone(),
                native_id: (*native).clone(),
            },
            why: vec![why.to_owned()],
        };
        let changes = self.of_nobody.iter().map(change).collect();
        let policy = tenure_policy::plan(facts, rules, house.clock.now());
        let plan = Plan { changes, ..policy };
        let set = brakes::removals(facts, &plan, rules, &house.estate().brakes);
        let held = reserve(house, facts.person.id, set, order.key.as_str().to_owned()).await.map_err(store_refused)?;
        let name = |(account, _, what): &(&Account, &NativeId, String)| format!("{} {what}", account.connection);
        let withheld: BTreeSet<String> = self
            .of_nobody
            .iter()
            .enumerate()
            .filter(|(place, _)| held.contains_key(place))
            .map(|(_, one)| name(one))
            .collect();
        self.of_nobody.retain(|one| !withheld.contains(&name(one)));
        self.taken.retain(|one| !withheld.contains(one));
        Ok(withheld)
    }

    /// What is to be changed at accounts, and how each would be put back: only what is there now.
    async fn wishes(&self, house: &House, person: PersonId, why: &str) -> Result<(Vec<Wish>, Vec<Wish>), Ending> {
        let mut by_account: BTreeMap<AccountId, (&Account, BTreeSet<Locator>)> = BTreeMap::new();
        for (account, native, _) in &self.of_nobody {
            let (_, held) = by_account.entry(account.id).or_insert_with(|| (account, BTreeSet::new()));
            held.insert(Locator::Native((*native).clone()));
        }
        let (mut wishes, mut back) = (Vec::new(), Vec::new());
        for (account, held) in by_account.into_values() {
            let Some(own) = account.native_id.clone().map(Locator::Native) else { continue };
            let connector = house
                .connector(&account.connection)
                .ok_or_else(|| refused(format!("there is no connection `{}`", account.connection)))?;
            let seen = connector.get(&own).await.map_err(no)?.map(|seen| seen.holds).unwrap_or_default();
            let there: BTreeSet<Locator> =
                seen.into_iter().map(Locator::Native).filter(|one| held.contains(one)).collect();
            let wish = |add: BTreeSet<Locator>, remove: BTreeSet<Locator>, action: &str| Wish {
                person,
                connection: account.connection.clone(),
                account: Some(account.id),
                desired: Desired::Entitlements { account: own.clone(), add, remove },
                action: action.to_owned(),
                why: vec![why.to_owned()],
            };
            wishes.push(wish([].into(), held, "remove"));
            back.push(wish(there, [].into(), "put-back"));
        }
        Ok((wishes, back))
    }
}

#[derive(Debug, Deserialize)]
struct Begin {
    person: PersonId,
    grants: usize,
}

/// Lets the person be looked at now that reasons have ended: that something is taken away is no news of them.
pub(super) async fn begin(house: &Arc<House>, order: &Order) -> Done {
    let Begin { person, grants } = read(order)?;
    if grants == 0 {
        return Ok(done("done", json!({ "runs": 0 })));
    }
    let runs = again::look(house, person, order.key.as_str().to_owned()).await?;
    Ok(done("done", json!({ "runs": runs })))
}

/// What was taken, as it was written down.
#[derive(Debug, Default, Deserialize)]
struct Took {
    taken: BTreeSet<String>,
    objected: BTreeSet<String>,
    withheld: BTreeSet<String>,
    at: Timestamp,
    answer: Option<Answer>,
}

#[derive(Debug, Deserialize)]
struct Close {
    person: PersonId,
    #[serde(default)]
    items: Vec<Shown>,
    answers: Vec<Option<Answer>>,
    took: Option<Took>,
}

/// Waits until what was taken is gone, and writes down what was decided of each thing.
pub(super) async fn close(house: &House, order: &Order) -> Done {
    let Close { person, items: shown, answers, took } = read(order)?;
    let said = took.as_ref().and_then(|took| took.answer.clone()).or_else(|| answers.into_iter().flatten().next());
    let took = took.unwrap_or_default();
    let facts = load(house, person).await?;
    let rules = house.resolved_rules().await.map_err(no)?;
    let open = still_there(&facts, &rules, &took);
    if !open.is_empty() {
        let waited = house.clock.now().duration_since(took.at);
        let names = open.into_iter().collect::<Vec<_>>().join("`, `");
        if waited > REVIEW_WAITS_MAX {
            return Err(refused(format!(
                "`{names}` is still there a week after it was to go: no workflow begins with `person.changed`, a brake \
                 withholds it, or the system does not let it go"
            )));
        }
        return Err(later(house, order, format!("waits until `{names}` is gone"), waited));
    }
    let task = said.as_ref().map(|said| said.task);
    let mut attachments = Vec::new();
    let mut gone = 0;
    for item in &shown {
        let is_chosen = said.as_ref().is_some_and(|said| said.chosen.contains(&item.name));
        let decision = match (took.taken.contains(&item.name), took.objected.contains(&item.name), task) {
            (true, _, Some(_)) => "removed",
            (true, _, None) => "removed-unanswered",
            (false, true, _) => "objected",
            // People say yes or no to it, as to all that a brake withholds.
            (false, false, _) if took.withheld.contains(&item.name) => "withheld",
            // It went by itself, or has another reason since then.
            (false, false, Some(_)) if is_chosen => "overtaken",
            (false, false, Some(_)) => "kept",
            (false, false, None) => "kept-unanswered",
        };
        gone += usize::from(!decision.starts_with("kept"));
        let mut told = entry(house, order, "review.decided").about(person);
        told.decision = Some(Word::or_hash(decision));
        told.system = Some(item.connection.clone());
        // Who decided stands in the entry about the end of their task.
        told.correlation = task.map(Reference::from);
        attachments.push(ledger(house, &told.with(DetailKey::Entitlement, Word::or_hash(&item.entitlement))));
    }
    let nothing = took.taken.is_empty() && took.objected.is_empty() && took.withheld.is_empty();
    let outcome = if nothing { "kept" } else { "changed" };
    let output = json!({
        "withheld": took.withheld,
        "kept": shown.len().saturating_sub(gone), "taken": took.taken, "objected": took.objected, "task": task,
        "by": said.as_ref().map(|said| &said.by), "comment": said.as_ref().and_then(|said| said.comment.as_ref()),
    });
    Ok(Ended { attachments, ..done(outcome, output) })
}

/// What was to go and is not gone.
fn still_there(facts: &PersonFacts, rules: &Rules, took: &Took) -> BTreeSet<String> {
    let name = |connection: &ConnectionName, entitlement: &str| format!("{connection} {entitlement}");
    let ended =
        |grant: &&Grant| grant.state != GrantState::Revoked && grant.valid_until.is_some_and(|end| end <= took.at);
    let ended = facts.grants.iter().filter(ended).map(|grant| name(&grant.connection, &grant.entitlement));
    let held = of_nobody(facts, rules).into_iter().map(|(account, _, what)| name(&account.connection, &what));
    ended.chain(held).filter(|name| took.taken.contains(name)).collect()
}

/// Looks again in a while: seldom, where it takes long.
fn later(house: &House, order: &Order, message: String, waited: SignedDuration) -> Ending {
    let pause = (waited / 4).clamp(REVIEW_LOOKS_EVERY, REVIEW_LOOKS_SELDOM);
    let signal = format!("review/{}", order.key.as_str());
    Ending::Asked { signal, message, until: house.clock.now().checked_add(pause).ok() }
}
