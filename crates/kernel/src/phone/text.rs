//! What people write into a field for a number: read as digits, or refused with a reason.
//!
//! Nothing is guessed. Digits of all scripts count by their value and stay in their order; spaces, marks that nobody sees, and the punctuation
//! of numbers between them do not matter; anything else refuses the whole text. No letter is ever handed on: libraries turn letters into the
//! digits of a keypad.

use super::InvalidPhoneNumber::{
    self, Date, DigitsMissing, EmailAddress, LettersInIt, NotANumber, ShortenedBySpreadsheet, TooManyDigits, TwoNumbers,
};
use super::digits;

/// The longest extension, in digits. A longer one is another number.
const LONGEST_EXTENSION: usize = 6;

/// Digits that a whole number has at least, and at most.
const SHORTEST: usize = 9;
const LONGEST: usize = 15;

/// What stands before an extension, in lower case; a longer mark before a shorter one that it begins with.
const EXTENSION_MARKS: [&str; 6] = ["extension", "extn", "ext", "xtn", "x", "#"];

/// What may stand before a number, with a colon, a full stop or a space.
const LABELS: [&str; 5] = ["telephone", "phone", "tel", "mobile", "mob"];

/// What a text says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// All digits of the number, in ASCII, as they were written: with `0044`, `0` or nothing in front.
    pub(super) digits: String,
    /// There is a plus in front of them.
    pub(super) has_plus: bool,
    /// What is behind a mark for an extension: one to six digits.
    pub(super) extension: Option<String>,
}

/// Reads a text as one number.
pub(super) fn read(text: &str) -> Result<Written, InvalidPhoneNumber> {
    let plain = plain(text);
    let plain = unwrapped(&plain);
    let (main, extension) = match split_extension(plain) {
        Some((main, extension)) => (main, Some(extension.to_owned())),
        None => (plain, None),
    };
    let Some((has_plus, digits)) = number(main) else { return Err(why_not(plain)) };
    // Only now: `1980-02-01` has nothing in it that belongs in no number.
    if is_date(main) {
        return Err(Date);
    }
    if is_two_in_one(main) {
        return Err(TwoNumbers);
    }
    if is_decimal(main) {
        return Err(NotANumber);
    }
    Ok(Written { digits, has_plus, extension })
}

/// The digits of a number or of a part of one, `+` in front where it was; none when there is anything in it that belongs in no number.
pub(super) fn read_part(text: &str) -> Option<String> {
    let plain = plain(text);
    let plain = unwrapped(&plain);
    let (has_plus, digits) = number(split_extension(plain).map_or(plain, |(main, _)| main))?;
    Some(if has_plus { format!("+{digits}") } else { digits })
}

/// Why a text is refused that has more digits than any number has.
pub(super) fn why_too_long(text: &str) -> InvalidPhoneNumber {
    if has_two_numbers(&plain(text)) { TwoNumbers } else { TooManyDigits }
}

/// The text in ASCII: digits by their value, everything that looks like a space or a hyphen as one, letters in lower case; without marks that
/// nobody sees. Other letters are a `z`, other signs a `!`: neither stands in any number, mark or label.
fn plain(text: &str) -> String {
    text.chars().filter_map(plain_char).collect()
}

fn plain_char(c: char) -> Option<char> {
    if let Some(value) = digits::value_of(c) {
        return Some(char::from(b'0' + value));
    }
    // Full-width forms of ASCII.
    let c = if ('\u{ff01}'..='\u{ff5e}').contains(&c) { char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c) } else { c };
    Some(match c {
        '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        ' '..='~' => c.to_ascii_lowercase(),
        // Soft hyphen, joiners, byte order mark, variation selectors, the frame of a keycap; marks of direction, but for U+202E, which
        // turns the digits themselves round before the eyes of whoever reads them.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202d}'
        | '\u{2060}'..='\u{206f}'
        | '\u{20e3}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0100}'..='\u{e01ef}' => return None,
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '·' | '\u{2024}' | '\u{2027}' => '.',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2018}'..='\u{201f}' => '"',
        '\u{fe62}' => '+',
        // Tabs, pictures of telephones, and letters and patterns that are blank.
        '\t' | '℡' | '☎' | '☏' | '✆' | '📞' | '📱' | '📲' | '🕻' | '🕼' | '🕽' | '🕾' | '🕿' | '\u{115f}' | '\u{1160}' | '\u{2800}'
        | '\u{3164}' | '\u{ffa0}' => ' ',
        _ if c.is_whitespace() => ' ',
        _ if c.is_alphanumeric() => 'z',
        _ => '!',
    })
}

/// Without what stands around a number and says nothing: spaces, quotes, `="…"` of a spreadsheet, `Tel:`, a stray comma at the end.
fn unwrapped(plain: &str) -> &str {
    let around = |c| matches!(c, ' ' | '\n' | '"' | '\'');
    let mut text = plain.trim_matches(around);
    text = text.strip_prefix('=').unwrap_or(text).trim_start_matches(around);
    if let Some(rest) = LABELS.iter().find_map(|label| text.strip_prefix(label)).filter(|rest| !begins_with_letter(rest)) {
        text = rest.trim_start_matches([' ', ':', '.']);
    }
    text.trim_end_matches([' ', '.', ',', ';'])
}

