//! The page of one document, for a browser's window (`/d/…`) and for a frame of another page
//! (`/embed/…`).

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use unisson_history::escaped;
use unisson_protocol::DocName;

use super::{AppState, error::Problem, home::prefers_french};

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
    headers: HeaderMap,
) -> Response {
    show(&state, &document, &headers, Frame::Window)
}

/// A frame: the page around it speaks to it by `postMessage`.
pub(crate) async fn frame(
    State(state): State<AppState>,
    Path(document): Path<String>,
    headers: HeaderMap,
) -> Response {
    show(&state, &document, &headers, Frame::Embedded)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Window,
    Embedded,
}

fn show(state: &AppState, document: &str, headers: &HeaderMap, frame: Frame) -> Response {
    let name = match DocName::new(document) {
        Ok(name) if name.is_reserved() => return reserved().into_response(),
        Ok(name) => name,
        Err(error) => return bad_name(&error.to_string()).into_response(),
    };
    let french = prefers_french(headers);
    let template = match frame {
        Frame::Window => include_str!("page.html"),
        Frame::Embedded => include_str!("embed.html"),
    };
    // The page stands as many folders below the root as its name has.
    let up = "../".repeat(name.as_str().matches('/').count() + 1);
    let words = if french { FRENCH } else { ENGLISH };
    let mut page = template.replace("{root}", &up);
    for (place, word) in PLACES.into_iter().zip(words) {
        page = page.replace(place, word);
    }
    // Last: a name may look like a place.
    let page = page.replace("{document}", &escaped(name.as_str()));
    let settings = &state.registry.shared().settings;
    let around = match frame {
        Frame::Window => "'none'".to_owned(),
        Frame::Embedded => format!("'self' {}", settings.origins.join(" ")),
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
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer
}

const PLACES: [&str; 3] = ["{lang}", "{your-name}", "{home}"];
const FRENCH: [&str; 3] = ["fr", "Votre nom", "Accueil"];
const ENGLISH: [&str; 3] = ["en", "Your name", "Home"];

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
    fn a_name_stays_text() {
        assert_eq!(
            escaped(r#"a"><script>&'"#),
            "a&quot;&gt;&lt;script&gt;&amp;&#39;"
        );
        assert_eq!(escaped("cantine/hygiène"), "cantine/hygiène");
    }
}
