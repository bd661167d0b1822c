//! Packs: those that ship with the product, and those of the estate, which come first.
//!
//! Here a pack's text becomes a pack, or everything that is wrong with it is told with file and
//! line. What a pack can say is not decided here; see `tenure_services::rest`.

pub mod facts;

use std::collections::BTreeMap;

use tenure_blueprint::{Code, Estate, Problem, Written};
use tenure_model::Name;
use tenure_services::rest::Pack;
use tenure_services::rest::pack::FaultKind;

/// Every pack that ships, by its name and text.
pub const SHIPPED: [(&str, &str); 9] = [
    ("aws-iam", include_str!("../../../packs/aws-iam.yaml")),
    ("dovecot", include_str!("../../../packs/dovecot.yaml")),
    ("keystone", include_str!("../../../packs/keystone.yaml")),
    ("microsoft-graph", include_str!("../../../packs/microsoft-graph.yaml")),
    ("pocketbase", include_str!("../../../packs/pocketbase.yaml")),
    ("rabbitmq", include_str!("../../../packs/rabbitmq.yaml")),
    ("roundup", include_str!("../../../packs/roundup.yaml")),
    ("synapse", include_str!("../../../packs/synapse.yaml")),
    ("zabbix", include_str!("../../../packs/zabbix.yaml")),
];

/// A pack with its document.
#[derive(Debug, Clone)]
pub struct Read {
    /// The document.
    pub written: Written,
    /// What it says.
    pub pack: Pack,
}

/// Reads every pack of a file.
pub fn read(file: &str, text: &str) -> Result<Vec<Read>, Vec<Problem>> {
    let estate = Estate::read(vec![(file.to_owned(), text.to_owned())])?;
    let mut read = Vec::new();
    let mut problems = Vec::new();
    for written in estate.packs.into_values() {
        match compile(&written) {
            Ok(pack) => read.push(Read { written, pack }),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// The pack that a document describes.
pub fn compile(written: &Written) -> Result<Pack, Vec<Problem>> {
    Pack::check(&written.spec).map_err(|faults| {
        let problem = |fault: tenure_services::rest::pack::Fault| {
            let code = match fault.kind {
                FaultKind::UnknownKey => Code::UnknownKey,
                FaultKind::MissingKey => Code::MissingKey,
                FaultKind::WrongType => Code::WrongType,
                FaultKind::BadValue => Code::BadValue,
            };
            written.problem(&fault.at, code, fault.reason, fault.hint)
        };
        let mut problems: Vec<Problem> = faults.into_iter().map(problem).collect();
        problems.sort();
        problems
    })
}

/// The pack of this name: of the estate, or of those that ship. The error is for a human.
pub fn named(name: &str, own: Option<&BTreeMap<Name, Written>>) -> Result<Pack, String> {
    let told = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    if let Some(written) = own.and_then(|own| own.values().find(|written| written.name.as_str() == name)) {
        return compile(written).map_err(told);
    }
    let Some((_, text)) = SHIPPED.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = SHIPPED.iter().map(|(known, _)| *known).collect();
        return Err(format!(
            "there is no pack `{name}`; write a document of kind Pack, or name one that ships: {}",
            known.join(", ")
        ));
    };
    let mut read = read(&format!("packs/{name}.yaml"), text).map_err(told)?;
    read.pop().map(|read| read.pack).ok_or_else(|| format!("pack `{name}` is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_that_ships_is_right_and_has_its_own_name() {
        for (name, text) in SHIPPED {
            let read = read(name, text).unwrap_or_else(|problems| panic!("{problems:#?}"));
            let names: Vec<&str> = read.iter().map(|read| read.written.name.as_str()).collect();
            assert_eq!(names, [name]);
            assert!(read[0].pack.about().is_some(), "{name}");
        }
    }

    #[test]
    fn the_example_of_the_documentation_is_a_pack() {
        let page = include_str!("../../../docs/howto/write-a-pack.md");
        let (_, example) = page.split_once("```yaml\n").unwrap();
        let read = read("write-a-pack.md", example.split_once("```").unwrap().0);
        assert_eq!(read.unwrap_or_else(|problems| panic!("{problems:#?}")).len(), 1);
    }

    /// The small pack of the documentation with the examples that begin so.
    fn shop_with(begin: &[&str]) -> String {
        let page = include_str!("../../../docs/howto/write-a-pack.md");
        let examples: Vec<&str> =
            page.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
        let found = begin.iter().map(|begin| *examples.iter().find(|one| one.trim_start().starts_with(begin)).unwrap());
        format!("{}{}", examples[0], found.collect::<String>())
    }

    fn shop_with_tickets() -> String {
        format!("{}  settings: {{ done: {{ about: a state, default: Done }} }}\n", shop_with(&["tickets:"]))
    }

    #[test]
    fn the_actions_of_the_documentation_are_those_of_a_pack() {
        let text = shop_with(&["actions:", "refuses:"]);
        let read = read("shop.yaml", &text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"));
        assert_eq!(read.len(), 1);
    }

    #[test]
    fn the_tickets_of_the_documentation_are_those_of_a_pack() {
        let text = shop_with_tickets();
        let read = read("shop.yaml", &text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"));
        assert_eq!(read[0].pack.tickets(), Some("issue"));
    }

    #[test]
    fn what_is_wrong_with_tickets_is_told_with_its_line() {
        let good = shop_with_tickets();
        for (from, to, wanted) in [
            (
                "doneIf: [{ at: /status/name, is: \"{setting.done}\" }]",
                "doneIf: []",
                "nothing says which tickets are meant by `doneIf`",
            ),
            (
                "key: { at: /subject, has: \"[{key}]\" }",
                "key: { at: /subject, has: ours }",
                "it would fit every ticket",
            ),
            ("key: { at: /subject, has: \"[{key}]\" }", "key: { at: /subject }", "nothing says how our key is known"),
            ("description: \"{text}\"", "description: \"{secret.token}\"", "`{secret.token}` is not known here"),
            ("notes: \"{text}\"", "notes: \"{title}\"", "`{title}` is not known here"),
            ("    close: {", "    shut: {", "has no key `shut`"),
            ("    close: {", "    shut: {", "`close` is missing"),
            ("      id: /issue/id\n", "", "`id` is missing"),
            ("    by: /assigned_to/name", "    by: assigned_to", "is not a place"),
        ] {
            let text = good.replace(from, to);
            assert_ne!(text, good, "{from}");
            let problems: Vec<String> = read("shop.yaml", &text).unwrap_err().iter().map(ToString::to_string).collect();
            let told = problems.iter().any(|problem| problem.contains(wanted) && problem.starts_with("shop.yaml:"));
            assert!(told, "{wanted}: {problems:#?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_line() {
        let text = "apiVersion: tenure/v1\nkind: Pack\nmetadata: { name: shop }\nspec:\n  auth: { kind: basic, user: x, password: nope }\n  \
                    acounts: {}\n  accounts:\n    id: id\n    name: login\n    list: { request: GETS /x, items: /x }\n    attributes: {}\n  \
                    operations: { create: { request: \"POST /x/{nobody}\" } }\n  artifacts: {}\n";
        let problems: Vec<String> = read("shop.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        for wanted in [
            "shop.yaml:5:",
            "there is no secret `nope`",
            "shop.yaml:6:",
            "has no key `acounts`",
            "`id` is not a place",
            "`GETS /x` is not a request",
            "`{nobody}` is not known here",
            "`undo` is missing",
            "`session` is missing",
        ] {
            assert!(problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {problems:#?}");
        }
    }
}
