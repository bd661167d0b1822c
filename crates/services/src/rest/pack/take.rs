//! Reads a pack.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use tenure_connect::{Artifact, RefusalClass, Reversibility, Shape as ValueShape, Verb};
use tenure_model::EntitlementKind;

use super::actions::actions;
use super::reader::{At, Fault, Fields};
use super::request::{Around, REQUEST_KEYS, constant};
use super::tickets::tickets;
use super::{
    Accounts, ArtifactList, ArtifactPlan, Attribute, Bin, Entitlements, ErrorRule, Give, Holds, Meaning, Operation,
    Pack, Reached, Setting, Source, Speaks, Step,
};
use crate::rest::template::Shape;

const KEYS: [&str; 18] = [
    "about",
    "settings",
    "secrets",
    "speaks",
    "headers",
    "auth",
    "check",
    "answersGuests",
    "errors",
    "pace",
    "seenAfterSeconds",
    "accounts",
    "entitlements",
    "operations",
    "artifacts",
    "actions",
    "tickets",
    "exceptions",
];

const ACCOUNT_KEYS: [&str; 14] = [
    "native",
    "id",
    "name",
    "list",
    "get",
    "goneIf",
    "deleted",
    "changes",
    "with",
    "attributes",
    "disabledIf",
    "disabledIfAll",
    "deletedIf",
    "holds",
];

/// How far a write can be taken back, in words.
pub(super) const UNDOES: [(&str, Reversibility); 4] = [
    ("exact", Reversibility::Exact),
    ("window", Reversibility::Window),
    ("lossy", Reversibility::Lossy),
    ("irreversible", Reversibility::Irreversible),
];

/// Verbs that a pack describes. Amending follows from setting.
const VERBS: [Verb; 10] = [
    Verb::Create,
    Verb::Set,
    Verb::SetPassword,
    Verb::Enable,
    Verb::Disable,
    Verb::Grant,
    Verb::Revoke,
    Verb::End,
    Verb::Delete,
    Verb::Restore,
];

/// Reads it, or says everything that is wrong.
pub(super) fn pack(spec: &Json) -> Result<Pack, Vec<Fault>> {
    let faults = RefCell::default();
    let read = read(&At::root(spec, &faults));
    let mut faults = faults.into_inner();
    match read {
        Some(pack) if faults.is_empty() => Ok(pack),
        _ => {
            faults.sort_by(|one, other| (&one.at, one.kind).cmp(&(&other.at, other.kind)));
            faults.dedup();
            Err(faults)
        }
    }
}

fn read(root: &At<'_>) -> Option<Pack> {
    let fields = root.fields(&KEYS)?;
    let settings = settings(&fields);
    let secrets = texts(&fields, "secrets");
    let speaks = fields.get("speaks").map_or(Some(Speaks::Rest), |at| speaks(&at));
    let speaking = speaks.clone().unwrap_or(Speaks::Rest);
    let around = Around { speaks: &speaking, settings: &settings, secrets: &secrets, holes: &[], asking: false };
    let auth = fields.need("auth").and_then(|at| around.auth(&at));
    let around = Around { asking: true, ..around };
    let accounts = fields.need("accounts").and_then(|at| accounts(&at, around));
    let entitlements = fields.get("entitlements").map(|at| entitlements(&at, around));
    let operations = fields.need("operations").map(|at| operations(&at, around)).unwrap_or_default();
    let artifacts = fields.need("artifacts").and_then(|at| artifacts(&at, around));
    let actions = fields.get("actions").map(|at| actions(&at, around));
    let tickets = fields.get("tickets").map(|at| tickets(&at, around));
    let pack = Pack {
        about: fields.maybe_text("about"),
        headers: around.templates(&fields, "headers"),
        check: fields.get("check").and_then(|at| around.request(&at.fields(&REQUEST_KEYS)?)),
        answers_guests: fields.flag("answersGuests"),
        errors: fields.list("errors").iter().filter_map(error_rule).collect(),
        requests_per_second_max: fields
            .get("pace")
            .and_then(|at| at.fields(&["requestsPerSecondMax"])?.number("requestsPerSecondMax"))
            .and_then(|most| u32::try_from(most).ok()),
        seen_after: Duration::from_secs(fields.number("seenAfterSeconds").unwrap_or_default()),
        exceptions: texts(&fields, "exceptions"),
        accounts: accounts?,
        entitlements: entitlements.unwrap_or_default(),
        operations,
        artifacts: artifacts?,
        actions: actions.map_or(Some(BTreeMap::new()), |actions| actions)?,
        tickets: tickets.map_or(Some(None), |tickets| tickets.map(Some))?,
        speaks: speaks?,
        auth: auth?,
        secrets,
        settings,
    };
    fits_together(&pack, &fields);
    Some(pack)
}

