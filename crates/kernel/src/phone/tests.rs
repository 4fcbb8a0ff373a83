use proptest::prelude::*;
use proptest::sample::select;

use super::InvalidPhoneNumber::{self, *};
use super::*;

fn development() -> NumberPolicy {
    NumberPolicy { test_prefixes: vec!["+4477009".into(), "+44207946".into(), "+441632960".into()], other_countries: vec![] }
}

fn parse(raw: &str) -> Result<(String, Option<String>), InvalidPhoneNumber> {
    ReadNumber::parse(raw, &development()).map(|read| (read.number.as_e164().to_owned(), read.extension))
}

fn assert_reads(raw: &str, e164: &str) {
    assert_eq!(parse(raw), Ok((e164.to_owned(), None)), "{raw:?}");
}

const MOBILE: &str = "+447700900142";

/// lessons, line 19: numbers like 07… failed with a spoken error.
#[test]
fn every_way_of_writing_a_number_gives_the_same_e164() {
    for raw in [
        "+447700900142",
        "447700900142",
        "07700900142",
        "7700900142",
        "07700 900142",
        "07700 900 142",
        " +44 7700 900142 ",
        "0 7700 900142",
        "0044 7700 900142",
        "00 44 7700 900142",
        "00447700900142",
        // The 0 of the national number kept behind the country code.
        "+44(0)7700900142",
        "+44 (0) 7700 900142",
        "+4407700900142",
        "4407700900142",
        "0044 (0) 7700 900142",
        "+44 (07700) 900142",
        "(0)7700 900142",
        // Brackets, dots, hyphens, slashes.
        "(07700) 900142",
        "[07700] 900142",
        "(+44) 7700 900142",
        "+(44) 7700 900142",
        "07700.900.142",
        "07700-900-142",
        "+44-7700-900142",
        "07700/900142",
        "07700 / 900142",
        "07700·900142",
        // A plus too many, or where none belongs.
        "++447700900142",
        "+ 44 7700 900142",
        "+07700900142",
        "+0044 7700 900142",
        // Around it.
        "'07700900142",
        "\"07700 900142\"",
        "“07700 900142”",
        "=\"07700900142\"",
        "Tel: 07700 900142",
        "tel:+447700900142",
        "Telephone 07700 900142",
        "Mobile: 07700 900142",
        "MOB. 07700 900142",
        "07700 900142,",
        "07700 900142;",
        "07700 900142.",
        "07700 900142\r\n",
        "\t07700\t900142",
    ] {
        assert_reads(raw, MOBILE);
    }
    for (raw, e164) in [
        ("020 7946 0000", "+442079460000"),
        ("(020) 7946-0000", "+442079460000"),
        ("0207 946 0123", "+442079460123"),
        ("0207-946-0123", "+442079460123"),
        ("20 7946 0123", "+442079460123"),
        ("020.79.46.01.23", "+442079460123"),
        ("01632 960123", "+441632960123"),
        ("01632960123", "+441632960123"),
        ("1632 960123", "+441632960123"),
        // 03 costs as a call to an area code.
        ("03069 990123", "+443069990123"),
        ("0306 999 0123", "+443069990123"),
    ] {
        assert_reads(raw, e164);
    }
}

