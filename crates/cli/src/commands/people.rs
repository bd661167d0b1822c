//! `tenure people`: who they are and what they have.

use clap::{Args, Subcommand};
use serde_json::Value;
use tenure_api::Code;
use tenure_model::PersonId;

use super::HowMany;
use super::people_merge::{Merge, Merges, Name, Split, Sponsor, Unmerge};
use crate::client::Client;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::CANDIDATES_MAX;
use crate::places;
use crate::table::{Column, cell, column};

const COLUMNS: &[Column] = &[
    column("Id", "/id"),
    column("Name", "/displayName"),
    column("Kind", "/kind"),
    column("Standing", "/standing"),
    column("Since", "/since"),
];
const FIELDS: &[Column] = &[
    column("Id", "/id"),
    column("Name", "/displayName"),
    column("Kind", "/kind"),
    column("Standing", "/standing"),
    column("Sponsor", "/sponsor"),
    column("Since", "/since"),
];
const ENGAGEMENTS: &[Column] = &[
    column("State", "/state"),
    column("Kind", "/kind"),
    column("First day", "/firstDay"),
    column("Last day", "/lastDay"),
    column("Zone", "/zone"),
    column("Source", "/source"),
];
const ACCOUNTS: &[Column] =
    &[column("System", "/connection"), column("Account", "/name"), column("State", "/state"), column("Id", "/id")];
const GRANTS: &[Column] = &[
    column("System", "/connection"),
    column("Access", "/entitlement"),
    column("State", "/state"),
    column("Reason", "/reason"),
    column("Until", "/validUntil"),
];
const VALUES: &[Column] = &[
    column("Attribute", "/attribute"),
    column("Value", "/value"),
    column("Source", "/source"),
    column("Since", "/since"),
    column("Why", "/why"),
    column("Otherwise", "/otherwise"),
];

const PLAN: &[Column] =
    &[column("Person", "/person"), column("Presence", "/presence"), column("Findings", "/findings")];
const DESIRED: &[Column] = &[
    column("System", "/connection"),
    column("Access", "/entitlement"),
    column("Reason", "/reason"),
    column("Until", "/until"),
];
const STOPPED: &[Column] = &[
    column("Connection", "/connection"),
    column("Entitlement", "/entitlement"),
    column("Effect", "/effect"),
    column("Why", "/why"),
];
const CHANGES: &[Column] = &[
    column("Change", "/change"),
    column("System", "/connection"),
    column("Access", "/entitlement"),
    column("Why", "/why"),
];

const STORY: &[Column] =
    &[column("Person", "/person"), column("At", "/at"), column("Known at", "/knownAt"), column("Stage", "/stage")];
const SPELLS: &[Column] = &[
    column("State", "/state"),
    column("Kind", "/kind"),
    column("First day", "/firstDay"),
    column("Last day", "/lastDay"),
    column("Zone", "/zone"),
    column("Source", "/source"),
    column("Key", "/key"),
    column("Spell", "/spell"),
];
const SAID: &[Column] = &[
    column("Attribute", "/attribute"),
    column("Value", "/value"),
    column("Since", "/since"),
    column("Source", "/source"),
];
const FACTS: &[Column] = &[
    column("As of", "/asOf"),
    column("Learnt", "/learntAt"),
    column("Source", "/source"),
    column("Told", "/type"),
    column("Says", "/says"),
    column("Person", "/person"),
];

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum People {
    List(List),
    Show(Show),
    Plan(Plan),
    Story(Story),
    Merge(Merge),
    Split(Split),
    Unmerge(Unmerge),
    Merges(Merges),
    Name(Name),
    Sponsor(Sponsor),
}

/// List people by name
///
/// Lists people, service accounts and agents.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure people list\n  tenure people list --search lovelace\n  tenure people list --all -o jsonl"
)]
pub struct List {
    /// Letters of the name or a key
    #[arg(short, long, value_name = "LETTERS")]
    search: Option<String>,
    #[command(flatten)]
    how_many: HowMany,
}

/// Show one person with engagements, accounts and grants
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure people show ada\n  tenure people show E1042 --json\n  tenure people show person_01k9h3m5n7p9r1t3v5x7z9b1d3"
)]
pub struct Show {
    /// An id, a key such as E1042, or letters that only one person has
    person: String,
}

/// Tell what would be done for one person now, without doing it
///
/// Tells what policy would change for this person at this moment, and why. Nothing is written anywhere. Ends with
/// 3 when there is something to change.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure people plan ada\n  tenure people plan E1042 --json")]
pub struct Plan {
    /// An id, a key such as E1042, or letters that only one person has
    person: String,
}

/// Tell what was told of one person, when, and what it comes to
///
/// Tells every fact that a source gave, with the moment at which it was so and the moment at which we learnt it, and
/// what all of them come to: now, at another moment, or as it was known at another moment.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure people story ada\n  tenure people story E1042 --at 2027-01-01T00:00:00Z\n  tenure people story E1042 --known-at 2026-11-01T00:00:00Z --json"
)]
pub struct Story {
    /// An id, a key such as E1042, or letters that only one person has
    person: String,
    /// The moment of which to tell; now if left out
    #[arg(long, value_name = "MOMENT")]
    at: Option<jiff::Timestamp>,
    /// Only what was known at this moment
    #[arg(long, value_name = "MOMENT")]
    known_at: Option<jiff::Timestamp>,
}

