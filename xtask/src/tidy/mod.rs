//! Sizes and habits that no compiler checks, held against [`crate::limits`].
//!
//! Red is what one file can be blamed for: too long, no header, a TODO without an issue. The
//! figures of the whole (medians, shares, ratios) are printed beside their targets. Exceptions
//! stand with reasons in `xtask/tidy.toml`.

mod exceptions;
mod papers;
mod report;
mod scan;

use std::fs;
use std::path::Path;

use crate::decision;
use crate::limits;
use crate::machine::{self, Workspace};
use crate::trouble::{Because, Result, Trouble};
use exceptions::{Exceptions, Fault};
use scan::Scan;

/// Folders with Rust of ours.
const ROOTS: &[&str] = &["crates", "xtask", "e2e", "bench", "examples"];

/// The one file of the product that may ask for the time.
const CLOCK: &str = "crates/model/src/clock.rs";

/// A file and what was seen in it.
#[derive(Debug)]
pub struct File {
    /// Its path from the root, with `/`.
    path: String,
    scan: Scan,
}

/// Reads every file, prints the figures, and names each fault.
pub fn run(workspace: &Workspace) -> Result<()> {
    machine::say(&format!("$ read *.rs in {}", ROOTS.join(", ")));
    let mut files = Vec::new();
    for root in ROOTS {
        collect(&workspace.root, root, &mut files)?;
    }
    let mut exceptions = Exceptions::read(&workspace.read("xtask/tidy.toml")?)?;
    let faults: Vec<Fault> = files.iter().flat_map(faults_of).collect();
    let mut sentences = exceptions.without_excused(faults);
    sentences.extend(exceptions.idle());
    sentences.extend(decisions(workspace)?);
    sentences.extend(papers::faults(&workspace.root)?);
    report::print(workspace, &files)?;
    for sentence in &sentences {
        machine::complain(sentence);
    }
    if sentences.is_empty() { Ok(()) } else { Err(Trouble::new(format!("tidy: {} faults", sentences.len()))) }
}

/// Every Rust file below a folder, in order.
fn collect(root: &Path, inside: &str, files: &mut Vec<File>) -> Result<()> {
    let folder = root.join(inside);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(()) };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names.iter().filter(|name| !name.starts_with('.') && *name != "target" && *name != "node_modules") {
        let path = format!("{inside}/{name}");
        if folder.join(name).is_dir() {
            collect(root, &path, files)?;
        } else if Path::new(name).extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(folder.join(name)).because(|| format!("cannot read `{path}`"))?;
            let scan = scan::scan(&text, is_all_tests(&path));
            files.push(File { path, scan });
        }
    }
    Ok(())
}

/// Does the file hold nothing but tests?
fn is_all_tests(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.starts_with("e2e/")
        || path.starts_with("crates/testkit/")
}

/// Everything in one file that is over a limit.
fn faults_of(file: &File) -> Vec<Fault> {
    let (path, scan) = (file.path.as_str(), &file.scan);
    let mut faults = Vec::new();
    if !scan.has_header {
        faults.push(Fault::new(path, "header", "", 1, 0, "does not say in `//!` at its top what it is for"));
    }
    if scan.lines > limits::FILE_LINES_MAX {
        faults.push(Fault::new(
            path,
            "file-lines",
            "",
            scan.lines,
            limits::FILE_LINES_MAX,
            "lines without tests; move a noun out",
        ));
    }
    for function in &scan.functions {
        let handler = path.contains("/http/") && function.name == "handler";
        let (rule, most) = if handler {
            ("handler-lines", limits::HANDLER_LINES_MAX)
        } else {
            ("function-lines", limits::FUNCTION_LINES_MAX)
        };
        if function.size > most {
            faults.push(Fault::new(
                path,
                rule,
                &function.name,
                function.size,
                most,
                "lines; let the parent decide and helpers compute",
            ));
        }
    }
    for error in scan.errors.iter().filter(|error| error.size > limits::ERROR_CASES_MAX) {
        let most = limits::ERROR_CASES_MAX;
        faults.push(Fault::new(path, "error-cases", &error.name, error.size, most, "cases; one error per operation"));
    }
    if path != CLOCK && !path.contains("/tests/") && !scan.clocks.is_empty() {
        let why = format!("direct clocks (line {}); time comes from the Clock in Cx", list(&scan.clocks));
        faults.push(Fault::new(path, "clock", "", scan.clocks.len(), 0, &why));
    }
    if !scan.allows.is_empty() {
        let why = format!("`allow` (line {}); use #[expect(.., reason = \"..\")]", list(&scan.allows));
        faults.push(Fault::new(path, "allow", "", scan.allows.len(), 0, &why));
    }
    if !scan.todos.is_empty() {
        let why = format!("TODO without an issue (line {}); write TODO(#12)", list(&scan.todos));
        faults.push(Fault::new(path, "todo", "", scan.todos.len(), 0, &why));
    }
    faults
}

fn list(lines: &[usize]) -> String {
    lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn decisions(workspace: &Workspace) -> Result<Vec<String>> {
    let records = decision::records(&workspace.path("docs/decisions"))?;
    Ok(decision::index_faults(&records, &workspace.read("docs/decisions/README.md")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), scan: scan::scan(text, is_all_tests(path)) };
        faults_of(&file).iter().map(|fault| fault.rule.to_owned()).collect()
    }

    fn long(lines: usize, name: &str) -> String {
        format!("//! x\nfn {name}() {{\n{}}}\n", "    x();\n".repeat(lines))
    }

    #[test]
    fn a_short_file_with_a_header_is_fine() {
        assert!(check("crates/a/src/b.rs", "//! x\nfn a() {}\n").is_empty());
    }

    #[test]
    fn each_rule_sees_its_fault() {
        assert_eq!(check("crates/a/src/b.rs", "fn a() {}\n"), ["header"]);
        assert_eq!(check("crates/a/src/b.rs", &long(68, "a")), [""; 0]);
        assert_eq!(check("crates/a/src/b.rs", &long(69, "a")), ["function-lines"]);
        assert_eq!(check("crates/server/src/http/v1/a.rs", &long(39, "handler")), ["handler-lines"]);
        assert_eq!(check("crates/a/src/b.rs", &format!("//! x\n{}", "const A: u8 = 1;\n".repeat(600))), ["file-lines"]);
        assert_eq!(check("crates/a/src/b.rs", "//! x\nfn a() { Instant::now(); }\n"), ["clock"]);
        assert_eq!(check("crates/a/src/b.rs", "//! x\n#[allow(dead_code)]\nfn a() {}\n"), ["allow"]);
        assert_eq!(check("crates/a/src/b.rs", "//! x\n// FIXME later\n"), ["todo"]);
        let cases = "    Case,\n".repeat(13);
        assert_eq!(check("crates/a/src/b.rs", &format!("//! x\nenum ReadError {{\n{cases}}}\n")), ["error-cases"]);
    }

    #[test]
    fn the_clock_itself_and_tests_may_ask_for_the_time() {
        let text = "//! x\nfn a() { Instant::now(); }\n";
        assert!(check(CLOCK, text).is_empty());
        assert!(check("crates/a/tests/it/main.rs", text).is_empty());
    }
}
