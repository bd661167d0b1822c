//! What an expression can call besides the standard functions, each within the budget.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cel::extractors::{Arguments, This};
use cel::{Context, DeclarationError, ExecutionError, Value};

use crate::limits::{EVALUATION_BYTES_MAX, EVALUATION_STEPS_MAX, LIST_ITEMS_MAX, TEXT_BYTES_MAX};
use crate::transliterate::ascii;

/// Every function that an expression may name.
pub(super) const FUNCTIONS: [&str; 13] = [
    "ascii",
    "contains",
    "endsWith",
    "int",
    "keep",
    "lower",
    "size",
    "startsWith",
    "string",
    "substring",
    "today",
    "trim",
    "upper",
];

/// Stands for the language's own addition.
pub(super) const ADD_BOUNDED: &str = "@add_bounded";
/// Takes steps from the budget.
pub(super) const SPEND: &str = "@spend";

/// What one evaluation has used, and the day on which it is made.
#[derive(Debug, Default)]
pub(super) struct Budget {
    steps: AtomicU64,
    bytes: AtomicU64,
    today: Mutex<Arc<String>>,
}

impl Budget {
    /// Another evaluation begins.
    pub(super) fn renew(&self) {
        self.steps.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// Evaluations from now on are made on this day.
    pub(super) fn set_today(&self, today: String) {
        *self.today.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(today);
    }

    fn today(&self) -> Value {
        Value::String(Arc::clone(&self.today.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn spend_steps(&self, steps: u64) -> Result<(), ExecutionError> {
        let spent = self.steps.fetch_add(steps, Ordering::Relaxed).saturating_add(steps);
        if spent > EVALUATION_STEPS_MAX {
            return Err(over(format!("it takes more than {EVALUATION_STEPS_MAX} steps")));
        }
        Ok(())
    }

    fn spend_bytes(&self, bytes: usize) -> Result<(), ExecutionError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX / 2);
        if self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > EVALUATION_BYTES_MAX {
            return Err(over(format!("it builds more than {EVALUATION_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    fn text(&self, text: String) -> Result<Value, ExecutionError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(over(format!("a text has more than {TEXT_BYTES_MAX} bytes")));
        }
        self.spend_bytes(text.len())?;
        Ok(Value::String(Arc::new(text)))
    }

    fn add(&self, left: Value, right: Value) -> Result<Value, ExecutionError> {
        self.spend_bytes(weight(&right))?;
        match (left, right) {
            (Value::String(left), Value::String(right)) => self.text(format!("{left}{right}")),
            (Value::List(left), Value::List(right)) => {
                if left.len() + right.len() > LIST_ITEMS_MAX {
                    return Err(over(format!("a list has more than {LIST_ITEMS_MAX} items")));
                }
                let mut items = Arc::unwrap_or_clone(left);
                items.extend(right.iter().cloned());
                Ok(Value::List(Arc::new(items)))
            }
            (left, right) => left + right,
        }
    }
}

fn over(message: String) -> ExecutionError {
    ExecutionError::FunctionError { function: "limit".to_owned(), message }
}

/// About how many bytes a value takes.
fn weight(value: &Value) -> usize {
    16 + match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Map(map) => map.map.values().map(weight).sum(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Function(..)
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Float(_)
        | Value::Bool(_)
        | Value::Opaque(_)
        | Value::Struct(_)
        | Value::Null => 0,
    }
}

/// Adds the functions to a context. What they use is counted on this budget.
pub(super) fn add(context: &mut Context<'_, '_>, budget: &Arc<Budget>) -> Result<(), DeclarationError> {
    let b = Arc::clone(budget);
    context.add_function(ADD_BOUNDED, move |left: Value, right: Value| b.add(left, right))?;
    let b = Arc::clone(budget);
    context.add_function(SPEND, move |steps: i64, value: Value| {
        b.spend_steps(steps.unsigned_abs())?;
        Ok::<Value, ExecutionError>(value)
    })?;
    let b = Arc::clone(budget);
    context.add_function("today", move || b.today())?;
    let b = Arc::clone(budget);
    context.add_function("lower", move |This(text): This<Arc<String>>| b.text(text.to_lowercase()))?;
    let b = Arc::clone(budget);
    context.add_function("upper", move |This(text): This<Arc<String>>| b.text(text.to_uppercase()))?;
    let b = Arc::clone(budget);
    context.add_function("ascii", move |This(text): This<Arc<String>>| b.text(ascii(&text)))?;
    let b = Arc::clone(budget);
    context.add_function("trim", move |This(text): This<Arc<String>>| b.text(text.trim().to_owned()))?;
    let b = Arc::clone(budget);
    context.add_function("keep", move |This(text): This<Arc<String>>, letters: Arc<String>| {
        b.text(text.chars().filter(|letter| letters.contains(*letter)).collect())
    })?;
    let b = Arc::clone(budget);
    context.add_function("substring", move |This(text): This<Arc<String>>, Arguments(places): Arguments| {
        let (from, until) = match places.as_slice() {
            [Value::Int(from)] | [Value::String(_), Value::Int(from)] => (*from, i64::MAX),
            [Value::Int(from), Value::Int(until)] | [Value::String(_), Value::Int(from), Value::Int(until)] => {
                (*from, *until)
            }
            _ => return Err(over("`substring` takes one or two numbers".to_owned())),
        };
        b.text(substring(&text, from, until))
    })
}

/// The letters from one place up to another; places beyond the end mean the end.
fn substring(text: &str, from: i64, until: i64) -> String {
    let from = usize::try_from(from.max(0)).unwrap_or(usize::MAX);
    let until = usize::try_from(until.max(0)).unwrap_or(usize::MAX);
    text.chars().skip(from).take(until.saturating_sub(from)).collect()
}
