//! Reading and writing the few ASN.1 structures that controls carry. Nothing that a server sends
//! can make it panic.

use ldap3::asn1::{PL, StructureTag, TagClass, Types, parse_tag};
use ldap3::controls::{Control, RawControl};

/// A part of what a request carries in a control.
pub(super) enum Part {
    Number(i32),
    Choice(u8),
    Octets(Vec<u8>),
}

/// A control that must be understood, with a sequence of these for its value.
pub(super) fn demand(oid: &str, parts: Vec<Part>) -> RawControl {
    let inner: Vec<u8> = parts
        .into_iter()
        .flat_map(|part| match part {
            Part::Number(number) => tagged(2, &number.to_be_bytes()),
            Part::Choice(choice) => tagged(10, &[choice]),
            Part::Octets(bytes) => tagged(4, &bytes),
        })
        .collect();
    RawControl { ctype: oid.to_owned(), crit: true, val: Some(tagged(0x30, &inner)) }
}

/// A control without a value.
pub(super) fn plain(oid: &str) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit: true, val: None }
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut bytes = vec![tag];
    match digits.as_slice() {
        [] => bytes.push(0),
        [short @ 0..0x80] => bytes.push(*short),
        // A length has eight bytes at most.
        long => {
            bytes.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            bytes.extend(long);
        }
    }
    bytes.extend(content);
    bytes
}

/// The elements of the sequence that a value is.
pub(super) fn elements(value: &[u8]) -> Option<Vec<StructureTag>> {
    parse_tag(value).ok()?.1.expect_constructed()
}

/// The elements of the value of the control of this kind.
pub(super) fn control(controls: &[Control], oid: &str) -> Option<Vec<StructureTag>> {
    let found = controls.iter().find(|control| control.1.ctype == oid)?;
    elements(found.1.val.as_deref()?)
}

/// A whole number.
pub(super) fn number(tag: &StructureTag) -> Option<i64> {
    let PL::P(bytes) = &tag.payload else { return None };
    if bytes.len() > 8 {
        return None;
    }
    let start = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(start, |number: i64, byte| (number << 8) | i64::from(*byte)))
}

/// Whether it is a universal tag of this kind.
pub(super) fn is(tag: &StructureTag, kind: Types) -> bool {
    tag.class == TagClass::Universal && tag.id == kind as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_rubbish_is_nothing() {
        let long = vec![7; 300];
        let parts = vec![Part::Number(i32::MIN), Part::Choice(3), Part::Octets(long.clone()), Part::Octets(vec![])];
        let control = demand("1.2.3", parts);
        let value = control.val.unwrap();
        let elements = elements(&value).unwrap();
        assert_eq!((number(&elements[0]), number(&elements[1])), (Some(i64::from(i32::MIN)), Some(3)));
        assert!(is(&elements[0], Types::Integer) && is(&elements[1], Types::Enumerated));
        assert_eq!(elements[2].clone().expect_primitive(), Some(long));
        assert_eq!(elements[3].clone().expect_primitive(), Some(vec![]));
        for rubbish in [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 2, 2, 9], &[4, 1, 1]] {
            assert!(super::elements(rubbish).is_none(), "{rubbish:?}");
        }
    }
}
