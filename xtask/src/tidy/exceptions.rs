//! What may be over a limit, for a reason, up to a number.

use serde::Deserialize;

use crate::trouble::{Because, Result};

/// Something over a limit.
#[derive(Debug)]
pub struct Fault {
    /// The file, from the root.
    pub file: String,
    /// The rule, as exceptions name it.
    pub rule: &'static str,
    /// The function or enum; empty when the file itself is at fault.
    pub name: String,
    /// How much there is.
    pub seen: usize,
    /// How much there may be.
    pub most: usize,
    /// Of what, and what to do about it.
    pub what: String,
}

impl Fault {
    /// A fault in a file.
    pub fn new(file: &str, rule: &'static str, name: &str, seen: usize, most: usize, what: &str) -> Self {
        Self { file: file.to_owned(), rule, name: name.to_owned(), seen, most, what: what.to_owned() }
    }

    fn sentence(&self) -> String {
        let (file, what) = (&self.file, &self.what);
        match (self.rule, self.name.is_empty()) {
            ("header", _) => format!("{file} {what}"),
            (_, true) => format!("{file}: {} (at most {}) {what}", self.seen, self.most),
            (_, false) => format!("{file}: `{}` has {} (at most {}) {what}", self.name, self.seen, self.most),
        }
    }
}

/// The file of exceptions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    file: String,
    rule: String,
    #[serde(default)]
    name: String,
    at_most: usize,
    why: String,
    #[serde(skip)]
    used: bool,
}

impl Exceptions {
    /// Reads the file.
    pub fn read(text: &str) -> Result<Self> {
        toml::from_str(text).because(|| "cannot read `xtask/tidy.toml`".to_owned())
    }

    /// The faults that no exception covers, as sentences.
    pub fn without_excused(&mut self, faults: Vec<Fault>) -> Vec<String> {
        faults.into_iter().filter(|fault| !self.excuses(fault)).map(|fault| fault.sentence()).collect()
    }

    /// Exceptions that covered nothing, as sentences.
    pub fn idle(&self) -> Vec<String> {
        let idle = self.exception.iter().filter(|exception| !exception.used || exception.why.trim().is_empty());
        idle.map(|exception| {
            format!(
                "xtask/tidy.toml: the exception `{}` for {} is not needed or gives no reason; remove it",
                exception.rule, exception.file
            )
        })
        .collect()
    }

    fn excuses(&mut self, fault: &Fault) -> bool {
        let fits = |exception: &&mut Exception| {
            exception.file == fault.file && exception.rule == fault.rule && exception.name == fault.name
        };
        let Some(exception) = self.exception.iter_mut().find(fits) else { return false };
        exception.used = true;
        fault.seen <= exception.at_most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[[exception]]\nfile = \"a.rs\"\nrule = \"function-lines\"\nname = \"f\"\nat_most = 80\nwhy = \"w\"";

    #[test]
    fn an_exception_covers_its_fault_up_to_its_number() {
        let fault = |seen| vec![Fault::new("a.rs", "function-lines", "f", seen, 70, "lines")];
        let mut exceptions = Exceptions::read(TEXT).unwrap();
        assert!(exceptions.without_excused(fault(80)).is_empty());
        assert_eq!(exceptions.without_excused(fault(81)), ["a.rs: `f` has 81 (at most 70) lines"]);
        assert!(exceptions.idle().is_empty());
    }

    #[test]
    fn an_exception_nobody_needs_is_a_fault() {
        assert_eq!(Exceptions::read(TEXT).unwrap().idle().len(), 1);
    }
}
