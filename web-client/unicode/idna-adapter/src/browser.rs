//! The browser's URL parser checks all of a host, joiners and directions included
//! (URL standard, "domain to ASCII"). So there is nothing left to check here.

use web_sys::Url;

use crate::url_host;

/// Nothing is in it.
pub const LEFT_OR_DUAL_JOINING_MASK: JoiningTypeMask = JoiningTypeMask;
/// Nothing is in it.
pub const RIGHT_OR_DUAL_JOINING_MASK: JoiningTypeMask = JoiningTypeMask;
/// Nothing is in it: no domain is taken for one with right-to-left labels.
pub const RTL_MASK: BidiClassMask = BidiClassMask;
/// Nothing is in it.
pub const FIRST_BC_MASK: BidiClassMask = BidiClassMask;
/// Nothing is in it.
pub const LAST_LTR_MASK: BidiClassMask = BidiClassMask;
/// Nothing is in it.
pub const LAST_RTL_MASK: BidiClassMask = BidiClassMask;
/// Nothing is in it.
pub const MIDDLE_LTR_MASK: BidiClassMask = BidiClassMask;
/// Nothing is in it.
pub const MIDDLE_RTL_MASK: BidiClassMask = BidiClassMask;

/// A Joining_Type, of which nothing is known.
#[derive(Clone, Copy)]
pub struct JoiningType;

impl JoiningType {
    /// The set of it alone.
    pub fn to_mask(self) -> JoiningTypeMask {
        JoiningTypeMask
    }

    /// Whether it is Transparent.
    pub fn is_transparent(self) -> bool {
        true
    }
}

/// A set of Joining_Types.
#[derive(Clone, Copy)]
pub struct JoiningTypeMask;

impl JoiningTypeMask {
    /// Whether the sets have something in common.
    pub fn intersects(self, _other: JoiningTypeMask) -> bool {
        false
    }
}

/// A Bidi_Class, of which nothing is known.
#[derive(Clone, Copy)]
pub struct BidiClass;

impl BidiClass {
    /// The set of it alone.
    pub fn to_mask(self) -> BidiClassMask {
        BidiClassMask
    }

    /// Whether it is Left_To_Right.
    pub fn is_ltr(self) -> bool {
        false
    }

    /// Whether it is Nonspacing_Mark.
    pub fn is_nonspacing_mark(self) -> bool {
        false
    }

    /// Whether it is European_Number.
    pub fn is_european_number(self) -> bool {
        false
    }

    /// Whether it is Arabic_Number.
    pub fn is_arabic_number(self) -> bool {
        false
    }
}

/// A set of Bidi_Classes.
#[derive(Clone, Copy)]
pub struct BidiClassMask;

impl BidiClassMask {
    /// Whether the sets have something in common.
    pub fn intersects(self, _other: BidiClassMask) -> bool {
        false
    }
}

/// What `idna` asks.
#[derive(Default)]
pub struct Adapter;

impl Adapter {
    /// Needs nothing.
    pub const fn new() -> Self {
        Self
    }

    /// Lets every joiner pass: the browser has checked it.
    pub fn is_virama(&self, _character: char) -> bool {
        true
    }

    /// Lets every first character pass: the browser has checked it.
    pub fn is_mark(&self, _character: char) -> bool {
        false
    }

    /// Unknown.
    pub fn bidi_class(&self, _character: char) -> BidiClass {
        BidiClass
    }

    /// Unknown.
    pub fn joining_type(&self, _character: char) -> JoiningType {
        JoiningType
    }

    /// The characters as UTS #46 maps them, in NFC; U+FFFD where they are invalid.
    pub fn map_normalize<'a>(
        &'a self,
        characters: impl Iterator<Item = char> + 'a,
    ) -> impl Iterator<Item = char> + 'a {
        let mapped = url_host::mapped(&characters.collect::<String>(), host_of);
        let mapped = mapped.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string());
        mapped.chars().collect::<Vec<_>>().into_iter()
    }

    /// The same: a valid label stays as it is, and `idna` compares.
    pub fn normalize_validate<'a>(
        &'a self,
        characters: impl Iterator<Item = char> + 'a,
    ) -> impl Iterator<Item = char> + 'a {
        self.map_normalize(characters)
    }
}

fn host_of(url: &str) -> Option<String> {
    Url::new(url).ok().map(|url| url.hostname())
}
