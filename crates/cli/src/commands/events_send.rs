//! `tenure events send`: saying something as a source.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};
use tenure_api::wire::event::PERSON_KEY;
use tenure_model::{ConnectionName, EventId, SystemClock, SystemIds, new_id};

use super::events::ANSWERS;
use super::runs_watch::Watch;
use crate::client::Client;
use crate::context::{Cx, read_text};
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::limits::{INPUT_BYTES_MAX, RUN_APPEARS_MAX, WATCH_EVERY};
use crate::places::{self, Path as Place};
use crate::report;

/// Send events as a source would
///
/// Sends one event in words, or one or a list of them in JSON, in order. The same id again is the same event: the
/// first answer comes back and nothing happens twice. When some of several are refused it ends with 6.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["type", "file", "data"]),
    after_help = "Examples:
  tenure events send --connection hr --type employment.started --employee E9001 --first-day 2026-11-23 --set givenName=Ada
  tenure events send --connection hr --type person.changed --employee E1042 --set department=Finance
  tenure events send --connection hr --type employment.ended --employee E1042 --last-day 2026-11-30
  tenure events send --connection hr events.json
  feed | tenure events send --connection hr -"
)]
pub struct Send {
    /// As which source
    #[arg(long, value_name = "NAME")]
    connection: ConnectionName,
    /// A JSON file; `-` reads standard input
    file: Option<PathBuf>,
    /// The JSON itself
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Follow what the event started until it ends; of one event
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    words: Words,
}

/// One event in words.
#[derive(Debug, Args)]
#[command(next_help_heading = "In words")]
struct Words {
    /// employment.started, .stated, .ended, .rescinded or .converted, leave.started or .ended, person.changed or
    /// .transferred
    #[arg(long = "type", id = "type", requires = "employee")]
    kind_of_event: Option<String>,
    /// Whom it is about, by the number that the source gives them
    #[arg(long, value_name = "NUMBER", requires = "type")]
    employee: Option<String>,
    /// employment.started, .stated, .converted: the first day, such as 2026-11-23
    #[arg(long, value_name = "DAY", requires = "type")]
    first_day: Option<String>,
    /// employment.ended, .stated, leave.ended: the last day, such as 2026-11-30
    #[arg(long, value_name = "DAY", requires = "type")]
    last_day: Option<String>,
    /// employment.ended: now, and not at the end of the last day
    #[arg(long, requires = "type")]
    urgent: bool,
    /// employment.started: employee, contractor, vendor, customer, service-account or ai-agent
    #[arg(long, requires = "type")]
    kind: Option<String>,
    /// employment.started: where days begin and end, such as Europe/Berlin
    #[arg(long, requires = "type")]
    zone: Option<String>,
    /// leave.started: the first day away. person.transferred: the first day in the new place
    #[arg(long, value_name = "DAY", requires = "type")]
    from: Option<String>,
    /// leave.started: the last day away
    #[arg(long, value_name = "DAY", requires = "type")]
    until: Option<String>,
    /// person.transferred: the last day on which what the old place gave is kept
    #[arg(long, value_name = "DAY", requires = "type")]
    keep_until: Option<String>,
    /// employment.converted: the number under which it goes on
    #[arg(long, value_name = "NUMBER", requires = "type")]
    new_key: Option<String>,
    /// When it was so, such as 2026-11-23T08:00:00Z; now if left out
    #[arg(long, value_name = "MOMENT", requires = "type")]
    as_of: Option<String>,
    /// What the source says of them; may be given several times
    #[arg(long, value_name = "NAME=TEXT", value_parser = attribute, requires = "type")]
    set: Vec<(String, String)>,
    /// What the source calls the event. Otherwise a start and an end are named by person and day, so that sending
    /// one again is harmless, and a change by an id of its own
    #[arg(long, requires = "type")]
    id: Option<String>,
}

impl Send {
    /// Sends.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let place = places::POST_EVENT.of(&[&self.connection]);
        let events = match self.words.event() {
            Some(event) => event,
            None => read_json(self.data, self.file.as_deref())?,
        };
        let client = cx.client()?;
        match events {
            Value::Array(events) => send_all(cx, &client, &place, &events).await,
            event => {
                let answer = client.send(&place, &event).await?;
                cx.output.item(ANSWERS, &answer)?;
                if self.watch { follow(cx, &answer).await } else { Ok(Exit::Done) }
            }
        }
    }
}

impl Words {
    /// The event, if the words say one. Whether it makes sense is said by the server, place by place.
    fn event(self) -> Option<Value> {
        let (kind, employee) = self.kind_of_event.zip(self.employee)?;
        let day = self.first_day.as_ref().or(self.last_day.as_ref()).or(self.from.as_ref());
        let id = self.id.unwrap_or_else(|| match day {
            Some(day) => format!("{kind}/{employee}/{day}"),
            None => new_id::<EventId>(&SystemIds::new(Arc::new(SystemClock::new()))).to_string(),
        });
        let mut person: Map<String, Value> = self.set.into_iter().map(|(name, text)| (name, text.into())).collect();
        person.insert(PERSON_KEY.to_owned(), employee.into());
        let mut event = Map::new();
        let mut put = |name: &str, value: Option<Value>| event.extend(value.map(|value| (name.to_owned(), value)));
        put("id", Some(id.into()));
        put("type", Some(kind.into()));
        put("person", Some(person.into()));
        put("firstDay", self.first_day.map(Value::from));
        put("lastDay", self.last_day.map(Value::from));
        put("urgent", self.urgent.then(|| json!(true)));
        put("kind", self.kind.map(Value::from));
        put("zone", self.zone.map(Value::from));
        put("from", self.from.map(Value::from));
        put("until", self.until.map(Value::from));
        put("keepUntil", self.keep_until.map(Value::from));
        put("newKey", self.new_key.map(Value::from));
        put("asOf", self.as_of.map(Value::from));
        Some(event.into())
    }
}

