//! XEP-0492 Chat notification settings 0.2.0: what one wants to hear of in a room, on all of
//! one's devices. It is part of the room's bookmark (XEP-0402).

use minidom::Element;

use crate::module::{Module, Specification};
use crate::modules::xep0030_disco::{CATEGORY, TYPE};
use crate::store::Hear;
use crate::xml::build;

const NS: &str = "urn:xmpp:notification-settings:1";

/// The settings, by the names of their elements.
const NAMES: [(&str, Hear); 3] = [
    ("always", Hear::All),
    ("on-mention", Hear::Mentions),
    ("never", Hear::Nothing),
];

/// To whom a setting applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Applications that are something else.
    Others,
    /// Whoever finds nothing more to the point.
    Everybody,
    /// Everything that people chat with.
    Clients,
    /// What we are.
    Ours,
}

/// What the extensions of a bookmark say to us (XEP-0492 3), if anything.
pub(super) fn read(extensions: &Element) -> Option<Hear> {
    let settings = extensions.get_child("notify", NS)?.children();
    let ours = settings.filter_map(|setting| Some((scope(setting), hear(setting)?)));
    let ours = ours.filter(|(scope, _)| *scope != Scope::Others);
    // Of two that are as much to the point, the first counts.
    let ours: Vec<_> = ours.collect();
    let most = ours.iter().map(|(scope, _)| *scope).max()?;
    let found = ours.into_iter().find(|(scope, _)| *scope == most);
    found.map(|(_, hear)| hear)
}

/// The extensions with `wanted` for everybody, and for us where we had something of our own.
/// What other kinds of applications have been told stays, and so does what goes with a setting
/// besides (XEP-0492 3).
pub(super) fn write(mut extensions: Element, wanted: Hear) -> Element {
    let name = NAMES.iter().find(|(_, hear)| *hear == wanted);
    let name = name.map_or("always", |(name, _)| name);
    let before = extensions.remove_child("notify", NS);
    let mut written = Vec::new();
    let mut settings = Vec::new();
    for setting in before.iter().flat_map(Element::children) {
        let scope = scope(setting);
        if scope == Scope::Others || hear(setting).is_none() {
            settings.push(setting.clone());
        } else if !written.contains(&scope) {
            written.push(scope);
            let attribute = |name| setting.attr(name);
            let changed = build(name, NS)
                .attr("identity-category", attribute("identity-category"))
                .attr("identity-type", attribute("identity-type"))
                .children(setting.children().cloned());
            settings.push(changed.done());
        }
    }
    if !written.contains(&Scope::Everybody) {
        settings.push(build(name, NS).done());
    }
    extensions.append_child(build("notify", NS).children(settings).done());
    extensions
}

fn hear(setting: &Element) -> Option<Hear> {
    let mut names = NAMES.iter();
    let found = names.find(|(name, _)| setting.is(*name, NS));
    found.map(|(_, hear)| *hear)
}

fn scope(setting: &Element) -> Scope {
    let attribute = |name| setting.attr(name);
    match (attribute("identity-category"), attribute("identity-type")) {
        (None, _) => Scope::Everybody,
        (Some(CATEGORY), None) => Scope::Clients,
        (Some(CATEGORY), Some(TYPE)) => Scope::Ours,
        (Some(_), _) => Scope::Others,
    }
}

#[derive(Debug, Default)]
pub(crate) struct Notifications;

impl Module for Notifications {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0492",
            title: "Chat notification settings",
            version: "0.2.0",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(settings: &str) -> Element {
        let text = format!(
            "<extensions xmlns='urn:xmpp:bookmarks:1'><other xmlns='other'/>\
             <notify xmlns='{NS}'>{settings}</notify></extensions>"
        );
        text.parse().unwrap()
    }

    #[test]
    fn what_is_most_to_the_point_counts() {
        let pc = "<never identity-category='client' identity-type='pc'/>";
        for (settings, expected) in [
            ("<never/>", Some(Hear::Nothing)),
            ("<always/><never/>", Some(Hear::All)),
            (pc, None),
            (
                "<always/><on-mention identity-category='client'/><never identity-category='gateway'/>",
                Some(Hear::Mentions),
            ),
            (
                "<always identity-category='client'/><never identity-category='client' identity-type='web'/>",
                Some(Hear::Nothing),
            ),
            ("<sometimes/>", None),
        ] {
            assert_eq!(read(&extensions(settings)), expected, "{settings}");
        }
    }

    #[test]
    fn what_others_have_been_told_stays() {
        let before = "<never identity-category='client' identity-type='pc'/>\
                      <on-mention identity-category='client' identity-type='web'/>\
                      <always><advanced><cool xmlns='ours-it-is-not'/></advanced></always>";
        let after = write(extensions(before), Hear::Nothing);
        assert_eq!(read(&after), Some(Hear::Nothing));
        assert!(after.has_child("other", "other"));
        let notify = after.get_child("notify", NS).unwrap();
        let names: Vec<_> = notify
            .children()
            .map(|setting| (setting.name(), setting.attr("identity-type")))
            .collect();
        let expected = [Some("pc"), Some("web"), None].map(|of| ("never", of));
        assert_eq!(names, expected);
        let advanced = notify.children().nth(2).unwrap().children().next().unwrap();
        assert!(advanced.has_child("cool", "ours-it-is-not"));
    }
}
