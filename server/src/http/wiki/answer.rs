//! A page as an answer: its tag, whether the browser has it already, and what it may do there.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::visit::Visit;
use crate::http::language::Language;

/// Nothing from elsewhere runs in a page, and no other page shows it. Images may come from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' https: data:; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";
/// Whatever the page depends on beside its address.
const VARY: &str = "accept-language, cookie, authorization";

/// Who may keep a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nobody.
    Never,
    /// This browser, which asks each time whether it is still the same.
    Browser,
    /// Whoever stands between: it is the same for everybody who shows nothing. For a moment only.
    Anybody,
}

impl Keep {
    fn header(self) -> &'static str {
        match self {
            Self::Never => "no-store",
            Self::Browser => "private, no-cache",
            Self::Anybody => "public, max-age=5",
        }
    }
}

/// The answer; 304 where the browser has this very page.
pub(super) fn answer(visit: &Visit, status: StatusCode, html: String, keep: Keep) -> Response {
    let tag = (status == StatusCode::OK && keep != Keep::Never).then(|| tag(&html));
    let is_known = tag.as_ref().is_some_and(|tag| knows(visit.headers(), tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => (status, html).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::VARY, VARY),
        (header::CACHE_CONTROL, keep.header()),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_LANGUAGE, visit.language.code()),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(Ok(tag)) = tag.map(|tag| HeaderValue::from_str(&tag)) {
        headers.insert(header::ETAG, tag);
    }
    let chosen = Language::asked(visit.asked.query.as_deref());
    if let Some(cookie) = chosen.and_then(|language| language.cookie(&visit.base_path)) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// Strong: of everything that the page says, so that nothing can be forgotten in it.
fn tag(html: &str) -> String {
    let hash = blake3::hash(html.as_bytes()).to_hex();
    format!("\"{}\"", hash.get(..32).unwrap_or_default())
}

/// Whether the browser says that it has this.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok());
    known.is_some_and(|known| {
        let mut tags = known.split(',').map(str::trim);
        tags.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    })
}
