//! What this is, and what it is made of.

use couplet_engine::{Engine, Specification};
use yew::prelude::*;

use crate::i18n::{t, t_with};

/// The texts under which the work of others may be passed on, beside the page.
const LICENCES: &str = "licences.txt";

pub(super) fn page() -> Html {
    let version = env!("CARGO_PKG_VERSION");
    html! {
        <>
            <p class="setting__label">{ t_with("about.version", &[("version", version)]) }</p>
            <p>{ t("about.text") }</p>
            <section class="setting" aria-labelledby="about-licences">
                <h4 id="about-licences" class="setting__label">{ t("about.licences") }</h4>
                <p class="setting__hint">{ t("about.licencesText") }</p>
                <a class="button" href={LICENCES} target="_blank" rel="noopener">
                    { t("about.show") }
                </a>
            </section>
            <section class="setting" aria-labelledby="about-specifications">
                <h4 id="about-specifications" class="setting__label">
                    { t("about.specifications") }
                </h4>
                <table class="specifications">
                    <thead>
                        <tr>
                            <th scope="col">{ t("about.number") }</th>
                            <th scope="col">{ t("about.name") }</th>
                        </tr>
                    </thead>
                    <tbody>{ for Engine::specifications().iter().map(row) }</tbody>
                </table>
            </section>
        </>
    }
}

fn row(known: &Specification) -> Html {
    let number = known.number;
    // What isn't a XEP is an RFC.
    let address = match number.strip_prefix("XEP-") {
        Some(digits) => ["https://xmpp.org/extensions/xep-", digits, ".html"].concat(),
        None => {
            let digits = number.rsplit(' ').next().unwrap_or_default();
            ["https://www.rfc-editor.org/rfc/rfc", digits, ".html"].concat()
        }
    };
    html! {
        <tr>
            <td>
                <a href={address} target="_blank" rel="noopener noreferrer">{ number }</a>
            </td>
            <td lang="en">{ known.title }</td>
        </tr>
    }
}
