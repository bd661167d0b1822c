//! Looks at the parsed tree: only what is listed here may be said, and every walk over a list
//! pays for its steps.
//!
//! It also puts the bounded addition of [`super::functions`] in the place of the evaluator's own
//! and a payment in front of each step of a walk, because the evaluator itself counts nothing.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators};

use super::functions::{ADD_BOUNDED, FUNCTIONS, SPEND};
use super::schema::Schema;
use super::{BadExpression, words};
use crate::group::GROUPS;
use crate::limits::{COMPREHENSION_NESTING_MAX, COMPREHENSIONS_MAX, EXPRESSION_DEPTH_MAX};

/// What may stand between and before values.
const OPERATORS: [&str; 19] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// Whether somebody is in a group.
const IN_GROUP: &str = "inGroup";

/// What a tree reads, once it was found good.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Paths such as `person.department`.
    pub(super) paths: BTreeSet<String>,
    /// Groups that are asked for by name.
    pub(super) groups: BTreeSet<String>,
    /// Whether a subject is read as a whole, so that any of its attributes may matter.
    pub(super) whole: bool,
    /// How deep the tree is.
    pub(super) depth: usize,
}

/// Checks a tree and makes it pay its way.
pub(super) fn check(tree: &mut IdedExpr, schema: &Schema) -> Result<Reads, BadExpression> {
    let mut walk = Walk { schema, reads: Reads::default(), scopes: Vec::new(), walks: 0, nested: 0 };
    walk.expression(tree, 0)?;
    Ok(walk.reads)
}

struct Walk<'s> {
    schema: &'s Schema,
    reads: Reads,
    scopes: Vec<String>,
    walks: usize,
    nested: usize,
}

fn refused(reason: impl Into<String>, hint: impl Into<String>) -> BadExpression {
    BadExpression::new(0, reason, hint)
}

