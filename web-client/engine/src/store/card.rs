//! A card: what people tell of themselves besides name and picture.

use serde::{Deserialize, Serialize};

/// What stands on a card, of what we show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CardField {
    /// The whole name.
    Name,
    /// Where they work.
    Organisation,
    /// As what.
    Title,
    /// As it was written: mostly `1990-12-31`.
    Birthday,
    /// Where they live or work.
    City,
    /// The same.
    Country,
    /// An address for mail.
    Email,
    /// A number, without `tel:`.
    Phone,
    /// The address of a page; nobody has checked it.
    Website,
    /// Anything else, of several lines perhaps.
    Note,
}

impl CardField {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::Organisation,
        Self::Title,
        Self::Birthday,
        Self::City,
        Self::Country,
        Self::Email,
        Self::Phone,
        Self::Website,
        Self::Note,
    ];
}

/// What stands on somebody's card, in the order of [`CardField::ALL`]. Bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Card(pub(crate) Vec<(CardField, String)>);

impl Card {
    /// Field by field; of some there may be several.
    pub fn iter(&self) -> impl Iterator<Item = (CardField, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// What the first field of this kind says; empty if there is none.
    pub fn first(&self, field: CardField) -> &str {
        let first = self.iter().find(|(known, _)| *known == field);
        first.map_or("", |(_, value)| value)
    }
}
