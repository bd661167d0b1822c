//! Every operation of HTTP version 1, once. The router of `server`, the OpenAPI document and the
//! table of who may do what are made from this list; what is not in it cannot be mounted.

mod runs;

use crate::codes::Code;
use crate::operation::{
    AFTER, Access, CONNECTION, ENTITLEMENT, LIMIT, MINE, Method, Operation, Param, act, json, list, page, public, read,
    text,
};
use crate::wire::access::{HolderView, MinedView, WhatIfIn, WhatIfView};
use crate::wire::account::AccountView;
use crate::wire::case::{CaseResolution, CaseView};
use crate::wire::connection::ConnectionView;
use crate::wire::deputy::{DeputyIn, DeputyView};
use crate::wire::drift::{AcceptIn, DriftView, GapView, OrphanIn, OrphanView, ReadingView, SettledView};
use crate::wire::estate::{EstateView, VersionView};
use crate::wire::event::{EventAnswer, EventIn, EventView};
use crate::wire::exception::{ExceptionIn, ExceptionView};
use crate::wire::ledger::{CheckpointView, LedgerEntryView};
use crate::wire::merge::{MergeIn, MergeView, NameIn, NameView, SplitIn, SponsorIn, SponsorView};
use crate::wire::notice::{DropIn, NoticeView};
use crate::wire::person::{PersonDetail, PersonView};
use crate::wire::plan::PlanView;
use crate::wire::plans::{
    ApplyIn, ApproveIn, HeldView, OutcomeView, PersonWhatIfIn, PlanIn, RefuseIn, RemovalView, SetPlanView, StartView,
};
use crate::wire::rehearsal::{RehearsalView, RehearseIn};
use crate::wire::source_reading::{SourceReadingIn, SourceReadingView};
use crate::wire::story::StoryView;
use crate::wire::system::{Health, WhoAmI};
use crate::wire::task::{CloseIn, CommentIn, EvidenceIn, ReassignIn, TaskDetail, TaskEntryView, TaskView};
use crate::wire::token::{TokenCreated, TokenIn, TokenView};
use crate::wire::why::WhyView;
use runs::RUNS;

/// What a browser shows, and what it sends.
const HTML: &str = "text/html";
const FORM: &str = "application/x-www-form-urlencoded";

/// Every operation, by path.
pub const OPERATIONS: &[Operation] = &ALL;

static ALL: [Operation; FIRST.len() + RUNS.len() + LAST.len()] = joined([FIRST, RUNS, LAST]);

/// The lists one behind the other.
#[expect(clippy::indexing_slicing, reason = "the compiler does it, and says so where a list does not fit")]
const fn joined<const N: usize>(lists: [&[Operation]; 3]) -> [Operation; N] {
    let mut all = [lists[0][0]; N];
    let (mut list, mut place) = (0, 0);
    while list < lists.len() {
        let mut one = 0;
        while one < lists[list].len() {
            all[place] = lists[list][one];
            (one, place) = (one + 1, place + 1);
        }
        list += 1;
    }
    all
}

