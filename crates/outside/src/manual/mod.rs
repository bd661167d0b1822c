//! A system that only humans reach: each write is a task for somebody, and whether it is so is
//! the word of somebody else who looked.
//!
//! No machine can verify it. What is told as seen is what was attested, with the name of whoever
//! said so, and never more. A write is unknown until somebody has said; whoever waits is told by
//! the task. Nothing is asked twice for one key, and nothing secret is ever asked.

mod config;
mod register;

use std::fmt;
use std::sync::Arc;

use tenure_connect::desk::{ATTESTED_BY, Answer, Attestation, Desk, Request, Said};
use tenure_connect::plan::{self, Resolved};
use tenure_connect::{
    Artifact, AttributeRule, Batch, Change, Checked, ClassDescription, Completeness, Connector, Credential,
    Description, Desired, Doubt, DoubtKind, Expectation, Limits, Locator, ObjectClass, Operation, Outcome, Page,
    PageToken, Query, Reach, Refusal, RefusalClass, Reversibility, Seen, SeenEntitlement, Verb, Verdict, Witness,
    Write,
};
use tenure_model::{Assignee, Clock, ConnectionName, EntitlementKind, NativeId, Observed, TaskKind, Value};

use config::ID_ATTRIBUTE;
pub use config::{BadManualConfig, LookConfig, ManualConfig, ManualEntitlement};

use crate::limits::{MANUAL_PAGE_OBJECTS_MAX, MANUAL_REQUESTS_AT_ONCE, MANUAL_ROUNDS_MAX, MANUAL_TITLE_CHARS_MAX};
use register::Entry;

/// What can be asked of humans. Never a password: a task is read by many.
const VERBS: [(Verb, Reversibility); 7] = [
    (Verb::Create, Reversibility::Exact),
    (Verb::Set, Reversibility::Exact),
    (Verb::Enable, Reversibility::Exact),
    (Verb::Disable, Reversibility::Exact),
    (Verb::Grant, Reversibility::Exact),
    (Verb::Revoke, Reversibility::Exact),
    (Verb::Delete, Reversibility::Lossy),
];