fn begins_with_letter(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What is before the mark of an extension, and the extension. None: there is no mark with one to six digits behind it and nothing else.
fn split_extension(text: &str) -> Option<(&str, &str)> {
    // No letter stands in a number: the first one begins the mark.
    let at = text.find(|c: char| c.is_ascii_lowercase() || c == '#')?;
    let (main, rest) = text.split_at(at);
    let rest = EXTENSION_MARKS.iter().find_map(|mark| rest.strip_prefix(mark))?;
    let rest = rest.trim_start_matches([' ', '.', ':', '=', '#']).trim_end_matches([' ', '.', ')', ']']);
    let is_extension = (1..=LONGEST_EXTENSION).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit());
    is_extension.then(|| (main.trim_end_matches([' ', '.', ',', ';', ':', '-', '(', '[']), rest))
}

/// Whether there is a plus in front, and the digits; none unless there are digits, and nothing but what belongs in one number.
fn number(main: &str) -> Option<(bool, String)> {
    let mut digits = String::with_capacity(16);
    let mut has_plus = false;
    for c in main.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => has_plus = true,
            ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']' => {}
            _ => return None,
        }
    }
    // Three points stand for what is left out.
    (!digits.is_empty() && !main.contains("..")).then_some((has_plus, digits))
}

/// `1980-02-01`, `1/2/1980`, with or without a time behind it.
fn is_date(main: &str) -> bool {
    let day = main.split(' ').next().unwrap_or_default();
    let parts: Vec<(usize, u32)> = day.split(['-', '/', '.']).map_while(|part| Some((part.len(), part.parse().ok()?))).collect();
    let is_day_and_month = |a, b| ((1..=31).contains(&a) && (1..=12).contains(&b)) || ((1..=12).contains(&a) && (1..=31).contains(&b));
    match parts[..] {
        [(4, year), (1 | 2, month), (1 | 2, day)] | [(1 | 2, day), (1 | 2, month), (4, year)] => {
            (1900..2100).contains(&year) && is_day_and_month(day, month)
        }
        _ => false,
    }
}

/// `07700 900142/3`: one or two digits behind the only slash or hyphen stand for the end of another number.
fn is_two_in_one(main: &str) -> bool {
    lone(main, &['/', '-']).is_some_and(|(_, after)| (1..=2).contains(&after))
}

/// `77009001.42`, `0.7700900142`: a fraction.
fn is_decimal(main: &str) -> bool {
    lone(main, &['.']).is_some_and(|(before, after)| before <= 1 || (1..=2).contains(&after))
}

/// How many digits stand before and behind the only one of these signs; none when there is none, or more.
fn lone(main: &str, signs: &[char]) -> Option<(usize, usize)> {
    let (before, after) = main.split_once(signs)?;
    (!after.contains(signs)).then(|| (digits_in(before), digits_in(after)))
}

/// Why a text with something in it that belongs in no number is refused.
fn why_not(text: &str) -> InvalidPhoneNumber {
    match digits_in(text) {
        _ if text.contains('@') => EmailAddress,
        0 => NotANumber,
        _ if is_scientific(text) => ShortenedBySpreadsheet,
        _ if has_two_numbers(text) => TwoNumbers,
        ..10 if is_masked(text) => DigitsMissing,
        _ => LettersInIt,
    }
}

fn digits_in(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// `7.7009E+09`.
fn is_scientific(text: &str) -> bool {
    let is_made_of = |text: &str, signs: &str| digits_in(text) > 0 && text.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    text.split_once('e').is_some_and(|(mantissa, exponent)| is_made_of(mantissa, "+-., ") && is_made_of(exponent, "+- "))
}

/// Signs that stand for digits: `07700 900xxx`, `07700 9001**`, `07700 9001…`.
fn is_masked(text: &str) -> bool {
    let is_mask = |c| matches!(c, '*' | '?' | '_' | '#' | '!' | 'x');
    (text.contains(is_mask) || text.contains("..")) && !text.contains(|c: char| c.is_ascii_lowercase() && c != 'x')
}

/// Two parts that are each long enough for a number, whatever is between them; or one, and what is left of another behind a sign of a list.
fn has_two_numbers(text: &str) -> bool {
    let is_between = |c: char| !matches!(c, '0'..='9' | ' ' | '-' | '.' | '(' | ')' | '[' | ']');
    let long = text.split(is_between).filter(|part| digits_in(part) >= SHORTEST).count();
    let is_list = || {
        let text = text.replace(" or ", "/").replace(" and ", "/");
        let is_parted = |at: usize| digits_in(&text[..at]) > 0 && digits_in(&text[at..]) > 0;
        let mut signs = text.match_indices(['/', ',', ';', '&', '|', '\\', '\n']);
        signs.any(|(at, _)| is_parted(at)) && !text.contains(|c: char| c.is_ascii_lowercase())
    };
    // Nothing but a space or a hyphen.
    let are_halves = |at: usize| [&text[..at], &text[at..]].iter().all(|half| (SHORTEST..=LONGEST).contains(&digits_in(half)));
    long >= 2 || (long == 1 && is_list()) || text.match_indices([' ', '-', '.']).any(|(at, _)| are_halves(at))
}
