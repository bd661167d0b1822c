//! Cursors: where the next page begins, as a text that only we read.
//!
//! It is base 64 of JSON and holds which list it is of and one id or number, never a name: it
//! travels in URLs. What cannot have been handed out for this very list is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenure_api::{Code, Page, PageQuery};

use super::refusal::Refusal;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark<T> {
    of: String,
    at: T,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<T> {
    list: &'static str,
    /// After which item.
    pub after: Option<T>,
    items: u32,
}

impl<T: DeserializeOwned + Serialize> Wanted<T> {
    /// Reads what the query asks for, of the list of this name.
    pub fn of(list: &'static str, after: Option<String>, limit: Option<u32>, items_max: u32) -> Result<Self, Refusal> {
        let query = PageQuery { after, limit };
        let wrong = |code, error: tenure_api::FieldError| Refusal::because(code, error.reason);
        let items = query.items(items_max).map_err(|error| wrong(Code::BadRequest, error))?;
        let after = match query.cursor().map_err(|error| wrong(Code::BadCursor, error))? {
            None => None,
            Some(text) => Some(read(list, text).ok_or_else(|| Refusal::new(Code::BadCursor))?),
        };
        Ok(Self { list, after, items })
    }

    /// How many items to ask for: one more than the page has, to know whether there is a next.
    pub fn limit(&self) -> usize {
        usize::try_from(self.items).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// The page made of what was found.
    pub fn page<F, V>(&self, mut found: Vec<F>, at: impl Fn(&F) -> T, view: impl Fn(F) -> V) -> Page<V> {
        let items = self.limit() - 1;
        let more = found.len() > items;
        found.truncate(items);
        let next = found.last().filter(|_| more).and_then(|last| write(self.list, at(last)));
        Page { items: found.into_iter().map(view).collect(), next }
    }
}

fn write<T: Serialize>(list: &str, at: T) -> Option<String> {
    let json = serde_json::to_vec(&Mark { of: list.to_owned(), at }).ok()?;
    Some(URL_SAFE_NO_PAD.encode(json))
}

fn read<T: DeserializeOwned>(list: &str, text: &str) -> Option<T> {
    let mark: Mark<T> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    (mark.of == list).then_some(mark.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(list: &'static str, after: Option<&str>) -> Result<Wanted<i64>, Refusal> {
        Wanted::of(list, after.map(str::to_owned), Some(2), 10)
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let first = wanted("runs", None).unwrap();
        assert_eq!(first.limit(), 3);
        let page = first.page(vec![9, 8, 7], |item| *item, |item| item);
        assert_eq!(page.items, [9, 8]);
        let next = page.next.unwrap();
        assert_eq!(wanted("runs", Some(&next)).unwrap().after, Some(8));
        assert_eq!(first.page(vec![1, 2], |item| *item, |item| item).next, None);
    }

    #[test]
    fn what_was_not_handed_out_for_this_list_is_refused() {
        let other = write("people", 8).unwrap();
        let text = write("runs", "x").unwrap();
        let more = URL_SAFE_NO_PAD.encode(r#"{"of":"runs","at":1,"x":2}"#);
        for cursor in [other.as_str(), &text, &more, "", "8", "%%%", "AAAA", &"A".repeat(5_000)] {
            let refused = wanted("runs", Some(cursor)).unwrap_err();
            assert_eq!(refused.0.code, "TEN-E0112", "{cursor}");
        }
    }
}
