//! `tenure connect test`: the conformance suite against one connection of the estate.
//!
//! The suite writes, so it is prepared first: whoever started it is told where it would write and
//! what, and a system that is not plainly a scratch one needs a word of consent.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_blueprint::Connection;
use tenure_connect::conformance::{Ending, Fixture, Options, Report, ThroughReading, run_with};
use tenure_connect::{AnyConnector, AttributeRule, ClassDescription, Locator, ObjectClass, Page, Query, Shape, Verb};
use tenure_model::{Attributes, Clock, ConnectionName, Ids as _, SystemClock, SystemIds, Value};

use super::fault::HouseError;
use super::{estate, open, settings};
use crate::limits::{CONFORM_PAGE_OBJECTS, CONFORM_PAGES_MAX, SLUG_LENGTH_MAX};

/// The connector of systems that only humans reach.
const MANUAL: &str = "manual";

/// What to test.
#[derive(Debug, Clone)]
pub struct ConformOptions {
    /// The settings; `tenure.toml` if none.
    pub config: Option<PathBuf>,
    /// Which connection.
    pub connection: ConnectionName,
    /// Values that new accounts must have; `{name}` in them is another text each time, `{slug}` another plain word.
    pub set: BTreeMap<String, String>,
    /// Two entitlements that may be given and taken; the first two of the connection if none.
    pub entitlements: Vec<String>,
    /// Only cases whose name contains this.
    pub only: Option<String>,
}

/// A test that is ready to run and has written nothing.
pub struct Rehearsal {
    connector: Arc<dyn AnyConnector>,
    connection: ConnectionName,
    options: Options,
    template: Template,
    entitlements: Option<[Locator; 2]>,
    /// The system, in words.
    pub peer: String,
    /// Why it may be one that people work with; none for a scratch system.
    pub in_use: Option<String>,
    /// What would be written, a line each.
    pub writes: Vec<String>,
}

/// How the suite's accounts look.
struct Template {
    identifying: String,
    naming: String,
    /// None where accounts have no attribute of the kind.
    free: Option<String>,
    attributes: BTreeMap<String, String>,
}

/// What a test found.
#[derive(Debug, Clone)]
pub struct Conformed {
    /// Whether no case failed.
    pub green: bool,
    /// How many cases failed.
    pub failed: usize,
    /// A row for each case: `case`, `ending`, and `why`.
    pub cases: Vec<Json>,
    /// What could not be taken away again.
    pub left: Vec<String>,
    /// All in one line.
    pub summary: String,
}

/// Reads the settings and asks the system who it is. Writes nothing.
pub async fn rehearse(options: ConformOptions) -> Result<Rehearsal, HouseError> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = settings(options.config.as_ref(), None)?;
    let read = estate::read(&config.estate_folder).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let bad = |reason: String| HouseError::Connection { connection: options.connection.to_string(), reason };
    let connection = read.documents.connections.get(&options.connection);
    let connection = connection.ok_or_else(|| bad("there is no such connection in the estate".to_owned()))?;
    let connector = open::connector(connection, open::Folders::of(&config).with(&read.documents.packs), &clock)?
        .ok_or_else(|| bad("it only sends events, so there is nothing to test".to_owned()))?;
    let peer = connector.check().await.map_err(|refusal| bad(refusal.message))?.peer;
    let template = template(connector.as_ref(), connection, &options.set).map_err(bad)?;
    let wanted: Vec<String> = if options.entitlements.is_empty() {
        connection.entitlements.values().map(ToString::to_string).take(2).collect()
    } else {
        options.entitlements.clone()
    };
    let entitlements = entitlements(connector.as_ref(), &wanted).await.map_err(bad)?;
    let ids = SystemIds::new(clock);
    let prefix: String = ids.uuid().simple().to_string().chars().rev().take(6).collect();
    let prefix = format!("tt{prefix}-");
    let mut writes = writes(connector.as_ref(), &prefix, &template, entitlements.as_ref().map(|_| wanted.as_slice()));
    if connection.connector == MANUAL {
        writes.insert(0, "asks nobody: it plays whoever is asked itself, in memory, and keeps nothing".to_owned());
    }
    Ok(Rehearsal {
        in_use: in_use(connection),
        writes,
        connection: options.connection,
        options: Options {
            prefix,
            page_objects: CONFORM_PAGE_OBJECTS,
            entitlements: entitlements.is_some(),
            only: options.only,
            ..Options::default()
        },
        connector,
        template,
        entitlements,
        peer,
    })
}

