//! The accounts of a demo, each one click from signed in.

use std::str::FromStr;

use couplet_shared::config::DemoAccount;
use jid::BareJid;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use crate::i18n::t;
use crate::state::State;

/// The offer; nothing where there is no demo.
pub(crate) fn demo_accounts(state: &State, disabled: bool) -> Html {
    let accounts = &state.config().demo;
    if accounts.is_empty() {
        return Html::default();
    }
    html! {
        <section class="demo" aria-labelledby="demo-title">
            <h2 id="demo-title" class="demo__title">{ t("demo.title") }</h2>
            <div class="demo__accounts">
                { for accounts.iter().map(|account| button(state, account, disabled)) }
            </div>
        </section>
    }
}

fn button(state: &State, account: &DemoAccount, disabled: bool) -> Html {
    let Ok(jid) = BareJid::from_str(&account.jid) else {
        return Html::default();
    };
    let name = jid.node().map(|node| node.to_string()).unwrap_or_default();
    let face = avatar(state, &jid, &name, Size::Small, None);
    let sign_in = {
        let (state, password) = (state.clone(), account.password.clone());
        Callback::from(move |_| state.sign_in(jid.clone(), password.clone(), true))
    };
    html! {
        <button
            type="button"
            class="demo__account"
            title={account.jid.clone()}
            {disabled}
            onclick={sign_in}
        >
            { face }
            { name }
        </button>
    }
}
