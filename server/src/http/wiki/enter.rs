//! `/-/enter`: the door for whoever has been sent a link. They say a name, and the password where
//! there is one; a cookie then names them as a guest until they leave or the browser ends.
//!
//! The cookie holds the guest's own token, which ends with the link, and not the link's secret.
//! Whoever is signed in stays who they are: see `ws::credential`.

use std::fmt::Write as _;

use axum::{
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use unisson_history::escaped;

use super::{
    answer::{Keep, answer},
    form,
    layout::Layout,
    visit::Visit,
};
use crate::{
    http::{AppState, language::Language},
    spaces::OpenError,
};

const COOKIE: &str = "unisson_guest";
/// Whom it is tried for whether a link opens at all.
const ANYBODY: &str = "?";

/// What somebody brings to the door.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Brought {
    #[serde(default)]
    link: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    password: String,
    /// The page that they want, below the root.
    #[serde(default)]
    to: String,
}

/// The guest's token, where a browser has one.
pub(in crate::http) fn guest_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'));
    cookies.find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE && !value.is_empty()).then_some(value)
    })
}

/// The way to the door for a page that was asked for with a link.
pub(super) fn door(visit: &Visit) -> Option<Response> {
    let link = visit.query_value("link")?;
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    Some(form::see_other(&format!(
        "{}-/enter?link={}&to={}",
        visit.root,
        encoded(&link),
        encoded(&visit.path)
    )))
}

/// Somebody comes by an address.
pub(super) async fn ask(
    State(state): State<AppState>,
    Query(brought): Query<Brought>,
    visit: Visit,
) -> Response {
    show(&state, &visit, brought).await
}

/// Somebody says who they are.
pub(super) async fn come_in(State(state): State<AppState>, visit: Visit, body: Bytes) -> Response {
    let brought = form::read::<Brought>(&body).unwrap_or_default();
    let Some(name) = brought.name.as_deref() else {
        return show(&state, &visit, brought).await;
    };
    let password = Some(brought.password.clone()).filter(|password| !password.is_empty());
    let is_french = visit.language == Language::French;
    let spaces = &state.registry.shared().spaces;
    match spaces
        .open_link(&brought.link, password, name, is_french)
        .await
    {
        Ok(opened) => {
            let own = || match &opened.page {
                Some(page) => format!("s/{}/{page}", opened.space),
                None => format!("s/{}", opened.space),
            };
            let to = Some(brought.to.as_str()).filter(|to| is_page(to));
            let to = to.map_or_else(own, str::to_owned);
            let to = form::see_other(&format!("{}{to}", visit.root));
            with_cookie(to, &visit, &opened.token)
        }
        Err(error) => shown(&visit, &brought, Some(&error)),
    }
}

/// A guest goes.
pub(super) async fn leave(visit: Visit) -> Response {
    with_cookie(form::see_other(&visit.root), &visit, "")
}

/// Only to pages of spaces: an address from elsewhere must not choose where the door leads.
fn is_page(to: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"/-".contains(&byte);
    to.starts_with("s/") && to.bytes().all(letters) && !to.contains("//")
}

fn with_cookie(mut response: Response, visit: &Visit, token: &str) -> Response {
    let age = if token.is_empty() { "; Max-Age=0" } else { "" };
    let secure = if visit.is_encrypted { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={token}; Path={}/; HttpOnly; SameSite=Lax{age}{secure}",
        visit.base_path
    );
    match HeaderValue::from_str(&cookie) {
        Ok(cookie) => {
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn show(state: &AppState, visit: &Visit, brought: Brought) -> Response {
    let spaces = &state.registry.shared().spaces;
    let tried = spaces.open_link(&brought.link, None, ANYBODY, false).await;
    match tried {
        Ok(_) => shown(visit, &brought, None),
        Err(error) => shown(visit, &brought, Some(&error)),
    }
}

fn shown(visit: &Visit, brought: &Brought, error: Option<&OpenError>) -> Response {
    let words = visit.words();
    let (status, text, has_password) = match error {
        None => (StatusCode::OK, "", false),
        Some(OpenError::PasswordNeeded) => (StatusCode::OK, words.link_password, true),
        Some(OpenError::PasswordWrong) => (StatusCode::FORBIDDEN, words.link_wrong_password, true),
        Some(OpenError::TooOften(_)) => (StatusCode::TOO_MANY_REQUESTS, words.link_too_often, true),
        Some(OpenError::Name) => (
            StatusCode::BAD_REQUEST,
            words.link_name,
            !brought.password.is_empty(),
        ),
        Some(OpenError::Unknown) => (StatusCode::NOT_FOUND, words.link_unknown, false),
        Some(OpenError::Ended) => (StatusCode::GONE, words.link_ended, false),
        Some(OpenError::Failed(_) | OpenError::System(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, words.unavailable.1, false)
        }
    };
    let opens = matches!(status.as_u16(), 200 | 400 | 403 | 429);
    let mut main = format!("<h1>{}</h1>\n", words.link_title);
    if !text.is_empty() {
        let class = if status == StatusCode::OK {
            "notice"
        } else {
            "notice bad"
        };
        let _ = writeln!(
            main,
            "<p class=\"{class}\" id=\"problem\" role=\"alert\">{text}</p>"
        );
    }
    if opens {
        let _ = write!(
            main,
            "<form method=\"post\" action=\"enter\">\
             <input type=\"hidden\" name=\"link\" value=\"{}\">\
             <input type=\"hidden\" name=\"to\" value=\"{}\">\
             <p class=\"field\"><label for=\"name\">{}</label><input id=\"name\" name=\"name\" required \
             maxlength=\"60\" autocomplete=\"name\" value=\"{}\"></p>",
            escaped(&brought.link),
            escaped(&brought.to),
            words.your_name,
            escaped(brought.name.as_deref().unwrap_or_default())
        );
        if has_password {
            let _ = write!(
                main,
                "<p class=\"field\"><label for=\"password\">{}</label><input id=\"password\" \
                 name=\"password\" type=\"password\" required autocomplete=\"off\" \
                 aria-describedby=\"problem\"></p>",
                words.password
            );
        }
        let _ = write!(
            main,
            "<p><button class=\"strong\">{}</button></p></form>",
            words.come_in
        );
    }
    let layout = Layout {
        title: words.link_title.to_owned(),
        main,
        class: "screen",
        ..Layout::default()
    };
    answer(visit, status, layout.html(visit, None), Keep::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_leads_to_pages_of_spaces_alone() {
        for good in ["s/team", "s/team/page", "s/team/page/-/history"] {
            assert!(is_page(good), "{good}");
        }
        for bad in [
            "",
            "/s/team",
            "//evil.example",
            "s//evil",
            "s/../signout",
            "https:s/",
            "s/a?b",
            "d/x",
        ] {
            assert!(!is_page(bad), "{bad}");
        }
    }

    #[test]
    fn a_guest_is_known_by_a_cookie_of_their_own() {
        let of = |cookies: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))]);
            guest_token(&headers).map(str::to_owned)
        };
        assert_eq!(of("a=b; unisson_guest=x.y").as_deref(), Some("x.y"));
        assert_eq!(of("unisson_guest="), None);
        assert_eq!(of("other_unisson_guest=x"), None);
    }
}