const FIRST: &[Operation] = &[
    Operation { gives: Some(text("text/plain")), ..public("getHealthz", "/healthz", "says that the process lives") },
    Operation {
        gives: Some(json::<Health>()),
        codes: &[Code::NotReady],
        ..public("getReadyz", "/readyz", "says whether it can do its work")
    },
    Operation { gives: Some(text("application/json")), ..public("getOpenapi", "/openapi.json", "gives this document") },
    Operation {
        gives: Some(text("application/openmetrics-text")),
        ..read("getMetrics", "/metrics", "ReadMetrics", "gives the metrics in the form of Prometheus")
    },
    Operation { gives: Some(json::<WhoAmI>()), ..read("whoAmI", "/v1/whoami", "WhoAmI", "says who asks") },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "search", about: "letters of the name or a key" }],
        gives: Some(page::<PersonView>()),
        codes: &[Code::BadCursor],
        ..read("listPeople", "/v1/people", "ListPeople", "lists people by name")
    },
    Operation {
        gives: Some(json::<PersonDetail>()),
        ..read("readPerson", "/v1/people/{person}", "ReadPerson", "shows a person with accounts and grants")
    },
    Operation {
        gives: Some(json::<Vec<AccountView>>()),
        ..read("listAccounts", "/v1/people/{person}/accounts", "ReadPerson", "lists the accounts of a person")
    },
    Operation {
        query: &[
            Param { name: "access", about: "what is asked about, such as `ldap/group/finance`" },
            Param { name: "at", about: "as it was decided at this moment, such as `2026-11-21T08:00:00Z`" },
        ],
        gives: Some(json::<WhyView>()),
        ..read("readWhy", "/v1/people/{person}/why", "ReadWhy", "tells why a person has an access")
    },
    Operation {
        query: &[
            Param { name: "at", about: "the moment of which to tell; now if absent" },
            Param { name: "knownAt", about: "only what was known at this moment" },
        ],
        gives: Some(json::<StoryView>()),
        ..read(
            "readStory",
            "/v1/people/{person}/story",
            "ReadPerson",
            "tells what was told of a person and what it comes to",
        )
    },
    Operation {
        gives: Some(json::<PlanView>()),
        ..read("planPerson", "/v1/people/{person}/plan", "PlanPerson", "tells what would be done for a person now")
    },
    Operation {
        query: &[AFTER, LIMIT, CONNECTION, ENTITLEMENT],
        gives: Some(page::<HolderView>()),
        codes: &[Code::BadCursor, Code::NotInThisState],
        ..read("listHolders", "/v1/access/who", "ListAccess", "lists who has an entitlement, by rules or by grants")
    },
    Operation {
        query: &[CONNECTION, ENTITLEMENT],
        gives: Some(json::<MinedView>()),
        codes: &[Code::NotInThisState],
        ..read("mineRules", "/v1/access/mine", "TryRule", "proposes rules that would explain who holds an entitlement")
    },
    Operation {
        takes: Some(json::<WhatIfIn>()),
        gives: Some(json::<WhatIfView>()),
        codes: &[Code::NotInThisState],
        ..act("whatIfRule", "/v1/whatif/rule", "TryRule", "tells what other rules would change for everybody")
    },
    Operation {
        takes: Some(json::<MergeIn>()),
        gives: Some(json::<MergeView>()),
        codes: &[Code::NotInThisState],
        ..act("mergePeople", "/v1/people/{person}/merge", "MergePeople", "says that two people are one")
    },
    Operation {
        takes: Some(json::<SplitIn>()),
        gives: Some(json::<MergeView>()),
        codes: &[Code::NotInThisState],
        ..act("splitPerson", "/v1/people/{person}/split", "SplitPerson", "says that one person is two")
    },
    Operation {
        takes: Some(json::<NameIn>()),
        gives: Some(json::<NameView>()),
        codes: &[Code::NotInThisState],
        ..act("namePerson", "/v1/people/{person}/name", "NamePerson", "gives a person another name of a generator")
    },
    Operation {
        takes: Some(json::<SponsorIn>()),
        gives: Some(json::<SponsorView>()),
        codes: &[Code::NotInThisState],
        ..act(
            "sponsorPerson",
            "/v1/people/{person}/sponsor",
            "SponsorPerson",
            "says who answers for an agent, an account of a service or a guest",
        )
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "person", about: "only those of this person" }],
        gives: Some(page::<MergeView>()),
        codes: &[Code::BadCursor],
        ..read("listMerges", "/v1/merges", "ListPeople", "lists who was merged and split, the newest first")
    },
    Operation {
        gives: Some(json::<MergeView>()),
        codes: &[Code::NotInThisState],
        ..act("undoMerge", "/v1/merges/{merge}/undo", "MergePeople", "takes a merge or a split back")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "connection", about: "only events of this source" }],
        gives: Some(page::<EventView>()),
        codes: &[Code::BadCursor],
        ..read("listEvents", "/v1/events", "ListEvents", "lists events, newest first")
    },
    Operation {
        gives: Some(json::<EventView>()),
        ..read("readEvent", "/v1/events/{event}", "ListEvents", "shows an event and its answer")
    },
    Operation {
        takes: Some(json::<EventIn>()),
        status: 202,
        gives: Some(json::<EventAnswer>()),
        codes: &[Code::UnknownKind, Code::ReusedId, Code::NotInThisState],
        ..act("postEvent", "/v1/connections/{connection}/events", "PostEvent", "takes a fact from a source, once")
    },
    Operation {
        access: Access::Signed,
        takes: Some(text("application/json")),
        status: 202,
        gives: Some(json::<EventAnswer>()),
        codes: &[Code::NotSigned, Code::UnknownKind, Code::ReusedId, Code::NotInThisState],
        ..act("receiveHook", "/v1/hooks/{connection}", "", "takes a signed webhook as a fact of its connection, once")
    },
    list::<ConnectionView>("listConnections", "/v1/connections", "ListConnections", "lists connected systems"),
    Operation {
        gives: Some(json::<ConnectionView>()),
        ..read("readConnection", "/v1/connections/{connection}", "ReadConnection", "shows a connected system")
    },
    Operation {
        gives: Some(json::<ConnectionView>()),
        codes: &[Code::SystemUnreachable],
        ..act("checkConnection", "/v1/connections/{connection}/check", "CheckConnection", "asks whether it answers")
    },
    Operation {
        takes: Some(json::<PersonWhatIfIn>()),
        gives: Some(json::<OutcomeView>()),
        ..act(
            "whatIfPerson",
            "/v1/people/{person}/whatif",
            "PlanPerson",
            "tells what would be done if it were otherwise",
        )
    },
    Operation {
        takes: Some(json::<RehearseIn>()),
        gives: Some(json::<RehearsalView>()),
        codes: &[Code::NotInThisState],
        ..act("rehearse", "/v1/people/{person}/rehearse", "PlanPerson", "tells what a workflow would do for a person")
    },
    Operation {
        takes: Some(json::<PlanIn>()),
        status: 202,
        gives: Some(json::<SetPlanView>()),
        codes: &[Code::BadDocuments],
        ..act("makePlan", "/v1/plans", "MakePlan", "asks what documents, or a date, would come to for everybody")
    },
    list::<SetPlanView>("listPlans", "/v1/plans", "ReadPlan", "lists plans, newest first"),
    Operation {
        gives: Some(json::<SetPlanView>()),
        ..read("readPlan", "/v1/plans/{plan}", "ReadPlan", "shows a plan and what it comes to")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "about", about: "a role, a system, an entitlement or a name" }],
        gives: Some(page::<OutcomeView>()),
        codes: &[Code::BadCursor],
        ..read("listPlanPeople", "/v1/plans/{plan}/people", "ReadPlan", "lists whom a plan touches, and how")
    },
    Operation {
        takes: Some(json::<ApplyIn>()),
        status: 202,
        gives: Some(json::<SetPlanView>()),
        codes: &[Code::NotInThisState],
        ..act("applyPlan", "/v1/plans/{plan}/apply", "ApplyPlan", "puts a plan into force, if nothing moved since")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "state", about: "only `open`, `approved` or `refused` ones" }],
        gives: Some(page::<HeldView>()),
        codes: &[Code::BadCursor],
        ..read("listHeld", "/v1/held", "ReadHeld", "lists what the brakes withhold, newest first")
    },
    Operation {
        gives: Some(json::<HeldView>()),
        ..read("readHeld", "/v1/held/{held}", "ReadHeld", "shows what a brake withholds, and why")
    },
    list::<RemovalView>("listRemovals", "/v1/held/{held}/removals", "ReadHeld", "lists what would be taken from whom"),
    list::<StartView>(
        "listHeldStarts",
        "/v1/held/{held}/starts",
        "ReadHeld",
        "lists the starts of a workflow that wait",
    ),
    Operation {
        takes: Some(json::<ApproveIn>()),
        gives: Some(json::<HeldView>()),
        codes: &[Code::NotInThisState],
        ..act("approveHeld", "/v1/held/{held}/approve", "DecideHeld", "says yes to what a brake withholds, and no more")
    },
    Operation {
        takes: Some(json::<RefuseIn>()),
        gives: Some(json::<HeldView>()),
        codes: &[Code::NotInThisState],
        ..act("refuseHeld", "/v1/held/{held}/refuse", "DecideHeld", "says no to what a brake withholds")
    },
    Operation {
        gives: Some(json::<EstateView>()),
        ..read("readEstate", "/v1/estate", "ReadEstate", "gives the documents in force")
    },
    list::<VersionView>(
        "listVersions",
        "/v1/estate/versions",
        "ReadEstate",
        "lists versions of the estate, newest first",
    ),
    Operation {
        gives: Some(json::<EstateView>()),
        ..read("readVersion", "/v1/estate/versions/{version}", "ReadEstate", "gives the documents of a version")
    },
    Operation {
        gives: Some(json::<Vec<ReadingView>>()),
        ..read("listReadings", "/v1/readings", "ListDrift", "tells how old what is known of each system is")
    },
    Operation {
        gives: Some(json::<ReadingView>()),
        ..read("readReading", "/v1/connections/{connection}/reading", "ListDrift", "tells how far readings came")
    },
    Operation {
        status: 202,
        gives: Some(json::<ReadingView>()),
        codes: &[Code::NotInThisState],
        ..act("reconcile", "/v1/connections/{connection}/reading", "Reconcile", "has a system read as soon as may be")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "connection", about: "only what differs at this connection" }],
        gives: Some(page::<DriftView>()),
        codes: &[Code::BadCursor],
        ..read("listDrift", "/v1/drift", "ListDrift", "lists what somebody else changed, the oldest first")
    },
    Operation {
        gives: Some(json::<DriftView>()),
        ..read("readDrift", "/v1/drift/{drift}", "ListDrift", "shows what somebody else changed on an account")
    },
    Operation {
        status: 202,
        gives: Some(json::<SettledView>()),
        codes: &[Code::NotInThisState],
        ..act("restoreDrift", "/v1/drift/{drift}/restore", "SettleDrift", "has a run make it as it was decided")
    },
    Operation {
        takes: Some(json::<AcceptIn>()),
        gives: Some(json::<DriftView>()),
        codes: &[Code::NotInThisState],
        ..act("acceptDrift", "/v1/drift/{drift}/accept", "SettleDrift", "leaves it as it is")
    },
    list::<OrphanView>("listOrphans", "/v1/connections/{connection}/orphans", "ListDrift", "lists accounts of nobody"),
    Operation {
        takes: Some(json::<OrphanIn>()),
        status: 202,
        gives: Some(json::<SettledView>()),
        codes: &[Code::NotInThisState],
        ..act("settleOrphan", "/v1/connections/{connection}/orphans", "SettleDrift", "adopts, links or disables one")
    },
    Operation {
        query: &[AFTER, Param { name: "limit", about: "how many people are looked at" }],
        gives: Some(page::<GapView>()),
        codes: &[Code::BadCursor],
        ..read(
            "compareConnection",
            "/v1/connections/{connection}/gaps",
            "ListDrift",
            "holds what policy intends against what a system enforces, in both directions",
        )
    },
    Operation {
        takes: Some(json::<SourceReadingIn>()),
        gives: Some(json::<SourceReadingView>()),
        codes: &[Code::NotInThisState],
        ..act("readSource", "/v1/connections/{connection}/read", "ReadSource", "reads a source now")
    },
    Operation {
        gives: Some(json::<Vec<SourceReadingView>>()),
        codes: &[Code::NotInThisState],
        ..read(
            "listSourceReadings",
            "/v1/connections/{connection}/source-readings",
            "ReadConnection",
            "lists the last readings of a source, newest first",
        )
    },
    Operation {
        gives: Some(json::<SourceReadingView>()),
        codes: &[Code::NotInThisState],
        ..act(
            "acceptReading",
            "/v1/connections/{connection}/source-readings/{number}/accept",
            "AnswerReading",
            "accepts what a reading withholds, and reads the source again",
        )
    },
    Operation {
        gives: Some(json::<SourceReadingView>()),
        codes: &[Code::NotInThisState],
        ..act(
            "rejectReading",
            "/v1/connections/{connection}/source-readings/{number}/reject",
            "AnswerReading",
            "refuses what a reading withholds",
        )
    },
];

