//! The skeleton of a condition: what stands between `&&`, `||`, `!` and `? :`.
//!
//! The language takes an error beside a value that decides as if it were not there, whichever
//! comes first, so that these four are the logic of three values: holds, fails, neither. A
//! condition may therefore be asked part by part, in any order, as long as the parts together
//! stay within the budget of one evaluation; where they might not, it stays whole.

use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

use super::{Expression, Kind, tree};
use crate::limits::{EVALUATION_BYTES_MAX, EVALUATION_STEPS_MAX};

/// A condition as parts and what joins them.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Both.
    All(Box<[Shape; 2]>),
    /// Either.
    Any(Box<[Shape; 2]>),
    /// Not this.
    Not(Box<Shape>),
    /// The second if the first holds, the third if it fails.
    Choice(Box<[Shape; 3]>),
    /// What is asked as one.
    Atom(Atom),
}

/// A part of a condition that is asked as one.
#[derive(Debug, Clone)]
pub(crate) struct Atom {
    /// The part.
    pub(crate) expression: Expression,
    /// Whether the day matters.
    pub(crate) today: bool,
    /// Whether it reads a person or an engagement as a whole.
    pub(crate) whole: bool,
    /// What it says, where that is plain.
    pub(crate) form: Option<Form>,
}

/// One side of a plain comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// What is known under this path.
    Path(String),
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// The day.
    Today,
}

/// How two things are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What a plain part says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Something is known under this path.
    Has(String),
    /// A flag is set.
    Truth(String),
    /// Two things are compared.
    Compare(Comparison, Term, Term),
    /// What is known under this path is one of these.
    Among(String, Vec<Term>),
    /// The list under this path holds this.
    Member(Term, String),
    /// The text under this path begins with this.
    Begins(String, String),
    /// The text under this path ends with this.
    Ends(String, String),
}

impl Expression {
    /// The condition as parts.
    pub(crate) fn shape(&self) -> Shape {
        let cost = tree::cost(&self.tree);
        if cost.steps <= EVALUATION_STEPS_MAX && cost.bytes <= EVALUATION_BYTES_MAX {
            shape(&self.tree)
        } else {
            Shape::Atom(self.whole())
        }
    }

    /// The condition as one part.
    pub(crate) fn whole(&self) -> Atom {
        atom(&self.tree)
    }
}

fn shape(tree: &IdedExpr) -> Shape {
    let Expr::Call(call) = &tree.expr else { return Shape::Atom(atom(tree)) };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, [left, right]) => Shape::All(Box::new([shape(left), shape(right)])),
        (operators::LOGICAL_OR, [left, right]) => Shape::Any(Box::new([shape(left), shape(right)])),
        (operators::LOGICAL_NOT, [inner]) => Shape::Not(Box::new(shape(inner))),
        (operators::CONDITIONAL, [asked, then, otherwise]) => {
            Shape::Choice(Box::new([shape(asked), shape(then), shape(otherwise)]))
        }
        _ => Shape::Atom(atom(tree)),
    }
}

fn atom(part: &IdedExpr) -> Atom {
    let reads = tree::reading(part);
    let expression = Expression {
        groups: std::collections::BTreeSet::new(),
        text: tree::written(part),
        tree: Arc::new(part.clone()),
        paths: reads.paths,
        reads_all: reads.whole,
        depth: reads.depth,
        kind: Kind::Any,
    };
    Atom { expression, today: reads.today, whole: reads.whole, form: form(part) }
}

fn form(tree: &IdedExpr) -> Option<Form> {
    match &tree.expr {
        Expr::Select(select) if select.test => Some(Form::Has(path(&select.operand, &select.field)?)),
        Expr::Select(select) => Some(Form::Truth(path(&select.operand, &select.field)?)),
        Expr::Call(call) => call_form(call),
        _ => None,
    }
}

fn call_form(call: &CallExpr) -> Option<Form> {
    let compare = match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
        (operators::EQUALS, None, [_, _]) => Comparison::Equal,
        (operators::NOT_EQUALS, None, [_, _]) => Comparison::Unequal,
        (operators::LESS, None, [_, _]) => Comparison::Less,
        (operators::LESS_EQUALS, None, [_, _]) => Comparison::LessOrEqual,
        (operators::GREATER, None, [_, _]) => Comparison::Greater,
        (operators::GREATER_EQUALS, None, [_, _]) => Comparison::GreaterOrEqual,
        (operators::IN, None, [item, list]) => return member(item, list),
        ("startsWith", Some(target), [start]) => return Some(Form::Begins(path_of(target)?, text(start)?)),
        ("endsWith", Some(target), [end]) => return Some(Form::Ends(path_of(target)?, text(end)?)),
        _ => return None,
    };
    match call.args.as_slice() {
        [left, right] => Some(Form::Compare(compare, term(left)?, term(right)?)),
        _ => None,
    }
}

fn member(item: &IdedExpr, list: &IdedExpr) -> Option<Form> {
    match (term(item)?, &list.expr) {
        (Term::Path(path), Expr::List(list)) if list.optional_indices.is_empty() => {
            Some(Form::Among(path, list.elements.iter().map(literal).collect::<Option<_>>()?))
        }
        (known @ (Term::Text(_) | Term::Number(_) | Term::Flag(_)), _) => Some(Form::Member(known, path_of(list)?)),
        _ => None,
    }
}

fn term(tree: &IdedExpr) -> Option<Term> {
    match &tree.expr {
        Expr::Select(select) if !select.test => Some(Term::Path(path(&select.operand, &select.field)?)),
        Expr::Call(call) if call.func_name == "today" && call.target.is_none() => Some(Term::Today),
        _ => literal(tree),
    }
}

fn literal(tree: &IdedExpr) -> Option<Term> {
    match &tree.expr {
        Expr::Literal(LiteralValue::String(words)) => Some(Term::Text(words.inner().to_owned())),
        Expr::Literal(LiteralValue::Int(number)) => Some(Term::Number(*number.inner())),
        Expr::Literal(LiteralValue::Boolean(flag)) => Some(Term::Flag(*flag.inner())),
        _ => None,
    }
}

fn text(tree: &IdedExpr) -> Option<String> {
    match literal(tree)? {
        Term::Text(words) => Some(words),
        Term::Path(_) | Term::Number(_) | Term::Flag(_) | Term::Today => None,
    }
}

fn path_of(tree: &IdedExpr) -> Option<String> {
    match term(tree)? {
        Term::Path(path) => Some(path),
        Term::Text(_) | Term::Number(_) | Term::Flag(_) | Term::Today => None,
    }
}

fn path(root: &IdedExpr, field: &str) -> Option<String> {
    match &root.expr {
        Expr::Ident(root) if super::schema::SUBJECTS.contains(&root.as_str()) => Some(format!("{root}.{field}")),
        _ => None,
    }
}
