//! Which documents are implemented: told on the page, in the README and in the DOAP file.

use std::collections::BTreeMap;

use crate::module::Specification;

/// What the engine's core and the page implement, which no module does.
const CORE: [Specification; 17] = [
    Specification {
        number: "RFC 5122",
        title: "IRIs and URIs for XMPP",
        version: "",
    },
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
        number: "XEP-0004",
        title: "Data Forms",
        version: "2.13.1",
    },
    Specification {
        number: "XEP-0059",
        title: "Result Set Management",
        version: "1.0",
    },
    Specification {
        number: "XEP-0122",
        title: "Data Forms Validation",
        version: "1.0.2",
    },
    Specification {
        number: "XEP-0128",
        title: "Service Discovery Extensions",
        version: "1.0.1",
    },
    Specification {
        number: "XEP-0141",
        title: "Data Forms Layout",
        version: "1.0",
    },
    Specification {
        number: "XEP-0147",
        title: "XMPP URI Scheme Query Components",
        version: "1.2",
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

/// Those of the core and of all modules, once each, by number.
pub(crate) fn all(modules: impl Iterator<Item = Specification>) -> Vec<Specification> {
    let all = CORE.into_iter().chain(modules);
    let unique: BTreeMap<_, _> = all.map(|one| (one.number, one)).collect();
    unique.into_values().collect()
}
