//! A plan as people read it: documents by meaning, then people, what is lost first, in a few lines.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::limits::{PLAN_LINES_MAX, PLAN_PARTS_MAX};

/// The id of a plan.
pub(super) fn id(plan: &Value) -> String {
    text(plan, "/id").to_owned()
}

/// A day or a moment on the command line. A day is its beginning in UTC.
pub(super) fn moment(said: &str) -> Result<Timestamp, CliError> {
    let day = said.parse::<Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    day.map(|day| day.timestamp()).or_else(|| said.parse().ok()).ok_or_else(|| {
        CliError::new(Exit::Usage, code::USAGE, format!("`{}` is not a day or a moment", printable(said)))
            .hint("write a day such as `2027-01-01`, or a moment such as `2027-01-01T08:00:00Z`")
    })
}

/// The whole of a plan.
pub(super) fn of(plan: &Value) -> String {
    let report = plan.get("report").unwrap_or(&Value::Null);
    let mut lines = held(report);
    lines
        .extend(list(report, "/over").iter().map(|over| format!("! {}", printable(over.as_str().unwrap_or_default()))));
    let mut effects: Vec<&Value> = list(report, "/lines").iter().collect();
    let documents = list(report, "/documents/documents");
    let mut of_documents = Vec::new();
    for document in documents {
        document_lines(document, &mut effects, &mut of_documents);
    }
    // What no document accounts for is what surprises.
    let words: Vec<String> = effects.iter().map(|line| effect(line)).collect();
    wrapped("  people   ", &words, &mut lines);
    let words: Vec<String> = list(report, "/values").iter().flat_map(value).collect();
    wrapped("  values   ", &words, &mut lines);
    lines.append(&mut of_documents);
    if let Some(summary) = unchanged(report) {
        lines.push(summary);
    }
    for finding in list(report, "/findings").iter().take(PLAN_PARTS_MAX) {
        let count = finding.pointer("/1").and_then(Value::as_u64).unwrap_or(0);
        lines.push(format!("  note     {count} × {}", printable(text(finding, "/0"))));
    }
    if lines.len() > PLAN_LINES_MAX {
        let more = lines.len() - PLAN_LINES_MAX;
        lines.truncate(PLAN_LINES_MAX);
        lines.push(format!("  … and {more} lines more; `--json` has all of them"));
    }
    let mut all = lines.join("\n");
    all.push_str(if all.is_empty() { "" } else { "\n\n" });
    all.push_str(&summary(plan, report, documents));
    all
}

/// What is different between two sets of documents.
pub(super) fn documents_of(report: &Value) -> String {
    let mut lines = Vec::new();
    for document in list(report, "/documents/documents") {
        document_lines(document, &mut Vec::new(), &mut lines);
    }
    lines.extend(unchanged(report));
    lines.push(String::new());
    lines.join("\n")
}

/// What is withheld comes first: who would lose what, and why it waits.
fn held(report: &Value) -> Vec<String> {
    let line = |held: &Value| {
        let names = names(held);
        format!(
            "! {} of {} held: {}{names}",
            count(held, "/removals", "removal"),
            people_in(held),
            printable(text(held, "/sentence"))
        )
    };
    list(report, "/held").iter().map(line).collect()
}

fn document_lines(document: &Value, effects: &mut Vec<&Value>, lines: &mut Vec<String>) {
    let mark = match text(document, "/fate") {
        "removed" => '-',
        "added" => '+',
        _ => '~',
    };
    let (kind, name) = (text(document, "/kind"), text(document, "/name"));
    let line = document.pointer("/line").and_then(Value::as_u64).unwrap_or(0);
    let head = format!("{mark} {kind} {name}");
    lines.push(format!("{:<50} {}:{line}", printable(&head), printable(text(document, "/file"))));
    let parts = list(document, "/parts");
    for part in parts.iter().take(PLAN_PARTS_MAX) {
        lines.push(format!("    {:<19} {}", printable(text(part, "/path")), printable(&part_of(part))));
    }
    if parts.len() > PLAN_PARTS_MAX {
        lines.push(format!("    … and {} parts more", parts.len() - PLAN_PARTS_MAX));
    }
    if kind == "Role" {
        let (own, rest): (Vec<&Value>, Vec<&Value>) = effects.iter().partition(|line| text(line, "/role") == name);
        *effects = rest;
        let words: Vec<String> = own.iter().map(|line| effect(line)).collect();
        wrapped("  people   ", &words, lines);
    }
}

