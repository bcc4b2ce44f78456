//! Whole numbers as other systems write them.

use std::str::FromStr;

/// Reads a whole number: digits, a sign before them, and zeros alone after a decimal point (`10.0000`).
///
/// # Errors
/// A sentence that says what is wrong. What can be read in two ways is refused: `1.234`, and also `1.000`, may be one or a
/// thousand.
pub(super) fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    let wrong = |why: &str| format!("`{text}` is not a whole number within bounds: {why}");
    if is_power_of_ten(text) {
        return Err(wrong("a spreadsheet has shortened it; write digits only"));
    }
    let (digits, zeros) = text.split_once('.').map_or((text, None), |(digits, zeros)| (digits, Some(zeros)));
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    match zeros {
        Some("") => return Err(wrong("write digits only")),
        Some(zeros) if zeros.bytes().any(|byte| byte != b'0') => return Err(wrong("write digits only")),
        Some("000") if unsigned != "0" && unsigned.len() <= 3 => {
            return Err(wrong("the point may separate thousands; write digits only"));
        }
        Some(_) | None => {}
    }
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong("write digits only"));
    }
    digits.parse().map_err(|_| wrong("write digits only"))
}

/// Whether it is a number in powers of ten as spreadsheets show long ones: `1.23E+17`. A code like `12E3` is none.
pub(super) fn is_power_of_ten(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once(['.', ',']).map_or((mantissa, None), |(a, b)| (a, Some(b)));
    let power = exponent.strip_prefix(['-', '+']);
    digits(whole)
        && fraction.is_none_or(digits)
        && digits(power.unwrap_or(exponent))
        && (power.is_some() || fraction.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_where_they_can_only_mean_one_thing() {
        for (text, number) in [
            ("5", 5),
            ("007", 7),
            ("+3", 3),
            ("-3", -3),
            ("10.0000", 10),
            ("2.0", 2),
            ("2.00", 2),
            ("-3.0", -3),
            ("0.000", 0),
            ("1234.000", 1_234),
        ] {
            assert_eq!(whole::<i64>(text), Ok(number), "{text}");
        }
        for text in [
            "1,234",
            "1.234",
            "2.5",
            "１２",
            "1.000",
            "10.000",
            "2,0",
            "2.",
            ".0",
            "1'234",
            "1 234",
            "1\u{a0}234",
            "(3)",
            "5 pcs",
            "5件",
            "'5",
            "0x10",
            ">100",
            "TRUE",
            "N/A",
            "-",
            "",
            "+",
            "--3",
            "1.0.0",
            "99999999999999999999",
            "5\0",
            "\u{200b}5",
        ] {
            assert!(whole::<i64>(text).is_err(), "{text}");
        }
        assert!(whole::<u64>("-3").is_err());
        for text in ["1E+3", "1.5E+3", "1e-3", "1,23E+17", "1.0E17"] {
            assert!(is_power_of_ten(text) && whole::<u64>(text).unwrap_err().contains("shortened"), "{text}");
        }
        for text in ["12E3", "E+3", "1E", "TEE-S", "1.2.3E+4", "3E-BOX", "1E5"] {
            assert!(!is_power_of_ten(text), "{text}");
        }
    }
}
