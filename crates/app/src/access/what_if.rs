//! What another rule would change for everybody, without changing anything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_model::{Name, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::columns::{Edit, EntitlementName, Index, NotKept, of_role_among};
use tenure_policy::{Role, Rules};

use super::Named;
use crate::cx::Cx;
use crate::error::AppError;
use crate::population;

/// What would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// The moment of which it speaks.
    pub at: Timestamp,
    /// How many people were asked.
    pub people: usize,
    /// How many of them gain something.
    pub people_gaining: usize,
    /// How many of them lose something.
    pub people_losing: usize,
    /// Entitlement by entitlement.
    pub entitlements: Vec<Changed>,
    /// Some of those whom it concerns, from the place that was asked for.
    pub changes: Vec<NamedChange>,
    /// The place after these, if there are more.
    pub next: Option<usize>,
    /// Roles that cannot be asked of everybody, and why.
    pub left_out: BTreeMap<Name, String>,
}

/// What would change of one entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Which.
    pub entitlement: EntitlementName,
    /// How many gain it.
    pub gain: usize,
    /// How many lose it.
    pub lose: usize,
    /// How many have it afterwards, by rules.
    pub after: usize,
}

/// What would change for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedChange {
    /// Who.
    pub who: Named,
    /// What.
    pub entitlement: EntitlementName,
    /// Whether they gain it; otherwise they lose it.
    pub gains: bool,
}

/// Which part of the list of people is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// So many are left out.
    pub skip: usize,
    /// So many at most.
    pub limit: usize,
}

/// Tells what would change if these roles were as given, and these were taken away.
#[tracing::instrument(name = "app.access.what_if", skip_all)]
pub async fn what_if(cx: &Cx, roles: Vec<Role>, without: Vec<Name>, part: Part) -> Result<WhatIf, AppError> {
    cx.allow(Action::TryRule, &Thing::Person(None))?;
    let estate = cx.house.estate();
    fits(&roles, &without, &estate.rules)?;
    let among = [roles.as_slice(), estate.rules.roles.as_slice()].concat();
    let mut edit: Edit =
        roles.iter().map(|role| (role.name.clone(), of_role_among(role, &among, &estate.rules.groups))).collect();
    edit.extend(without.into_iter().map(|name| (name, Vec::new())));
    let found = population::ask(&cx.house, |index| tried(index, &edit, part)).await?;
    let (mut told, rows) = found;
    let names = population::names(&cx.house, rows.iter().map(|(person, _, _)| *person).collect()).await?;
    let named = |(person, entitlement, gains)| NamedChange { who: Named::of(person, &names), entitlement, gains };
    told.changes = rows.into_iter().map(named).collect();
    Ok(told)
}

type Row = (PersonId, EntitlementName, bool);

fn tried(index: &mut Index, edit: &Edit, part: Part) -> Result<(WhatIf, Vec<Row>), NotKept> {
    let difference = index.what_if(edit)?;
    let (gaining, losing) = difference.people();
    let entitlements = difference.deltas.iter().map(|delta| Changed {
        entitlement: delta.entitlement.clone(),
        gain: delta.gain_count(),
        lose: delta.loss_count(),
        after: index.count_after(&difference, &delta.entitlement),
    });
    let all = difference.deltas.iter().flat_map(|delta| {
        let named = |gains: bool| move |row: u32| (row, delta.entitlement.clone(), gains);
        delta.losses().map(named(false)).chain(delta.gains().map(named(true)))
    });
    let mut rows: Vec<Row> = all
        .skip(part.skip)
        .take(part.limit.saturating_add(1))
        .filter_map(|(row, entitlement, gains)| Some((index.person(row)?, entitlement, gains)))
        .collect();
    let next = (rows.len() > part.limit).then_some(part.skip + part.limit);
    rows.truncate(part.limit);
    let left_out = index.beyond().iter().map(|(role, why)| (role.clone(), why.to_string())).collect();
    let told = WhatIf {
        at: index.now(),
        people: index.len(),
        people_gaining: gaining.count(),
        people_losing: losing.count(),
        entitlements: entitlements.collect(),
        changes: Vec::new(),
        next,
        left_out,
    };
    Ok((told, rows))
}

/// Whatever a role gives must be there to give, and whatever is taken away must be there.
fn fits(roles: &[Role], without: &[Name], rules: &Rules) -> Result<(), AppError> {
    let bad = |pointer: &'static str, reason: String| Err(AppError::Invalid { pointer, reason });
    if roles.is_empty() && without.is_empty() {
        return bad("/document", "it has no document of kind Role; send one, or names in `without`".to_owned());
    }
    for grant in roles.iter().flat_map(|role| &role.grants) {
        let (connection, entitlement) = (&grant.connection, &grant.entitlement);
        match rules.targets.get(connection) {
            None => return bad("/document", format!("connection `{connection}` is not there, or takes no accounts")),
            Some(target) if !target.entitlements.keys().any(|known| entitlement.could_be(known)) => {
                return bad("/document", format!("connection `{connection}` has no entitlement `{entitlement}`"));
            }
            Some(_) => {}
        }
    }
    match without.iter().find(|name| !rules.roles.iter().any(|role| role.name == **name)) {
        Some(name) => bad("/without", format!("there is no role `{name}`")),
        None => Ok(()),
    }
}
