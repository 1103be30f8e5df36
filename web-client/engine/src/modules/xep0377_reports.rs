//! XEP-0377 Blocking Command Reports 0.4.1: why somebody is blocked.

use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

use crate::module::{Module, Specification};
use crate::store::{Reason, Report};
use crate::xml::build;

/// What a server that takes reports says of itself.
pub(super) const REPORTING: &str = "urn:xmpp:reporting:1";

/// What goes with a request to block somebody whose messages are in the archive of `account`.
pub(super) fn write(report: &Report, account: Option<&BareJid>) -> Element {
    let reason = match report.reason {
        Reason::Spam => "urn:xmpp:reporting:spam",
        Reason::Abuse => "urn:xmpp:reporting:abuse",
    };
    let messages = report.messages.iter().map(|id| {
        build("stanza-id", ns::SID)
            .attr("by", account.map(|account| account.as_str()))
            .attr("id", id.as_str())
            .done()
    });
    build("report", REPORTING)
        .attr("reason", reason)
        .children(messages)
        .done()
}

#[derive(Debug, Default)]
pub(crate) struct Reports;

impl Module for Reports {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0377",
            title: "Blocking Command Reports",
            version: "0.4.1",
        }
    }
}
