//! A rule as the text of a policy.

use std::collections::BTreeMap;

use super::super::formula::Formula;
use super::super::index::Clause;
use super::super::questions::Questions;
use super::super::terms::EntitlementName;
use super::OfEntitlement;
use super::schema::{Kind, STARTS_IN, attribute, day_of};
use crate::expression::{Atom, Comparison, Expression, Form, Term, Truth};

type Kinds = BTreeMap<String, Kind>;

/// The policy by which a clause gives an entitlement. What it looks at is noted.
pub(super) fn policy(
    id: &str,
    clause: &Clause,
    name: &EntitlementName,
    questions: &Questions,
    kinds: &Kinds,
    of: &mut OfEntitlement,
) -> String {
    let mut writer = Writer { questions, kinds, of };
    let mut when = writer.formula(&clause.formula);
    let read: Vec<&String> = clause.terms.when.iter().flat_map(Expression::paths).collect();
    if !read.is_empty() {
        let list: Vec<String> = read.iter().map(|path| quoted(path)).collect();
        when = format!("!context.tooLarge.containsAny([{}]) && {when}", list.join(", "));
        of.reads.extend(read.into_iter().cloned());
    }
    let (id, role, owner) = (quoted(id), quoted(clause.terms.role.as_str()), quoted(&clause.terms.owner));
    let resource = quoted(&name.to_string());
    format!(
        "@id({id})\n@role({role})\n@owner({owner})\n\
         permit (principal, action == Action::\"hold\", resource == Entitlement::{resource})\nwhen {{ {when} }};\n"
    )
}

struct Writer<'a> {
    questions: &'a Questions,
    kinds: &'a Kinds,
    of: &'a mut OfEntitlement,
}

