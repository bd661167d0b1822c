//! Lifecycle workflows of Microsoft Entra, as Microsoft Graph exports them, become documents.
//!
//! Every task of theirs is here once, with the step that does it. What has no equivalent is named
//! in the document itself, so that nobody believes it was taken over. Nothing is asked of anybody.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// A task of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// The id by which exports name it.
    pub id: &'static str,
    /// What they call it.
    pub name: &'static str,
    /// The step that does it.
    pub step: &'static str,
    /// What the step is given, as YAML; `{…}` stands for an argument of the task.
    with: &'static str,
}

const fn task(id: &'static str, name: &'static str, step: &'static str, with: &'static str) -> Task {
    Task { id, name, step, with }
}

/// Every task of theirs.
pub const TASKS: [Task; 31] = [
    task("70b29d51-b59a-4773-9280-8841dfd3f2ea", "Send welcome email to new hire", "notify/send", "notice: welcome"),
    task(
        "3c860712-2d37-42a4-928f-5c93935d26a1",
        "Send onboarding reminder email",
        "notify/send",
        "notice: onboarding-reminder",
    ),
    task(
        "1b555e50-7f65-41d5-b514-5894a026d10d",
        "Generate Temporary Access Pass",
        "human/task",
        "title: Issue a temporary pass and hand it over in person, for: person.manager",
    ),
    task(
        "aab41899-9972-422a-9d97-f626014578b7",
        "Send email to notify manager of user move",
        "notify/send",
        "notice: manager-moved, to: [person.manager]",
    ),
    task(
        "c1ec1e76-f374-4375-aaa6-0bb6bd4c60be",
        "Request user access package assignment",
        "access/grant",
        "system: entra, entitlement: \"{accessPackageId}\"",
    ),
    task(
        "683c87a4-2ad4-420b-97d4-220d90afcd24",
        "Assign licenses to user",
        "licences/assign",
        "licences: [{licenses}]",
    ),
    task("22085229-5809-45e8-97fd-270d28d66910", "Add user to groups", "groups/add", "groups: [{groupID}]"),
    task("e440ed8d-25a1-4618-84ce-091ed5be5594", "Add user to teams", "teams/add", "teams: [{teamID}]"),
    task("2c8f4a1b-7d3e-4f9c-8a5b-6e1d2c3f4a5b", "Update user attributes", "accounts/update", "set: {}"),
    task("6fc52c9d-398b-4305-9763-15f42c1676fc", "Enable user account", "accounts/enable", ""),
    task(
        "4262b724-8dba-4fad-afc3-43fcbb497a0e",
        "Run a custom task extension",
        "http/call",
        "url: \"https://example.com/{customTaskExtensionID}\"",
    ),
    task("1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950", "Disable user account", "accounts/disable", ""),
    task(
        "1953a66c-751c-45e5-8bfe-01462c70da3c",
        "Remove user from selected groups",
        "groups/remove",
        "groups: [{groupID}]",
    ),
    task("b3a31406-2a15-4c9a-b25b-a658fa5f07fc", "Remove user from all groups", "groups/remove-all", ""),
    task(
        "06aa7acb-01af-4824-8899-b14e5ed788d6",
        "Remove user from selected Teams",
        "teams/remove",
        "teams: [{teamID}]",
    ),
    task("81f7b200-2816-4b3b-8c5d-dc556f07b024", "Remove user from all Teams", "teams/remove-all", ""),
    task(
        "4a0b64f2-c7ec-46ba-b117-18f262946c50",
        "Remove access package assignment for user",
        "access/revoke",
        "system: entra, entitlement: \"{accessPackageId}\"",
    ),
    task("42ae2956-193d-4f39-be06-691b8ac4fa1d", "Remove all access package assignments for user", "access/revoke", ""),
    task(
        "498770d9-bab7-4e4c-b73d-5ded82a1d0b3",
        "Cancel all pending access package assignment requests",
        "access/revoke",
        "",
    ),
    task(
        "5fc402a8-daaf-4b7b-9203-da868b05fc5f",
        "Remove selected license assignments",
        "licences/remove",
        "licences: [{licenses}]",
    ),
    task("509589a4-0466-4471-829e-49c5e502bdee", "Revoke all refresh tokens for user", "signin/revoke-tokens", ""),
    task(
        "b8c4e1f9-3a7d-4b2e-9c5f-8d6a9b1c2e3f",
        "Send email to manager about sponsorship changes",
        "notify/send",
        "notice: sponsor-manager, to: [person.manager]",
    ),
    task(
        "ad3b85cd-75b1-43e7-b4b9-0e52faba3944",
        "Send email to co-sponsors about sponsor changes",
        "notify/send",
        "notice: sponsor-others",
    ),
    task(
        "b8f4c3d5-9e7a-4b1c-8f2d-6a5e8b9c7f4a",
        "Transfer agent identity sponsorships to manager",
        "sponsor/transfer",
        "to: [person.manager]",
    ),
    task("8fa97d28-3e52-4985-b3a9-a1126f9b8b4e", "Remove all license assignments", "licences/remove-all", ""),
    task("8d18588d-9ad3-4c0f-99d0-ec215f0e3dff", "Delete user account", "accounts/delete", ""),
    task(
        "52853a3e-f4e5-4eb8-bb24-1ac09a1da935",
        "Send email to manager before user's last day",
        "notify/send",
        "notice: manager-before, to: [person.manager]",
    ),
    task("9c0a1eaf-5bda-4392-9d9e-6e155bb57411", "Send email on user's last day", "notify/send", "notice: last-day"),
    task(
        "6f22ddd4-b3a5-47a4-a846-0d7c201a49ce",
        "Send email to manager after user's last day",
        "notify/send",
        "notice: manager-after, to: [person.manager]",
    ),
    task("92f74cb4-f1b6-4ec0-b766-96210f56edc2", "Send email about user inactivity", "notify/send", "notice: inactive"),
    task(
        "a8e4c7f2-9d1b-4a3e-b5c6-8f2e7a9d4c1b",
        "Send email about unsponsored guest removal",
        "notify/send",
        "notice: guest-removed",
    ),
];

