//! What went wrong, in words: what happened, whose side it is on, what to do.

use couplet_engine::store::{Again, Trouble};
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::i18n::{t, t_with};

/// What happened, in a few words, without a full stop.
pub(crate) fn title(trouble: &Trouble) -> AttrValue {
    match trouble {
        Trouble::InsecurePage => t("trouble.insecureTitle"),
        Trouble::ProxyUnreachable => t("trouble.proxyTitle"),
        Trouble::ConnectionLost => t("trouble.lostTitle"),
        Trouble::Timeout => t("trouble.timeoutTitle"),
        Trouble::UnknownHost { domain } => t_with("trouble.hostTitle", &[("domain", domain)]),
        Trouble::ServerUnreachable { .. } => t("trouble.serverTitle"),
        Trouble::ServerCertificate { .. } => t("trouble.certificateTitle"),
        Trouble::WrongPassword { .. } => t("trouble.passwordTitle"),
        // What a site has to give is said in its frame only (`views/embedded/welcome.rs`).
        Trouble::PasswordNeeded(_) | Trouble::TokenNeeded { .. } => t("trouble.againTitle"),
        Trouble::AccountDisabled { .. } => t("trouble.accountTitle"),
        Trouble::SignInRefused { .. } => t("trouble.refusedTitle"),
        Trouble::NoMechanism { .. } => t("trouble.mechanismTitle"),
        Trouble::ServerNotVerified => t("trouble.verifyTitle"),
        Trouble::Replaced => t("trouble.replacedTitle"),
        Trouble::AccountDeleted => t("trouble.deletedTitle"),
        Trouble::StreamError { .. } => t("trouble.streamTitle"),
        Trouble::Protocol { .. } => t("trouble.protocolTitle"),
    }
}

/// Whose side it is on and what to do. `served` are the domains of this site.
fn advice(trouble: &Trouble, served: &[String]) -> AttrValue {
    match trouble {
        Trouble::InsecurePage => t("trouble.insecureText"),
        Trouble::ProxyUnreachable => t("trouble.proxyText"),
        Trouble::ConnectionLost => t("trouble.lostText"),
        Trouble::Timeout => t("trouble.timeoutText"),
        Trouble::UnknownHost { .. } if served.is_empty() => t("trouble.hostText"),
        Trouble::UnknownHost { .. } => {
            t_with("trouble.hostTextServed", &[("domains", &served.join(", "))])
        }
        Trouble::ServerUnreachable { .. } => t("trouble.serverText"),
        Trouble::ServerCertificate { .. } => t("trouble.certificateText"),
        Trouble::WrongPassword { .. } => t("trouble.passwordText"),
        Trouble::PasswordNeeded(why) => t(match why {
            Again::Changed => "trouble.againChanged",
            Again::Plain => "trouble.againPlain",
            Again::TokenExpired => "trouble.againExpired",
            Again::TokenRefused => "trouble.againRefused",
        }),
        Trouble::TokenNeeded { .. } => AttrValue::default(),
        Trouble::AccountDisabled { .. } => t("trouble.accountText"),
        Trouble::SignInRefused { condition, .. } => {
            t_with("trouble.refusedText", &[("condition", condition)])
        }
        Trouble::NoMechanism { offered } if offered.is_empty() => t("trouble.mechanismNone"),
        Trouble::NoMechanism { offered } => {
            t_with("trouble.mechanismText", &[("offered", &offered.join(", "))])
        }
        Trouble::ServerNotVerified => t("trouble.verifyText"),
        Trouble::Replaced => t("trouble.replacedText"),
        Trouble::AccountDeleted => t("trouble.deletedText"),
        Trouble::StreamError { condition, .. } => {
            t_with("trouble.streamText", &[("condition", condition)])
        }
        Trouble::Protocol { detail } => t_with("trouble.protocolText", &[("detail", detail)]),
    }
}

/// The other side's own words.
fn quote(trouble: &Trouble) -> Option<&str> {
    match trouble {
        Trouble::ServerUnreachable { text }
        | Trouble::ServerCertificate { text }
        | Trouble::WrongPassword { text }
        | Trouble::TokenNeeded { text }
        | Trouble::AccountDisabled { text }
        | Trouble::SignInRefused { text, .. }
        | Trouble::StreamError { text, .. } => text.as_deref(),
        Trouble::InsecurePage
        | Trouble::PasswordNeeded(_)
        | Trouble::ProxyUnreachable
        | Trouble::ConnectionLost
        | Trouble::Timeout
        | Trouble::UnknownHost { .. }
        | Trouble::NoMechanism { .. }
        | Trouble::ServerNotVerified
        | Trouble::Replaced
        | Trouble::AccountDeleted
        | Trouble::Protocol { .. } => None,
    }
}

/// What is to be said, and the server's own words.
pub(crate) fn with_quote(said: AttrValue, text: Option<&str>) -> AttrValue {
    match text {
        Some(text) => [&*said, " ", &*t_with("trouble.quote", &[("text", text)])]
            .concat()
            .into(),
        None => said,
    }
}

/// The box that says all of it, as soon as it appears.
pub(crate) fn alert(trouble: &Trouble, served: &[String]) -> Html {
    alert_of(title(trouble), advice(trouble, served), quote(trouble))
}

/// The same of what has a title, an advice and perhaps words of the other side's.
pub(crate) fn alert_of(title: AttrValue, advice: AttrValue, quote: Option<&str>) -> Html {
    html! {
        <div class="alert" role="alert">
            { icon(Icon::Alert) }
            <div class="alert__words">
                <p class="alert__title">{ title }</p>
                <p class="alert__text">{ advice }</p>
                if let Some(text) = quote {
                    <p class="alert__quote" dir="auto">{ t_with("trouble.quote", &[("text", text)]) }</p>
                }
            </div>
        </div>
    }
}