impl Writer<'_> {
    fn formula(&mut self, formula: &Formula) -> String {
        let joined = |parts: Vec<String>, sign: &str| format!("({})", parts.join(sign));
        match formula {
            Formula::Always(fixed) => fixed.to_string(),
            Formula::Asked(question, wanted) => self.question(*question, *wanted),
            Formula::All(parts) => joined(parts.iter().map(|part| self.formula(part)).collect(), " && "),
            Formula::Any(parts) => joined(parts.iter().map(|part| self.formula(part)).collect(), " || "),
        }
    }

    fn question(&mut self, number: usize, wanted: Truth) -> String {
        let Some(question) = self.questions.get(number) else { return "false".to_owned() };
        if let Some(days) = question.lead_days() {
            let reached = format!("(principal has {0} && principal[{0}] <= {days})", quoted(STARTS_IN));
            return if wanted == Truth::Holds { reached } else { format!("!{reached}") };
        }
        let Some(atom) = question.atom() else { return "false".to_owned() };
        if let Some(said) = atom.form.as_ref().and_then(|form| self.said(form, wanted)) {
            return said;
        }
        self.beforehand(atom, wanted)
    }

    /// What Cedar cannot say is asked before and looked up.
    fn beforehand(&mut self, atom: &Atom, wanted: Truth) -> String {
        let words = atom.expression.text();
        self.of.asked.insert(words.to_owned(), atom.clone());
        let set = if wanted == Truth::Holds { "holds" } else { "fails" };
        format!("context.{set}.contains({})", quoted(words))
    }

    /// What Cedar can say. Everything that must be known for it stands in front.
    fn said(&mut self, form: &Form, wanted: Truth) -> Option<String> {
        let mut known = Vec::new();
        let said = match form {
            Form::Has(path) => {
                self.kind(path)?;
                self.of.attributes.insert(path.clone());
                format!("principal has {}", quoted(attribute(path)))
            }
            Form::Truth(path) => self.of_kind(path, Kind::Flag, &mut known)?,
            Form::Compare(how, left, right) => self.compare(*how, left, right, &mut known)?,
            Form::Among(path, items) if !items.is_empty() => {
                let kind = self.kind(path).filter(|kind| *kind != Kind::Texts)?;
                let items: Vec<String> = items.iter().map(|item| constant(item, kind)).collect::<Option<_>>()?;
                format!("[{}].contains({})", items.join(", "), self.of_kind(path, kind, &mut known)?)
            }
            Form::Member(Term::Text(item), path) => {
                format!("{}.contains({})", self.of_kind(path, Kind::Texts, &mut known)?, quoted(item))
            }
            Form::Begins(path, start) => {
                format!("{} like \"{}*\"", self.of_kind(path, Kind::Text, &mut known)?, pattern(start))
            }
            Form::Ends(path, end) => {
                format!("{} like \"*{}\"", self.of_kind(path, Kind::Text, &mut known)?, pattern(end))
            }
            Form::Among(..) | Form::Member(..) => return None,
        };
        self.of.attributes.extend(known.iter().cloned());
        let mut parts: Vec<String> =
            known.iter().map(|path| format!("principal has {}", quoted(attribute(path)))).collect();
        parts.push(if wanted == Truth::Holds { format!("({said})") } else { format!("!({said})") });
        Some(format!("({})", parts.join(" && ")))
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        self.kinds.get(path).copied()
    }

    /// The attribute, if its values are of this kind.
    fn of_kind(&self, path: &str, wanted: Kind, known: &mut Vec<String>) -> Option<String> {
        if self.kind(path)? != wanted {
            return None;
        }
        known.push(path.to_owned());
        Some(format!("principal[{}]", quoted(attribute(path))))
    }

    fn compare(&self, how: Comparison, left: &Term, right: &Term, known: &mut Vec<String>) -> Option<String> {
        let of_term = |term: &Term| match term {
            Term::Path(path) => self.kind(path),
            Term::Today => Some(Kind::Day),
            Term::Text(_) | Term::Number(_) | Term::Flag(_) => None,
        };
        let kind = of_term(left).or_else(|| of_term(right))?;
        let sign = match (how, kind) {
            (_, Kind::Texts) => return None,
            (Comparison::Equal, _) => "==",
            (Comparison::Unequal, _) => "!=",
            (_, Kind::Text | Kind::Flag) => return None,
            (Comparison::Less, Kind::Number | Kind::Day) => "<",
            (Comparison::LessOrEqual, Kind::Number | Kind::Day) => "<=",
            (Comparison::Greater, Kind::Number | Kind::Day) => ">",
            (Comparison::GreaterOrEqual, Kind::Number | Kind::Day) => ">=",
        };
        let mut side = |term: &Term| match term {
            Term::Path(path) => self.of_kind(path, kind, known),
            Term::Today if kind == Kind::Day => Some("context.today".to_owned()),
            other => constant(other, kind),
        };
        let (left, right) = (side(left)?, side(right)?);
        Some(format!("{left} {sign} {right}"))
    }
}

/// A value that stands in the rule, if it is of this kind.
fn constant(term: &Term, kind: Kind) -> Option<String> {
    match (term, kind) {
        (Term::Text(words), Kind::Text) => Some(quoted(words)),
        (Term::Text(words), Kind::Day) => day_of(words).map(|day| day.to_string()),
        (Term::Number(number), Kind::Number) => Some(number.to_string()),
        (Term::Flag(flag), Kind::Flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A text as a literal of Cedar.
pub(super) fn quoted(words: &str) -> String {
    format!("\"{}\"", escaped(words))
}

fn escaped(words: &str) -> String {
    use std::fmt::Write as _;
    words.chars().fold(String::with_capacity(words.len()), |mut text, letter| {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            // Writing to a string cannot fail.
            letter if letter.is_control() => write!(text, "\\u{{{:x}}}", u32::from(letter)).unwrap_or_default(),
            letter => text.push(letter),
        }
        text
    })
}

/// A text within a pattern, in which a star means itself.
fn pattern(words: &str) -> String {
    escaped(words).replace('*', "\\*")
}
