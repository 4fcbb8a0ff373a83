use leptos::prelude::*;

macro_rules! icons {
    ($($name:ident = $id:literal),+ $(,)?) => {
        /// The icons in use. They are Lucide's (ISC licence) and drawn from the sprite in `index.html`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Icon {
            $(#[doc = $id] $name),+
        }

        impl Icon {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),+];

            const fn href(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("#i-", $id)),+
                }
            }
        }
    };
}

icons! {
    Activity = "activity",
    Ban = "ban",
    Bell = "bell",
    Briefcase = "briefcase",
    Calendar = "calendar",
    CalendarClock = "calendar-clock",
    Check = "check",
    ChevronDown = "chevron-down",
    CircleCheck = "circle-check",
    CircleDashed = "circle-dashed",
    CircleDot = "circle-dot",
    CircleHelp = "circle-help",
    CirclePause = "circle-pause",
    Clock = "clock-3",
    Coffee = "coffee",
    Database = "database",
    Eye = "eye",
    EyeOff = "eye-off",
    FileWarning = "file-warning",
    Fingerprint = "fingerprint",
    Grid = "grid-3x3",
    Headphones = "headphones",
    History = "history",
    IdCard = "id-card",
    Info = "info",
    KeyRound = "key-round",
    Keyboard = "keyboard",
    LayoutDashboard = "layout-dashboard",
    ListChecks = "list-checks",
    ListOrdered = "list-ordered",
    Lock = "lock",
    LogOut = "log-out",
    MapPin = "map-pin",
    Mic = "mic",
    MicOff = "mic-off",
    Monitor = "monitor",
    Moon = "moon",
    OctagonAlert = "octagon-alert",
    PenLine = "pen-line",
    Phone = "phone",
    PhoneCall = "phone-call",
    PhoneIncoming = "phone-incoming",
    PhoneOff = "phone-off",
    PhoneOutgoing = "phone-outgoing",
    Play = "play",
    RefreshCw = "refresh-cw",
    Search = "search",
    Server = "server",
    Settings = "settings-2",
    ShieldAlert = "shield-alert",
    ShieldCheck = "shield-check",
    Signature = "signature",
    SkipForward = "skip-forward",
    Sun = "sun",
    TriangleAlert = "triangle-alert",
    Unplug = "unplug",
    Users = "users",
    Volume = "volume-2",
    Wifi = "wifi",
    X = "x",
}

/// An icon beside words that say the same; `class` gives its size.
pub(crate) fn icon(icon: Icon, class: &'static str) -> impl IntoView {
    view! {
        <svg class=format!("{class} shrink-0") aria-hidden="true">
            <use href=icon.href()></use>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sprite_has_every_icon_and_no_other() {
        let sprite = include_str!("../../public/index.html");

        for icon in Icon::ALL {
            assert!(sprite.contains(&format!("<symbol id=\"{}\"", &icon.href()[1..])), "{icon:?}");
        }
        assert_eq!(sprite.matches("<symbol ").count(), Icon::ALL.len());
    }
}
