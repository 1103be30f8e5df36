//! XEP-0082 XMPP Date and Time Profiles 1.1.1: instants as text.

use crate::now::Timestamp;

const MS_A_DAY: i64 = 86_400_000;

/// Reads a DateTime (3.2): `1969-07-21T02:56:15.123Z`, or with an offset from UTC.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (date, time) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, rest) = time.strip_prefix(['T', 't'])?.split_at_checked(8)?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let (ms, zone) = fraction(rest)?;
    let valid = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        // A leap second is the last of its minute.
        && second <= 60;
    let minutes = hour * 60 + minute - offset(zone)?;
    let ms = days_before(year, month, day) * MS_A_DAY + minutes * 60_000 + second * 1000 + ms;
    valid.then_some(Timestamp(ms))
}

/// Writes a DateTime in UTC, with milliseconds unless there are none.
pub(crate) fn write(at: Timestamp) -> String {
    let (year, month, day) = date(at.0.div_euclid(MS_A_DAY));
    let ms = at.0.rem_euclid(MS_A_DAY);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if ms % 1000 != 0 {
        text += &format!(".{:03}", ms % 1000);
    }
    text + "Z"
}

/// Three numbers of so many digits, between which stands `separator`.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *number = natural(part)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn natural(digits: &str) -> Option<i64> {
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok())?
}

/// Milliseconds, of which further digits are cut off, and what stands behind them.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(digits) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = digits.split_at(len);
    let mut ms = natural(digits.get(..3).unwrap_or(digits))?;
    for _ in len..3 {
        ms *= 10;
    }
    Some((ms, rest))
}

/// How many minutes a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two_digits = hours.len() == 2 && minutes.len() == 2;
    let (hours, minutes) = (natural(hours)?, natural(minutes)?);
    if !two_digits || hours > 23 || minutes > 59 {
        return None;
    }
    match zone.as_bytes().first()? {
        b'+' => Some(hours * 60 + minutes),
        b'-' => Some(-hours * 60 - minutes),
        _ => None,
    }
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// From 1970-01-01 to a date. A year begins in March here, so that the leap day is
/// its last; 400 years have 146,097 days.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // The months' lengths from March on repeat every five: 153 days.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970
}

/// From the March before year 0 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

/// Year, month and day so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    // Without the leap days that are in it, a day's year is a matter of dividing.
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = cycle * 400 + year + i64::from(month >= 10);
    (year, (month + 2) % 12 + 1, day)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples() {
        for (text, ms) in [
            ("1969-07-21T02:56:15Z", -14_159_025_000),
            ("1969-07-20T21:56:15-05:00", -14_159_025_000),
            ("2000-02-29T00:00:00.5Z", 951_782_400_500),
            ("1970-01-01T00:00:00.123456789+00:00", 123),
        ] {
            assert_eq!(read(text), Some(Timestamp(ms)), "{text}");
        }
        assert_eq!(
            write(Timestamp(951_782_400_500)),
            "2000-02-29T00:00:00.500Z"
        );
        assert_eq!(write(Timestamp(-1000)), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "now",
            "2001-02-29T00:00:00Z",
            "2001-13-01T00:00:00Z",
            "2001-00-01T00:00:00Z",
            "2001-01-01T24:00:00Z",
            "2001-01-01T00:60:00Z",
            "2001-01-01T00:00:61Z",
            "2001-01-01T00:00:00",
            "2001-01-01T00:00:00.Z",
            "2001-01-01T00:00:00+1:00",
            "2001-01-01T00:00:00+24:00",
            "2001-01-01T+1:00:00Z",
            "2001-01-01 00:00:00Z",
            "2001-1-01T00:00:000Z",
            "２001-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn goes_there_and_back(ms in -62_135_596_800_000..253_402_300_800_000_i64) {
            let text = write(Timestamp(ms));
            let expected = Utc.timestamp_millis_opt(ms).unwrap();
            prop_assert_eq!(DateTime::parse_from_rfc3339(&text).unwrap(), expected);
            prop_assert_eq!(read(&text), Some(Timestamp(ms)));
        }

        #[test]
        fn reads_what_a_calendar_reads(text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])") {
            let expected = DateTime::parse_from_rfc3339(&text).ok();
            prop_assert_eq!(read(&text).map(|at| at.0), expected.map(|at| at.timestamp_millis()));
        }

        #[test]
        fn anything_else_is_no_panic(text in ".{0,40}") {
            let _ = read(&text);
        }
    }
}
