//! In which of the two languages somebody reads: what they chose on a page, else what their browser
//! prefers.

use axum::http::{HeaderMap, HeaderValue, header};

/// The cookie that keeps what somebody chose.
const COOKIE: &str = "unisson-lang";
/// A year.
const COOKIE_S: u32 = 31_536_000;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    /// Of a request: `?lang=`, the cookie, the browser.
    pub(crate) fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let accepted = || match prefers_french(headers) {
            true => Self::French,
            false => Self::English,
        };
        Self::asked(query).unwrap_or_else(accepted)
    }

    /// What the address asks for.
    pub(crate) fn asked(query: Option<&str>) -> Option<Self> {
        let mut pairs = query?.split('&');
        Self::named(pairs.find_map(|pair| pair.strip_prefix("lang="))?)
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "fr" => Some(Self::French),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// As HTML says it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::English => Self::French,
            Self::French => Self::English,
        }
    }

    /// Keeps the choice in the browser. It says nothing of anybody.
    pub(crate) fn cookie(self, base_path: &str) -> Option<HeaderValue> {
        let code = self.code();
        let cookie = format!(
            "{COOKIE}={code}; Path={base_path}/; Max-Age={COOKIE_S}; SameSite=Lax; HttpOnly"
        );
        HeaderValue::from_str(&cookie).ok()
    }
}

/// Whether cookies say a language and nothing else.
pub(crate) fn is_all_of(cookies: &HeaderValue) -> bool {
    let choice = |code| format!("{COOKIE}={code}");
    ["en", "fr"]
        .into_iter()
        .any(|code| *cookies == choice(code))
}

/// Whether somebody chose French, or has chosen nothing and their browser names it first of the two.
pub(crate) fn prefers_french(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'));
    let chosen = cookies.find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        Language::named(value).filter(|_| name == COOKIE)
    });
    if let Some(chosen) = chosen {
        return chosen == Language::French;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accepted: &'static str, cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            (header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted)),
            (header::COOKIE, HeaderValue::from_static(cookies)),
        ])
    }

    #[test]
    fn what_somebody_chose_comes_before_what_the_browser_says() {
        let of = |query, accepted, cookies| Language::of(query, &headers(accepted, cookies)).code();
        assert_eq!(of(None, "fr-FR,en;q=0.8", ""), "fr");
        assert_eq!(of(None, "de, en", ""), "en");
        assert_eq!(of(None, "", ""), "en");
        assert_eq!(of(None, "en", "a=b; unisson-lang=fr"), "fr");
        assert_eq!(of(Some("edit&lang=en"), "fr", "unisson-lang=fr"), "en");
        assert_eq!(of(Some("lang=de"), "fr", "unisson-lang=xx"), "fr");
    }
}
