//! What a connection to a directory says of itself, by its settings alone.

use std::collections::BTreeMap;
use std::time::Duration;

use tenure_connect::{
    Artifact, AttributeRule, ChangeFeed, ClassDescription, Credential, Description, Limits, ObjectClass, Reach,
    Reversibility, Shape, Verb, limits,
};

use super::config::{ChangeSource, LdapConfig};
use super::container::CONTAINER;
use super::dialect::{Dialect, one_of};
use super::form::Form;
use super::nested::NESTED_GROUPS;
use crate::limits::LDAP_CONNECTIONS_MAX;

/// Object classes whose entries must have `cn` and `sn`.
const PERSON_CLASSES: [&str; 3] = ["person", "organizationalPerson", "inetOrgPerson"];

/// The description of a connection with these settings.
pub(super) fn describe(config: &LdapConfig) -> Description {
    // A created account can be deleted again, but the next one has another `entryUUID`.
    let verbs = BTreeMap::from([
        (Verb::Create, Reversibility::Lossy),
        (Verb::Set, Reversibility::Exact),
        (Verb::Enable, Reversibility::Exact),
        (Verb::Disable, Reversibility::Exact),
        (Verb::Grant, Reversibility::Exact),
        (Verb::Revoke, Reversibility::Exact),
        (Verb::Amend, Reversibility::Exact),
        (Verb::Move, Reversibility::Exact),
        (Verb::SetPassword, Reversibility::Irreversible),
        (Verb::Delete, Reversibility::Lossy),
    ]);
    let requests = u32::try_from(LDAP_CONNECTIONS_MAX).unwrap_or(u32::MAX);
    Description {
        classes: vec![accounts(config), groups(config)],
        limits: Limits {
            requests_at_once_max: requests,
            page_objects_max: limits::PAGE_OBJECTS_MAX,
            requests_per_second_max: None,
        },
        consistency_delay: Duration::ZERO,
        verbs,
        surface: surface(config.dialect),
        feeds: [(ObjectClass::Account, feed(config.changes))].into(),
        credentials: [Credential::Password].into(),
        ..Description::new(config.dialect.kind())
    }
}

fn accounts(config: &LdapConfig) -> ClassDescription {
    let (people, dialect) = (&config.people, config.dialect);
    let mut attributes: Vec<AttributeRule> = people.attributes.iter().map(|name| rule(config, name)).collect();
    let id = dialect.id_attribute();
    attributes.push(AttributeRule::read_only(id));
    if config.groups.nested {
        let groups = Shape::Reference { to: ObjectClass::Entitlement };
        let rule = AttributeRule::read_only(NESTED_GROUPS).many().of(groups);
        attributes.push(AttributeRule { filterable: false, ..rule });
    }
    ClassDescription {
        class: ObjectClass::Account,
        native_name: people.object_classes.first().cloned().unwrap_or_default(),
        id_attribute: id.into(),
        naming_attribute: people.rdn.clone(),
        attributes,
    }
}

fn rule(config: &LdapConfig, name: &str) -> AttributeRule {
    let (people, dialect) = (&config.people, config.dialect);
    let is_person = people.object_classes.iter().any(|class| one_of(class, &PERSON_CLASSES));
    if name == CONTAINER {
        return AttributeRule { filterable: false, ..AttributeRule::placing(name) };
    }
    let shape = match Form::of(dialect, name) {
        Form::Text => Shape::Text,
        Form::Moment => Shape::Instant,
    };
    let rule = if name.eq_ignore_ascii_case(&people.rdn) {
        let rule = AttributeRule::placing(name).required();
        // In a domain a name of an entry is the only one of its container.
        if dialect == Dialect::ActiveDirectory { rule } else { rule.unique() }
    } else if dialect.is_read_only(name) {
        AttributeRule::read_only(name)
    } else if dialect.has_many(name) {
        AttributeRule::open(name).many()
    } else if dialect == Dialect::ActiveDirectory && one_of(name, &["sAMAccountName"]) {
        AttributeRule::open(name).required().unique()
    } else if dialect == Dialect::Rfc && is_person && one_of(name, &["cn", "sn"]) {
        AttributeRule::open(name).required()
    } else {
        AttributeRule::open(name)
    };
    AttributeRule { filterable: shape == Shape::Text, ..rule.of(shape) }
}

fn groups(config: &LdapConfig) -> ClassDescription {
    let id = config.dialect.id_attribute();
    ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: config.groups.object_class.clone(),
        id_attribute: id.into(),
        naming_attribute: config.groups.rdn.clone(),
        attributes: vec![AttributeRule::read_only(&config.groups.rdn), AttributeRule::read_only(id).unique()],
    }
}

fn feed(source: ChangeSource) -> ChangeFeed {
    match source {
        // What is announced is not known before the server was asked.
        ChangeSource::Announced | ChangeSource::Timestamps | ChangeSource::UpdateNumbers => ChangeFeed::Imprecise,
        ChangeSource::Syncrepl | ChangeSource::Accesslog | ChangeSource::Dirsync => ChangeFeed::Precise,
    }
}

/// A directory knows who may sign in and not who has; what was signed in with it lives elsewhere.
fn surface(dialect: Dialect) -> BTreeMap<Artifact, Reach> {
    let (sessions, keys) = match dialect {
        Dialect::Rfc => (
            "programs that sign people in against a directory keep their own sessions and tokens",
            "keys on an entry, such as `sshPublicKey`, are attributes and not listed yet",
        ),
        Dialect::ActiveDirectory => (
            "Kerberos tickets that were handed out stay good until they end, ten hours by default; no domain \
             controller lists or ends them, and a disabled account gets no new ones",
            "certificates and keys that are bound to an account, such as those of Windows Hello, are not listed yet; \
             a disabled account does not sign in with them",
        ),
    };
    let reach = |artifact| match artifact {
        Artifact::Account | Artifact::Membership => Reach::Whole,
        Artifact::Session | Artifact::Token => Reach::out(sessions),
        Artifact::Key => Reach::out(keys),
        Artifact::AppPassword | Artifact::License | Artifact::Ownership => Reach::NotThere,
    };
    Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into()
}
