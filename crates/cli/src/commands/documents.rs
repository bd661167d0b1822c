//! Documents in a folder, for the commands that work without a server: reading them, and telling
//! of a problem with the line that it is in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tenure_blueprint::limits::{FILE_BYTES_MAX, FILES_MAX};
use tenure_blueprint::{Problem, spot};

use crate::context::{Cx, read_text};
use crate::error::{CliError, Paint, printable};
use crate::exit::Exit;
use crate::limits::ESTATE_DEPTH_MAX;
use crate::output::{self, Format};

/// Files with their paths and texts.
pub(crate) type Files = Vec<(String, String)>;

/// The documents below the folder, in order, with their paths as an editor opens them.
pub(crate) fn files_of(folder: &Path) -> Result<Vec<(String, String)>, CliError> {
    let mut paths = Vec::new();
    if folder.is_file() {
        paths.push(folder.to_owned());
    } else {
        collect(folder, ESTATE_DEPTH_MAX, &mut paths)?;
    }
    paths.sort();
    // One more than may be, so that reading them says so.
    paths.truncate(FILES_MAX + 1);
    let read = |path: PathBuf| read_text(&path, FILE_BYTES_MAX as u64).map(|text| (path.display().to_string(), text));
    paths.into_iter().map(read).collect()
}

/// The folder by which relative paths in documents are meant.
pub(crate) fn folder_of(place: &Path) -> &Path {
    if place.is_file() { place.parent().unwrap_or(place) } else { place }
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let failed = |error: io::Error| {
        CliError::new(Exit::Failed, crate::error::code::CANNOT_READ, format!("cannot list `{}`", folder.display()))
            .caused_by(&error)
            .hint("name the folder in `estate.folder`, and let the user of the server read it")
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Tells every problem with the place that it is in; as JSON without.
pub(crate) fn tell(cx: &Cx, files: &Files, problems: &[Problem]) -> Result<(), CliError> {
    match cx.output.format {
        Format::Table => {
            let text_of = |file: &str| files.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str());
            let told: Vec<String> = problems
                .iter()
                .map(|problem| excerpt(problem, text_of(&problem.file).unwrap_or_default(), cx.output.paint_out()))
                .collect();
            output::write(&told.join("\n"))
        }
        Format::Json => {
            let all: Vec<Value> = problems.iter().map(|problem| json!(problem)).collect();
            output::write(&format!("{:#}\n", Value::Array(all)))
        }
        Format::Jsonl => output::write(&output::json_lines(&problems.iter().map(|one| json!(one)).collect::<Vec<_>>())),
    }
}

/// A problem with the line that it is in, and the word that it is about underlined.
fn excerpt(problem: &Problem, text: &str, paint: Paint) -> String {
    let spot = spot(text, problem);
    let before = text.get(..spot.start).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |found| found + 1);
    let line = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    let column = text.get(line_start..spot.start).unwrap_or_default().chars().count();
    let length = text.get(spot.clone()).unwrap_or_default().chars().count().max(1);
    let gutter = number.to_string().len();
    let space = " ".repeat(gutter);
    let label = paint.red(&format!("error[{}]", problem.code));
    let place = format!("{}:{number}:{}", printable(&problem.file), column + 1);
    let picture = if line.is_empty() {
        format!("{space} ─[{place}]\n")
    } else {
        let mark = paint.red(&"─".repeat(length));
        let before = " ".repeat(column);
        format!("{space} ╭─[{place}]\n{number} │ {}\n{space} · {before}{mark}\n{space} ╰─\n", printable(line))
    };
    let fix = match tenure_blueprint::repair(text, problem) {
        Some(_) => format!("  fix: tenure fix {} {}", problem.code, printable(&problem.file)),
        None => String::new(),
    };
    let hint = format!("{}: {}{fix}", paint.cyan("hint"), printable(&problem.hint));
    format!("{label}: {}\n{picture}{hint}\n", printable(&problem.reason))
}

/// How many of something, for people.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_blueprint::Estate;

    #[test]
    fn a_problem_shows_its_line_and_underlines_its_word() {
        let text = "apiVersion: tenure/v1\nkind: Role\nmetadata: { name: a, owner: us }\nspec:\n  grnts: []\n";
        let problems = Estate::read(vec![("a.yaml".into(), text.into())]).unwrap_err();
        let unknown = problems.iter().find(|problem| problem.reason.contains("no key")).unwrap();
        let told = excerpt(unknown, text, Paint::None);
        assert_eq!(
            told,
            "error[TEN-E2003]: `spec` has no key `grnts`\n  ╭─[a.yaml:5:3]\n5 │   grnts: []\n  ·   ─────\n  ╰─\n\
             hint: did you mean `grants`?  fix: tenure fix TEN-E2003 a.yaml\n"
        );
    }
}