#[test]
fn spaces_and_marks_that_nobody_sees_do_not_matter() {
    for between in [
        '\u{a0}',
        '\u{1680}',
        '\u{2000}',
        '\u{2003}',
        '\u{2007}',
        '\u{2008}',
        '\u{2009}',
        '\u{200a}',
        '\u{202f}',
        '\u{205f}',
        '\u{3000}',
        '\u{2800}',
        '\u{3164}',
        '\u{ad}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2060}',
        '\u{feff}',
        '\u{fe0d}',
        '\u{fe0f}',
        '\u{e0101}',
        '\u{180e}',
        '\u{61c}',
        '\u{34f}',
        '\u{2010}',
        '\u{2011}',
        '\u{2012}',
        '\u{2013}',
        '\u{2014}',
        '\u{2015}',
        '\u{2212}',
        '\u{ff0d}',
        '\u{fe63}',
        '\u{ff0e}',
        '\u{ff0f}',
        '\u{2024}',
        '\u{b7}',
        '\t',
    ] {
        assert_reads(&format!("07700{between}900142"), MOBILE);
        assert_reads(&format!("+44{between}7700{between}900142"), MOBILE);
    }
    for (before, behind) in [
        ("\u{feff}", ""),
        ("\u{200e}", "\u{200e}"),
        ("\u{202a}", "\u{202c}"),
        ("\u{202d}", "\u{202c}"),
        ("\u{2068}", "\u{2069}"),
        ("\u{a0}", "\u{a0}"),
        ("📞 ", ""),
        ("☎\u{fe0f}", ""),
        ("", " 📱"),
    ] {
        assert_reads(&format!("{before}07700 900142{behind}"), MOBILE);
    }
    assert_reads("＋44\u{3000}（0）\u{3000}7700\u{3000}900142", MOBILE);
    assert_reads("（07700）900142", MOBILE);
    // It turns the digits round before the eyes of whoever reads them.
    assert_eq!(parse("\u{202e}07700 900142\u{202c}"), Err(LettersInIt));
}

#[test]
fn digits_of_all_scripts_are_read_by_their_value() {
    for raw in [
        "٠٧٧٠٠ ٩٠٠١٤٢",
        "۰۷۷۰۰ ۹۰۰۱۴۲",
        "०७७०० ९००१४२",
        "০৭৭০০ ৯০০১৪২",
        "๐๗๗๐๐ ๙๐๐๑๔๒",
        "０７７００９００１４２",
        "＋４４　７７００　９００１４２",
        "+٤٤ ٧٧٠٠ ٩٠٠١٤٢",
        "𝟎𝟕𝟕𝟎𝟎 𝟗𝟎𝟎𝟏𝟒𝟐",
        "𝟬𝟳𝟳𝟬𝟬 𝟵𝟬𝟬𝟭𝟰𝟮",
        "0️⃣7️⃣7️⃣0️⃣0️⃣ 9️⃣0️⃣0️⃣1️⃣4️⃣2️⃣",
        "07700 ٩٠٠١٤٢",
    ] {
        assert_reads(raw, MOBILE);
    }
    // What counts without being a decimal digit.
    for raw in ["07700 90014²", "07700 90014②", "07700 90014Ⅱ", "07700 90014½", "07700 90014二", "07700 90014₂"] {
        assert!(matches!(parse(raw), Err(LettersInIt | DigitsMissing)), "{raw}");
    }
}

/// lessons, line 57: letters in a number became digits of a keypad, and a stranger's number was rung.
#[test]
fn letters_are_never_dialled() {
    for raw in [
        "07700 9OO142",
        "0770O 900142",
        "07700 900l42",
        "07700 90014Z",
        "O7700 900142",
        "07700 900 Ann",
        "07700 900TBC",
        "07700 9ОО142",
        "07700 900 З42",
        "07700 9oh142",
        "07700 900142 ask for Dan",
        "07700 900142 (mum)",
        "07700 900142 mum",
        "mum 07700 900142",
        "07700 900142 home",
        "Fax: 07700 900142",
        "01632 960123 option 2",
        "01632 960123 opt 2",
        "https://wa.me/447700900142",
        "tel:+447700900142;phone-context=+44",
        "+441632960123;isub=12",
        "ext 45 01632 960123",
        "0800 FLOWERS",
        "12 High Street",
        "SW1A 1AA",
        "07700\u{0336} 900142",
        "07700\u{8}900142",
        "07700\u{fffd}900142",
        "07700 900142 ❌",
        "07700 900142 #",
        "#07700900142",
        "07700~900142",
        "<07700 900142>",
        "07700 900142:2",
    ] {
        assert_eq!(parse(raw), Err(LettersInIt), "{raw:?}");
        for policy in [NumberPolicy::default(), NumberPolicy { other_countries: vec![1, 33, 353], ..development() }] {
            assert_eq!(PhoneNumber::parse(raw, &policy), Err(LettersInIt), "{raw:?}");
        }
    }
}

