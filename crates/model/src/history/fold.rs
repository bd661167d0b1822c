//! Engagements from facts: which spells there were, are and will be under each key.
//!
//! The rules, each with its case in `testkit/tests/cases/histories`: a start within a spell corrects its first
//! day; a start after its end opens another one. An end speaks of the newest spell, unless its day
//! lies within the one before. An end before the first day means that the person never came. An
//! urgent end stays until the source says that there is none, or somebody starts anew.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::Fact;
use crate::engagement::{Engagement, Leave, Zone};
use crate::event::{EventKind, Terms};
use crate::name::ConnectionName;
use crate::person::IdentityKind;

/// One spell of an engagement, before it has a row of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    /// As what.
    pub kind: IdentityKind,
    /// Where its days begin and end.
    pub zone: Zone,
    /// The first day.
    pub first_day: Date,
    /// The last day, if one is known.
    pub last_day: Option<Date>,
    /// The leaves within it.
    pub leaves: Vec<Leave>,
    /// See [`Engagement::handover`].
    pub handover: Option<Date>,
    /// See [`Engagement::primary`].
    pub primary: bool,
    /// Withdrawn before it began.
    pub rescinded: bool,
    /// Access ends at this moment.
    pub cut_at: Option<Timestamp>,
}

impl Spell {
    /// What this row says.
    fn of(row: &Engagement) -> Self {
        Self {
            kind: row.kind,
            zone: row.zone.clone(),
            first_day: row.first_day,
            last_day: row.last_day,
            leaves: row.leaves.clone(),
            handover: row.handover,
            primary: row.primary,
            rescinded: row.rescinded,
            cut_at: row.cut_at,
        }
    }

    /// Whether this row says the same.
    pub fn is(&self, row: &Engagement) -> bool {
        let Self { kind, zone, first_day, last_day, leaves, handover, primary, rescinded, cut_at } = self;
        (kind, zone, first_day, last_day) == (&row.kind, &row.zone, &row.first_day, &row.last_day)
            && (leaves, handover, primary) == (&row.leaves, &row.handover, &row.primary)
            && (rescinded, cut_at) == (&row.rescinded, &row.cut_at)
    }

    fn is_over_before(&self, first_day: Date) -> bool {
        self.rescinded
            || self.last_day.is_some_and(|day| day < first_day)
            || (self.cut_at.is_some() && self.first_day < first_day)
    }
}

/// What a source calls an engagement.
pub type Key = (ConnectionName, String);

/// The spells under each key, in the order of their days. The facts must be
/// [in order](super::in_order). `known` are engagements that were there before facts were kept: what
/// the facts say comes after them, unless a fact begins the same one.
pub fn engagements(known: &[Engagement], facts: &[Fact]) -> BTreeMap<Key, Vec<Spell>> {
    let mut keys: BTreeMap<Key, Lives> = BTreeMap::new();
    for row in known.iter().filter(|row| !facts.iter().any(|fact| begins(fact, row))) {
        let lives = keys.entry((row.source.clone(), row.key.clone())).or_default();
        lives.spells.push(Spell::of(row));
        lives.spells.sort_by_key(|spell| spell.first_day);
        lives.leaves.extend(row.leaves.iter().cloned());
        lives.leaves.sort();
        lives.leaves.dedup();
    }
    for fact in facts {
        if let EventKind::EmploymentConverted { kind, first_day, new_key, zone } = &fact.kind {
            convert(&mut keys, fact, *kind, *first_day, new_key.as_ref(), zone.as_ref());
        } else if let EventKind::PersonTransferred { keep_until: Some(day), .. } = &fact.kind {
            let of_source = keys.iter_mut().filter(|((source, _), _)| *source == fact.source);
            for spell in of_source.filter_map(|(_, lives)| lives.newest()) {
                spell.handover = Some(*day);
            }
        } else if fact.kind.is_of_engagement() {
            keys.entry((fact.source.clone(), fact.key.clone())).or_default().take(fact);
        }
    }
    keys.into_iter().map(|(key, lives)| (key, lives.spells())).filter(|(_, spells)| !spells.is_empty()).collect()
}

