//! Rows of other tables that belong to the same moment as the result of an effect.

use jiff::Timestamp;
use tenure_model::{Account, AccountId, Attributes, Engagement, Entitlement, EventId, Grant, Observation, Person};

use crate::cases::Case;
use crate::db::tx::Tx;
use crate::decisions::{self, Decision};
use crate::error::StoreError;
use crate::ledger::Draft;
use crate::notices::Notice;
use crate::{accounts, cases, engagements, entitlements, events, grants, ledger, notices, observations, people};

/// A row that an effect wants written with its result.
#[derive(Debug, Clone, PartialEq)]
pub enum Attachment {
    /// A person: new with version 1, else changed.
    Person(Box<Person>),
    /// An engagement: new with version 1, else changed.
    Engagement(Box<Engagement>),
    /// An account, new or changed.
    Account(Box<Account>),
    /// What an account was seen with; the account itself comes before it.
    Attributes {
        /// Which account.
        account: AccountId,
        /// Those of its attributes that a template speaks of.
        attributes: Attributes,
        /// When it was looked at.
        seen_at: Timestamp,
    },
    /// How an account was seen after our own change.
    Observation(Box<Observation>),
    /// An entitlement, new or changed.
    Entitlement(Box<Entitlement>),
    /// A grant: new with version 1, else changed.
    Grant(Box<Grant>),
    /// What a decision was made from.
    Decision(Box<Decision>),
    /// What the ledger is to hold.
    Ledger(Draft),
    /// What the outside is to be told.
    Notice(Notice),
    /// A question for a human.
    Case(Case),
    /// What an event is answered with.
    Answer {
        /// Which event.
        event: EventId,
        /// The answer as JSON.
        answer: String,
    },
}

/// Writes such a row.
pub async fn attach(tx: &mut Tx, attachment: &Attachment) -> Result<(), StoreError> {
    match attachment {
        Attachment::Person(person) if person.version == 1 => people::insert(tx, person).await,
        Attachment::Person(person) => people::update(tx, person).await,
        Attachment::Engagement(engagement) if engagement.version == 1 => engagements::insert(tx, engagement).await,
        Attachment::Engagement(engagement) => engagements::update(tx, engagement).await,
        Attachment::Account(account) => accounts::upsert(tx, account).await,
        Attachment::Attributes { account, attributes, seen_at } => {
            accounts::write_attributes(tx, *account, attributes, *seen_at).await
        }
        Attachment::Observation(seen) => observations::record(tx, seen).await,
        Attachment::Entitlement(entitlement) => entitlements::upsert(tx, entitlement).await,
        Attachment::Grant(grant) if grant.version == 1 => grants::insert(tx, grant).await,
        Attachment::Grant(grant) => grants::update(tx, grant).await,
        Attachment::Decision(decision) => decisions::insert(tx, decision).await,
        Attachment::Ledger(draft) => ledger::append(tx, std::slice::from_ref(draft)).await,
        Attachment::Notice(notice) => notices::insert(tx, notice).await,
        Attachment::Case(case) => cases::insert(tx, case).await,
        Attachment::Answer { event, answer } => events::set_answer(tx, *event, answer).await,
    }
}
