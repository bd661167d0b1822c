//! Cases about what a connector says of itself. None of them writes.

use std::collections::BTreeSet;

use super::cases;
use super::steps::{Bench, Step, failed, not_run, same, words};
use crate::change::Write;
use crate::description::{Description, Verb};
use crate::feed::ChangeFeed;
use crate::limits::PAGE_OBJECTS_MAX;
use crate::locator::Locator;
use crate::outcome::Outcome;
use crate::query::ObjectClass;
use crate::refusal::RefusalClass;
use crate::surface::{Artifact, Reach};

cases![
    describes_itself,
    the_kind_is_a_word,
    every_attribute_is_described_once,
    every_class_has_a_name_and_an_id,
    the_native_id_is_not_for_us_to_write,
    a_secret_can_not_be_read_or_found_by,
    the_limits_are_those_of_the_contract,
    every_artifact_is_declared,
    what_is_out_of_reach_has_a_reason,
    somebody_who_leaves_can_be_kept_out,
    ending_is_described_where_something_ends,
    moving_is_described_where_something_moves,
    amending_is_described_where_something_has_several_values,
    what_is_given_can_be_taken,
    a_way_to_sign_in_is_declared,
    every_exception_is_a_case_and_has_a_reason,
    the_description_can_be_written_down,
    a_verb_that_is_not_described_is_refused,
    what_is_not_listed_is_refused,
    a_feed_that_is_not_described_is_refused,
    discovery_knows_what_is_described,
];

async fn describes_itself(bench: &Bench<'_>) -> Step {
    let class = bench.accounts()?;
    let has = |name: &str| class.attributes.iter().any(|rule| rule.name == name);
    let own = [bench.fixture.identifying_attribute, class.naming_attribute.as_str()];
    for name in own.into_iter().chain(bench.fixture.free_attribute) {
        if !has(name) {
            return failed(format!("attribute `{name}` is not described"));
        }
    }
    Ok(())
}

async fn the_kind_is_a_word(bench: &Bench<'_>) -> Step {
    let kind = &bench.description().kind;
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if kind.is_empty() || !kind.bytes().all(word) {
        return failed(format!("expected a kind of small letters, digits and hyphens, came `{kind}`"));
    }
    Ok(())
}

async fn every_attribute_is_described_once(bench: &Bench<'_>) -> Step {
    for class in &bench.description().classes {
        let mut names = BTreeSet::new();
        for rule in &class.attributes {
            if rule.name.is_empty() || !names.insert(rule.name.to_lowercase()) {
                return failed(format!("`{}` describes attribute `{}` twice", class.native_name, rule.name));
            }
        }
    }
    Ok(())
}

async fn every_class_has_a_name_and_an_id(bench: &Bench<'_>) -> Step {
    let mut classes = BTreeSet::new();
    for class in &bench.description().classes {
        same("whether the class is new", &classes.insert(class.class), &true)?;
        for name in [&class.id_attribute, &class.naming_attribute] {
            if !class.attributes.iter().any(|rule| rule.name == *name && rule.read) {
                return failed(format!("`{}` does not describe its attribute `{name}` as readable", class.native_name));
            }
        }
    }
    Ok(())
}

async fn the_native_id_is_not_for_us_to_write(bench: &Bench<'_>) -> Step {
    for class in &bench.description().classes {
        let id = class.attributes.iter().find(|rule| rule.name == class.id_attribute);
        if id.is_some_and(|rule| rule.write || rule.placing) {
            return failed(format!(
                "`{}` of `{}` can be changed, so it identifies nobody",
                class.id_attribute, class.native_name
            ));
        }
    }
    Ok(())
}

async fn a_secret_can_not_be_read_or_found_by(bench: &Bench<'_>) -> Step {
    let rules = bench.description().classes.iter().flat_map(|class| &class.attributes);
    match rules.into_iter().find(|rule| rule.secret && (rule.read || rule.filterable)) {
        Some(rule) => failed(format!("attribute `{}` is a secret and can be read or found by", rule.name)),
        None => Ok(()),
    }
}

async fn the_limits_are_those_of_the_contract(bench: &Bench<'_>) -> Step {
    let limits = &bench.description().limits;
    if limits.page_objects_max == 0 || limits.requests_at_once_max == 0 || limits.requests_per_second_max == Some(0) {
        return failed("a limit is zero, so nothing could ever be asked");
    }
    if limits.page_objects_max > PAGE_OBJECTS_MAX {
        return failed(format!("expected pages of at most {PAGE_OBJECTS_MAX}, came {}", limits.page_objects_max));
    }
    Ok(())
}

async fn every_artifact_is_declared(bench: &Bench<'_>) -> Step {
    let missing = Artifact::ALL.into_iter().find(|kind| !bench.description().surface.contains_key(kind));
    match missing {
        Some(kind) => failed(format!("how far the connector reaches for `{kind}` is not declared")),
        None => Ok(()),
    }
}

async fn what_is_out_of_reach_has_a_reason(bench: &Bench<'_>) -> Step {
    let short = |reach: &Reach| reach.why().is_some_and(|why| why.trim().is_empty());
    match bench.description().surface.iter().find(|(_, reach)| short(reach)) {
        Some((kind, _)) => failed(format!("`{kind}` is not wholly within reach, and nobody says why")),
        None => Ok(()),
    }
}

async fn somebody_who_leaves_can_be_kept_out(bench: &Bench<'_>) -> Step {
    let Description { verbs, surface, .. } = bench.description();
    if !verbs.contains_key(&Verb::Create) {
        return not_run("it makes no accounts");
    }
    let out = verbs.contains_key(&Verb::Disable) || verbs.contains_key(&Verb::Delete);
    same("whether accounts can be disabled or deleted", &out, &true)?;
    same(
        "whether the account is declared as within reach",
        &surface.get(&Artifact::Account).is_some_and(Reach::ends),
        &true,
    )
}

