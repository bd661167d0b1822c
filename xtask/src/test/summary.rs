//! Adds up the closing lines of several test binaries.

use std::fmt;

/// How many tests passed, failed and were left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    binaries: usize,
    passed: usize,
    failed: usize,
    ignored: usize,
    filtered: usize,
}

impl Summary {
    /// Looks at one line of output; lines that close no binary change nothing.
    pub fn read(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". ")) else {
            return;
        };
        self.binaries += 1;
        for part in counts.split(';') {
            let mut words = part.split_whitespace();
            let Some(count) = words.next().and_then(|word| word.parse::<usize>().ok()) else { continue };
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed") => self.failed += count,
                Some("ignored") => self.ignored += count,
                Some("filtered") => self.filtered += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.failed == 0 { "ok" } else { "FAILED" };
        write!(f, "test result: {word}. {} passed; {} failed; {} ignored; ", self.passed, self.failed, self.ignored)?;
        write!(f, "{} filtered out; in {} binaries", self.filtered, self.binaries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up() {
        let mut summary = Summary::default();
        summary.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s");
        summary.read("test a::test result ... ok");
        summary.read("\u{1b}[0mtest result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.10s");
        assert_eq!(
            summary.to_string(),
            "test result: FAILED. 16 passed; 2 failed; 1 ignored; 3 filtered out; in 2 binaries"
        );
    }
}
