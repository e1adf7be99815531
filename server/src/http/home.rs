//! The page that says what is running and how to connect an editor, in French or English.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::IntoResponse,
};

use super::{AppState, assets};

/// The page.
pub(crate) async fn page(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> impl IntoResponse {
    let french = match query.as_deref() {
        Some("lang=fr") => true,
        Some("lang=en") => false,
        _ => prefers_french(&headers),
    };
    let template = if french {
        include_str!("home_fr.html")
    } else {
        include_str!("home_en.html")
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            host.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b))
        })
        .unwrap_or("127.0.0.1:4444");
    let open = state.registry.shared().settings.is_open();
    let access = match (open, french) {
        (true, false) => "anybody who reaches this address may read and write",
        (true, true) => "quiconque atteint cette adresse peut lire et écrire",
        (false, false) => "a token is needed",
        (false, true) => "un jeton est nécessaire",
    };
    let page = template
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace(
            "{minutes}",
            &(state.started.elapsed().as_secs() / 60).to_string(),
        )
        .replace("{documents}", &state.registry.documents().to_string())
        .replace("{access}", access)
        .replace("{host}", host);
    let page = if assets::are_built() {
        page
    } else {
        without_form(&page)
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::VARY, "accept-language, host"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, page)
}

/// The first of the two languages that the browser names.
pub(crate) fn prefers_french(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    accepted
        .split(',')
        .map(str::trim_start)
        .find(|language| language.starts_with("fr") || language.starts_with("en"))
        .is_some_and(|language| language.starts_with("fr"))
}

/// A binary without the browser client has no page to send people to.
fn without_form(page: &str) -> String {
    match (page.find("<form"), page.find("</form>")) {
        (Some(from), Some(to)) => format!("{}{}", &page[..from], &page[to + "</form>".len()..]),
        _ => page.to_owned(),
    }
}
