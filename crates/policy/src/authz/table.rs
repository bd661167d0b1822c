//! The truth table: every action against every kind of actor.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tenure_model::{Actor, ActorKind, ConnectionName, Role, SeededIds, TokenId, new_id};

use super::{Action, Authz, Extent, TaskThing, Thing, ThingKind};

/// One line for each action, one column for each role, and one each for sources and for Tenure.
pub(super) fn table(authz: &Authz) -> String {
    let mut out = format!("{:<18}", "action");
    let actors = actors();
    for (name, _) in &actors {
        let _infallible = write!(out, "{name:<17}");
    }
    for action in Action::ALL {
        let mut line = format!("{:<18}", action.word());
        for (_, actor) in &actors {
            let _infallible = write!(line, "{:<17}", extent(authz, actor, *action).word());
        }
        out = format!("{}\n{}", out.trim_end(), line);
    }
    format!("{}\n", out.trim_end())
}

/// To what this actor may do this: to anything, to what is their own, or to nothing.
pub(super) fn extent(authz: &Authz, actor: &Actor, action: Action) -> Extent {
    let allowed = |thing: Option<Thing>| thing.is_some_and(|thing| authz.authorize(actor, action, &thing).allowed);
    if allowed(others(action)) {
        Extent::Everything
    } else if allowed(own(actor, action)) {
        Extent::Own
    } else {
        Extent::Nothing
    }
}

fn actors() -> Vec<(String, Actor)> {
    let mut actors: Vec<(String, Actor)> = Role::ALL
        .iter()
        .map(|role| {
            let kind = ActorKind::Caller { token: token(1), roles: BTreeSet::from([*role]) };
            (role.word().to_owned(), Actor { name: role.word().to_owned(), kind })
        })
        .collect();
    if let Some(connection) = connection("hr") {
        let kind = ActorKind::Source { token: token(1), connection };
        actors.push(("source".to_owned(), Actor { name: "hr".to_owned(), kind }));
    }
    actors.push(("system".to_owned(), Actor::system("tenure")));
    actors
}

/// A thing that has nothing to do with the actor.
fn others(action: Action) -> Option<Thing> {
    Some(match action.thing() {
        ThingKind::Installation => Thing::Installation,
        ThingKind::Person => Thing::Person(None),
        ThingKind::Event => Thing::Event(Some(connection("other")?)),
        ThingKind::Run => Thing::Run(None),
        ThingKind::Connection => Thing::Connection(Some(connection("other")?)),
        ThingKind::Case => Thing::Case(None),
        ThingKind::Task => Thing::Task(TaskThing::all()),
        ThingKind::Deputy => Thing::Deputy { whom: None, name: None },
        ThingKind::Notice => Thing::Notice(None),
        ThingKind::Ledger => Thing::Ledger,
        ThingKind::Estate => Thing::Estate,
        ThingKind::Plan => Thing::Plan,
        ThingKind::Held => Thing::Held,
        ThingKind::Token => Thing::Token { id: Some(token(2)), roles: BTreeSet::from([Role::Auditor]) },
    })
}

/// The actor's own thing, where there is such a thing.
fn own(actor: &Actor, action: Action) -> Option<Thing> {
    match (&actor.kind, action.thing()) {
        (ActorKind::Caller { token, roles }, ThingKind::Token) => {
            Some(Thing::Token { id: Some(*token), roles: roles.clone() })
        }
        (ActorKind::Caller { .. }, ThingKind::Task) => Some(Thing::Task(TaskThing::of(&actor.name))),
        (ActorKind::Caller { .. }, ThingKind::Deputy) => {
            Some(Thing::Deputy { whom: Some(actor.name.clone()), name: None })
        }
        (ActorKind::Source { connection, .. }, ThingKind::Event) => Some(Thing::Event(Some(connection.clone()))),
        (ActorKind::Source { connection, .. }, ThingKind::Connection) => {
            Some(Thing::Connection(Some(connection.clone())))
        }
        (ActorKind::Caller { .. } | ActorKind::Source { .. } | ActorKind::System, _) => None,
    }
}

/// Two ids that differ, and are the same in every table.
fn token(seed: u64) -> TokenId {
    new_id(&SeededIds::new(seed))
}

fn connection(name: &str) -> Option<ConnectionName> {
    name.parse().ok()
}
