//! What is written of the table of modules: the README's list and `couplet.doap`.

use std::collections::BTreeMap;

use couplet_engine::{Engine, Specification};

/// Begins the generated part of the README.
pub const BEGIN: &str = "<!-- specifications: generated, see CONTRIBUTING.md -->\n";
/// Ends it.
pub const END: &str = "<!-- /specifications -->\n";

/// What the engine's core and the page implement beside the modules.
const CORE: [Specification; 11] = [
    Specification {
        number: "RFC 6120",
        title: "XMPP: Core",
        version: "",
    },
    Specification {
        number: "RFC 7395",
        title: "XMPP over WebSocket",
        version: "",
    },
    Specification {
        number: "RFC 7622",
        title: "XMPP: Address Format",
        version: "",
    },
    Specification {
        number: "XEP-0059",
        title: "Result Set Management",
        version: "1.0",
    },
    Specification {
        number: "XEP-0198",
        title: "Stream Management",
        version: "1.6.3",
    },
    Specification {
        number: "XEP-0203",
        title: "Delayed Delivery",
        version: "2.0",
    },
    Specification {
        number: "XEP-0245",
        title: "The /me Command",
        version: "1.0",
    },
    Specification {
        number: "XEP-0386",
        title: "Bind 2",
        version: "1.1.0",
    },
    Specification {
        number: "XEP-0388",
        title: "Extensible SASL Profile",
        version: "1.0.4",
    },
    Specification {
        number: "XEP-0474",
        title: "SASL SCRAM Downgrade Protection",
        version: "0.5.0",
    },
    Specification {
        number: "XEP-0484",
        title: "Fast Authentication Streamlining Tokens",
        version: "0.2.0",
    },
];

/// Everything that is implemented, once, by number.
pub fn specifications() -> Vec<Specification> {
    let all = CORE.into_iter().chain(Engine::specifications());
    let unique: BTreeMap<_, _> = all.map(|one| (one.number, one)).collect();
    unique.into_values().collect()
}

/// The README's table.
pub fn table() -> String {
    let mut table = "| | | version |\n|---|---|---|\n".to_owned();
    for Specification {
        number,
        title,
        version,
    } in specifications()
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
    } in specifications()
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
