//! Steps that let a system do something for an account, held against what its connector says that it
//! can do, before any of them runs.
//!
//! Only what is written out is looked at: where the system, the action or a parameter is an
//! expression, it is known when the step runs, and nothing is claimed of it here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use tenure_blueprint::{Code, Connection, Estate, Problem, Written};
use tenure_connect::{ActionRule, Description};
use tenure_flow::language::reference;
use tenure_model::{Clock, Given, KnownAction, Name, SystemClock};
use tenure_policy::expression::words::nearest;

use super::open::{self, Folders};

/// The step that names an action of a connection's own.
const ACT: &str = "connector/act";
/// The step that takes back what another one did.
const TAKE_BACK: &str = "connector/take-back";

/// What a connector says of itself; nothing where that is not known here.
pub(super) type Describe<'a> = dyn Fn(&Connection) -> Option<Description> + 'a;

/// What the workflows of these documents ask of connections that cannot do it.
pub(super) fn problems(documents: &Estate, describe: &Describe<'_>) -> Vec<Problem> {
    let mut known = Connections { documents, describe, told: BTreeMap::new() };
    documents.workflows.values().flat_map(|written| of_workflow(written, &mut known)).collect()
}

/// The same with what can be known of connections from their documents alone, with these folders.
/// Nothing is asked, and no program is started.
pub(super) fn problems_here(folder: &Path, documents: &Estate) -> Vec<Problem> {
    // Whoever else set a provider chose the same one: it is the only one that is built in.
    drop(rustls::crypto::ring::default_provider().install_default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let folders = Folders { estate: folder, data: folder, packs: Some(&documents.packs), desk: None };
    let describe = |connection: &Connection| {
        // What is wrong with the connection itself is told where it is opened.
        let way = open::connector(connection, folders, &clock).ok()?;
        Some(way.map_or_else(|| Description::new(&connection.connector), |way| way.describe().clone()))
    };
    problems(documents, &describe)
}

/// The connections, each of which is asked once what it can do.
struct Connections<'a> {
    documents: &'a Estate,
    describe: &'a Describe<'a>,
    told: BTreeMap<&'a Name, Option<Description>>,
}

impl<'a> Connections<'a> {
    fn can(&mut self, name: &str) -> Option<&Description> {
        let connection: &'a Connection =
            self.documents.connections.values().find(|known| known.name.as_str() == name)?;
        self.told.entry(&connection.name).or_insert_with(|| (self.describe)(connection)).as_ref()
    }

    /// What to do about an action that a connection does not have.
    fn way_out(&mut self, own: &[String], action: &str) -> String {
        if let Some(near) = nearest(action, own.iter().map(String::as_str)) {
            return format!("did you mean `{near}`?");
        }
        let documents = self.documents;
        let all = documents.connections.keys().map(Name::as_str);
        let does: Vec<&str> =
            all.filter(|other| self.can(other).is_some_and(|can| can.actions.contains_key(action))).collect();
        match does.as_slice() {
            [] => "let a team do it with `human/task`, or describe it in a pack".to_owned(),
            some => format!("name a connection that does it: `{}`", some.join("`, `")),
        }
    }
}

/// A step of a workflow as it is written.
struct Step<'a> {
    at: String,
    kind: &'a str,
    with: &'a Json,
}

impl<'a> Step<'a> {
    /// The system and the action, where both are written out, and where the action stands.
    fn action(&self) -> Option<(&'a str, &'a str, String)> {
        let system = self.with.get("system")?.as_str()?;
        let (action, at) = match self.kind {
            ACT => (self.with.get("action")?.as_str()?, "/with/action"),
            kind => (KnownAction::named(kind)?.name, "/use"),
        };
        Some((system, action, format!("{}{at}", self.at)))
    }

    /// What the action is given, and where that stands; nothing of what is only known when it runs.
    fn given(&self) -> Option<(BTreeMap<&'a str, Option<&'a Json>>, String)> {
        let (given, at) = match (self.kind, self.with.get("with")) {
            // All that is given is one expression.
            (ACT, Some(given)) if reference(given).is_some() || !given.is_object() => return None,
            (ACT, Some(given)) => (given.as_object(), "/with/with"),
            (ACT, None) => (None, "/with"),
            _ => (self.with.as_object(), "/with"),
        };
        let own = |name: &str| self.kind == ACT || !["person", "system"].contains(&name);
        let given = given.into_iter().flatten().filter(|(name, value)| own(name) && !value.is_null());
        Some((given.map(|(name, value)| (name.as_str(), written_out(value))).collect(), format!("{}{at}", self.at)))
    }
}

/// The value, if it is written out. One name in a list is that name.
fn written_out(value: &Json) -> Option<&Json> {
    match value {
        Json::String(text) if text.contains("{{") => None,
        Json::Object(_) if reference(value).is_some() => None,
        Json::Array(names) if names.len() == 1 => written_out(names.first()?),
        _ => Some(value),
    }
}

