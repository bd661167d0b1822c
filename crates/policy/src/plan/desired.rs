//! What somebody should hold, and which grants have lost their reason.

use jiff::{Span, Timestamp, ToSpan};
use tenure_model::{Engagement, Grant, GrantState, Reason};

use super::{Desired, Finding, Moment, Presence, Rules};
use crate::expression::{Expression, Verdict};
use crate::role::{Birthright, Role, RoleGrant};

/// What should be, sorted, and what a human should know of it.
pub(super) fn desired(moment: &Moment<'_>, rules: &Rules) -> (Vec<Desired>, Vec<Finding>) {
    let mut wanted = Vec::new();
    let mut findings = Vec::new();
    if moment.presence == Presence::Over {
        return (wanted, findings);
    }
    for role in &rules.roles {
        if let Some(birthright) = &role.birthright
            && has_begun(moment, birthright)
        {
            by_birthright(moment, role, birthright, &mut wanted, &mut findings);
        }
    }
    wanted.extend(moment.facts.grants.iter().filter(|grant| is_asked_for(grant, moment.now)).map(kept));
    wanted.sort();
    wanted.dedup();
    (wanted, findings)
}

/// The grants that are still there and have no reason any more.
pub(super) fn closing<'a>(moment: &Moment<'a>, wanted: &[Desired]) -> Vec<&'a Grant> {
    let over = moment.presence == Presence::Over;
    let stays = |grant: &Grant| {
        let waits = grant.valid_from > moment.now && grant.state == GrantState::Pending;
        (waits && !over) || wanted.iter().any(|wish| wish.grant == Some(grant.id))
    };
    let mut closing: Vec<&Grant> =
        moment.facts.grants.iter().filter(|grant| grant.state != GrantState::Revoked && !stays(grant)).collect();
    closing.sort_by_key(|grant| grant.id);
    closing
}

/// Whether the time for birthrights has come, which may be some days before the first day.
fn has_begun(moment: &Moment<'_>, birthright: &Birthright) -> bool {
    match (moment.presence, moment.engagement) {
        (Presence::Here, _) => true,
        (Presence::Coming, Some(engagement)) => {
            let day = engagement.first_day.saturating_sub(i64::from(birthright.lead_days).days());
            engagement.zone.start_of(day) <= moment.now
        }
        (Presence::Coming, None) | (Presence::Over | Presence::Unheard, _) => false,
    }
}

fn by_birthright(
    moment: &Moment<'_>,
    role: &Role,
    birthright: &Birthright,
    wanted: &mut Vec<Desired>,
    findings: &mut Vec<Finding>,
) {
    for item in &role.grants {
        let verdict = match birthright.when.verdict(&moment.view()) {
            Verdict::Holds => item.when.as_ref().map_or(Verdict::Holds, |when| when.verdict(&moment.view())),
            other @ (Verdict::Fails | Verdict::NotKnown { .. } | Verdict::Broken { .. }) => other,
        };
        let known = live_grant(moment, role, item);
        match verdict {
            Verdict::Holds => wanted.push(held(role, birthright, item, known)),
            Verdict::Fails => {
                let why = format!("`{}` does not hold", condition(birthright, item));
                findings.push(Finding::RoleNotMet { role: role.name.clone(), why });
                wanted.extend(known.and_then(|grant| in_grace(moment, birthright, grant)));
            }
            Verdict::NotKnown { path } => {
                findings.push(Finding::RoleNotMet { role: role.name.clone(), why: format!("{path} is not known") });
                wanted.extend(known.and_then(|grant| in_grace(moment, birthright, grant)));
            }
            Verdict::Broken { reason } => {
                findings.push(Finding::RoleBroken { role: role.name.clone(), why: reason });
                wanted.extend(known.filter(|grant| grant.state != GrantState::Leaving).map(kept));
            }
        }
    }
}

fn condition(birthright: &Birthright, item: &RoleGrant) -> String {
    let and = |when: &Expression| format!("({}) && ({when})", birthright.when);
    item.when.as_ref().map_or_else(|| birthright.when.text().to_owned(), and)
}

fn held(role: &Role, birthright: &Birthright, item: &RoleGrant, known: Option<&Grant>) -> Desired {
    Desired {
        connection: item.connection.clone(),
        entitlement: item.entitlement.clone(),
        reason: Reason::Birthright { role: role.name.clone(), because: condition(birthright, item) },
        until: None,
        grant: known.map(|grant| grant.id),
    }
}

/// The grant that this role gave and that has not ended.
fn live_grant<'a>(moment: &Moment<'a>, role: &Role, item: &RoleGrant) -> Option<&'a Grant> {
    let gave = |reason: &Reason| match reason {
        Reason::Birthright { role: by, .. } => *by == role.name,
        Reason::Request { .. } | Reason::Adopted { .. } => false,
    };
    let mut grants: Vec<&Grant> = moment
        .facts
        .grants
        .iter()
        .filter(|grant| grant.connection == item.connection && grant.entitlement == item.entitlement)
        .filter(|grant| grant.state != GrantState::Revoked && gave(&grant.reason))
        .collect();
    grants.sort_by_key(|grant| grant.id);
    grants.first().copied()
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