#[test]
fn what_is_no_number_is_refused_with_a_reason() {
    let two = "07700900142";
    for (raw, why) in [
        ("", NotANumber),
        (" ", NotANumber),
        ("-", NotANumber),
        ("+", NotANumber),
        ("none", NotANumber),
        ("n/a", NotANumber),
        ("same as husband", NotANumber),
        ("\u{200b}", NotANumber),
        ("77009001.42", NotANumber),
        ("0.7700900142", NotANumber),
        // Digits are missing, or masked.
        ("0", DigitsMissing),
        ("12345", DigitsMissing),
        ("7946 0123", DigitsMissing),
        ("0770090014", DigitsMissing),
        ("077009001", DigitsMissing),
        ("163296012", DigitsMissing),
        ("07700 900xxx", DigitsMissing),
        ("07700 9001xx", DigitsMissing),
        ("07700 9001**", DigitsMissing),
        ("07700 9001??", DigitsMissing),
        ("07700 9001__", DigitsMissing),
        ("07700 9001##", DigitsMissing),
        ("07700 9001••", DigitsMissing),
        ("07700 9001…", DigitsMissing),
        ("07700 900x42", DigitsMissing),
        ("07700 90014x2", DigitsMissing),
        ("+44 7700", DigitsMissing),
        ("+44", DigitsMissing),
        // Too many.
        ("077009001421", TooManyDigits),
        ("7700900142.0", NotANumber),
        ("0770090014212345", TooManyDigits),
        ("01632 960123 45", TooManyDigits),
        ("01632 960123 (45)", TooManyDigits),
        ("+44 (0) 07700 900142", TooManyDigits),
        ("0044 44 7700 900142", TooManyDigits),
        ("44 44 7700 900142", TooManyDigits),
        ("+0 44 7700 900142", TooManyDigits),
        ("+44 +44 7700 900142", LettersInIt),
        ("0044 +44 7700 900142", LettersInIt),
        (&"0".repeat(300), TooManyDigits),
        (&"7".repeat(100_000), TooManyDigits),
        // Two numbers in one field.
        (&format!("{two}/01632960456"), TwoNumbers),
        (&format!("{two} / 01632 960456"), TwoNumbers),
        (&format!("{two};07700900143"), TwoNumbers),
        (&format!("{two}, 07700900143"), TwoNumbers),
        (&format!("{two} 07700900143"), TwoNumbers),
        (&format!("{two}-07700900143"), TwoNumbers),
        (&format!("{two}\n07700900143"), TwoNumbers),
        (&format!("{two}\r\n07700900143"), TwoNumbers),
        (&format!("{two}\u{2028}07700900143"), TwoNumbers),
        (&format!("{two} or 01632 960456"), TwoNumbers),
        (&format!("{two} & 01632 960456"), TwoNumbers),
        (&format!("{two} and 01632 960456"), TwoNumbers),
        (&format!("{two} | 01632 960456"), TwoNumbers),
        (&format!("{two} + 01632 960456"), TwoNumbers),
        (&format!("{two} x 01632 960456"), TwoNumbers),
        (&format!("{two} (mum) 07700 900143 (dad)"), TwoNumbers),
        (&format!("📱{two} 📞01632 960456"), TwoNumbers),
        ("07700 900142/3", TwoNumbers),
        ("07700 900142 / 143", TwoNumbers),
        ("07700 900142-3", TwoNumbers),
        ("07700 900142 or 3", TwoNumbers),
        ("0770090014/2", TwoNumbers),
        // Something else.
        ("user07700900142@example.com", EmailAddress),
        ("1980-02-01", Date),
        ("01/02/1980", Date),
        ("1.2.1980", Date),
        ("2034-12-11 23", Date),
        ("4.4770090E+11", ShortenedBySpreadsheet),
        ("7.7009E+09", ShortenedBySpreadsheet),
        ("7,7009e9", ShortenedBySpreadsheet),
        // Nobody's.
        ("0000000000", TooManyDigits),
        ("00000000000", TooManyDigits),
        ("01632 999999", NotAssigned),
        // Dear, and services.
        ("09098 790123", ForbiddenKind),
        ("09066 123 456", ForbiddenKind),
        ("0871 000 0000", ForbiddenKind),
        ("0844 412 4321", ForbiddenKind),
        ("070-1234-5678", ForbiddenKind),
        ("+44 70 0000 0000", ForbiddenKind),
        ("0800 123 4567", ForbiddenKind),
        ("999", ForbiddenKind),
        ("112", ForbiddenKind),
        ("118 000", ForbiddenKind),
        ("116 123", ForbiddenKind),
        // Other countries.
        ("+33 1 99 00 12 34", ForeignCountry),
        ("0033 1 99 00 12 34", ForeignCountry),
        ("+1 202 555 0123", ForeignCountry),
        ("+353 20 913 0123", ForeignCountry),
        ("007700900142", ForeignCountry),
        ("07797 000000", CrownDependency),
        ("+44 7797 000000", CrownDependency),
        ("07781 000000", CrownDependency),
        ("07624 000000", CrownDependency),
        ("01534 000000", CrownDependency),
        ("01481 000000", CrownDependency),
        ("01624 000000", CrownDependency),
    ] {
        assert_eq!(parse(raw), Err(why), "{raw:?}");
    }
}