/// What no key alone can say.
fn fits_together(pack: &Pack, fields: &Fields<'_>) {
    let operations = fields.get("operations");
    let bad = |reason: &str, hint: &str| {
        if let Some(at) = &operations {
            at.bad::<()>(reason, hint);
        }
    };
    let has = |verb| pack.operations.contains_key(&verb);
    if has(Verb::Create) && !has(Verb::Disable) && !has(Verb::Delete) {
        bad("accounts are made and cannot be taken out of use", "describe `disable` or `delete`");
    }
    for (give, take) in [(Verb::Grant, Verb::Revoke), (Verb::Enable, Verb::Disable)] {
        if has(give) && !has(take) {
            bad(&format!("`{give}` is described and `{take}` is not"), &format!("describe `{take}`"));
        }
    }
    if has(Verb::Disable) && pack.accounts.disabled.is_empty() && pack.accounts.disabled_by_all.is_empty() {
        bad("nothing says how a disabled account looks", "add `disabledIf` or `disabledIfAll` to `accounts`");
    }
    if (has(Verb::Restore) || pack.accounts.bin.is_some()) && pack.accounts.deleted.is_empty() {
        bad("nothing says how a deleted account looks", "add `deletedIf` to `accounts`");
    }
    if has(Verb::Grant) && (pack.accounts.holds.is_none() || pack.entitlements.is_none()) {
        bad("what is granted could not be seen", "describe `entitlements`, and `holds` of `accounts`");
    }
    if pack.answers_guests && pack.check.is_none() {
        bad("what guests are shown would be taken for everything", "add `check`, a request that guests are refused");
    }
    if pack.attribute(&pack.accounts.name).is_none()
        && let Some(at) = fields.get("accounts")
    {
        let reason = format!("`name` is `{}`, which is not among the attributes", pack.accounts.name);
        at.bad::<()>(reason, "describe it");
    }
}

fn settings(fields: &Fields<'_>) -> BTreeMap<String, Setting> {
    let Some(map) = fields.get("settings").and_then(|at| at.map()) else { return BTreeMap::new() };
    let one = |(name, at): (&str, At<'_>)| {
        let fields = at.fields(&["about", "default"])?;
        Some((name.to_owned(), Setting { about: fields.text("about")?, default: fields.maybe_text("default") }))
    };
    map.each().filter_map(one).collect()
}

fn texts(fields: &Fields<'_>, key: &str) -> BTreeMap<String, String> {
    let Some(map) = fields.get(key).and_then(|at| at.map()) else { return BTreeMap::new() };
    map.each().filter_map(|(name, at)| Some((name.to_owned(), at.text()?.to_owned()))).collect()
}

fn speaks(at: &At<'_>) -> Option<Speaks> {
    #[derive(Clone, Copy)]
    enum Word {
        Rest,
        JsonRpc,
        QueryXml,
    }
    let fields = at.fields(&["as", "path"])?;
    let words = [("rest", Word::Rest), ("json-rpc", Word::JsonRpc), ("query-xml", Word::QueryXml)];
    Some(match fields.need("as")?.word(&words)? {
        Word::Rest => Speaks::Rest,
        Word::QueryXml => Speaks::QueryXml,
        Word::JsonRpc => {
            let path = fields.text("path")?;
            Speaks::JsonRpc { path: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect() }
        }
    })
}

fn error_rule(at: &At<'_>) -> Option<ErrorRule> {
    let fields = at.fields(&["status", "at", "is", "has", "means"])?;
    let mut words: Vec<(&str, Meaning)> =
        RefusalClass::ALL.into_iter().map(|class| (class.word(), Meaning::No(class))).collect();
    words.push(("unknown", Meaning::Unknown));
    let means = fields.need("means")?.word(&words)?;
    let status: Vec<u16> = match fields.get("status") {
        Some(at) if at.json.is_array() => at.list()?.iter().filter_map(|at| u16::try_from(at.number()?).ok()).collect(),
        Some(at) => u16::try_from(at.number()?).into_iter().collect(),
        None => Vec::new(),
    };
    let rule = ErrorRule {
        status,
        at: fields.maybe_pointer("at"),
        is: fields.get("is").and_then(|at| crate::rest::template::scalar(at.json)),
        has: fields.maybe_text("has").map(|text| text.to_lowercase()),
        means,
    };
    if rule.status.is_empty() && rule.at.is_none() {
        return at.bad("this rule would fit every answer", "say `status`, or `at` with `is` or `has`");
    }
    Some(rule)
}

