//! The page that says what is running and how to connect an editor, in French or English.

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::IntoResponse,
};

use unisson_history::escaped;

use super::{AppState, assets, signin::SignedIn};

/// The page.
pub(crate) async fn page(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    signed_in: Option<Extension<SignedIn>>,
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
        .replace("{host}", host)
        .replace("{account}", &account(&state, signed_in.as_ref(), french));
    let page = if assets::are_built() {
        page
    } else {
        without_form(&page)
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
        ),
        (header::VARY, "accept-language, host"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, page)
}

/// Who is signed in, or where to sign in; nothing where nobody can.
fn account(state: &AppState, signed_in: Option<&Extension<SignedIn>>, french: bool) -> String {
    let (sign_in, sign_out) = match french {
        true => ("Se connecter", "Se déconnecter"),
        false => ("Sign in", "Sign out"),
    };
    match signed_in {
        Some(Extension(SignedIn(session))) => {
            let name = escaped(&session.name);
            format!(
                "<form class=\"account\" method=\"post\" action=\"signout\"><span>{name}</span> \
                 <button>{sign_out}</button></form>\n"
            )
        }
        None if state.registry.shared().authenticator.oidc().is_some() => {
            format!("<p class=\"account\"><a href=\"signin\">{sign_in}</a></p>\n")
        }
        None => String::new(),
    }
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
    const END: &str = "</form>";
    let form = page.find("<form action=\"d\"").and_then(|from| {
        let length = page[from..].find(END)? + END.len();
        Some((from, from + length))
    });
    match form {
        Some((from, to)) => format!("{}{}", &page[..from], &page[to..]),
        None => page.to_owned(),
    }
}
