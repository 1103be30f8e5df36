//! The question before a room is destroyed.

use jid::BareJid;
use web_sys::FormData;
use yew::prelude::*;

use super::dialog::value;
use super::field::{Field, focus};
use super::room_question::{RoomQuestion, reason};
use crate::hooks::use_model;
use crate::i18n::{t, t_with};
use crate::state::State;

const ADDRESS: &str = "destroy-address";
const INSTEAD: &str = "destroy-instead";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// The field that doesn't say what it has to.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Address,
    Instead,
}

/// Says what goes, and has the address typed, so that nobody does it by mistake.
#[component]
pub(crate) fn DestroyRoom(props: &Props) -> Html {
    let Props { state, jid } = props;
    let wrong = use_model(|| None::<Wrong>);
    let ask = {
        let (state, jid, wrong) = (state.clone(), jid.clone(), wrong.clone());
        Callback::from(move |form: FormData| {
            let typed = value(&form, INSTEAD);
            let instead = typed.parse::<BareJid>().ok();
            let instead = instead.filter(|instead| instead.node().is_some());
            let found = if value(&form, ADDRESS).to_lowercase() != jid.as_str() {
                Some(Wrong::Address)
            } else {
                (!typed.is_empty() && instead.is_none()).then_some(Wrong::Instead)
            };
            wrong.change(|wrong| *wrong = found);
            match found {
                Some(Wrong::Address) => focus(ADDRESS),
                Some(Wrong::Instead) => focus(INSTEAD),
                None => return Some(state.destroy_room(&jid, instead, reason(&form))),
            }
            None
        })
    };
    let is_wrong = |field| *wrong.read() == Some(field);
    let address = Field {
        id: ADDRESS,
        label: t("destroy.confirm"),
        placeholder: jid.to_string().into(),
        address: true,
        error: is_wrong(Wrong::Address).then(|| t("destroy.mismatch")),
        ..Field::default()
    };
    let instead = Field {
        id: INSTEAD,
        label: t("destroy.instead"),
        address: true,
        error: is_wrong(Wrong::Instead).then(|| t("join.noAddress")),
        ..Field::default()
    };
    let name = state.store().name(jid).to_owned();
    html! {
        <RoomQuestion
            state={state.clone()}
            title={t_with("destroy.title", &[("name", &name)])}
            submit={t("destroy.submit")}
            danger=true
            reasoned=true
            {ask}
        >
            <p class="form__text">{ t("destroy.text") }</p>
            { address.html() }
            { instead.html() }
        </RoomQuestion>
    }
}
