//! The page at `/emulator`: what goes on, and a telephone for whoever sits in front of it.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use crate::core::Core;

/// The page and what it loads.
pub fn router() -> Router<Arc<Core>> {
    routes().into_iter().fold(Router::new(), |router, (path, handlers)| router.route(path, handlers))
}

/// The paths, with what answers there: files of their own, so that a strict content policy of whoever nests this lets them pass.
pub fn routes() -> Vec<(&'static str, MethodRouter<Arc<Core>>)> {
    let file = |kind: &'static str, text: &'static str| get(move || async move { show(kind, text) });
    vec![
        ("/emulator", file("text/html; charset=utf-8", include_str!("page/page.html"))),
        ("/emulator/page.css", file("text/css; charset=utf-8", include_str!("page/page.css"))),
        ("/emulator/page.js", file("text/javascript; charset=utf-8", include_str!("page/page.js"))),
    ]
}

fn show(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}
