//! `/-/about`: what is running, and how to connect an editor to it.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::Response,
};

use super::{
    answer::{Keep, answer},
    layout::Layout,
    visit::Visit,
};
use crate::http::{AppState, assets, language::Language};

pub(super) async fn page(State(state): State<AppState>, visit: Visit) -> Response {
    let template = match visit.language {
        Language::French => include_str!("about_fr.html"),
        Language::English => include_str!("about_en.html"),
    };
    let host = visit
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte))
        })
        .unwrap_or("127.0.0.1:4444");
    let open = state.registry.shared().settings.is_open();
    let access = match (open, visit.language) {
        (true, Language::English) => "anybody who reaches this address may read and write",
        (true, Language::French) => "quiconque atteint cette adresse peut lire et écrire",
        (false, Language::English) => "a token is needed, or a sign-in",
        (false, Language::French) => "un jeton est nécessaire, ou une connexion",
    };
    let minutes = state.started.elapsed().as_secs() / 60;
    let main = template
        .replace("{title}", visit.words().about)
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{minutes}", &minutes.to_string())
        .replace("{documents}", &state.registry.documents().to_string())
        .replace("{access}", access)
        .replace("{root}", &visit.root)
        .replace("{host}", host);
    let layout = Layout {
        title: visit.words().about.to_owned(),
        main: match assets::are_built() {
            true => main,
            false => without_form(&main),
        },
        class: "about",
        ..Layout::default()
    };
    let who = visit.identify(&state, None).await.ok();
    let html = layout.html(&visit, who.as_ref());
    answer(&visit, StatusCode::OK, html, Keep::Never)
}

/// A binary without the browser client has no page to send people to.
fn without_form(page: &str) -> String {
    const END: &str = "</form>";
    let form = page.find("<form ").and_then(|from| {
        let length = page[from..].find(END)? + END.len();
        Some((from, from + length))
    });
    match form {
        Some((from, to)) => format!("{}{}", &page[..from], &page[to..]),
        None => page.to_owned(),
    }
}
