//! Tags, references, CDATA sections, the XML declaration, characters.

use super::*;
use crate::stream_error::StreamErrorCondition;

#[test]
fn names_are_names() {
    for name in ["1", "-", "a:", ":a", "a:b:c", "a\u{D7}", "\u{300}", "\"\""] {
        assert_eq!(
            content(&format!("<{name}/>")),
            Err(ScanError::Name),
            "{name}"
        );
        let attribute = content(&format!("<b {name}=''/>"));
        assert_eq!(attribute, Err(ScanError::Name), "{name}");
    }
    assert_eq!(content("<é ü='' 中文.-_1=''></é>"), Ok(()));
}

#[test]
fn names_are_of_any_length() {
    for len in 1..20 {
        let name = &"abcdefghijklmnopqrstuvwxyz"[..len];
        let tags = format!("<{name}/><{name} {name}='' {name}s = ''/><{name}></{name}>");
        assert_eq!(content(&tags), Ok(()));
        assert_eq!(
            content(&format!("<{name}></{name}s>")),
            Err(ScanError::MismatchedEndTag)
        );
    }
}

#[test]
fn tags_are_well_formed() {
    assert_eq!(content("<b\tc = 'd'\n e\r=\n\"f\" />"), Ok(()));
    for tag in [
        "<b c>",
        "<b c='d'e='f'>",
        "<b c=d>",
        "<b/ >",
        "<b c==''>",
        "<b c=>",
    ] {
        assert_eq!(content(tag), Err(ScanError::Malformed), "{tag}");
    }
    for tag in ["<b =''>", "< b>", "<b 'c'>", "<b c='' '>'>", "<>"] {
        assert_eq!(content(tag), Err(ScanError::Name), "{tag}");
    }
    assert_eq!(content("<b <c/>"), Err(ScanError::Name));
}

#[test]
fn attribute_values_hold_no_markup() {
    assert_eq!(content("<b c='>/>\"' d=\"'\"/>"), Ok(()));
    assert_eq!(content("<b c='<'/>"), Err(ScanError::LessThanInValue));
    assert_eq!(content("<b c='&lt;&#60;'/>"), Ok(()));
    assert_eq!(content("<b c='a & b'/>"), Err(ScanError::Reference));
    assert_eq!(content("<b c=\"&nbsp;\"/>"), Err(ScanError::Entity));
    assert_eq!(content("<b c='&#0;'/>"), Err(ScanError::CharacterReference));
}

#[test]
fn attributes_are_given_once() {
    assert_eq!(content("<b c='' d='' cd='' C=''/>"), Ok(()));
    assert_eq!(
        content("<b c='' d='' c=''/>"),
        Err(ScanError::DuplicateAttribute)
    );
    assert_eq!(content("<b longer-name-1='' longer-name-2=''/>"), Ok(()));
    assert_eq!(
        content("<b longer-name-1='' longer-name-1=''/>"),
        Err(ScanError::DuplicateAttribute)
    );
    assert_eq!(
        content("<b xmlns='x' xmlns='x'/>"),
        Err(ScanError::DuplicateAttribute)
    );
    assert_eq!(
        content("<b xmlns:p='x' xmlns:p='x'/>"),
        Err(ScanError::DuplicateAttribute)
    );
    assert_eq!(
        content("<b xml:lang='x' xml:lang='x'/>"),
        Err(ScanError::DuplicateAttribute)
    );
}

#[test]
fn cdata_ends_only_where_it_may() {
    assert_eq!(content("<![CDATA[]]>"), Ok(()));
    assert_eq!(
        content("x<![CDATA[ <b> &nbsp; ]] ]> ]]]]>y<![CDATA[]]]>"),
        Ok(())
    );
    assert_eq!(content("]] > ]]&gt; ]>"), Ok(()));
    assert_eq!(content("]]<![CDATA[>]]>"), Ok(()));
    assert_eq!(content("]]>"), Err(ScanError::CdataEnd));
    assert_eq!(content("]]]]>"), Err(ScanError::CdataEnd));
    assert_eq!(content("<![CDATA[x]]>]]>"), Err(ScanError::CdataEnd));
    assert_eq!(content("<![CDATA[x]>"), Err(ScanError::Unfinished));
    assert_eq!(content("<![CDATB[x]]>"), Err(ScanError::Malformed));
    assert_eq!(content("<b c=']]>'/>"), Ok(()));
}