fn of_workflow(written: &Written, known: &mut Connections<'_>) -> Vec<Problem> {
    let all = written.spec.get("steps").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut problems = Vec::new();
    for (place, step) in all.iter().enumerate() {
        let (Some(kind), Some(with)) = (step.get("use").and_then(Json::as_str), step.get("with")) else { continue };
        let step = Step { at: format!("/steps/{place}"), kind, with };
        if kind == TAKE_BACK {
            problems.extend(of_taking_back(written, all, &step, known));
        } else {
            problems.extend(of_step(written, &step, known));
        }
    }
    problems
}

fn of_step(written: &Written, step: &Step<'_>, known: &mut Connections<'_>) -> Vec<Problem> {
    let Some((system, action, at)) = step.action() else { return Vec::new() };
    let Some(can) = known.can(system) else { return Vec::new() };
    let Some(rule) = can.actions.get(action).cloned() else {
        let own: Vec<String> = can.actions.keys().cloned().collect();
        let does = if own.is_empty() { "nothing".to_owned() } else { format!("`{}`", own.join("`, `")) };
        let reason = format!("connection `{system}` does no `{action}`; what it does for accounts is {does}");
        return vec![written.problem(&at, Code::NamesNothing, reason, known.way_out(&own, action))];
    };
    let Some((given, around)) = step.given() else { return Vec::new() };
    let misfits = rule.misfits(action, given.iter().map(|(name, value)| (*name, *value)));
    let told = misfits.into_iter().map(|misfit| {
        let (at, code) = match (given.contains_key(misfit.name.as_str()), rule.takes.contains_key(&misfit.name)) {
            (false, _) => (around.clone(), Code::MissingKey),
            (true, false) => (format!("{around}/{}", misfit.name), Code::UnknownKey),
            (true, true) => (format!("{around}/{}", misfit.name), Code::BadValue),
        };
        let hint = hint(&rule, &misfit.name);
        written.problem(&at, code, format!("at connection `{system}`, {}", misfit.reason), hint)
    });
    told.collect()
}

/// What is taken, where something is given that is not.
fn hint(rule: &ActionRule, name: &str) -> String {
    let takes = || rule.takes.keys().map(String::as_str);
    match (rule.takes.get(name), nearest(name, takes())) {
        (Some(taken), _) => format!("give it `{name}`: {}", meant(taken.given)),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) if rule.takes.is_empty() => "leave it out; it takes nothing".to_owned(),
        (None, None) => format!("it takes `{}`", takes().collect::<Vec<_>>().join("`, `")),
    }
}

fn meant(given: Given) -> &'static str {
    match given {
        Given::Text => "a text that is not empty",
        Given::Flag => "`true` or `false`",
        Given::Account => "somebody who has an account there too",
    }
}

