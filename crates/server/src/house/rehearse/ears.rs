//! What is heard in a rehearsal, in order: writes that were kept, notices, calls, questions, waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value as Json;
use tenure_connect::{
    AnyConnector, Channel, Content, Kept, KeptWrite, Message, ObjectClass, Screen, Sent, WebCall, WebCaller,
    WebOutcome, Write,
};
use tenure_model::{Attributes, Clock, ConnectionName, Name, RunId, SteppedClock, Value};

/// Something that would happen, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// When.
    pub at: Timestamp,
    /// What.
    pub would: Would,
}

/// Something that would happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Would {
    /// A system would be written to.
    Write {
        /// Which.
        connection: ConnectionName,
        /// The account, by its name there.
        account: String,
        /// What kind of write.
        verb: String,
        /// The same for a human.
        what: String,
        /// The values; what is secret is left out.
        values: Attributes,
    },
    /// Somebody would be told.
    Tell {
        /// By which channel.
        channel: Name,
        /// Whom; none where the channel says it.
        to: Option<String>,
        /// The subject, or the kind of notice.
        what: String,
    },
    /// A URL would be called.
    Call {
        /// Which.
        url: String,
    },
    /// Somebody would be asked.
    Ask {
        /// At which step.
        step: String,
        /// What.
        what: String,
        /// Whom.
        of: String,
        /// What is taken for their answer.
        answer: String,
    },
    /// The run would wait.
    Wait {
        /// At which step.
        step: String,
        /// Until when.
        until: Timestamp,
    },
    /// Another workflow would begin.
    Start {
        /// Which.
        workflow: String,
    },
}

/// Hears everything. Clones hear for the same list.
#[derive(Clone)]
pub(super) struct Ears {
    clock: Arc<SteppedClock>,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    would: Vec<Rehearsed>,
    starts: BTreeSet<RunId>,
    waits: BTreeSet<(RunId, String, Timestamp)>,
    asked: BTreeSet<(String, String, String)>,
}

impl Ears {
    pub fn new(clock: Arc<SteppedClock>) -> Self {
        Self { clock, heard: Arc::default() }
    }

    /// Everything that was heard.
    pub fn heard(&self) -> Vec<Rehearsed> {
        self.lock().would.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, would: Would) {
        let at = self.clock.now();
        self.lock().would.push(Rehearsed { at, would });
    }

    pub fn start(&self, run: RunId, workflow: &str) {
        if self.lock().starts.insert(run) {
            self.hear(Would::Start { workflow: workflow.to_owned() });
        }
    }

    pub fn wait(&self, run: RunId, step: &str, until: Timestamp) {
        if self.lock().waits.insert((run, step.to_owned(), until)) {
            self.hear(Would::Wait { step: step.to_owned(), until });
        }
    }

    /// Whether it was not heard before.
    pub fn ask(&self, step: &str, what: &str, of: &str, answer: &str) -> bool {
        let is_new = self.lock().asked.insert((step.to_owned(), what.to_owned(), of.to_owned()));
        if is_new {
            let (step, what) = (step.to_owned(), what.to_owned());
            self.hear(Would::Ask { step, what, of: of.to_owned(), answer: answer.to_owned() });
        }
        is_new
    }

    /// A screen before each of these.
    pub fn screens(
        &self,
        systems: &BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    ) -> BTreeMap<ConnectionName, Arc<dyn AnyConnector>> {
        let screen = |(name, inner): (&ConnectionName, &Arc<dyn AnyConnector>)| {
            let (ears, secret) = (self.clone(), secrets(inner.as_ref()));
            let keep = Arc::new(move |kept: KeptWrite| ears.hear(write(kept, &secret)));
            let screen = Screen::new(Arc::clone(inner), name.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>, keep);
            (name.clone(), Arc::new(screen) as Arc<dyn AnyConnector>)
        };
        systems.iter().map(screen).collect()
    }

    /// An ear in the place of each of these.
    pub fn channels(&self, channels: &BTreeMap<Name, Arc<dyn Channel>>) -> BTreeMap<Name, Arc<dyn Channel>> {
        let ear = |name: &Name| Arc::new(Line { name: name.clone(), ears: self.clone() }) as Arc<dyn Channel>;
        channels.keys().map(|name| (name.clone(), ear(name))).collect()
    }

    /// An ear in the place of the web.
    pub fn web(&self) -> Arc<dyn WebCaller> {
        Arc::new(self.clone())
    }
}

/// The attributes whose values nobody may see.
fn secrets(connector: &dyn AnyConnector) -> BTreeSet<String> {
    let class = connector.describe().class(ObjectClass::Account);
    let rules = class.map_or(&[][..], |class| &class.attributes[..]);
    rules.iter().filter(|rule| rule.secret).map(|rule| rule.name.clone()).collect()
}

fn write(kept: KeptWrite, secret: &BTreeSet<String>) -> Would {
    let KeptWrite { connection, account, what } = kept;
    let change = match what {
        Kept::Change(change) => change,
        Kept::Act(act) => {
            let text = |(name, value): (&String, &Json)| Some((name.clone(), Value::from(value.as_str()?)));
            let values = act.with.iter().filter_map(text).collect();
            let (what, verb) = (act.summary(), act.action);
            return Would::Write { connection, account, verb, what, values };
        }
    };
    let verb = change.write.verb().to_string();
    let mut values = match change.write {
        Write::Create { attributes } | Write::Set { attributes } | Write::Move { attributes } => attributes,
        Write::Grant { name, .. } | Write::Revoke { name, .. } => {
            [("entitlement".to_owned(), Value::Text(name))].into()
        }
        _ => Attributes::new(),
    };
    values.retain(|name, _| !secret.contains(name));
    Would::Write { connection, account, verb, what: change.summary, values }
}

struct Line {
    name: Name,
    ears: Ears,
}

impl Channel for Line {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Sent> {
        let (to, what) = match &message.content {
            Content::Letter(letter) => (Some(letter.to.clone()), letter.subject.clone()),
            Content::Facts(facts) => (None, facts.kind.clone()),
        };
        self.ears.hear(Would::Tell { channel: self.name.clone(), to, what });
        async { Sent::Done }.boxed()
    }
}

impl WebCaller for Ears {
    fn call(&self, call: WebCall) -> BoxFuture<'_, WebOutcome> {
        self.hear(Would::Call { url: call.url });
        async { WebOutcome::Answered { status: 200, body: Json::Null } }.boxed()
    }
}