/// How long something stands before a deletion that they would do at once.
const DELAY: &str = "30d";

/// A document, and what of the export is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The document.
    pub text: String,
    /// What has no equivalent, or another one than the export says.
    pub notes: Vec<String>,
}

/// Turns an exported workflow into a document.
pub fn import(export: &Json) -> Result<Imported, String> {
    let tasks = export
        .get("tasks")
        .and_then(Json::as_array)
        .ok_or("it has no `tasks`; export the workflow with `$expand=tasks`")?;
    let title = export.get("displayName").and_then(Json::as_str).unwrap_or("imported");
    let mut notes = Vec::new();
    let trigger = trigger(export, &mut notes);
    let mut steps = String::new();
    let mut before: Option<String> = None;
    let in_order = tasks.iter().filter(|task| task.get("isEnabled").and_then(Json::as_bool).unwrap_or(true));
    for (place, written) in in_order.enumerate() {
        let id = written.get("taskDefinitionId").and_then(Json::as_str).unwrap_or_default().to_lowercase();
        let Some(known) = TASKS.iter().find(|task| task.id == id) else {
            notes.push(format!("task `{id}` is not one of theirs that is known; it is left out"));
            continue;
        };
        if known.step == "accounts/delete" {
            notes.push(format!("`{}` is done after {DELAY}: nothing is destroyed before time has passed", known.name));
            let name = format!("wait-{}", place + 1);
            step(&mut steps, &name, "core/wait-until", &format!("for: {DELAY}"), before.as_deref(), "");
            before = Some(name);
        }
        if known.step == "human/task" {
            notes.push(format!("`{}` becomes a task for a human: a pass is never sent by mail", known.name));
        }
        let name = format!("step-{}", place + 1);
        let goes_on = written.get("continueOnError").and_then(Json::as_bool).unwrap_or(false);
        let more = match (known.step, goes_on) {
            ("human/task", _) => ", ends: [done, refused]",
            (_, true) => ", onError: skip",
            (_, false) => "",
        };
        step(&mut steps, &name, known.step, &filled(known, written, &mut notes), before.as_deref(), more);
        before = Some(name);
    }
    if before.is_none() {
        return Err("none of its tasks is enabled and known, so there is nothing to import".to_owned());
    }
    let mut text = String::new();
    for note in &notes {
        // Writing to a string cannot fail.
        writeln!(text, "# {}", note.replace('\n', " ")).unwrap_or_default();
    }
    let title = serde_json::to_string(title).unwrap_or_default();
    write!(
        text,
        "apiVersion: tenure/v1\nkind: Workflow\nmetadata: {{ name: {}, title: {title} }}\nspec:\n  trigger: {trigger}\n  steps:\n{steps}",
        name_of(export)
    )
    .unwrap_or_default();
    Ok(Imported { text, notes })
}