impl Walk<'_> {
    fn expression(&mut self, tree: &mut IdedExpr, depth: usize) -> Result<(), BadExpression> {
        self.reads.depth = self.reads.depth.max(depth);
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(refused(
                format!("the expression is nested more than {EXPRESSION_DEPTH_MAX} deep"),
                "write it shorter, or as several roles",
            ));
        }
        match &mut tree.expr {
            Expr::Unspecified => Err(refused("a part of the expression is missing", "complete it")),
            Expr::Literal(LiteralValue::Bytes(_)) => Err(refused("bytes are not supported", "use text")),
            Expr::Literal(_) => Ok(()),
            Expr::Struct(_) => Err(refused("`{…}` after a name is not supported", "use `person` and its attributes")),
            Expr::Ident(name) => {
                let name = name.clone();
                self.subject(&name)?;
                self.reads.whole |= self.is_subject(&name);
                Ok(())
            }
            Expr::Select(select) => self.select(select, depth),
            Expr::Call(call) => self.call(call, depth),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|item| self.expression(item, depth + 1)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&mut entry.key, depth + 1)?;
                    self.expression(&mut entry.value, depth + 1)
                }
                EntryExpr::StructField(_) => Err(refused("fields are not supported here", "use `\"key\": value`")),
            }),
            Expr::Comprehension(walk) => self.comprehension(walk, depth),
        }
    }

    fn subject(&self, name: &str) -> Result<(), BadExpression> {
        if self.scopes.iter().any(|known| known == name) || self.schema.subject(name).is_some() {
            return Ok(());
        }
        let known: Vec<String> = self.schema.names().map(|name| format!("`{name}.…`")).collect();
        let hint = match words::nearest(name, self.schema.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use {} or `today()`", known.join(", ")),
        };
        Err(refused(format!("`{name}` is not known here"), hint))
    }

    /// Whether this name means a subject here, and not what a walk over a list named so.
    fn is_subject(&self, name: &str) -> bool {
        self.schema.subject(name).is_some() && !self.scopes.iter().any(|known| known == name)
    }

    fn select(&mut self, select: &mut SelectExpr, depth: usize) -> Result<(), BadExpression> {
        if let Expr::Ident(root) = &select.operand.expr
            && self.is_subject(root)
        {
            self.reads.paths.insert(format!("{root}.{}", select.field));
            return Ok(());
        }
        self.expression(&mut select.operand, depth + 1)
    }

    /// A field whose name is no plain word, such as `worker["Employee ID"]`.
    fn named_field(&self, call: &CallExpr) -> Option<String> {
        let all: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (call.func_name.as_str(), all.as_slice()) {
            (operators::INDEX, [operand, key]) => match (&operand.expr, &key.expr) {
                (Expr::Ident(root), Expr::Literal(LiteralValue::String(field))) if self.is_subject(root) => {
                    Some(format!("{root}.{}", field.inner()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn call(&mut self, call: &mut CallExpr, depth: usize) -> Result<(), BadExpression> {
        if call.func_name == IN_GROUP {
            self.in_group(call)?;
        }
        let name = call.func_name.as_str();
        if !OPERATORS.contains(&name) && !FUNCTIONS.contains(&name) {
            let hint = match words::nearest(name, FUNCTIONS.into_iter().chain([IN_GROUP])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {} and {IN_GROUP}", FUNCTIONS.join(", ")),
            };
            return Err(refused(format!("there is no function `{name}`"), hint));
        }
        if let Some(path) = self.named_field(call) {
            self.reads.paths.insert(path);
            return Ok(());
        }
        if name == operators::ADD {
            ADD_BOUNDED.clone_into(&mut call.func_name);
        }
        if let Some(target) = &mut call.target {
            self.expression(target, depth + 1)?;
        }
        call.args.iter_mut().try_for_each(|argument| self.expression(argument, depth + 1))
    }

    /// `inGroup("x")` is short for `"x" in person.groups`, and names the group that it asks for.
    fn in_group(&mut self, call: &mut CallExpr) -> Result<(), BadExpression> {
        let hint = "write the name of a group in quotes, such as `inGroup(\"paris-engineers\")`";
        let name = match (&call.target, call.args.as_slice()) {
            (None, [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }]) => name.inner().to_owned(),
            _ => return Err(refused(format!("`{IN_GROUP}` takes the name of one group"), hint)),
        };
        self.reads.groups.insert(name);
        let ided = |expr| IdedExpr { id: 0, expr };
        let person = Box::new(ided(Expr::Ident("person".to_owned())));
        let groups = SelectExpr { operand: person, field: GROUPS.to_owned(), test: false };
        operators::IN.clone_into(&mut call.func_name);
        call.args.push(ided(Expr::Select(groups)));
        Ok(())
    }

    fn comprehension(&mut self, walk: &mut ComprehensionExpr, depth: usize) -> Result<(), BadExpression> {
        self.expression(&mut walk.iter_range, depth + 1)?;
        self.expression(&mut walk.accu_init, depth + 1)?;
        self.walks += 1;
        self.nested += 1;
        if self.nested > COMPREHENSION_NESTING_MAX || self.walks > COMPREHENSIONS_MAX {
            return Err(refused(
                format!(
                    "lists are walked more than {COMPREHENSION_NESTING_MAX} deep or {COMPREHENSIONS_MAX} times in all"
                ),
                "write it as several roles",
            ));
        }
        if self.schema.subject(&walk.iter_var).is_some() {
            return Err(refused(format!("`{}` already means something", walk.iter_var), "use another name"));
        }
        let outer = self.scopes.len();
        self.scopes.push(walk.iter_var.clone());
        self.scopes.extend(walk.iter_var2.clone());
        self.scopes.push(walk.accu_var.clone());
        self.expression(&mut walk.loop_cond, depth + 1)?;
        self.expression(&mut walk.loop_step, depth + 1)?;
        self.expression(&mut walk.result, depth + 1)?;
        self.scopes.truncate(outer);
        self.nested -= 1;
        let cost = nodes(&walk.loop_step) + nodes(&walk.loop_cond);
        pay_before(&mut walk.loop_cond, cost);
        Ok(())
    }
}

/// Puts `spend(cost, condition)` in the place of the condition.
fn pay_before(condition: &mut IdedExpr, cost: i64) {
    let id = condition.id;
    let inner = std::mem::take(condition);
    let price = IdedExpr { id, expr: Expr::Literal(LiteralValue::Int(cost.into())) };
    let call = CallExpr { func_name: SPEND.to_owned(), target: None, args: vec![price, inner] };
    *condition = IdedExpr { id, expr: Expr::Call(call) };
}

/// How many parts a tree has, without walks inside it: those pay for themselves.
fn nodes(tree: &IdedExpr) -> i64 {
    1 + match &tree.expr {
        Expr::Call(call) => {
            call.target.iter().map(|t| nodes(t)).sum::<i64>() + call.args.iter().map(nodes).sum::<i64>()
        }
        Expr::Select(select) => nodes(&select.operand),
        Expr::List(list) => list.elements.iter().map(nodes).sum(),
        Expr::Map(map) => map
            .entries
            .iter()
            .map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => nodes(&entry.key) + nodes(&entry.value),
                EntryExpr::StructField(field) => nodes(&field.value),
            })
            .sum(),
        Expr::Comprehension(walk) => nodes(&walk.iter_range) + nodes(&walk.result),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => 0,
    }
}
