//! Names in letters that any system takes: ASCII.
//!
//! Latin letters lose their marks or get their usual spelling; Greek and Cyrillic are spelled about
//! as passports do, with one table for all languages that use them. Other scripts have no spelling
//! here: the reading of a Chinese name, for example, is known to its bearer and in no table.

/// The text in ASCII. What has no spelling is left out.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    spell(text, &mut out, |_| {});
    out
}

/// The text in ASCII, or the first letter that has no spelling.
pub(crate) fn spelled(text: &str) -> Result<String, char> {
    let mut out = String::with_capacity(text.len());
    let mut unknown = None;
    spell(text, &mut out, |letter| {
        unknown.get_or_insert(letter);
    });
    match unknown {
        None => Ok(out),
        Some(letter) => Err(letter),
    }
}

fn spell(text: &str, out: &mut String, mut unknown: impl FnMut(char)) {
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        if letter.is_ascii() {
            out.push(letter);
        } else if let Some(spelling) = greek_pair(before, letter, letters.peek().copied()) {
            out.push_str(spelling);
        } else if let Some((_, spelling)) = SPELLINGS.iter().find(|(letters, _)| letters.contains(letter)) {
            out.push_str(spelling);
        } else if !is_mark(letter) {
            unknown(letter);
        }
        before = letter;
    }
}

/// Marks that stand after the letter that bears them; hard and soft signs, which change how a letter
/// sounds and have no sound; and what joins letters and is not seen.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}') || SILENT.contains(letter)
}

const SILENT: &str = "Ьь";

/// Ypsilon sounds as the vowel before it has it.
fn greek_pair(before: char, letter: char, next: Option<char>) -> Option<&'static str> {
    if !"υύΥΎ".contains(letter) {
        return None;
    }
    if "οόΟΌ".contains(before) {
        return Some("u");
    }
    let is_voiced = next.is_some_and(|next| "αάεέηήιίοόυύωώβγδζλμνρ".contains(next));
    "αεηΑΕΗ".contains(before).then_some(if is_voiced { "v" } else { "f" })
}

