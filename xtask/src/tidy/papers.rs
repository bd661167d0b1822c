//! Do the links between our papers lead somewhere?
//!
//! Only links into this repository are looked at; the network is not asked.

use std::fs;
use std::path::Path;

use crate::machine;
use crate::trouble::Result;

/// Folders whose Markdown we wrote; the root's own is looked at too.
const FOLDERS: &[&str] = &["docs", "packs", "templates", "examples"];

/// Every link that leads nowhere, as a sentence.
pub fn faults(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in markdown(root) {
        found.extend(dead_links(root, &name)?);
    }
    for folder in FOLDERS {
        below(root, folder, &mut found)?;
    }
    Ok(found)
}

fn below(root: &Path, inside: &str, found: &mut Vec<String>) -> Result<()> {
    let folder = root.join(inside);
    for name in markdown(&folder) {
        found.extend(dead_links(root, &format!("{inside}/{name}"))?);
    }
    for name in names(&folder).iter().filter(|name| folder.join(name).is_dir()) {
        below(root, &format!("{inside}/{name}"), found)?;
    }
    Ok(())
}

fn dead_links(root: &Path, paper: &str) -> Result<Vec<String>> {
    let path = root.join(paper);
    let folder = path.parent().unwrap_or(root);
    let text = machine::read(&path)?;
    let dead = links(&text).filter(|link| !folder.join(link).exists());
    Ok(dead.map(|link| format!("{paper} links to `{link}`, which is not there")).collect())
}

/// The targets of links into this repository, without the part after `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let files = targets.map(|target| target.split_once('#').map_or(target, |(file, _)| file));
    files.filter(|file| !file.is_empty() && !file.contains(':') && !file.contains(char::is_whitespace))
}

fn markdown(folder: &Path) -> Vec<String> {
    let is_markdown = |name: &String| Path::new(name).extension().is_some_and(|end| end == "md");
    names(folder).into_iter().filter(is_markdown).collect()
}

/// What is in a folder, in order; nothing when there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_into_the_repository_are_followed() {
        let text = "[a](A.md) [b](docs/b.md#part) [c](https://example.org/x.md) [d](#here) `f](x y)`";
        assert_eq!(links(text).collect::<Vec<_>>(), ["A.md", "docs/b.md"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        let root = std::env::temp_dir().join(format!("tenure-xtask-papers-{}", std::process::id()));
        fs::create_dir_all(root.join("docs/howto")).unwrap();
        fs::write(root.join("README.md"), "[a](docs/howto/a.md) [b](docs/b.md)").unwrap();
        fs::write(root.join("docs/howto/a.md"), "[up](../../README.md) [gone](gone.md)").unwrap();
        let found = faults(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            found,
            [
                "README.md links to `docs/b.md`, which is not there",
                "docs/howto/a.md links to `gone.md`, which is not there"
            ]
        );
    }
}
