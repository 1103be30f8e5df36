//! The icons: one set, drawn on a grid of 24 with a stroke of 1.75.

use yew::prelude::*;

/// What an icon shows. It is never the only name of a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    AddPerson,
    Alert,
    Archive,
    At,
    Back,
    Bell,
    BellOff,
    Block,
    Calendar,
    Camera,
    Check,
    Clip,
    Close,
    Copy,
    Details,
    Door,
    Down,
    Download,
    Eye,
    EyeOff,
    File,
    Film,
    Gear,
    Info,
    Keyboard,
    Letter,
    LetterOpen,
    Lock,
    Microphone,
    More,
    Pencil,
    People,
    Person,
    Picture,
    Pin,
    Reply,
    Search,
    Send,
    Share,
    SignOut,
    Smile,
    Sound,
    Sun,
    Trash,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::AddPerson => {
                "M10 4.25a3.75 3.75 0 1 0 0 7.5 3.75 3.75 0 0 0 0-7.5M3.25 20c.3-3.5 3-5.5 6.75-5.5 \
                 1.6 0 3 .35 4.1 1M18 14v6M15 17h6"
            }
            Self::Alert => "M12 4.25 2.75 19.5h18.5zM12 10v4.25M12 16.9v.1",
            Self::Archive => {
                "M3.75 4.75h16.5v3.5H3.75zM5.25 8.25v9a2 2 0 0 0 2 2h9.5a2 2 0 0 0 2-2v-9M9.75 12h4.5"
            }
            Self::At => {
                "M15.75 12a3.75 3.75 0 1 0-7.5 0 3.75 3.75 0 0 0 7.5 0m0-3.5v5a2.25 2.25 0 0 0 4.5 \
                 0V12a8.25 8.25 0 1 0-3.5 6.75"
            }
            Self::BellOff => {
                "M8.1 5.75A5.75 5.75 0 0 1 17.75 10c0 2.1.35 3.55.8 4.5M6.3 8.9c-.03.35-.05.7-.05 \
                 1.1 0 5-2 6.25-2 6.25h12M10 19.5a2.1 2.1 0 0 0 4 0M4.5 4.5l15 15"
            }
            Self::Block => {
                "M12 3.75a8.25 8.25 0 1 0 0 16.5 8.25 8.25 0 0 0 0-16.5M6.25 6.25l11.5 11.5"
            }
            Self::Letter => {
                "M5.25 6h13.5a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5.25a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2M3.75 \
                 7.25 12 13.25l8.25-6"
            }
            Self::LetterOpen => {
                "M3.25 10 12 4.25 20.75 10v7a2 2 0 0 1-2 2H5.25a2 2 0 0 1-2-2zM3.5 10.25 12 15.25l8.5-5"
            }
            Self::Pin => {
                "M8.75 4.25h6.5M9.75 4.25 9.5 9.75 6.75 12.5v2h10.5v-2L14.5 9.75l-.25-5.5M12 14.5v5.75"
            }
            Self::Bell => {
                "M6.25 10a5.75 5.75 0 0 1 11.5 0c0 5 2 6.25 2 6.25H4.25s2-1.25 2-6.25M10 19.5a2.1 2.1 \
                 0 0 0 4 0"
            }
            Self::Back => "m14.5 5-7 7 7 7",
            Self::Calendar => {
                "M6 5.75h12a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-10a2 2 0 0 1 2-2M4 \
                 10.25h16M8.25 3.75v3.5M15.75 3.75v3.5"
            }
            Self::Camera => {
                "M4.75 7.5h2.7l1.4-2.25h6.3l1.4 2.25h2.7a1.5 1.5 0 0 1 1.5 1.5v8.25a1.5 1.5 0 0 1-1.5 \
                 1.5H4.75a1.5 1.5 0 0 1-1.5-1.5V9a1.5 1.5 0 0 1 1.5-1.5M12 9.75a3.25 3.25 0 1 0 0 6.5 \
                 3.25 3.25 0 0 0 0-6.5"
            }
            Self::Microphone => {
                "M12 3.75a2.75 2.75 0 0 1 2.75 2.75v5a2.75 2.75 0 0 1-5.5 0v-5A2.75 2.75 0 0 1 12 3.75M6 \
                 11.25a6 6 0 0 0 12 0M12 17.25v3M9 20.25h6"
            }
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Clip => {
                "m19.5 11.75-7.4 7.4a4.6 4.6 0 0 1-6.5-6.5l7.7-7.7a3.07 3.07 0 0 1 4.34 4.34l-7.7 \
                 7.7a1.53 1.53 0 0 1-2.17-2.17l7.05-7.05"
            }
            Self::Close => "m6.5 6.5 11 11M17.5 6.5l-11 11",
            Self::Copy => {
                "M10.5 8.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2M5.5 \
                 15.4a1.9 1.9 0 0 1-1-1.7V6.5a2 2 0 0 1 2-2h7.2a1.9 1.9 0 0 1 1.7 1"
            }
            Self::Details => {
                "M6 4.75h12a2.25 2.25 0 0 1 2.25 2.25v10A2.25 2.25 0 0 1 18 19.25H6A2.25 2.25 0 0 1 \
                 3.75 17V7A2.25 2.25 0 0 1 6 4.75M14.5 4.75v14.5"
            }
            Self::Door => {
                "M13.5 4.75H8a2 2 0 0 0-2 2v10.5a2 2 0 0 0 2 2h5.5M19.5 12H10M13.25 8.5 9.75 12l3.5 3.5"
            }
            Self::Down => "m6 9.5 6 6 6-6",
            Self::Download => "M12 4.5v10.25M7.5 10.5l4.5 4.5 4.5-4.5M5 19.25h14",
            Self::Eye => {
                "M2.75 12S6 5.75 12 5.75 21.25 12 21.25 12 18 18.25 12 18.25 2.75 12 2.75 12M12 \
                 9.25a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5"
            }
            Self::EyeOff => {
                "m4.5 4.5 15 15M10.2 5.9A8 8 0 0 1 12 5.75C18 5.75 21.25 12 21.25 12a16 16 0 0 1-2.4 \
                 3.2M6.7 7.3C4.1 9.1 2.75 12 2.75 12S6 18.25 12 18.25a8.5 8.5 0 0 0 \
                 4-1M10.1 10.2a2.75 2.75 0 0 0 3.8 3.8"
            }
            Self::Gear => {
                "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M10.2 3.75h3.6l.5 2.4 1.7 1 2.3-.8 1.8 3.1-1.8 1.6v2l1.8 \
                 1.6-1.8 3.1-2.3-.8-1.7 1-.5 2.3h-3.6l-.5-2.3-1.7-1-2.3.8-1.8-3.1 1.8-1.6v-2L3.9 9.45l1.8-3.1 \
                 2.3.8 1.7-1z"
            }
            Self::Info => {
                "M12 3.75a8.25 8.25 0 1 0 0 16.5 8.25 8.25 0 0 0 0-16.5M12 11v5.25M12 7.75v.1"
            }
            Self::File => {
                "M13.5 3.75H7.75a2 2 0 0 0-2 2v12.5a2 2 0 0 0 2 2h8.5a2 2 0 0 0 2-2V8.5zM13.5 3.75V8.5h4.75"
            }
            Self::Film => {
                "M5.5 5.75h13a2 2 0 0 1 2 2v8.5a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-8.5a2 2 0 0 1 2-2M10 \
                 9.25v5.5l4.75-2.75z"
            }
            Self::Keyboard => {
                "M5 6.25h14a2 2 0 0 1 2 2v7.5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7.5a2 2 0 0 1 2-2M7 \
                 10v.1M10.4 10v.1M13.7 10v.1M17 10v.1M8.5 14h7"
            }
            Self::Lock => {
                "M7.25 10.75h9.5a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-9.5a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2M8.25 \
                 10.75V8a3.75 3.75 0 0 1 7.5 0v2.75"
            }
            Self::More => {
                "M12 5a.6.6 0 1 0 0 1.2A.6.6 0 0 0 12 5M12 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 \
                 0-1.2M12 17.8a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2"
            }
            Self::Pencil => {
                "m4.75 19.25.9-3.9L15.8 5.2a1.9 1.9 0 0 1 2.7 0l.3.3a1.9 1.9 0 0 1 0 2.7L8.65 \
                 18.35zM13.75 7.25l3 3"
            }
            Self::People => {
                "M9.5 5a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8M3 19c.3-3 3-4.75 6.5-4.75S15.7 16 16 19M15.5 \
                 5.4a3.2 3.2 0 0 1 0 6M17.5 14.6c2 .6 3.3 2.1 3.5 4.4"
            }
            Self::Person => {
                "M12 4.25a3.75 3.75 0 1 0 0 7.5 3.75 3.75 0 0 0 0-7.5M4.75 20c.3-3.5 3.2-5.5 7.25-5.5 \
                 s6.95 2 7.25 5.5"
            }
            Self::Picture => {
                "M5.75 4.75h12.5a2 2 0 0 1 2 2v10.5a2 2 0 0 1-2 2H5.75a2 2 0 0 1-2-2V6.75a2 2 0 0 1 \
                 2-2M4 16.5l4.5-4.25 4 3.75 3-2.75 4.5 4M15.25 8.5a.9.9 0 1 0 0 1.8.9.9 0 0 0 0-1.8"
            }
            Self::Reply => "m9.25 6-5 5 5 5M4.5 11h9a6 6 0 0 1 6 6v1.25",
            Self::Search => "M11 4.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M15.5 15.5l4 4",
            Self::Send => "M12 19V5.5M6 11.25l6-6 6 6",
            Self::Share => {
                "M12 14.5V4.25M8.25 7.75 12 4l3.75 3.75M7.5 10.75H6.75a2 2 0 0 0-2 2v5a2 2 0 0 0 2 \
                 2h10.5a2 2 0 0 0 2-2v-5a2 2 0 0 0-2-2H16.5"
            }
            Self::SignOut => {
                "M13.5 4.75H7a2 2 0 0 0-2 2v10.5a2 2 0 0 0 2 2h6.5M10 12h10M16.75 8.5 20.25 12l-3.5 \
                 3.5"
            }
            Self::Smile => {
                "M12 3.75a8.25 8.25 0 1 0 0 16.5 8.25 8.25 0 0 0 0-16.5M8.5 14.2a4.25 4.25 0 0 0 7 \
                 0M9.25 9.5v.3M14.75 9.5v.3"
            }
            Self::Sound => {
                "M4.25 9.75v4.5h3.5l4.5 3.75V6L7.75 9.75zM15.5 9.25a4 4 0 0 1 0 5.5M18 6.75a7.5 7.5 0 \
                 0 1 0 10.5"
            }
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.75v1.75M12 19.5v1.75M2.75 12h1.75M19.5 \
                 12h1.75M5.45 5.45l1.25 1.25M17.3 17.3l1.25 1.25M5.45 18.55l1.25-1.25M17.3 6.7l1.25-1.25"
            }
            Self::Trash => {
                "M4.75 7h14.5M9.5 6.9V4.75h5V6.9M6.75 7l.7 10.4a2 2 0 0 0 2 1.85h5.1a2 2 0 0 0 \
                 2-1.85L17.25 7M10.25 11v4.5M13.75 11v4.5"
            }
        }
    }

    /// Whether it points somewhere, and so turns around with the direction of writing.
    fn points(self) -> bool {
        matches!(
            self,
            Self::Back | Self::Details | Self::Door | Self::SignOut
        )
    }
}

/// The icon as an image that assistive technology passes over.
pub(crate) fn icon(icon: Icon) -> Html {
    html! {
        <svg class={if icon.points() { "icon icon--points" } else { "icon" }} viewBox="0 0 24 24" aria-hidden="true">
            <path d={icon.path()} />
        </svg>
    }
}

/// The mark: two lines of verse.
pub(crate) fn mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 56 56" aria-hidden="true">
            <rect class="mark__square" width="56" height="56" rx="16" />
            <rect class="mark__line" x="13" y="17" width="26" height="8" rx="4" />
            <rect class="mark__line mark__line--second" x="17" y="31" width="26" height="8" rx="4" />
        </svg>
    }
}