/// Whether a fact begins the engagement of this row, so that the facts know it from there on.
pub fn begins(fact: &Fact, row: &Engagement) -> bool {
    let key = match &fact.kind {
        EventKind::EmploymentConverted { new_key: Some(key), .. } => key,
        _ => &fact.key,
    };
    let is_new = fact.kind.introduces() || matches!(fact.kind, EventKind::EmploymentConverted { .. });
    is_new && fact.source == row.source && *key == row.key
}

fn convert(
    keys: &mut BTreeMap<Key, Lives>,
    fact: &Fact,
    kind: IdentityKind,
    first_day: Date,
    new_key: Option<&String>,
    zone: Option<&Zone>,
) {
    let old = keys.entry((fact.source.clone(), fact.key.clone())).or_default();
    let zone = zone.cloned().or_else(|| old.newest().map(|spell| spell.zone.clone()));
    let is_primary = old.newest().is_some_and(|spell| spell.primary);
    // An end that was told holds; one that followed from a conversion moves with it.
    if old.is_converted || old.newest().is_some_and(|spell| spell.last_day.is_none_or(|day| day >= first_day)) {
        old.end(first_day.saturating_sub(1.day()));
        old.is_converted = true;
    }
    let key = new_key.unwrap_or(&fact.key).clone();
    let new = keys.entry((fact.source.clone(), key)).or_default();
    new.begin(first_day, Some(kind), zone.as_ref());
    if let Some(spell) = new.newest() {
        spell.primary |= is_primary;
    }
}

/// What is known under one key so far.
#[derive(Debug, Default)]
struct Lives {
    spells: Vec<Spell>,
    leaves: Vec<Leave>,
    /// An end that was told before any start.
    end: Option<Date>,
    /// Whether the end of the newest spell follows from a conversion.
    is_converted: bool,
}

impl Lives {
    fn newest(&mut self) -> Option<&mut Spell> {
        self.spells.last_mut()
    }

    fn take(&mut self, fact: &Fact) {
        match &fact.kind {
            EventKind::EmploymentStarted { kind, first_day, zone, .. } => {
                self.begin(*first_day, Some(*kind), Some(zone));
            }
            EventKind::EmploymentStated { terms, .. } => self.state(terms, fact),
            EventKind::EmploymentEnded { last_day, urgent } => {
                self.is_converted = false;
                self.end(*last_day);
                if *urgent {
                    let at = fact.told_at();
                    for spell in &mut self.spells {
                        spell.cut_at = Some(spell.cut_at.map_or(at, |before| before.min(at)));
                    }
                }
            }
            EventKind::EmploymentRescinded => {
                if let Some(spell) = self.newest() {
                    spell.rescinded = true;
                }
            }
            EventKind::LeaveStarted { from, until } => self.leave(Leave { from: *from, until: *until }),
            EventKind::LeaveEnded { last_day } => self.come_back(*last_day),
            EventKind::EmploymentConverted { .. }
            | EventKind::PersonChanged { .. }
            | EventKind::PersonTransferred { .. }
            | EventKind::Custom { .. } => {}
        }
    }

    fn begin(&mut self, first_day: Date, kind: Option<IdentityKind>, zone: Option<&Zone>) {
        let end = self.end.take().filter(|day| *day >= first_day);
        match self.newest() {
            Some(spell) if !spell.is_over_before(first_day) => {
                spell.first_day = first_day;
                spell.kind = kind.unwrap_or(spell.kind);
                spell.zone = zone.unwrap_or(&spell.zone).clone();
            }
            before => {
                let spell = Spell {
                    kind: kind.or(before.as_ref().map(|spell| spell.kind)).unwrap_or(IdentityKind::Employee),
                    zone: zone.cloned().or(before.as_ref().map(|spell| spell.zone.clone())).unwrap_or(Zone::utc()),
                    first_day,
                    last_day: end,
                    leaves: Vec::new(),
                    handover: None,
                    primary: before.is_some_and(|spell| spell.primary),
                    rescinded: false,
                    cut_at: None,
                };
                self.spells.push(spell);
            }
        }
    }

