//! The page of one document, for a browser's window (`/d/…`) and for a frame of another page
//! (`/embed/…`).

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use unisson_history::escaped;
use unisson_protocol::DocName;

use super::{AppState, error::Problem, language::prefers_french, signin::SignedIn};

/// What stays as it is in the address of a document.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The form of the home page.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    document: String,
}

/// From a name that somebody typed to the address of the page.
pub(crate) async fn choose(Query(chosen): Query<Chosen>) -> Response {
    match DocName::new(chosen.document.trim().trim_matches('/')) {
        Ok(name) => {
            // Relative: the server may be mounted below another path.
            Redirect::to(&format!("d/{}", utf8_percent_encode(name.as_str(), PATH))).into_response()
        }
        Err(error) => bad_name(&error.to_string()).into_response(),
    }
}

/// A window of its own, with a field for one's name.
pub(crate) async fn window(
    State(state): State<AppState>,
    Path(document): Path<String>,
    signed_in: Option<Extension<SignedIn>>,
    headers: HeaderMap,
) -> Response {
    let who = signed_in.map(|Extension(who)| who);
    show(&state, &document, &headers, &Frame::Window(who))
}

/// A frame: the page around it speaks to it by `postMessage`.
pub(crate) async fn frame(
    State(state): State<AppState>,
    Path(document): Path<String>,
    headers: HeaderMap,
) -> Response {
    show(&state, &document, &headers, &Frame::Embedded)
}

#[derive(Debug)]
enum Frame {
    /// Whoever is signed in sees their name, others have a field for it.
    Window(Option<SignedIn>),
    Embedded,
}

fn show(state: &AppState, document: &str, headers: &HeaderMap, frame: &Frame) -> Response {
    let name = match DocName::new(document) {
        Ok(name) if name.is_reserved() => return reserved().into_response(),
        Ok(name) => name,
        Err(error) => return bad_name(&error.to_string()).into_response(),
    };
    let french = prefers_french(headers);
    let template = match frame {
        Frame::Window(_) => include_str!("page.html"),
        Frame::Embedded => include_str!("embed.html"),
    };
    // The page stands as many folders below the root as its name has.
    let up = "../".repeat(name.as_str().matches('/').count() + 1);
    let words = if french { FRENCH } else { ENGLISH };
    let can_sign_in = state.registry.shared().authenticator.oidc().is_some();
    let (field, who) = match frame {
        Frame::Window(Some(SignedIn(session))) => (SIGNED_IN, escaped(&session.name).to_string()),
        Frame::Window(None) if can_sign_in => (SIGN_IN, String::new()),
        _ => (NAME_FIELD, String::new()),
    };
    let path = format!("/d/{}", utf8_percent_encode(name.as_str(), PATH));
    let path = utf8_percent_encode(&path, NON_ALPHANUMERIC).to_string();
    // The server writes the name at the cursor; this one is for the person's own picture.
    let own = if who.is_empty() {
        ""
    } else {
        " name=\"{person}\""
    };
    let mut page = template
        .replace("{who}", field)
        .replace("{name}", own)
        .replace("{root}", &up)
        .replace("{path}", &path);
    for (place, word) in PLACES.into_iter().zip(words) {
        page = page.replace(place, word);
    }
    // Last: names may look like places. One pass, so that neither is looked through for the other.
    let page = fill(
        &page,
        &[("{document}", &escaped(name.as_str())), ("{person}", &who)],
    );
    let settings = &state.registry.shared().settings;
    let around = match frame {
        Frame::Window(_) => "'none'".to_owned(),
        Frame::Embedded => {
            let listed = settings.http.embed_origins.as_ref();
            format!("'self' {}", listed.unwrap_or(&settings.origins).join(" "))
        }
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' https: data:; base-uri 'none'; form-action 'self'; frame-ancestors {around}"
    );
    let mut answer = Html(page).into_response();
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer
}

const PLACES: [&str; 5] = ["{lang}", "{your-name}", "{home}", "{sign-in}", "{sign-out}"];
const FRENCH: [&str; 5] = [
    "fr",
    "Votre nom",
    "Accueil",
    "Se connecter",
    "Se déconnecter",
];
const ENGLISH: [&str; 5] = ["en", "Your name", "Home", "Sign in", "Sign out"];

/// What stands at the end of the page's head: for those whom nobody asked who they are, for those
/// who may say so, and for those who have.
const NAME_FIELD: &str = "<label for=\"name\">{your-name}</label>\
    <input id=\"name\" autocomplete=\"name\" maxlength=\"60\">";
const SIGN_IN: &str = "<a class=\"sign-in\" href=\"{root}signin?to={path}\">{sign-in}</a>";
const SIGNED_IN: &str = "<form class=\"signed-in\" method=\"post\" action=\"{root}signout\">\
    <span>{person}</span> <button>{sign-out}</button></form>";

/// Puts values in their places, left to right.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len());
    let mut rest = template;
    loop {
        let found = values
            .iter()
            .filter_map(|value| Some((rest.find(value.0)?, value)));
        let Some((at, (place, value))) = found.min_by_key(|(at, _)| *at) else {
            return page + rest;
        };
        page.push_str(&rest[..at]);
        page.push_str(value);
        rest = &rest[at + place.len()..];
    }
}

fn reserved() -> Problem {
    let own = format!(
        "names that begin with {} are the server's own",
        DocName::RESERVED
    );
    bad_name(&own)
}

fn bad_name(problem: &str) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        code: "bad-name",
        detail: format!("not the name of a document: {problem}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_place_is_not_one() {
        let page = fill("<{a}|{b}>{a}", &[("{a}", "{b}"), ("{b}", "{a}")]);
        assert_eq!(page, "<{b}|{a}>{b}");
    }

    #[test]
    fn a_name_stays_text() {
        assert_eq!(
            escaped(r#"a"><script>&'"#),
            "a&quot;&gt;&lt;script&gt;&amp;&#39;"
        );
        assert_eq!(escaped("cantine/hygiène"), "cantine/hygiène");
    }
}