#[test]
fn a_marked_extension_is_kept_beside_the_number() {
    for mark in [
        " ext 45",
        " ext. 45",
        " ext.45",
        " ext: 45",
        "ext45",
        " Ext 45",
        " EXT 45",
        " extn 45",
        " extn. 45",
        " extension 45",
        " Extension: 45",
        " x45",
        " x 45",
        "x45",
        " X45",
        "#45",
        " #45",
        ";ext=45",
        "; ext 45",
        ", ext 45",
        " (ext 45)",
        " [x45]",
        " - ext 45",
        " ext #45",
        " ext ٤٥",
        " ｘ４５",
        " ext\u{a0}45",
    ] {
        for number in ["01632 960123", "+441632960123", "441632960123", "0044 1632 960123", "1632960123"] {
            let raw = format!("{number}{mark}");
            assert_eq!(parse(&raw), Ok(("+441632960123".to_owned(), Some("45".to_owned()))), "{raw:?}");
        }
    }
    assert_eq!(parse("tel:+441632960123;ext=0045"), Ok(("+441632960123".to_owned(), Some("0045".to_owned()))));
    for (raw, why) in [
        // Without a mark its digits would be glued to the number.
        ("01632 960123 45", TooManyDigits),
        ("01632 960123 ext", LettersInIt),
        ("01632 960123 ext forty", LettersInIt),
        ("01632 960123 ext 45 Dan", LettersInIt),
        ("01632 960123 ext 45 or 46", LettersInIt),
        ("01632 960123 ext 45/46", LettersInIt),
        ("01632 960123 ext 45 ext 46", LettersInIt),
        ("01632 960123 ext 1234567", LettersInIt),
        ("01632 960123,,45", TwoNumbers),
        ("01632 960 ext 45", DigitsMissing),
        ("0871 000 0000 ext 45", ForbiddenKind),
    ] {
        assert_eq!(parse(raw), Err(why), "{raw:?}");
    }
}

#[test]
fn numbers_of_other_countries_are_read_where_they_are_allowed() {
    let policy = NumberPolicy { other_countries: vec![353, 39], ..NumberPolicy::default() };
    let read = |raw: &str| PhoneNumber::parse(raw, &policy).map(|number| number.as_e164().to_owned());
    for raw in ["+353 1 234 5678", "00353 1 234 5678", "+353 (0)1 234 5678", "+353 01 234 5678"] {
        assert_eq!(read(raw), Ok("+35312345678".to_owned()), "{raw}");
    }
    // In Italy the 0 is a part of the number: without it, this one would be somebody's mobile.
    assert_eq!(read("+39 324 123456"), Ok("+39324123456".to_owned()));
    for raw in ["+39 0324 123456", "+39 (0)324 123456"] {
        assert_eq!(read(raw), Err(NotAssigned), "{raw}");
    }
    assert_eq!(read("+33 1 99 00 12 34"), Err(ForeignCountry));
    assert_eq!(read("+353 1"), Err(DigitsMissing));
    assert_eq!(read("+353 3 0000 0000"), Err(NotAssigned));
    assert_eq!(read("+353 1 234 567A"), Err(LettersInIt));
}

