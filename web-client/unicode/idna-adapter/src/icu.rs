//! ICU4X, for where there is no browser.

use std::slice;

use icu_normalizer::uts46::Uts46MapperBorrowed;
use icu_properties::props::JoiningType as Joining;
use icu_properties::props::{BidiClass as Bidi, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};

/// Left_Joining or Dual_Joining.
pub const LEFT_OR_DUAL_JOINING_MASK: JoiningTypeMask =
    JoiningTypeMask(Set::Of(&[Joining::LeftJoining, Joining::DualJoining]));
/// Right_Joining or Dual_Joining.
pub const RIGHT_OR_DUAL_JOINING_MASK: JoiningTypeMask =
    JoiningTypeMask(Set::Of(&[Joining::RightJoining, Joining::DualJoining]));

/// What makes a domain one with right-to-left labels (RFC 5893 1.4).
pub const RTL_MASK: BidiClassMask = BidiClassMask(Set::Of(&[
    Bidi::RightToLeft,
    Bidi::ArabicLetter,
    Bidi::ArabicNumber,
]));
/// How a label may begin (RFC 5893 2, rule 1).
pub const FIRST_BC_MASK: BidiClassMask = BidiClassMask(Set::Of(&[
    Bidi::LeftToRight,
    Bidi::RightToLeft,
    Bidi::ArabicLetter,
]));
/// How a left-to-right label may end (rule 6).
pub const LAST_LTR_MASK: BidiClassMask =
    BidiClassMask(Set::Of(&[Bidi::LeftToRight, Bidi::EuropeanNumber]));
/// How a right-to-left label may end (rule 3).
pub const LAST_RTL_MASK: BidiClassMask = BidiClassMask(Set::Of(&[
    Bidi::RightToLeft,
    Bidi::ArabicLetter,
    Bidi::EuropeanNumber,
    Bidi::ArabicNumber,
]));
/// What a left-to-right label may hold (rule 5).
pub const MIDDLE_LTR_MASK: BidiClassMask = BidiClassMask(Set::Of(&[
    Bidi::LeftToRight,
    Bidi::EuropeanNumber,
    Bidi::EuropeanSeparator,
    Bidi::CommonSeparator,
    Bidi::EuropeanTerminator,
    Bidi::OtherNeutral,
    Bidi::BoundaryNeutral,
    Bidi::NonspacingMark,
]));
/// What a right-to-left label may hold (rule 2).
pub const MIDDLE_RTL_MASK: BidiClassMask = BidiClassMask(Set::Of(&[
    Bidi::RightToLeft,
    Bidi::ArabicLetter,
    Bidi::ArabicNumber,
    Bidi::EuropeanNumber,
    Bidi::EuropeanSeparator,
    Bidi::CommonSeparator,
    Bidi::EuropeanTerminator,
    Bidi::OtherNeutral,
    Bidi::BoundaryNeutral,
    Bidi::NonspacingMark,
]));

/// Values of a property.
#[derive(Clone, Copy)]
enum Set<T: 'static> {
    Only(T),
    Of(&'static [T]),
}

impl<T: PartialEq> Set<T> {
    fn intersects(&self, other: &Self) -> bool {
        self.values()
            .iter()
            .any(|value| other.values().contains(value))
    }

    fn values(&self) -> &[T] {
        match self {
            Self::Only(value) => slice::from_ref(value),
            Self::Of(values) => values,
        }
    }
}

/// A Joining_Type.
#[derive(Clone, Copy)]
pub struct JoiningType(Joining);

impl JoiningType {
    /// The set of it alone.
    pub fn to_mask(self) -> JoiningTypeMask {
        JoiningTypeMask(Set::Only(self.0))
    }

    /// Whether it is Transparent.
    pub fn is_transparent(self) -> bool {
        self.0 == Joining::Transparent
    }
}

/// A set of Joining_Types.
#[derive(Clone, Copy)]
pub struct JoiningTypeMask(Set<Joining>);

impl JoiningTypeMask {
    /// Whether the sets have something in common.
    pub fn intersects(self, other: JoiningTypeMask) -> bool {
        self.0.intersects(&other.0)
    }
}

