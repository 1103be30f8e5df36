//! Why XML is refused, and what its sender is told.

use crate::stream_error::StreamErrorCondition;

/// Why the input was refused. The stream is over: every further call fails in the
/// same way until [`Scanner::restart`](super::Scanner::restart).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The input ended too early.
    #[error("the XML ends before its element does")]
    Unfinished,
    /// Not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// A control character, U+FFFE or U+FFFF.
    #[error("a character that XML doesn't allow")]
    Character,
    /// `<` that starts no kind of markup, or a tag that doesn't hold together.
    #[error("malformed markup")]
    Malformed,
    /// Not a name, or not a qualified name: one colon at most, with a name on
    /// either side.
    #[error("malformed name")]
    Name,
    /// `<` in an attribute value.
    #[error("`<` in an attribute value")]
    LessThanInValue,
    /// Two attributes with one name, or with prefixes that mean one namespace.
    #[error("an attribute is given twice")]
    DuplicateAttribute,
    /// A prefix that nothing declares.
    #[error("a namespace prefix isn't declared")]
    UndeclaredPrefix,
    /// A declaration that Namespaces in XML forbids: `xml` or `xmlns` taken for
    /// something else or the reverse, or a prefix undeclared.
    #[error("a namespace declaration that isn't allowed")]
    NamespaceDeclaration,
    /// An end tag without its start tag.
    #[error("an end tag doesn't match its start tag")]
    MismatchedEndTag,
    /// `]]>` in text.
    #[error("`]]>` outside a CDATA section")]
    CdataEnd,
    /// `&` that starts no reference, or a reference longer than
    /// 16 bytes.
    #[error("malformed reference")]
    Reference,
    /// A reference to a character that XML doesn't allow.
    #[error("a reference to a character that XML doesn't allow")]
    CharacterReference,
    /// An entity other than `lt`, `gt`, `amp`, `quot` and `apos`
    /// (RFC 6120 11.1).
    #[error("an entity reference beyond the predefined five")]
    Entity,
    /// A comment (RFC 6120 11.1).
    #[error("a comment")]
    Comment,
    /// A processing instruction, or an XML declaration that isn't at the very
    /// beginning (RFC 6120 11.1).
    #[error("a processing instruction")]
    ProcessingInstruction,
    /// A document type declaration (RFC 6120 11.1).
    #[error("a document type declaration")]
    Dtd,
    /// An XML declaration that is malformed or of a version other than 1.0.
    #[error("malformed XML declaration")]
    Declaration,
    /// An XML declaration that names an encoding other than UTF-8
    /// (RFC 6120 11.6).
    #[error("an encoding other than UTF-8")]
    DeclaredEncoding,
    /// Text, a reference or a CDATA section outside any element; in
    /// [`Mode::Message`](super::Mode::Message) also white space in front.
    #[error("text outside an element")]
    StrayText,
    /// Markup behind the end of the stream, or a second element in a message.
    #[error("markup behind the end")]
    Trailing,
    /// A stream header that is an empty-element tag.
    #[error("a stream that ends in its own header")]
    EmptyStream,
    /// Over [`max_bytes`](crate::limits::XmlLimits::max_bytes).
    #[error("an element of too many bytes")]
    TooLarge,
    /// Over [`max_depth`](crate::limits::XmlLimits::max_depth).
    #[error("elements nested too deep")]
    TooDeep,
    /// Over [`max_elements`](crate::limits::XmlLimits::max_elements).
    #[error("an element with too many elements inside")]
    TooManyElements,
    /// Over [`max_attributes`](crate::limits::XmlLimits::max_attributes).
    #[error("an element with too many attributes")]
    TooManyAttributes,
    /// Over [`max_name_bytes`](crate::limits::XmlLimits::max_name_bytes).
    #[error("a name of too many bytes")]
    NameTooLong,
    /// Over [`max_prefixes`](crate::limits::XmlLimits::max_prefixes).
    #[error("too many namespace prefixes")]
    TooManyPrefixes,
}

impl ScanError {
    /// The stream error that the peer deserves (RFC 6120 4.9.3).
    pub fn condition(self) -> StreamErrorCondition {
        match self {
            Self::Comment | Self::Dtd | Self::Entity | Self::ProcessingInstruction => {
                StreamErrorCondition::RestrictedXml
            }
            Self::TooLarge
            | Self::TooDeep
            | Self::TooManyElements
            | Self::TooManyAttributes
            | Self::NameTooLong
            | Self::TooManyPrefixes => StreamErrorCondition::PolicyViolation,
            Self::Encoding | Self::DeclaredEncoding => StreamErrorCondition::UnsupportedEncoding,
            Self::StrayText | Self::Trailing | Self::EmptyStream => StreamErrorCondition::BadFormat,
            Self::Unfinished
            | Self::Character
            | Self::Malformed
            | Self::Name
            | Self::LessThanInValue
            | Self::DuplicateAttribute
            | Self::UndeclaredPrefix
            | Self::NamespaceDeclaration
            | Self::MismatchedEndTag
            | Self::CdataEnd
            | Self::Reference
            | Self::CharacterReference
            | Self::Declaration => StreamErrorCondition::NotWellFormed,
        }
    }
}

/// Why a piece of markup can't be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its end isn't here yet.
    More,
    /// It breaks a rule.
    Bad(ScanError),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Bad(error)
    }
}