fn accounts(at: &At<'_>, around: Around<'_>) -> Option<Accounts> {
    let fields = at.fields(&ACCOUNT_KEYS)?;
    let native = fields.maybe_text("native").unwrap_or_else(|| "user".to_owned());
    let id = fields.pointer("id");
    let name = fields.text("name");
    let list = fields.need("list").and_then(|at| around.list(&at));
    let by_id = around.with(&["id"]);
    let get = fields.get("get").and_then(|at| by_id.lookup(&at));
    let gone = fields.get("goneIf").and_then(|at| by_id.lookup(&at));
    let bin = fields.get("deleted").and_then(|at| {
        let fields = at.fields(&["list", "get"])?;
        let get = fields.get("get").and_then(|at| by_id.lookup(&at));
        Some(Bin { list: around.list(&fields.need("list")?)?, get })
    });
    let feed = fields.get("changes").and_then(|at| around.feed(&at));
    let joins = fields.get("with").and_then(|at| at.map());
    let joined = around.with(&["id", "account"]);
    let with = joins.iter().flat_map(Fields::each).filter_map(|(name, at)| joined.join(name, &at)).collect();
    let map = fields.need("attributes").and_then(|at| at.map());
    let attributes = map.iter().flat_map(Fields::each).filter_map(|(name, at)| attribute(name, &at, around)).collect();
    let holds = fields.get("holds").and_then(|at| {
        let fields = at.fields(&["in", "id", "leaveOut"])?;
        let id = fields.maybe_pointer("id").unwrap_or_default();
        Some(Holds { within: fields.pointer("in")?, id, leave: around.conditions(&fields, "leaveOut") })
    });
    Some(Accounts {
        native,
        id: id?,
        name: name?,
        list: list?,
        get,
        gone,
        bin,
        feed,
        with,
        attributes,
        disabled: around.conditions(&fields, "disabledIf"),
        disabled_by_all: around.conditions(&fields, "disabledIfAll"),
        deleted: around.conditions(&fields, "deletedIf"),
        holds,
    })
}

fn attribute(name: &str, at: &At<'_>, around: Around<'_>) -> Option<Attribute> {
    let keys = [
        "at", "among", "shape", "many", "required", "unique", "give", "find", "caseless", "cleared", "usual", "notWith",
    ];
    let fields = at.fields(&keys)?;
    let shapes = [
        ("text", ValueShape::Text),
        ("number", ValueShape::Number),
        ("flag", ValueShape::Flag),
        ("date", ValueShape::Date),
        ("instant", ValueShape::Instant),
    ];
    let gives = [("always", Give::Always), ("once", Give::Once), ("never", Give::Never)];
    let source = match fields.get("among") {
        Some(at) => {
            let fields = at.fields(&["list", "key", "is", "value"])?;
            Source::Among {
                list: fields.pointer("list")?,
                key: fields.pointer("key")?,
                is: fields.text("is")?,
                value: fields.pointer("value")?,
            }
        }
        None => Source::At(fields.pointer("at")?),
    };
    Some(Attribute {
        name: name.to_owned(),
        source,
        shape: fields.get("shape").map_or(Some(ValueShape::Text), |at| at.word(&shapes))?,
        many: fields.flag("many"),
        required: fields.flag("required"),
        unique: fields.flag("unique"),
        give: fields.get("give").map_or(Some(Give::Always), |at| at.word(&gives))?,
        find: fields.get("find").and_then(|at| around.with(&["value"]).lookup(&at)),
        caseless: fields.flag("caseless"),
        cleared: constant(fields.get("cleared")),
        usual: fields.get("usual").map(|at| at.json.clone()),
        not_with: fields.maybe_text("notWith").unwrap_or_default(),
    })
}

fn entitlements(at: &At<'_>, around: Around<'_>) -> Option<Entitlements> {
    let fields = at.fields(&["native", "kind", "id", "idName", "name", "nameName", "list", "get"])?;
    let kinds: Vec<(&str, EntitlementKind)> =
        EntitlementKind::ALL.into_iter().map(|kind| (kind.word(), kind)).collect();
    Some(Entitlements {
        native: fields.maybe_text("native").unwrap_or_else(|| "group".to_owned()),
        kind: fields.get("kind").map_or(Some(EntitlementKind::Group), |at| at.word(&kinds))?,
        id: fields.pointer("id")?,
        id_name: fields.maybe_text("idName").unwrap_or_else(|| "id".to_owned()),
        name: fields.pointer("name")?,
        name_name: fields.maybe_text("nameName").unwrap_or_else(|| "name".to_owned()),
        list: around.list(&fields.need("list")?)?,
        get: fields.get("get").and_then(|at| around.with(&["id"]).lookup(&at)),
    })
}

fn operations(at: &At<'_>, around: Around<'_>) -> BTreeMap<Verb, Operation> {
    let known: Vec<&str> = VERBS.into_iter().filter(|verb| *verb != Verb::End).map(Verb::word).collect();
    let Some(fields) = at.fields(&known) else { return BTreeMap::new() };
    let one = |(name, at): (&str, At<'_>)| {
        let verb = VERBS.into_iter().find(|verb| verb.word() == name)?;
        Some((verb, operation(verb, &at, around)?))
    };
    fields.each().filter_map(one).collect()
}