    fn end(&mut self, last_day: Date) {
        let count = self.spells.len();
        let before = count.checked_sub(2).and_then(|place| self.spells.get(place));
        let within_before = before.is_some_and(|spell| {
            !spell.rescinded && spell.first_day <= last_day && spell.last_day.is_none_or(|day| last_day <= day)
        });
        let Some(spell) = self.spells.get_mut(count.saturating_sub(1)) else {
            self.end = Some(last_day);
            return;
        };
        if last_day < spell.first_day && within_before {
            if let Some(before) = self.spells.iter_mut().rev().nth(1) {
                before.last_day = Some(last_day);
            }
        } else if !spell.rescinded {
            spell.rescinded = last_day < spell.first_day;
            spell.last_day = Some(last_day);
        }
    }

    fn state(&mut self, terms: &Terms, fact: &Fact) {
        if let Some(first_day) = terms.first_day {
            self.begin(first_day, terms.kind, terms.zone.as_ref());
        }
        if let Some(spell) = self.newest() {
            spell.kind = terms.kind.unwrap_or(spell.kind);
            spell.zone = terms.zone.as_ref().unwrap_or(&spell.zone).clone();
            spell.primary = terms.primary.unwrap_or(spell.primary);
            if terms.last_day == Some(None) {
                (spell.last_day, spell.cut_at) = (None, None);
            }
        }
        if let Some(Some(last_day)) = terms.last_day {
            self.is_converted = false;
            self.end(last_day);
        }
        match &terms.leave {
            Some(Some(leave)) => self.leave(leave.clone()),
            Some(None) => self.no_leave(fact),
            None => {}
        }
    }

    /// One that touches a known leave is that leave, known better.
    fn leave(&mut self, leave: Leave) {
        let touches = |known: &Leave| {
            known.until.is_none_or(|until| leave.from <= until) && leave.until.is_none_or(|until| known.from <= until)
        };
        self.leaves.retain(|known| !touches(known));
        self.leaves.push(leave);
        self.leaves.sort();
    }

    fn come_back(&mut self, last_day: Date) {
        let begun = self.leaves.partition_point(|leave| leave.from <= last_day);
        let is_closed = |leave: &Leave| leave.until.is_some_and(|until| until < last_day);
        let has_next = begun < self.leaves.len();
        match begun.checked_sub(1).and_then(|place| self.leaves.get_mut(place)) {
            Some(leave) if !(has_next && is_closed(leave)) => leave.until = Some(last_day),
            // It was over already: what is meant is the next one, which is not taken.
            Some(_) | None if has_next => {
                self.leaves.remove(begun);
            }
            Some(_) | None => {}
        }
    }

    /// The source says that there is no leave: one that has begun is over, one to come is not taken.
    fn no_leave(&mut self, fact: &Fact) {
        let zone = self.newest().map_or_else(Zone::utc, |spell| spell.zone.clone());
        let today = fact.told_at().to_zoned(zone.rules()).date();
        self.leaves.retain(|leave| leave.from < today);
        if let Some(leave) = self.leaves.last_mut()
            && leave.until.is_none_or(|until| until >= today)
        {
            leave.until = Some(today.saturating_sub(1.day()));
        }
    }

    fn spells(self) -> Vec<Spell> {
        let Self { mut spells, leaves, .. } = self;
        spells.sort_by_key(|spell| (spell.first_day, spell.rescinded));
        for spell in &mut spells {
            let touches = |leave: &&Leave| {
                spell.last_day.is_none_or(|day| leave.from <= day)
                    && leave.until.is_none_or(|until| until >= spell.first_day)
            };
            spell.leaves = leaves.iter().filter(touches).cloned().collect();
        }
        spells
    }
}
