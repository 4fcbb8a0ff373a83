//! How numbers were read up to release 0.1.0. Only to find whom that has rung or entered under a number that is not theirs: letters became the
//! digits of a keypad, and what stood behind a semicolon was left out. Nothing else may use this.

use kernel::NumberPolicy;
use phonenumber::{Mode, Type, country};

/// The number in E.164 that a text was taken for; none where it was refused.
pub(super) fn parse(raw: &str, policy: &NumberPolicy) -> Option<String> {
    let raw = raw.trim();
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    let text = if digits.starts_with("44") && digits.len() >= 11 && !raw.contains('+') { format!("+{digits}") } else { raw.to_owned() };
    let number = phonenumber::parse(Some(country::GB), &text).ok()?;
    let e164 = number.format().mode(Mode::E164).to_string();
    let code = number.country().code();
    if policy.test_prefixes.iter().any(|prefix| e164.starts_with(prefix.as_str())) && code == 44 && e164.len() == 13 {
        return Some(e164);
    }
    let is_at_home = code == 44 && number.country().id() == Some(country::GB);
    let is_allowed = is_at_home || (code != 44 && policy.other_countries.contains(&code));
    let is_dear = ["+4470", "+4484", "+4487", "+449"].iter().any(|prefix| e164.starts_with(prefix));
    let kind = number.number_type(&phonenumber::metadata::DATABASE);
    let is_ordinary = matches!(kind, Type::Mobile | Type::FixedLine | Type::FixedLineOrMobile | Type::Voip | Type::Uan);
    (phonenumber::is_valid(&number) && is_allowed && !is_dear && is_ordinary).then_some(e164)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_texts_for_numbers_that_are_not_in_them() {
        let policy = NumberPolicy { test_prefixes: vec!["+4477009".into(), "+441632960".into()], other_countries: vec![] };
        let read = |raw: &str| parse(raw, &policy);
        for (raw, taken_for) in [
            ("07700 9OO142", "+447700966142"),
            ("07700 900 Ann", "+447700900266"),
            ("07700900142;07700900143", "+447700900142"),
            ("07700 900142", "+447700900142"),
            ("447700900142", "+447700900142"),
            ("7700900142", "+447700900142"),
            ("07700\u{a0}900142", "+447700900142"),
            ("01632 960123 ext 45", "+441632960123"),
        ] {
            assert_eq!(read(raw).as_deref(), Some(taken_for), "{raw}");
        }
        for raw in ["", "n/a", "441632960123 ext 45", "07700900142 07700900143", "0871 000 0000", "07797 000000"] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }
}
