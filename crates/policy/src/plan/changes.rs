//! What the wanted state means for each account, in the order in which it is done.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::{Account, AccountState, Attributes, ConnectionName, Grant, GrantState, NativeId};

use super::{Action, Change, Desired, Finding, Moment, Presence, Rules, Target};
use crate::day::{Day, Edge};

/// Everything to do, revocations first.
pub(super) fn changes(
    moment: &Moment<'_>,
    rules: &Rules,
    wanted: &[Desired],
    closing: &[&Grant],
    findings: &mut Vec<Finding>,
) -> Vec<Change> {
    let mut connections: BTreeSet<&ConnectionName> = wanted.iter().map(|wish| &wish.connection).collect();
    connections.extend(moment.facts.accounts.iter().map(|account| &account.connection));
    let (mut all, mut parked) = (Vec::new(), Vec::new());
    for connection in connections {
        let mut accounts: Vec<&Account> =
            moment.facts.accounts.iter().filter(|account| account.connection == *connection).collect();
        accounts.sort_by_key(|account| (nearness(account.state), account.id));
        let mut place = Place {
            moment,
            connection,
            target: rules.targets.get(connection),
            accounts,
            wanted: wanted.iter().filter(|wish| wish.connection == *connection).collect(),
            closing: closing.iter().copied().filter(|grant| grant.connection == *connection).collect(),
            findings,
            changes: Vec::new(),
        };
        place.take_away();
        place.give();
        all.append(&mut place.changes);
        parked.extend(place.parked());
    }
    // What cannot be taken back waits until nothing else is left to do.
    if all.is_empty() {
        all = parked;
    }
    all.sort_by(|left, right| (&left.action, &left.connection).cmp(&(&right.action, &right.connection)));
    all
}

/// How near a state is to being the account that is meant.
fn nearness(state: AccountState) -> u8 {
    match state {
        AccountState::Active => 0,
        AccountState::Staged => 1,
        AccountState::Disabled => 2,
        AccountState::Suspended => 3,
        AccountState::Unknown => 4,
        AccountState::SoftDeleted => 5,
        AccountState::Absent => 6,
        AccountState::Gone => 7,
    }
}

pub(super) fn is_there(account: &Account) -> bool {
    nearness(account.state) <= nearness(AccountState::Unknown)
}

/// One connection of one person.
struct Place<'a, 'f> {
    moment: &'a Moment<'a>,
    connection: &'a ConnectionName,
    target: Option<&'a Target>,
    accounts: Vec<&'a Account>,
    wanted: Vec<&'a Desired>,
    closing: Vec<&'a Grant>,
    findings: &'f mut Vec<Finding>,
    changes: Vec<Change>,
}

impl Place<'_, '_> {
    fn change(&mut self, action: Action, why: Vec<String>) {
        self.changes.push(Change { connection: self.connection.clone(), action, why });
    }

    fn leave_alone(&mut self, account: &Account, why: &str) {
        let (connection, account) = (self.connection.clone(), account.id);
        self.findings.push(Finding::LeftAlone { connection, account, why: why.to_owned() });
    }

    fn native(&self, entitlement: &str) -> Option<NativeId> {
        self.target.and_then(|target| target.entitlements.get(entitlement)).cloned()
    }

    fn take_away(&mut self) {
        let losing: BTreeMap<String, NativeId> = self
            .closing
            .iter()
            .filter(|grant| !self.wanted.iter().any(|wish| wish.entitlement == grant.entitlement))
            .filter_map(|grant| Some((grant.entitlement.clone(), self.native(&grant.entitlement)?)))
            .collect();
        for account in self.accounts.clone() {
            if !is_there(account) {
                continue;
            }
            if self.wanted.is_empty() && account.state.may_be_usable() {
                self.disable(account, &losing);
            }
            for (entitlement, native_id) in &losing {
                if account.holds.contains(native_id) {
                    let (entitlement, native_id) = (entitlement.clone(), native_id.clone());
                    let why = self.why_lost(&entitlement);
                    self.change(Action::RemoveEntitlement { account: account.id, entitlement, native_id }, why);
                }
            }
        }
    }