fn step(steps: &mut String, id: &str, action: &str, with: &str, after: Option<&str>, more: &str) {
    let with = if with.is_empty() { String::new() } else { format!(", with: {{ {with} }}") };
    let after = after.map(|after| format!(", after: {after}")).unwrap_or_default();
    // Writing to a string cannot fail.
    writeln!(steps, "    - {{ id: {id}, use: {action}{with}{after}{more} }}").unwrap_or_default();
}

fn name_of(export: &Json) -> String {
    let title = export.get("displayName").and_then(Json::as_str).unwrap_or("imported").to_lowercase();
    let dashed: String =
        title.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(48).collect();
    if name.starts_with(|letter: char| letter.is_ascii_lowercase()) { name } else { format!("w-{name}") }
}

/// What the step is given, with the arguments of the task in their places.
fn filled(known: &Task, written: &Json, notes: &mut Vec<String>) -> String {
    let mut with = known.with.to_owned();
    let arguments = written.get("arguments").and_then(Json::as_array);
    for argument in arguments.into_iter().flatten() {
        let name = argument.get("name").and_then(Json::as_str).unwrap_or_default();
        let value = argument.get("value").and_then(Json::as_str).unwrap_or_default();
        let quoted = value
            .split(',')
            .map(|one| serde_json::to_string(one.trim()).unwrap_or_default())
            .collect::<Vec<_>>()
            .join(", ");
        let place = format!("{{{name}}}");
        let (in_text, in_list) = (format!("\"{place}\""), place.clone());
        if with.contains(&in_text) {
            with = with.replace(&in_text, &quoted);
        } else if with.contains(&in_list) {
            with = with.replace(&in_list, &quoted);
        } else {
            notes.push(format!("argument `{name}` of `{}` has no equivalent; look at the step", known.name));
        }
    }
    with
}

fn trigger(export: &Json, notes: &mut Vec<String>) -> String {
    let conditions = export.get("executionConditions").cloned().unwrap_or(Json::Null);
    let when = conditions.pointer("/scope/rule").and_then(Json::as_str).and_then(|rule| {
        let read = formula(rule);
        if read.is_none() {
            notes.push(format!("the rule `{rule}` is not translated; write it as `when`"));
        }
        read
    });
    let when =
        when.map(|when| format!(", when: {}", serde_json::to_string(&when).unwrap_or_default())).unwrap_or_default();
    let trigger = conditions.get("trigger").cloned().unwrap_or(Json::Null);
    let kind = trigger.get("@odata.type").and_then(Json::as_str).unwrap_or_default();
    let kind = kind.rsplit('.').next().unwrap_or_default();
    match kind {
        "timeBasedAttributeTrigger" => {
            let attribute = trigger.get("timeBasedAttribute").and_then(Json::as_str).unwrap_or_default();
            let days = trigger.get("offsetInDays").and_then(Json::as_i64).unwrap_or(0);
            let day = match attribute {
                "employeeHireDate" => "person.firstDay",
                "employeeLeaveDateTime" => "person.lastDay",
                other => {
                    notes.push(format!("`{other}` is no date that is known of a person; it is started by hand"));
                    return "{ demand: true }".to_owned();
                }
            };
            let shift = match days {
                0 => String::new(),
                days if days < 0 => format!(" - {}d", days.unsigned_abs()),
                days => format!(" + {days}d"),
            };
            format!("{{ date: {day}{shift}{when} }}")
        }
        "attributeChangeTrigger" => {
            let names = trigger.get("triggerAttributes").and_then(Json::as_array);
            let names: Vec<&str> = names.into_iter().flatten().filter_map(|one| one.get("name")?.as_str()).collect();
            format!("{{ event: person.changed, changed: [{}]{when} }}", names.join(", "))
        }
        "" => "{ demand: true }".to_owned(),
        other => {
            notes.push(format!("trigger `{other}` has no equivalent; it is started by hand"));
            "{ demand: true }".to_owned()
        }
    }
}

