//! The facts of one person at one moment: which engagement counts, and what conditions see.

use std::borrow::Cow;

use jiff::Timestamp;
use tenure_model::{Engagement, EngagementState, IdentityKind, Person, Value, standing};

use super::{PersonFacts, Presence, Rules};
use crate::expression::{Expression, Facts, NoValue, Verdict};
use crate::group::{self, Memberships};
use crate::role::Birthright;

/// The facts at one moment.
pub(crate) struct Moment<'a> {
    pub(super) facts: &'a PersonFacts,
    pub(super) now: Timestamp,
    pub(crate) presence: Presence,
    /// The engagement that counts.
    pub(crate) engagement: Option<&'a Engagement>,
    /// The last engagement that is over, if there is one.
    pub(super) over: Option<&'a Engagement>,
    /// The person, with the groups that they are in.
    person: Cow<'a, Person>,
    memberships: Memberships,
}

impl<'a> Moment<'a> {
    pub(super) fn of(facts: &'a PersonFacts, rules: &Rules, now: Timestamp) -> Self {
        let state = |engagement: &Engagement| {
            if facts.urgent.contains(&engagement.id) { EngagementState::Ended } else { engagement.state_at(now) }
        };
        let is_over = |known: &&Engagement| distance(state(known)) >= distance(EngagementState::Ended);
        let over = facts.engagements.iter().filter(is_over).max_by_key(|known| {
            let came = distance(state(known)) == distance(EngagementState::Ended);
            (came, known.last_day, &known.source, &known.key, known.spell, known.id)
        });
        let nearest = facts.engagements.iter().min_by_key(|known| {
            let near = (distance(state(known)), !known.primary, known.first_day);
            (near, &known.source, &known.key, known.id)
        });
        let presence = match nearest.map(state) {
            Some(EngagementState::Planned) => Presence::Coming,
            Some(EngagementState::Ended | EngagementState::Rescinded) => Presence::Over,
            None if needs_engagement(facts.person.kind) => Presence::Unheard,
            Some(EngagementState::Active | EngagementState::OnLeave) | None => Presence::Here,
        };
        let engagement = if presence == Presence::Over { over } else { nearest };
        let mut moment = Self {
            facts,
            now,
            presence,
            engagement,
            over,
            person: Cow::Borrowed(&facts.person),
            memberships: Memberships::default(),
        };
        if !rules.groups.is_empty() {
            moment.memberships = Memberships::of(&rules.groups, &moment.view());
            moment.person = Cow::Owned(moment.memberships.told(&facts.person));
        }
        moment
    }

    /// The same without groups.
    pub(crate) fn plain(facts: &'a PersonFacts, now: Timestamp) -> Self {
        Self::of(facts, &Rules::default(), now)
    }

    /// What conditions see.
    pub(crate) fn view(&self) -> Facts<'_> {
        Facts {
            person: &self.person,
            engagement: self.engagement,
            standing: standing(&self.facts.engagements, self.now),
            now: self.now,
        }
    }

    /// What a condition comes to.
    pub(super) fn verdict(&self, condition: &Expression) -> Verdict {
        self.memberships.verdict(condition, &self.view())
    }

    /// What an expression gives.
    pub(super) fn value(&self, expression: &Expression) -> Result<Value, NoValue> {
        self.memberships.value(expression, &self.view())
    }

    /// The same, where what a source took back is not the same as what nobody ever said.
    pub(super) fn value_or_cleared(&self, expression: &Expression) -> Result<Value, NoValue> {
        let value = self.value(expression);
        match &value {
            Err(NoValue::NotKnown { path }) if self.is_cleared(path) => Ok(Value::Cleared),
            _ => value,
        }
    }

    fn is_cleared(&self, path: &str) -> bool {
        let name = path.strip_prefix("person.").unwrap_or_default();
        self.facts.person.attributes.get(name) == Some(&Value::Cleared)
    }

    /// Whether the condition of a birthright holds and its exclusion does not.
    pub(super) fn deserves(&self, birthright: &Birthright) -> Verdict {
        group::both(&self.memberships, &birthright.when, birthright.except.as_ref(), &self.view())
    }

    /// Whether this is between the first and the last day of a birthright.
    pub(super) fn is_within(&self, birthright: &Birthright) -> bool {
        let Some(engagement) = self.engagement else { return self.presence == Presence::Here };
        let outlasts = birthright.until.outlasts();
        self.is_within_days(birthright, engagement)
            || (outlasts && self.over.is_some_and(|over| self.is_within_days(birthright, over)))
    }

    fn is_within_days(&self, birthright: &Birthright, engagement: &Engagement) -> bool {
        let cut = engagement.cut_at.is_some_and(|cut| cut <= self.now);
        if engagement.rescinded || cut || self.facts.urgent.contains(&engagement.id) {
            return false;
        }
        let ended = engagement.state_at(self.now) == EngagementState::Ended;
        let begun = birthright.from.begins(engagement).is_some_and(|start| start <= self.now);
        let over = birthright.until.is_over_at(engagement).is_some_and(|end| end <= self.now);
        begun && !over && (!ended || birthright.until.outlasts())
    }

    /// Why somebody who is not there loses access, as a sentence.
    pub(super) fn why_over(&self) -> String {
        let Some(known) = self.over else { return "there is no engagement".to_owned() };
        let (key, source) = (&known.key, &known.source);
        match known.last_day {
            _ if self.facts.urgent.contains(&known.id) => format!("engagement {key} of {source} ends at once"),
            _ if known.rescinded => format!("engagement {key} of {source} never began"),
            Some(day) => format!("engagement {key} of {source} ended with {day}"),
            None => format!("engagement {key} of {source} is over"),
        }
    }
}

/// How far a state is from being there: the nearest engagement counts.
fn distance(state: EngagementState) -> u8 {
    match state {
        EngagementState::Active => 0,
        EngagementState::OnLeave => 1,
        EngagementState::Planned => 2,
        EngagementState::Ended => 3,
        EngagementState::Rescinded => 4,
    }
}

fn needs_engagement(kind: IdentityKind) -> bool {
    match kind {
        IdentityKind::Employee | IdentityKind::Contractor | IdentityKind::Vendor => true,
        IdentityKind::Customer | IdentityKind::ServiceAccount | IdentityKind::AiAgent => false,
    }
}
