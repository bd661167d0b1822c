//! Reading a tree that was found good: what a part of it reads, what it may cost at most, and how
//! it is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators};

use super::functions::{ADD_BOUNDED, SPEND};
use super::schema::SUBJECTS;
use crate::limits::{EVALUATION_BYTES_MAX, EXPRESSION_TOKENS_MAX, TEXT_BYTES_MAX};

/// What a part of an expression reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Paths such as `person.department`.
    pub(super) paths: BTreeSet<String>,
    /// Whether a subject is read as a whole.
    pub(super) whole: bool,
    /// Whether the day matters.
    pub(super) today: bool,
    /// How deep it is.
    pub(super) depth: usize,
}

/// What this tree reads.
pub(super) fn reading(tree: &IdedExpr) -> Reading {
    let mut found = Reading::default();
    read(tree, 0, &mut found);
    found
}

fn read(tree: &IdedExpr, depth: usize, found: &mut Reading) {
    found.depth = found.depth.max(depth);
    match &tree.expr {
        Expr::Ident(name) => found.whole |= SUBJECTS.contains(&name.as_str()),
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(root) if SUBJECTS.contains(&root.as_str()) => {
                found.paths.insert(format!("{root}.{}", select.field));
            }
            _ => read(&select.operand, depth + 1, found),
        },
        Expr::Call(call) => {
            found.today |= call.func_name == "today";
            for part in parts(tree) {
                read(part, depth + 1, found);
            }
        }
        _ => {
            for part in parts(tree) {
                read(part, depth + 1, found);
            }
        }
    }
}

/// The parts of a tree, in the order in which they are written.
fn parts(tree: &IdedExpr) -> Vec<&IdedExpr> {
    match &tree.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => Vec::new(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
                EntryExpr::StructField(field) => vec![&field.value],
            })
            .collect(),
        Expr::Comprehension(walk) => {
            vec![&walk.iter_range, &walk.accu_init, &walk.loop_cond, &walk.loop_step, &walk.result]
        }
    }
}

/// The most that an evaluation may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) steps: u64,
    pub(super) bytes: u64,
}

/// A list has at most so many items, whether it is an attribute or written down.
const ITEMS_MAX: u64 = EXPRESSION_TOKENS_MAX as u64;
/// A text with what it weighs besides.
const TEXT_COST: u64 = TEXT_BYTES_MAX as u64 + 16;

/// The most that this tree may take from the budget of an evaluation.
pub(super) fn cost(tree: &IdedExpr) -> Cost {
    let mut sum = Cost::default();
    add_cost(tree, 1, &mut sum);
    sum
}

fn add_cost(tree: &IdedExpr, times: u64, sum: &mut Cost) {
    match &tree.expr {
        Expr::Comprehension(walk) => {
            add_cost(&walk.iter_range, times, sum);
            add_cost(&walk.accu_init, times, sum);
            add_cost(&walk.result, times, sum);
            let inner = times.saturating_mul(ITEMS_MAX);
            add_cost(&walk.loop_cond, inner, sum);
            add_cost(&walk.loop_step, inner, sum);
        }
        Expr::Call(call) => {
            let (steps, bytes) = own_cost(call);
            sum.steps = sum.steps.saturating_add(steps.saturating_mul(times));
            sum.bytes = sum.bytes.saturating_add(bytes.saturating_mul(times));
            for part in parts(tree) {
                add_cost(part, times, sum);
            }
        }
        _ => {
            for part in parts(tree) {
                add_cost(part, times, sum);
            }
        }
    }
}

/// Steps and bytes of the call itself. An addition of what may be lists may take everything.
fn own_cost(call: &CallExpr) -> (u64, u64) {
    match call.func_name.as_str() {
        SPEND => match call.args.first().map(|price| &price.expr) {
            Some(Expr::Literal(LiteralValue::Int(price))) => (price.inner().unsigned_abs(), 0),
            _ => (u64::MAX, 0),
        },
        ADD_BOUNDED if call.args.iter().any(is_text) => (0, 2 * TEXT_COST),
        ADD_BOUNDED => (0, EVALUATION_BYTES_MAX),
        "lower" | "upper" | "ascii" | "trim" | "keep" | "substring" => (0, TEXT_COST),
        _ => (0, 0),
    }
}