fn operation(verb: Verb, at: &At<'_>, around: Around<'_>) -> Option<Operation> {
    let own: &[&str] = match verb {
        Verb::Create => &["id", "account", "object", "attributes", "random"],
        Verb::Set => &["id", "account", "attributes", "object"],
        Verb::SetPassword => &["id", "account", "object", "password", "mustChange"],
        Verb::Grant | Verb::Revoke => &["id", "account", "object", "entitlement"],
        _ => &["id", "account", "object"],
    };
    let around = around.with(own);
    let more: &[&str] = if verb == Verb::SetPassword { &["undo", "id", "onlyIfActive"] } else { &["undo", "id"] };
    let fields = at.map()?;
    let undo = fields.need("undo").and_then(|at| at.word(&UNDOES));
    let steps = steps(at, around, more)?;
    let demands = |step: &Step| step.request.body.iter().flat_map(Shape::holes).any(|hole| hole.name == "mustChange");
    let demands_change = steps.iter().any(demands);
    let only_if_active = fields.flag("onlyIfActive");
    Some(Operation { undo: undo?, steps, id: fields.maybe_pointer("id"), demands_change, only_if_active })
}

/// The steps of a write, which stands among these keys: one request, or several under `steps`.
pub(super) fn steps(at: &At<'_>, around: Around<'_>, more: &[&str]) -> Option<Vec<Step>> {
    let steps = match at.map()?.get("steps") {
        Some(steps) => {
            let known: Vec<&str> = more.iter().copied().chain(["steps"]).collect();
            at.fields(&known)?;
            steps.list()?.iter().map(|at| around.step(at, &[])).collect::<Option<Vec<_>>>()?
        }
        None => vec![around.step(at, more)?],
    };
    if steps.is_empty() {
        return at.bad("there is no step", "add one");
    }
    Some(steps)
}

fn artifacts(at: &At<'_>, around: Around<'_>) -> Option<BTreeMap<Artifact, ArtifactPlan>> {
    let own = [Artifact::Account, Artifact::Membership];
    let kinds = || Artifact::ALL.into_iter().filter(|kind| !own.contains(kind));
    let known: Vec<&str> = kinds().map(Artifact::word).collect();
    let fields = at.fields(&known)?;
    let around = around.with(&["id", "account", "object"]);
    let mut plans = BTreeMap::new();
    for kind in kinds() {
        let Some(at) = fields.need(kind.word()) else { continue };
        if let Some(plan) = artifact(&at, around) {
            plans.insert(kind, plan);
        }
    }
    Some(plans)
}

fn artifact(at: &At<'_>, around: Around<'_>) -> Option<ArtifactPlan> {
    if at.json.as_str() == Some("none") {
        return Some(ArtifactPlan::NotThere);
    }
    let fields = at.fields(&["out", "why", "list", "end"])?;
    if let Some(why) = fields.maybe_text("out") {
        return Some(ArtifactPlan::Out(why));
    }
    let list = match fields.get("list") {
        Some(at) => Some(artifact_list(&at, around)?),
        None => None,
    };
    let ending: Vec<&str> = around.holes.iter().copied().chain(list.is_some().then_some("item")).collect();
    let ending = around.with(&ending);
    let end = match fields.get("end") {
        Some(at) => ending.one_or_several(&at)?,
        None => Vec::new(),
    };
    let reached = Reached { why: fields.maybe_text("why"), list, end };
    let whole = reached.list.is_some() && !reached.end.is_empty();
    if reached.list.is_none() && reached.end.is_empty() {
        return at.bad("nothing is said about it", "write `none`, `out: why not`, or `list` and `end`");
    }
    if !whole && reached.why.is_none() {
        return at.bad("it is not wholly within reach, and nobody says why", "add `why: …`");
    }
    Some(ArtifactPlan::Reached(Box::new(reached)))
}

fn artifact_list(at: &At<'_>, around: Around<'_>) -> Option<ArtifactList> {
    let own = ["items", "leaveOut", "id", "name", "madeAt", "usedAt", "endsAt"];
    let keys: Vec<&str> = REQUEST_KEYS.into_iter().chain(own).collect();
    let fields = at.fields(&keys)?;
    Some(ArtifactList {
        request: around.request(&fields)?,
        items: fields.pointer("items")?,
        leave: around.conditions(&fields, "leaveOut"),
        id: fields.pointer("id")?,
        name: fields.maybe_pointer("name"),
        made_at: fields.maybe_pointer("madeAt"),
        used_at: fields.maybe_pointer("usedAt"),
        ends_at: fields.maybe_pointer("endsAt"),
    })
}
