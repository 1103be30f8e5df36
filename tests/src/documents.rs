//! What is written of the table of modules: the README's list and `couplet.doap`.

use couplet_engine::{Engine, Specification};

/// Begins the generated part of the README.
pub const BEGIN: &str = "<!-- specifications: generated, see CONTRIBUTING.md -->\n";
/// Ends it.
pub const END: &str = "<!-- /specifications -->\n";

/// The README's table.
pub fn table() -> String {
    let mut table = "| | | version |\n|---|---|---|\n".to_owned();
    for Specification {
        number,
        title,
        version,
    } in Engine::specifications()
    {
        table += &format!("| [{number}]({}) | {title} | {version} |\n", url(number));
    }
    table
}

/// `couplet.doap`, as XEP-0453 wants it.
pub fn doap() -> String {
    let mut implements = String::new();
    for Specification {
        number, version, ..
    } in Engine::specifications()
    {
        let url = url(number);
        implements += &if number.starts_with("XEP") {
            format!(
                "    <implements>\n      <xmpp:SupportedXep>\n        \
                 <xmpp:xep rdf:resource=\"{url}\"/>\n        \
                 <xmpp:version>{version}</xmpp:version>\n      \
                 </xmpp:SupportedXep>\n    </implements>\n"
            )
        } else {
            format!("    <implements rdf:resource=\"{url}\"/>\n")
        };
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <rdf:RDF xmlns=\"http://usefulinc.com/ns/doap#\"\n         \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"\n         \
         xmlns:xmpp=\"https://linkmauve.fr/ns/xmpp-doap#\">\n  \
         <Project>\n    <name>Couplet</name>\n    \
         <shortdesc xml:lang=\"en\">XMPP chat in the browser, and the proxy that carries it</shortdesc>\n    \
         <license rdf:resource=\"https://spdx.org/licenses/MIT\"/>\n    \
         <license rdf:resource=\"https://spdx.org/licenses/Apache-2.0\"/>\n    \
         <programming-language>Rust</programming-language>\n    <platform>Web</platform>\n\
         {implements}  </Project>\n</rdf:RDF>\n"
    )
}

fn url(number: &str) -> String {
    match number.split_once(['-', ' ']) {
        Some(("XEP", digits)) => format!("https://xmpp.org/extensions/xep-{digits}.html"),
        Some((_, digits)) => format!("https://www.rfc-editor.org/rfc/rfc{digits}"),
        None => String::new(),
    }
}
