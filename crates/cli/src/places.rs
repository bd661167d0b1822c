//! Every operation of the API that a command calls. The client asks for nothing else, and a test
//! holds each against the list in `api`: a path that the server does not have cannot be asked for.

use std::fmt::{self, Write as _};

use tenure_api::Method;

/// An operation, by its method and its path with `{names}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The method.
    pub method: Method,
    template: &'static str,
}

/// A place with its names filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
}

impl Place {
    /// The path with these in the place of its names, in order. Nothing in them can lead elsewhere.
    pub fn of(self, values: &[&dyn fmt::Display]) -> Path {
        let mut values = values.iter();
        let step = |step: &str| match step.strip_prefix('{') {
            Some(_) => values.next().map(|value| escaped(&value.to_string())).unwrap_or_default(),
            None => step.to_owned(),
        };
        let steps: Vec<String> = self.template.split('/').map(step).collect();
        Path { method: self.method, path: steps.join("/") }
    }

    /// The path of a place without names.
    pub fn path(self) -> Path {
        self.of(&[])
    }
}

/// The text as one step of a path.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut step, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            step.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(step, "%{byte:02X}");
        }
        step
    })
}

macro_rules! places {
    ($($name:ident = $method:ident $template:literal;)*) => {
        $(#[doc = concat!("`", $template, "`")] pub const $name: Place =
            Place { method: Method::$method, template: $template };)*

        #[cfg(test)]
        const ALL: &[Place] = &[$($name,)*];
    };
}

