//! The packets of the MySQL client protocol, taken apart and put together. Pure: whatever comes is
//! held against its own length, and what does not fit is none.

/// What a server says of itself when we connect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// What it can do.
    pub(super) capabilities: u32,
    /// What our proof of the password is mixed with.
    pub(super) nonce: Vec<u8>,
    /// How it wants to be proved.
    pub(super) method: String,
}

/// An answer that is not rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Done, with so many rows found.
    Ok(u64),
    /// A no, with its number and words.
    Err(u16, String),
    /// The end of a list.
    End,
    /// Prove yourself in this way, mixed with this.
    Switch(String, Vec<u8>),
    /// A piece of a proof that is under way.
    More(Vec<u8>),
    /// Something else.
    Other,
}

/// A prepared statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) id: u32,
    pub(super) columns: u16,
    pub(super) parameters: u16,
}

/// Flags of what we can do: matched rows are counted, a database is named, the protocol of 4.1,
/// transactions, proofs of any length and by several methods.
pub(super) const CAPABILITIES: u32 = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 19;
/// The flag of TLS.
pub(super) const TLS: u32 = 1 << 11;
/// `utf8mb4_general_ci`, which every server knows.
const CHARSET: u8 = 45;
/// The longest packet that we take, in bytes; one as long goes on in the next.
pub(super) const PACKET_BYTES_MAX: usize = 0x00FF_FFFF;

/// Takes bytes from the front.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn long(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn until_zero(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let found = self.take(end)?;
        self.take(1)?;
        Some(found)
    }

    /// A number of one to nine bytes.
    pub(super) fn number(&mut self) -> Option<u64> {
        let width = match self.byte()? {
            short @ 0..=0xFA => return Some(u64::from(short)),
            0xFC => 2,
            0xFD => 3,
            0xFE => 8,
            _ => return None,
        };
        let mut whole = [0; 8];
        for (to, from) in whole.iter_mut().zip(self.take(width)?) {
            *to = *from;
        }
        Some(u64::from_le_bytes(whole))
    }

    /// A text with its length before it.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }
}

/// The first packet of a server.
pub(super) fn greeting(packet: &[u8]) -> Option<Greeting> {
    let mut from = Bytes(packet);
    if from.byte()? != 10 {
        return None;
    }
    from.until_zero()?;
    from.long()?;
    let mut nonce = from.take(8)?.to_vec();
    from.take(1)?;
    let low = from.short()?;
    from.take(3)?;
    let high = from.short()?;
    let capabilities = u32::from(low) | u32::from(high) << 16;
    let length = from.byte()?;
    from.take(10)?;
    // The second half has at least 13 bytes, the last of which is a zero.
    let second = from.take(usize::from(length).saturating_sub(8).max(13))?;
    nonce.extend_from_slice(second.strip_suffix(&[0]).unwrap_or(second));
    let method = from.until_zero().unwrap_or(from.0);
    Some(Greeting { capabilities, nonce, method: String::from_utf8_lossy(method).into_owned() })
}

/// The packet that asks for TLS, or the front of the one with our proof.
pub(super) fn front(capabilities: u32) -> Vec<u8> {
    let mut packet = capabilities.to_le_bytes().to_vec();
    packet.extend_from_slice(&0x0100_0000u32.to_le_bytes());
    packet.push(CHARSET);
    packet.extend_from_slice(&[0; 23]);
    packet
}

/// Who we are and the proof of it.
pub(super) fn sign_in(capabilities: u32, user: &str, proof: &[u8], database: &str, method: &str) -> Vec<u8> {
    let mut packet = front(capabilities);
    packet.extend_from_slice(user.as_bytes());
    packet.push(0);
    packet.push(u8::try_from(proof.len()).unwrap_or(0));
    packet.extend_from_slice(proof);
    for text in [database, method] {
        packet.extend_from_slice(text.as_bytes());
        packet.push(0);
    }
    packet
}

/// What a packet says, where rows are not expected.
pub(super) fn answer(packet: &[u8]) -> Answer {
    let mut from = Bytes(packet);
    match from.byte() {
        Some(0x00) => from.number().map_or(Answer::Other, Answer::Ok),
        Some(0x01) => Answer::More(from.0.to_vec()),
        Some(0xFF) => err(from).unwrap_or(Answer::Other),
        Some(0xFE) if packet.len() < 9 => Answer::End,
        Some(0xFE) => {
            let Some(method) = from.until_zero() else { return Answer::Other };
            let nonce = from.0.strip_suffix(&[0]).unwrap_or(from.0);
            Answer::Switch(String::from_utf8_lossy(method).into_owned(), nonce.to_vec())
        }
        _ => Answer::Other,
    }
}

fn err(mut from: Bytes<'_>) -> Option<Answer> {
    let number = from.short()?;
    // Before the words there is a `#` and an SQLSTATE, except while connecting.
    let words = from.0.strip_prefix(b"#").and_then(|rest| rest.get(5..)).unwrap_or(from.0);
    Some(Answer::Err(number, String::from_utf8_lossy(words).into_owned()))
}

