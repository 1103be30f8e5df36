//! XEP-0421 Occupant identifiers for semi-anonymous MUCs 1.0.1: who is who in a room.

use minidom::Element;
use xmpp_parsers::ns;

use crate::module::{Module, Specification};

#[derive(Debug, Default)]
pub(crate) struct OccupantIds;

impl Module for OccupantIds {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0421",
            title: "Occupant identifiers for semi-anonymous MUCs",
            version: "1.0.1",
        }
    }
}

/// By which a room knows an occupant whatever they are called (XEP-0421 4).
pub(crate) fn occupant_id(payloads: &[Element]) -> Option<String> {
    let id = payloads
        .iter()
        .find(|known| known.is("occupant-id", ns::OID));
    id?.attr("id").map(str::to_owned)
}
