//! Why it is not there: what is still to be done, what no rule gives and what would have to change
//! for that, and what waits for a moment or for somebody.

use tenure_model::{ConnectionName, standing};
use tenure_policy::counterfactual::{self, Asked};
use tenure_policy::expression::{Facts, Verdict};
use tenure_policy::plan::{Finding, Presence};
use tenure_policy::{Birthright, Role, RoleGrant, role};

use super::held::facts;
use super::{Because, Link, Told};
use crate::people::facts::next_turn;

/// What is decided and not done yet.
pub(super) fn to_do(told: &Told<'_>) -> Vec<Because> {
    let answer = |change: &tenure_policy::Change| {
        let mut chain = facts(told);
        chain.extend(change.why.iter().map(|says| Link::new("reason", &change.connection, says.clone(), None)));
        let access = format!("{} {}", change.connection, change.action.word());
        Because { access, state: "to do".to_owned(), chain, since: None }
    };
    told.plan.changes.iter().map(answer).collect()
}

/// What no rule gives, with what would have to be otherwise.
pub(super) fn not_given(told: &Told<'_>) -> Vec<Because> {
    let mut found = Vec::new();
    for role in &told.rules.roles {
        for item in role::given(role, &told.rules.roles) {
            let is_it = |connection: &ConnectionName, entitlement: &str| {
                *connection == item.grant.connection && item.grant.entitlement.could_be(entitlement)
            };
            let has = told.plan.desired.iter().any(|wish| is_it(&wish.connection, &wish.entitlement));
            // What a rule stops has a finding of its own.
            if has || told.plan.stopped.iter().any(|stop| is_it(&stop.connection, &stop.entitlement)) {
                continue;
            }
            if let Some(birthright) = &role.birthright {
                found.push(of_role(told, role, birthright, item.grant));
            } else {
                let says = format!("role {} is given to nobody without being asked for", role.name);
                found.push(absent(told, item.grant, vec![Link::new("role", &role.name, says, None)]));
            }
        }
    }
    let rest = told.plan.findings.iter().filter(|finding| !matches!(finding, Finding::RoleNotMet { .. }));
    found.extend(rest.map(|finding| {
        let chain = facts(told).into_iter().chain([Link::new("finding", "", finding.to_string(), None)]).collect();
        Because { access: "not given".to_owned(), state: "absent".to_owned(), chain, since: None }
    }));
    found
}

fn of_role(told: &Told<'_>, role: &Role, birthright: &Birthright, item: &RoleGrant) -> Because {
    let asked = Asked {
        when: &birthright.when,
        except: birthright.except.as_ref(),
        also: item.when.as_ref(),
        groups: &told.rules.groups,
    };
    let nearest = told.facts.engagements.iter().max_by_key(|engagement| (engagement.first_day, engagement.id));
    let view = Facts {
        person: &told.facts.person,
        engagement: nearest,
        standing: standing(&told.facts.engagements, told.now),
        now: told.now,
    };
    let mut links = Vec::new();
    for (condition, verdict) in asked.verdicts(&view) {
        let verdict = match verdict {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Fails => "does not hold".to_owned(),
            Verdict::NotKnown { path } => format!("is not met, because {path} is not known"),
            Verdict::Broken { reason } => format!("cannot be worked out: {reason}"),
        };
        let says = format!("role {} ({}) needs `{condition}`, which {verdict}", role.name, told.seen.owner(role));
        links.push(Link::new("role", &role.name, says, None));
    }
    match told.plan.presence {
        Presence::Here => {}
        Presence::Coming => {
            let says = format!("it begins with {}", birthright.from);
            links.push(Link::new("need", &role.name, says, None));
        }
        Presence::Over | Presence::Unheard => {
            let says = "an engagement would have to run".to_owned();
            links.push(Link::new("need", &role.name, says, None));
        }
    }
    let name = &told.facts.person.display_name;
    for needed in asked.smallest(&view) {
        let says = format!("{name} would have it if {}", counterfactual::in_words(&needed));
        links.push(Link::new("need", &role.name, says, None));
    }
    absent(told, item, links)
}

fn absent(told: &Told<'_>, item: &RoleGrant, links: Vec<Link>) -> Because {
    let chain = facts(told).into_iter().chain(links).collect();
    let access = format!("{} {}", item.connection, item.entitlement);
    Because { access, state: "absent".to_owned(), chain, since: None }
}

/// Timers, and what waits for somebody.
pub(super) fn waiting(told: &Told<'_>) -> Vec<Because> {
    let mut found = Vec::new();
    if let Some(turn) = next_turn(told.facts, told.rules, told.now) {
        let mut chain = facts(told);
        let says = format!("the same facts come to something else then: {}", turn.event);
        chain.push(Link::new("timer", turn.event, says, Some(turn.at)));
        found.push(Because { access: "timer".to_owned(), state: format!("at {}", turn.at), chain, since: None });
    }
    for run in &told.seen.waiting {
        let says = if run.note.is_empty() { "it waits".to_owned() } else { run.note.clone() };
        let chain = vec![Link::new("hold", run.id, says, Some(run.updated_at))];
        let access = format!("hold {}", run.name);
        found.push(Because { access, state: run.status.word().to_owned(), chain, since: Some(run.started_at) });
    }
    found
}
