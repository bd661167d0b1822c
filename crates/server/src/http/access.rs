//! The table of every operation and every role, for a human to review.

use std::fmt::Write as _;

use tenure_api::{Access, Operation};
use tenure_model::Role;

/// The page: one row an operation, one column a role. The answers come from the policies.
pub fn table(operations: &[Operation], may: impl Fn(Role, &str) -> &'static str) -> String {
    let mut page = String::from(
        "# Who may do what\n\nMade from the list of operations and the policies. \
         Public operations need no token.\n\n| operation | method | path | action |",
    );
    for role in Role::ALL {
        let _ = write!(page, " {role} |");
    }
    page.push_str("\n|---|---|---|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    page.push('\n');
    for operation in operations {
        let action = match operation.access {
            Access::Public => "public",
            Access::Action(action) => action,
        };
        let _ = write!(page, "| {} | {} | `{}` | {action} |", operation.id, operation.method.as_str(), operation.path);
        for role in Role::ALL {
            let answer = match operation.access {
                Access::Public => "yes",
                Access::Action(action) => may(role, action),
            };
            let _ = write!(page, " {answer} |");
        }
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_api::OPERATIONS;

    #[test]
    fn every_operation_has_its_row_and_every_row_its_answers() {
        let page = table(OPERATIONS, |role, _| if role == Role::Owner { "yes" } else { "no" });
        let rows: Vec<&str> = page.lines().filter(|line| line.contains("| `/")).collect();
        assert_eq!(rows.len(), OPERATIONS.len());
        assert!(rows.iter().all(|row| row.matches('|').count() == 5 + Role::ALL.len()));
    }
}
