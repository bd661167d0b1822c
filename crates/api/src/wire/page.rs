//! One page of a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits::{CURSOR_BYTES_MAX, PAGE_ITEMS_DEFAULT};
use crate::problem::FieldError;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Hand this back as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageQuery {
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many items at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl PageQuery {
    /// How many items to read, given the most that this installation hands out.
    pub fn items(&self, items_max: u32) -> Result<u32, FieldError> {
        match self.limit {
            None => Ok(PAGE_ITEMS_DEFAULT.min(items_max)),
            Some(limit) if (1..=items_max).contains(&limit) => Ok(limit),
            Some(limit) => Err(FieldError::new("/limit", format!("`{limit}` is not between 1 and {items_max}"))),
        }
    }

    /// The cursor, if it is one that could have been handed out.
    pub fn cursor(&self) -> Result<Option<&str>, FieldError> {
        match self.after.as_deref() {
            Some(cursor) if cursor.is_empty() || cursor.len() > CURSOR_BYTES_MAX => {
                Err(FieldError::new("/after", "this is not a cursor; use `next` of the last page as it is"))
            }
            cursor => Ok(cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_never_larger_than_the_limit() {
        let of = |limit| PageQuery { after: None, limit }.items(200);
        assert_eq!(of(None), Ok(PAGE_ITEMS_DEFAULT));
        assert_eq!(of(Some(200)), Ok(200));
        assert!(of(Some(0)).is_err() && of(Some(201)).is_err());
    }
}