/// The answer to a statement that was to be prepared.
pub(super) fn prepared(packet: &[u8]) -> Option<Prepared> {
    let mut from = Bytes(packet);
    if from.byte()? != 0 {
        return None;
    }
    Some(Prepared { id: from.long()?, columns: from.short()?, parameters: from.short()? })
}

/// The type of a column, from its definition.
pub(super) fn column_type(packet: &[u8]) -> Option<u8> {
    let mut from = Bytes(packet);
    for _ in 0..6 {
        from.text()?;
    }
    from.number()?;
    from.take(6)?;
    from.byte()
}

/// Whether values of this type come as text with a length before it.
pub(super) fn is_text(kind: u8) -> bool {
    matches!(kind, 0x00 | 0x0F | 0xF5..=0xFE | 0x10)
}

/// A row of a prepared statement whose columns are all text.
pub(super) fn row(packet: &[u8], columns: usize) -> Option<Vec<Option<String>>> {
    let mut from = Bytes(packet);
    if from.byte()? != 0 {
        return None;
    }
    // Two bits stand before those of the columns.
    let missing = from.take((columns + 9) / 8)?;
    let is_missing = |at: usize| missing.get((at + 2) / 8).is_some_and(|byte| byte >> ((at + 2) % 8) & 1 == 1);
    let mut cells = Vec::with_capacity(columns);
    for at in 0..columns {
        cells.push(if is_missing(at) { None } else { Some(String::from_utf8_lossy(from.text()?).into_owned()) });
    }
    from.0.is_empty().then_some(cells)
}

/// A value for the place of a parameter.
pub(super) enum Parameter<'a> {
    Null,
    Text(&'a str),
    Int(i64),
}

/// The packet that runs a prepared statement with values.
pub(super) fn execute(id: u32, parameters: &[Parameter<'_>]) -> Vec<u8> {
    let mut packet = vec![0x17];
    packet.extend_from_slice(&id.to_le_bytes());
    packet.push(0);
    packet.extend_from_slice(&1u32.to_le_bytes());
    if parameters.is_empty() {
        return packet;
    }
    let mut missing = vec![0u8; parameters.len().div_ceil(8)];
    let (mut types, mut values) = (Vec::new(), Vec::new());
    for (at, parameter) in parameters.iter().enumerate() {
        match parameter {
            Parameter::Null => {
                types.extend_from_slice(&[0x06, 0]);
                if let Some(byte) = missing.get_mut(at / 8) {
                    *byte |= 1 << (at % 8);
                }
            }
            Parameter::Int(number) => {
                types.extend_from_slice(&[0x08, 0]);
                values.extend_from_slice(&number.to_le_bytes());
            }
            Parameter::Text(text) => {
                types.extend_from_slice(&[0xFD, 0]);
                put_number(&mut values, text.len() as u64);
                values.extend_from_slice(text.as_bytes());
            }
        }
    }
    packet.extend_from_slice(&missing);
    packet.push(1);
    packet.append(&mut types);
    packet.append(&mut values);
    packet
}

fn put_number(into: &mut Vec<u8>, number: u64) {
    let bytes = number.to_le_bytes();
    let (mark, width) = match number {
        0..=0xFA => (None, 1),
        0xFB..=0xFFFF => (Some(0xFC), 2),
        0x1_0000..=0xFF_FFFF => (Some(0xFD), 3),
        _ => (Some(0xFE), 8),
    };
    into.extend(mark);
    into.extend_from_slice(bytes.get(..width).unwrap_or(&bytes));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_packet_of_a_server_makes_us_stumble(packet in proptest::collection::vec(any::<u8>(), 0..300), columns in 0usize..40) {
            let _ = (greeting(&packet), answer(&packet), prepared(&packet), column_type(&packet), row(&packet, columns));
        }

        #[test]
        fn numbers_come_back(number: u64) {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            let mut from = Bytes(&bytes);
            prop_assert_eq!(from.number(), Some(number));
            prop_assert!(from.0.is_empty());
        }

        #[test]
        fn rows_come_back(cells in proptest::collection::vec(proptest::option::of(".{0,300}"), 1..20)) {
            let mut packet = vec![0];
            let mut missing = vec![0u8; (cells.len() + 9) / 8];
            let mut values = Vec::new();
            for (at, cell) in cells.iter().enumerate() {
                match cell {
                    None => missing[(at + 2) / 8] |= 1 << ((at + 2) % 8),
                    Some(text) => {
                        put_number(&mut values, text.len() as u64);
                        values.extend_from_slice(text.as_bytes());
                    }
                }
            }
            packet.extend(missing);
            packet.extend(values);
            prop_assert_eq!(row(&packet, cells.len()), Some(cells.clone()));
            packet.pop();
            prop_assert!(row(&packet, cells.len()).is_none_or(|short| short != cells));
        }
    }

    #[test]
    fn values_are_laid_out_as_the_protocol_says() {
        let packet = execute(7, &[Parameter::Null, Parameter::Int(1), Parameter::Text("ab")]);
        let wanted = [
            &[0x17, 7, 0, 0, 0, 0, 1, 0, 0, 0, 0b001, 1, 6, 0, 8, 0, 0xFD, 0][..],
            &[1, 0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b'],
        ];
        assert_eq!(packet, wanted.concat());
    }
}
