//! What a condition compares: for each comparison, values with which it could come out otherwise.
//! Nothing is decided here; whoever wants to know tries them through the evaluator.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use tenure_model::Value;

use super::Expression;
use crate::limits::ATOMS_MAX;

/// A value that a path could have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Atom {
    /// What is read, such as `person.department`.
    pub path: String,
    /// A value for it.
    pub value: Value,
    /// The value in words, such as `"Finance"` or `anything but "Sales"`.
    pub says: String,
}

impl Expression {
    /// Values with which its comparisons would hold, or would not if it is negated; each once and
    /// not too many.
    pub fn atoms(&self, negated: bool) -> Vec<Atom> {
        let mut found = Vec::new();
        collect(&self.tree, negated, &mut found);
        found.sort();
        found.dedup();
        found.truncate(ATOMS_MAX);
        found
    }
}

fn collect(tree: &IdedExpr, negated: bool, found: &mut Vec<Atom>) {
    match &tree.expr {
        Expr::Call(call) if call.func_name == operators::LOGICAL_NOT => {
            call.args.iter().for_each(|inner| collect(inner, !negated, found));
        }
        Expr::Call(call) => {
            comparison(call, negated, found);
            let joins = [operators::LOGICAL_AND, operators::LOGICAL_OR, operators::CONDITIONAL];
            let joined = joins.contains(&call.func_name.as_str());
            // What is compared is no condition by itself.
            let inner = call.target.iter().map(AsRef::as_ref).chain(&call.args);
            let inner = inner.filter(|inner| joined || !matches!(inner.expr, Expr::Select(_)));
            inner.for_each(|inner| collect(inner, negated, found));
        }
        // Whether there is a value at all, or one that is yes or no by itself.
        Expr::Select(select) if select.test => {
            let given = |path| Atom { path, value: Value::from("given"), says: "given".to_owned() };
            found.extend(path(tree).filter(|_| !negated).map(given));
        }
        Expr::Select(_) => found.extend(path(tree).map(|path| atom(path, Value::Flag(!negated)))),
        Expr::List(list) => list.elements.iter().for_each(|element| collect(element, negated, found)),
        Expr::Comprehension(walk) => collect(&walk.iter_range, negated, found),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Map(_) => {}
    }
}

fn comparison(call: &CallExpr, negated: bool, found: &mut Vec<Atom>) {
    if let (Some(target), [argument]) = (&call.target, call.args.as_slice()) {
        if let (Some(path), Some(value)) = (path(target), literal(argument)) {
            found.extend(if negated { other_than(path, &value) } else { Some(atom(path, value)) });
        }
        return;
    }
    let [left, right] = call.args.as_slice() else { return };
    if call.func_name == operators::IN {
        membership(left, right, negated, found);
        return;
    }
    let (Some(path), Some(value)) = (path(left).or_else(|| path(right)), literal(right).or_else(|| literal(left)))
    else {
        return;
    };
    match (call.func_name.as_str(), negated) {
        (operators::GREATER | operators::GREATER_EQUALS | operators::LESS | operators::LESS_EQUALS, _) => {
            if let Value::Number(number) = value {
                let near = [number.saturating_sub(1), number, number.saturating_add(1)];
                found.extend(near.map(|near| atom(path.clone(), Value::Number(near))));
            } else {
                found.push(atom(path, value));
            }
        }
        (operators::NOT_EQUALS, false) | (operators::EQUALS, true) => found.extend(other_than(path, &value)),
        (_, _) => found.push(atom(path, value)),
    }
}

/// `person.department in ["A", "B"]`, or `"x" in person.groups`.
fn membership(left: &IdedExpr, right: &IdedExpr, negated: bool, found: &mut Vec<Atom>) {
    if let (Some(path), Expr::List(list)) = (path(left), &right.expr) {
        let values = list.elements.iter().filter_map(literal);
        if negated {
            let all: Vec<Value> = values.collect();
            let says = format!("none of {}", all.iter().map(quoted).collect::<Vec<_>>().join(", "));
            found.extend(all.last().and_then(|last| other_than(path, last)).map(|other| Atom { says, ..other }));
        } else {
            found.extend(values.map(|value| atom(path.clone(), value)));
        }
    } else if let (Some(value), Some(path)) = (literal(left), path(right)) {
        if negated {
            let says = format!("a list without {}", quoted(&value));
            found.push(Atom { path, value: Value::List(Vec::new()), says });
        } else {
            let says = format!("a list with {}", quoted(&value));
            found.push(Atom { path, value: Value::List(vec![value]), says });
        }
    }
}

/// Another value of the same kind.
fn other_than(path: String, value: &Value) -> Option<Atom> {
    let other = match value {
        Value::Text(text) => Value::Text(format!("not {text}")),
        Value::Number(number) => Value::Number(number.saturating_add(1)),
        Value::Flag(flag) => Value::Flag(!flag),
        Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Cleared => return None,
    };
    Some(Atom { path, value: other, says: format!("anything but {}", quoted(value)) })
}

fn atom(path: String, value: Value) -> Atom {
    let says = quoted(&value);
    Atom { path, value, says }
}

fn quoted(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// The path of `person.department`, and of nothing deeper.
fn path(tree: &IdedExpr) -> Option<String> {
    let Expr::Select(select) = &tree.expr else { return None };
    let Expr::Ident(subject) = &select.operand.expr else { return None };
    super::schema::SUBJECTS.contains(&subject.as_str()).then(|| format!("{subject}.{}", select.field))
}

fn literal(tree: &IdedExpr) -> Option<Value> {
    let Expr::Literal(value) = &tree.expr else { return None };
    match value {
        LiteralValue::String(text) => Some(Value::Text(text.inner().to_owned())),
        LiteralValue::Int(number) => Some(Value::Number(*number.inner())),
        LiteralValue::Boolean(flag) => Some(Value::Flag(*flag.inner())),
        _ => None,
    }
}
