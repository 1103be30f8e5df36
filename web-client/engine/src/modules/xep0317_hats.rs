//! XEP-0317 Hats 0.2: what a room calls its occupants besides what all rooms do.

use minidom::Element;

use crate::foreign;
use crate::module::{Module, Specification};

/// A room has this feature if it says who wears what; elsewhere anybody could say so of
/// themselves.
pub(super) const HATS: &str = "urn:xmpp:hats:0";

/// More hats than this nobody wears at a time.
const MOST: usize = 5;
/// More of a hat's title than this, in characters, nobody reads.
const LONGEST: usize = 40;

#[derive(Debug, Default)]
pub(crate) struct Hats;

impl Module for Hats {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0317",
            title: "Hats",
            version: "0.2",
        }
    }
}

/// The titles of the hats that somebody in a room wears (XEP-0317 3.1).
pub(super) fn titles(payloads: &[Element]) -> Vec<String> {
    let hats = payloads.iter().find(|payload| payload.is("hats", HATS));
    let all = hats.into_iter().flat_map(Element::children);
    let titles = all.filter(|hat| hat.is("hat", HATS)).take(MOST);
    titles
        .filter_map(|hat| foreign::one_line(hat.attr("title")?, LONGEST))
        .collect()
}
