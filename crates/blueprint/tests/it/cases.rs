//! The case files of policy: a small company as documents, facts, and the plan that follows, told
//! in prose. A bug becomes another file in `crates/policy/tests/cases`.
//!
//! Blocks: `documents` are YAML as people write it; `facts` is one person; `plan` is what must
//! come out, line by line; `then` carries out the plan before it (unless `carry: false`) and lays
//! other facts over the old ones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use tenure_blueprint::Estate;
use tenure_model::{
    Account, AccountId, AccountState, Attributes, Engagement, Exception, Grant, GrantState, Id, IdentityKind, Ids,
    NativeId, Person, PersonId, SeededIds, Value, new_id,
};
use tenure_policy::plan::{Besides, PersonFacts, Plan, Rules};
use tenure_policy::{Action, plan};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/tests/cases");

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Facts {
    now: Option<Timestamp>,
    carry: Option<bool>,
    kind: Option<String>,
    person: BTreeMap<String, Json>,
    engagements: Option<Vec<Days>>,
    accounts: Vec<Seen>,
    exceptions: Vec<Letting>,
    holders: BTreeMap<String, Vec<String>>,
    reach: BTreeMap<String, Reach>,
    seen: BTreeMap<String, BTreeMap<String, Json>>,
    states: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Days {
    first_day: jiff::civil::Date,
    last_day: Option<jiff::civil::Date>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    connection: String,
    state: String,
    #[serde(default)]
    holds: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letting {
    rule: String,
    by: String,
    because: String,
    from: Timestamp,
    until: Timestamp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Reach {
    placing: Vec<String>,
    deletes: bool,
    restores: bool,
}

/// One person in a world that does what it is told.
struct World {
    rules: Rules,
    facts: PersonFacts,
    now: Timestamp,
    ids: SeededIds,
}

impl World {
    fn new(rules: Rules) -> Self {
        let ids = SeededIds::new(1);
        let person = Person {
            id: new_id(&ids),
            kind: IdentityKind::Employee,
            display_name: "Ada".into(),
            attributes: Attributes::new(),
            sponsor: None,
            version: 1,
            since: Timestamp::UNIX_EPOCH,
        };
        let facts = PersonFacts {
            person,
            engagements: Vec::new(),
            urgent: [].into(),
            accounts: Vec::new(),
            grants: Vec::new(),
            besides: Besides::default(),
        };
        Self { rules, facts, now: Timestamp::UNIX_EPOCH, ids }
    }

    fn lay_over(&mut self, said: Facts) {
        self.now = said.now.unwrap_or(self.now);
        if let Some(kind) = said.kind {
            self.facts.person.kind = IdentityKind::from_word(&kind).unwrap();
        }
        for (name, value) in said.person {
            match value {
                Json::Null => drop(self.facts.person.attributes.remove(&name)),
                value => drop(self.facts.person.attributes.insert(name, model(&value))),
            }
        }
        if let Some(days) = said.engagements {
            self.facts.engagements =
                days.into_iter().enumerate().map(|(at, days)| self.engagement(at, &days)).collect();
        }
        for seen in said.accounts {
            let holds: Vec<NativeId> = seen.holds.iter().map(NativeId::new).collect();
            let state = AccountState::from_word(&seen.state).unwrap();
            self.account(&seen.connection, state, holds, None);
        }
        for letting in said.exceptions {
            self.facts.besides.exceptions.push(Exception {
                id: new_id(&self.ids),
                rule: letting.rule.parse().unwrap(),
                person: self.facts.person.id,
                approved_by: letting.by,
                because: letting.because,
                valid_from: letting.from,
                valid_until: letting.until,
                ended: None,
                version: 1,
            });
        }
        for (rule, names) in said.holders {
            let me = self.facts.person.id;
            let people: Vec<PersonId> =
                names.iter().map(|name| if name == "me" { me } else { new_id(&self.ids) }).collect();
            self.facts.besides.holders.insert(rule.parse().unwrap(), people);
        }
        for (connection, reach) in said.reach {
            let target = self.rules.targets.get_mut(&connection.parse::<tenure_model::Name>().unwrap()).unwrap();
            target.reach.placing = reach.placing.into_iter().collect();
            (target.reach.deletes, target.reach.restores) = (reach.deletes, reach.restores);
        }
        for (connection, attributes) in said.seen {
            let id = self.facts.accounts.iter().find(|known| known.connection.as_str() == connection).unwrap().id;
            let seen = self.facts.besides.seen.entry(id).or_default();
            seen.extend(attributes.iter().map(|(name, value)| (name.clone(), model(value))));
        }
        for (connection, state) in said.states {
            let account = self.facts.accounts.iter_mut().find(|known| known.connection.as_str() == connection);
            account.unwrap().state = AccountState::from_word(&state).unwrap();
        }
    }

    fn engagement(&self, at: usize, days: &Days) -> Engagement {
        Engagement {
            id: Id::from_uuid(uuid(at)),
            person: self.facts.person.id,
            kind: self.facts.person.kind,
            source: "hr".parse().unwrap(),
            key: format!("E{at}"),
            spell: 1,
            zone: "UTC".parse().unwrap(),
            first_day: days.first_day,
            last_day: days.last_day,
            leaves: Vec::new(),
            handover: None,
            primary: false,
            rescinded: false,
            cut_at: None,
            version: 1,
        }
    }

    fn account(&mut self, connection: &str, state: AccountState, holds: Vec<NativeId>, seen: Option<Attributes>) {
        let id: AccountId = new_id(&self.ids);
        self.facts.besides.seen.extend(seen.map(|seen| (id, seen)));
        self.facts.accounts.push(Account {
            id,
            connection: connection.parse().unwrap(),
            person: Some(self.facts.person.id),
            native_id: Some(NativeId::new("7f")),
            name: "ada".into(),
            state,
            holds: holds.into_iter().collect(),
            seen_at: None,
            version: 1,
        });
    }

    fn carry_out(&mut self, plan: &Plan) {
        for change in &plan.changes {
            let id = change.action.account();
            if let Action::CreateAccount { attributes, entitlements } = &change.action {
                let holds = entitlements.values().cloned().collect();
                self.account(change.connection.as_str(), AccountState::Active, holds, Some(attributes.clone()));
                continue;
            }
            let account = self.facts.accounts.iter_mut().find(|account| Some(account.id) == id).unwrap();
            match &change.action {
                Action::CreateAccount { .. } => {}
                Action::DisableAccount { .. } => account.state = AccountState::Disabled,
                Action::DeleteAccount { .. } => account.state = AccountState::Gone,
                Action::RestoreAccount { .. } | Action::EnableAccount { .. } => account.state = AccountState::Active,
                Action::RemoveEntitlement { native_id, .. } => drop(account.holds.remove(native_id)),
                Action::AddEntitlement { native_id, .. } => drop(account.holds.insert(native_id.clone())),
                Action::SetAttributes { attributes, .. } => {
                    self.facts.besides.seen.entry(account.id).or_default().extend(attributes.clone());
                }
            }
        }
        for grant in self.facts.grants.iter_mut().filter(|grant| plan.closing.contains(&grant.id)) {
            grant.state = GrantState::Revoked;
        }
        for wish in &plan.desired {
            let target = self.rules.targets.get(&wish.connection);
            let native = target.and_then(|target| target.entitlements.get(&wish.entitlement));
            let held = native.is_some_and(|native| {
                self.facts.accounts.iter().any(|account| {
                    account.connection == wish.connection
                        && account.state == AccountState::Active
                        && account.holds.contains(native)
                })
            });
            let state = if held { GrantState::Held } else { GrantState::Pending };
            match self.facts.grants.iter_mut().find(|grant| Some(grant.id) == wish.grant) {
                Some(grant) => (grant.valid_until, grant.state) = (wish.until, if held { state } else { grant.state }),
                None => self.facts.grants.push(Grant {
                    id: new_id(&self.ids as &dyn Ids),
                    person: self.facts.person.id,
                    connection: wish.connection.clone(),
                    entitlement: wish.entitlement.clone(),
                    reason: wish.reason.clone(),
                    valid_from: self.now,
                    valid_until: wish.until,
                    state,
                    version: 1,
                }),
            }
        }
    }

    /// The plan in the words of the case files.
    fn told(&self, plan: &Plan) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        lines.extend(plan.stopped.iter().map(|one| {
            format!("stopped {} {} by {} ({})", one.connection, one.entitlement, one.rule, one.effect.word())
        }));
        lines.extend(plan.changes.iter().map(|change| {
            let what = match &change.action {
                Action::CreateAccount { entitlements, .. } => {
                    format!(" with {}", entitlements.keys().cloned().collect::<Vec<_>>().join(", "))
                }
                Action::RemoveEntitlement { entitlement, .. } | Action::AddEntitlement { entitlement, .. } => {
                    format!(" {entitlement}")
                }
                Action::SetAttributes { attributes, .. } => {
                    let pairs = attributes.iter().map(|(name, value)| format!("{name}={value}"));
                    format!(" {}", pairs.collect::<Vec<_>>().join(", "))
                }
                _ => String::new(),
            };
            assert!(!change.why.is_empty(), "{change:?} does not say why");
            format!("{} {}{what}", change.action.word(), change.connection)
        }));
        let ends = plan.desired.iter().filter_map(|wish| Some((wish.until?, &wish.connection, &wish.entitlement)));
        lines.extend(ends.map(|(until, connection, what)| format!("until {until} {connection} {what}")));
        let removed = |name: &str| lines.iter().any(|line| line.contains(name));
        let closing = self.facts.grants.iter().filter(|grant| plan.closing.contains(&grant.id));
        let silent: Vec<String> = closing
            .filter(|grant| !removed(&grant.entitlement))
            .map(|grant| format!("close {}", grant.entitlement))
            .collect();
        lines.extend(silent);
        lines.extend(plan.findings.iter().map(|finding| format!("finding {finding}")));
        lines
    }
}

fn uuid(number: usize) -> uuid::Uuid {
    uuid::Uuid::from_u128(number as u128 + 1)
}

fn model(value: &Json) -> Value {
    match value {
        Json::String(text) if text == "cleared" => Value::Cleared,
        Json::String(text) => Value::from(text.as_str()),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_i64().unwrap()),
        Json::Array(items) => Value::List(items.iter().map(model).collect()),
        Json::Null | Json::Object(_) => panic!("{value} is no value"),
    }
}

/// The fenced blocks of a file: the word behind the fence, the line, and the text.
fn blocks(text: &str) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(word), None) => open = Some((word.trim().to_owned(), at + 1, String::new())),
            (None, Some((_, _, inside))) => {
                inside.push_str(line);
                inside.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// A line of a case may hold one `*` for words that are not ours.
fn fits(wanted: &str, told: &str) -> bool {
    match wanted.split_once('*') {
        Some((before, after)) => told.starts_with(before) && told.ends_with(after),
        None => wanted == told,
    }
}

fn check(file: &str, text: &str) {
    let mut world: Option<World> = None;
    let mut last: Option<Plan> = None;
    for (word, line, inside) in blocks(text) {
        let place = format!("{file}:{line}");
        match word.as_str() {
            "documents" => {
                let estate = Estate::read(vec![(file.to_owned(), inside)])
                    .unwrap_or_else(|problems| panic!("{place}: {problems:#?}"));
                world = Some(World::new(estate.rules()));
            }
            "facts" | "then" => {
                let said: Facts = serde_saphyr::from_str(&inside).unwrap_or_else(|error| panic!("{place}: {error}"));
                let world = world.as_mut().unwrap();
                if let Some(plan) = last.take().filter(|_| word == "then" && said.carry != Some(false)) {
                    world.carry_out(&plan);
                    let again = tenure_policy::plan(&world.facts, &world.rules, world.now);
                    assert!(again.is_empty(), "{place}: the plan before leaves something to do: {again:#?}");
                }
                world.lay_over(said);
            }
            "plan" => {
                let world = world.as_ref().unwrap();
                let plan = plan(&world.facts, &world.rules, world.now);
                let told = world.told(&plan);
                let wanted: Vec<&str> = inside.lines().filter(|line| !line.trim().is_empty()).collect();
                let same =
                    wanted.len() == told.len() && wanted.iter().zip(&told).all(|(left, right)| fits(left, right));
                assert!(same, "{place}: the plan is\n{}\n\nand not\n{}", told.join("\n"), wanted.join("\n"));
                last = Some(plan);
            }
            other => panic!("{place}: there is no block `{other}`"),
        }
    }
    assert!(last.is_some(), "{file} has no plan");
}

#[test]
fn every_case_comes_out_as_it_is_told() {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "there are only {} case files", files.len());
    let text = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    // Every file is looked at, so that all that is wrong is told at once.
    let wrong = files.iter().filter(|path| std::panic::catch_unwind(|| check(&name(path), &text(path))).is_err());
    assert_eq!(wrong.map(name).collect::<Vec<_>>(), [""; 0]);
}
