//! What a rule can see: one person, one engagement and the day.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use tenure_model::{Engagement, Person, Standing};

use super::scope::{Bound, Scope, bind_fields, text};

/// How many fields Tenure itself knows.
const OWN_FIELDS: usize = 13;

/// What a rule can see.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Of whom it speaks.
    pub person: &'a Person,
    /// The engagement that counts now, if there is one.
    pub engagement: Option<&'a Engagement>,
    /// What all engagements come to.
    pub standing: Standing,
    /// The moment.
    pub now: Timestamp,
}

impl Facts<'_> {
    /// The day, where the person works.
    pub fn today(&self) -> Date {
        let zone = self.engagement.map_or(jiff::tz::TimeZone::UTC, |engagement| engagement.zone.rules());
        self.now.to_zoned(zone).date()
    }

    /// What Tenure itself knows, by path. It stands above whatever a source says of the same name.
    pub(crate) fn own(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut own = Vec::with_capacity(OWN_FIELDS);
        own.extend([
            ("person.id", Cow::from(self.person.id.to_string())),
            ("person.kind", self.person.kind.word().into()),
            ("person.displayName", self.person.display_name.as_str().into()),
            ("person.standing", standing_word(self.standing).into()),
        ]);
        let Some(known) = self.engagement else { return own };
        let first = known.first_day.to_string();
        own.extend([
            ("person.firstDay", first.clone().into()),
            ("engagement.firstDay", first.into()),
            ("engagement.key", known.key.as_str().into()),
            ("engagement.kind", known.kind.word().into()),
            ("engagement.source", known.source.as_str().into()),
            ("engagement.state", known.state_at(self.now).words().into()),
            ("engagement.zone", known.zone.as_str().into()),
        ]);
        if let Some(day) = known.last_day.map(|day| day.to_string()) {
            own.extend([("person.lastDay", day.clone().into()), ("engagement.lastDay", day.into())]);
        }
        own
    }
}

impl Scope for Facts<'_> {
    fn today(&self) -> Date {
        Facts::today(self)
    }

    fn bind(&self, wanted: Option<&BTreeSet<String>>) -> Result<Vec<(&str, Bound)>, String> {
        let mut person = bind_fields("person", &self.person.attributes, wanted)?;
        let mut engagement = Bound::new();
        // What Tenure itself knows comes last, so that no source can say otherwise.
        for (path, words) in self.own() {
            match path.split_once('.') {
                Some(("person", field)) => person.insert(field.to_owned(), text(words)),
                Some((_, field)) => engagement.insert(field.to_owned(), text(words)),
                None => None,
            };
        }
        Ok(vec![("person", person), ("engagement", engagement)])
    }
}

fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Planned => "planned",
        Standing::Active => "active",
        Standing::OnLeave => "on-leave",
        Standing::Left => "left",
        Standing::None => "none",
    }
}
