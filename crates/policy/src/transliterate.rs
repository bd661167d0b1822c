//! Latin letters without their accents, for names in systems that only take ASCII.

/// The text in ASCII: accents go, letters such as `ß` and `ł` get their usual spelling, and what
/// has none is left out.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            out.push_str(spelling(letter));
        }
    }
    out
}

const SPELLINGS: [(&str, &str); 62] = [
    ("ÀÁÂÃĀĂĄǍ", "A"),
    ("àáâãāăąǎ", "a"),
    ("Ä", "Ae"),
    ("ä", "ae"),
    ("ÅǺ", "A"),
    ("åǻ", "a"),
    ("Æ", "Ae"),
    ("æ", "ae"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ĎĐÐ", "D"),
    ("ďđð", "d"),
    ("ÈÉÊËĒĔĖĘĚẼ", "E"),
    ("èéêëēĕėęěẽ", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ìíîïĩīĭįı", "i"),
    ("Ĵ", "J"),
    ("ĵ", "j"),
    ("Ķ", "K"),
    ("ķ", "k"),
    ("ĹĻĽĿŁ", "L"),
    ("ĺļľŀł", "l"),
    ("ÑŃŅŇ", "N"),
    ("ñńņň", "n"),
    ("ÒÓÔÕŌŎŐ", "O"),
    ("òóôõōŏő", "o"),
    ("Ö", "Oe"),
    ("ö", "oe"),
    ("Ø", "O"),
    ("ø", "o"),
    ("Œ", "Oe"),
    ("œ", "oe"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ẞ", "SS"),
    ("ŢŤŦȚ", "T"),
    ("ţťŧț", "t"),
    ("Þ", "Th"),
    ("þ", "th"),
    ("ÙÚÛŨŪŬŮŰŲ", "U"),
    ("ùúûũūŭůűų", "u"),
    ("Ü", "Ue"),
    ("ü", "ue"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ÝŶŸ", "Y"),
    ("ýŷÿ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
    ("‘’‚′", "'"),
    ("“”„", "\""),
    ("‐‑‒–—", "-"),
    ("\u{a0}\u{2009}", " "),
    ("Ŋ", "N"),
    ("ŋ", "n"),
];

fn spelling(letter: char) -> &'static str {
    SPELLINGS.iter().find(|(letters, _)| letters.contains(letter)).map_or("", |(_, plain)| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_go_and_letters_get_their_usual_spelling() {
        assert_eq!(ascii("Łukasz Müller-Strauß"), "Lukasz Mueller-Strauss");
        assert_eq!(ascii("Zoë Ångström Øster"), "Zoe Angstroem Oster");
        assert_eq!(ascii("O’Brien 山田"), "O'Brien ");
    }
}
