//! What somebody should hold, and which grants have lost their reason.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};
use tenure_model::{ConnectionName, Engagement, Grant, GrantState, Name, Reason};

use super::{Desired, Finding, Moment, Presence, Rules, Stopped};
use crate::expression::{NoValue, Verdict};
use crate::role::{Birthright, Given, Role, given};

/// Something that should be, and the roles that it comes through, the held one first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wish {
    pub(super) desired: Desired,
    pub(super) through: Vec<Name>,
}

/// What should be, sorted, and what a human should know of it.
pub(super) fn desired(moment: &Moment<'_>, rules: &Rules) -> (Vec<Wish>, Vec<Finding>) {
    let mut wishes = Vec::new();
    let mut findings = Vec::new();
    for role in &rules.roles {
        if let Some(birthright) = &role.birthright
            && moment.is_within(birthright)
        {
            Asked {
                moment,
                role,
                birthright,
                deserved: moment.deserves(birthright),
                given: given(role, &rules.roles),
                live: live_grants(moment, role),
            }
            .wishes(&mut wishes, &mut findings);
        }
    }
    if moment.presence != Presence::Over {
        let asked_for = moment.facts.grants.iter().filter(|grant| is_asked_for(grant, moment.now));
        wishes.extend(asked_for.map(|grant| Wish { desired: kept(grant), through: Vec::new() }));
    }
    wishes.sort();
    wishes.dedup();
    (wishes, findings)
}

/// The grants that are still there and have no reason any more.
pub(super) fn closing<'a>(moment: &Moment<'a>, wanted: &[Desired], stopped: &[Stopped]) -> Vec<&'a Grant> {
    let over = moment.presence == Presence::Over;
    let stays = |grant: &Grant| {
        let held_back = stopped.iter().any(|one| one.grant == Some(grant.id));
        let waits = (grant.valid_from > moment.now || held_back) && grant.state == GrantState::Pending;
        (waits && !over) || wanted.iter().any(|wish| wish.grant == Some(grant.id))
    };
    let mut closing: Vec<&Grant> =
        moment.facts.grants.iter().filter(|grant| grant.state != GrantState::Revoked && !stays(grant)).collect();
    closing.sort_by_key(|grant| grant.id);
    closing
}

/// One role that is asked whether it is to be given.
struct Asked<'m, 'a> {
    moment: &'m Moment<'a>,
    role: &'m Role,
    birthright: &'m Birthright,
    /// What the condition comes to.
    deserved: Verdict,
    /// What holding it gives.
    given: Vec<Given<'m>>,
    /// What it gave before.
    live: Vec<&'m Grant>,
}

