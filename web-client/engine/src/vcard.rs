//! Cards in the two forms that there are: vCard4 (XEP-0292, RFC 6351) and vcard-temp (XEP-0054).
//!
//! What we don't show of our own card stays as whoever wrote it has left it.

use minidom::Element;
use xmpp_parsers::ns;

use crate::foreign::{lines, one_line};
use crate::store::{Card, CardField};
use crate::xml::{build, child_text};

/// The namespace of vCard4 (RFC 6351 5).
pub(crate) const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";

/// More fields than this aren't shown.
const MOST: usize = 24;
/// The longest field, and the longest note, in characters.
const LONGEST: usize = 500;
const LONGEST_NOTE: usize = 2_000;

/// One of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Four,
    Temp,
}

impl Form {
    /// A card with nothing on it.
    pub(crate) fn empty(self) -> Element {
        match self {
            Self::Four => build("vcard", VCARD4).done(),
            Self::Temp => build("vCard", ns::VCARD).done(),
        }
    }

    pub(crate) fn is(self, card: &Element) -> bool {
        match self {
            Self::Four => card.is("vcard", VCARD4),
            Self::Temp => card.is("vCard", ns::VCARD),
        }
    }

    /// In which element a field is, and in which of that its value: the first is how we write
    /// it. Where there is none, it is the element's own text.
    fn place(self, field: CardField) -> (&'static str, &'static [&'static str]) {
        match (self, field) {
            (Self::Four, CardField::Name) => ("fn", &["text"]),
            (Self::Four, CardField::Organisation) => ("org", &["text"]),
            (Self::Four, CardField::Title) => ("title", &["text"]),
            (Self::Four, CardField::Birthday) => ("bday", &["date", "text", "date-time"]),
            (Self::Four, CardField::City) => ("adr", &["locality"]),
            (Self::Four, CardField::Country) => ("adr", &["country"]),
            (Self::Four, CardField::Email) => ("email", &["text"]),
            (Self::Four, CardField::Phone) => ("tel", &["uri", "text"]),
            (Self::Four, CardField::Website) => ("url", &["uri", "text"]),
            (Self::Four, CardField::Note) => ("note", &["text"]),
            (Self::Temp, CardField::Name) => ("FN", &[]),
            (Self::Temp, CardField::Organisation) => ("ORG", &["ORGNAME"]),
            (Self::Temp, CardField::Title) => ("TITLE", &[]),
            (Self::Temp, CardField::Birthday) => ("BDAY", &[]),
            (Self::Temp, CardField::City) => ("ADR", &["LOCALITY"]),
            (Self::Temp, CardField::Country) => ("ADR", &["CTRY", "COUNTRY"]),
            (Self::Temp, CardField::Email) => ("EMAIL", &["USERID"]),
            (Self::Temp, CardField::Phone) => ("TEL", &["NUMBER"]),
            (Self::Temp, CardField::Website) => ("URL", &[]),
            (Self::Temp, CardField::Note) => ("DESC", &[]),
        }
    }

    /// What we show of it.
    pub(crate) fn read(self, card: &Element) -> Card {
        let fields = CardField::ALL.into_iter().flat_map(|field| {
            let (outer, inner) = self.place(field);
            let children = card.children().filter(move |child| child.name() == outer);
            children.filter_map(move |child| Some((field, clean(field, &value(child, inner)?)?)))
        });
        Card(fields.take(MOST).collect())
    }

    /// The card with the first field of each kind being what `changes` say; what is empty goes.
    pub(crate) fn change(self, card: &Element, changes: &[(CardField, String)]) -> Element {
        let mut card = card.clone();
        for (field, wanted) in changes {
            let wanted = clean(*field, wanted);
            card = self.change_one(&card, *field, wanted.as_deref());
        }
        card
    }

    fn change_one(self, card: &Element, field: CardField, wanted: Option<&str>) -> Element {
        let (outer, inner) = self.place(field);
        // Of an address there are other parts, which are another field or nobody's.
        let shared = matches!(field, CardField::City | CardField::Country);
        let named = |child: &Element| child.name() == outer;
        let has_it = |child: &Element| {
            named(child) && value(child, inner).is_some_and(|text| clean(field, &text).is_some())
        };
        let place = card.children().position(has_it);
        let place = place.or_else(|| card.children().position(named).filter(|_| shared));
        let mut changed = self.empty();
        for (index, child) in card.children().enumerate() {
            if Some(index) != place {
                changed.append_child(child.clone());
            } else if wanted.is_some() || shared {
                changed.append_child(self.write(field, child, wanted));
            }
        }
        if let (None, Some(_)) = (place, wanted) {
            let new = build(outer, self.empty().ns().as_str()).done();
            changed.append_child(self.write(field, &new, wanted));
        }
        changed
    }

    /// `element` with this value, and everything else that was in it.
    fn write(self, field: CardField, element: &Element, wanted: Option<&str>) -> Element {
        let (outer, inner) = self.place(field);
        let namespace = element.ns();
        let Some(first) = inner.first() else {
            return build(outer, &namespace)
                .text(wanted.unwrap_or_default())
                .done();
        };
        let mut changed = element.clone();
        for name in inner {
            while changed.remove_child(*name, namespace.as_str()).is_some() {}
        }
        if let Some(wanted) = wanted {
            let dialled =
                |character: char| character.is_ascii_digit() || "+-.()".contains(character);
            let (name, text) = match (self, field) {
                (Self::Four, CardField::Phone) if wanted.chars().all(dialled) => {
                    (*first, ["tel:", wanted].concat())
                }
                (Self::Four, CardField::Phone) => ("text", wanted.to_owned()),
                (Self::Four, CardField::Birthday) if !is_date(wanted) => {
                    ("text", wanted.to_owned())
                }
                _ => (*first, wanted.to_owned()),
            };
            changed.append_child(build(name, &namespace).text(text).done());
        }
        changed
    }
}

fn value(element: &Element, inner: &[&str]) -> Option<String> {
    let inside = inner.iter().find_map(|name| child_text(element, name));
    inside.or_else(|| {
        let plain = element.children().next().is_none();
        plain.then(|| element.text())
    })
}

/// Within bounds, and in one line but for a note; `None` if nothing is left.
fn clean(field: CardField, text: &str) -> Option<String> {
    if field != CardField::Note {
        let text = match field {
            CardField::Phone => text.trim().trim_start_matches("tel:"),
            _ => text,
        };
        return one_line(text, LONGEST);
    }
    lines(text, LONGEST_NOTE)
}

/// RFC 6350 4.3.1, as we write it.
fn is_date(text: &str) -> bool {
    let mut digits = text.bytes().enumerate();
    text.len() == 10
        && digits.all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
