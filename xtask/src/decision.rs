//! Starts a decision record: the next number, the four headings, a line in the index.

use std::fs;
use std::path::Path;

use crate::machine::{self, Workspace};
use crate::trouble::{Because, Result, Trouble};

/// Where the records lie.
const FOLDER: &str = "docs/decisions";

/// Writes the record and its line in the index.
pub fn run(workspace: &Workspace, title: &str) -> Result<()> {
    let slug = slug(title);
    if slug.is_empty() {
        return Err(Trouble::new(format!("decision: `{title}` has no word to name a file with")));
    }
    let folder = workspace.path(FOLDER);
    let number = 1 + records(&folder)?.iter().filter_map(|file| file.get(..4)?.parse::<u32>().ok()).max().unwrap_or(0);
    let file = format!("{number:04}-{slug}.md");
    write(&folder.join(&file), &body(number, title))?;
    let index = folder.join("README.md");
    let text = machine::read(&index)?;
    write(&index, &format!("{}\n- [{number:04}]({file}) {title}\n", text.trim_end()))?;
    machine::say(&format!(
        "decision: wrote {FOLDER}/{file} and its line in {FOLDER}/README.md; now fill it, one page at most"
    ));
    Ok(())
}

/// Names of the records in a folder, in order.
pub fn records(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).because(|| format!("cannot list `{}`", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md") && name != "README.md")
        .collect();
    names.sort();
    Ok(names)
}

/// Records that the index does not link to, and links of the index that lead nowhere.
pub fn index_faults(records: &[String], index: &str) -> Vec<String> {
    let linked: Vec<&str> =
        index.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link)).collect();
    let missing = records
        .iter()
        .filter(|record| !linked.contains(&record.as_str()))
        .map(|record| format!("{FOLDER}/README.md does not list `{record}`; add its line"));
    let dead = linked
        .iter()
        .filter(|link| {
            link.starts_with(|first: char| first.is_ascii_digit()) && !records.iter().any(|record| record == *link)
        })
        .map(|link| format!("{FOLDER}/README.md lists `{link}`, which is not there; remove the line"));
    missing.chain(dead).collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).because(|| format!("cannot write `{}`", path.display()))
}

fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

fn body(number: u32, title: &str) -> String {
    format!(
        "# {number:04} {title}\n\n## Context\n\nWhat forces a choice now?\n\n## Choice\n\nWhat do we do, in one paragraph?\n\n\
         ## What we gave up\n\nThe best other way, and what it would have given us.\n\n\
         ## How we would know that we were wrong\n\nA sign somebody can look for.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_file_name() {
        assert_eq!(slug("SQL, written once!"), "sql-written-once");
        assert_eq!(slug("…"), "");
    }

    #[test]
    fn the_index_and_the_folder_must_agree() {
        let records = ["0001-a.md".to_owned(), "0002-b.md".to_owned()];
        assert!(index_faults(&records, "- [0001](0001-a.md) a\n- [0002](0002-b.md) b\n[x](../x.md)").is_empty());
        let faults = index_faults(&records, "- [0001](0001-a.md) a\n- [0003](0003-c.md) c\n");
        assert_eq!(faults.len(), 2);
        assert!(
            faults[0].contains("does not list `0002-b.md`") && faults[1].contains("lists `0003-c.md`"),
            "{faults:?}"
        );
    }
}
