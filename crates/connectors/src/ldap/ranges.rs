//! Attributes with so many values that a server hands them out in pieces, as
//! `member;range=0-1499`. Without this a big group would look smaller than it is.

use tenure_connect::{Refusal, RefusalClass};

use super::LdapConnector;
use super::entry::{Entry, malformed};
use super::pool::{Lease, Search};

/// One piece, and where the next one begins.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    values: &'a [String],
    next: Option<usize>,
}

impl LdapConnector {
    /// Every value of an attribute of a group, and no more than so many.
    pub(super) async fn every_value(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        attribute: &str,
        values_max: usize,
    ) -> Result<Vec<String>, Refusal> {
        let mut values = entry.values(attribute).to_vec();
        let mut piece = piece(entry, attribute, 0);
        let mut latest;
        while let Some(Piece { values: some, next }) = piece {
            values.extend_from_slice(some);
            let Some(next) = next.filter(|_| values.len() <= values_max) else { break };
            latest = self.next_piece(lease, entry, attribute, next).await?;
            piece = self::piece(&latest, attribute, next);
            if piece.is_none() {
                return Err(malformed("a piece of a group that does not go on where the last one ended"));
            }
        }
        Ok(values)
    }

    async fn next_piece(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        attribute: &str,
        from: usize,
    ) -> Result<Entry, Refusal> {
        let wanted = format!("{attribute};range={from}-*");
        let search = Search::entry(&entry.dn, vec![self.dialect().id_attribute(), &wanted]);
        let (mut found, result) = lease.search(search).await?;
        match (result.rc, found.pop()) {
            (0, Some(raw)) => self.parse(raw),
            (0, None) => {
                let message = format!("`{}` vanished while it was read; read again from the first page", entry.dn);
                Err(Refusal::new(RefusalClass::Stale, message))
            }
            _ => Err(lease.refusal("reading the rest of a group", result)),
        }
    }
}

/// The piece of an attribute that begins here, if the entry has one.
fn piece<'a>(entry: &'a Entry, attribute: &str, from: usize) -> Option<Piece<'a>> {
    let prefix = format!("{};range={from}-", attribute.to_ascii_lowercase());
    let (name, values) = entry.all().find(|(name, _)| name.starts_with(&prefix))?;
    let next = match name.get(prefix.len()..)? {
        "*" => None,
        last => {
            let last: usize = last.parse().ok()?;
            // One that ends before it began would be asked for again and again.
            Some(last.checked_add(1).filter(|next| *next > from && values.len() == *next - from)?)
        }
    };
    Some(Piece { values, next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::entry::tests::entry;

    #[test]
    fn a_piece_says_where_the_next_begins() {
        let group = entry("cn=g", &[("dn", &["1"]), ("member;range=0-1", &["a", "b"])]);
        assert_eq!(piece(&group, "member", 0).unwrap().next, Some(2));
        assert_eq!(piece(&group, "member", 2), None);
        let last = entry("cn=g", &[("dn", &["1"]), ("member;range=2-*", &["c"])]);
        assert_eq!(piece(&last, "Member", 2), Some(Piece { values: &["c".to_owned()], next: None }));
        let plain = entry("cn=g", &[("dn", &["1"]), ("member", &["a"])]);
        assert_eq!(piece(&plain, "member", 0), None);
    }

    #[test]
    fn a_piece_that_is_not_as_long_as_it_says_is_none() {
        for name in ["member;range=0-5", "member;range=0-x", "member;range=0-", "member;range=0-18446744073709551615"] {
            assert_eq!(piece(&entry("cn=g", &[("dn", &["1"]), (name, &["a", "b"])]), "member", 0), None, "{name}");
        }
    }
}
