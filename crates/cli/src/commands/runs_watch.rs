//! `tenure runs watch`: what a run does, as it does it, until it ends or needs a human.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tenure_api::Code;
use tenure_model::{Clock as _, RunId, SystemClock};

use super::runs::RECORDS;
use crate::args::duration;
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::limits::STREAM_QUIET;
use crate::output::{self, Format, json_lines};
use crate::places;
use crate::stream::{Events, Next};
use crate::table::{cell, plain};

/// Follow a run until it ends
///
/// Follows a run and writes each record as it comes. Ends with 0 when the run is done, with 1 when it failed
/// or was cancelled, and with 6 when it is blocked and needs somebody.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure runs watch run_01k9h3m5n7p9r1t3v5x7z9b1d3\n  tenure runs watch run_01k9h3m5n7p9r1t3v5x7z9b1d3 -o jsonl --every 200ms"
)]
pub struct Watch {
    /// Which run
    pub id: RunId,
    /// How often to look, where the server has no stream
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    pub every: Duration,
    /// A run that was only just asked for may take a moment until it is there.
    #[arg(skip)]
    pub appears_within: Duration,
}

impl Watch {
    /// Follows the stream of the server; where there is none, or it breaks, looks again and again.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        let mut seen = Seen::default();
        self.until_it_is_there(&client).await?;
        let stream = match client.stream(&places::WATCH_RUN.of(&[&self.id])).await {
            Ok(stream) => stream,
            // Asking for the run itself tells what is wrong, or that it was only the stream.
            Err(error) => {
                cx.output.detail(&error.message);
                None
            }
        };
        if let Some(response) = stream {
            self.follow(cx, &client, Events::new(response), &mut seen).await?;
        }
        self.poll(cx, &client, seen).await
    }

    async fn until_it_is_there(&self, client: &Client) -> Result<(), CliError> {
        let clock = SystemClock::new();
        while clock.elapsed() < self.appears_within {
            match client.ask(&places::READ_RUN.of(&[&self.id])).await {
                Err(error) if error.code == Code::NotFound.as_str() => tokio::time::sleep(self.every).await,
                Err(error) => return Err(error),
                Ok(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Writes what the stream brings, until it ends or the run does.
    async fn follow(&self, cx: &Cx, client: &Client, mut events: Events, seen: &mut Seen) -> Result<(), CliError> {
        loop {
            let told = match events.next(STREAM_QUIET).await {
                // The first event is the whole run. Those after it tell only that it has moved.
                Next::Event(run) if run.get("records").is_some() => run,
                Next::Event(_) | Next::Quiet => client.ask(&places::READ_RUN.of(&[&self.id])).await?,
                Next::Ended => return Ok(()),
            };
            write(cx, &seen.news(&told))?;
            if end_of(self.id, &told).is_some() {
                return Ok(());
            }
        }
    }

    /// How it ended is always read from the run itself.
    async fn poll(self, cx: &Cx, client: &Client, mut seen: Seen) -> Result<Exit, CliError> {
        let place = places::READ_RUN.of(&[&self.id]);
        loop {
            let run = client.ask(&place).await?;
            write(cx, &seen.news(&run))?;
            if let Some(end) = end_of(self.id, &run) {
                return end;
            }
            tokio::time::sleep(self.every).await;
        }
    }
}

/// Up to which record everything was written.
#[derive(Debug, Default)]
struct Seen {
    last: Option<i64>,
}

impl Seen {
    /// The records that were not there before.
    fn news(&mut self, run: &Value) -> Vec<Value> {
        let records = run.get("records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut news = Vec::new();
        for record in records {
            let sequence = record.get("sequence").and_then(Value::as_i64);
            if sequence > self.last {
                self.last = sequence;
                news.push(record.clone());
            }
        }
        news
    }
}

/// One line each, whatever the form: a table would have to be begun anew each time.
fn write(cx: &Cx, records: &[Value]) -> Result<(), CliError> {
    match cx.output.format {
        Format::Table if cx.output.plain => output::write(&plain(RECORDS, records)),
        Format::Table => output::write(&plain(RECORDS, records).replace('\t', "  ")),
        Format::Json | Format::Jsonl => output::write(&json_lines(records)),
    }
}

/// How the command ends, if the run goes no further by itself.
fn end_of(id: RunId, run: &Value) -> Option<Result<Exit, CliError>> {
    let status = run.get("status").and_then(Value::as_str).unwrap_or_default();
    let exit = match status {
        "done" => return Some(Ok(Exit::Done)),
        "failed" | "cancelled" => Exit::Failed,
        "blocked" => Exit::Partial,
        _ => return None,
    };
    let error = CliError::new(exit, code::RUN_NOT_DONE, format!("the run is {status}"))
        .hint(format!("`tenure runs show {id}` tells what it did"));
    let error = match run.get("reason") {
        Some(reason @ Value::String(_)) => error.cause(printable(&cell(Some(reason)))),
        _ => error,
    };
    Some(Err(if exit == Exit::Partial {
        error.hint(format!("`tenure runs retry {id}` lets it try again"))
    } else {
        error
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_record_is_news_once() {
        let mut seen = Seen::default();
        let one = json!({"records": [{"sequence": 0}, {"sequence": 1}]});
        assert_eq!(seen.news(&one).len(), 2);
        assert_eq!(seen.news(&one).len(), 0);
        let two = json!({"records": [{"sequence": 0}, {"sequence": 1}, {"sequence": 5}]});
        assert_eq!(seen.news(&two), [json!({"sequence": 5})]);
    }

    #[test]
    fn the_end_of_a_run_is_the_end_of_the_command() {
        let id = "run_00000000000000000000000001".parse().unwrap();
        let exit = |status: &str| match end_of(id, &json!({"status": status, "reason": "why"})) {
            None => None,
            Some(Ok(exit)) => Some(exit.number()),
            Some(Err(error)) => Some(error.exit.number()),
        };
        let all = [("queued", None), ("running", None), ("waiting", None), ("compensating", None), ("done", Some(0))];
        for (status, number) in
            all.into_iter().chain([("failed", Some(1)), ("cancelled", Some(1)), ("blocked", Some(6))])
        {
            assert_eq!(exit(status), number, "{status}");
        }
    }
}
