//! The browser client, as `wasm-client/build` made it: part of the binary. The editor and the wiki's
//! components are two packages, served from one folder.
//!
//! Entries (`/client/unisson-editor.js`, `/client/app.js`) keep their names and are asked for again;
//! everything under `/client/assets/` is named by its content and kept for ever.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::Problem;

#[derive(RustEmbed)]
#[folder = "../wasm-client/js/element/dist"]
#[allow_missing = true]
struct Client;

#[derive(RustEmbed)]
#[folder = "../wasm-client/js/app/dist"]
#[allow_missing = true]
struct App;

/// A file of either: what they have in common is named by its content.
fn get(path: &str) -> Option<EmbeddedFile> {
    Client::get(path).or_else(|| App::get(path))
}

/// How long an entry is used without asking.
const ENTRY_CACHE: &str = "public, max-age=300, must-revalidate";
const CONTENT_CACHE: &str = "public, max-age=31536000, immutable";
/// The compressed forms that stand beside each file, best first.
const FORMS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Whether this binary has the browser client in it.
pub(crate) fn are_built() -> bool {
    Client::get("unisson-editor.js").is_some() && App::get("app.js").is_some()
}

/// Whether the client has a file of this name.
pub(super) fn has(name: &str) -> bool {
    get(name).is_some()
}

/// One file of the client, compressed where the browser takes it.
pub(crate) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(plain) = named(&path) else {
        return missing(&path).into_response();
    };
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let compressed = FORMS
        .into_iter()
        .filter(|(encoding, _)| accepts(accepted, encoding))
        .find_map(|(encoding, ending)| Some((encoding, get(&format!("{path}{ending}"))?)));
    let etag = etag(&plain, compressed.as_ref().map(|(encoding, _)| *encoding));
    let mut answer = HeaderMap::new();
    let cache = match path.starts_with("assets/") {
        true => CONTENT_CACHE,
        false => ENTRY_CACHE,
    };
    for (name, value) in [
        (header::CONTENT_TYPE, content_type(&path)),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Code that anybody may read, for pages of any origin.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    answer.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("cross-origin"),
    );
    let known = headers.get(header::IF_NONE_MATCH);
    let is_known = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| {
            known
                .split(',')
                .any(|known| known.trim().trim_start_matches("W/") == etag)
        });
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, etag);
    }
    if is_known {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    match compressed {
        Some((encoding, file)) => {
            answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            (answer, file.data).into_response()
        }
        None => (answer, plain.data).into_response(),
    }
}

/// A file by the name that pages use: not its compressed forms.
fn named(path: &str) -> Option<EmbeddedFile> {
    let is_form = FORMS.iter().any(|(_, ending)| path.ends_with(ending));
    if is_form { None } else { get(path) }
}

fn missing(path: &str) -> Problem {
    let detail = if are_built() {
        format!("the client has no file {path:?}")
    } else {
        "this binary was built without the browser client: run wasm-client/build, then cargo build"
            .into()
    };
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-asset",
        detail,
    }
}

/// Strong, so one for each form of a file.
fn etag(file: &EmbeddedFile, encoding: Option<&str>) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match encoding {
        Some(encoding) => format!("\"{hex}-{encoding}\""),
        None => format!("\"{hex}\""),
    }
}

/// Whether `Accept-Encoding` names this one, and not with a quality of nothing.
pub(super) fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut parameters = part.split(';').map(str::trim);
        let is_named = parameters
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let quality = parameters.find_map(|parameter| parameter.strip_prefix("q="));
        is_named && quality.and_then(|quality| quality.parse::<f32>().ok()) != Some(0.0)
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_used_where_the_browser_takes_it() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(!accepts("gzip;q=0, deflate", "gzip"));
        assert!(!accepts("", "br"));
        assert!(!accepts("brotli", "br"));
    }
}
