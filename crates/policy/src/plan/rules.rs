//! What of all that should be may not be, because of rules.
//!
//! What would be new is stopped; what is there already stays and is told, because a rule that
//! takes away what somebody works with does harm that nobody decided on. An exception lets the
//! new thing in until the exception ends: its end is the end of the grant, and what has an end
//! that is past is not there any more. Rules only ever stop: nothing that one of them stopped is
//! let in by another, so that their order does not matter beyond what each says.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_model::{Account, AccountState, Exception, Grant, GrantState};

use super::changes::is_there;
use super::desired::Wish;
use super::{Desired, Finding, Moment, Rules, Stopped};
use crate::rule::{Effect, Holding, Rule, Says};

/// What may be, and what not.
pub(super) fn apply(
    moment: &Moment<'_>,
    rules: &Rules,
    wishes: Vec<Wish>,
    findings: &mut Vec<Finding>,
) -> (Vec<Desired>, Vec<Stopped>) {
    let mut ordered: Vec<&Rule> = rules.rules.iter().collect();
    ordered.sort_by(|left, right| left.name.cmp(&right.name));
    let mut court = Court { moment, rules, wishes, stopped: Vec::new(), findings };
    court.prerequisites(&ordered);
    for rule in &ordered {
        match &rule.says {
            Says::Conflict { never } => court.conflict(rule, never),
            Says::Limit { of, holders_max } => court.limit(rule, of, *holders_max),
            Says::Prerequisite { .. } => {}
        }
    }
    court.prerequisites(&ordered);
    let mut wanted: Vec<Desired> = court.wishes.into_iter().map(|wish| wish.desired).collect();
    wanted.sort();
    wanted.dedup();
    court.stopped.sort();
    court.stopped.dedup();
    (wanted, court.stopped)
}

/// How it stands with one thing that a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// Not there, and nobody wants it.
    Away,
    /// It would be new.
    New,
    /// It is there and is to stay.
    Old,
}

/// Where wishes are held against rules.
struct Court<'m, 'a, 'f> {
    moment: &'m Moment<'a>,
    rules: &'m Rules,
    wishes: Vec<Wish>,
    stopped: Vec<Stopped>,
    findings: &'f mut Vec<Finding>,
}