#[test]
fn test_numbers_are_refused_in_production() {
    let production = NumberPolicy::default();
    for raw in ["07700 900142", "+447700912345", "01632 960123"] {
        assert!(PhoneNumber::parse(raw, &production).is_err(), "{raw}");
    }
}

#[test]
fn a_callers_number_is_known_in_every_shape_or_is_none() {
    let of = |raw: &str| PhoneNumber::of_anybody(raw).map(|number| number.as_e164().to_owned());
    for raw in [MOBILE, "+07700900142", "07700900142", "447700900142", "+4407700900142", "00447700900142", "+00447700900142", "7700900142"]
    {
        assert_eq!(of(raw).as_deref(), Some(MOBILE), "{raw}");
    }
    // Also those that we would not ring.
    for (raw, number) in [
        ("+14155550123", "+14155550123"),
        ("+353209130123", "+353209130123"),
        ("0014155550123", "+14155550123"),
        ("+447797000000", "+447797000000"),
        ("+448710000000", "+448710000000"),
    ] {
        assert_eq!(of(raw).as_deref(), Some(number), "{raw}");
    }
    for raw in [
        "",
        "anonymous",
        "+",
        "+44",
        "+4477009001",
        "+4477009001421",
        "14155550123",
        "+0",
        "+000000000000",
        "sip:07700900142@example.com",
        "999",
    ] {
        assert_eq!(of(raw), None, "{raw}");
    }
}

#[test]
fn only_e164_is_taken_as_it_stands() {
    for good in [MOBILE, "+353209130123", "+12025550123"] {
        assert_eq!(PhoneNumber::try_from(good.to_owned()).unwrap().as_e164(), good);
    }
    for bad in [
        "",
        "07700900142",
        "447700900142",
        "+07700900142",
        "+4407700900142",
        "+44 7700 900142",
        "+1",
        "+4477009001420000000",
        "+44770090014O",
    ] {
        assert_eq!(PhoneNumber::try_from(bad.to_owned()), Err(NotANumber), "{bad}");
    }
}

#[test]
fn a_number_is_parted_behind_its_area_code() {
    for (e164, shown) in [
        ("+442079460123", "020 7946 0123"),
        ("+442920180123", "029 2018 0123"),
        ("+441134960123", "0113 496 0123"),
        ("+441214960123", "0121 496 0123"),
        ("+441914980123", "0191 498 0123"),
        ("+441632960123", "01632 960123"),
        ("+441539400000", "015394 00000"),
        ("+44169773555", "016977 3555"),
        ("+44120446123", "01204 46123"),
        ("+443069990123", "0306 999 0123"),
        ("+445500000123", "055 0000 0123"),
        ("+448081570123", "0808 157 0123"),
        ("+44800123456", "0800 123456"),
        ("+449098790123", "0909 879 0123"),
        (MOBILE, "07700 900142"),
        ("+33199001234", "+33199001234"),
        ("+44123456", "01234 56"),
    ] {
        assert_eq!(PhoneNumber::try_from(e164.to_owned()).unwrap().national(), shown);
    }
}

#[test]
fn a_number_is_masked_when_debugged() {
    let number = PhoneNumber::parse("07700900142", &development()).unwrap();
    assert_eq!(format!("{number:?}"), "PhoneNumber(…142)");
}

#[test]
fn digits_that_are_looked_for_are_read_as_those_of_a_number() {
    for (typed, digits) in [
        ("07700 900", Some("07700900")),
        ("\u{202a}+44 7700 900142\u{202c}", Some("+447700900142")),
        ("07700\u{a0}900142", Some("07700900142")),
        ("07700.900142", Some("07700900142")),
        ("07700–900142", Some("07700900142")),
        ("٩٠٠١٤٢", Some("900142")),
        ("01632 960123 ext 45", Some("01632960123")),
        ("48213", Some("48213")),
        ("Priya", None),
        ("07700 900 Ann", None),
        ("%", None),
        ("", None),
    ] {
        assert_eq!(typed_digits(typed).as_deref(), digits, "{typed:?}");
    }
}

