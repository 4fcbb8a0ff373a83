//! Words as other systems store them: what stands around them and cannot be seen is no part of them.

/// Without what cannot be seen at both ends: spaces of any width, tabs, line ends and other control characters, zero-width characters, marks of
/// direction and fillers. Empty when there is nothing else.
pub fn trim_blank(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Whether two texts are the same word, whatever the case of their letters and the blanks around them (rules, Eligibility 3).
pub fn is_same_word(a: &str, b: &str) -> bool {
    let letters = |text| trim_blank(text).chars().flat_map(char::to_lowercase);
    letters(a).eq(letters(b))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            // Soft hyphen, grapheme joiner, fillers, vowel separators.
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
            // Zero width, and marks of direction.
            | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            // An empty Braille pattern, variation selectors, interlinear marks, tags.
            | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What stands around words in databases.
    const BLANKS: [&str; 18] = [
        " ", "\t", "\n", "\r\n", "\0", "\u{85}", "\u{a0}", "\u{ad}", "\u{180e}", "\u{2007}", "\u{200b}", "\u{200c}", "\u{200d}",
        "\u{202f}", "\u{2060}", "\u{3000}", "\u{feff}", "\u{2028}",
    ];

    #[test]
    fn what_cannot_be_seen_around_a_word_is_no_part_of_it() {
        for blank in BLANKS {
            for text in [format!("{blank}cancelled"), format!("cancelled{blank}"), format!("{blank} {blank}cancelled {blank}")] {
                assert_eq!(trim_blank(&text), "cancelled", "{text:?}");
            }
            assert_eq!(trim_blank(blank), "", "{blank:?}");
        }
        assert_eq!(trim_blank("no\u{a0}claim"), "no\u{a0}claim", "inside a word it stays");
    }

    #[test]
    fn words_are_the_same_in_any_case() {
        for (a, b, same) in [
            ("PENDING", "pending", true),
            ("\u{feff}Pending\u{200b}", " pENDING\t", true),
            ("ÜBER", "über", true),
            ("", " \u{200b}", true),
            ("canceled", "cancelled", false),
            ("pending review", "pending", false),
            ("pending", "", false),
        ] {
            assert_eq!(is_same_word(a, b), same, "{a:?} and {b:?}");
        }
    }

    proptest! {
        #[test]
        fn blanks_around_a_word_change_nothing(word in "[a-z_]{0,12}", before in 0..BLANKS.len(), after in 0..BLANKS.len()) {
            let text = format!("{}{}{}", BLANKS[before], word.to_uppercase(), BLANKS[after]);
            prop_assert!(is_same_word(&text, &word));
        }
    }
}