impl People {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let client = cx.client()?;
        match self {
            Self::List(list) => {
                let query: Vec<_> = list.search.into_iter().map(|search| ("search", search)).collect();
                let items = client.list(&places::LIST_PEOPLE.path(), &query, list.how_many.items_max()).await?;
                cx.output.list(COLUMNS, &items)?;
            }
            Self::Show(show) => {
                let id = find(&client, &show.person).await?;
                let person = client.ask(&places::READ_PERSON.of(&[&id])).await?;
                cx.output.item(FIELDS, &person)?;
                cx.output.part("Engagements", ENGAGEMENTS, person.get("engagements"))?;
                cx.output.part("Accounts", ACCOUNTS, person.get("accounts"))?;
                cx.output.part("Access", GRANTS, person.get("grants"))?;
                cx.output.part("Said", VALUES, person.get("values"))?;
            }
            Self::Plan(plan) => {
                let id = find(&client, &plan.person).await?;
                let plan = client.ask(&places::READ_PLAN.of(&[&id])).await?;
                cx.output.item(PLAN, &plan)?;
                cx.output.part("Should be", DESIRED, plan.get("desired"))?;
                cx.output.part("Changes", CHANGES, plan.get("changes"))?;
                cx.output.part("Not given", STOPPED, plan.get("stopped"))?;
                let changes = plan.get("changes").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
                return Ok(if changes { Exit::Changes } else { Exit::Done });
            }
            Self::Story(story) => {
                let id = find(&client, &story.person).await?;
                let moments = [("at", story.at), ("knownAt", story.known_at)];
                let query: Vec<_> =
                    moments.into_iter().filter_map(|(name, moment)| Some((name, moment?.to_string()))).collect();
                let told = client.query(&places::READ_STORY.of(&[&id]), &query).await?;
                cx.output.item(STORY, &told)?;
                cx.output.part("Engagements", SPELLS, told.get("engagements"))?;
                cx.output.part("Said", SAID, told.get("said"))?;
                cx.output.part("Facts", FACTS, told.get("facts"))?;
            }
            Self::Merge(merge) => return merge.run(cx, &client).await,
            Self::Split(split) => return split.run(cx, &client).await,
            Self::Unmerge(unmerge) => return unmerge.run(cx, &client).await,
            Self::Merges(merges) => return merges.run(cx, &client).await,
            Self::Name(name) => return name.run(cx, &client).await,
            Self::Sponsor(sponsor) => return sponsor.run(cx, &client).await,
        }
        Ok(Exit::Done)
    }
}

/// The one person that is meant by an id, by a key such as `E1042`, or by letters that nobody else has.
pub async fn find(client: &Client, words: &str) -> Result<PersonId, CliError> {
    if let Ok(id) = words.parse() {
        return Ok(id);
    }
    // Dots alone are a way through folders in an address, and nobody's key.
    if !words.trim_matches('.').is_empty() {
        match client.ask(&places::READ_PERSON.of(&[&words])).await {
            Ok(person) => return which(words, &[person]),
            Err(error) if error.code == Code::NotFound.as_str() => {}
            Err(error) => return Err(error),
        }
    }
    let found = client.list(&places::LIST_PEOPLE.path(), &[("search", words.to_owned())], CANDIDATES_MAX + 1).await?;
    which(words, &found)
}

fn which(words: &str, found: &[Value]) -> Result<PersonId, CliError> {
    let id = |person: &Value| person.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    match found {
        [] => Err(CliError::new(Exit::Failed, code::WHICH_PERSON, format!("nobody is found by `{words}`"))
            .hint("`tenure people list --search LETTERS` looks for a part of the name or a key")),
        [only] => id(only).ok_or_else(|| {
            CliError::new(Exit::Failed, code::NOT_TENURE, "the answer of the server has no id of a person")
        }),
        several => {
            let error = CliError::new(Exit::Failed, code::WHICH_PERSON, format!("`{words}` may be several people"));
            Err(several.iter().take(CANDIDATES_MAX).fold(error, |error, person| {
                error.hint(format!("{}  {}", cell(person.get("id")), cell(person.get("displayName"))))
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ADA: &str = "person_00000000000000000000000001";

    #[test]
    fn one_is_meant_or_the_candidates_are_named() {
        let ada = json!({"id": ADA, "displayName": "Ada Lovelace"});
        let adam = json!({"id": "person_00000000000000000000000002", "displayName": "Adam Riese"});
        assert_eq!(which("ada", std::slice::from_ref(&ada)).unwrap().to_string(), ADA);
        let none = which("ada", &[]).unwrap_err();
        assert_eq!((none.exit, none.message.as_str()), (Exit::Failed, "nobody is found by `ada`"));
        let several = which("ada", &[ada, adam]).unwrap_err();
        assert_eq!(
            several.hints,
            [format!("{ADA}  Ada Lovelace"), "person_00000000000000000000000002  Adam Riese".into()]
        );
    }
}
