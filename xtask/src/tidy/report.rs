//! The figures of the whole, beside the numbers to keep.

use std::collections::BTreeMap;

use super::File;
use crate::limits;
use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::Result;
use crate::walls;

/// Prints one line for each number of the table.
pub fn print(workspace: &Workspace, files: &[File]) -> Result<()> {
    let ours = Metadata::ours(workspace)?.packages;
    let product: Vec<&File> = files.iter().filter(|file| file.scan.lines > 0).collect();
    sizes(
        "file lines",
        product.iter().map(|file| file.scan.lines).collect(),
        Some(limits::FILE_LINES_MEDIAN),
        Some(limits::FILE_LINES_P95),
        limits::FILE_LINES_MAX,
    );
    let functions =
        || product.iter().flat_map(|file| file.scan.functions.iter().map(move |function| (&file.path, function)));
    let lengths = functions().map(|(_, function)| function.size).collect();
    sizes("function lines", lengths, None, Some(limits::FUNCTION_LINES_P95), limits::FUNCTION_LINES_MAX);
    let handlers = functions().filter(|(path, function)| path.contains("/http/") && function.name == "handler");
    let lengths = handlers.map(|(_, function)| function.size).collect();
    sizes("handler lines", lengths, Some(limits::HANDLER_LINES_MEDIAN), None, limits::HANDLER_LINES_MAX);
    let cases = product.iter().flat_map(|file| &file.scan.errors).map(|error| error.size).collect();
    sizes("error cases", cases, None, None, limits::ERROR_CASES_MAX);
    shares(files);
    crates(files, &ours);
    Ok(())
}

/// Median, 95th of a hundred and the largest, each with its target where it has one.
fn sizes(what: &str, mut seen: Vec<usize>, median: Option<usize>, p95: Option<usize>, most: usize) {
    seen.sort_unstable();
    let Some(largest) = seen.last().copied() else {
        machine::say(&format!("{what:<16} none yet"));
        return;
    };
    let shown = |name: &str, value: usize, target: Option<usize>| {
        let target = target.map_or(String::new(), |target| format!(" (≤ {target}{})", over(value > target)));
        format!("{name} {value}{target}")
    };
    let parts = [
        shown("median", quantile(&seen, 50), median),
        shown("p95", quantile(&seen, 95), p95),
        shown("max", largest, Some(most)),
    ];
    machine::say(&format!("{what:<16} {}; of {}", parts.join(", "), seen.len()));
}

/// Comments among the lines, and tests beside the code.
fn shares(files: &[File]) {
    let sum = |of: fn(&File) -> usize| files.iter().map(of).sum::<usize>();
    let (code, comments, tests) =
        (sum(|file| file.scan.code), sum(|file| file.scan.comments), sum(|file| file.scan.tests));
    let percent = 100.0 * ratio(comments, code + comments);
    let (least, most) = limits::COMMENT_PERCENT;
    let outside = over(!(least..=most).contains(&percent));
    machine::say(&format!("{:<16} {percent:.1} % ({least:.0} to {most:.0}{outside})", "comments"));
    let tested = ratio(tests, code);
    let short = over(tested < limits::TEST_RATIO_MIN);
    machine::say(&format!(
        "{:<16} {tested:.2} : 1 (≥ {}{short}); {tests} lines to {code}",
        "test : code",
        limits::TEST_RATIO_MIN
    ));
}

/// Number of crates, the longest chain, the biggest one.
fn crates(files: &[File], ours: &[crate::metadata::Package]) {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        let name = file.path.strip_prefix("crates/").and_then(|path| path.split('/').next());
        if let Some(name) = name.filter(|name| !walls::is_tooling(name)) {
            *lines.entry(name).or_default() += file.scan.lines;
        }
    }
    let (count, depth) = (lines.len(), walls::depth(ours));
    let (biggest, size) = lines.into_iter().max_by_key(|(_, size)| *size).unwrap_or(("none", 0));
    machine::say(&format!(
        "{:<16} {count} (≤ {}{}), depth {depth} (≤ {}{}), biggest {biggest} with {size} lines (≤ {}{})",
        "crates",
        limits::CRATES_MAX,
        over(count > limits::CRATES_MAX),
        limits::DEPTH_MAX,
        over(depth > limits::DEPTH_MAX),
        limits::CRATE_LINES_MAX,
        over(size > limits::CRATE_LINES_MAX),
    ));
}

const fn over(is_over: bool) -> &'static str {
    if is_over { ", missed" } else { "" }
}

/// The value below which this many of a hundred lie, in a sorted list.
fn quantile(sorted: &[usize], hundredths: usize) -> usize {
    let rank = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "line counts are far below what a float holds exactly")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let sorted: Vec<usize> = (1..=20).collect();
        assert_eq!(
            (quantile(&sorted, 50), quantile(&sorted, 95), quantile(&[7], 95), quantile(&[], 50)),
            (10, 19, 7, 0)
        );
    }
}