/// A Bidi_Class.
#[derive(Clone, Copy)]
pub struct BidiClass(Bidi);

impl BidiClass {
    /// The set of it alone.
    pub fn to_mask(self) -> BidiClassMask {
        BidiClassMask(Set::Only(self.0))
    }

    /// Whether it is Left_To_Right.
    pub fn is_ltr(self) -> bool {
        self.0 == Bidi::LeftToRight
    }

    /// Whether it is Nonspacing_Mark.
    pub fn is_nonspacing_mark(self) -> bool {
        self.0 == Bidi::NonspacingMark
    }

    /// Whether it is European_Number.
    pub fn is_european_number(self) -> bool {
        self.0 == Bidi::EuropeanNumber
    }

    /// Whether it is Arabic_Number.
    pub fn is_arabic_number(self) -> bool {
        self.0 == Bidi::ArabicNumber
    }
}

/// A set of Bidi_Classes.
#[derive(Clone, Copy)]
pub struct BidiClassMask(Set<Bidi>);

impl BidiClassMask {
    /// Whether the sets have something in common.
    pub fn intersects(self, other: BidiClassMask) -> bool {
        self.0.intersects(&other.0)
    }
}

/// What `idna` asks.
pub struct Adapter {
    mapper: Uts46MapperBorrowed<'static>,
    categories: CodePointMapDataBorrowed<'static, GeneralCategory>,
    bidi_classes: CodePointMapDataBorrowed<'static, Bidi>,
    joining_types: CodePointMapDataBorrowed<'static, Joining>,
}

impl Default for Adapter {
    fn default() -> Self {
        Self::new()
    }
}

impl Adapter {
    /// With the tables that are compiled in.
    pub const fn new() -> Self {
        Self {
            mapper: Uts46MapperBorrowed::new(),
            categories: CodePointMapData::<GeneralCategory>::new(),
            bidi_classes: CodePointMapData::<Bidi>::new(),
            joining_types: CodePointMapData::<Joining>::new(),
        }
    }

    /// Whether the Canonical_Combining_Class is Virama.
    pub fn is_virama(&self, character: char) -> bool {
        self.mapper.is_virama(character)
    }

    /// Whether the General_Category is Mark.
    pub fn is_mark(&self, character: char) -> bool {
        GeneralCategoryGroup::Mark.contains(self.categories.get(character))
    }

    /// The Bidi_Class.
    pub fn bidi_class(&self, character: char) -> BidiClass {
        BidiClass(self.bidi_classes.get(character))
    }

    /// The Joining_Type.
    pub fn joining_type(&self, character: char) -> JoiningType {
        JoiningType(self.joining_types.get(character))
    }

    /// The characters as UTS #46 maps them, in NFC; U+FFFD where they are invalid.
    pub fn map_normalize<'a>(
        &'a self,
        characters: impl Iterator<Item = char> + 'a,
    ) -> impl Iterator<Item = char> + 'a {
        self.mapper.map_normalize(characters)
    }

    /// The characters in NFC; U+FFFD where they are invalid or not mapped yet.
    pub fn normalize_validate<'a>(
        &'a self,
        characters: impl Iterator<Item = char> + 'a,
    ) -> impl Iterator<Item = char> + 'a {
        self.mapper.normalize_validate(characters)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn idna_checks_joiners_directions_and_marks() {
        let ascii = |domain: &str| idna::domain_to_ascii(domain).ok();
        assert_eq!(
            ascii("BÜCHER.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        assert_eq!(ascii("נס.example").as_deref(), Some("xn--lebc.example"));
        assert!(
            ascii("क्\u{200d}ष.example").is_some(),
            "a joiner behind a virama"
        );
        assert!(
            ascii("بی\u{200c}بی.example").is_some(),
            "a non-joiner between joining letters"
        );
        assert!(ascii("a\u{200d}ü.example").is_none(), "a joiner elsewhere");
        assert!(ascii("נa.example").is_none(), "both directions");
        assert!(ascii("\u{301}ü.example").is_none(), "a mark in front");
    }
}