const LAST: &[Operation] = &[
    list::<CaseView>("listCases", "/v1/cases", "ListCases", "lists questions that wait for a human"),
    Operation {
        gives: Some(json::<CaseView>()),
        ..read("readCase", "/v1/cases/{case}", "ListCases", "shows a question")
    },
    Operation {
        takes: Some(json::<CaseResolution>()),
        gives: Some(json::<CaseView>()),
        codes: &[Code::NotInThisState],
        ..act("resolveCase", "/v1/cases/{case}/resolve", "ResolveCase", "answers a question")
    },
    Operation {
        access: Access::Page("ListTasks"),
        gives: Some(text(HTML)),
        ..read("showTasksPage", "/tasks", "", "shows what waits for whoever signed in")
    },
    Operation {
        access: Access::Page("ListTasks"),
        takes: Some(text(FORM)),
        status: 303,
        ..act("comeOrGo", "/tasks", "", "signs somebody in or out at a browser")
    },
    Operation {
        access: Access::Page("ReadTask"),
        gives: Some(text(HTML)),
        ..read("showTaskPage", "/tasks/{task}", "", "shows a task to whoever signed in")
    },
    Operation {
        access: Access::Page("WorkTask"),
        takes: Some(text(FORM)),
        status: 303,
        ..act("answerTaskPage", "/tasks/{task}", "", "signs somebody in, or ends a task as they say")
    },
    Operation {
        query: &[AFTER, LIMIT, MINE, Param { name: "closed", about: "`true`: also what is over" }],
        gives: Some(page::<TaskView>()),
        codes: &[Code::BadCursor],
        ..read("listTasks", "/v1/tasks", "ListTasks", "lists what humans are asked to do, the oldest first")
    },
    Operation {
        gives: Some(json::<TaskDetail>()),
        ..read("readTask", "/v1/tasks/{task}", "ReadTask", "shows a task with what was said about it")
    },
    Operation {
        gives: Some(json::<TaskView>()),
        codes: &[Code::NotInThisState, Code::Precondition],
        ..act("claimTask", "/v1/tasks/{task}/claim", "WorkTask", "takes a task in hand")
    },
    Operation {
        takes: Some(json::<CloseIn>()),
        gives: Some(json::<TaskView>()),
        codes: &[Code::NotInThisState, Code::Precondition],
        ..act("closeTask", "/v1/tasks/{task}/close", "WorkTask", "ends a task, and tells the run that waits for it")
    },
    Operation {
        takes: Some(json::<CommentIn>()),
        status: 201,
        gives: Some(json::<TaskEntryView>()),
        codes: &[Code::NotInThisState],
        ..act("commentTask", "/v1/tasks/{task}/comments", "WorkTask", "says something about a task")
    },
    Operation {
        takes: Some(json::<EvidenceIn>()),
        status: 201,
        gives: Some(json::<TaskEntryView>()),
        codes: &[Code::NotInThisState],
        ..act("addEvidence", "/v1/tasks/{task}/evidence", "WorkTask", "brings evidence of what was done")
    },
    Operation {
        gives: Some(json::<TaskEntryView>()),
        ..read("readEvidence", "/v1/tasks/{task}/evidence/{entry}", "ReadTask", "gives evidence that is kept here")
    },
    Operation {
        takes: Some(json::<ReassignIn>()),
        gives: Some(json::<TaskView>()),
        codes: &[Code::NotInThisState, Code::Precondition],
        ..act("reassignTask", "/v1/tasks/{task}/reassign", "ReassignTask", "gives a task to somebody else")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "for", about: "only those who stand in for this name" }, MINE],
        gives: Some(page::<DeputyView>()),
        codes: &[Code::BadCursor],
        ..read("listDeputies", "/v1/deputies", "ListDeputies", "lists who stands in for whom, the oldest first")
    },
    Operation {
        takes: Some(json::<DeputyIn>()),
        status: 201,
        gives: Some(json::<DeputyView>()),
        codes: &[Code::NotInThisState],
        ..act("addDeputy", "/v1/deputies", "AddDeputy", "says that somebody stands in for somebody else for a time")
    },
    Operation {
        gives: Some(json::<DeputyView>()),
        codes: &[Code::NotInThisState, Code::Precondition],
        ..act("endDeputy", "/v1/deputies/{deputy}/end", "EndDeputy", "ends that somebody stands in, before its time")
    },
    list::<ExceptionView>("listExceptions", "/v1/exceptions", "ListExceptions", "lists who was let off which rule"),
    Operation {
        takes: Some(json::<ExceptionIn>()),
        status: 201,
        gives: Some(json::<ExceptionView>()),
        codes: &[Code::NotInThisState],
        ..act("grantException", "/v1/exceptions", "GrantException", "lets somebody off a rule for a time")
    },
    Operation {
        gives: Some(json::<ExceptionView>()),
        codes: &[Code::NotInThisState],
        ..act("endException", "/v1/exceptions/{exception}/end", "EndException", "ends an exception before its time")
    },
    Operation {
        query: &[AFTER, LIMIT, Param { name: "state", about: "only `waiting` ones, or only those `given-up`" }],
        gives: Some(page::<NoticeView>()),
        codes: &[Code::BadCursor],
        ..read("listNotices", "/v1/notices", "ListNotices", "lists notices that did not arrive, and why")
    },
    Operation {
        gives: Some(json::<NoticeView>()),
        ..act("retryNotice", "/v1/notices/{notice}/retry", "RetryNotice", "tries again now what did not arrive")
    },
    Operation {
        takes: Some(json::<DropIn>()),
        gives: Some(json::<NoticeView>()),
        ..act("dropNotice", "/v1/notices/{notice}/drop", "DropNotice", "puts aside what did not arrive")
    },
    list::<LedgerEntryView>("listLedger", "/v1/ledger", "ListLedger", "lists entries of the ledger, newest first"),
    Operation {
        gives: Some(json::<CheckpointView>()),
        ..read("readCheckpoint", "/v1/ledger/checkpoint", "ReadLedger", "gives the newest signed checkpoint")
    },
    Operation {
        gives: Some(json::<LedgerEntryView>()),
        ..read("readEntry", "/v1/ledger/{index}", "ReadLedger", "shows an entry of the ledger")
    },
    list::<TokenView>("listTokens", "/v1/tokens", "ListTokens", "lists tokens, without their secrets"),
    Operation {
        takes: Some(json::<TokenIn>()),
        status: 201,
        gives: Some(json::<TokenCreated>()),
        ..act("createToken", "/v1/tokens", "CreateToken", "makes a token and shows its secret once")
    },
    Operation {
        method: Method::Delete,
        status: 204,
        ..read("revokeToken", "/v1/tokens/{token}", "RevokeToken", "ends a token at once")
    },
];

/// The operation of this name.
pub fn find(id: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.id == id)
}

impl Operation {
    /// The variables of the path.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_and_no_place_is_taken_twice() {
        let ids: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
        let places: BTreeSet<_> = OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
        assert_eq!((ids.len(), places.len()), (OPERATIONS.len(), OPERATIONS.len()));
    }

    #[test]
    fn only_the_three_that_tell_nothing_need_no_token() {
        let public: Vec<_> = OPERATIONS.iter().filter(|one| one.access == Access::Public).map(|one| one.path).collect();
        assert_eq!(public, ["/healthz", "/readyz", "/openapi.json"]);
        assert!(OPERATIONS.iter().all(|operation| operation.access != Access::Action("")));
    }
}