impl Rehearsal {
    /// Runs the suite. It takes away again what it makes.
    pub async fn run(self) -> Conformed {
        let template = &self.template;
        let attributes = |name: &str| -> Attributes {
            let filled = template.attributes.iter().map(|(key, text)| {
                let text = text.replace("{name}", name).replace("{slug}", &slug(name));
                (key.clone(), Value::from(text))
            });
            filled.collect()
        };
        let nothing = || [Locator::native("none"), Locator::native("none")];
        let fixture = Fixture {
            identifying_attribute: &template.identifying,
            attributes: &attributes,
            free_attribute: template.free.as_deref(),
            naming_attribute: &template.naming,
            entitlements: self.entitlements.clone().unwrap_or_else(nothing),
            witness: &ThroughReading(self.connector.as_ref()),
        };
        let report = run_with(self.connector.as_ref(), &fixture, &self.options).await;
        conformed(&self.connection, report)
    }
}

fn conformed(connection: &ConnectionName, report: Report) -> Conformed {
    let row = |(case, ending): &(&'static str, Ending)| {
        let (word, why) = match ending {
            Ending::Passed => ("passed", String::new()),
            Ending::Failed { how } => ("failed", how.clone()),
            Ending::Excused { reason, how } => ("excused", format!("{reason} ({how})")),
            Ending::NotRun { why } => ("not-run", why.clone()),
        };
        json!({ "connection": connection, "case": case, "ending": word, "why": why })
    };
    Conformed {
        green: report.is_green(),
        failed: report.failures().len(),
        cases: report.cases.iter().map(row).collect(),
        summary: report.summary(),
        left: report.left,
    }
}

/// What would be written, in words.
fn writes(connector: &dyn AnyConnector, prefix: &str, template: &Template, groups: Option<&[String]>) -> Vec<String> {
    let verbs = &connector.describe().verbs;
    if !verbs.contains_key(&Verb::Create) {
        return vec!["nothing; the connector only reads".to_owned()];
    }
    let away = if verbs.contains_key(&Verb::Delete) {
        "deletes them again"
    } else {
        "leaves them behind disabled, because it cannot delete"
    };
    let mut lines = vec![format!(
        "makes accounts whose `{}` and `{}` begin with `{prefix}`, changes them, and {away}",
        template.identifying, template.naming
    )];
    if let Some(groups) = groups {
        lines.push(format!("gives these accounts `{}` and takes them away again", groups.join("` and `")));
    }
    lines
}

/// Why the system may be one that people work with.
fn in_use(connection: &Connection) -> Option<String> {
    // Humans are only rehearsed.
    if [MANUAL, "memory"].contains(&connection.connector.as_str()) {
        return None;
    }
    let mut hosts = Vec::new();
    collect_hosts(&connection.config, &mut hosts);
    match hosts.iter().find(|host| !is_scratch(host)) {
        Some(host) => Some(format!("`{host}` is not on this machine")),
        None if hosts.is_empty() => Some("its settings name no host on this machine".to_owned()),
        None => None,
    }
}

