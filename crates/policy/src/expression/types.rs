//! Whether an expression can make sense at all: paths against the schema, operators and functions
//! against what stands beside them.
//!
//! It runs once, when a document is read, after [`super::check`] has bounded the tree. What is not
//! known of an open subject is [`Kind::Any`] and fits everything; the rest must fit.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators};
use jiff::civil::Date;

use super::functions::{ADD_BOUNDED, SPEND};
use super::schema::{Kind, Schema};
use super::{BadExpression, words};

/// What the expression gives, or why it cannot make sense. A place is looked up in the text.
pub(super) fn kind_of(text: &str, tree: &IdedExpr, schema: &Schema) -> Result<Kind, BadExpression> {
    let mut typing = Typing { text, schema, locals: Vec::new() };
    typing.kind(tree)
}

struct Typing<'a> {
    text: &'a str,
    schema: &'a Schema,
    /// What walks over lists have named, the innermost last.
    locals: Vec<(String, Kind)>,
}

type Typed = Result<Kind, BadExpression>;

impl Typing<'_> {
    fn kind(&mut self, tree: &IdedExpr) -> Typed {
        match &tree.expr {
            Expr::Literal(LiteralValue::String(_)) => Ok(Kind::Text),
            Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_)) => Ok(Kind::Number),
            Expr::Literal(LiteralValue::Boolean(_)) => Ok(Kind::Flag),
            Expr::Literal(_) | Expr::Unspecified | Expr::Struct(_) => Ok(Kind::Any),
            Expr::Ident(name) => Ok(match self.local(name) {
                Some(kind) => kind,
                None if self.schema.subject(name).is_some() => Kind::Record,
                None => Kind::Any,
            }),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let mut items = list.elements.iter();
                let Some(first) = items.next() else { return Ok(Kind::List(Box::new(Kind::Any))) };
                let mut kind = self.kind(first)?;
                for item in items {
                    kind = kind.or(self.kind(item)?);
                }
                Ok(Kind::List(Box::new(kind)))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.kind(&entry.key)?;
                        self.kind(&entry.value)?;
                    }
                }
                Ok(Kind::Any)
            }
            Expr::Comprehension(walk) => self.walk(walk),
        }
    }

    fn local(&self, name: &str) -> Option<Kind> {
        self.locals.iter().rev().find(|(known, _)| known == name).map(|(_, kind)| kind.clone())
    }

    fn select(&mut self, select: &SelectExpr) -> Typed {
        let kind = match &select.operand.expr {
            Expr::Ident(root) if self.local(root).is_none() => self.field(root, &select.field)?,
            _ => {
                let inner = self.kind(&select.operand)?;
                if inner != Kind::Any && inner != Kind::Record {
                    let reason = format!("{} is {inner}, which has no `{}`", said(&select.operand), select.field);
                    return Err(self.bad(reason, "name a value of its own, such as `person.country`", &select.operand));
                }
                Kind::Any
            }
        };
        Ok(if select.test { Kind::Flag } else { kind })
    }

    /// A field of a subject.
    fn field(&self, root: &str, field: &str) -> Typed {
        let Some(subject) = self.schema.subject(root) else { return Ok(Kind::Any) };
        if let Some(kind) = subject.fields.get(field) {
            return Ok(kind.clone());
        }
        if subject.is_open {
            return Ok(Kind::Any);
        }
        let known = subject.fields.keys().map(String::as_str);
        let hint = match words::nearest(field, known.clone()) {
            Some(near) => format!("did you mean `{root}.{near}`?"),
            None => format!("`{root}` has {}", known.take(30).collect::<Vec<_>>().join(", ")),
        };
        let at = self.text.find(&format!("{root}.{field}")).or_else(|| self.text.find(field)).unwrap_or(0);
        let article = if root.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        Err(BadExpression::new(at, format!("{article} {root} has no `{field}`"), hint))
    }

    fn call(&mut self, call: &CallExpr) -> Typed {
        let all: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        if call.func_name == operators::INDEX
            && let [operand, key] = all.as_slice()
        {
            return self.index(operand, key);
        }
        let kinds = all.iter().map(|one| self.kind(one)).collect::<Result<Vec<_>, _>>()?;
        match (call.func_name.as_str(), all.as_slice(), kinds.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _, _) => {
                self.all_are(&all, &kinds, &Kind::Flag, "a condition must be yes or no")?;
                Ok(Kind::Flag)
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right], [one, other]) => {
                self.comparable(left, one, right, other)?;
                Ok(Kind::Flag)
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
                [one, other],
            ) => {
                self.comparable(left, one, right, other)?;
                for (part, kind) in [(left, one), (right, other)] {
                    if matches!(kind, Kind::Flag | Kind::List(_) | Kind::Record) {
                        let reason = format!("{} is {kind}, which has no order", said(part));
                        return Err(self.bad(reason, "compare texts, numbers or days", part));
                    }
                }
                Ok(Kind::Flag)
            }
            (operators::IN, [left, right], [one, other]) => self.is_in(left, one, right, other),
            (operators::ADD | ADD_BOUNDED, [left, right], [one, other]) => self.sum(left, one, right, other),
            (
                operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO | operators::NEGATE,
                _,
                _,
            ) => {
                self.all_are(&all, &kinds, &Kind::Number, "arithmetic is done with numbers")?;
                Ok(Kind::Number)
            }
            (operators::CONDITIONAL, [condition, ..], [kind, one, other]) => {
                self.all_are(&[*condition], std::slice::from_ref(kind), &Kind::Flag, "a condition must be yes or no")?;
                Ok(one.clone().or(other.clone()))
            }
            (SPEND, _, [_, kind]) => Ok(kind.clone()),
            (name, _, _) => self.function(name, &all, &kinds),
        }
    }

    fn function(&self, name: &str, all: &[&IdedExpr], kinds: &[Kind]) -> Typed {
        let (wanted, gives): (&[Kind], Kind) = match name {
            "lower" | "upper" | "ascii" | "trim" => (&[Kind::Text], Kind::Text),
            "keep" => (&[Kind::Text, Kind::Text], Kind::Text),
            "substring" if kinds.len() == 2 => (&[Kind::Text, Kind::Number], Kind::Text),
            "substring" => (&[Kind::Text, Kind::Number, Kind::Number], Kind::Text),
            "contains" | "startsWith" | "endsWith" => (&[Kind::Text, Kind::Text], Kind::Flag),
            "today" => (&[], Kind::Date),
            "string" => (&[Kind::Any], Kind::Text),
            "int" | "size" => (&[Kind::Any], Kind::Number),
            _ => return Ok(Kind::Any),
        };
        if kinds.len() != wanted.len() {
            let reason = format!("`{name}` takes {} values and has {}", wanted.len(), kinds.len());
            let at = self.text.find(name).unwrap_or(0);
            return Err(BadExpression::new(at, reason, format!("write `{}`", usage(name))));
        }
        for ((part, kind), wanted) in all.iter().zip(kinds).zip(wanted) {
            let refused = !kind.fits(wanted)
                || (name == "size" && matches!(kind, Kind::Number | Kind::Flag))
                || (name == "int" && matches!(kind, Kind::List(_) | Kind::Flag | Kind::Record))
                || (name == "string" && matches!(kind, Kind::List(_) | Kind::Record));
            if refused {
                let reason = format!("`{name}` cannot take {}, which is {kind}", said(part));
                return Err(self.bad(reason, format!("write `{}`", usage(name)), part));
            }
        }
        Ok(gives)
    }

    /// A value by its place in a list, or a field by a name that is no plain word.
    fn index(&mut self, operand: &IdedExpr, key: &IdedExpr) -> Typed {
        if let (Expr::Ident(root), Expr::Literal(LiteralValue::String(field))) = (&operand.expr, &key.expr)
            && self.local(root).is_none()
        {
            return self.field(root, field.inner());
        }
        self.kind(key)?;
        match self.kind(operand)? {
            Kind::List(item) => Ok(*item),
            Kind::Any | Kind::Record => Ok(Kind::Any),
            other => {
                let reason = format!("{} is {other}, of which there are no parts", said(operand));
                Err(self.bad(reason, "use `substring` for a part of a text", operand))
            }
        }
    }

    fn walk(&mut self, walk: &ComprehensionExpr) -> Typed {
        let item = match self.kind(&walk.iter_range)? {
            Kind::List(item) => *item,
            Kind::Any | Kind::Record => Kind::Any,
            other => {
                let reason = format!("{} is {other}, and only a list can be walked", said(&walk.iter_range));
                return Err(self.bad(reason, "name a list, such as `person.teams`", &walk.iter_range));
            }
        };
        let start = self.kind(&walk.accu_init)?;
        let outer = self.locals.len();
        self.locals.push((walk.iter_var.clone(), item));
        if let Some(second) = &walk.iter_var2 {
            self.locals.push((second.clone(), Kind::Any));
        }
        self.locals.push((walk.accu_var.clone(), start));
        self.kind(&walk.loop_cond)?;
        let step = self.kind(&walk.loop_step)?;
        self.locals.push((walk.accu_var.clone(), step));
        let gives = self.kind(&walk.result);
        self.locals.truncate(outer);
        gives
    }

    fn is_in(&self, left: &IdedExpr, one: &Kind, right: &IdedExpr, other: &Kind) -> Typed {
        match other {
            Kind::Any | Kind::Record => Ok(Kind::Flag),
            Kind::List(item) => {
                self.comparable(left, one, right, item)?;
                Ok(Kind::Flag)
            }
            _ => {
                let reason = format!("{} is {other}, and `in` looks into a list", said(right));
                Err(self.bad(reason, "write a list, such as `[\"FR\", \"DE\"]`", right))
            }
        }
    }

    fn sum(&self, left: &IdedExpr, one: &Kind, right: &IdedExpr, other: &Kind) -> Typed {
        match (one, other) {
            (Kind::Number, Kind::Number) => Ok(Kind::Number),
            (Kind::List(one), Kind::List(other)) => Ok(Kind::List(Box::new(if **one == Kind::Any {
                (**other).clone()
            } else {
                (**one).clone().or((**other).clone())
            }))),
            (Kind::Flag | Kind::Record, _) | (_, Kind::Flag | Kind::Record) => {
                Err(self.no_sum(left, one, right, other))
            }
            (Kind::Any, _) | (_, Kind::Any) => Ok(Kind::Any),
            (one_kind, other_kind) if one_kind.is_textual() && other_kind.is_textual() => Ok(Kind::Text),
            _ => Err(self.no_sum(left, one, right, other)),
        }
    }

    fn no_sum(&self, left: &IdedExpr, one: &Kind, right: &IdedExpr, other: &Kind) -> BadExpression {
        let reason = format!("{} is {one} and {} is {other}, which cannot be added", said(left), said(right));
        self.bad(reason, "make both texts with `string(…)`", left)
    }

    fn comparable(&self, left: &IdedExpr, one: &Kind, right: &IdedExpr, other: &Kind) -> Result<(), BadExpression> {
        if !one.fits(other) {
            let reason = format!("{} is {one} and {} is {other}, which are never alike", said(left), said(right));
            return Err(self.bad(
                reason,
                "compare values of one kind; `string(…)` and `int(…)` turn one into another",
                left,
            ));
        }
        for (day, text) in [(one, right), (other, left)] {
            if *day == Kind::Date
                && let Expr::Literal(LiteralValue::String(words)) = &text.expr
                && words.inner().parse::<Date>().is_err()
            {
                let reason = format!("`{}` is not a day", words.inner());
                return Err(self.bad(reason, "write it as `\"2026-11-30\"`", text));
            }
        }
        Ok(())
    }

    fn all_are(&self, all: &[&IdedExpr], kinds: &[Kind], wanted: &Kind, why: &str) -> Result<(), BadExpression> {
        for (part, kind) in all.iter().zip(kinds) {
            if *kind != Kind::Any && kind != wanted {
                let hint = if *wanted == Kind::Flag {
                    "compare it, such as `… == \"x\"`"
                } else {
                    "use `int(…)` for a text"
                };
                return Err(self.bad(format!("{why}, and {} is {kind}", said(part)), hint, part));
            }
        }
        Ok(())
    }

    fn bad(&self, reason: impl Into<String>, hint: impl Into<String>, about: &IdedExpr) -> BadExpression {
        let words = written(about).map(|words| words.replace("(…)", "("));
        let at = words.and_then(|words| place_of(self.text, &words)).unwrap_or(0);
        BadExpression::new(at, reason, hint)
    }
}

