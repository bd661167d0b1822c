//! What a connection can do, by the word of its pack.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tenure_connect::{
    Artifact, AttributeRule, ChangeFeed, ClassDescription, Credential, Description, Limits, ObjectClass, Reach, Shape,
    Verb, limits,
};

use super::account::WITH;
use super::pack::{Accounts, ArtifactPlan, Attribute, AuthPlan, Entitlements, Feed, Give, Pack, Source, Style};
use crate::limits::HTTP_REQUESTS_AT_ONCE_MAX;

/// The attribute with the id, where the pack gives it no name of its own.
const ID: &str = "id";

impl Pack {
    /// What can be done by it, before any connection says more.
    pub fn describe(&self) -> Description {
        description(self, self.seen_after)
    }

    /// How many accounts come on a page, if they come in pages, and whether the service counts them.
    pub fn listing(&self) -> (Option<u32>, bool) {
        let list = &self.accounts.list;
        let pages = (list.style != Style::Whole).then_some(list.size_max);
        (pages, list.total.is_some() || pages.is_none())
    }
}

pub(super) fn description(pack: &Pack, seen_after: Duration) -> Description {
    let mut verbs: BTreeMap<Verb, _> = pack.operations.iter().map(|(verb, one)| (*verb, one.undo)).collect();
    let several = pack.accounts.attributes.iter().any(|one| one.many && one.give == Give::Always);
    if let Some(set) = verbs.get(&Verb::Set).copied().filter(|_| several) {
        verbs.insert(Verb::Amend, set);
    }
    if pack.artifacts.values().any(|plan| matches!(plan, ArtifactPlan::Reached(reached) if !reached.end.is_empty())) {
        verbs.insert(Verb::End, tenure_connect::Reversibility::Irreversible);
    }
    Description {
        classes: [account(pack)].into_iter().chain(pack.entitlements.as_ref().map(entitlement)).collect(),
        limits: Limits {
            requests_at_once_max: u32::try_from(HTTP_REQUESTS_AT_ONCE_MAX).unwrap_or(u32::MAX),
            page_objects_max: pack.accounts.list.size_max.min(limits::PAGE_OBJECTS_MAX),
            requests_per_second_max: pack.requests_per_second_max,
        },
        actions: pack.actions.iter().map(|(name, plan)| (name.clone(), plan.rule())).collect(),
        consistency_delay: seen_after,
        feeds: pack.accounts.feed.iter().map(|feed| (ObjectClass::Account, told(feed))).collect(),
        surface: surface(pack, &verbs.keys().copied().collect()),
        verbs,
        credentials: [credential(&pack.auth)].into(),
        exceptions: pack.exceptions.clone(),
        ..Description::new("rest")
    }
}

/// What is told of changes. Who vanished is told only where the pack says how that looks.
fn told(feed: &Feed) -> ChangeFeed {
    if feed.gone.is_empty() { ChangeFeed::Imprecise } else { ChangeFeed::Precise }
}

/// The names of everything that is read of an account itself, with commas.
pub(super) fn fields(accounts: &Accounts) -> String {
    let attributes = accounts.attributes.iter().map(|one| match &one.source {
        Source::At(pointer) | Source::Among { list: pointer, .. } => pointer,
    });
    let conditions =
        accounts.disabled.iter().chain(&accounts.disabled_by_all).chain(&accounts.deleted).chain(&accounts.list.leave);
    let conditions = conditions.filter_map(|one| one.within.as_deref().or_else(|| one.at.plain()));
    let places = std::iter::once(&accounts.id).chain(attributes);
    let places = places.chain(accounts.holds.iter().map(|holds| &holds.within)).map(String::as_str).chain(conditions);
    let names = places.filter_map(|place| place.split('/').nth(1)).filter(|name| !name.is_empty() && *name != WITH);
    let names: BTreeSet<String> = names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

fn account(pack: &Pack) -> ClassDescription {
    let rule = |one: &Attribute| AttributeRule {
        shape: one.shape,
        many: one.many,
        required: one.required,
        unique: one.unique,
        write: one.give == Give::Always && pack.operations.contains_key(&Verb::Set),
        create_only: one.give == Give::Once,
        filterable: one.find.is_some(),
        ..AttributeRule::open(&one.name)
    };
    let mut attributes: Vec<AttributeRule> = pack.accounts.attributes.iter().map(rule).collect();
    if !attributes.iter().any(|rule| rule.name == ID) {
        attributes.push(AttributeRule { filterable: false, ..AttributeRule::read_only(ID) }.unique());
    }
    ClassDescription {
        class: ObjectClass::Account,
        native_name: pack.accounts.native.clone(),
        id_attribute: ID.to_owned(),
        naming_attribute: pack.accounts.name.clone(),
        attributes,
    }
}

fn entitlement(known: &Entitlements) -> ClassDescription {
    let rule = |name: &String| AttributeRule { filterable: false, ..AttributeRule::read_only(name) };
    let mut attributes = vec![rule(&known.id_name).unique()];
    if known.name_name != known.id_name {
        attributes.push(rule(&known.name_name).of(Shape::Text));
    }
    ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: known.native.clone(),
        id_attribute: known.id_name.clone(),
        naming_attribute: known.name_name.clone(),
        attributes,
    }
}

fn credential(auth: &AuthPlan) -> Credential {
    match auth {
        AuthPlan::Basic { .. } | AuthPlan::Session { .. } => Credential::Password,
        AuthPlan::Bearer { .. } | AuthPlan::Header { .. } => Credential::Token,
        AuthPlan::ClientCredentials { .. } => Credential::ClientCredentials,
        AuthPlan::Assertion { .. } => Credential::SignedAssertion,
        AuthPlan::SigV4 { .. } | AuthPlan::Hmac { .. } => Credential::SignedRequest,
    }
}

fn surface(pack: &Pack, verbs: &BTreeSet<Verb>) -> BTreeMap<Artifact, Reach> {
    let reach = |kind: Artifact| match (kind, pack.artifacts.get(&kind)) {
        (Artifact::Account, _) if verbs.contains(&Verb::Disable) || verbs.contains(&Verb::Delete) => Reach::Whole,
        (Artifact::Account, _) => {
            Reach::ListOnly { why: "the pack describes neither `disable` nor `delete`".to_owned() }
        }
        (Artifact::Membership, _) if verbs.contains(&Verb::Revoke) => Reach::Whole,
        (Artifact::Membership, _) if pack.entitlements.is_none() => Reach::NotThere,
        (Artifact::Membership, _) => Reach::ListOnly { why: "the pack does not describe `revoke`".to_owned() },
        (_, Some(ArtifactPlan::NotThere)) => Reach::NotThere,
        (_, Some(ArtifactPlan::Out(why))) => Reach::out(why),
        (_, Some(ArtifactPlan::Reached(reached))) => {
            let why = reached.why.clone().unwrap_or_default();
            match (&reached.list, reached.end.is_empty()) {
                (Some(_), false) => Reach::Whole,
                (Some(_), true) => Reach::ListOnly { why },
                (None, _) => Reach::Unseen { why },
            }
        }
        (_, None) => Reach::out("the pack does not say"),
    };
    Artifact::ALL.map(|kind| (kind, reach(kind))).into()
}
