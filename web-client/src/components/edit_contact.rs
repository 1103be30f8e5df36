//! The dialog that gives a contact another name, and puts them into groups.

use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::{Field, input};
use crate::hooks::use_mount;
use crate::i18n::{lower, t};
use crate::state::State;

const NAME: &str = "edit-name";
const GROUPS: &str = "edit-groups";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// Asks for a name, without which the address is shown, and for groups.
#[component]
pub(crate) fn EditContact(props: &Props) -> Html {
    let Props { state, jid } = props;
    let known = state.store().contact(jid).cloned();
    let name = known.as_ref().and_then(|contact| contact.name.clone());
    let before = known.map(|contact| contact.groups.clone());
    let mut before = before.unwrap_or_default();
    // Servers keep them in no order.
    before.sort_by_cached_key(|group| lower(group));
    let written = before.join(", ");
    {
        let written = written.clone();
        use_mount(Box::new(move || {
            input(GROUPS)?.set_value(&written);
            None
        }));
    }
    let onsubmit = {
        let (state, jid) = (state.clone(), jid.clone());
        submitting(move |form| {
            let name = Some(value(form, NAME)).filter(|name| !name.is_empty());
            let typed = value(form, GROUPS);
            // Another app may have written names with commas in them.
            let groups = match typed == written {
                true => before.clone(),
                false => groups(&typed),
            };
            state.edit_contact(jid.clone(), name, groups);
            state.close();
        })
    };
    let name_field = Field {
        id: NAME,
        label: t("rename.name"),
        hint: Some(t("rename.hint")),
        autofocus: true,
        ..Field::default()
    };
    let groups_field = Field {
        id: GROUPS,
        label: t("groups.label"),
        hint: Some(t("groups.hint")),
        ..Field::default()
    };
    html! {
        <Dialog state={state.clone()} title={t("details.edit")} text={name.unwrap_or_default()}>
            <form class="form" novalidate=true {onsubmit}>
                { name_field.html() }
                { groups_field.html() }
                { form_buttons(state, t("dialog.save")) }
            </form>
        </Dialog>
    }
}

/// What stands between commas, each once.
fn groups(typed: &str) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for name in typed.split([',', '،', '、', '，']).map(str::trim) {
        if !name.is_empty() && !groups.iter().any(|known| known == name) {
            groups.push(name.to_owned());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn each_group_is_named_once() {
        assert_eq!(groups(" Friends,, Work ,Friends"), ["Friends", "Work"]);
        assert_eq!(groups("أصدقاء، عمل"), ["أصدقاء", "عمل"]);
        assert_eq!(groups("友達、仕事"), ["友達", "仕事"]);
        assert!(groups(" , ").is_empty());
    }
}