/// Where these words stand by themselves, and not as a part of longer ones.
fn place_of(text: &str, words: &str) -> Option<usize> {
    let is_inside = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let stands_alone = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + words.len()..).and_then(|after| after.chars().next());
        !(is_inside(before) || before == Some('.') || (!words.ends_with('(') && is_inside(after)))
    };
    text.match_indices(words).map(|(at, _)| at).find(|at| stands_alone(*at)).or_else(|| text.find(words))
}

/// A part of the expression as its writer wrote it.
fn said(tree: &IdedExpr) -> String {
    written(tree).map_or_else(|| "a part of it".to_owned(), |words| format!("`{words}`"))
}

/// A plain part, as it is written. Nested deeper it is no help to whoever reads the message.
fn written(tree: &IdedExpr) -> Option<String> {
    match &tree.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(root) => Some(format!("{root}.{}", select.field)),
            _ => None,
        },
        Expr::Literal(LiteralValue::String(words)) => Some(words.inner().chars().take(40).collect()),
        Expr::Literal(LiteralValue::Int(number)) => Some(number.inner().to_string()),
        Expr::Literal(LiteralValue::Boolean(flag)) => Some(flag.inner().to_string()),
        Expr::Call(call) if call.target.is_none() && !call.func_name.starts_with(['@', '_', '!', '-']) => {
            Some(format!("{}(…)", call.func_name))
        }
        _ => None,
    }
}

fn usage(name: &str) -> &'static str {
    match name {
        "lower" => "lower(person.email)",
        "upper" => "upper(person.country)",
        "ascii" => "ascii(person.familyName)",
        "trim" => "trim(person.title)",
        "keep" => "keep(person.phone, \"0123456789\")",
        "substring" => "substring(person.givenName, 0, 1)",
        "contains" => "person.title.contains(\"Manager\")",
        "startsWith" => "person.costCentre.startsWith(\"42\")",
        "endsWith" => "person.email.endsWith(\"@example.com\")",
        "string" => "string(person.level)",
        "int" => "int(person.room)",
        "size" => "size(person.teams)",
        _ => "today()",
    }
}
