//! A condition over the columns: first as questions joined by "and" and "or", then as a form that
//! is quick to ask of one row and of all.
//!
//! A denial is pushed down to the questions, where it asks for the other answer. What is neither
//! true nor false there is met by neither, which is what [`Expression::verdict`] makes of it.
//!
//! [`Expression::verdict`]: crate::Expression::verdict

use jiff::Timestamp;

use super::column::{Code, TOO_LARGE};
use super::people::{NotKept, People};
use super::questions::Questions;
use crate::expression::{Atom, Expression, Shape, Truth};
use crate::limits::FORMULA_QUESTIONS_MAX;

/// Questions joined by "and" and "or".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Formula {
    Always(bool),
    /// The question, and the answer that it is to have.
    Asked(usize, Truth),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// Makes formulas, and with them the questions that they ask.
pub(super) struct Maker<'a> {
    pub(super) questions: &'a mut Questions,
    pub(super) people: &'a mut People,
    pub(super) now: Timestamp,
}

impl Maker<'_> {
    /// When the condition holds.
    pub(super) fn holds(&mut self, condition: &Expression) -> Result<Formula, NotKept> {
        let shape = condition.shape();
        // A choice asks its condition twice, so that choices in choices grow without end.
        if weight(&shape) > FORMULA_QUESTIONS_MAX {
            return self.asked(&condition.whole(), Truth::Holds);
        }
        self.formula(&shape, Truth::Holds)
    }

    fn formula(&mut self, shape: &Shape, wanted: Truth) -> Result<Formula, NotKept> {
        let other = if wanted == Truth::Holds { Truth::Fails } else { Truth::Holds };
        Ok(match shape {
            Shape::Atom(atom) => self.asked(atom, wanted)?,
            Shape::Not(inner) => self.formula(inner, other)?,
            Shape::All(parts) => {
                let parts = parts.iter().map(|part| self.formula(part, wanted)).collect::<Result<_, _>>()?;
                if wanted == Truth::Holds { all(parts) } else { any(parts) }
            }
            Shape::Any(parts) => {
                let parts = parts.iter().map(|part| self.formula(part, wanted)).collect::<Result<_, _>>()?;
                if wanted == Truth::Holds { any(parts) } else { all(parts) }
            }
            Shape::Choice(parts) => {
                let [asked, then, otherwise] = parts.as_ref();
                let then = all(vec![self.formula(asked, Truth::Holds)?, self.formula(then, wanted)?]);
                let otherwise = all(vec![self.formula(asked, Truth::Fails)?, self.formula(otherwise, wanted)?]);
                any(vec![then, otherwise])
            }
        })
    }

    fn asked(&mut self, atom: &Atom, wanted: Truth) -> Result<Formula, NotKept> {
        if atom.whole {
            return Err(NotKept::Whole { condition: atom.expression.text().to_owned() });
        }
        let place = self.questions.ask(atom, self.people, self.now)?;
        let same_for_all = self.questions.get(place).is_some_and(|question| question.column.is_none());
        Ok(if same_for_all {
            Formula::Always(self.questions.is(place, 0, wanted))
        } else {
            Formula::Asked(place, wanted)
        })
    }
}

/// How many questions the formula of this shape would ask.
fn weight(shape: &Shape) -> usize {
    let sum = |parts: &[Shape]| parts.iter().map(weight).fold(0, usize::saturating_add);
    match shape {
        Shape::Atom(_) => 1,
        Shape::Not(inner) => weight(inner),
        Shape::All(parts) | Shape::Any(parts) => sum(parts.as_ref()),
        Shape::Choice(parts) => {
            let [asked, _, _] = parts.as_ref();
            sum(parts.as_ref()).saturating_add(weight(asked))
        }
    }
}

/// All of these, without needless nesting.
pub(super) fn all(parts: Vec<Formula>) -> Formula {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Formula::Always(true) => {}
            Formula::Always(false) => return Formula::Always(false),
            Formula::All(inner) => flat.extend(inner),
            other @ (Formula::Asked(..) | Formula::Any(_)) => flat.push(other),
        }
    }
    if flat.len() == 1 { flat.pop().unwrap_or(Formula::Always(true)) } else { unless_empty(flat, true) }
}

/// Any of these, without needless nesting.
pub(super) fn any(parts: Vec<Formula>) -> Formula {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Formula::Always(false) => {}
            Formula::Always(true) => return Formula::Always(true),
            Formula::Any(inner) => flat.extend(inner),
            other @ (Formula::Asked(..) | Formula::All(_)) => flat.push(other),
        }
    }
    if flat.len() == 1 { flat.pop().unwrap_or(Formula::Always(false)) } else { unless_empty(flat, false) }
}

fn unless_empty(parts: Vec<Formula>, is_all: bool) -> Formula {
    match (parts.is_empty(), is_all) {
        (true, of_none) => Formula::Always(of_none),
        (false, true) => Formula::All(parts),
        (false, false) => Formula::Any(parts),
    }
}

