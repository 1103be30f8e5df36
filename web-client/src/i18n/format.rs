//! Dates, times, numbers and sorting, by the browser's `Intl`.

use std::cmp::Ordering;

use couplet_engine::Timestamp;
use jid::BareJid;
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;
use yew::AttrValue;

use super::locale::with_formats;
use super::t;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The bound `format` functions of one locale.
pub(super) struct Formats {
    time: Function,
    weekday: Function,
    day_month: Function,
    numeric_date: Function,
    long_day: Function,
    long_date: Function,
    date_and_time: Function,
    number: Function,
    compare: Function,
    /// Bytes, kilobytes, megabytes, gigabytes.
    sizes: [Function; 4],
}

impl Formats {
    pub(super) fn new(tags: &Array) -> Self {
        let date = |options: &[(&str, &str)]| {
            let options = object(options);
            Intl::DateTimeFormat::new(tags, &options).format()
        };
        let size = |unit: &str| {
            let options = object(&[("style", "unit"), ("unit", unit), ("unitDisplay", "short")]);
            // A plain object takes any key.
            let _ = Reflect::set(&options, &"maximumSignificantDigits".into(), &3.into());
            Intl::NumberFormat::new(tags, &options).format()
        };
        Self {
            sizes: ["byte", "kilobyte", "megabyte", "gigabyte"].map(size),
            time: date(&[("timeStyle", "short")]),
            weekday: date(&[("weekday", "short")]),
            day_month: date(&[("day", "numeric"), ("month", "short")]),
            numeric_date: date(&[("dateStyle", "short")]),
            long_day: date(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
            long_date: date(&[("dateStyle", "full")]),
            date_and_time: date(&[("dateStyle", "full"), ("timeStyle", "short")]),
            number: Intl::NumberFormat::new(tags, &Object::new()).format(),
            compare: Intl::Collator::new(tags, &object(&[("sensitivity", "base")])).compare(),
        }
    }
}

/// The days around now, to say how long ago something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Local days since 1970-01-01.
    today: i64,
    /// The year it is here.
    year: i32,
}

/// How far back a day lies, as far as the words for it differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Today,
    Yesterday,
    /// Two to six days: the name of the weekday is clear.
    ThisWeek,
    ThisYear,
    Before,
}

impl Age {
    pub(super) fn of(day: i64, year: i32, clock: Clock) -> Self {
        match clock.today - day {
            0 => Self::Today,
            1 => Self::Yesterday,
            2..=6 => Self::ThisWeek,
            _ if year == clock.year => Self::ThisYear,
            _ => Self::Before,
        }
    }
}

impl Clock {
    #[cfg(test)]
    pub(super) fn at(today: i64, year: i32) -> Self {
        Self { today, year }
    }

    fn age(self, at: Timestamp) -> Age {
        Age::of(local_day(at), year(at), self)
    }
}

/// What day it is.
pub(crate) fn clock() -> Clock {
    let now = Timestamp(Date::now() as i64);
    Clock {
        today: local_day(now),
        year: year(now),
    }
}

/// Which local day `at` is in, counted from 1970-01-01.
pub(crate) fn local_day(at: Timestamp) -> i64 {
    // Minutes that UTC is ahead; a whole number everywhere, and for every instant.
    let offset = date(at).get_timezone_offset() as i64 * MINUTE;
    (at.0 - offset).div_euclid(DAY)
}

/// The beginning of a local day, as a date field has it: `2026-11-21`.
pub(crate) fn day_from(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('-');
    let mut part = || parts.next()?.parse::<i32>().ok();
    let (year, month, day) = (part()?, part()?, part()?);
    let date = Date::new_with_year_month_day(u32::try_from(year).ok()?, month - 1, day);
    let at = date.get_time();
    (!at.is_nan()).then_some(Timestamp(at as i64))
}

/// When one gets up tomorrow: eight in the morning.
pub(crate) fn tomorrow() -> Timestamp {
    const MORNING: u32 = 8;
    let date = Date::new_0();
    date.set_date(date.get_date() + 1);
    date.set_hours(MORNING);
    date.set_minutes(0);
    Timestamp(date.get_time() as i64)
}

/// This day, as a date field has it.
pub(crate) fn today() -> String {
    let now = date(Timestamp(Date::now() as i64));
    [
        now.get_full_year().to_string(),
        two(now.get_month() + 1),
        two(now.get_date()),
    ]
    .join("-")
}

fn two(number: u32) -> String {
    [if number < 10 { "0" } else { "" }, &number.to_string()].concat()
}

/// The time of day.
pub(crate) fn time(at: Timestamp) -> String {
    format(|formats| &formats.time, &date(at))
}

