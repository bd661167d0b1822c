//! Taking an account of nobody over as it is: it becomes an identity of its own, which somebody
//! answers for, and what it holds gets a reason.

use std::collections::BTreeMap;

use tenure_model::{
    Account, Attributes, ConnectionName, Grant, GrantState, IdentityKind, NativeId, Person, PersonId, Reason, Value,
    new_id,
};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{grants, people};

use super::link::give;
use super::{check_reason, orphan};
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::sponsor::must_be_there;

/// An account that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The identity that it belongs to now.
    pub person: Person,
    /// The account.
    pub account: Account,
    /// What it holds, each with its reason.
    pub grants: Vec<Grant>,
}

/// Takes it over. `sponsor` answers for it from now on.
pub async fn adopt(
    cx: &Cx,
    connection: ConnectionName,
    account: String,
    sponsor: PersonId,
    reason: String,
) -> Result<Adopted, AppError> {
    cx.allow(Action::SettleDrift, &Thing::Connection(Some(connection.clone())))?;
    check_reason(&reason)?;
    let own = cx.clone();
    let names = names(cx, &connection);
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let seen = orphan(tx, &connection, &account).await?;
            must_be_there(&own, tx, sponsor).await?;
            let person = identity(&own, &seen.name, sponsor, &reason);
            people::insert(tx, &person).await?;
            let held: Vec<String> = seen.holds.iter().filter_map(|native| names.get(native).cloned()).collect();
            let account = give(&own, tx, seen, person.id, "adopted").await?;
            let mut given = Vec::with_capacity(held.len());
            for entitlement in held {
                let grant = grant(&own, person.id, &account.connection, entitlement);
                grants::insert(tx, &grant).await?;
                given.push(grant);
            }
            Ok::<_, AppError>(Adopted { person, account, grants: given })
        })
    });
    job.await
}

fn identity(cx: &Cx, name: &str, sponsor: PersonId, reason: &str) -> Person {
    let text = |text: &str| Value::Text(text.to_owned());
    let attributes: Attributes = [("displayName".to_owned(), text(name)), ("purpose".to_owned(), text(reason))].into();
    Person {
        id: new_id(cx.house.ids.as_ref()),
        kind: IdentityKind::ServiceAccount,
        display_name: name.to_owned(),
        attributes,
        sponsor: Some(sponsor),
        version: 1,
        since: cx.house.clock.now(),
    }
}

fn grant(cx: &Cx, person: PersonId, connection: &ConnectionName, entitlement: String) -> Grant {
    Grant {
        id: new_id(cx.house.ids.as_ref()),
        person,
        connection: connection.clone(),
        entitlement,
        reason: Reason::Adopted { by: cx.actor.name.clone() },
        valid_from: cx.house.clock.now(),
        valid_until: None,
        state: GrantState::Held,
        version: 1,
    }
}

/// What documents call what the system calls so.
fn names(cx: &Cx, connection: &ConnectionName) -> BTreeMap<NativeId, String> {
    let rules = cx.house.rules();
    let known = rules.targets.get(connection).map(|target| &target.entitlements);
    known.into_iter().flatten().map(|(name, native)| (native.clone(), name.clone())).collect()
}