/// One run after the other; the first that does not end well is the end.
async fn follow(cx: &Cx, answer: &Value) -> Result<Exit, CliError> {
    let runs = answer.get("runs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if runs.is_empty() {
        cx.output.say(&format!("it started nothing: {}", printable(&unstarted(answer))));
    }
    for id in runs.iter().filter_map(|run| run.as_str()?.parse().ok()) {
        Watch { id, every: WATCH_EVERY, appears_within: RUN_APPEARS_MAX }.run(cx).await?;
    }
    Ok(Exit::Done)
}

/// Why an event started nothing.
fn unstarted(answer: &Value) -> String {
    let said = |name: &str| answer.get(name).and_then(Value::as_str);
    match (said("case"), said("note").or(said("unbegun"))) {
        (_, Some(why)) => why.to_owned(),
        (Some(case), None) => {
            format!("a human must say first whom it is about; see `tenure cases show {case}`")
        }
        (None, None) => "nothing waits for it".to_owned(),
    }
}

fn read_json(data: Option<String>, file: Option<&Path>) -> Result<Value, CliError> {
    let text = match data {
        Some(data) => data,
        None => read_text(file.unwrap_or(Path::new("-")), INPUT_BYTES_MAX)?,
    };
    serde_json::from_str(&text)
        .map_err(|error| CliError::new(Exit::Usage, code::CANNOT_READ, "the event is not JSON").caused_by(&error))
}

/// Goes on after a refusal, as later events may be about other people; stops when nobody answers.
async fn send_all(cx: &Cx, client: &Client, place: &Place, events: &[Value]) -> Result<Exit, CliError> {
    let mut answers = Vec::new();
    let mut stopped = None;
    for event in events {
        match client.send(place, event).await {
            Ok(answer) => answers.push(answer),
            Err(error) if error.exit == Exit::Unreachable => {
                stopped = Some(error);
                break;
            }
            Err(error) => report(&error, cx.output.paint_talk()),
        }
    }
    cx.output.list(ANSWERS, &answers)?;
    match stopped {
        Some(error) if answers.is_empty() => Err(error),
        None if answers.len() == events.len() => Ok(Exit::Done),
        stopped => {
            let exit = if answers.is_empty() { Exit::Failed } else { Exit::Partial };
            let message = format!("{} of {} events were accepted", answers.len(), events.len());
            let error = CliError::new(exit, code::PARTIAL, message)
                .hint("send the file again when it is corrected; what was accepted is not done twice");
            Err(stopped.into_iter().fold(error, |error, why| error.cause(why.message)))
        }
    }
}

fn attribute(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), text.to_owned())),
        Some(_) | None => Err("use NAME=TEXT, such as department=Finance".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use tenure_api::{EventIn, EventParts};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        send: Send,
    }

    fn event(words: &str) -> Value {
        let line = Line::try_parse_from(format!("send --connection hr {words}").split_whitespace()).unwrap();
        line.send.words.event().unwrap()
    }

    #[test]
    fn words_become_events_that_the_server_understands() {
        for words in [
            "--type employment.started --employee E1 --first-day 2026-11-23 --kind contractor --zone UTC --set a=b",
            "--type person.changed --employee E1 --set department=R&D=1 --set room=7",
            "--type employment.ended --employee E1 --last-day 2026-11-30 --urgent",
        ] {
            let read: EventIn = serde_json::from_value(event(words)).unwrap();
            EventParts::try_from(read).unwrap();
        }
        let changed = event("--type person.changed --employee E1 --set department=R&D=1");
        assert_eq!(changed["person"], json!({"employeeId": "E1", "department": "R&D=1"}));
    }

    #[test]
    fn an_end_said_twice_is_one_event_and_a_change_is_two() {
        let end = "--type employment.ended --employee E1 --last-day 2026-11-30";
        assert_eq!(event(end)["id"], "employment.ended/E1/2026-11-30");
        assert_eq!(event(&format!("{end} --id hr-1"))["id"], "hr-1");
        let change = "--type person.changed --employee E1 --set a=b";
        assert_ne!(event(change)["id"], event(change)["id"]);
    }

    #[test]
    fn why_nothing_started_is_said_in_a_sentence() {
        let said = |answer: Value| unstarted(&answer);
        assert_eq!(said(json!({ "runs": [], "unbegun": "no workflow waits for it" })), "no workflow waits for it");
        assert_eq!(
            said(json!({ "runs": [], "note": "it is older than what is known" })),
            "it is older than what is known"
        );
        assert!(said(json!({ "runs": [], "case": "case_1" })).contains("`tenure cases show case_1`"));
    }

    #[test]
    fn words_and_json_do_not_mix() {
        for words in ["", "--employee E1", "--type x", "--type x --employee E1 file.json", "--data {} --urgent"] {
            let line = format!("send --connection hr {words}");
            assert!(Line::try_parse_from(line.split_whitespace()).is_err(), "{words}");
        }
    }
}