    /// Nothing is wanted here: an account of somebody who left is disabled, and so is one whose
    /// every reason ended. An account that Tenure never had a hand in is left as it is.
    fn disable(&mut self, account: &Account, losing: &BTreeMap<String, NativeId>) {
        let id = account.id;
        if self.moment.presence != Presence::Here && self.moment.over.is_some() {
            self.change(Action::DisableAccount { account: id }, vec![self.moment.why_over()]);
        } else if !self.closing.is_empty() {
            let ours: BTreeSet<&NativeId> = losing.values().collect();
            if account.holds.iter().all(|held| ours.contains(held)) {
                let mut why = vec!["nothing is left that it is needed for".to_owned()];
                why.extend(self.closing.iter().map(|grant| lost(grant)));
                self.change(Action::DisableAccount { account: id }, why);
            } else {
                self.leave_alone(account, "it holds something that Tenure did not give");
            }
        }
    }

    fn why_lost(&self, entitlement: &str) -> Vec<String> {
        if self.moment.presence == Presence::Over {
            return vec![self.moment.why_over()];
        }
        self.closing.iter().filter(|grant| grant.entitlement == entitlement).map(|grant| lost(grant)).collect()
    }

    fn give(&mut self) {
        if self.wanted.is_empty() {
            return;
        }
        let Some(target) = self.target else {
            self.findings.push(Finding::NoTarget { connection: self.connection.clone() });
            return;
        };
        let entitlements = self.known_entitlements();
        let there = self
            .accounts
            .iter()
            .copied()
            .find(|account| is_there(account) || account.state == AccountState::SoftDeleted);
        let Some(account) = there else { return self.create(target, entitlements) };
        self.name_the_others(account);
        match account.state {
            AccountState::Active => self.keep_up(target, account, entitlements),
            AccountState::Disabled if self.was_in_use() => {
                self.leave_alone(account, "somebody else disabled it while it was in use");
            }
            AccountState::Staged | AccountState::Disabled => {
                self.again(Action::EnableAccount { account: account.id }, target, account, entitlements);
            }
            AccountState::Suspended => self.leave_alone(account, "somebody suspended it"),
            AccountState::SoftDeleted if self.was_in_use() => {
                self.leave_alone(account, "somebody else deleted it while it was in use; it can be restored");
            }
            AccountState::SoftDeleted if target.reach.restores => {
                self.again(Action::RestoreAccount { account: account.id }, target, account, entitlements);
            }
            AccountState::SoftDeleted => {
                self.leave_alone(account, "it is deleted and can be restored, which its connector cannot do");
            }
            AccountState::Unknown => self.leave_alone(account, "its state is not known, and must be looked at first"),
            AccountState::Absent | AccountState::Gone => {}
        }
    }

    /// Whether something here was read back as held and still is to be: then the account was
    /// usable, and Tenure did not end that.
    fn was_in_use(&self) -> bool {
        let held = |id| self.moment.facts.grants.iter().any(|grant| grant.id == id && grant.state == GrantState::Held);
        self.wanted.iter().filter_map(|wish| wish.grant).any(held)
    }

    fn known_entitlements(&mut self) -> BTreeMap<String, NativeId> {
        let mut known = BTreeMap::new();
        for wish in self.wanted.clone() {
            let entitlement = wish.entitlement.clone();
            if let Some(native) = self.native(&entitlement) {
                known.insert(entitlement, native);
            } else {
                let connection = self.connection.clone();
                self.findings.push(Finding::NoEntitlement { connection, entitlement });
            }
        }
        known
    }

    fn create(&mut self, target: &Target, entitlements: BTreeMap<String, NativeId>) {
        let connection = self.connection.clone();
        match target.template.fill(&|expression| self.moment.value(expression)) {
            Ok(filled) => {
                let left_out = filled.left_out.into_iter();
                self.findings.extend(left_out.map(|what| Finding::LeftOut { connection: connection.clone(), what }));
                let why = self.why_wanted(None);
                self.change(Action::CreateAccount { attributes: filled.attributes, entitlements }, why);
            }
            Err(error) => self.findings.push(Finding::NoAccount { connection, why: error.to_string() }),
        }
    }

