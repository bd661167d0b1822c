//! Whether what goes to a connector outside this program, and what comes back, fits what it says
//! of itself. Pure.

use tenure_connect::{
    AttributeRule, Batch, Completeness, Description, Locator, ObjectClass, Page, Query, Refusal, RefusalClass, Seen,
    SeenEntitlement, Write,
};
use tenure_model::{Attributes, Observed};

use super::host::Host;

/// The refusal for an answer that does not fit.
fn misfit(host: &Host, why: &str) -> Refusal {
    let message = format!("`{}` answered {why}; nothing of the answer is used", host.name());
    Refusal::new(RefusalClass::Invalid, message)
}

fn rule<'a>(description: &'a Description, name: &str) -> Option<&'a AttributeRule> {
    description.class(ObjectClass::Account)?.attributes.iter().find(|rule| rule.name == name)
}

/// Whether this may be written at all.
pub(super) fn write(description: &Description, write: &Write) -> Result<(), Refusal> {
    let each = |attributes: &Attributes, fits: fn(&AttributeRule) -> bool| {
        attributes.keys().try_for_each(|name| writable(description, name, fits))
    };
    match write {
        Write::Create { attributes } => each(attributes, |rule| rule.write || rule.create_only || rule.placing),
        Write::Set { attributes } => each(attributes, |rule| rule.write),
        Write::Move { attributes } => each(attributes, |rule| rule.placing),
        Write::Amend { attribute, .. } => writable(description, attribute, |rule| rule.write && rule.many),
        Write::SetPassword { .. }
        | Write::Enable
        | Write::Disable
        | Write::Grant { .. }
        | Write::Revoke { .. }
        | Write::End { .. }
        | Write::Delete
        | Write::Restore => Ok(()),
    }
}

fn writable(description: &Description, name: &str, fits: fn(&AttributeRule) -> bool) -> Result<(), Refusal> {
    let kind = &description.kind;
    let why = match rule(description, name) {
        None => "does not have",
        Some(rule) if !fits(rule) => "does not write in this way",
        Some(_) => return Ok(()),
    };
    let message =
        format!("attribute `{name}` is one that the connector `{kind}` {why}; its description says what it can");
    Err(Refusal::new(RefusalClass::Invalid, message))
}

/// Whether this account is the one that was asked for, and shows only what is described.
pub(super) fn account(host: &Host, asked: &Locator, seen: &Observed) -> Result<(), Refusal> {
    if let Locator::Native(id) = asked
        && seen.native_id.as_ref() != Some(id)
    {
        return Err(misfit(host, &format!("with somebody else than `{id}`")));
    }
    shown(host, seen)
}

fn shown(host: &Host, seen: &Observed) -> Result<(), Refusal> {
    let open = |name: &&String| rule(host.description(), name).is_some_and(|rule| rule.read && !rule.secret);
    match seen.attributes.keys().find(|name| !open(name)) {
        Some(name) => Err(misfit(host, &format!("with attribute `{}`, which it must not show", host.clean(name)))),
        None => Ok(()),
    }
}

/// Whether this page is one of those that were asked for.
pub(super) fn batch(host: &Host, query: &Query, page: &Page, batch: &Batch) -> Result<(), Refusal> {
    if batch.objects.len() > page.size() as usize {
        return Err(misfit(host, &format!("with {} objects where {} fit", batch.objects.len(), page.size())));
    }
    if batch.next.is_some() != (batch.completeness == Completeness::Open) {
        return Err(misfit(host, "with a next page of a reading that is not open, or with none of one that is"));
    }
    for object in &batch.objects {
        match (query.class, object) {
            (ObjectClass::Account, Seen::Account(seen)) => shown(host, seen)?,
            (ObjectClass::Entitlement, Seen::Entitlement(_)) => {}
            (ObjectClass::Account | ObjectClass::Entitlement, _) => {
                return Err(misfit(host, "with objects of another class"));
            }
        }
    }
    Ok(())
}

/// The only entitlement in an answer, if there is one.
pub(super) fn one(host: &Host, locator: &Locator, batch: &Batch) -> Result<Option<SeenEntitlement>, Refusal> {
    let mut found = batch.objects.iter().filter_map(Seen::entitlement);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(misfit(host, &format!("with more than one entitlement for `{locator}`"))),
        (found, _) => Ok(found.cloned()),
    }
}