fn part_of(part: &Value) -> String {
    match (part.get("before"), part.get("after")) {
        (Some(before), Some(after)) => format!("{} → {}", short(before), short(after)),
        (Some(before), None) => format!("- {}", short(before)),
        (None, Some(after)) => format!("+ {}", short(after)),
        (None, None) => String::new(),
    }
}

/// A value in a few words: an item of a list by its values.
fn short(value: &Value) -> String {
    let whole = match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let word = |(key, value): (&String, &Value)| match value.as_str() {
                Some(text) if key == "when" => format!("when {text}"),
                Some(text) => text.to_owned(),
                None => format!("{key} {value}"),
            };
            fields.iter().map(word).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    if whole.chars().count() > 60 { whole.chars().take(59).chain(['…']).collect() } else { whole }
}

fn effect(line: &Value) -> String {
    let what = format!("{} {}", text(line, "/connection"), text(line, "/entitlement"));
    let what = what.trim();
    let people = line.get("people").and_then(Value::as_u64).unwrap_or(0);
    let one = people == 1;
    let days = line.get("days").and_then(Value::as_i64).unwrap_or(0);
    let word = |single: &'static str, many: &'static str| if one { single } else { many };
    let said = match text(line, "/effect") {
        "locked-out" => format!("{people} {} out of {what}", word("is locked", "are locked")),
        "lose" => format!("{people} {} {what}", word("loses", "lose")),
        "lose-later" => format!("{people} {} {what} in {}", word("loses", "lose"), in_days(days)),
        "keep-shorter" => format!("{people} {} {what} {} less", word("keeps", "keep"), in_days(days)),
        "keep-longer" => format!("{people} {} {what} {} longer", word("keeps", "keep"), in_days(days)),
        "account" => format!("{people} {} an account at {what}", word("gets", "get")),
        "enabled" => format!("{people} can use {what} again"),
        "gain" => format!("{people} {} {what}", word("gains", "gain")),
        _ => format!("{people} {} at {what}", word("changes", "change")),
    };
    printable(&format!("{said}{}", names(line)))
}

/// What else would be known, from what to what, and whose word counts then.
fn value(line: &Value) -> Vec<String> {
    let attribute = text(line, "/attribute");
    let (from, by) = (text(line, "/from"), text(line, "/by"));
    let whose = |had: bool| match (from, by) {
        _ if from == by => String::new(),
        (_, by) if !by.is_empty() && (from.is_empty() || !had) => format!(", by {by}"),
        (from, "") => format!(", without {from}"),
        (from, by) => format!(", by {by} instead of {from}"),
    };
    let when = match text(line, "/withReading") {
        "" => String::new(),
        source => format!(", with the next reading of {source}"),
    };
    let number = |value: &Value| value.get("people").and_then(Value::as_u64).unwrap_or(0);
    let side = |pair: &Value, name: &str| pair.get(name).map_or_else(|| "nothing".to_owned(), short);
    let pairs = list(line, "/pairs");
    let one = |pair: &Value| {
        let change = format!("{} → {}", side(pair, "before"), side(pair, "after"));
        let whose = whose(pair.get("before").is_some());
        printable(&format!("{} {attribute} {change}{}{whose}{when}", number(pair), names(pair)))
    };
    let shown: u64 = pairs.iter().map(number).sum();
    let more = number(line).saturating_sub(shown);
    let rest = (more > 0).then(|| printable(&format!("{more} more another {attribute}{}{when}", whose(true))));
    pairs.iter().map(one).chain(rest).collect()
}