    /// Makes an account usable that was not, and brings it up to date.
    fn again(&mut self, action: Action, target: &Target, account: &Account, entitlements: BTreeMap<String, NativeId>) {
        let why = self.why_wanted(None);
        self.change(action, why);
        self.keep_up(target, account, entitlements);
    }

    /// Brings the attributes and the entitlements of an account in use up to date.
    fn keep_up(&mut self, target: &Target, account: &Account, entitlements: BTreeMap<String, NativeId>) {
        if let Some(seen) = self.moment.facts.besides.seen.get(&account.id) {
            self.set_attributes(target, account, seen);
        }
        self.add_missing(account, entitlements);
    }

    fn set_attributes(&mut self, target: &Target, account: &Account, seen: &Attributes) {
        let value = |expression: &_| self.moment.value_or_cleared(expression);
        let filled = target.template.differences(seen, &target.reach.placing, &value);
        let connection = self.connection;
        let kept = filled.left_out.into_iter().map(|what| Finding::KeptAsItIs { connection: connection.clone(), what });
        self.findings.extend(kept);
        if filled.attributes.is_empty() {
            return;
        }
        let why = filled.attributes.keys().map(|name| format!("{name} is {}", source_of(target, name))).collect();
        let before = seen.iter().filter(|(name, _)| filled.attributes.contains_key(*name));
        let before = before.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.change(Action::SetAttributes { account: account.id, attributes: filled.attributes, before }, why);
    }

    /// Somebody may have several accounts in one system; only the nearest one is kept up.
    fn name_the_others(&mut self, meant: &Account) {
        for other in self.accounts.clone().into_iter().filter(|other| other.id != meant.id && is_there(other)) {
            self.leave_alone(other, "its owner has another account there");
        }
    }

    /// The deletion of accounts of somebody who left long enough ago, where a document says so.
    fn parked(&mut self) -> Vec<Change> {
        let target = self.target.filter(|_| self.moment.presence == Presence::Over && self.wanted.is_empty());
        let (Some(target), Some(over)) = (target, self.moment.over) else { return Vec::new() };
        let Some(deletion) = &target.deletion else { return Vec::new() };
        let day = Day { edge: Edge::LastDay, days: i16::try_from(deletion.after_days).unwrap_or(i16::MAX) };
        if over.rescinded || day.is_over_at(over).is_none_or(|end| self.moment.now < end) {
            return Vec::new();
        }
        let mut changes = Vec::new();
        for account in self.accounts.clone().into_iter().filter(|account| account.state == AccountState::Disabled) {
            if !target.reach.deletes {
                self.leave_alone(account, "it is to be deleted, which its connector cannot do");
                continue;
            }
            let action = Action::DeleteAccount { account: account.id, approval: deletion.approval.clone() };
            let why = vec![self.moment.why_over(), format!("accounts are deleted {} days later", deletion.after_days)];
            changes.push(Change { connection: self.connection.clone(), action, why });
        }
        changes
    }

    fn add_missing(&mut self, account: &Account, entitlements: BTreeMap<String, NativeId>) {
        for (entitlement, native_id) in entitlements {
            if !account.holds.contains(&native_id) {
                let why = self.why_wanted(Some(&entitlement));
                self.change(Action::AddEntitlement { account: account.id, entitlement, native_id }, why);
            }
        }
    }

    fn why_wanted(&self, entitlement: Option<&str>) -> Vec<String> {
        let about = |wish: &&&Desired| entitlement.is_none_or(|name| wish.entitlement == name);
        let mut why: Vec<String> = self.wanted.iter().filter(about).map(|wish| wish.reason.to_string()).collect();
        why.dedup();
        why
    }
}

fn source_of(target: &Target, name: &str) -> String {
    target.template.set.get(name).map(|fill| fill.value.to_string()).unwrap_or_default()
}

fn lost(grant: &Grant) -> String {
    format!("{} no longer gives {}", grant.reason, grant.entitlement)
}
