//! `tenure test`: scenarios of a folder, played in virtual time.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use tenure_server::house::scenario::{self, Verdict};

use crate::context::Cx;
use crate::error::{CliError, code, printable};
use crate::exit::Exit;
use crate::output::talk;
use crate::table::{Column, column};

const COLUMNS: &[Column] = &[
    column("Scenario", "/scenario"),
    column("Result", "/result"),
    column("Took", "/took"),
    column("Faults", "/faults"),
];

/// Play the scenarios of a folder
///
/// Reads every document of a folder, plays each `kind: Scenario` in virtual time on the real engine with systems
/// that are faked, and says what did not come out as expected. Asks no server, and sends and changes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure test\n  tenure test templates/ --only leaver\n  tenure test estate/ --junit report.xml"
)]
pub struct Test {
    /// The folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Only scenarios whose name holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write the result to a file that a build server reads
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl Test {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let folder = self.folder.display().to_string();
        let verdicts = scenario::test(&self.folder, self.only.as_deref()).await.map_err(|error| {
            CliError::new(Exit::Failed, code::NOT_WELL, format!("`{folder}` cannot be played: {error}"))
                .hint("correct the documents; each line above names a file, a place and a way out")
        })?;
        if verdicts.is_empty() {
            return Err(CliError::new(Exit::Failed, code::NOT_WELL, format!("`{folder}` holds no scenario"))
                .hint("a scenario is a document of `kind: Scenario`; see docs/howto/test-a-workflow.md"));
        }
        if let Some(file) = &self.junit {
            let shown = file.display().to_string();
            fs::write(file, junit(&verdicts)).map_err(|error| {
                CliError::new(Exit::Failed, code::CANNOT_WRITE, format!("`{shown}` cannot be written"))
                    .caused_by(&error)
            })?;
        }
        let rows: Vec<Value> = verdicts.iter().map(row).collect();
        cx.output.list(COLUMNS, &rows)?;
        let failed: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
        for verdict in &failed {
            for fault in &verdict.faults {
                talk(&format!("{} ({}): {}\n", printable(&verdict.name), printable(&verdict.file), printable(fault)));
            }
        }
        if failed.is_empty() {
            return Ok(Exit::Done);
        }
        let message = format!("{} of {} scenarios did not come out as expected", failed.len(), verdicts.len());
        Err(CliError::new(Exit::Failed, code::NOT_WELL, message))
    }
}

fn row(verdict: &Verdict) -> Value {
    json!({
        "scenario": verdict.name,
        "result": if verdict.holds() { "holds" } else { "fails" },
        "took": format!("{} ms", verdict.took.as_millis()),
        "faults": verdict.faults,
    })
}

/// The result in the form that build servers read.
fn junit(verdicts: &[Verdict]) -> String {
    let failed = verdicts.iter().filter(|verdict| !verdict.holds()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"scenarios\" tests=\"{}\" failures=\"{failed}\">\n",
        verdicts.len()
    );
    for verdict in verdicts {
        let (name, file) = (escaped(&verdict.name), escaped(&verdict.file));
        // Writing to a string cannot fail.
        write!(text, "  <testcase name=\"{name}\" classname=\"{file}\" time=\"{:.3}\"", verdict.took.as_secs_f64())
            .unwrap_or_default();
        if verdict.holds() {
            text.push_str("/>\n");
        } else {
            let faults = escaped(&verdict.faults.join("\n"));
            writeln!(text, ">\n    <failure message=\"not as expected\">{faults}</failure>\n  </testcase>")
                .unwrap_or_default();
        }
    }
    text.push_str("</testsuite>\n");
    text
}

fn escaped(text: &str) -> String {
    let kept = text.chars().filter(|letter| !letter.is_control() || *letter == '\n');
    kept.fold(String::with_capacity(text.len()), |mut done, letter| {
        match letter {
            '<' => done.push_str("&lt;"),
            '>' => done.push_str("&gt;"),
            '&' => done.push_str("&amp;"),
            '"' => done.push_str("&quot;"),
            other => done.push(other),
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_report_is_well_formed_whatever_a_fault_says() {
        let verdict = |faults: &[&str]| Verdict {
            name: "a<b".into(),
            title: String::new(),
            file: "x.yaml".into(),
            faults: faults.iter().map(ToString::to_string).collect(),
            took: Duration::from_millis(5),
        };
        let text = junit(&[verdict(&[]), verdict(&["is \"x\" & must be <y>\u{7}"])]);
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(
            text.contains("a&lt;b") && text.contains("is &quot;x&quot; &amp; must be &lt;y&gt;</failure>"),
            "{text}"
        );
    }
}
