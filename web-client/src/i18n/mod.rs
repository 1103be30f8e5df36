//! Words, numbers, dates and sorting in the reader's language.
//!
//! Every text that people see is a key of a locale file: in `static/second` those that only the
//! second module says, which come with it, and in `static/locales` all others. Of these English
//! is compiled in: it is what the page starts with, and what stands in for a text that another
//! language lacks.

mod format;
mod locale;
mod message;
#[cfg(test)]
mod tests;

pub(crate) use format::{
    Clock, clock, date_and_time, day_from, day_label, file_size, fold, lasting, list_time,
    local_day, lower, number, sorted, time, today, tomorrow,
};
pub(crate) use locale::{
    choose_language, chosen_language, languages, shown_language, start, t, t_count, t_with,
};