/// A step that takes back what cannot be.
fn of_taking_back(written: &Written, all: &[Json], step: &Step<'_>, known: &mut Connections<'_>) -> Option<Problem> {
    let earlier = step.with.get("step")?.as_str()?;
    let found = all.iter().find(|other| other.get("id").and_then(Json::as_str) == Some(earlier))?;
    let other = Step { at: String::new(), kind: found.get("use")?.as_str()?, with: found.get("with")? };
    let (system, action, _) = other.action()?;
    if known.can(system)?.actions.get(action)?.goes_back() {
        return None;
    }
    let reason = format!("connection `{system}` cannot take `{action}` back");
    let hint = "leave this step out, or do not let it be done before a human has said yes".to_owned();
    Some(written.problem(&format!("{}/with/step", step.at), Code::Unsound, reason, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory in memory, a shop with actions of its own, a source that sends events, and a connection
    /// whose program is not on this machine.
    const AROUND: &str = r#"apiVersion: tenure/v1
kind: Pack
metadata: { name: shop, title: Shop, owner: it }
spec:
  about: A shop.
  secrets: { token: the token of a manager }
  auth: { kind: bearer, token: token }
  accounts:
    id: /id
    name: login
    list: { request: GET /users, items: /users }
    get: { request: "GET /users/{id}", answer: /user }
    attributes: { login: { at: /login, required: true, unique: true } }
    disabledIf: [{ at: /locked, is: true }]
  operations:
    disable: { undo: exact, request: "PATCH /users/{id}", body: { user: { locked: true } } }
    enable: { undo: exact, request: "PATCH /users/{id}", body: { user: { locked: false } } }
  artifacts: { session: none, token: none, app-password: none, key: none, license: none, ownership: none }
  actions:
    orders/transfer:
      about: gives open orders to another account
      undo: irreversible
      why: nobody can look
      takes: { to: { given: account, needed: true }, reason: { given: text }, all: { given: flag } }
      request: "POST /users/{id}/orders"
      body: { to: "{with/to}" }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: shop, owner: it }
spec:
  connector: rest
  direction: target
  config: { pack: shop, url: "https://shop.example.com", secrets: { token: { secret: "file:token" } } }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: ldap, owner: it }
spec: { connector: memory, direction: target }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: hr, owner: it }
spec: { connector: events, direction: source }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: far, owner: it }
spec: { connector: process, direction: target, config: { folder: nowhere, program: none.py } }
"#;

    const HEAD: &str = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: w, owner: it }\nspec:\n  trigger: { demand: true }\n  steps:\n";

    /// What is wrong with these steps, the first of which stands in line 7.
    fn wrong(steps: &[&str]) -> Vec<String> {
        let steps: Vec<String> = steps.iter().map(|step| format!("    - {step}\n")).collect();
        let files =
            vec![("w.yaml".to_owned(), format!("{HEAD}{}", steps.concat())), ("a.yaml".to_owned(), AROUND.to_owned())];
        crate::house::estate::problems(Path::new("."), files).iter().map(ToString::to_string).collect()
    }

    fn only(step: &str) -> String {
        let mut found = wrong(&[step]);
        assert_eq!(found.len(), 1, "{step}: {found:#?}");
        found.remove(0)
    }

    #[test]
    fn an_action_that_a_connection_does_not_have_is_named_with_what_it_can_do() {
        assert_eq!(
            only("{ id: a, use: mailbox/forward, with: { system: shop, to: person.manager } }"),
            "w.yaml:7:21: TEN-E2010 connection `shop` does no `mailbox/forward`; what it does for accounts is \
             `orders/transfer`; name a connection that does it: `ldap`"
        );
        assert_eq!(
            only("{ id: a, use: connector/act, with: { system: shop, action: order/transfer } }"),
            "w.yaml:7:66: TEN-E2010 connection `shop` does no `order/transfer`; what it does for accounts is \
             `orders/transfer`; did you mean `orders/transfer`?"
        );
        let told = only("{ id: a, use: connector/act, with: { system: hr, action: orders/burn } }");
        assert!(told.contains("is nothing; let a team do it with `human/task`"), "{told}");
    }

    #[test]
    fn what_an_action_is_given_is_held_against_what_its_connection_says() {
        let with = |with: &str| {
            wrong(&[&format!(
                "{{ id: a, use: connector/act, with: {{ system: shop, action: orders/transfer, {with} }} }}"
            )])
        };
        for (given, wanted) in [
            (
                "with: { reason: gone }",
                "w.yaml:7:89: TEN-E2004 at connection `shop`, `orders/transfer` needs `to`; give it `to`: somebody who has an account there too",
            ),
            (
                "with: { to: E2, resaon: gone }",
                "at connection `shop`, `orders/transfer` takes no `resaon`; did you mean `reason`?",
            ),
            ("with: { to: E2, reason: '' }", "`reason` of `orders/transfer` is to be text, and is not"),
            ("with: { to: E2, all: maybe }", "is to be flag, and is not; give it `all`: `true` or `false`"),
            ("with: { to: [E2, E3] }", "`to` of `orders/transfer` is to be account, and is not"),
            ("with: { to: null }", "needs `to`"),
        ] {
            let found = with(given);
            assert!(found.len() == 1 && found[0].contains(wanted), "{given}: {found:#?}");
        }
        let missing = only("{ id: a, use: connector/act, with: { system: shop, action: orders/transfer } }");
        assert!(missing.contains("needs `to`"), "{missing}");
        for good in
            ["with: { to: E2 }", "with: { to: [person.manager], reason: '{{ person.displayName }}', all: true }"]
        {
            assert_eq!(with(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn what_cannot_be_taken_back_is_told_where_a_step_would() {
        let found = wrong(&[
            "{ id: a, use: connector/act, with: { system: shop, action: orders/transfer, with: { to: E2 } } }",
            "{ id: b, use: mailbox/hold, with: { system: ldap }, after: a }",
            "{ id: c, use: connector/take-back, with: { step: b }, after: b }",
            "{ id: d, use: connector/take-back, with: { step: a }, after: c }",
        ]);
        assert!(
            found.len() == 1
                && found[0].contains("w.yaml:10:56: TEN-E2016 connection `shop` cannot take `orders/transfer` back"),
            "{found:#?}"
        );
    }

    #[test]
    fn nothing_is_claimed_of_what_is_not_known_before_it_runs() {
        for step in [
            "{ id: a, use: mailbox/forward, with: { system: { =: input.because }, to: E2 } }",
            "{ id: a, use: mailbox/forward, with: { system: far, to: E2 } }",
            "{ id: a, use: connector/act, with: { system: shop, action: { =: input.because } } }",
            "{ id: a, use: connector/act, with: { system: shop, action: orders/transfer, with: { =: input.body } } }",
            "{ id: a, use: connector/act, with: { system: shop, action: orders/transfer, with: { to: { =: input.because }, all: { $: /input/body } } } }",
        ] {
            assert_eq!(wrong(&[step]), [""; 0], "{step}");
        }
    }
}
