//! Whose things are kept here: the messenger's own, or those of a site that has the chat in
//! its pages. Browsers keep these apart where the site is another one; where it isn't, as below
//! the same domain, names do.

use std::cell::RefCell;

thread_local! {
    /// In front of every name; nothing is in front of the messenger's own.
    static PROFILE: RefCell<String> = const { RefCell::new(String::new()) };
    /// What the site has chosen, in place of what is kept.
    static GIVEN: RefCell<Vec<(&'static str, String)>> = const { RefCell::new(Vec::new()) };
}

/// Has this page be of the pages of `site`, an origin, that have the chat of `domain`. Has to be
/// done before anything is opened or read.
pub(crate) fn begin(site: &str, domain: &str) {
    PROFILE.set([site, " ", domain, "\n"].concat());
}

/// Whether this page is in another site's.
pub(crate) fn is_embedded() -> bool {
    PROFILE.with_borrow(|profile| !profile.is_empty())
}

/// What a database, a lock, a channel or a row is called for this profile.
pub(crate) fn own(name: &str) -> String {
    PROFILE.with_borrow(|profile| [profile, name].concat())
}

/// Has a preference be this, whatever is kept, or be what is kept again.
pub(crate) fn give(name: &'static str, value: Option<&str>) {
    GIVEN.with_borrow_mut(|given| {
        given.retain(|(known, _)| *known != name);
        given.extend(value.map(|value| (name, value.to_owned())));
    });
}

/// What has been given.
pub(super) fn given(name: &str) -> Option<String> {
    GIVEN.with_borrow(|given| {
        let known = given.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| value.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_messenger_keeps_has_no_other_name_than_ever() {
        assert_eq!(own("couplet.theme"), "couplet.theme");
        begin("https://www.example.org", "chat.example");
        assert_eq!(
            own("couplet.theme"),
            "https://www.example.org chat.example\ncouplet.theme"
        );
    }

    #[test]
    fn what_is_given_can_be_taken_back() {
        give("couplet.theme", Some("dark"));
        give("couplet.theme", Some("light"));
        assert_eq!(given("couplet.theme").as_deref(), Some("light"));
        give("couplet.theme", None);
        assert_eq!(given("couplet.theme"), None);
    }
}