async fn ending_is_described_where_something_ends(bench: &Bench<'_>) -> Step {
    let Description { verbs, surface, .. } = bench.description();
    let own_verb = |kind: &Artifact| matches!(kind, Artifact::Account | Artifact::Membership);
    let ends = surface.iter().any(|(kind, reach)| !own_verb(kind) && reach.ends());
    same("whether `end` is described", &verbs.contains_key(&Verb::End), &ends)
}

async fn moving_is_described_where_something_moves(bench: &Bench<'_>) -> Step {
    let moves = bench.accounts()?.attributes.iter().any(|rule| rule.placing);
    same("whether `move` is described", &bench.description().verbs.contains_key(&Verb::Move), &moves)
}

async fn amending_is_described_where_something_has_several_values(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Amend)?;
    let many = bench.accounts()?.attributes.iter().any(|rule| rule.many && rule.write);
    same("whether an attribute with several values is described", &many, &true)
}

async fn what_is_given_can_be_taken(bench: &Bench<'_>) -> Step {
    let verbs = &bench.description().verbs;
    for (give, take) in [(Verb::Grant, Verb::Revoke), (Verb::Enable, Verb::Disable), (Verb::Restore, Verb::Delete)] {
        if verbs.contains_key(&give) && !verbs.contains_key(&take) {
            return failed(format!("`{give}` is described and `{take}` is not"));
        }
    }
    Ok(())
}

async fn a_way_to_sign_in_is_declared(bench: &Bench<'_>) -> Step {
    same("whether any credential is declared", &bench.description().credentials.is_empty(), &false)
}

async fn every_exception_is_a_case_and_has_a_reason(bench: &Bench<'_>) -> Step {
    let names = super::names();
    for (name, reason) in &bench.description().exceptions {
        if !names.contains(&name.as_str()) {
            return failed(format!("`{name}` is declared as an exception, and there is no such case"));
        }
        if reason.trim().is_empty() {
            return failed(format!("the exception `{name}` has no reason"));
        }
    }
    Ok(())
}

async fn the_description_can_be_written_down(bench: &Bench<'_>) -> Step {
    let text = serde_json::to_string(bench.description()).map_err(|error| format!("it has no JSON: {error}"))?;
    let back: Description = serde_json::from_str(&text).map_err(|error| format!("its JSON is not read: {error}"))?;
    same("whether it is the same when read back", &(back == *bench.description()), &true)
}

async fn a_verb_that_is_not_described_is_refused(bench: &Bench<'_>) -> Step {
    let account = Locator::attribute(bench.fixture.identifying_attribute, bench.name("nobody"));
    let writes = [
        Write::Create { attributes: [].into() },
        Write::Enable,
        Write::Disable,
        Write::Delete,
        Write::Restore,
        Write::Amend { attribute: bench.fixture.identifying_attribute.into(), add: vec![], remove: vec![] },
        Write::Move { attributes: [].into() },
    ];
    let verbs = &bench.description().verbs;
    let others: Vec<Write> = writes.into_iter().filter(|write| !verbs.contains_key(&write.verb())).collect();
    let ends = Artifact::ALL.into_iter().filter(|kind| !bench.description().surface.get(kind).is_some_and(Reach::ends));
    for write in others.into_iter().chain(ends.map(|artifact| Write::End { artifact })) {
        let change = crate::change::Change::new(account.clone(), write);
        match bench.connector.apply(&change, &bench.operation(&change)?).await {
            Outcome::Refused(refusal) => same("the class of the refusal", &refusal.class, &RefusalClass::Unsupported)?,
            Outcome::Done { .. } | Outcome::Unknown(_) => {
                return failed(format!("`{}` is not described and was not refused", change.summary));
            }
        }
    }
    Ok(())
}

async fn what_is_not_listed_is_refused(bench: &Bench<'_>) -> Step {
    let account = Locator::attribute(bench.fixture.identifying_attribute, bench.name("nobody"));
    for (kind, reach) in &bench.description().surface {
        if reach.lists() {
            continue;
        }
        match bench.connector.artifacts(&account, *kind).await {
            Ok(_) => return failed(format!("`{kind}` is declared as not to be listed, and a list came")),
            Err(refusal) => same("the class of the refusal", &refusal.class, &RefusalClass::Unsupported)?,
        }
    }
    Ok(())
}

async fn a_feed_that_is_not_described_is_refused(bench: &Bench<'_>) -> Step {
    for class in [ObjectClass::Account, ObjectClass::Entitlement] {
        if bench.description().feed(class) != ChangeFeed::None {
            continue;
        }
        match bench.connector.changes(class, None).await {
            Ok(_) => return failed(format!("a feed of {class:?} is not described, and an answer came")),
            Err(refusal) => same("the class of the refusal", &refusal.class, &RefusalClass::Unsupported)?,
        }
    }
    Ok(())
}

async fn discovery_knows_what_is_described(bench: &Bench<'_>) -> Step {
    let found = bench.connector.discover().await.map_err(words("discover"))?;
    for class in &bench.description().classes {
        let Some(known) = found.description.class(class.class) else {
            return failed(format!("discovery does not know the class `{}`", class.native_name));
        };
        let has = |name: &String| known.attributes.iter().any(|rule| rule.name.eq_ignore_ascii_case(name));
        if let Some(rule) = class.attributes.iter().find(|rule| !has(&rule.name)) {
            return failed(format!("`{}` is described, and the system does not have it", rule.name));
        }
    }
    Ok(())
}
