//! What an action is done to, and both sides of a question in the words of the policies.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use tenure_model::{
    Actor, ActorKind, CaseId, ConnectionName, NoticeId, PersonId, Role, RunId, TaskId, TaskKind, TokenId,
};

use super::action::ThingKind;

/// What an action is done to. None in an id means all of them, as in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// The installation as a whole.
    Installation,
    /// A person.
    Person(Option<PersonId>),
    /// Events of a connection.
    Event(Option<ConnectionName>),
    /// A run.
    Run(Option<RunId>),
    /// A connection.
    Connection(Option<ConnectionName>),
    /// A case.
    Case(Option<CaseId>),
    /// Something that a human is asked to do.
    Task(TaskThing),
    /// That somebody stands in for somebody else, by their names. None: all of it.
    Deputy {
        /// For whom.
        whom: Option<String>,
        /// Who stands in.
        name: Option<String>,
    },
    /// A notice that did not arrive.
    Notice(Option<NoticeId>),
    /// The ledger.
    Ledger,
    /// A token: which, and what it lets its holder do. A new one has no id yet.
    Token {
        /// Which.
        id: Option<TokenId>,
        /// What it lets its holder do.
        roles: BTreeSet<Role>,
    },
    /// The documents in force, and those of before.
    Estate,
    /// A plan for a set of people.
    Plan,
    /// What the brakes hold.
    Held,
}

/// A task as the policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskThing {
    /// Which. None: all of them.
    pub id: Option<TaskId>,
    /// What kind of thing is asked.
    pub kind: TaskKind,
    /// The names of those whom it is for.
    pub holders: BTreeSet<String>,
    /// The names of those who stand in for whom it is for.
    pub deputies: BTreeSet<String>,
    /// The role whose holders it is for.
    pub role: Option<Role>,
    /// The names of those who may not do it.
    pub barred: BTreeSet<String>,
}

impl TaskThing {
    /// Every task, for lists.
    pub fn all() -> Self {
        Self { id: None, kind: TaskKind::Work, holders: [].into(), deputies: [].into(), role: None, barred: [].into() }
    }

    /// Tasks of somebody, for lists.
    pub fn of(name: &str) -> Self {
        Self { holders: [name.to_owned()].into(), ..Self::all() }
    }
}

impl Thing {
    /// What kind of thing it is.
    pub fn kind(&self) -> ThingKind {
        match self {
            Self::Installation => ThingKind::Installation,
            Self::Person(_) => ThingKind::Person,
            Self::Event(_) => ThingKind::Event,
            Self::Run(_) => ThingKind::Run,
            Self::Connection(_) => ThingKind::Connection,
            Self::Case(_) => ThingKind::Case,
            Self::Task(_) => ThingKind::Task,
            Self::Deputy { .. } => ThingKind::Deputy,
            Self::Notice(_) => ThingKind::Notice,
            Self::Ledger => ThingKind::Ledger,
            Self::Token { .. } => ThingKind::Token,
            Self::Estate => ThingKind::Estate,
            Self::Plan => ThingKind::Plan,
            Self::Held => ThingKind::Held,
        }
    }

    /// The thing as the policies see it. None if it cannot be said, which is refused.
    pub(super) fn entity(&self) -> Option<Entity> {
        let kind = self.kind().word();
        match self {
            Self::Installation | Self::Ledger | Self::Estate | Self::Plan | Self::Held => plain(kind, "this"),
            Self::Person(id) => plain(kind, &or_all(id.as_ref())),
            Self::Run(id) => plain(kind, &or_all(id.as_ref())),
            Self::Case(id) => plain(kind, &or_all(id.as_ref())),
            Self::Notice(id) => plain(kind, &or_all(id.as_ref())),
            Self::Task(task) => task_entity(task),
            Self::Deputy { whom, name } => {
                // Nobody's name is empty, so "all of them" equals nobody's own.
                let text = |name: &Option<String>| RestrictedExpression::new_string(name.clone().unwrap_or_default());
                with(kind, "this", [("whom", text(whom)), ("name", text(name))], [])
            }
            Self::Event(connection) | Self::Connection(connection) => {
                // A connection's name is never empty, so "all of them" equals no source's own.
                let name = connection.as_ref().map(ToString::to_string).unwrap_or_default();
                with(kind, &or_all(connection.as_ref()), [("connection", RestrictedExpression::new_string(name))], [])
            }
            Self::Token { id, roles } => {
                let holder = RestrictedExpression::new_entity_uid(uid("Caller", &or_all(id.as_ref()))?);
                let words = roles.iter().map(|role| RestrictedExpression::new_string(role.word().to_owned()));
                let roles = RestrictedExpression::new_set(words);
                with(kind, &or_all(id.as_ref()), [("holder", holder), ("roles", roles)], [])
            }
        }
    }
}

fn task_entity(task: &TaskThing) -> Option<Entity> {
    let names = |names: &BTreeSet<String>| {
        RestrictedExpression::new_set(names.iter().map(|name| RestrictedExpression::new_string(name.clone())))
    };
    let roles = task.role.iter().map(|role| uid("Role", role.word())).collect::<Option<Vec<_>>>()?;
    let roles = RestrictedExpression::new_set(roles.into_iter().map(RestrictedExpression::new_entity_uid));
    let kind = RestrictedExpression::new_string(task.kind.word().to_owned());
    let attributes = [
        ("kind", kind),
        ("holders", names(&task.holders)),
        ("deputies", names(&task.deputies)),
        ("roles", roles),
        ("barred", names(&task.barred)),
    ];
    with("Task", &or_all(task.id.as_ref()), attributes, [])
}

/// Whoever asks, as the policies see them.
pub(super) fn actor_entity(actor: &Actor) -> Option<Entity> {
    match &actor.kind {
        ActorKind::Caller { token, roles } => {
            let roles = roles.iter().map(|role| uid("Role", role.word())).collect::<Option<Vec<_>>>()?;
            let name = RestrictedExpression::new_string(actor.name.clone());
            with("Caller", &token.to_string(), [("name", name)], roles)
        }
        ActorKind::Source { token, connection } => {
            let name = RestrictedExpression::new_string(connection.to_string());
            with("Source", &token.to_string(), [("connection", name)], [])
        }
        ActorKind::System => plain("System", &actor.name),
    }
}

/// A name in the policies.
pub(super) fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(kind).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn or_all(id: Option<&impl ToString>) -> String {
    id.map_or_else(|| "*".to_owned(), ToString::to_string)
}

fn plain(kind: &str, id: &str) -> Option<Entity> {
    with(kind, id, [], [])
}

fn with(
    kind: &str,
    id: &str,
    attributes: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
    parents: impl IntoIterator<Item = EntityUid>,
) -> Option<Entity> {
    let attributes: HashMap<String, RestrictedExpression> =
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let parents: HashSet<EntityUid> = parents.into_iter().collect();
    Entity::new(uid(kind, id)?, attributes, parents).ok()
}
