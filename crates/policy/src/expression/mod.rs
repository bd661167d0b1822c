//! Conditions and mappings, in CEL, behind a guard.
//!
//! An [`Expression`] is parsed once, against a [`Schema`] of what it may speak of: [`guard`] counts
//! everything that could exhaust the parser's stack, [`check`] walks the tree and [`types`] finds
//! what can never make sense. Then it is evaluated as often as wanted, by a [`Session`], against
//! [`Facts`] or [`Scopes`]. It terminates, has a budget of steps and bytes, and can read nothing
//! but what it is given. What a source never said is "not known": a condition on it is not met.

pub mod atoms;
mod check;
mod facts;
mod functions;
mod guard;
mod schema;
mod scope;
mod session;
mod shape;
mod sugar;
mod sweep;
mod tree;
mod types;
pub mod words;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cel::IdedExpr;
use cel::parser::Parser;
use serde::{Deserialize, Serialize};
use tenure_model::Value;

use crate::limits::EXPRESSION_STACK_BYTES;
pub use facts::Facts;
pub use schema::{Kind, Schema, Subject};
pub use scope::{Scope, Scopes};
pub use session::{NoRoom, Session};
pub(crate) use shape::{Atom, Comparison, Form, Shape, Term};
pub use sugar::{Reference, reference};
pub(crate) use sweep::Truth;

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at {at}); {hint}")]
pub struct BadExpression {
    /// Where, in bytes from the start of the text.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl BadExpression {
    fn new(at: usize, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), hint: hint.into() }
    }
}

/// Why a good expression gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// It reads something that no source said.
    #[error("{path} is not known")]
    NotKnown {
        /// What it reads, such as `person.department`.
        path: String,
    },
    /// It cannot be worked out from these facts, such as text compared with a number.
    #[error("`{expression}` cannot be worked out: {reason}")]
    Broken {
        /// The expression.
        expression: String,
        /// What went wrong.
        reason: String,
    },
}

/// What a condition comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It could not be asked because of something that is not known: it counts as not met.
    NotKnown {
        /// What is not known, such as `person.department`.
        path: String,
    },
    /// It makes no sense for these facts. It gives nothing, and it takes nothing away either.
    Broken {
        /// What went wrong.
        reason: String,
    },
}

impl Verdict {
    fn of(value: Result<Value, NoValue>) -> Self {
        match value {
            Ok(Value::Flag(true)) => Self::Holds,
            Ok(Value::Flag(false)) => Self::Fails,
            Ok(other) => Self::Broken { reason: format!("it gives `{other}`, and a condition must give yes or no") },
            Err(NoValue::NotKnown { path }) => Self::NotKnown { path },
            Err(NoValue::Broken { reason, .. }) => Self::Broken { reason },
        }
    }
}

/// A condition or mapping that was found good.
#[derive(Clone)]
pub struct Expression {
    text: String,
    tree: Arc<IdedExpr>,
    paths: BTreeSet<String>,
    groups: BTreeSet<String>,
    reads_all: bool,
    depth: usize,
    kind: Kind,
}

impl Expression {
    /// Reads an expression of a rule, which speaks of a person, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadExpression> {
        Self::parse_in(text, &Schema::policy())
    }

    /// Reads an expression that speaks of what this schema holds, or says what is wrong with it.
    pub fn parse_in(text: &str, schema: &Schema) -> Result<Self, BadExpression> {
        guard::check(text)?;
        let plain = sugar::written_out(text)?;
        guard::check(&plain)?;
        let (tree, reads, kind) = with_room(|| {
            let mut tree = Parser::new().parse(&plain).map_err(|errors| in_words(text, errors.errors.first()))?;
            let reads = check::check(&mut tree, schema)?;
            let kind = types::kind_of(text, &tree, schema)?;
            if kind == Kind::Record {
                return Err(BadExpression::new(
                    0,
                    "it gives a whole record",
                    "name one of its values, such as `person.country`",
                ));
            }
            Ok((tree, reads, kind))
        })
        .unwrap_or_else(|reason| Err(BadExpression::new(0, reason, "write it simpler")))?;
        let check::Reads { paths, groups, whole: reads_all, depth } = reads;
        Ok(Self { text: text.to_owned(), tree: Arc::new(tree), paths, groups, reads_all, depth, kind })
    }

    /// Reads a condition: an expression that can give yes or no.
    pub fn condition_in(text: &str, schema: &Schema) -> Result<Self, BadExpression> {
        let read = Self::parse_in(text, schema)?;
        if read.kind.fits(&Kind::Flag) {
            return Ok(read);
        }
        let reason = format!("a condition must be yes or no, and this is {}", read.kind);
        Err(BadExpression::new(0, reason, "compare it, such as `person.country == \"FR\"`"))
    }

    /// What it gives, as far as that is known before there is a value.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it reads, such as `person.department`.
    pub fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    /// The groups that it asks for by `inGroup("…")`.
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// Whether the condition holds for what this scope holds.
    pub fn verdict<S: Scope>(&self, scope: &S) -> Verdict {
        Session::new().verdict(self, scope)
    }

    /// What it comes to for what this scope holds. Whoever asks much asks a [`Session`].
    pub fn value<S: Scope>(&self, scope: &S) -> Result<Value, NoValue> {
        Session::new().value(self, scope)
    }

    /// The path that ends in this key; the evaluator only tells the last step.
    fn path_of(&self, key: &str) -> String {
        let ending = format!(".{key}");
        self.paths.iter().find(|path| path.ends_with(&ending)).cloned().unwrap_or_else(|| key.to_owned())
    }
}

/// Works on a stack of its own. Measured in an unoptimised build, the parser takes more than
/// 200 KB for each bracket in a bracket and the evaluator more than 30 KB for each level, so that
/// 16 brackets or 64 additions end a usual thread, and the process with it. A panic ends here too.
pub(crate) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, &'static str> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("expression".to_owned())
            .stack_size(EXPRESSION_STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|_| "there is no thread to work it out")?
            .join()
            .map_err(|_| "the language gave up on it")
    })
}

/// The parser's first complaint, with its place.
fn in_words(text: &str, error: Option<&cel::ParseError>) -> BadExpression {
    let hint = "write a condition such as `person.department == \"Finance\"`";
    let Some(error) = error else { return BadExpression::new(0, "the expression cannot be read", hint) };
    let (line, column) = error.pos;
    let line = usize::try_from(line - 1).unwrap_or(0);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let at = (before + usize::try_from(column).unwrap_or(0)).min(text.len());
    let reason: String = error.msg.trim_start_matches("Syntax error: ").chars().take(160).collect();
    BadExpression::new(at, format!("the expression cannot be read: {reason}"), hint)
}

impl FromStr for Expression {
    type Err = BadExpression;
    fn from_str(text: &str) -> Result<Self, BadExpression> {
        Self::parse(text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Expression {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod figures;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
