//! The dialog that adds a contact.

use std::str::FromStr;

use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::{Field, focus};
use crate::hooks::use_model;
use crate::i18n::t;
use crate::route::Route;
use crate::state::State;

const ADDRESS: &str = "add-address";
const NAME: &str = "add-name";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// Asks for an address and a name of one's own for it.
#[component]
pub(crate) fn AddContact(props: &Props) -> Html {
    let error = use_model(|| None::<&'static str>);
    let onsubmit = {
        let (state, error) = (props.state.clone(), error.clone());
        submitting(move |form| match contact(&state, &value(form, ADDRESS)) {
            Ok(jid) => {
                let name = Some(value(form, NAME)).filter(|name| !name.is_empty());
                state.add_contact(jid.clone(), name);
                state.close();
                Route::Chat(jid).go();
            }
            Err(key) => {
                error.change(|error| *error = Some(key));
                focus(ADDRESS);
            }
        })
    };
    let address = Field {
        id: ADDRESS,
        label: t("signIn.address"),
        placeholder: t("add.placeholder"),
        address: true,
        autofocus: true,
        error: error.read().map(t),
        ..Field::default()
    };
    let name = Field {
        id: NAME,
        label: t("add.name"),
        hint: Some(t("add.nameHint")),
        ..Field::default()
    };
    html! {
        <Dialog state={props.state.clone()} title={t("account.add")}>
            <form class="form" novalidate=true {onsubmit}>
                <p class="form__text">{ t("add.text") }</p>
                { address.html() }
                { name.html() }
                { form_buttons(&props.state, t("add.submit")) }
            </form>
        </Dialog>
    }
}

/// Whose address was typed, or the key of what is wrong with it.
fn contact(state: &State, address: &str) -> Result<BareJid, &'static str> {
    let jid = BareJid::from_str(address)
        .ok()
        .filter(|jid| jid.node().is_some());
    let jid = jid.ok_or("add.noName")?;
    if state.me().as_ref() == Some(&jid) {
        Err("add.yourself")
    } else {
        Ok(jid)
    }
}
