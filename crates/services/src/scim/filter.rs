//! Filters as text, in which a value stays a value (RFC 7644, 3.4.2.2).

use serde_json::Value as Json;
use tenure_connect::Filter;
use tenure_model::Value;

use super::config::Managed;
use super::profile::Filters;

/// A filter that is true where the path has exactly this value. JSON's own escapes are those of
/// the grammar, so nothing can end the text early.
pub(super) fn equals(path: &str, value: &str) -> String {
    format!("{path} eq {}", Json::from(value))
}

/// Whether a text in the filter had to be escaped.
pub(super) fn has_escapes(filter: &str) -> bool {
    filter.contains('\\')
}

/// Whether the server can be asked this. What is asked has no regard to case, so what the server
/// compares exactly stays with the caller: it would miss some.
pub(super) fn takes(filters: Filters, managed: &[Managed], filter: &Filter) -> bool {
    let known = |attribute: &str| {
        let found = managed.iter().find(|known| known.name == attribute);
        found.is_some_and(|found| filters.take(&found.path.wire()) && !found.path.is_exact())
    };
    match filter {
        Filter::Equals { attribute, value } => known(attribute) && value.as_text().is_some_and(is_plain),
        Filter::StartsWith { attribute, text } => filters == Filters::Any && known(attribute) && is_plain(text),
        Filter::Present { attribute } => filters == Filters::Any && known(attribute),
        // Those who take few attributes take `and` between them, or one at a time.
        Filter::All(parts) => {
            filters == Filters::Any && !parts.is_empty() && parts.iter().all(|part| takes(filters, managed, part))
        }
        Filter::Any(parts) => {
            filters == Filters::Any && !parts.is_empty() && parts.iter().all(|part| takes(filters, managed, part))
        }
        Filter::Not(_) => false,
    }
}

/// The filter as text; none if there is no such attribute.
pub(super) fn text(managed: &[Managed], filter: &Filter) -> Option<String> {
    let path = |attribute: &str| Some(managed.iter().find(|known| known.name == attribute)?.path.wire());
    let joined = |parts: &[Filter], word: &str| {
        let parts: Option<Vec<String>> = parts.iter().map(|part| Some(format!("({})", text(managed, part)?))).collect();
        Some(parts?.join(word))
    };
    match filter {
        Filter::Equals { attribute, value: Value::Text(value) } => Some(equals(&path(attribute)?, value)),
        Filter::StartsWith { attribute, text } => {
            Some(format!("{} sw {}", path(attribute)?, Json::from(text.as_str())))
        }
        Filter::Present { attribute } => Some(format!("{} pr", path(attribute)?)),
        Filter::All(parts) => joined(parts, " and "),
        Filter::Any(parts) => joined(parts, " or "),
        Filter::Equals { .. } | Filter::Not(_) => None,
    }
}

/// Whether a text goes into a filter as it is; not every server undoes escapes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && Json::from(text).to_string().len() == text.len() + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::path::Path;

    fn managed() -> Vec<Managed> {
        let one = |name: &str| Managed { name: name.to_owned(), path: Path::parse(name).unwrap() };
        ["userName", "title", "externalId", "department"].map(one).into()
    }

    #[test]
    fn only_what_the_server_answers_as_it_is_meant_goes_to_it() {
        let (title, name) = (Filter::equals("title", "Duke"), Filter::equals("userName", "ada"));
        let takes = |filters, filter: &Filter| takes(filters, &managed(), filter);
        let few = Filters::Only(&["userName", "externalId"]);
        assert!(takes(few, &name) && !takes(few, &title) && takes(Filters::Any, &title));
        assert!(!takes(Filters::Any, &Filter::equals("externalId", "E1")), "it is compared exactly");
        assert!(!takes(Filters::Any, &Filter::equals("title", "back\\slash")));
        assert!(!takes(Filters::Any, &Filter::Not(Box::new(title.clone()))));
        let both =
            Filter::All(vec![title, Filter::Any(vec![name, Filter::Present { attribute: "department".into() }])]);
        assert!(takes(Filters::Any, &both) && !takes(few, &both) && !takes(Filters::None, &both));
        assert_eq!(
            text(&managed(), &both).unwrap(),
            "(title eq \"Duke\") and ((userName eq \"ada\") or \
             (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr))"
        );
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_filter() {
        assert_eq!(equals("userName", "ada"), "userName eq \"ada\"");
        assert_eq!(equals("userName", "*"), "userName eq \"*\"");
        assert_eq!(equals("userName", "a\" or userName pr"), "userName eq \"a\\\" or userName pr\"");
        assert_eq!(equals("userName", "back\\slash\n"), "userName eq \"back\\\\slash\\n\"");
    }
}