/// A rule of theirs as an expression, if it only compares, and joins what it compares.
fn formula(rule: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = rule.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('(') {
            out.push('(');
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix(')') {
            out.push(')');
            rest = after.trim_start();
        } else if let Some(after) =
            rest.strip_prefix("and ").or_else(|| rest.strip_prefix("and(").map(|_| rest.get(3..).unwrap_or_default()))
        {
            out.push_str(" && ");
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix("or ") {
            out.push_str(" || ");
            rest = after.trim_start();
        } else {
            let (name, after) = rest.split_once(' ')?;
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let (operator, after) = after.trim_start().split_once(' ')?;
            let sign = match operator {
                "eq" => "==",
                "ne" => "!=",
                _ => return None,
            };
            let (value, after) = after.trim_start().strip_prefix('\'')?.split_once('\'')?;
            if !plain || value.contains('\\') {
                return None;
            }
            let value = serde_json::to_string(value).ok()?;
            // Writing to a string cannot fail.
            write!(out, "person.{name} {sign} {value}").unwrap_or_default();
            rest = after.trim_start();
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_exported_workflow_becomes_a_document_that_says_what_is_missing() {
        let export = json!({
            "displayName": "Offboard an employee", "category": "leaver",
            "executionConditions": {
                "scope": { "rule": "(department eq 'Marketing') and (country ne 'US')" },
                "trigger": { "@odata.type": "#microsoft.graph.identityGovernance.timeBasedAttributeTrigger",
                             "timeBasedAttribute": "employeeLeaveDateTime", "offsetInDays": 7 },
            },
            "tasks": [
                { "isEnabled": true, "continueOnError": true, "taskDefinitionId": "1DFDFCC7-52fa-4c2e-bf3a-e3919cc12950" },
                { "isEnabled": true, "taskDefinitionId": "1953a66c-751c-45e5-8bfe-01462c70da3c",
                  "arguments": [{ "name": "groupID", "value": "g-1, g-2" }] },
                { "isEnabled": false, "taskDefinitionId": "81f7b200-2816-4b3b-8c5d-dc556f07b024" },
                { "isEnabled": true, "taskDefinitionId": "8d18588d-9ad3-4c0f-99d0-ec215f0e3dff" },
                { "isEnabled": true, "taskDefinitionId": "00000000-0000-0000-0000-000000000000" },
            ],
        });
        let imported = import(&export).unwrap();
        let expected = [
            "name: offboard-an-employee",
            r#"trigger: { date: person.lastDay + 7d, when: "(person.department == \"Marketing\") && (person.country != \"US\")" }"#,
            "- { id: step-1, use: accounts/disable, onError: skip }",
            r#"- { id: step-2, use: groups/remove, with: { groups: ["g-1", "g-2"] }, after: step-1 }"#,
            "- { id: wait-3, use: core/wait-until, with: { for: 30d }, after: step-2 }",
            "- { id: step-3, use: accounts/delete, after: wait-3 }",
        ];
        for line in expected {
            assert!(imported.text.contains(line), "{line}\n{}", imported.text);
        }
        assert!(!imported.text.contains("teams/"), "what is switched off stays out");
        assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
    }

    #[test]
    fn what_is_no_export_is_refused_and_what_cannot_be_translated_is_named() {
        assert!(import(&json!({ "displayName": "x" })).unwrap_err().contains("$expand=tasks"));
        assert!(import(&json!({ "tasks": [] })).is_err());
        assert_eq!(formula("(startsWith(mail, 'a'))"), None);
        let odd = json!({ "tasks": [{ "taskDefinitionId": TASKS[9].id }],
            "executionConditions": { "trigger": { "@odata.type": "#microsoft.graph.identityGovernance.membershipChangeTrigger" } } });
        assert!(import(&odd).unwrap().notes[0].contains("membershipChangeTrigger"));
    }
}
