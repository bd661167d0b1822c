//! The table of every operation and every role, for a human to review. The answers come from the
//! policies; the page is committed, so that a change of who may do what shows as a difference.

use std::fmt::Write as _;

use tenure_api::{Access, OPERATIONS, Operation};
use tenure_model::{Actor, ActorKind, ConnectionName, Role, SeededIds, new_id};
use tenure_policy::authz::{Action, Authz};

/// The page: one row an operation, one column a role, and one for sources.
pub fn page(authz: &Authz) -> String {
    table(OPERATIONS, authz)
}

fn table(operations: &[Operation], authz: &Authz) -> String {
    let mut page = String::from(
        "# Who may do what\n\nMade from the list of operations and the policies. `own` means: to what is their own, \
         such as their token or the events of their connection. Public operations need no token; what is \
         signed needs none either, but a key that the estate names.\n\n\
         | operation | method | path | action |",
    );
    let columns = columns();
    for (name, _) in &columns {
        let _ = write!(page, " {name} |");
    }
    page.push_str("\n|---|---|---|---|");
    page.push_str(&"---|".repeat(columns.len()));
    page.push('\n');
    for operation in operations {
        let action = match operation.access {
            Access::Public => "public",
            Access::Signed => "signed",
            Access::Page(action) | Access::Action(action) => action,
        };
        let _ = write!(page, "| {} | {} | `{}` | {action} |", operation.id, operation.method.as_str(), operation.path);
        for (_, actor) in &columns {
            let _ = write!(page, " {} |", answer(authz, actor, operation.access));
        }
        page.push('\n');
    }
    page
}

fn answer(authz: &Authz, actor: &Actor, access: Access) -> &'static str {
    match access {
        Access::Public => "yes",
        // A token helps nobody there.
        Access::Signed => "no",
        Access::Action(word) | Access::Page(word) => {
            Action::from_word(word).map_or("no", |action| authz.extent(actor, action).word())
        }
    }
}

/// Somebody of every role, and a source. The ids are the same each time and mean nothing.
fn columns() -> Vec<(String, Actor)> {
    let ids = SeededIds::new(1);
    let mut columns: Vec<(String, Actor)> = Role::ALL
        .into_iter()
        .map(|role| {
            let kind = ActorKind::Caller { token: new_id(&ids), roles: [role].into() };
            (role.word().to_owned(), Actor { name: role.word().to_owned(), kind })
        })
        .collect();
    if let Ok(connection) = "hr".parse::<ConnectionName>() {
        let kind = ActorKind::Source { token: new_id(&ids), connection };
        columns.push(("source".to_owned(), Actor { name: "hr".to_owned(), kind }));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_row_and_every_row_its_answers() {
        let page = page(&Authz::embedded().unwrap());
        let rows: Vec<&str> = page.lines().filter(|line| line.contains("| `/")).collect();
        assert_eq!(rows.len(), OPERATIONS.len());
        assert!(rows.iter().all(|row| row.matches('|').count() == 5 + Role::ALL.len() + 1));
        for operation in OPERATIONS {
            assert!(rows.iter().any(|row| row.starts_with(&format!("| {} | ", operation.id))), "{}", operation.id);
        }
    }

    #[test]
    fn every_action_of_an_operation_is_known_to_the_policies() {
        for operation in OPERATIONS {
            if let Access::Action(word) | Access::Page(word) = operation.access {
                assert!(Action::from_word(word).is_some(), "{} asks for `{word}`", operation.id);
            }
        }
    }

    #[test]
    fn an_action_that_nobody_knows_is_allowed_to_nobody() {
        let odd = Operation { access: Access::Action("Fly"), ..OPERATIONS[4] };
        let page = table(&[odd], &Authz::embedded().unwrap());
        assert!(!page.contains("yes"), "{page}");
    }

    #[test]
    fn rows_tell_what_the_policies_say() {
        let page = page(&Authz::embedded().unwrap());
        let row = |id: &str| page.lines().find(|line| line.starts_with(&format!("| {id} "))).unwrap().to_owned();
        assert!(
            row("postEvent").ends_with("| yes | yes | no | no | no | no | no | no | no | own |"),
            "{}",
            row("postEvent")
        );
        assert!(row("revokeToken").contains("| own |"));
        assert!(row("getHealthz").contains("| public |"));
    }
}
