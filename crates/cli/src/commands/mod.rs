//! One file per word of the command line.
//!
//! A command reads its words, asks once or a few times, and hands what came to
//! [`Output`](crate::output::Output). `demo`, `serve`, `migrate`, `bench`, `test` and the bootstrap
//! of `token` work on this machine, and so do `validate`, `fmt`, `lint` and `fix`; all others ask a
//! server.

pub mod access;
pub mod apply;
pub mod bench;
pub mod cases;
pub mod completion;
pub mod connect;
mod connect_new;
mod connect_read;
pub mod demo;
pub mod deputies;
pub mod diff;
pub mod doctor;
pub mod doctor_here;
mod documents;
pub mod drift;
pub mod events;
pub mod events_send;
pub mod exceptions;
pub mod fix;
pub mod fmt;
pub mod generate;
pub mod get;
pub mod held;
pub mod import;
pub mod in_process;
pub mod ledger;
pub mod ledger_verify;
pub mod lint;
pub mod migrate;
pub mod notices;
pub mod notices_preview;
pub mod pack;
pub mod people;
mod people_merge;
pub mod plan;
mod plan_folder;
mod plan_text;
pub mod pull;
pub mod reconcile;
pub mod reviews;
pub mod runs;
pub mod runs_edit;
mod runs_migrate;
mod runs_rehearse;
mod runs_replay;
pub mod runs_start;
pub mod runs_undo;
pub mod runs_watch;
pub mod serve;
pub mod sets;
mod sets_file;
pub mod tasks;
mod tasks_decide;
mod tasks_evidence;
pub mod test;
pub mod token;
pub mod validate;
pub mod version;
pub mod whatif;
pub mod whatif_person;
pub mod why;

use clap::Args;

use crate::args::Command;
use crate::context::Cx;
use crate::error::CliError;
use crate::exit::Exit;
use crate::limits::LIST_ITEMS_DEFAULT;

/// How much of a list is wanted.
#[derive(Debug, Args)]
pub struct HowMany {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = LIST_ITEMS_DEFAULT, conflicts_with = "all")]
    limit: usize,
    /// All of them
    #[arg(long)]
    all: bool,
}

impl HowMany {
    /// The most items to ask for.
    pub fn items_max(&self) -> usize {
        if self.all { usize::MAX } else { self.limit.max(1) }
    }
}

impl Command {
    /// Whether the command ends itself in order when it is interrupted.
    pub fn stops_itself(&self) -> bool {
        match self {
            Self::Demo(_) | Self::Serve(_) | Self::Migrate(_) => true,
            Self::Bench(bench) => bench.stops_itself(),
            _ => false,
        }
    }

    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        match self {
            Self::Demo(demo) => demo.run(cx).await,
            Self::Serve(serve) => serve.run(cx).await,
            Self::Migrate(migrate) => migrate.run(cx).await,
            Self::Token(token) => token.run(cx).await,
            Self::Doctor(doctor) => doctor.run(cx).await,
            Self::People(people) => people.run(cx).await,
            Self::Runs(runs) => runs.run(cx).await,
            Self::Sets(sets) => sets.run(cx).await,
            Self::Reviews(reviews) => reviews.run(cx).await,
            Self::Events(events) => events.run(cx).await,
            Self::Why(why) => why.run(cx).await,
            Self::Access(access) => access.run(cx).await,
            Self::Whatif(whatif) => whatif.run(cx).await,
            Self::Plan(plan) => plan.run(cx).await,
            Self::Apply(apply) => apply.run(cx).await,
            Self::Diff(diff) => diff.run(cx).await,
            Self::Pull(pull) => pull.run(cx).await,
            Self::Get(get) => get.run(cx).await,
            Self::Describe(describe) => describe.run(cx).await,
            Self::Held(held) => held.run(cx).await,
            Self::Cases(cases) => cases.run(cx).await,
            Self::Tasks(tasks) => tasks.run(cx).await,
            Self::Deputies(deputies) => deputies.run(cx).await,
            Self::Exceptions(exceptions) => exceptions.run(cx).await,
            Self::Notices(notices) => notices.run(cx).await,
            Self::Connect(connect) => connect.run(cx).await,
            Self::Reconcile(reconcile) => reconcile.run(cx).await,
            Self::Drift(drift) => drift.run(cx).await,
            Self::Pack(pack) => pack.run(cx),
            Self::Import(import) => import.run(cx),
            Self::Test(test) => test.run(cx).await,
            Self::Validate(validate) => validate.run(cx),
            Self::Fmt(fmt) => fmt.run(cx),
            Self::Lint(lint) => lint.run(cx),
            Self::Fix(fix) => fix.run(cx),
            Self::Ledger(ledger) => ledger.run(cx).await,
            Self::Bench(bench) => bench.run(cx).await,
            Self::Completion(completion) => completion.run(),
            Self::Generate(generate) => generate.run(cx),
            Self::Version(version::Version {}) => version::Version::run(cx),
        }
    }
}