/// A system that only humans reach.
pub struct ManualConnector {
    connection: ConnectionName,
    config: ManualConfig,
    description: Description,
    desk: Arc<dyn Desk>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for ManualConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualConnector").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl ManualConnector {
    /// Takes settings that make sense; nobody is asked yet.
    pub fn new(
        connection: &ConnectionName,
        config: ManualConfig,
        desk: Arc<dyn Desk>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadManualConfig> {
        config.check()?;
        let description = describe(&config);
        Ok(Self { connection: connection.clone(), config, description, desk, clock })
    }

    /// The account that answers to the locator, as it was attested.
    async fn look(&self, locator: &Locator) -> Result<Option<Entry>, Refusal> {
        Ok(self.entry(&self.said_of(locator).await?, locator))
    }

    fn entry(&self, said: &[Attestation], locator: &Locator) -> Option<Entry> {
        Entry::of(said, &self.config).filter(|entry| entry.answers(locator))
    }

    /// What was said of the account that answers to the locator.
    async fn said_of(&self, locator: &Locator) -> Result<Vec<Attestation>, Refusal> {
        let id = match locator {
            Locator::Native(id) => match register::identity_of(id) {
                Some(identity) => identity,
                None => return Ok(Vec::new()),
            },
            Locator::Attribute { name, value } if *name == self.config.identify => NativeId::new(value),
            Locator::Attribute { name, .. } => {
                let (system, identify) = (&self.config.system, &self.config.identify);
                let said = format!("accounts of `{system}` are looked for by `{identify}` and not by `{name}`");
                return Err(Refusal::new(RefusalClass::Invalid, said));
            }
        };
        self.desk.attested(&self.connection, Some(&id)).await
    }

    async fn everybody(&self) -> Result<Vec<Observed>, Refusal> {
        let mut said = self.desk.attested(&self.connection, None).await?;
        // Of each account in the order in which it was said.
        said.sort_by(|one, other| one.account.cmp(&other.account));
        let at = self.clock.now();
        let accounts = said.chunk_by(|one, other| one.account == other.account);
        Ok(accounts.filter_map(|said| Entry::of(said, &self.config)).map(|entry| entry.observed(at)).collect())
    }

    fn entitlements(&self, only: Option<&Locator>) -> Vec<SeenEntitlement> {
        let all = self.config.entitlements.iter().map(|one| SeenEntitlement {
            native_id: NativeId::new(&one.id),
            kind: EntitlementKind::Group,
            name: one.name.clone().unwrap_or_else(|| one.id.clone()),
        });
        let fits = |one: &SeenEntitlement| match only {
            None => true,
            Some(Locator::Native(id)) => one.native_id == *id,
            Some(Locator::Attribute { name, value }) => name == "name" && one.name == *value,
        };
        all.filter(fits).collect()
    }

    /// Has a write made and looked at, as far as anybody has said, under keys from this round on.
    /// Gives back what was said at last, and its key.
    async fn have_made(&self, change: &Change, key: &str, first: u32) -> Result<(Said, String), Outcome> {
        let mut before = None;
        for round in first..first.saturating_add(MANUAL_ROUNDS_MAX) {
            let done = self.ask(self.work(change, key, round, before.as_ref())).await?;
            if !done.yes {
                let (by, why) = (done.who(), done.comment.unwrap_or_default());
                let said = format!("{by} will not do `{}`: {why}", change.summary);
                return Err(Outcome::Refused(Refusal::new(RefusalClass::Permission, said)));
            }
            let own = || format!("{key}/{round}");
            let Some(look) = &self.config.look else { return Ok((done, own())) };
            let seen = self.ask(self.second_look(change, key, round, look, &done)).await?;
            if seen.yes {
                return Ok((seen, own()));
            }
            before = Some(seen);
        }
        let (by, why) = before.map(|said| (said.who(), said.comment.unwrap_or_default())).unwrap_or_default();
        let said =
            format!("`{}` was said to be done {MANUAL_ROUNDS_MAX} times, and {by} looked: {why}", change.summary);
        Err(Outcome::Unknown(Doubt::new(DoubtKind::NotSeen, said)))
    }

    async fn ask(&self, request: Request) -> Result<Said, Outcome> {
        match self.desk.ask(&request).await {
            Ok(Answer::Said(said)) => Ok(said),
            Ok(Answer::Asked { task }) => {
                let said = format!("waits for {}: {}", request.assignee, request.title);
                Err(Outcome::Unknown(Doubt::asked(task, said)))
            }
            Err(refusal) => Err(Outcome::Refused(refusal)),
        }
    }

    fn work(&self, change: &Change, key: &str, round: u32, before: Option<&Said>) -> Request {
        let again = before.map(|said| {
            let why = said.comment.as_deref().unwrap_or_default();
            format!("\n\nIt was said to be done before, and {} looked: {why}", said.who())
        });
        let instructions = self.instructions(change) + &again.unwrap_or_default();
        let title = self.title("", change);
        let hours = self.config.within_hours;
        self.request(format!("{key}/{round}"), TaskKind::Work, title, instructions, self.config.r#for.clone(), hours)
    }

    /// A look by somebody who did not do it.
    fn second_look(&self, change: &Change, key: &str, round: u32, look: &LookConfig, done: &Said) -> Request {
        let instructions = format!(
            "{} says that this is done. Look whether it is so, and say what you see: your name stands for it.\n\n{}",
            done.who(),
            self.instructions(change)
        );
        let title = self.title("is it so? ", change);
        let (key, hours) = (format!("{key}/{round}/look"), look.within_hours);
        let request = self.request(key, TaskKind::Look, title, instructions, look.r#for.clone(), hours);
        Request { barred: [done.by.clone()].into(), ..request }
    }

    fn request(
        &self,
        key: String,
        kind: TaskKind,
        title: String,
        instructions: String,
        assignee: Assignee,
        hours: u32,
    ) -> Request {
        let (connection, within) = (self.connection.clone(), Some(config::span(hours)));
        Request { key, connection, kind, title, instructions, assignee, barred: [].into(), within }
    }

    fn title(&self, before: &str, change: &Change) -> String {
        let title = format!("{}: {before}{}", self.config.system, change.summary).replace(char::is_control, " ");
        title.chars().take(MANUAL_TITLE_CHARS_MAX).collect()
    }

    /// How it is done, and with what.
    fn instructions(&self, change: &Change) -> String {
        let account = change.account.to_string();
        let filled = [("system", self.config.system.as_str()), ("account", &account), ("change", &change.summary)]
            .into_iter()
            .fold(self.config.instructions.clone(), |text, (name, value)| {
                text.replace(&format!("{{{{ {name} }}}}"), value)
            });
        let mut lines = vec![format!("In {}: {}", self.config.system, change.summary)];
        if let Write::Create { attributes } | Write::Set { attributes } = &change.write {
            lines.extend(attributes.iter().map(|(name, value)| match value {
                Value::Cleared => format!("  {name}: (nothing)"),
                value => format!("  {name}: {value}"),
            }));
        }
        let facts = lines.join("\n");
        if filled.is_empty() { facts } else { format!("{filled}\n\n{facts}") }
    }
}

/// The key of one write of an operation, of which there may be several.
fn key_of(operation: &Operation, write: &Write) -> String {
    let detail = match write {
        Write::Grant { entitlement, .. } | Write::Revoke { entitlement, .. } => format!("/{entitlement}"),
        _ => String::new(),
    };
    format!("{}/{}{detail}", operation.key, write.verb())
}

/// The round in which it is asked now. What was attested under this key before is not so any more.
fn next_round(said: &[Attestation], key: &str) -> u32 {
    let rounds = said.iter().filter_map(|one| one.key.strip_prefix(key)?.strip_prefix('/')?.parse::<u32>().ok());
    rounds.max().unwrap_or_default().saturating_add(1)
}

impl Connector for ManualConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.desk.attested(&self.connection, Some(&NativeId::new(""))).await?;
        let (system, whom) = (&self.config.system, &self.config.r#for);
        Ok(Checked { peer: format!("{system}, by the hands of {whom}; no machine looks at it") })
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let only = query.only.as_ref();
        let all: Vec<Seen> = match query.class {
            ObjectClass::Entitlement => self.entitlements(only).into_iter().map(Seen::Entitlement).collect(),
            ObjectClass::Account => match only {
                Some(locator) => {
                    let found = self.look(locator).await?.filter(|entry| entry.answers(locator));
                    found.map(|entry| Seen::Account(entry.observed(self.clock.now()))).into_iter().collect()
                }
                None => self.everybody().await?.into_iter().map(Seen::Account).collect(),
            },
        };
        let from = page.after().map_or(Ok(0), |token| token.as_str().parse::<usize>()).map_err(|cause| {
            Refusal::new(RefusalClass::Stale, "the page token is not ours; read again from the start").because(cause)
        })?;
        let end = from.saturating_add(usize::try_from(page.size()).unwrap_or(usize::MAX));
        let expected = u64::try_from(all.len()).ok();
        let next = (end < all.len()).then(|| PageToken::new(end.to_string()));
        let completeness = if next.is_some() { Completeness::Open } else { Completeness::Whole };
        let objects = all.into_iter().skip(from).take(end.saturating_sub(from)).collect();
        Ok(Batch { objects, next, completeness, expected })
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        Ok(self.look(locator).await?.map(|entry| entry.observed(self.clock.now())))
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let now = self.get(desired.account()).await?;
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            let found = self.entitlements(Some(locator)).into_iter().next();
            resolved.extend(found.map(|entitlement| (locator.clone(), entitlement)));
        }
        plan::changes(desired, now.as_ref(), &resolved)
    }

    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        let said = match self.said_of(&change.account).await {
            Ok(said) => said,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let now = self.entry(&said, &change.account);
        let account = match register::check(change, now.as_ref(), &self.config) {
            Ok(account) => account,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        if !register::is_so(&change.write, now.as_ref()) {
            let key = key_of(operation, &change.write);
            let first = next_round(&said, &key);
            let (said, key) = match self.have_made(change, &key, first).await {
                Ok(made) => made,
                Err(outcome) => return outcome,
            };
            let (connection, write) = (self.connection.clone(), change.write.clone());
            let attestation = Attestation { key, connection, account, write, by: said.who(), at: said.at };
            if let Err(refusal) = self.desk.attest(attestation).await {
                let said = format!("`{}` was attested, and that could not be kept: {refusal}", change.summary);
                return Outcome::Unknown(Doubt::new(DoubtKind::NotReadBack, said));
            }
        }
        self.verify(&Expectation::after(change)).await.end_of(change, &self.config.system)
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        match self.get(&expectation.account).await {
            Ok(Some(seen)) => Verdict::over(expectation, seen),
            Ok(None) => Verdict::over(expectation, expectation.account.nothing_there(self.clock.now())),
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }
}

fn describe(config: &ManualConfig) -> Description {
    let mut attributes = vec![AttributeRule::create_only(&config.identify).required().unique()];
    let unfound = |rule: AttributeRule| AttributeRule { filterable: false, ..rule };
    attributes.extend(config.attributes.iter().map(|name| unfound(AttributeRule::open(name))));
    attributes.push(unfound(AttributeRule::read_only(ATTESTED_BY)));
    attributes.push(unfound(AttributeRule::read_only(ID_ATTRIBUTE).unique()));
    let account = ClassDescription {
        class: ObjectClass::Account,
        native_name: "account".to_owned(),
        id_attribute: ID_ATTRIBUTE.to_owned(),
        naming_attribute: config.identify.clone(),
        attributes,
    };
    let entitlement = ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: "entitlement".to_owned(),
        id_attribute: "id".to_owned(),
        naming_attribute: "name".to_owned(),
        attributes: vec![AttributeRule::read_only("name").unique(), AttributeRule::read_only("id").unique()],
    };
    let reach = |artifact| match artifact {
        Artifact::Account | Artifact::Membership => {
            Reach::Unseen { why: "somebody ends it by hand, and somebody else attests it; no machine looks".to_owned() }
        }
        _ => Reach::out(
            "what else lets somebody in there, only whoever keeps the system knows; name it in `instructions`",
        ),
    };
    Description {
        classes: vec![account, entitlement],
        limits: Limits {
            requests_at_once_max: MANUAL_REQUESTS_AT_ONCE,
            page_objects_max: MANUAL_PAGE_OBJECTS_MAX,
            requests_per_second_max: None,
        },
        verbs: VERBS.into(),
        surface: Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into(),
        credentials: [Credential::Nobody].into(),
        witness: Witness::Attested,
        ..Description::new("manual")
    }
}
