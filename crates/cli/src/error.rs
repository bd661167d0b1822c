//! The one error of the command line, and the one way to print it.
//!
//! A command fails with a code that can be looked up, what happened, why, and the way out. Every
//! error of every layer ends here, so that all look alike.

use std::error::Error;
use std::fmt::Write as _;

use crate::exit::Exit;
use crate::limits::CAUSES_MAX;

/// The codes that the command line itself gives; those of the server come with its answers.
pub mod code {
    use tenure_api::Code;

    /// The command line cannot be understood.
    pub const USAGE: &str = Code::BadWords.entry().code;
    /// The server cannot be reached.
    pub const UNREACHABLE: &str = Code::ServerUnreachable.entry().code;
    /// What answered is not Tenure.
    pub const NOT_TENURE: &str = Code::NotTenure.entry().code;
    /// There is no usable token.
    pub const NO_TOKEN: &str = Code::TokenMissing.entry().code;
    /// The address of the server is not usable.
    pub const BAD_SERVER: &str = Code::BadServer.entry().code;
    /// A file or the standard input cannot be read.
    pub const CANNOT_READ: &str = Code::CannotRead.entry().code;
    /// The ledger is not what was signed.
    pub const LEDGER_NOT_SOUND: &str = Code::LedgerNotSound.entry().code;
    /// The output cannot be written.
    pub const CANNOT_WRITE: &str = Code::CannotWrite.entry().code;
    /// The server did not answer in time.
    pub const TOO_SLOW: &str = Code::ServerTooSlow.entry().code;
    /// Nobody is there to confirm.
    pub const NOT_CONFIRMED: &str = Code::NotConfirmed.entry().code;
    /// The program cannot start.
    pub const CANNOT_START: &str = Code::CannotStart.entry().code;
    /// A person cannot be told from the words.
    pub const WHICH_PERSON: &str = Code::WhichPerson.entry().code;
    /// A run did not end well.
    pub const RUN_NOT_DONE: &str = Code::RunNotDone.entry().code;
    /// Some things were done and some were not.
    pub const PARTIAL: &str = Code::DoneInPart.entry().code;
    /// The doctor found something.
    pub const NOT_WELL: &str = Code::NotWell.entry().code;
    /// A measurement stopped.
    pub const NOT_MEASURED: &str = Code::NotMeasured.entry().code;
    /// A plan could not be worked out.
    pub const PLAN_FAILED: &str = Code::PlanFailed.entry().code;
    /// What a plan rests on moved.
    pub const PLAN_MOVED: &str = Code::PlanMoved.entry().code;
    /// A brake holds it.
    pub const HELD: &str = Code::Held.entry().code;
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    /// How the process ends.
    pub exit: Exit,
    /// A stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Why, from the nearest cause to the farthest.
    pub causes: Vec<String>,
    /// What to do.
    pub hints: Vec<String>,
}

impl CliError {
    /// An error that says what happened.
    pub fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { exit, code: code.into(), message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds a cause.
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        // Layers often repeat each other; the reader needs it once.
        if self.causes.len() < CAUSES_MAX && self.causes.last() != Some(&cause) {
            self.causes.push(cause);
        }
        self
    }

    /// Adds an error and everything that caused it.
    pub fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self = self.cause(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds a way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The text for the terminal.
    pub fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        let label = paint.red(&format!("error[{}]", self.code));
        let _ = writeln!(text, "{label}: {}", printable(&self.message));
        for cause in &self.causes {
            let _ = writeln!(text, "{}: {}", paint.dim("cause"), printable(cause));
        }
        for hint in &self.hints {
            let _ = writeln!(text, "{}: {}", paint.cyan("hint"), printable(hint));
        }
        if !self.code.is_empty() {
            let _ = writeln!(text, "{}: {}", paint.dim("docs"), docs(&self.code));
        }
        text
    }
}

/// Where a code is explained.
fn docs(code: &str) -> String {
    format!("docs/reference/errors.md#{}", code.to_ascii_lowercase())
}

/// Whether letters may have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// For a terminal.
    Colour,
    /// For everything else.
    None,
}

impl Paint {
    /// For what failed.
    pub fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }
    /// For what to do.
    pub fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }
    /// For what is less important.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }
    /// For headings.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(self, style: &str, text: &str) -> String {
        match self {
            Self::Colour => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
            Self::None => text.to_owned(),
        }
    }
}

/// Text from elsewhere without letters that could steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Control letters, and those that turn the direction of writing.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_error_reads_from_what_happened_to_what_to_do() {
        let error = CliError::new(Exit::Unreachable, code::UNREACHABLE, "cannot reach `http://127.0.0.1:1`")
            .caused_by(&Outer(std::io::Error::other("connection refused")))
            .hint("start it with `tenure serve`");
        assert_eq!(
            error.render(Paint::None),
            "error[TEN-E0801]: cannot reach `http://127.0.0.1:1`\n\
             cause: outer\n\
             cause: connection refused\n\
             hint: start it with `tenure serve`\n\
             docs: docs/reference/errors.md#ten-e0801\n"
        );
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        let error = CliError::new(Exit::Failed, "TEN-E0107", "not found");
        assert!(error.render(Paint::Colour).starts_with("\u{1b}[1;31merror[TEN-E0107]\u{1b}[0m: not found"));
        assert!(!error.render(Paint::None).contains('\u{1b}'));
    }

    #[test]
    fn words_from_elsewhere_cannot_steer_the_terminal() {
        let error = CliError::new(Exit::Failed, "TEN-E0107", "a\u{1b}[2Jb\u{202e}c").hint("x\ny");
        assert_eq!(
            error.render(Paint::None),
            "error[TEN-E0107]: a\u{fffd}[2Jb\u{fffd}c\nhint: x\u{fffd}y\ndocs: docs/reference/errors.md#ten-e0107\n"
        );
    }

    #[test]
    fn the_same_cause_is_told_once() {
        let error = CliError::new(Exit::Failed, "TEN-E0107", "m").cause("a").cause("a").cause("b");
        assert_eq!(error.causes, ["a", "b"]);
    }
}
