//! Who has something: by which rules, and who holds it by a grant.

use std::collections::BTreeSet;

use tenure_model::{Name, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::columns::EntitlementName;

use super::{Named, holders, known};
use crate::cx::Cx;
use crate::error::AppError;
use crate::population;

/// Somebody who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub who: Named,
    /// By which roles, from facts alone.
    pub roles: Vec<Name>,
    /// Whether there is a grant that was read back.
    pub held: bool,
}

/// Everybody who has something, in order of ids, from after this one: by a rule or by a grant.
#[tracing::instrument(name = "app.access.who", skip_all)]
pub async fn who(
    cx: &Cx,
    name: EntitlementName,
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<Holder>, AppError> {
    cx.allow(Action::ListAccess, &Thing::Person(None))?;
    known(&cx.house, &name)?;
    let held = holders(&cx.house, &name).await?;
    let found = population::ask(&cx.house, |index| {
        let by_role = index.who_by_role(&name);
        let by_rule = index.who(&name);
        let ids = by_rule.rows().filter_map(|row| index.person(row)).chain(held.iter().copied());
        let all: BTreeSet<PersonId> = ids.filter(|id| after.is_none_or(|after| *id > after)).collect();
        let roles = |person: PersonId| -> Vec<Name> {
            let Some(row) = index.row(person) else { return Vec::new() };
            by_role.iter().filter(|(_, people)| people.has(row)).map(|(role, _)| (*role).clone()).collect()
        };
        Ok(all.into_iter().take(limit).map(|person| (person, roles(person))).collect::<Vec<_>>())
    });
    let found = found.await?;
    let names = population::names(&cx.house, found.iter().map(|(person, _)| *person).collect()).await?;
    let holder = |(person, roles)| Holder { who: Named::of(person, &names), roles, held: held.contains(&person) };
    Ok(found.into_iter().map(holder).collect())
}
