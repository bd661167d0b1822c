//! What goes wrong, as one sentence with its cause.

/// One sentence: the place, the reason, the way out.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub struct Trouble {
    said: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Short for what every function here returns.
pub type Result<T> = std::result::Result<T, Trouble>;

impl Trouble {
    /// Without a cause.
    pub fn new(said: impl Into<String>) -> Self {
        Self { said: said.into(), cause: None }
    }

    /// The sentence and every cause below it.
    pub fn chain(&self) -> String {
        let mut text = self.said.clone();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

/// Adds our sentence to somebody else's error.
pub trait Because<T> {
    /// Says what we were doing.
    fn because(self, said: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Because<T> for std::result::Result<T, E> {
    fn because(self, said: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Trouble { said: said(), cause: Some(cause.into()) })
    }
}
