//! Prefixes and what they mean.

use super::*;

#[test]
fn attributes_are_given_once_by_their_expanded_names() {
    let both = |attributes: &str| content(&format!("<b xmlns:p='x' xmlns:q='x' {attributes}/>"));
    assert_eq!(both("p:c='' q:c=''"), Err(ScanError::DuplicateAttribute));
    assert_eq!(both("p:c='' q:d='' c=''"), Ok(()));
    let differently = "<b p:c='' xmlns:p='a b' q:c='' xmlns:q='&#97;\tb'/>";
    assert_eq!(content(differently), Err(ScanError::DuplicateAttribute));
    assert_eq!(content("<b xmlns='x' xmlns:p='x' c='' p:c=''/>"), Ok(()));
}

#[test]
fn prefixes_are_declared() {
    assert_eq!(content("<p:b xmlns:p='x' p:c=''><p:d/></p:b>"), Ok(()));
    assert_eq!(content("<p:b/>"), Err(ScanError::UndeclaredPrefix));
    assert_eq!(content("<b p:c=''/>"), Err(ScanError::UndeclaredPrefix));
    assert_eq!(
        content("<b xmlns:p='x'/><p:b/>"),
        Err(ScanError::UndeclaredPrefix)
    );
    assert_eq!(
        content("<b xmlns:p='x'></b><p:b/>"),
        Err(ScanError::UndeclaredPrefix)
    );
    assert_eq!(content("<b xml:lang='' xml:else=''><xml:b/></b>"), Ok(()));
    assert_eq!(stream("<stream:error/></stream:stream>"), Ok(()));
    assert_eq!(stream("<streams:error/>"), Err(ScanError::UndeclaredPrefix));
}

#[test]
fn inner_declarations_hide_outer_ones() {
    let inner = "<b xmlns:p='x' xmlns:q='x'><c xmlns:q='y' p:d='' q:d=''/><c p:d='' q:d=''/></b>";
    assert_eq!(content(inner), Err(ScanError::DuplicateAttribute));
    assert_eq!(
        content(&inner.replacen("<c p:d='' q:d=''/>", "", 1)),
        Ok(())
    );
}

#[test]
fn reserved_prefixes_and_namespaces_stay_as_they_are() {
    for declaration in [
        "xmlns:xmlns='x'",
        "xmlns:xml='x'",
        "xmlns:p='http://www.w3.org/XML/1998/namespace'",
        "xmlns:p='http://www.w3.org/2000/xmlns/'",
        "xmlns='http://www.w3.org/XML/1998/namespace'",
        "xmlns='http://www.w3.org/2000/xmlns/'",
        "xmlns='&#x68;ttp://www.w3.org/2000/xmlns/'",
        "xmlns:p=''",
    ] {
        let error = Err(ScanError::NamespaceDeclaration);
        assert_eq!(
            content(&format!("<b {declaration}/>")),
            error,
            "{declaration}"
        );
    }
    assert_eq!(content("<xmlns:b/>"), Err(ScanError::NamespaceDeclaration));
    for declaration in [
        "xmlns:xml='http://www.w3.org/XML/1998/namespace'",
        "xmlns=''",
        "xmlns='http://www.w3.org/1999/xhtml'",
        "xmlns:xmlx='x'",
    ] {
        assert_eq!(
            content(&format!("<b {declaration}/>")),
            Ok(()),
            "{declaration}"
        );
    }
}