impl Formula {
    /// Every question that it asks.
    pub(super) fn questions(&self) -> Vec<usize> {
        match self {
            Self::Always(_) => Vec::new(),
            Self::Asked(question, _) => vec![*question],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::questions).collect(),
        }
    }

    /// Whether it holds for a code of the one column that it is about.
    fn of_code(&self, questions: &Questions, code: Code) -> bool {
        match self {
            Self::Always(fixed) => *fixed,
            Self::Asked(question, wanted) => questions.is(*question, code, *wanted),
            Self::All(parts) => parts.iter().all(|part| part.of_code(questions, code)),
            Self::Any(parts) => parts.iter().any(|part| part.of_code(questions, code)),
        }
    }
}

/// A formula in the form in which it is asked.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Always(bool),
    /// Everything that is about one column, with the answer for each code.
    Table {
        column: usize,
        formula: Formula,
        table: Vec<bool>,
    },
    All(Vec<Plan>),
    Any(Vec<Plan>),
    /// Nothing that these attributes say is too large to be asked about.
    Readable(Vec<usize>),
}

impl Plan {
    /// The quick form of a formula: what is about one column becomes one table.
    pub(super) fn of(formula: &Formula, questions: &Questions, people: &People) -> Self {
        match formula {
            Formula::Always(fixed) => Self::Always(*fixed),
            Formula::Asked(question, _) => match questions.get(*question).and_then(|question| question.column) {
                Some(column) => Self::table(column, formula.clone(), questions, people),
                None => Self::Always(false),
            },
            Formula::All(parts) => {
                let mut parts = Self::grouped(parts, questions, people, all);
                parts.sort_by_cached_key(|part| part.expected(people));
                one_or(parts, Self::All)
            }
            Formula::Any(parts) => one_or(Self::grouped(parts, questions, people, any), Self::Any),
        }
    }

    fn grouped(
        parts: &[Formula],
        questions: &Questions,
        people: &People,
        joined: fn(Vec<Formula>) -> Formula,
    ) -> Vec<Self> {
        let mut plans: Vec<Self> = Vec::new();
        for plan in parts.iter().map(|part| Self::of(part, questions, people)) {
            let Self::Table { column, formula, table } = plan else {
                plans.push(plan);
                continue;
            };
            let same = |known: &&mut Self| matches!(known, Self::Table { column: other, .. } if *other == column);
            match plans.iter_mut().find(same) {
                Some(known) => {
                    let Self::Table { formula: before, .. } = known else { continue };
                    let both = joined(vec![before.clone(), formula]);
                    *known = Self::table(column, both, questions, people);
                }
                None => plans.push(Self::Table { column, formula, table }),
            }
        }
        plans
    }

    fn table(column: usize, formula: Formula, questions: &Questions, people: &People) -> Self {
        let mut plan = Self::Table { column, formula, table: Vec::new() };
        plan.extend(questions, people);
        plan
    }

    /// Takes over answers for codes that are new.
    pub(super) fn extend(&mut self, questions: &Questions, people: &People) {
        match self {
            Self::Always(_) | Self::Readable(_) => {}
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.extend(questions, people)),
            Self::Table { column, formula, table } => {
                let size = people.column(*column).map_or(0, super::column::Column::size);
                for code in table.len()..size {
                    table.push(Code::try_from(code).is_ok_and(|code| formula.of_code(questions, code)));
                }
            }
        }
    }

    /// Takes over all answers anew.
    pub(super) fn renew(&mut self, questions: &Questions, people: &People) {
        match self {
            Self::Always(_) | Self::Readable(_) => {}
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.renew(questions, people)),
            Self::Table { table, .. } => {
                table.clear();
                self.extend(questions, people);
            }
        }
    }

    /// How many rows are about to pass: exactly for a table, at most for anything else.
    fn expected(&self, people: &People) -> usize {
        match self {
            Self::Table { column, table, .. } => {
                let Some(column) = people.column(*column) else { return 0 };
                let codes = table.iter().enumerate().filter(|(_, set)| **set);
                codes.map(|(code, _)| Code::try_from(code).map_or(0, |code| column.count(code))).sum()
            }
            Self::Always(_) | Self::All(_) | Self::Any(_) | Self::Readable(_) => usize::MAX,
        }
    }

    /// Which rows of one word fit, among those asked for.
    pub(super) fn word(&self, people: &People, place: usize, asked: u64) -> u64 {
        match self {
            _ if asked == 0 => 0,
            Self::Always(fixed) => {
                if *fixed {
                    asked
                } else {
                    0
                }
            }
            Self::Table { column, table, .. } => {
                people.column(*column).map_or(0, |column| column.pick(place, asked, table))
            }
            Self::All(parts) => parts.iter().fold(asked, |left, part| part.word(people, place, left)),
            Self::Any(parts) => parts.iter().fold(0, |found, part| found | part.word(people, place, asked & !found)),
            Self::Readable(columns) => {
                columns.iter().filter_map(|column| people.column(*column)).fold(asked, |left, column| {
                    if column.count(TOO_LARGE) == 0 { left } else { left & !column.pick(place, left, &[false, true]) }
                })
            }
        }
    }
}

fn one_or(mut parts: Vec<Plan>, joined: fn(Vec<Plan>) -> Plan) -> Plan {
    match parts.len() {
        1 => parts.pop().unwrap_or(Plan::Always(false)),
        _ => joined(parts),
    }
}
