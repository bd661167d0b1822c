//! Evaluates many expressions one after the other.
//!
//! Making the language ready takes longer than most expressions do, so whoever has many asks a
//! session, which does it once. Nothing of one evaluation is left for the next.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError};
use jiff::civil::Date;
use tenure_model::Value;

use super::functions::{self, Budget};
use super::scope::{Scope, to_model};
use super::{Expression, NoValue, Verdict, with_room};
use crate::limits::EVALUATION_DEPTH_ON_CALLERS_STACK;

/// The language with its standard functions; it is made once because making it is slow.
pub(super) static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Whoever evaluates.
pub struct Session {
    context: Context<'static, 'static>,
    budget: Arc<Budget>,
    today: Option<Date>,
    /// Whether the stack that it runs on is large enough for any expression.
    has_room: bool,
    /// Why the language could not be made ready, which is a fault of ours.
    fault: Option<String>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("today", &self.today).finish_non_exhaustive()
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session on the caller's stack. Deep expressions are evaluated on a stack of their own.
    pub fn new() -> Self {
        let budget = Arc::new(Budget::default());
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        let fault = functions::add(&mut context, &budget).err().map(|error| error.to_string());
        Self { context, budget, today: None, has_room: false, fault }
    }

    /// Runs work that evaluates much, on one stack that is large enough for any expression.
    pub fn in_bulk<T: Send>(work: impl FnOnce(&mut Self) -> T + Send) -> Result<T, NoRoom> {
        with_room(|| work(&mut Self { has_room: true, ..Self::new() })).map_err(NoRoom)
    }

    /// What an expression comes to for what this scope holds.
    pub fn value<S: Scope>(&mut self, expression: &Expression, scope: &S) -> Result<Value, NoValue> {
        let today = scope.today();
        if self.today != Some(today) {
            self.budget.set_today(today.to_string());
            self.today = Some(today);
        }
        self.budget.renew();
        if self.has_room || expression.depth <= EVALUATION_DEPTH_ON_CALLERS_STACK {
            return self.evaluate(expression, scope);
        }
        let alone = || Self { has_room: true, ..Self::new() }.value(expression, scope);
        with_room(alone).unwrap_or_else(|reason| Err(broken(expression, reason)))
    }

    /// Whether a condition holds for what this scope holds.
    pub fn verdict<S: Scope>(&mut self, expression: &Expression, scope: &S) -> Verdict {
        Verdict::of(self.value(expression, scope))
    }

    fn evaluate<S: Scope>(&self, expression: &Expression, scope: &S) -> Result<Value, NoValue> {
        if let Some(fault) = &self.fault {
            return Err(broken(expression, fault));
        }
        let mut context = self.context.new_inner_scope();
        let wanted = (!expression.reads_all).then_some(&expression.paths);
        for (subject, fields) in scope.bind(wanted).map_err(|reason| broken(expression, reason))? {
            let fields: HashMap<String, cel::Value> = fields;
            context.add_variable_from_value(subject, fields);
        }
        match cel::Value::resolve(&expression.tree, &context) {
            Ok(value) => to_model(&value).map_err(|reason| broken(expression, reason)),
            Err(ExecutionError::NoSuchKey(key)) => Err(NoValue::NotKnown { path: expression.path_of(&key) }),
            Err(ExecutionError::FunctionError { message, .. }) => Err(broken(expression, message)),
            Err(error) => Err(broken(expression, in_plain(&error))),
        }
    }
}

/// Why there is no value, without the values: they may be somebody's.
fn in_plain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number gets too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list has no such place".to_owned(),
        ExecutionError::ValuesNotComparable(..) => "values of different kinds are compared".to_owned(),
        ExecutionError::UnsupportedBinaryOperator(operator, ..) => {
            format!("`{operator}` cannot be used with values of these kinds")
        }
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UnexpectedType { got, want } => format!("it is {got} where {want} is needed"),
        _ => "the values are of kinds that do not fit together".to_owned(),
    }
}

fn broken(expression: &Expression, reason: impl Into<String>) -> NoValue {
    NoValue::Broken { expression: expression.text().to_owned(), reason: reason.into() }
}

/// There was no thread for the work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expressions were not evaluated: {0}")]
pub struct NoRoom(&'static str);