fn names(line: &Value) -> String {
    let names: Vec<&str> = list(line, "/names").iter().filter_map(Value::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", printable(&names.join(", "))) }
}

fn in_days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// Words with dots between them, as many on a line as fit.
fn wrapped(head: &str, words: &[String], lines: &mut Vec<String>) {
    let mut line = String::new();
    for word in words {
        if line.is_empty() {
            line = format!("{head}{word}");
        } else if line.chars().count() + word.chars().count() > 110 {
            lines.push(std::mem::replace(&mut line, format!("{:width$}{word}", "", width = head.len())));
        } else {
            let _ = write!(line, " · {word}");
        }
    }
    lines.extend(Some(line).filter(|line| !line.is_empty()));
}

fn unchanged(report: &Value) -> Option<String> {
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let (other, same) = (number("/documents/reformatted"), number("/documents/unchanged"));
    match (other, same) {
        (0, 0) => None,
        (0, same) => Some(format!("  ({} unchanged)", documents(same))),
        (other, same) => Some(format!("  ({} only reformatted, {same} unchanged)", documents(other))),
    }
}

fn documents(number: u64) -> String {
    if number == 1 { "1 document".to_owned() } else { format!("{number} documents") }
}

fn summary(plan: &Value, report: &Value, documents: &[Value]) -> String {
    let id = id(plan);
    let fate = |word: &str| documents.iter().filter(|document| text(document, "/fate") == word).count();
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let people = number("/people");
    let mut out = format!(
        "Plan {id}: {} to add, {} to change, {} to remove · {} · {} in {}\n",
        fate("added"),
        fate("changed"),
        fate("removed"),
        of_people(people),
        many(number("/writes"), "write"),
        many(number("/systems"), "system"),
    );
    let more: Vec<String> = [("/questions", "question"), ("/notices", "notice"), ("/timers", "timer")]
        .into_iter()
        .filter(|(pointer, _)| number(pointer) > 0)
        .map(|(pointer, word)| many(number(pointer), word))
        .collect();
    if !more.is_empty() {
        let _ = writeln!(out, "Also: {}", more.join(", "));
    }
    if text(plan, "/state") == "ready" && (people > 0 || !documents.is_empty()) {
        let _ = writeln!(out, "Next: tenure apply {id}   (stops if anything moved since; good for 24 h)");
        if people > 0 {
            let _ = writeln!(out, "      tenure plan … --people   to see {}", of_people(people));
        }
    }
    out
}

/// The people whom a plan touches, a line each.
pub(super) fn people(people_of: &[Value]) -> String {
    let mut out = String::new();
    for one in people_of {
        let _ = writeln!(out, "\n{} ({})", printable(text(one, "/name")), text(one, "/person"));
        for value in list(one, "/values") {
            let side = |name: &str| value.get(name).map_or_else(|| "nothing".to_owned(), short);
            let why = match (text(value, "/withReading"), text(value, "/why")) {
                ("", why) => why.to_owned(),
                (source, why) => format!("{why}; with the next reading of {source}"),
            };
            let line =
                format!("  {} {} → {}   because {why}", text(value, "/attribute"), side("before"), side("after"));
            let _ = writeln!(out, "{}", printable(&line));
        }
        for change in list(one, "/changes") {
            let what: Vec<&str> = list(change, "/entitlements").iter().filter_map(Value::as_str).collect();
            let why: Vec<&str> = list(change, "/why").iter().filter_map(Value::as_str).collect();
            let at = change.get("at").and_then(Value::as_str).map(|at| format!(" at {at}")).unwrap_or_default();
            let line = format!(
                "  {} {} {}{at}   because {}",
                text(change, "/change"),
                text(change, "/connection"),
                what.join(", "),
                why.join("; ")
            );
            let _ = writeln!(out, "{}", printable(&line));
        }
        for end in list(one, "/ends") {
            let until = end.get("after").and_then(Value::as_str).unwrap_or("no end");
            let line = format!("  keeps {} {} until {until}", text(end, "/connection"), text(end, "/entitlement"));
            let _ = writeln!(out, "{}", printable(&line));
        }
        for happens in list(one, "/happens") {
            let _ = writeln!(out, "  {}", printable(&happening(happens)));
        }
        for finding in list(one, "/findings") {
            let _ = writeln!(out, "  note: {}", printable(finding.as_str().unwrap_or_default()));
        }
    }
    out
}

fn happening(happens: &Value) -> String {
    match text(happens, "/happens") {
        "asked" => format!("asks for `{}` at step {}", text(happens, "/signal"), text(happens, "/step")),
        "waits" => format!("waits until {} at step {}", text(happens, "/until"), text(happens, "/step")),
        "told" => format!("tells `{}` by {}", text(happens, "/kind"), text(happens, "/channel")),
        "again" => format!("looks again at {}", text(happens, "/at")),
        _ => format!("does {} at step {}", text(happens, "/action"), text(happens, "/step")),
    }
}

fn people_in(line: &Value) -> String {
    of_people(line.get("people").and_then(Value::as_u64).unwrap_or(0))
}

fn of_people(number: u64) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{number} people") }
}