#[test]
fn comments_instructions_and_dtds_are_restricted() {
    for (markup, error) in [
        ("<!-- x -->", ScanError::Comment),
        ("<?php echo '?>", ScanError::ProcessingInstruction),
        ("<?xml version='1.0'?>", ScanError::ProcessingInstruction),
        ("<!DOCTYPE a>", ScanError::Dtd),
        ("<!ENTITY a 'b'>", ScanError::Dtd),
        ("&nbsp;", ScanError::Entity),
    ] {
        assert_eq!(content(markup), Err(error), "{markup}");
        assert_eq!(error.condition(), StreamErrorCondition::RestrictedXml);
        if !markup.starts_with("<?xml") && !markup.starts_with('&') {
            assert_eq!(message(markup), Err(error), "{markup}");
            assert_eq!(stream(markup), Err(error), "{markup}");
        }
    }
    assert_eq!(
        message("<?xml-stylesheet?><a/>"),
        Err(ScanError::ProcessingInstruction)
    );
}

#[test]
fn only_the_five_entities_and_characters_are_referred_to() {
    assert_eq!(content("&amp;&lt;&gt;&quot;&apos;&#9;&#x1F600;"), Ok(()));
    assert_eq!(content("&copy;"), Err(ScanError::Entity));
    assert_eq!(content("a & b"), Err(ScanError::Reference));
    assert_eq!(content("&#xFFFF;"), Err(ScanError::CharacterReference));
}

#[test]
fn characters_are_those_of_xml() {
    assert_eq!(
        content("tab\t lf\n cr\r é 中 😀 \u{7F} \u{85} \u{FFFD}"),
        Ok(())
    );
    for text in ["\0", "\u{1}", "\u{1B}", "\u{FFFE}", "\u{FFFF}"] {
        assert_eq!(content(text), Err(ScanError::Character), "{text:?}");
        assert_eq!(
            content(&format!("<b c='{text}'/>")),
            Err(ScanError::Character),
            "{text:?}"
        );
        assert_eq!(
            content(&format!("<b{text}/>")),
            Err(ScanError::Character),
            "{text:?}"
        );
        let cdata = content(&format!("<![CDATA[{text}]]>"));
        assert_eq!(cdata, Err(ScanError::Character), "{text:?}");
    }
}

#[test]
fn the_input_is_utf8() {
    for bytes in [
        &b"\xFF"[..],
        b"\xC0\x80",
        b"\xED\xA0\x80",
        b"\xE2\x82",
        b"\xF0\x9F\x98",
    ] {
        for (before, after) in [
            ("<a>", "</a>"),
            ("<a b='", "'/>"),
            ("<a", "/>"),
            ("<a>]]", ">"),
        ] {
            let input = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_eq!(message(input), Err(ScanError::Encoding), "{before}");
        }
    }
}

#[test]
fn a_declaration_is_of_xml_1_in_utf8() {
    let declared = |text: &str| message(format!("<?xml{text}?><a/>"));
    for text in [
        " version='1.0'",
        "\tversion = \"1.0\"  ",
        " version='1.0' encoding='utf-8'",
        " version='1.0' encoding='UTF-8' standalone='yes'",
        " version='1.0' standalone='no'",
    ] {
        assert_eq!(declared(text), Ok(()), "{text}");
    }
    for text in [
        "",
        " ",
        " version='1.1'",
        " encoding='utf-8'",
        " standalone='yes'",
        " version='1.0' version='1.0'",
        " version='1.0' standalone='maybe'",
        " version='1.0' standalone='yes' encoding='utf-8'",
        " version='1.0'encoding='utf-8'",
        " version='1.0' else=''",
        " version=1.0",
        " version='1.0' ?",
    ] {
        assert_eq!(declared(text), Err(ScanError::Declaration), "{text}");
    }
    assert_eq!(
        declared(" version='1.0' encoding='latin1'"),
        Err(ScanError::DeclaredEncoding)
    );
    assert_eq!(
        message("<?xml version='1.0'><a/>"),
        Err(ScanError::Declaration)
    );
    assert_eq!(
        message("<?xml version='1.0'?><?xml version='1.0'?><a/>"),
        Err(ScanError::ProcessingInstruction)
    );
}
