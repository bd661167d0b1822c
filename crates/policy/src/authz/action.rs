//! Everything that can be asked of Tenure, from one list.

use std::fmt;

/// What kind of thing an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThingKind {
    /// The installation as a whole.
    Installation,
    /// A person, or all of them.
    Person,
    /// An event of a connection, or all of them.
    Event,
    /// A run, or all of them.
    Run,
    /// A connection, or all of them.
    Connection,
    /// A case, or all of them.
    Case,
    /// Something that a human is asked to do, or all of it.
    Task,
    /// That somebody stands in for somebody else, or all of it.
    Deputy,
    /// A notice that did not arrive, or all of them.
    Notice,
    /// The ledger.
    Ledger,
    /// An API token, or all of them.
    Token,
    /// The documents in force, and those of before.
    Estate,
    /// A plan for a set of people, or all of them.
    Plan,
    /// What the brakes hold.
    Held,
}

impl ThingKind {
    /// The word for it in the policies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Installation => "Installation",
            Self::Person => "Person",
            Self::Event => "Event",
            Self::Run => "Run",
            Self::Connection => "Connection",
            Self::Case => "Case",
            Self::Task => "Task",
            Self::Deputy => "Deputy",
            Self::Notice => "Notice",
            Self::Ledger => "Ledger",
            Self::Token => "Token",
            Self::Estate => "Estate",
            Self::Plan => "Plan",
            Self::Held => "Held",
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident on $thing:ident;)*) => {
        /// What is asked. Each verb of the API has its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word for it in the policies.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What kind of thing it is about.
            pub fn thing(self) -> ThingKind {
                match self { $(Self::$name => ThingKind::$thing,)* }
            }
        }
    };
}

actions! {
    /// See who there is.
    ListPeople on Person;
    /// See one person.
    ReadPerson on Person;
    /// See what would be done for a person, without doing it.
    PlanPerson on Person;
    /// See why somebody has what they have.
    ReadWhy on Person;
    /// See who has something.
    ListAccess on Person;
    /// See what another rule would change for everybody, and which rules would explain what is held.
    TryRule on Person;
    /// See who is let off which rule.
    ListExceptions on Person;
    /// Let somebody off a rule.
    GrantException on Person;
    /// End that somebody is let off a rule.
    EndException on Person;
    /// Say that two people are one, or take that back.
    MergePeople on Person;
    /// Say that one person is two.
    SplitPerson on Person;
    /// Give a person another name of a generator.
    NamePerson on Person;
    /// Say who answers for an agent, an account of a service or a guest.
    SponsorPerson on Person;
    /// See what came in.
    ListEvents on Event;
    /// Deliver an event.
    PostEvent on Event;
    /// See the runs.
    ListRuns on Run;
    /// See one run.
    ReadRun on Run;
    /// Start a run by hand.
    StartRun on Run;
    /// Try a failed step again.
    RetryRun on Run;
    /// Change what a step of a run does, or the version that it goes by.
    EditRun on Run;
    /// End a run early.
    CancelRun on Run;
    /// Answer what a run waits for.
    SignalRun on Run;
    /// See the connections.
    ListConnections on Connection;
    /// See one connection.
    ReadConnection on Connection;
    /// Try whether a connected system answers.
    CheckConnection on Connection;
    /// See what somebody else changed in connected systems, and how old what we know of them is.
    ListDrift on Connection;
    /// Have a connected system read now.
    Reconcile on Connection;
    /// Take back or accept what somebody else changed, and give accounts of nobody an owner or an end.
    SettleDrift on Connection;
    /// Read a source now.
    ReadSource on Connection;
    /// Accept or refuse what a reading withholds.
    AnswerReading on Connection;
    /// See the open questions.
    ListCases on Case;
    /// Answer an open question.
    ResolveCase on Case;
    /// See what humans are asked to do.
    ListTasks on Task;
    /// See one of these tasks.
    ReadTask on Task;
    /// Take a task in hand, say something about it, bring evidence, end it.
    WorkTask on Task;
    /// Give a task to somebody else.
    ReassignTask on Task;
    /// See who stands in for whom.
    ListDeputies on Deputy;
    /// Say who stands in for somebody.
    AddDeputy on Deputy;
    /// End that somebody stands in for somebody else.
    EndDeputy on Deputy;
    /// See what did not arrive.
    ListNotices on Notice;
    /// Try again what did not arrive.
    RetryNotice on Notice;
    /// Put aside what did not arrive.
    DropNotice on Notice;
    /// See the ledger.
    ListLedger on Ledger;
    /// See one entry of the ledger.
    ReadLedger on Ledger;
    /// Have the ledger checked.
    VerifyLedger on Ledger;
    /// See the tokens, never their secrets.
    ListTokens on Token;
    /// Make a token.
    CreateToken on Token;
    /// End a token.
    RevokeToken on Token;
    /// Read the documents in force, and those of before.
    ReadEstate on Estate;
    /// Have it worked out what a set of documents, a change or a date would come to.
    MakePlan on Plan;
    /// See plans and whom they touch.
    ReadPlan on Plan;
    /// Put a plan into force.
    ApplyPlan on Plan;
    /// See what the brakes hold.
    ReadHeld on Held;
    /// Say yes or no to what the brakes hold.
    DecideHeld on Held;
    /// Read the metrics.
    ReadMetrics on Installation;
    /// Read what exactly is healthy and what is not.
    ReadHealthDetail on Installation;
    /// Ask whose token this is.
    WhoAmI on Installation;
}

impl Action {
    /// The action of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.word() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