fn count(line: &Value, pointer: &str, word: &str) -> String {
    many(line.pointer(pointer).and_then(Value::as_u64).unwrap_or(0), word)
}

fn many(number: u64, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan() -> Value {
        json!({ "id": "plan_x", "state": "ready", "report": {
            "documents": { "reformatted": 2, "unchanged": 61, "documents": [{
                "fate": "changed", "kind": "Role", "name": "controller-fr", "file": "roles/controller-fr.yaml", "line": 9,
                "parts": [
                    { "path": "birthright.grace", "before": "7d", "after": "14d" },
                    { "path": "grants", "after": { "connection": "github", "entitlement": "team/finance-tools", "when": "person.usesGit" } },
                ] }] },
            "lines": [
                { "effect": "locked-out", "connection": "ldap", "people": 1, "names": ["J. Park"] },
                { "effect": "keep-longer", "connection": "sap", "entitlement": "Z_CONTROLLER_FR", "role": "controller-fr", "days": 7, "people": 26, "names": [] },
                { "effect": "gain", "connection": "github", "entitlement": "team/finance-tools", "role": "controller-fr", "people": 12, "names": [] },
            ],
            "held": [{ "sentence": "somebody is protected, because board", "people": 1, "removals": 1, "names": ["J. Park"] }],
            "over": [], "findings": [], "people": 38, "writes": 50, "systems": 3, "notices": 38,
        } })
    }

    #[test]
    fn a_plan_speaks_of_people_and_says_the_worst_first() {
        let wanted = "\
! 1 removal of 1 person held: somebody is protected, because board (J. Park)
  people   1 is locked out of ldap (J. Park)
~ Role controller-fr                               roles/controller-fr.yaml:9
    birthright.grace    7d → 14d
    grants              + github team/finance-tools when person.usesGit
  people   26 keep sap Z_CONTROLLER_FR 7 days longer · 12 gain github team/finance-tools
  (2 documents only reformatted, 61 unchanged)

Plan plan_x: 0 to add, 1 to change, 0 to remove · 38 people · 50 writes in 3 systems
Also: 38 notices
Next: tenure apply plan_x   (stops if anything moved since; good for 24 h)
      tenure plan … --people   to see 38 people
";
        assert_eq!(of(&plan()), wanted);
    }

    #[test]
    fn what_else_would_be_known_says_from_what_to_what_and_by_whom() {
        let mut plan = plan();
        plan["report"]["values"] = json!([
            { "attribute": "department", "from": "ad", "by": "hr", "people": 14, "pairs": [
                { "before": "Sales", "after": "Finance", "people": 12, "names": [] },
                { "after": "Legal", "people": 1, "names": ["J. Park"] } ] },
            { "attribute": "site", "from": "hr", "by": "hr", "withReading": "hr", "people": 1, "pairs": [
                { "before": "Lyon", "people": 1, "names": [] } ] },
        ]);
        let text = of(&plan);
        for wanted in [
            "  values   12 department Sales → Finance, by hr instead of ad",
            "1 department nothing → Legal (J. Park), by hr",
            "1 more another department, by hr instead of ad",
            "1 site Lyon → nothing, with the next reading of hr",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }

    #[test]
    fn a_thousand_people_take_no_more_lines_than_a_screen_has() {
        let mut plan = plan();
        let line = |number: usize| json!({ "effect": "lose", "connection": format!("system-{number}"), "entitlement": "x", "people": 9, "names": [] });
        plan["report"]["lines"] = (0..400).map(line).collect();
        assert!(of(&plan).lines().count() <= 25, "{}", of(&plan));
    }

    #[test]
    fn days_and_moments_are_read_and_nothing_else() {
        assert_eq!(moment("2027-01-01").unwrap().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(moment("2027-01-01T08:00:00Z").unwrap().to_string(), "2027-01-01T08:00:00Z");
        assert_eq!(moment("tomorrow").unwrap_err().exit, Exit::Usage);
    }
}
