//! Why a measurement stopped. Nobody treats one case differently from another, so there is one.

use std::error::Error;
use std::fmt;

/// Why a measurement stopped: what was tried, and what came in the way.
#[derive(Debug)]
pub struct Trouble {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Trouble {
    /// Something that has no cause but itself.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Says what was tried when something failed.
pub(crate) trait Because<T> {
    /// The same with what was tried.
    fn because(self, what: impl FnOnce() -> String) -> Result<T, Trouble>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Because<T> for Result<T, E> {
    fn because(self, what: impl FnOnce() -> String) -> Result<T, Trouble> {
        self.map_err(|source| Trouble { what: what(), source: Some(source.into()) })
    }
}
