//! Text as mail carries it: encoded words in headers, quoted-printable in bodies.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest line of a body, in bytes, without its end.
const LINE_BYTES_MAX: usize = 76;
/// The longest header that is written as it is.
const PLAIN_HEADER_BYTES_MAX: usize = 60;
/// Bytes of text in one encoded word: with what surrounds it and the name of its header before it,
/// a line stays below the 76 signs that are allowed.
const WORD_BYTES_MAX: usize = 39;

/// A text as the value of a header. Whatever is in it, it can end no line and begin no header.
pub(super) fn header(text: &str) -> String {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !text.contains("=?");
    if plain && text.len() <= PLAIN_HEADER_BYTES_MAX {
        return text.to_owned();
    }
    encoded(text)
}

/// A name before an address: in quotes if plain signs of it mean something.
pub(super) fn phrase(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_'".contains(&byte);
    let visible = name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\');
    if name.bytes().all(plain) && name.len() <= PLAIN_HEADER_BYTES_MAX {
        name.to_owned()
    } else if visible && !name.contains("=?") && name.len() <= PLAIN_HEADER_BYTES_MAX {
        format!("\"{name}\"")
    } else {
        encoded(name)
    }
}

fn encoded(text: &str) -> String {
    let words: Vec<String> =
        pieces(text).iter().map(|piece| format!("=?UTF-8?B?{}?=", STANDARD.encode(piece))).collect();
    words.join("\r\n ")
}

/// Pieces of a text that fit into an encoded word each; a letter is never cut.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in text.chars() {
        let full = pieces.last().is_some_and(|piece| piece.len() + letter.len_utf8() > WORD_BYTES_MAX);
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

/// A text as quoted-printable, with the line ends of mail.
pub(super) fn quoted_printable(text: &str) -> String {
    let mut body = String::with_capacity(text.len() + text.len() / 8);
    for line in text.replace("\r\n", "\n").replace('\r', "\n").trim_end_matches('\n').split('\n') {
        write_line(&mut body, line);
        body.push_str("\r\n");
    }
    body
}

fn write_line(body: &mut String, line: &str) {
    let mut width = 0;
    let last = line.len().saturating_sub(1);
    for (place, byte) in line.bytes().enumerate() {
        // A blank at the end of a line may get lost on the way.
        let blank_at_end = place == last && (byte == b' ' || byte == b'\t');
        let plain = (byte == b'\t' || (b' '..=b'~').contains(&byte)) && byte != b'=' && !blank_at_end;
        let needed = if plain { 1 } else { 3 };
        if width + needed >= LINE_BYTES_MAX {
            body.push_str("=\r\n");
            width = 0;
        }
        if plain {
            body.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(body, "={byte:02X}");
        }
        width += needed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_one_header_whatever_is_in_it() {
        assert_eq!(header("Ada is gone"), "Ada is gone");
        assert_eq!(header("Zoë"), "=?UTF-8?B?Wm/Dqw==?=");
        for text in ["a\r\nBcc: eve@example.org", "=?UTF-8?B?x?=", &"long ".repeat(100), &"Zoë ".repeat(100)] {
            let written = header(text);
            for line in written.split("\r\n") {
                assert!(line.trim_start().starts_with("=?UTF-8?B?") && line.len() <= 78, "{line}");
            }
            assert!(written.split("\r\n").skip(1).all(|line| line.starts_with(' ')), "{written}");
        }
    }

    #[test]
    fn a_name_is_quoted_or_encoded_when_its_signs_mean_something() {
        assert_eq!(phrase("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(phrase("Lovelace, Ada (IT)"), "\"Lovelace, Ada (IT)\"");
        assert_eq!(phrase("Ada \"Countess\""), "=?UTF-8?B?QWRhICJDb3VudGVzcyI=?=");
        assert_eq!(phrase("Zoë"), "=?UTF-8?B?Wm/Dqw==?=");
    }

    #[test]
    fn a_body_has_short_lines_and_loses_nothing() {
        assert_eq!(quoted_printable("a=b\nZoë \n"), "a=3Db\r\nZo=C3=AB=20\r\n");
        assert_eq!(quoted_printable("a\rb\r\nc"), "a\r\nb\r\nc\r\n");
        let long = quoted_printable(&"ë".repeat(200));
        assert!(long.lines().all(|line| line.len() <= LINE_BYTES_MAX), "{long}");
        assert_eq!(long.replace("=\r\n", "").trim_end(), "=C3=AB".repeat(200));
    }
}
