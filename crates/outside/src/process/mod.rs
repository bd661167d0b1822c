//! Connectors of others: programs that speak the contract as JSON-RPC over their standard input
//! and output, and run as children of ours.
//!
//! What we can do ourselves is never asked of them: plans are made here from what they read, and
//! whether a write is so is looked at here, so that a connector which only believes it did
//! something is found out. What they say is held against their own description. A fall of one
//! hurts nobody else. Settings are in [`config`]; start with `host`.

mod child;
pub mod config;
mod fit;
mod host;
mod message;
mod words;

use std::fmt;
use std::sync::Arc;

use tenure_connect::plan::{self, Resolved};
use tenure_connect::{
    Allowance, AnyConnector, Artifact, Batch, Change, ChangeFeed, ChangeToken, Changes, Checked, Connector,
    Description, Desired, Discovery, Doubt, DoubtKind, Expectation, Locator, ObjectClass, Operation, Outcome, Page,
    Query, Reach, Refusal, Secrets, SeenArtifact, Verdict, Write,
};
use tenure_model::{Clock, Observed};

pub use config::{BadProcessConfig, ProcessConfig, ProcessLimits};

use host::{CallFault, Host};
use message::{Ask, Ended, Found, Listed, Since, Writing};

/// A connector outside this program.
pub struct ProcessConnector {
    host: Host,
}

impl ProcessConnector {
    /// Takes settings that make sense and reads the description; nothing is started yet.
    pub fn new(
        config: ProcessConfig,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadProcessConfig> {
        config.check()?;
        let description = config.read_description()?;
        Ok(Self { host: Host::new(config, description, secrets, clock) })
    }

    /// Looks at one account; `fresh` where nothing that is remembered will do.
    async fn look(&self, account: &Locator, fresh: bool) -> Result<Option<Observed>, Refusal> {
        let found: Found = self.host.call(&Ask::Get { account, fresh }).await.map_err(CallFault::refusal)?;
        match found.account {
            Some(seen) => fit::account(&self.host, account, &seen).map(|()| Some(seen)),
            None => Ok(None),
        }
    }

    async fn send(&self, change: &Change, operation: &Operation) -> Result<(), Outcome> {
        fit::write(self.host.description(), &change.write).map_err(Outcome::Refused)?;
        let secret = match &change.write {
            Write::SetPassword { secret, .. } => Some(self.host.secret(secret).map_err(Outcome::Refused)?),
            _ => None,
        };
        let password = secret.as_ref().map(tenure_connect::SecretText::expose);
        let doubt = |message: String| Outcome::Unknown(Doubt::new(DoubtKind::LostResponse, message));
        match self.host.call(&Ask::Apply(Writing { change, operation, password })).await {
            Ok(Ended::Done) => Ok(()),
            Ok(Ended::Unknown { message }) => Err(doubt(self.host.clean(&message))),
            Err(CallFault::Refused(refusal)) => Err(Outcome::Refused(refusal)),
            Err(CallFault::Lost(why)) => Err(doubt(format!("{why}; nobody knows whether `{}` is so", change.summary))),
        }
    }

    /// What should be so after the change, as far as anybody can look.
    fn visible(&self, change: &Change) -> Expectation {
        let mut expectation = Expectation::after(change);
        let surface = &self.host.description().surface;
        expectation.without.retain(|kind| surface.get(kind).is_some_and(Reach::lists));
        expectation
    }
}

impl fmt::Debug for ProcessConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessConnector").field("program", &self.host.name()).finish_non_exhaustive()
    }
}

impl Connector for ProcessConnector {
    fn describe(&self) -> &Description {
        self.host.description()
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        let mut checked: Checked = self.host.call(&Ask::Check {}).await.map_err(CallFault::refusal)?;
        checked.peer = self.host.clean(&checked.peer);
        Ok(checked)
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let batch: Batch = self.host.call(&Ask::Read { query, page }).await.map_err(CallFault::refusal)?;
        fit::batch(&self.host, query, page, &batch)?;
        Ok(batch)
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.look(locator, false).await
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let now = self.look(desired.account(), false).await?;
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            let batch = Connector::read(self, &Query::entitlements().only(locator.clone()), &Page::first()).await?;
            if let Some(found) = fit::one(&self.host, locator, &batch)? {
                resolved.insert(locator.clone(), found);
            }
        }
        let changes = plan::changes(desired, now.as_ref(), &resolved)?;
        let changes = match self.host.description().class(ObjectClass::Account) {
            Some(class) => plan::with_moves(changes, class),
            None => changes,
        };
        for change in &changes {
            fit::write(self.host.description(), &change.write)?;
        }
        Ok(changes)
    }

    #[tracing::instrument(name = "connectors.process.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        match self.send(change, operation).await {
            Ok(()) => AnyConnector::verify(self, &self.visible(change)).await.end_of(change, self.host.name()),
            Err(outcome) => outcome,
        }
    }

    #[tracing::instrument(name = "connectors.process.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        match self.look(&expectation.account, true).await {
            Ok(Some(seen)) => Verdict::over(expectation, seen),
            Ok(None) => Verdict::over(expectation, expectation.account.nothing_there(self.host.clock().now())),
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        if self.host.description().feed(class) == ChangeFeed::None {
            return Err(self.host.description().unsupported("tell what changed"));
        }
        self.host.call(&Ask::Changes(Since { class, since })).await.map_err(CallFault::refusal)
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        if !self.host.description().surface.get(&kind).is_some_and(Reach::lists) {
            return Err(self.host.description().unsupported(&format!("list the {kind}s of an account")));
        }
        let listed: Listed = self.host.call(&Ask::Artifacts { account, kind }).await.map_err(CallFault::refusal)?;
        Ok(listed.artifacts)
    }

    async fn discover(&self) -> Result<Discovery, Refusal> {
        match self.host.call(&Ask::Discover {}).await.map_err(CallFault::refusal) {
            Err(refusal) if refusal.class == tenure_connect::RefusalClass::Unsupported => {
                Ok(Discovery { description: self.host.description().clone(), suggestions: Vec::new() })
            }
            found => found,
        }
    }

    fn allowance(&self) -> Option<Allowance> {
        self.host.allowance()
    }
}
