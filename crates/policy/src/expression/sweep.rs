//! One expression for many sets of values at once, as the column engine asks it.
//!
//! It is the same evaluator with the same functions and the same budget for each; only what can
//! be made once is made once.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Value as CelValue};
use jiff::civil::Date;
use tenure_model::Value;

use super::functions::{self, Budget};
use super::scope::from_model;
use super::session::LANGUAGE;
use super::{Expression, with_room};
use crate::limits::EVALUATION_DEPTH_ON_CALLERS_STACK;

/// What a condition comes to, in the three ways that matter to what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Truth {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// Neither: something is not known, or makes no sense. Its denial is neither, too.
    Open,
}

impl Expression {
    /// What the condition comes to for each of these sets of values. The values of a set stand in
    /// the order of the names, which are paths such as `person.department`.
    pub(crate) fn truths(&self, names: &[String], day: Date, sets: &[Vec<Option<&Value>>]) -> Vec<Truth> {
        if self.depth <= EVALUATION_DEPTH_ON_CALLERS_STACK {
            return self.sweep(names, day, sets);
        }
        with_room(|| self.sweep(names, day, sets)).unwrap_or_else(|_| vec![Truth::Open; sets.len()])
    }

    fn sweep(&self, names: &[String], day: Date, sets: &[Vec<Option<&Value>>]) -> Vec<Truth> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        let budget = Arc::new(Budget::default());
        budget.set_today(day.to_string());
        if functions::add(&mut context, &budget).is_err() {
            return vec![Truth::Open; sets.len()];
        }
        let names: Vec<(&str, &str)> = names.iter().filter_map(|name| name.split_once('.')).collect();
        let one = |values: &Vec<Option<&Value>>| {
            budget.renew();
            let mut inner = context.new_inner_scope();
            let (mut person, mut engagement) = (HashMap::new(), HashMap::new());
            for ((root, field), value) in names.iter().zip(values) {
                let Some(value) = value else { continue };
                let subject = if *root == "person" { &mut person } else { &mut engagement };
                match from_model(root, field, value) {
                    Ok(Some(value)) => subject.insert((*field).to_owned(), value),
                    Ok(None) => None,
                    Err(_) => return Truth::Open,
                };
            }
            inner.add_variable_from_value("person", person);
            inner.add_variable_from_value("engagement", engagement);
            match CelValue::resolve(&self.tree, &inner) {
                Ok(CelValue::Bool(true)) => Truth::Holds,
                Ok(CelValue::Bool(false)) => Truth::Fails,
                Ok(_) | Err(_) => Truth::Open,
            }
        };
        sets.iter().map(one).collect()
    }
}