const SPELLINGS: [(&str, &str); 197] = [
    ("ÀÁÂÃÅĀĂĄǍǞǠǺȀȂȦȺḀẠẢẤẦẨẪẬẮẰẲẴẶ", "A"),
    ("àáâãåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặⱥ", "a"),
    ("ÄÆǢǼ", "Ae"),
    ("äæǣǽ", "ae"),
    ("ƁɃḂḄḆ", "B"),
    ("ƀɓḃḅḇ", "b"),
    ("ÇĆĈĊČȻḈ", "C"),
    ("çćĉċčȼḉ", "c"),
    ("ÐĎĐƉƊḊḌḎḐḒ", "D"),
    ("ðďđɖɗḋḍḏḑḓ", "d"),
    ("ǄǱ", "DZ"),
    ("ǅǲ", "Dz"),
    ("ǆǳ", "dz"),
    ("ÈÉÊËĒĔĖĘĚƎƏƐȄȆȨɆḔḖḘḚḜẸẺẼẾỀỂỄỆ", "E"),
    ("èéêëēĕėęěǝȅȇȩɇəɛḕḗḙḛḝẹẻẽếềểễệ", "e"),
    ("ƑḞ", "F"),
    ("ƒḟ", "f"),
    ("ĜĞĠĢƔǤǦǴḠ", "G"),
    ("ĝğġģǥǧǵɣḡ", "g"),
    ("ĤĦȞḢḤḦḨḪ", "H"),
    ("ĥħȟḣḥḧḩḫẖ", "h"),
    ("ÌÍÎÏĨĪĬĮİƖƗǏȈȊḬḮỈỊ", "I"),
    ("ìíîïĩīĭįıǐȉȋɨɩḭḯỉị", "i"),
    ("Ĳ", "IJ"),
    ("ĳ", "ij"),
    ("ĴɈ", "J"),
    ("ĵǰȷɉⱼ", "j"),
    ("ĶƘǨḰḲḴ", "K"),
    ("ķĸƙǩḱḳḵ", "k"),
    ("ĹĻĽĿŁȽḶḸḺḼ", "L"),
    ("ĺļľŀłƚḷḹḻḽ", "l"),
    ("Ǉ", "LJ"),
    ("ǈ", "Lj"),
    ("ǉ", "lj"),
    ("ḾṀṂ", "M"),
    ("ḿṁṃ", "m"),
    ("ÑŃŅŇŊƝǸṄṆṈṊ", "N"),
    ("ñńņňŉŋǹɲṅṇṉṋ", "n"),
    ("Ǌ", "NJ"),
    ("ǋ", "Nj"),
    ("ǌ", "nj"),
    ("ÒÓÔÕØŌŎŐƆƟƠǑǪǬǾȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ", "O"),
    ("òóôõøōŏőơǒǫǭǿȍȏȫȭȯȱɔɵṍṏṑṓọỏốồổỗộớờởỡợ", "o"),
    ("ÖŒ", "Oe"),
    ("öœ", "oe"),
    ("ƤṔṖ", "P"),
    ("ƥṕṗ", "p"),
    ("Ɋ", "Q"),
    ("ɋ", "q"),
    ("ŔŖŘȐȒɌṘṚṜṞ", "R"),
    ("ŕŗřȑȓɍṙṛṝṟ", "r"),
    ("ŚŜŞŠȘṠṢṤṦṨ", "S"),
    ("śŝşšſșṡṣṥṧṩẛ", "s"),
    ("ẞ", "SS"),
    ("ß", "ss"),
    ("ŢŤŦƬƮȚȾṪṬṮṰ", "T"),
    ("ţťŧƭțʈṫṭṯṱẗⱦ", "t"),
    ("Þ", "Th"),
    ("þ", "th"),
    ("ÙÚÛŨŪŬŮŰŲƯƱǓǕǗǙǛȔȖɄṲṴṶṸṺỤỦỨỪỬỮỰ", "U"),
    ("ùúûũūŭůűųưǔǖǘǚǜȕȗʉʊṳṵṷṹṻụủứừửữự", "u"),
    ("Ü", "Ue"),
    ("ü", "ue"),
    ("ƲṼṾⱽ", "V"),
    ("ʋṽṿ", "v"),
    ("ŴẀẂẄẆẈ", "W"),
    ("ŵẁẃẅẇẉẘ", "w"),
    ("ẊẌ", "X"),
    ("ẋẍ", "x"),
    ("ÝŶŸƳȲɎẎỲỴỶỸ", "Y"),
    ("ýÿŷƴȳɏẏẙỳỵỷỹ", "y"),
    ("ŹŻŽƵẐẒẔ", "Z"),
    ("źżžƶẑẓẕ", "z"),
    ("‘’‚′ʼʻʹ", "'"),
    ("“”„", "\""),
    ("‐‑‒–—", "-"),
    ("\u{a0}\u{2009}\u{202f}", " "),
    ("ΑΆ", "A"),
    ("αά", "a"),
    ("Β", "V"),
    ("β", "v"),
    ("Γ", "G"),
    ("γ", "g"),
    ("Δ", "D"),
    ("δ", "d"),
    ("ΕΈ", "E"),
    ("εέ", "e"),
    ("Ζ", "Z"),
    ("ζ", "z"),
    ("ΗΉ", "I"),
    ("ηή", "i"),
    ("Θ", "Th"),
    ("θ", "th"),
    ("ΙΊΪ", "I"),
    ("ιίϊΐ", "i"),
    ("Κ", "K"),
    ("κ", "k"),
    ("Λ", "L"),
    ("λ", "l"),
    ("Μ", "M"),
    ("μ", "m"),
    ("Ν", "N"),
    ("ν", "n"),
    ("Ξ", "X"),
    ("ξ", "x"),
    ("ΟΌ", "O"),
    ("οό", "o"),
    ("Π", "P"),
    ("π", "p"),
    ("Ρ", "R"),
    ("ρ", "r"),
    ("Σ", "S"),
    ("σς", "s"),
    ("Τ", "T"),
    ("τ", "t"),
    ("ΥΎΫ", "Y"),
    ("υύϋΰ", "y"),
    ("Φ", "F"),
    ("φ", "f"),
    ("Χ", "Ch"),
    ("χ", "ch"),
    ("Ψ", "Ps"),
    ("ψ", "ps"),
    ("ΩΏ", "O"),
    ("ωώ", "o"),
    ("АӘ", "A"),
    ("аә", "a"),
    ("Б", "B"),
    ("б", "b"),
    ("Ћ", "C"),
    ("ћ", "c"),
    ("Ч", "Ch"),
    ("ч", "ch"),
    ("Д", "D"),
    ("д", "d"),
    ("Ђ", "Dj"),
    ("ђ", "dj"),
    ("ЅЏ", "Dz"),
    ("ѕџ", "dz"),
    ("ЕЁЭ", "E"),
    ("еёэ", "e"),
    ("Ф", "F"),
    ("ф", "f"),
    ("ГҐЃҒ", "G"),
    ("гґѓғ", "g"),
    ("Һ", "H"),
    ("һ", "h"),
    ("ИІЇЙ", "I"),
    ("иіїй", "i"),
    ("Я", "Ia"),
    ("я", "ia"),
    ("ЄЪ", "Ie"),
    ("єъ", "ie"),
    ("Ю", "Iu"),
    ("ю", "iu"),
    ("Ј", "J"),
    ("ј", "j"),
    ("КЌҚ", "K"),
    ("кќқ", "k"),
    ("Х", "Kh"),
    ("х", "kh"),
    ("Л", "L"),
    ("л", "l"),
    ("Љ", "Lj"),
    ("љ", "lj"),
    ("М", "M"),
    ("м", "m"),
    ("НҢ", "N"),
    ("нң", "n"),
    ("Њ", "Nj"),
    ("њ", "nj"),
    ("ОӨ", "O"),
    ("оө", "o"),
    ("П", "P"),
    ("п", "p"),
    ("Р", "R"),
    ("р", "r"),
    ("С", "S"),
    ("с", "s"),
    ("Ш", "Sh"),
    ("ш", "sh"),
    ("Щ", "Shch"),
    ("щ", "shch"),
    ("Т", "T"),
    ("т", "t"),
    ("Ц", "Ts"),
    ("ц", "ts"),
    ("УЎҮҰ", "U"),
    ("уўүұ", "u"),
    ("В", "V"),
    ("в", "v"),
    ("Ы", "Y"),
    ("ы", "y"),
    ("З", "Z"),
    ("з", "z"),
    ("Ж", "Zh"),
    ("ж", "zh"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_go_and_letters_get_their_usual_spelling() {
        for (name, wanted) in [
            ("Łukasz Müller-Strauß", "Lukasz Mueller-Strauss"),
            ("Zoë Ångström Øster", "Zoe Angstroem Oster"),
            ("Nguyễn Thị Hồng", "Nguyen Thi Hong"),
            ("İbrahim Ğökçe Şahın", "Ibrahim Goekce Sahin"),
            ("Ștefan Țăranu", "Stefan Taranu"),
            ("Jose\u{301} Nun\u{303}ez", "Jose Nunez"),
            ("Þórður Æsir", "Thordur Aesir"),
            ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos"),
            ("Ευαγγελία Αυγέρη", "Evaggelia Avgeri"),
            ("Наталья Щербакова", "Natalia Shcherbakova"),
            ("Юрий Жуков", "Iurii Zhukov"),
            ("Сергій Їжак", "Sergii Izhak"),
            ("Ђорђе Љубић", "Djordje Ljubic"),
            ("O’Brien – Ñ", "O'Brien - N"),
        ] {
            assert_eq!(ascii(name), wanted);
            assert_eq!(spelled(name).as_deref(), Ok(wanted));
        }
    }

    #[test]
    fn what_has_no_spelling_is_left_out_or_told() {
        assert_eq!(ascii("O’Brien 山田"), "O'Brien ");
        for (name, letter) in [("山田 太郎", '山'), ("محمد", 'م'), ("ნინო", 'ნ'), ("Ada 😀", '😀')]
        {
            assert_eq!(spelled(name), Err(letter), "{name}");
        }
    }

    #[test]
    fn no_letter_has_two_spellings() {
        let all: String = SPELLINGS.iter().map(|(letters, _)| *letters).collect();
        let distinct: std::collections::BTreeSet<char> = all.chars().collect();
        assert_eq!(all.chars().count(), distinct.len());
        assert!(SPELLINGS.iter().all(|(_, spelling)| spelling.is_ascii() && !spelling.is_empty()));
    }
}