/// All digits of a text, by value, whatever else is in it.
fn all_digits(text: &str) -> String {
    text.chars().filter_map(digits::value_of).map(|value| char::from(b'0' + value)).collect()
}

/// The rule of what may be dialled, said again without the code that reads.
fn check(raw: &str, policy: &NumberPolicy) -> Result<(), TestCaseError> {
    let Ok(read) = ReadNumber::parse(raw, policy) else { return Ok(()) };
    let digits = all_digits(raw);
    let extension = read.extension.as_deref().unwrap_or_default();
    let digits =
        digits.strip_suffix(extension).ok_or_else(|| TestCaseError::fail(format!("{raw:?} has another extension than {extension}")))?;
    let e164 = read.number.as_e164();
    let national = e164.strip_prefix("+44").unwrap_or_default();
    let before = digits.strip_suffix(national).ok_or_else(|| TestCaseError::fail(format!("{raw:?} was read as {e164} ext {extension}")))?;
    prop_assert!(
        ["", "0", "44", "440", "0044", "00440"].contains(&before),
        "{:?} was read as {}: {:?} is left out in front",
        raw,
        e164,
        before
    );
    if !extension.is_empty() {
        prop_assert!(raw.to_lowercase().contains(['x', '#', 'ｘ', '＃']), "{:?} has no mark", raw);
    }
    // No letter, but for a label in front and the mark behind.
    let letters: String = raw.chars().filter(|c| c.is_alphabetic() && !"\u{3164}\u{ffa0}\u{115f}\u{1160}".contains(*c)).collect();
    let letters = letters.to_lowercase();
    let unlabelled =
        ["telephone", "phone", "tel", "mobile", "mob"].iter().find_map(|label| letters.strip_prefix(label)).unwrap_or(&letters);
    prop_assert!(["", "x", "ｘ", "ext", "extn", "xtn", "extension"].contains(&unlabelled), "{:?} has letters", raw);
    Ok(())
}

/// Characters of every kind that has a meaning in a number, or none.
fn any_sign() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]",
        1 => select((0..10).flat_map(digits::all_of).collect::<Vec<char>>()).prop_map(String::from),
        2 => select(vec![" ", "\u{a0}", "\u{202f}", "-", "–", ".", "/", "(", ")", "(0)", "+", "\u{202a}", "\u{202c}", "\u{200b}", "\u{fe0f}", "\u{ad}", "\t"])
            .prop_map(str::to_owned),
        1 => select(vec![" ext ", "x", "#", ";ext=", "ext.", " extension ", ",", ";", "&", " or ", "\n", "*", "?", "_", "=", "\"", "'", "..", "@"])
            .prop_map(str::to_owned),
        1 => select(vec!["O", "o", "l", "I", "S", "B", "Z", "О", "З", "О", "e", "E+", "a", "²", "①", "Tel:", "mum", "📞", "\u{202e}", "\u{20e3}"])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// A number that is in use, or was drawn for tests, in one of the ways of writing it.
fn real() -> impl Strategy<Value = String> {
    let national = prop_oneof![
        "77009[0-9]{5}",
        "2079460[0-9]{3}",
        "1632960[0-9]{3}",
        "3069990[0-9]{3}",
        "7[0-9]{9}",
        "1[0-9]{8,9}",
        "20[378][0-9]{7}",
    ];
    (national, select(vec!["+44", "0044", "44", "0", "", "+44 (0)", "+440", "++44 ", "(+44) "]))
        .prop_map(|(national, before)| before.to_owned() + &national)
}

