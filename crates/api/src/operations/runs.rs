//! What can be asked of runs, of sets of them, and of reviews.

use crate::codes::Code;
use crate::operation::{AFTER, LIMIT, Operation, Param, act, json, list, page, read, text};
use crate::wire::redraft::{RedraftIn, RedraftView};
use crate::wire::review::ReviewView;
use crate::wire::run::{
    CancelIn, EditIn, MigrateIn, MigrationView, ReplayView, RunDetail, RunIn, RunStarted, RunView, SignalIn, SkipIn,
};
use crate::wire::set::{SetCancelIn, SetIn, SetPersonView, SetStartIn, SetView};
use crate::wire::undo::{UndoIn, UndoView};

/// By path.
pub(super) const RUNS: &[Operation] = &[
    list::<ReviewView>("listReviews", "/v1/reviews", "ListRuns", "lists campaigns of reviews, and how far they are"),
    Operation {
        query: &[Param { name: "since", about: "what began then or later; otherwise since it last began for many" }],
        gives: Some(json::<ReviewView>()),
        ..read("readReview", "/v1/reviews/{workflow}", "ReadRun", "shows a campaign of reviews, and what became of it")
    },
    Operation {
        query: &[
            AFTER,
            LIMIT,
            Param { name: "status", about: "only runs of this status" },
            Param { name: "person", about: "only runs about this person" },
            Param { name: "workflow", about: "only runs of this workflow" },
        ],
        gives: Some(page::<RunView>()),
        codes: &[Code::BadCursor],
        ..read("listRuns", "/v1/runs", "ListRuns", "lists runs, newest first")
    },
    Operation {
        takes: Some(json::<RunIn>()),
        status: 202,
        gives: Some(json::<RunStarted>()),
        ..act("startRun", "/v1/runs", "StartRun", "starts a workflow by hand")
    },
    Operation {
        gives: Some(json::<RunDetail>()),
        ..read("readRun", "/v1/runs/{run}", "ReadRun", "shows a run, its waits and its records")
    },
    Operation {
        query: &[Param { name: "until", about: "the last record that is read" }],
        gives: Some(json::<ReplayView>()),
        ..read("replayRun", "/v1/runs/{run}/replay", "ReadRun", "reads a run again from its records, up to a moment")
    },
    Operation {
        gives: Some(text("text/event-stream")),
        codes: &[Code::TooBusy],
        ..read("watchRun", "/v1/runs/{run}/watch", "ReadRun", "tells each change of a run until it is over")
    },
    Operation {
        gives: Some(json::<RunView>()),
        codes: &[Code::NotInThisState],
        ..act("retryRun", "/v1/runs/{run}/retry", "RetryRun", "lets a blocked run try again")
    },
    Operation {
        takes: Some(json::<CancelIn>()),
        gives: Some(json::<RunView>()),
        codes: &[Code::NotInThisState],
        ..act("cancelRun", "/v1/runs/{run}/cancel", "CancelRun", "stops a run and takes back what can be taken back")
    },
    Operation {
        gives: Some(json::<UndoView>()),
        codes: &[Code::NotInThisState],
        ..read("lookAtUndo", "/v1/runs/{run}/undo", "ReadRun", "says what taking back a run that is over comes to")
    },
    Operation {
        takes: Some(json::<UndoIn>()),
        gives: Some(json::<RunStarted>()),
        codes: &[Code::NotInThisState],
        ..act("undoRun", "/v1/runs/{run}/undo", "CancelRun", "takes back what a run did that is over")
    },
    Operation {
        takes: Some(json::<SignalIn>()),
        gives: Some(json::<RunView>()),
        codes: &[Code::NotInThisState, Code::TooManySignals],
        ..act("signalRun", "/v1/runs/{run}/signal", "SignalRun", "gives a run the answer that it waits for")
    },
    Operation {
        takes: Some(json::<SkipIn>()),
        gives: Some(json::<RunView>()),
        codes: &[Code::NotInThisState],
        ..act("skipRun", "/v1/runs/{run}/skip", "RetryRun", "lets a run go on without a blocked step")
    },
    Operation {
        takes: Some(json::<EditIn>()),
        gives: Some(json::<RunView>()),
        codes: &[Code::NotInThisState],
        ..act("editRun", "/v1/runs/{run}/edit", "EditRun", "tries a step that is stuck again, with something else")
    },
    Operation {
        gives: Some(json::<MigrationView>()),
        codes: &[Code::NotInThisState],
        ..read("checkMigration", "/v1/runs/{run}/migration", "ReadRun", "says whether a run fits the version in force")
    },
    Operation {
        takes: Some(json::<MigrateIn>()),
        gives: Some(json::<MigrationView>()),
        codes: &[Code::NotInThisState],
        ..act("migrateRun", "/v1/runs/{run}/migrate", "EditRun", "lets a run go on by the version in force")
    },
    Operation {
        takes: Some(json::<RedraftIn>()),
        gives: Some(json::<Vec<RedraftView>>()),
        codes: &[Code::BadDocuments],
        ..act("redraftWorkflow", "/v1/workflows/{workflow}/redraft", "MakePlan", "plays the last runs again by a draft")
    },
    Operation {
        takes: Some(json::<SetIn>()),
        status: 202,
        gives: Some(json::<SetView>()),
        codes: &[Code::NotInThisState],
        ..act("makeSet", "/v1/sets", "StartRun", "asks for whom of some people a workflow could be started")
    },
    list::<SetView>("listSets", "/v1/sets", "ListRuns", "lists sets, newest first"),
    Operation {
        gives: Some(json::<SetView>()),
        ..read("readSet", "/v1/sets/{set}", "ReadRun", "shows a set, and how far it is")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "state", about: "only `named`, `ready`, `cannot` or `begun` ones" }],
        gives: Some(page::<SetPersonView>()),
        codes: &[Code::BadCursor],
        ..read("listSetPeople", "/v1/sets/{set}/people", "ListPeople", "lists who is in a set, and why it cannot begin")
    },
    Operation {
        takes: Some(json::<SetStartIn>()),
        status: 202,
        gives: Some(json::<SetView>()),
        codes: &[Code::NotInThisState],
        ..act("startSet", "/v1/sets/{set}/start", "StartRun", "starts a workflow for as many of a set as were seen")
    },
    Operation {
        takes: Some(json::<SetCancelIn>()),
        gives: Some(json::<SetView>()),
        codes: &[Code::NotInThisState],
        ..act("cancelSet", "/v1/sets/{set}/cancel", "CancelRun", "begins nobody of a set any more; what began goes on")
    },
];
