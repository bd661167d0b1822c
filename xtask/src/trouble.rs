//! Why a chore stops: a sentence, and the error below it where there is one.

use std::error::Error;
use std::fmt;

/// What a chore returns.
pub type Result<T> = std::result::Result<T, Trouble>;

/// Why a chore stopped.
#[derive(Debug)]
pub struct Trouble {
    what: String,
    source: Option<Box<dyn Error>>,
}

impl Trouble {
    /// Trouble that we found ourselves.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// The sentence and every cause below it, on one line.
    pub fn chain(&self) -> String {
        let mut chain = self.what.clone();
        let mut below: Option<&dyn Error> = self.source();
        while let Some(cause) = below {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            below = cause.source();
        }
        chain
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref()
    }
}

/// Says in words what failed, keeping the cause.
pub trait Because<T> {
    /// What could not be done; the cause stays below.
    fn because(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Error + 'static> Because<T> for std::result::Result<T, E> {
    fn because(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Trouble { what: what(), source: Some(Box::new(error)) })
    }
}