/// A text after some edits: something put in, taken out, or put in the place of something, at any place.
fn edited() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..3_usize, any_sign());
    (real(), prop::collection::vec(edit, 0..6)).prop_map(|(text, edits)| {
        let mut signs: Vec<String> = text.chars().map(String::from).collect();
        for (at, kind, sign) in edits {
            let at = at.index(signs.len().max(1));
            match kind {
                0 => signs.insert(at, sign),
                1 if at < signs.len() => {
                    signs.remove(at);
                }
                _ if at < signs.len() => signs[at] = sign,
                _ => signs.push(sign),
            }
        }
        signs.concat()
    })
}

/// No mark of an extension, and none of the letters that are blank.
fn a_letter() -> impl Strategy<Value = char> {
    let is_other = |letter: &char| !"xX\u{ff38}\u{ff58}\u{115f}\u{1160}\u{3164}\u{ffa0}".contains(*letter);
    "\\p{L}".prop_map(|text| text.chars().next().unwrap_or('a')).prop_filter("a letter", is_other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// lessons, line 57: of any text all digits in their order are dialled, or nothing is.
    #[test]
    fn of_any_text_all_digits_are_dialled_or_none(raw in any::<String>()) {
        check(&raw, &development())?;
    }

    /// lessons, line 57: the same of texts that are nearly a number.
    #[test]
    fn of_a_text_like_a_number_all_digits_are_dialled_or_none(raw in prop::collection::vec(any_sign(), 0..24).prop_map(|signs| signs.concat())) {
        for policy in [NumberPolicy::default(), development()] {
            check(&raw, &policy)?;
        }
    }

    /// lessons, line 57: the same of real numbers that somebody has mistyped.
    #[test]
    fn of_a_mistyped_number_all_digits_are_dialled_or_none(raw in edited()) {
        for policy in [NumberPolicy::default(), development()] {
            check(&raw, &policy)?;
        }
    }

    /// lessons, line 57: a letter anywhere in a number refuses it.
    #[test]
    fn a_letter_in_a_number_refuses_it(raw in real(), at in any::<prop::sample::Index>(), letter in a_letter(), replaces in any::<bool>()) {
        let mut signs: Vec<char> = raw.chars().collect();
        let at = at.index(signs.len());
        if replaces { signs[at] = letter } else { signs.insert(at, letter) }
        let raw: String = signs.into_iter().collect();
        prop_assert!(PhoneNumber::parse(&raw, &development()).is_err(), "{}", raw);
        prop_assert_eq!(PhoneNumber::of_anybody(&raw), None);
    }

    /// A number is the same in the digits of any script, with anything between them that means nothing.
    #[test]
    fn scripts_and_spaces_change_nothing(raw in real(), seed in prop::collection::vec((0..76_usize, 0..8_usize), 24)) {
        let between = ["", "", "", " ", "\u{a0}", "\u{200b}", "\u{202c}", "\u{fe0f}"];
        let mut changed = String::new();
        for (c, (script, space)) in raw.chars().zip(&seed) {
            changed.push(digits::value_of(c).and_then(|value| digits::all_of(value).nth(*script)).unwrap_or(c));
            changed.push_str(between[*space]);
        }
        prop_assert_eq!(parse(&changed), parse(&raw), "{} and {}", changed, raw);
    }

    /// The quick way never says anything else than the complete one.
    #[test]
    fn the_quick_way_agrees_with_the_complete_one(rest in "7[0-9]{9}", form in 0..6_usize) {
        let raw = match form {
            0 => format!("+44{rest}"),
            1 => format!("44{rest}"),
            2 => format!("0{rest}"),
            3 => format!(" +44 {} {}\n", &rest[..4], &rest[4..]),
            4 => format!("+{rest}"),
            _ => rest,
        };
        for policy in [NumberPolicy::default(), development()] {
            prop_assert_eq!(ReadNumber::parse(&raw, &policy), ReadNumber::parse_any(&raw, &policy));
        }
    }

    /// What is shown is what is rung, and is read as that.
    #[test]
    fn a_number_as_it_is_shown_is_read_as_the_same(raw in real()) {
        if let Ok(number) = PhoneNumber::parse(&raw, &development()) {
            let shown = number.national();
            prop_assert_eq!(PhoneNumber::parse(&shown, &development()), Ok(number));
        }
    }
}