/// The hosts of every URL in the settings.
fn collect_hosts(config: &Json, hosts: &mut Vec<String>) {
    match config {
        Json::String(text) => hosts.extend(host_of(text)),
        Json::Array(items) => items.iter().for_each(|item| collect_hosts(item, hosts)),
        Json::Object(fields) => fields.values().for_each(|field| collect_hosts(field, hosts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn host_of(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => host.split(':').next()?,
    };
    Some(host.to_ascii_lowercase())
}

/// A host of this machine, or a name that is kept for tests.
fn is_scratch(host: &str) -> bool {
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let kept = [".test", ".localhost", ".invalid"].iter().any(|end| host.ends_with(end));
    loopback || kept || host == "localhost"
}

fn template(
    connector: &dyn AnyConnector,
    connection: &Connection,
    set: &BTreeMap<String, String>,
) -> Result<Template, String> {
    let class = connector.describe().class(ObjectClass::Account).ok_or("it has no accounts")?;
    let identifying = match &connection.account.matched_by {
        Some(name) => name.clone(),
        None => class
            .attributes
            .iter()
            .find(|rule| rule.unique && (rule.write || rule.create_only))
            .map(|rule| rule.name.clone())
            .ok_or("its document says in no `account.match` by which attribute accounts are found")?,
    };
    let used = |rule: &&AttributeRule| {
        let given = rule.write || rule.create_only || rule.placing;
        let wanted =
            rule.required || rule.name == class.naming_attribute || connection.account.set.contains_key(&rule.name);
        given && wanted && rule.shape == Shape::Text && !rule.secret && rule.name != identifying
    };
    let usual = |rule: &AttributeRule| {
        let mail = rule.name.to_lowercase().contains("mail");
        if mail { "{slug}@tenure.invalid".to_owned() } else { "{name}".to_owned() }
    };
    let mut attributes: BTreeMap<String, String> =
        class.attributes.iter().filter(used).map(|rule| (rule.name.clone(), usual(rule))).collect();
    attributes.extend(set.clone());
    Ok(Template {
        free: free_attribute(class, &identifying),
        naming: class.naming_attribute.clone(),
        identifying,
        attributes,
    })
}

/// An attribute that nobody minds.
fn free_attribute(class: &ClassDescription, identifying: &str) -> Option<String> {
    let fits = |rule: &&AttributeRule| {
        let plain = !rule.required && !rule.unique && !rule.many && !rule.placing && !rule.secret;
        let own = rule.name == identifying || rule.name == class.naming_attribute;
        plain && rule.read && rule.write && rule.shape == Shape::Text && !own
    };
    let all: Vec<&AttributeRule> = class.attributes.iter().filter(fits).collect();
    let liked = ["title", "description", "displayname"];
    let best = liked.iter().find_map(|name| all.iter().find(|rule| rule.name.to_lowercase() == *name));
    best.or_else(|| all.first()).map(|rule| rule.name.clone())
}

/// The two entitlements by native id; none where nobody named two.
async fn entitlements(connector: &dyn AnyConnector, wanted: &[String]) -> Result<Option<[Locator; 2]>, String> {
    let [first, second, ..] = wanted else { return Ok(None) };
    let mut page = Page::first();
    let mut known: Vec<(String, String)> = Vec::new();
    for _ in 0..CONFORM_PAGES_MAX {
        let batch = connector.read(&Query::entitlements(), &page).await.map_err(|refusal| refusal.message)?;
        let seen = batch.objects.iter().filter_map(|seen| seen.entitlement());
        known.extend(seen.map(|one| (one.native_id.to_string(), one.name.clone())));
        let Some(next) = batch.next else { break };
        page = page.then(next);
    }
    let find = |name: &String| {
        let found = known.iter().find(|(id, title)| id == name || title == name);
        let found = found.ok_or_else(|| format!("there is no entitlement `{name}`; name two with --entitlement"));
        found.map(|(id, _)| Locator::native(id.clone()))
    };
    Ok(Some([find(first)?, find(second)?]))
}

/// The name in small letters, digits and hyphens: short enough for a login anywhere.
fn slug(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let slug: String = name.chars().map(plain).collect();
    if slug == name && slug.len() <= SLUG_LENGTH_MAX {
        return slug;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let kept: String = slug.chars().take(SLUG_LENGTH_MAX - 17).collect();
    format!("{kept}-{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_names_for_tests_are_scratch() {
        for scratch in
            ["ldap://127.0.0.1:3890", "https://[::1]:8443/scim", "postgres://u:p@localhost/db", "http://x.test"]
        {
            assert!(is_scratch(&host_of(scratch).unwrap()), "{scratch}");
        }
        for real in ["ldaps://ldap.example.com", "https://127.0.0.1.example.com/x", "https://localhost@real.example"] {
            assert!(!is_scratch(&host_of(real).unwrap()), "{real}");
        }
    }

    #[test]
    fn a_slug_is_a_short_plain_word_and_another_for_every_name() {
        assert_eq!(slug("tt1-c05-ada"), "tt1-c05-ada");
        let names = ["x'; drop table people; --", "x'; drop table people: --", "Zoë 李", "zoë 李", "A", "a", "a-"];
        let slugs: std::collections::BTreeSet<String> = names.iter().map(|name| slug(name)).collect();
        assert_eq!(slugs.len(), names.len(), "{slugs:?}");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(slugs.iter().all(|slug| slug.len() <= SLUG_LENGTH_MAX && slug.bytes().all(plain)), "{slugs:?}");
    }

    #[test]
    fn a_host_is_found_wherever_the_settings_have_it() {
        let mut hosts = Vec::new();
        collect_hosts(&json!({"a": {"b": ["https://one.example/x"]}, "url": "ldap://two:389", "n": 1}), &mut hosts);
        assert_eq!(hosts, ["one.example", "two"]);
    }
}
