//! Lenders' codes, as the platform spells them, and names for people.

/// A code in the one form in which codes are compared: `Santander Consumer`, `santander-consumer ` and
/// `santander_consumer` are the same. Empty when there is nothing in it.
pub(crate) fn normalised(code: &str) -> String {
    words(code).map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

/// The readable name of a lender: `black_horse` → “Black Horse”, `hsbc` → “HSBC”. A code that nobody has seen before
/// is written in title case.
pub fn lender_name(code: &str) -> String {
    let mut name = String::with_capacity(code.len());
    for (at, word) in words(code).enumerate() {
        if at > 0 {
            name.push(' ');
        }
        let lower = word.to_lowercase();
        match lower.as_str() {
            "bmw" | "bnp" | "fce" | "gmac" | "hsbc" | "mbna" | "mg" | "psa" | "rbs" | "rci" | "tsb" | "uk" | "vw" | "vwfs" => {
                name.push_str(&lower.to_uppercase());
            }
            "natwest" => name.push_str("NatWest"),
            "motonovo" => name.push_str("MotoNovo"),
            "and" | "of" | "the" if at > 0 => name.push_str(&lower),
            _ => name.push_str(&capitalised(&lower)),
        }
    }
    name
}

/// With a capital first letter.
pub(crate) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| c == '_' || c == '-' || c.is_whitespace()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lender_is_shown_by_its_readable_name() {
        for (code, name) in [
            ("santander", "Santander"),
            ("black_horse", "Black Horse"),
            ("hsbc", "HSBC"),
            ("HSBC_UK", "HSBC UK"),
            ("bmw_financial_services", "BMW Financial Services"),
            ("bank_of_scotland", "Bank of Scotland"),
            ("natwest", "NatWest"),
            ("  close-brothers ", "Close Brothers"),
            ("never_seen_before", "Never Seen Before"),
            ("über_bank", "Über Bank"),
            ("", ""),
            ("__", ""),
        ] {
            assert_eq!(lender_name(code), name, "{code:?}");
        }
    }

    #[test]
    fn spellings_of_a_code_are_the_same_code() {
        for code in ["santander_consumer", " Santander_Consumer ", "SANTANDER-CONSUMER", "santander  consumer"] {
            assert_eq!(normalised(code), "santander_consumer", "{code:?}");
        }
        assert_eq!(normalised(" _ "), "");
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_name(code in "[a-zA-Z_ -]{0,40}") {
            let name = lender_name(&code);
            prop_assert_eq!(lender_name(&name), name.clone());
            prop_assert_eq!(normalised(&name), normalised(&code));
        }

        #[test]
        fn any_text_has_a_name_without_outer_spaces(code in "\\PC{0,40}") {
            let name = lender_name(&code);
            prop_assert_eq!(name.trim(), &name);
        }
    }
}
