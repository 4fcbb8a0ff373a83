//! Pages that are fetched when they are first opened: whoever never opens one never loads it. Which they are stands in `routes`;
//! `scripts/build-app` cuts them out of the program, and what only they use goes with them.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use gloo_net::http::Request;
use kernel::{ErrorCode, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::SplitLoaderError;

use crate::components::error_strip::error_strip;
use crate::components::skeleton::page_skeleton;
use crate::pages::set_title;

/// Makes a page that is there.
pub(crate) type Make = fn() -> AnyView;

/// A page on its way.
pub(crate) type Fetching = Pin<Box<dyn Future<Output = Result<Make, SplitLoaderError>>>>;

/// A page that may have to be fetched.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) fetch: fn() -> Fetching,
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

/// Begins to fetch a page that will be shown. Should it fail, showing it tries again.
pub(crate) fn fetch_ahead(page: &'static Page) {
    spawn_local(async move {
        let _ = (page.fetch)().await;
    });
}

/// Lists pages, one a line: the address, the page's file and component in `pages`, and the part of the program that it is fetched with.
macro_rules! fetched_pages {
    ($(#[$about:meta])* $name:ident: $($path:literal => $page:ident::$View:ident in $part:ident,)*) => {
        $(
            // Everything that can be reached from here and not from the rest of the program becomes the part.
            #[leptos::wasm_split::wasm_split($part, fallible, wasm_split_path = leptos::wasm_split)]
            fn $page() -> Result<$crate::parts::Make, leptos::wasm_split::SplitLoaderError> {
                use $crate::pages::$page::$View;
                Ok(|| view! { <$View /> }.into_any())
            }
        )*
        $(#[$about])*
        static $name: &[$crate::parts::Page] = &[$($crate::parts::Page { path: $path, fetch: || Box::pin($page()) }),*];
    };
}
pub(crate) use fetched_pages;

/// A piece that is not there after so long is on its way from the server.
const SLOW: Duration = Duration::from_millis(200);

/// How far it has come.
#[derive(Clone, Copy)]
enum Progress {
    OnItsWay,
    Here(Make),
    Failed(Why),
}

/// Why it did not come.
#[derive(Clone, Copy)]
enum Why {
    /// The server does not answer either.
    Unreachable,
    /// The server does, but has it no more: a newer version has taken the place of the one that this page load is of.
    Replaced,
}

impl Why {
    async fn find() -> Self {
        let is_answered = Request::get("/api/health").send().await.is_ok_and(|answer| answer.ok());
        if is_answered { Self::Replaced } else { Self::Unreachable }
    }

    fn error(self) -> WireError {
        match self {
            Self::Unreachable => {
                WireError::new(ErrorCode::Offline, "The server cannot be reached. Nothing was lost: look at the network, then try again.")
            }
            Self::Replaced => WireError::new(
                ErrorCode::NotFound,
                "A newer version of the dialler seems to be in place. Trying again loads it; whoever you hold is kept for you on the server.",
            ),
        }
    }
}

/// A piece of a page that few look at and rarely, from the part that everybody has sooner or later.
pub(crate) struct Piece(fn() -> Fetching);

/// Lists pieces, one a line: its name, and the file and component in `components`.
macro_rules! fetched_pieces {
    ($($(#[$about:meta])* $name:ident: $file:ident::$View:ident,)*) => {
        $(
            #[leptos::wasm_split::wasm_split(everybody, fallible, wasm_split_path = leptos::wasm_split)]
            fn $file() -> Result<Make, SplitLoaderError> {
                use crate::components::$file::$View;
                Ok(|| view! { <$View /> }.into_any())
            }
            $(#[$about])*
            pub(crate) static $name: Piece = Piece(|| Box::pin($file()));
        )*
    };
}

fetched_pieces! {
    /// The check of the telephone.
    TELEPHONE_CHECK: telephone_check::TelephoneCheck,
    /// That a call is recorded, to be said first.
    RECORDING_NOTICE: recording_notice::RecordingNotice,
    /// What came of a call.
    WRAP_UP: wrap_up::WrapUpForm,
    /// Who it is that rang us.
    WHO_RINGS: who_rings::WhoRings,
    /// What the agent speaks into and hears with.
    SOUND: sound::Sound,
    /// The keys of the telephone.
    KEYPAD: keypad::Keypad,
    /// Why somebody is skipped.
    SKIP: skip_dialog::SkipDialog,
    /// What each key does.
    KEYS: keys_dialog::KeysDialog,
    /// Whom to hand a call over to.
    TRANSFER: transfer_dialog::TransferForm,
}

impl Piece {
    /// Begins to fetch it, so that it is there when the network is not.
    pub(crate) fn fetch_ahead(&self) {
        let fetch = self.0;
        spawn_local(async move {
            let _ = fetch().await;
        });
    }
}

/// A page from [`fetched_pages`], or how far it has come.
#[component]
pub(crate) fn Fetched(page: &'static Page) -> impl IntoView {
    fetched(page.fetch, true)
}

/// A piece of a page, or how far it has come.
#[component]
pub(crate) fn FetchedPiece(piece: &'static Piece) -> impl IntoView {
    fetched(piece.0, false)
}

fn fetched(fetch_it: fn() -> Fetching, is_page: bool) -> impl IntoView {
    let progress = RwSignal::new(Progress::OnItsWay);
    // A piece that is there at once draws nothing in its own place before.
    let is_slow = RwSignal::new(is_page);
    set_timeout(
        move || {
            let _ = is_slow.try_set(true);
        },
        SLOW,
    );
    let fetch = move || {
        progress.set(Progress::OnItsWay);
        spawn_local(async move {
            let now = match fetch_it().await {
                Ok(make) => Progress::Here(make),
                Err(_) => Progress::Failed(Why::find().await),
            };
            // Whoever has gone elsewhere by now has taken the place for it away.
            let _ = progress.try_set(now);
        });
    };
    fetch();
    let try_again = move |why| match why {
        Why::Unreachable => fetch(),
        Why::Replaced => {
            // It fails only when the page is being left already.
            let _ = window().location().reload();
        }
    };
    move || match progress.get() {
        Progress::OnItsWay if is_page => view! { <main id="main" tabindex="-1">{page_skeleton()}</main> }.into_any(),
        Progress::OnItsWay if is_slow.get() => page_skeleton().into_any(),
        Progress::OnItsWay => ().into_any(),
        Progress::Here(make) => make(),
        Progress::Failed(why) => {
            let again = Callback::new(move |()| try_again(why));
            if !is_page {
                return error_strip("This part of the page could not be fetched", &why.error(), Some(again)).into_any();
            }
            set_title("Not fetched");
            view! {
                <main id="main" tabindex="-1">
                    <div class="mx-auto max-w-xl p-8">{error_strip("This page could not be fetched", &why.error(), Some(again))}</div>
                </main>
            }
            .into_any()
        }
    }
}