impl Asked<'_, '_> {
    /// Each thing that the role gives is given once, if one way to it is open. What was given
    /// and is no longer is kept for the days of grace, and what cannot be decided as it is.
    fn wishes(&self, wishes: &mut Vec<Wish>, findings: &mut Vec<Finding>) {
        let mut held: BTreeMap<(&ConnectionName, String), Wish> = BTreeMap::new();
        let mut undecided: Vec<&Given<'_>> = Vec::new();
        for given in &self.given {
            match self.verdict(given) {
                Ok(name) => {
                    let wish = self.held(given, &name);
                    held.entry((&given.grant.connection, name)).or_insert(wish);
                }
                Err(No::NotMet(why)) => findings.push(Finding::RoleNotMet { role: self.role.name.clone(), why }),
                Err(No::Broken(why)) => {
                    findings.push(Finding::RoleBroken { role: self.role.name.clone(), why });
                    undecided.push(given);
                }
            }
        }
        for grant in self.live.iter().copied() {
            let could = |given: &&Given<'_>| {
                given.grant.connection == grant.connection && given.grant.entitlement.could_be(&grant.entitlement)
            };
            if held.values().any(|wish| wish.desired.grant == Some(grant.id)) {
                continue;
            }
            let through = |given: &Given<'_>| given.through.iter().map(|name| (*name).clone()).collect();
            if let Some(given) = undecided.iter().copied().find(could) {
                let stays = (grant.state != GrantState::Leaving).then(|| kept(grant));
                wishes.extend(stays.map(|desired| Wish { desired, through: through(given) }));
            } else if let Some(given) = self.given.iter().find(could) {
                let stays = in_grace(self.moment, self.birthright, grant);
                wishes.extend(stays.map(|desired| Wish { desired, through: through(given) }));
            }
        }
        wishes.extend(held.into_values());
    }

    /// The name of what is given, or why nothing is.
    fn verdict(&self, given: &Given<'_>) -> Result<String, No> {
        let verdict = match self.deserved.clone() {
            Verdict::Holds => given.grant.when.as_ref().map_or(Verdict::Holds, |when| self.moment.verdict(when)),
            other @ (Verdict::Fails | Verdict::NotKnown { .. } | Verdict::Broken { .. }) => other,
        };
        match verdict {
            Verdict::Holds => {}
            Verdict::Fails => return Err(No::NotMet(format!("`{}` does not hold", self.condition(given)))),
            Verdict::NotKnown { path } => return Err(No::NotMet(format!("{path} is not known"))),
            Verdict::Broken { reason } => return Err(No::Broken(reason)),
        }
        given.grant.entitlement.fill(|place| self.moment.value(place)).map_err(|error| match error {
            NoValue::NotKnown { path } => No::NotMet(format!("{path} is not known")),
            NoValue::Broken { .. } => No::Broken(error.to_string()),
        })
    }

    fn condition(&self, given: &Given<'_>) -> String {
        let condition = self.birthright.condition();
        match &given.grant.when {
            None => condition,
            Some(when) => format!("({condition}) && ({when})"),
        }
    }

    fn held(&self, given: &Given<'_>, name: &str) -> Wish {
        let connection = &given.grant.connection;
        let grant = self
            .live
            .iter()
            .find(|grant| grant.connection == *connection && grant.entitlement == name)
            .map(|grant| grant.id);
        let inner = given.through.last().filter(|inner| **inner != &self.role.name);
        let inside = inner.map(|inner| format!(", and role {inner} is inside it")).unwrap_or_default();
        let because = format!("{}{inside}", self.condition(given));
        let desired = Desired {
            connection: connection.clone(),
            entitlement: name.to_owned(),
            reason: Reason::Birthright { role: self.role.name.clone(), because },
            until: None,
            grant,
        };
        Wish { desired, through: given.through.iter().map(|name| (*name).clone()).collect() }
    }
}

/// The grants that a role gave and that have not ended. Of several for the same thing only the
/// oldest counts.
fn live_grants<'a>(moment: &Moment<'a>, role: &Role) -> Vec<&'a Grant> {
    let gave = |reason: &Reason| match reason {
        Reason::Birthright { role: by, .. } => *by == role.name,
        Reason::Request { .. } | Reason::Adopted { .. } => false,
    };
    let grants = moment.facts.grants.iter();
    let mut live: Vec<&Grant> =
        grants.filter(|grant| grant.state != GrantState::Revoked && gave(&grant.reason)).collect();
    let key = |grant: &&'a Grant| (&grant.connection, &grant.entitlement, grant.id);
    live.sort_by(|left, right| key(left).cmp(&key(right)));
    live.dedup_by(|later, first| later.connection == first.connection && later.entitlement == first.entitlement);
    live
}

/// Why something is not given.
enum No {
    NotMet(String),
    Broken(String),
}

/// A grant whose condition stopped to hold, as long as its grace lasts, or until the day that a
/// transfer names. Grace begins with the first plan that finds out, and is remembered as the end of
/// the grant.
fn in_grace(moment: &Moment<'_>, birthright: &Birthright, grant: &Grant) -> Option<Desired> {
    if grant.state != GrantState::Held {
        return None;
    }
    let now = moment.now;
    let named = moment.engagement.and_then(Engagement::handed_over_at).filter(|until| now < *until);
    let grace = Span::new().hours(i64::from(birthright.grace_days) * 24);
    let usual = grant.valid_until.unwrap_or_else(|| now.checked_add(grace).unwrap_or(Timestamp::MAX));
    let until = named.unwrap_or(usual);
    (now < until).then(|| Desired { until: Some(until), ..kept(grant) })
}

/// Whether somebody asked for it, or took it over, and it still runs.
fn is_asked_for(grant: &Grant, now: Timestamp) -> bool {
    let runs = grant.valid_from <= now && grant.valid_until.is_none_or(|end| now < end);
    match (&grant.reason, grant.state) {
        (Reason::Birthright { .. }, _) | (_, GrantState::Leaving | GrantState::Revoked) => false,
        (Reason::Request { .. } | Reason::Adopted { .. }, GrantState::Pending | GrantState::Held) => runs,
    }
}

fn kept(grant: &Grant) -> Desired {
    Desired {
        connection: grant.connection.clone(),
        entitlement: grant.entitlement.clone(),
        reason: grant.reason.clone(),
        until: grant.valid_until,
        grant: Some(grant.id),
    }
}
