//! Why it is there: accounts, what is held for a reason, and what nobody decided.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::{Account, AccountState, EventKind, Grant, GrantState, NativeId, Part, Reason};

use super::{Because, Link, Told};

/// An answer for each account.
pub(super) fn accounts(told: &Told<'_>) -> Vec<Because> {
    told.facts.accounts.iter().map(|account| of_account(told, account)).collect()
}

fn of_account(told: &Told<'_>, account: &Account) -> Because {
    let mut chain = facts(told);
    let needs = |grant: &&Grant| grant.connection == account.connection && grant.state != GrantState::Revoked;
    for grant in told.facts.grants.iter().filter(needs) {
        let says = format!("{} needs it: {}", grant.entitlement, grant.reason);
        chain.push(Link::new("grant", grant.id, says, Some(grant.valid_from)));
    }
    chain.push(account_link(account));
    chain.push(read_back(told, account, None));
    chain.extend(changed(told, account, |part| *part == Part::State));
    Because {
        access: format!("{} account {}", account.connection, account.name),
        state: account.state.to_string(),
        chain,
        since: account.seen_at,
    }
}

/// An answer for each grant, those that ended too.
pub(super) fn grants(told: &Told<'_>) -> Vec<Because> {
    told.facts.grants.iter().map(|grant| of_grant(told, grant)).collect()
}

fn of_grant(told: &Told<'_>, grant: &Grant) -> Because {
    let mut chain = facts(told);
    chain.push(reason(told, &grant.reason));
    let until = grant.valid_until.map_or_else(|| "with no end".to_owned(), |until| format!("until {until}"));
    chain.push(Link::new("grant", grant.id, format!("granted {until}; {}", grant.state), Some(grant.valid_from)));
    if let Some(decided) = told.seen.decided.get(&grant.id) {
        let place = decided.place.map_or_else(|| "not sealed yet".to_owned(), |place| format!("ledger entry {place}"));
        let run = decided.decision.run.map_or_else(String::new, |run| run.to_string());
        chain.push(Link::new("decision", run, format!("decided; {place}"), Some(decided.decision.at)));
    }
    let native =
        told.rules.targets.get(&grant.connection).and_then(|target| target.entitlements.get(&grant.entitlement));
    for account in told.facts.accounts.iter().filter(|account| account.connection == grant.connection) {
        chain.push(account_link(account));
        chain.push(read_back(told, account, native));
        chain.extend(changed(
            told,
            account,
            |part| matches!((part, native), (Part::Holds(held), Some(native)) if held == native),
        ));
    }
    Because {
        access: format!("{} {}", grant.connection, grant.entitlement),
        state: grant.state.to_string(),
        chain,
        since: Some(grant.valid_from),
    }
}

/// What accounts hold though nobody decided it.
pub(super) fn of_nobody(told: &Told<'_>) -> Vec<Because> {
    let mut found = Vec::new();
    for account in told.facts.accounts.iter().filter(|account| account.state.may_be_usable()) {
        let names: BTreeMap<&NativeId, &str> =
            told.rules.targets.get(&account.connection).map_or_else(BTreeMap::new, |target| {
                target.entitlements.iter().map(|(name, native)| (native, name.as_str())).collect()
            });
        let decided = |grant: &&Grant| grant.connection == account.connection && grant.state != GrantState::Revoked;
        let decided: BTreeSet<&str> =
            told.facts.grants.iter().filter(decided).map(|grant| grant.entitlement.as_str()).collect();
        for held in &account.holds {
            let name = names.get(held).copied();
            if name.is_some_and(|name| decided.contains(name)) {
                continue;
            }
            let mut chain = vec![Link::new("nobody", "", "nobody decided this", None), account_link(account)];
            chain.push(read_back(told, account, Some(held)));
            chain.extend(changed(told, account, |part| *part == Part::Holds(held.clone())));
            found.push(Because {
                access: format!("{} {}", account.connection, name.unwrap_or(held.as_str())),
                state: "held".to_owned(),
                chain,
                since: None,
            });
        }
    }
    found
}

/// The facts that everything begins with: what was told, and what it came to.
pub(super) fn facts(told: &Told<'_>) -> Vec<Link> {
    let mut chain = Vec::new();
    for engagement in &told.facts.engagements {
        let of_it = |event: &&tenure_model::Event| {
            event.connection == engagement.source && event.subject.value == engagement.key
        };
        let of_work = |event: &&tenure_model::Event| !matches!(event.kind, EventKind::PersonChanged { .. });
        for event in told.seen.events.iter().filter(of_it).filter(of_work).take(2) {
            let says = format!("{} told us: {}", event.connection, event.kind.word());
            chain.push(Link::new("event", event.id, says, Some(event.received_at)));
        }
        let until = engagement.last_day.map_or_else(|| "no end known".to_owned(), |day| format!("last day {day}"));
        let (source, key, first) = (&engagement.source, &engagement.key, engagement.first_day);
        let kind = engagement.kind.word();
        let says = format!(
            "{source} says: engagement {key} as {kind}, first day {first}, {until}; it is {}",
            engagement.state_at(told.now)
        );
        chain.push(Link::new("engagement", engagement.id, says, None));
    }
    chain
}

fn reason(told: &Told<'_>, reason: &Reason) -> Link {
    match reason {
        Reason::Birthright { role, .. } => {
            let known = told.rules.roles.iter().find(|known| known.name == *role);
            let owner = known.map_or_else(|| "it is not in force any more".to_owned(), |role| told.seen.owner(role));
            Link::new("role", role, format!("{reason}; {owner}"), None)
        }
        Reason::Request { request } => Link::new("request", request, reason.to_string(), None),
        Reason::Adopted { by } => Link::new("nobody", by, format!("it was there before; {reason}"), None),
    }
}

fn account_link(account: &Account) -> Link {
    let says = format!("account {} at {} is {}", account.name, account.connection, account.state);
    Link::new("account", account.id, says, account.seen_at)
}

/// What was read of the account, and whether this was in it.
fn read_back(told: &Told<'_>, account: &Account, native: Option<&NativeId>) -> Link {
    let seen = told.seen.accounts.get(&account.id);
    let Some(seen) = seen else {
        let says = match account.seen_at {
            Some(_) => "seen by what read it back after our last write",
            None => "never seen",
        };
        return Link::new("read-back", account.id, says, account.seen_at);
    };
    let holds = match native {
        Some(native) if seen.holds.contains(native) => "it holds it",
        Some(_) => "it does not hold it",
        None if seen.state == AccountState::Active => "it can be used",
        None => "it cannot be used",
    };
    Link::new("read-back", &seen.native_id, format!("read as {}: {holds}", seen.state), Some(seen.seen_at))
}

/// What others changed about this part of the account.
fn changed(told: &Told<'_>, account: &Account, is: impl Fn(&Part) -> bool) -> Vec<Link> {
    let about =
        told.seen.drifts.iter().filter(|drift| drift.account == account.id && drift.differences.keys().any(&is));
    about
        .map(|drift| {
            let end = drift.closing.as_ref().map_or_else(|| "not settled".to_owned(), |closing| closing.why.clone());
            Link::new(
                "drift",
                drift.id,
                format!("somebody else changed it ({}); {end}", drift.kind),
                Some(drift.found_at),
            )
        })
        .collect()
}