/// Whether this gives a text or an error, as adding something to a text does.
fn is_text(part: &IdedExpr) -> bool {
    match &part.expr {
        Expr::Literal(LiteralValue::String(_)) => true,
        Expr::Call(call) => call.func_name == ADD_BOUNDED && call.args.iter().any(is_text),
        _ => false,
    }
}

/// The tree in words: the same words for the same tree, so that it can be known again. A walk
/// over a list is written out as what it was made into.
pub(super) fn written(tree: &IdedExpr) -> String {
    let mut text = String::new();
    write(tree, &mut text);
    text
}

const INFIX: [(&str, &str); 15] = [
    (operators::LOGICAL_AND, "&&"),
    (operators::LOGICAL_OR, "||"),
    (operators::EQUALS, "=="),
    (operators::NOT_EQUALS, "!="),
    (operators::LESS, "<"),
    (operators::LESS_EQUALS, "<="),
    (operators::GREATER, ">"),
    (operators::GREATER_EQUALS, ">="),
    (operators::IN, "in"),
    (operators::ADD, "+"),
    (ADD_BOUNDED, "+"),
    (operators::SUBSTRACT, "-"),
    (operators::MULTIPLY, "*"),
    (operators::DIVIDE, "/"),
    (operators::MODULO, "%"),
];

fn write(tree: &IdedExpr, text: &mut String) {
    match &tree.expr {
        Expr::Unspecified | Expr::Struct(_) => text.push('?'),
        Expr::Ident(name) => text.push_str(name),
        Expr::Literal(literal) => write_literal(literal, text),
        Expr::Select(select) => {
            text.push_str(if select.test { "has(" } else { "" });
            write(&select.operand, text);
            text.push('.');
            text.push_str(&select.field);
            text.push_str(if select.test { ")" } else { "" });
        }
        Expr::Call(call) => write_call(call, text),
        Expr::List(list) => write_all("[", &list.elements.iter().collect::<Vec<_>>(), "]", text),
        Expr::Map(_) => write_all("{", &parts(tree), "}", text),
        Expr::Comprehension(walk) => {
            text.push_str("walk ");
            text.push_str(&walk.iter_var);
            text.push_str(walk.iter_var2.as_deref().unwrap_or_default());
            write_all("(", &parts(tree), ")", text);
        }
    }
}

fn write_call(call: &CallExpr, text: &mut String) {
    let infix = INFIX.iter().find(|(name, _)| *name == call.func_name);
    match (infix, call.func_name.as_str(), &call.target, call.args.as_slice()) {
        (Some((_, sign)), _, None, [left, right]) => {
            text.push('(');
            write(left, text);
            text.push(' ');
            text.push_str(sign);
            text.push(' ');
            write(right, text);
            text.push(')');
        }
        // What a walk pays is not of its words.
        (None, SPEND, None, [_, inner]) => write(inner, text),
        (None, name, None, all) => {
            text.push_str(name);
            write_all("(", &all.iter().collect::<Vec<_>>(), ")", text);
        }
        (_, name, Some(target), all) => {
            write(target, text);
            text.push('.');
            text.push_str(name);
            write_all("(", &all.iter().collect::<Vec<_>>(), ")", text);
        }
        (Some((_, sign)), _, None, all) => {
            text.push_str(sign);
            write_all("(", &all.iter().collect::<Vec<_>>(), ")", text);
        }
    }
}

fn write_all(open: &str, parts: &[&IdedExpr], close: &str, text: &mut String) {
    text.push_str(open);
    for (place, part) in parts.iter().enumerate() {
        text.push_str(if place == 0 { "" } else { ", " });
        write(part, text);
    }
    text.push_str(close);
}

fn write_literal(literal: &LiteralValue, text: &mut String) {
    let written = match literal {
        LiteralValue::Boolean(flag) => write!(text, "{}", flag.inner()),
        LiteralValue::Int(number) => write!(text, "{}", number.inner()),
        LiteralValue::UInt(number) => write!(text, "{}u", number.inner()),
        LiteralValue::Double(number) => write!(text, "{:?}", number.inner()),
        LiteralValue::String(words) => write!(text, "{:?}", words.inner()),
        LiteralValue::Null => write!(text, "null"),
        LiteralValue::Bytes(_) => write!(text, "b?"),
    };
    // Writing to a string cannot fail.
    written.unwrap_or_default();
}