impl Court<'_, '_, '_> {
    fn conflict(&mut self, rule: &Rule, never: &[Holding]) {
        let stands: Vec<(&Holding, Stand)> = never.iter().map(|one| (one, self.stand(one))).collect();
        let of = |wanted: Stand| stands.iter().filter(move |(_, stand)| *stand == wanted).map(|(one, _)| *one);
        let there: Vec<&Holding> = of(Stand::Old).collect();
        let new: Vec<&Holding> = of(Stand::New).collect();
        if there.len() + new.len() < 2 {
            return;
        }
        let together = |all: &[&Holding]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        if let Some(exception) = self.exception(rule) {
            self.let_in(rule, &exception, never);
            return;
        }
        if there.len() > 1 {
            let why = format!("{} are held together; {}", together(&there), rule.because);
            self.findings.push(Finding::Against { rule: rule.name.clone(), why });
        }
        for one in &new {
            let others: Vec<&Holding> = if there.is_empty() {
                new.iter().copied().filter(|other| other != one).collect()
            } else {
                there.clone()
            };
            let word = if there.is_empty() { "would come together with" } else { "is not held together with" };
            self.stop(rule, one, &format!("it {word} {}; {}", together(&others), rule.because));
        }
    }

    fn limit(&mut self, rule: &Rule, of: &Holding, holders_max: u32) {
        let stand = self.stand(of);
        let me = self.moment.facts.person.id;
        let max = usize::try_from(holders_max).unwrap_or(usize::MAX);
        let holders = self.moment.facts.besides.holders.get(&rule.name).map(Vec::as_slice).unwrap_or_default();
        let before = holders.iter().position(|holder| *holder == me).unwrap_or(holders.len());
        if stand == Stand::Away || before < max {
            return;
        }
        if let Some(exception) = self.exception(rule) {
            self.let_in(rule, &exception, std::slice::from_ref(of));
            return;
        }
        let why = format!("{before} people have {of} already, and {holders_max} may; {}", rule.because);
        match stand {
            Stand::Old => self.findings.push(Finding::Against { rule: rule.name.clone(), why }),
            Stand::New | Stand::Away => self.stop(rule, of, &why),
        }
    }

    /// What needs something that is not there is not given. That may take away what something
    /// else needs, so it is asked until nothing more follows.
    fn prerequisites(&mut self, ordered: &[&Rule]) {
        let mut told = BTreeSet::new();
        loop {
            let before = self.stopped.len();
            for rule in ordered {
                let Says::Prerequisite { of, needs } = &rule.says else { continue };
                let missing = needs.iter().find(|need| self.stand(need) == Stand::Away);
                let (stand, Some(missing)) = (self.stand(of), missing) else { continue };
                if stand == Stand::Away {
                    continue;
                }
                if let Some(exception) = self.exception(rule) {
                    if told.insert(&rule.name) {
                        self.let_in(rule, &exception, std::slice::from_ref(of));
                    }
                    continue;
                }
                let why = format!("it needs {missing}; {}", rule.because);
                match stand {
                    Stand::Old if told.insert(&rule.name) => {
                        let why = format!("{of} is held without {missing}; {}", rule.because);
                        self.findings.push(Finding::Against { rule: rule.name.clone(), why });
                    }
                    Stand::New if rule.effect != Effect::Warn || told.insert(&rule.name) => self.stop(rule, of, &why),
                    Stand::Old | Stand::New | Stand::Away => {}
                }
            }
            if self.stopped.len() == before {
                return;
            }
        }
    }

    /// Lets in what is new until the exception ends.
    fn let_in(&mut self, rule: &Rule, exception: &Exception, names: &[Holding]) {
        let until = exception.valid_until;
        for one in names {
            let stand = self.stand(one);
            for wish in self.wishes.iter_mut().filter(|wish| is_of(wish, one)) {
                let grant = wish.desired.grant;
                let grant = self.moment.facts.grants.iter().find(|known| Some(known.id) == grant);
                let ends = grant.is_some_and(|grant| grant.valid_until.is_some());
                if stand == Stand::New || ends {
                    wish.desired.until = Some(wish.desired.until.map_or(until, |end| end.min(until)));
                }
            }
        }
        self.findings.push(Finding::Excepted {
            rule: rule.name.clone(),
            until,
            by: exception.approved_by.clone(),
            because: exception.because.clone(),
        });
    }

    /// Takes a new thing out of the wishes, unless the rule only warns.
    fn stop(&mut self, rule: &Rule, one: &Holding, why: &str) {
        let (name, effect) = (rule.name.clone(), rule.effect);
        if effect == Effect::Warn {
            self.findings.push(Finding::Against { rule: name, why: format!("{one} is given, though {why}") });
            return;
        }
        let (gone, kept): (Vec<Wish>, Vec<Wish>) =
            std::mem::take(&mut self.wishes).into_iter().partition(|wish| is_of(wish, one));
        self.wishes = kept;
        self.stopped.extend(gone.into_iter().map(|wish| Stopped {
            connection: wish.desired.connection,
            entitlement: wish.desired.entitlement,
            reason: wish.desired.reason,
            rule: name.clone(),
            effect,
            why: format!("rule {name}: {why}"),
            grant: wish.desired.grant,
        }));
        let why = format!("rule {name} says so: {why}");
        self.findings.push(Finding::Stopped { rule: name, what: one.to_string(), effect, why });
    }

    fn exception(&self, rule: &Rule) -> Option<Exception> {
        let now = self.moment.now;
        let exceptions = self.moment.facts.besides.exceptions.iter();
        let held = exceptions.filter(|one| one.rule == rule.name && one.holds_until(now).is_some());
        held.max_by_key(|one| (one.valid_until, one.id)).cloned()
    }

    fn stand(&self, one: &Holding) -> Stand {
        let wanted = self.wishes.iter().any(|wish| is_of(wish, one));
        let held = self.wishes.iter().filter(|wish| is_of(wish, one)).any(|wish| self.is_held(wish));
        let there = held || self.is_seen(one);
        match (wanted, there) {
            (true, true) => Stand::Old,
            (true, false) => Stand::New,
            // What lost its reason goes with this plan; what Tenure did not give, or not yet, stays.
            (false, true) if !self.goes(one) || self.comes_back(one) => Stand::Old,
            (false, true | false) => Stand::Away,
        }
    }

    /// Whether a wish is true already: read back, and its time is not over.
    fn is_held(&self, wish: &Wish) -> bool {
        let grants = self.moment.facts.grants.iter();
        let mut own = grants.filter(|grant| Some(grant.id) == wish.desired.grant);
        own.any(|grant| is_live(grant, self.moment.now))
    }

    /// Whether a grant of it ends with this plan, if nobody wants it. One whose time has not come waits.
    fn goes(&self, one: &Holding) -> bool {
        let waits = |grant: &Grant| grant.state == GrantState::Pending && grant.valid_from > self.moment.now;
        self.grants_of(one).any(|grant| grant.state != GrantState::Revoked && !waits(grant))
    }

    fn grants_of(&self, one: &Holding) -> impl Iterator<Item = &Grant> {
        let about = match one {
            Holding::Entitlement { connection, entitlement } => Some((connection.clone(), entitlement.clone())),
            Holding::Role(_) => None,
        };
        self.moment.facts.grants.iter().filter(move |grant| {
            about.as_ref().is_some_and(|(place, what)| grant.connection == *place && grant.entitlement == *what)
        })
    }

    /// Whether an account was seen to hold it, and not only because its time ended just now.
    fn is_seen(&self, one: &Holding) -> bool {
        let Holding::Entitlement { connection, entitlement } = one else { return false };
        let target = self.rules.targets.get(connection);
        let Some(native) = target.and_then(|target| target.entitlements.get(entitlement)) else { return false };
        let is_over = |grant: &Grant| match grant.state {
            // On its way out, unless it is wanted again.
            GrantState::Leaving => !self.wishes.iter().any(|wish| wish.desired.grant == Some(grant.id)),
            GrantState::Held => !is_live(grant, self.moment.now),
            GrantState::Pending | GrantState::Revoked => false,
        };
        let mut accounts = self.moment.facts.accounts.iter();
        let holds = accounts.any(|account| {
            account.connection == *connection && is_or_may_be(account) && account.holds.contains(native)
        });
        let goes_on = self.grants_of(one).any(|grant| is_live(grant, self.moment.now));
        holds && (goes_on || !self.grants_of(one).any(is_over) || self.comes_back(one))
    }

    /// Whether a deleted account holds it, from which nothing can be taken before it is back.
    fn comes_back(&self, one: &Holding) -> bool {
        let Holding::Entitlement { connection, entitlement } = one else { return false };
        let target = self.rules.targets.get(connection);
        let native = target.and_then(|target| target.entitlements.get(entitlement));
        native.is_some_and(|native| {
            self.moment.facts.accounts.iter().any(|account| {
                account.connection == *connection
                    && account.state == AccountState::SoftDeleted
                    && account.holds.contains(native)
            })
        })
    }
}

/// Whether an account is there, or could be again with everything that it held.
fn is_or_may_be(account: &Account) -> bool {
    is_there(account) || account.state == AccountState::SoftDeleted
}

/// Whether what the rule names is what this wish would give.
fn is_of(wish: &Wish, one: &Holding) -> bool {
    match one {
        Holding::Role(name) => wish.through.contains(name),
        Holding::Entitlement { connection, entitlement } => {
            wish.desired.connection == *connection && wish.desired.entitlement == *entitlement
        }
    }
}

fn is_live(grant: &Grant, now: Timestamp) -> bool {
    grant.state == GrantState::Held && grant.valid_until.is_none_or(|end| now < end)
}
