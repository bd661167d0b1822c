//! Whom or what an entry speaks of: an id of any kind, and never a name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tenure_model::{
    AccountId, CaseId, DeputyId, DriftId, EngagementId, EntitlementId, EventId, ExceptionId, GrantId, HeldId, Id,
    NodeId, NoticeId, PersonId, PlanId, RequestId, RunId, SetId, TaskId, TokenId,
};

/// Why a text is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id of any kind; an id looks like `person_` and 26 letters or digits")]
pub struct NotAReference;

macro_rules! references {
    ($($name:ident($id:ident) = $doc:literal;)*) => {
        /// An id of any kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Reference {$(
            #[doc = $doc]
            $name($id),
        )*}

        impl fmt::Display for Reference {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {$( Self::$name(id) => fmt::Display::fmt(id, f), )*}
            }
        }
        impl FromStr for Reference {
            type Err = NotAReference;
            fn from_str(text: &str) -> Result<Self, NotAReference> {
                let prefix = text.split_once('_').ok_or(NotAReference)?.0;
                match prefix {
                    $( $id::PREFIX => text.parse().map(Self::$name).map_err(|_| NotAReference), )*
                    _ => Err(NotAReference),
                }
            }
        }
        $( impl From<$id> for Reference {
            fn from(id: $id) -> Self { Self::$name(id) }
        } )*
    };
}

references! {
    Person(PersonId) = "Whoever can hold access.";
    Engagement(EngagementId) = "An engagement.";
    Account(AccountId) = "An account.";
    Entitlement(EntitlementId) = "An entitlement.";
    Grant(GrantId) = "A grant.";
    Event(EventId) = "A fact from a source.";
    Exception(ExceptionId) = "That somebody is let off a rule.";
    Run(RunId) = "A durable run.";
    Case(CaseId) = "A question for a human.";
    Task(TaskId) = "Something that a human is asked to do.";
    Deputy(DeputyId) = "That somebody stands in for somebody else.";
    Drift(DriftId) = "What somebody else changed.";
    Token(TokenId) = "A token, not its secret.";
    Plan(PlanId) = "A plan for a set of people.";
    Set(SetId) = "People for whom a workflow is started together.";
    Held(HeldId) = "What a brake withholds.";
    Notice(NoticeId) = "A notification.";
    Request(RequestId) = "A request at a door.";
    Node(NodeId) = "A process of Tenure.";
}

impl TryFrom<String> for Reference {
    type Error = NotAReference;
    fn try_from(text: String) -> Result<Self, NotAReference> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::{SeededIds, new_id};

    #[test]
    fn every_kind_survives_its_text() {
        let ids = SeededIds::new(1);
        for reference in [
            Reference::from(new_id::<PersonId>(&ids)),
            new_id::<EngagementId>(&ids).into(),
            new_id::<AccountId>(&ids).into(),
            new_id::<EntitlementId>(&ids).into(),
            new_id::<GrantId>(&ids).into(),
            new_id::<EventId>(&ids).into(),
            new_id::<ExceptionId>(&ids).into(),
            new_id::<RunId>(&ids).into(),
            new_id::<CaseId>(&ids).into(),
            new_id::<TokenId>(&ids).into(),
            new_id::<PlanId>(&ids).into(),
            new_id::<HeldId>(&ids).into(),
            new_id::<NoticeId>(&ids).into(),
            new_id::<RequestId>(&ids).into(),
            new_id::<NodeId>(&ids).into(),
        ] {
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
        for bad in ["", "ada", "person_", "human_00000000000000000000000000", "ada@example.org"] {
            assert_eq!(bad.parse::<Reference>(), Err(NotAReference), "{bad}");
        }
    }
}
