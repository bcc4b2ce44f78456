//! Characters that cannot be seen: two codes that differ in one of them look the same.

/// The first character of a text that a reader cannot see, with its place among the characters, from 1.
///
/// These are control characters, spaces at the ends, and characters without width anywhere. Joiners and variation
/// selectors are fine where writing needs them, between characters beyond ASCII, as in many emoji.
pub(crate) fn first_invisible(text: &str) -> Option<(usize, char)> {
    let characters: Vec<char> = text.chars().collect();
    let last = characters.len().saturating_sub(1);
    let unseen = |at: usize, character: char| {
        let beyond_ascii = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|c| !c.is_ascii());
        let (before, after) = (beyond_ascii(at.checked_sub(1)), beyond_ascii(Some(at + 1)));
        match character {
            _ if character.is_control() => true,
            _ if character.is_whitespace() => at == 0 || at == last,
            '\u{200c}' | '\u{200d}' => !(before && after),
            // A keycap is a digit with a selector and a frame.
            '\u{fe00}'..='\u{fe0f}' => !before && characters.get(at + 1) != Some(&'\u{20e3}'),
            _ => name(character).is_some(),
        }
    };
    let found = characters.iter().enumerate().find(|(at, character)| unseen(*at, **character));
    found.map(|(at, character)| (at + 1, *character))
}

/// The name of an invisible character, if it is one that has a name here.
pub(crate) fn name(character: char) -> Option<&'static str> {
    Some(match character {
        ' ' => "SPACE",
        '\t' => "TAB",
        '\n' => "LINE FEED",
        '\r' => "CARRIAGE RETURN",
        '\u{a0}' => "NO-BREAK SPACE",
        '\u{ad}' => "SOFT HYPHEN",
        '\u{34f}' => "COMBINING GRAPHEME JOINER",
        '\u{61c}' => "ARABIC LETTER MARK",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "HANGUL FILLER",
        '\u{180b}'..='\u{180f}' => "MONGOLIAN SEPARATOR OR SELECTOR",
        '\u{2007}' => "FIGURE SPACE",
        '\u{200b}' => "ZERO WIDTH SPACE",
        '\u{200c}' => "ZERO WIDTH NON-JOINER",
        '\u{200d}' => "ZERO WIDTH JOINER",
        '\u{200e}' => "LEFT-TO-RIGHT MARK",
        '\u{200f}' => "RIGHT-TO-LEFT MARK",
        '\u{2028}' => "LINE SEPARATOR",
        '\u{2029}' => "PARAGRAPH SEPARATOR",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "DIRECTION MARK",
        '\u{202f}' => "NARROW NO-BREAK SPACE",
        '\u{2060}' => "WORD JOINER",
        '\u{2061}'..='\u{2064}' => "INVISIBLE OPERATOR",
        '\u{206a}'..='\u{206f}' => "DEPRECATED FORMAT CHARACTER",
        '\u{3000}' => "IDEOGRAPHIC SPACE",
        '\u{fe00}'..='\u{fe0f}' => "VARIATION SELECTOR",
        '\u{feff}' => "ZERO WIDTH NO-BREAK SPACE",
        '\u{fff9}'..='\u{fffb}' => "INTERLINEAR ANNOTATION",
        '\u{e0000}'..='\u{e007f}' => "TAG CHARACTER",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_found_where_it_stands() {
        for (text, place, character) in [
            ("TEE\u{200b}S", 4, '\u{200b}'),
            ("TEE\u{a0}", 4, '\u{a0}'),
            ("\u{3000}TEE", 1, '\u{3000}'),
            ("\u{feff}TEE", 1, '\u{feff}'),
            ("红\u{200b}", 2, '\u{200b}'),
            ("A\u{200d}B", 2, '\u{200d}'),
            ("A\u{fe0f}", 2, '\u{fe0f}'),
            ("a\nb", 2, '\n'),
            (" a", 1, ' '),
        ] {
            assert_eq!(first_invisible(text), Some((place, character)), "{text:?}");
        }
        for text in ["", "TEE-S", "a b", "红色T恤", "❤️", "1️⃣", "👩‍👧", "می‌خواهم", "a\u{a0}b", "é"]
        {
            assert_eq!(first_invisible(text), None, "{text:?}");
        }
    }
}
