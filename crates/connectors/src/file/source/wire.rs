//! The packets of SFTP version 3 that reading takes, as they go over the pipes of an SSH client
//! (draft-ietf-secsh-filexfer-02). Whatever the server sends is held against limits first.

/// What we ask.
pub(super) enum Ask<'a> {
    /// Which version.
    Init,
    /// To read a file.
    Open(&'a str),
    /// To list a folder.
    OpenFolder(&'a str),
    /// To end with a handle.
    Close(&'a [u8]),
    /// So many bytes of a file from there on.
    Read(&'a [u8], u64, u32),
    /// The next entries of a folder.
    ReadFolder(&'a [u8]),
}

/// What the server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its version.
    Version(u32),
    /// A code; 0 is well and 1 the end.
    Status(u32),
    /// A handle.
    Handle(Vec<u8>),
    /// Bytes of a file.
    Data(Vec<u8>),
    /// Entries of a folder.
    Names(Vec<Entry>),
}

/// An entry of a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) modified: u32,
    /// Whether it is a plain file, as far as the server says.
    pub(super) is_file: bool,
}

/// A packet with its length before it. `id` comes back with the answer.
pub(super) fn packet(ask: &Ask<'_>, id: u32) -> Vec<u8> {
    let mut body = Vec::new();
    let text = |body: &mut Vec<u8>, text: &[u8]| {
        body.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend_from_slice(text);
    };
    let kind: u8 = match ask {
        Ask::Init => 1,
        Ask::Open(_) => 3,
        Ask::Close(_) => 4,
        Ask::Read(..) => 5,
        Ask::OpenFolder(_) => 11,
        Ask::ReadFolder(_) => 12,
    };
    body.push(kind);
    body.extend_from_slice(&if matches!(ask, Ask::Init) { 3 } else { id }.to_be_bytes());
    match ask {
        Ask::Init => {}
        Ask::Open(path) => {
            text(&mut body, path.as_bytes());
            // To read, and with no attributes.
            body.extend_from_slice(&1u32.to_be_bytes());
            body.extend_from_slice(&0u32.to_be_bytes());
        }
        Ask::OpenFolder(path) => text(&mut body, path.as_bytes()),
        Ask::Close(handle) | Ask::ReadFolder(handle) => text(&mut body, handle),
        Ask::Read(handle, offset, count) => {
            text(&mut body, handle);
            body.extend_from_slice(&offset.to_be_bytes());
            body.extend_from_slice(&count.to_be_bytes());
        }
    }
    let mut packet = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    packet.append(&mut body);
    packet
}

/// The answer in a packet without its length, and which question it is to; none if it is none.
pub(super) fn answer(packet: &[u8]) -> Option<(u32, Answer)> {
    let mut from = Bytes(packet);
    let kind = from.take(1)?.first().copied()?;
    let id = from.number()?;
    let answer = match kind {
        2 => Answer::Version(id),
        101 => Answer::Status(from.number()?),
        102 => Answer::Handle(from.text()?.to_vec()),
        103 => Answer::Data(from.text()?.to_vec()),
        104 => {
            let count = from.number()?;
            let mut entries = Vec::new();
            for _ in 0..count {
                entries.push(from.entry()?);
            }
            Answer::Names(entries)
        }
        _ => return None,
    };
    Some((id, answer))
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length as usize)
    }

    fn entry(&mut self) -> Option<Entry> {
        let name = String::from_utf8_lossy(self.text()?).into_owned();
        self.text()?;
        let flags = self.number()?;
        let mut entry = Entry { name, bytes: 0, modified: 0, is_file: true };
        if flags & 1 != 0 {
            entry.bytes = u64::from_be_bytes(self.take(8)?.try_into().ok()?);
        }
        if flags & 2 != 0 {
            self.take(8)?;
        }
        if flags & 4 != 0 {
            entry.is_file = self.number()? & 0o170_000 == 0o100_000;
        }
        if flags & 8 != 0 {
            self.take(4)?;
            entry.modified = self.number()?;
        }
        if flags & 0x8000_0000 != 0 {
            for _ in 0..self.number()? {
                self.text()?;
                self.text()?;
            }
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_draft_says() {
        assert_eq!(packet(&Ask::Init, 9), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
        let open = packet(&Ask::Open("/a"), 7);
        assert_eq!(open, [0, 0, 0, 19, 3, 0, 0, 0, 7, 0, 0, 0, 2, b'/', b'a', 0, 0, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn no_packet_of_a_server_is_believed_beyond_its_end() {
        let names = [104, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, b'f', 0, 0, 0, 0, 0, 0, 0, 9];
        let whole = [&names[..], &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2]].concat();
        let entry = Entry { name: "f".into(), bytes: 5, modified: 2, is_file: true };
        assert_eq!(answer(&whole), Some((1, Answer::Names(vec![entry]))));
        for end in 0..whole.len() {
            assert_eq!(answer(&whole[..end]), None);
        }
        assert_eq!(answer(&[103, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]), None);
        assert_eq!(answer(&[104, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]), None);
    }
}