places! {
    READYZ = Get "/readyz";
    WHO_AM_I = Get "/v1/whoami";
    LIST_PEOPLE = Get "/v1/people";
    READ_PERSON = Get "/v1/people/{person}";
    READ_WHY = Get "/v1/people/{person}/why";
    READ_STORY = Get "/v1/people/{person}/story";
    READ_PLAN = Get "/v1/people/{person}/plan";
    LIST_HOLDERS = Get "/v1/access/who";
    MINE_RULES = Get "/v1/access/mine";
    WHAT_IF_RULE = Post "/v1/whatif/rule";
    WHAT_IF = Post "/v1/people/{person}/whatif";
    REHEARSE = Post "/v1/people/{person}/rehearse";
    MAKE_PLAN = Post "/v1/plans";
    SHOW_PLAN = Get "/v1/plans/{plan}";
    PLAN_PEOPLE = Get "/v1/plans/{plan}/people";
    APPLY_PLAN = Post "/v1/plans/{plan}/apply";
    LIST_HELD = Get "/v1/held";
    SHOW_HELD = Get "/v1/held/{held}";
    HELD_REMOVALS = Get "/v1/held/{held}/removals";
    HELD_STARTS = Get "/v1/held/{held}/starts";
    APPROVE_HELD = Post "/v1/held/{held}/approve";
    REFUSE_HELD = Post "/v1/held/{held}/refuse";
    READ_ESTATE = Get "/v1/estate";
    LIST_VERSIONS = Get "/v1/estate/versions";
    READ_VERSION = Get "/v1/estate/versions/{version}";
    MERGE_PEOPLE = Post "/v1/people/{person}/merge";
    SPLIT_PERSON = Post "/v1/people/{person}/split";
    NAME_PERSON = Post "/v1/people/{person}/name";
    SPONSOR_PERSON = Post "/v1/people/{person}/sponsor";
    LIST_MERGES = Get "/v1/merges";
    UNDO_MERGE = Post "/v1/merges/{merge}/undo";
    LIST_EVENTS = Get "/v1/events";
    POST_EVENT = Post "/v1/connections/{connection}/events";
    LIST_CONNECTIONS = Get "/v1/connections";
    CHECK_CONNECTION = Post "/v1/connections/{connection}/check";
    LIST_READINGS = Get "/v1/readings";
    READ_READING = Get "/v1/connections/{connection}/reading";
    RECONCILE = Post "/v1/connections/{connection}/reading";
    LIST_DRIFT = Get "/v1/drift";
    RESTORE_DRIFT = Post "/v1/drift/{drift}/restore";
    ACCEPT_DRIFT = Post "/v1/drift/{drift}/accept";
    LIST_ORPHANS = Get "/v1/connections/{connection}/orphans";
    SETTLE_ORPHAN = Post "/v1/connections/{connection}/orphans";
    COMPARE_CONNECTION = Get "/v1/connections/{connection}/gaps";
    READ_SOURCE = Post "/v1/connections/{connection}/read";
    LIST_SOURCE_READINGS = Get "/v1/connections/{connection}/source-readings";
    ACCEPT_READING = Post "/v1/connections/{connection}/source-readings/{number}/accept";
    REJECT_READING = Post "/v1/connections/{connection}/source-readings/{number}/reject";
    LIST_REVIEWS = Get "/v1/reviews";
    READ_REVIEW = Get "/v1/reviews/{workflow}";
    LIST_RUNS = Get "/v1/runs";
    START_RUN = Post "/v1/runs";
    READ_RUN = Get "/v1/runs/{run}";
    REPLAY_RUN = Get "/v1/runs/{run}/replay";
    WATCH_RUN = Get "/v1/runs/{run}/watch";
    RETRY_RUN = Post "/v1/runs/{run}/retry";
    CANCEL_RUN = Post "/v1/runs/{run}/cancel";
    LOOK_AT_UNDO = Get "/v1/runs/{run}/undo";
    UNDO_RUN = Post "/v1/runs/{run}/undo";
    SIGNAL_RUN = Post "/v1/runs/{run}/signal";
    SKIP_STEP = Post "/v1/runs/{run}/skip";
    EDIT_STEP = Post "/v1/runs/{run}/edit";
    CHECK_MIGRATION = Get "/v1/runs/{run}/migration";
    MIGRATE_RUN = Post "/v1/runs/{run}/migrate";
    REDRAFT = Post "/v1/workflows/{workflow}/redraft";
    MAKE_SET = Post "/v1/sets";
    LIST_SETS = Get "/v1/sets";
    READ_SET = Get "/v1/sets/{set}";
    SET_PEOPLE = Get "/v1/sets/{set}/people";
    START_SET = Post "/v1/sets/{set}/start";
    CANCEL_SET = Post "/v1/sets/{set}/cancel";
    LIST_CASES = Get "/v1/cases";
    READ_CASE = Get "/v1/cases/{case}";
    RESOLVE_CASE = Post "/v1/cases/{case}/resolve";
    LIST_TASKS = Get "/v1/tasks";
    READ_TASK = Get "/v1/tasks/{task}";
    CLAIM_TASK = Post "/v1/tasks/{task}/claim";
    CLOSE_TASK = Post "/v1/tasks/{task}/close";
    COMMENT_TASK = Post "/v1/tasks/{task}/comments";
    ADD_EVIDENCE = Post "/v1/tasks/{task}/evidence";
    READ_EVIDENCE = Get "/v1/tasks/{task}/evidence/{entry}";
    REASSIGN_TASK = Post "/v1/tasks/{task}/reassign";
    LIST_DEPUTIES = Get "/v1/deputies";
    ADD_DEPUTY = Post "/v1/deputies";
    END_DEPUTY = Post "/v1/deputies/{deputy}/end";
    LIST_EXCEPTIONS = Get "/v1/exceptions";
    GRANT_EXCEPTION = Post "/v1/exceptions";
    END_EXCEPTION = Post "/v1/exceptions/{exception}/end";
    LIST_NOTICES = Get "/v1/notices";
    RETRY_NOTICE = Post "/v1/notices/{notice}/retry";
    DROP_NOTICE = Post "/v1/notices/{notice}/drop";
    LIST_LEDGER = Get "/v1/ledger";
    READ_CHECKPOINT = Get "/v1/ledger/checkpoint";
    LIST_TOKENS = Get "/v1/tokens";
    CREATE_TOKEN = Post "/v1/tokens";
    REVOKE_TOKEN = Delete "/v1/tokens/{token}";
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_api::OPERATIONS;

    #[test]
    fn the_api_has_every_place_that_a_command_asks() {
        let has =
            |place: &Place| OPERATIONS.iter().any(|known| (known.method, known.path) == (place.method, place.template));
        let missing: Vec<_> = ALL.iter().filter(|place| !has(place)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn names_are_filled_in_in_order() {
        let path = READ_WHY.of(&[&"person_1"]);
        assert_eq!((path.method, path.path.as_str()), (Method::Get, "/v1/people/person_1/why"));
        assert_eq!(LIST_RUNS.path().path, "/v1/runs");
        assert_eq!(READ_PERSON.of(&[&"a/../b?c=%2F ä"]).path, "/v1/people/a%2F..%2Fb%3Fc%3D%252F%20%C3%A4");
    }
}