/// As short as it goes, for a list: the time, the weekday or the date.
pub(crate) fn list_time(at: Timestamp, clock: Clock) -> String {
    let date = date(at);
    match clock.age(at) {
        Age::Today => format(|formats| &formats.time, &date),
        Age::Yesterday | Age::ThisWeek => format(|formats| &formats.weekday, &date),
        Age::ThisYear => format(|formats| &formats.day_month, &date),
        Age::Before => format(|formats| &formats.numeric_date, &date),
    }
}

/// The heading of a day.
pub(crate) fn day_label(at: Timestamp, clock: Clock) -> AttrValue {
    match clock.age(at) {
        Age::Today => t("day.today"),
        Age::Yesterday => t("day.yesterday"),
        Age::ThisWeek | Age::ThisYear => format(|formats| &formats.long_day, &date(at)).into(),
        Age::Before => format(|formats| &formats.long_date, &date(at)).into(),
    }
}

/// Everything about when, for a tooltip.
pub(crate) fn date_and_time(at: Timestamp) -> String {
    format(|formats| &formats.date_and_time, &date(at))
}

/// A number as the locale writes it.
pub(crate) fn number(number: u32) -> String {
    format(
        |formats| &formats.number,
        &JsValue::from_f64(f64::from(number)),
    )
}

/// How large something of so many bytes is, in the unit that makes it short.
pub(crate) fn file_size(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 999.5 && unit < 3 {
        size /= 1000.0;
        unit += 1;
    }
    format(|formats| &formats.sizes[unit], &JsValue::from_f64(size))
}

/// How long something of so many milliseconds is, as players have it: `1:02:03`, `0:07`.
pub(crate) fn lasting(milliseconds: u32) -> String {
    let seconds = milliseconds / 1_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let seconds = two(seconds % 60);
    match hours {
        0 => [minutes.to_string(), seconds].join(":"),
        hours => [hours.to_string(), two(minutes), seconds].join(":"),
    }
}

/// `people`, names with addresses, in the order of the locale.
pub(crate) fn sorted<'a>(people: impl Iterator<Item = (&'a str, &'a BareJid)>) -> Vec<BareJid> {
    // As the browser's strings from the start: the collator compares each many times.
    let mut people: Vec<(JsValue, &BareJid)> = people
        .map(|(name, jid)| (JsValue::from_str(name), jid))
        .collect();
    with_formats(|formats| {
        people.sort_unstable_by(|(one, _), (other, _)| {
            let order = formats.compare.call2(&JsValue::UNDEFINED, one, other);
            let order = order
                .ok()
                .and_then(|order| order.as_f64())
                .unwrap_or_default();
            order.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
        });
    });
    people.into_iter().map(|(_, jid)| jid.clone()).collect()
}

/// `text` in lower case, for comparing.
pub(crate) fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    lower_by_unicode(text)
}

/// The browser has Unicode's tables.
#[cfg(target_arch = "wasm32")]
fn lower_by_unicode(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(not(target_arch = "wasm32"))]
fn lower_by_unicode(text: &str) -> String {
    text.to_lowercase()
}

/// How far behind a letter in hiragana the same in katakana is.
const KATAKANA: u32 = 0x60;

/// `text` so that what is the same to a reader is the same: without case and accents, and
/// in one of the forms that a letter can have, as of hiragana and katakana.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed = lower_by_unicode(&decomposed(text));
    let mut folded = String::with_capacity(decomposed.len());
    for letter in decomposed.chars() {
        match letter {
            'ß' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            'ı' => folded.push('i'),
            'ぁ'..='ゖ' => folded.extend(char::from_u32(u32::from(letter) + KATAKANA)),
            letter if is_mark(letter) => {}
            letter => folded.push(letter),
        }
    }
    folded
}

/// Accents, Hebrew points, Arabic vowel signs and the line that stretches a word: signs that
/// many leave out. Vowel signs that nobody leaves out, as in Devanagari, are letters here.
fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36f}'
            | '\u{591}'..='\u{5c7}'
            | '\u{610}'..='\u{61a}'
            | '\u{640}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{6d6}'..='\u{6ed}'
            | '\u{200c}'..='\u{200f}'
            | '\u{fe00}'..='\u{fe0f}'
    )
}

#[cfg(target_arch = "wasm32")]
fn decomposed(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKD").into()
}

/// Only the browser's matters; here tests have to spell it out.
#[cfg(not(target_arch = "wasm32"))]
fn decomposed(text: &str) -> String {
    text.to_owned()
}

fn format(choose: impl FnOnce(&Formats) -> &Function, value: &JsValue) -> String {
    with_formats(|formats| choose(formats).call1(&JsValue::UNDEFINED, value).ok())
        .flatten()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn date(at: Timestamp) -> Date {
    Date::new(&JsValue::from_f64(at.0 as f64))
}

fn year(at: Timestamp) -> i32 {
    i32::try_from(date(at).get_full_year()).unwrap_or(i32::MAX)
}

fn object(entries: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (key, value) in entries {
        // A plain object takes any key.
        let _ = Reflect::set(&object, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    object
}
