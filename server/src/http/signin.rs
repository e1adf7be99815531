//! Signing in and out in a browser: `/signin`, `/signin/callback`, `/signout`, `/signed-out`, and
//! what the provider calls, `/signin/backchannel-logout`.

mod notice;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

use self::notice::Notice;
use super::{AppState, error::Problem, guard::address_of, language::prefers_french};
use crate::{
    audit::{Action, Entry},
    auth::oidc::{Oidc, Returned, provider::SignInError, session::Session},
};

/// A logout token in a form.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The calls, where an OpenID provider is configured.
pub(super) fn routes(state: &AppState) -> Router<AppState> {
    let routes = Router::new();
    if state.registry.shared().authenticator.oidc().is_none() {
        return routes;
    }
    routes
        .route("/signin", get(begin))
        .route("/signin/callback", get(finish))
        .route("/signin/backchannel-logout", post(signed_out_elsewhere))
        .route("/signout", post(sign_out))
        .route("/signed-out", get(signed_out))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

fn oidc(state: &AppState) -> Result<&Arc<Oidc>, Problem> {
    state.registry.shared().authenticator.oidc().ok_or(Problem {
        status: StatusCode::NOT_FOUND,
        code: "not-found",
        detail: "no OpenID provider is configured".into(),
    })
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    to: String,
}

/// Sends the browser to the provider.
async fn begin(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let oidc = oidc(&state)?;
    match oidc.begin(&wanted.to, &headers).await {
        Ok(begun) => Ok(redirect(&begun.location, &begun.cookies)),
        Err(error) => Ok(failed(&error, &headers, oidc, &wanted.to)),
    }
}

/// The browser is back from the provider.
async fn finish(
    State(state): State<AppState>,
    Query(returned): Query<Returned>,
    request: Request,
) -> Result<Response, Problem> {
    let oidc = oidc(&state)?;
    let audit = &state.registry.shared().audit;
    let headers = request.headers();
    let entry = Entry::new(Action::SignIn).from(address_of(request.extensions()));
    match oidc.finish(&returned, headers).await {
        Ok(finished) => {
            audit.record(entry.by(Some(finished.session.actor())));
            let location = format!("{}{}", oidc.settings().public_url, finished.to);
            Ok(redirect(&location, &finished.cookies))
        }
        Err(error) => {
            if !matches!(error, SignInError::Unavailable(_)) {
                audit.record(entry.refused(&error.to_string()));
            }
            Ok(failed(&error, headers, oidc, "/"))
        }
    }
}

/// Ends the session here, then at the provider. The way there is a page: a form may not lead to
/// another server, as the pages' policy says.
async fn sign_out(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let oidc = oidc(&state)?;
    let headers = request.headers();
    refuse_other_pages(oidc, headers)?;
    let french = prefers_french(headers);
    let Some(session) = oidc.session(headers) else {
        return Ok(Notice::signed_out(french, &oidc.settings().public_url).into_response());
    };
    let signed_out = oidc.sign_out(&session).await.map_err(|error| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        detail: format!("nobody is signed out yet, try again: {error}"),
    })?;
    let entry = Entry::new(Action::SignOut).by(Some(session.actor()));
    let entry = entry.from(address_of(request.extensions()));
    state.registry.shared().audit.record(entry);
    let page = Notice::leaving(french, &signed_out.location).into_response();
    Ok(with_cookies(page, &signed_out.cookies))
}

/// Cookies come along with any page's form; only this server's pages may use it.
fn refuse_other_pages(oidc: &Oidc, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let own = origin_of(&oidc.settings().public_url);
    let is_own = match (text("origin"), text("sec-fetch-site")) {
        // Pages that send no referrer say `null`.
        (Some("null") | None, Some(site)) => site == "same-origin",
        (Some(origin), _) => origin == own,
        (None, None) => false,
    };
    match is_own {
        true => Ok(()),
        false => Err(Problem {
            status: StatusCode::FORBIDDEN,
            code: "origin",
            detail: "only pages of this server sign people out".into(),
        }),
    }
}

fn origin_of(url: &str) -> &str {
    let host_from = url.find("://").map_or(0, |at| at + 3);
    let end = url[host_from..]
        .find('/')
        .map_or(url.len(), |at| host_from + at);
    &url[..end]
}

/// Where people are when they have signed out.
async fn signed_out(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let root = &oidc(&state)?.settings().public_url;
    Ok(Notice::signed_out(prefers_french(&headers), root).into_response())
}

/// The provider says who has signed out.
async fn signed_out_elsewhere(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Response, Problem> {
    let oidc = oidc(&state)?;
    let body = std::str::from_utf8(&body).unwrap_or_default();
    let token = body
        .split('&')
        .find_map(|pair| pair.strip_prefix("logout_token="));
    let token = percent_decode_str(token.unwrap_or_default()).decode_utf8_lossy();
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match oidc.signed_out_elsewhere(&token).await {
        Ok(()) => {
            let entry = Entry::new(Action::SignOut).detail("by", "provider");
            state.registry.shared().audit.record(entry);
            Ok((StatusCode::OK, no_store).into_response())
        }
        Err(error) => {
            tracing::warn!(%error, "a logout token");
            let (status, code) = match error {
                SignInError::Unavailable(_) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "sign-in-unavailable")
                }
                _ => (StatusCode::BAD_REQUEST, "logout-token"),
            };
            Err(Problem {
                status,
                code,
                detail: error.to_string(),
            })
        }
    }
}

/// A page that says why, to people; the log says it to the operator.
fn failed(error: &SignInError, headers: &HeaderMap, oidc: &Oidc, to: &str) -> Response {
    match error {
        SignInError::Unavailable(_) => tracing::warn!(%error, "sign-in"),
        _ => tracing::info!(%error, "sign-in"),
    }
    let root = &oidc.settings().public_url;
    Notice::failed(prefers_french(headers), error, root, to).into_response()
}

fn redirect(location: &str, cookies: &[String]) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    with_cookies((StatusCode::SEE_OTHER, headers).into_response(), cookies)
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Who a page is shown to; found in a request's extensions.
#[derive(Debug, Clone)]
pub(super) struct SignedIn(pub(super) Arc<Session>);

/// For pages: finds out who is signed in, lets the session go on, and sends others to the provider
/// where a document's page is wanted.
pub(super) async fn look(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(oidc) = state.registry.shared().authenticator.oidc() else {
        return next.run(request).await;
    };
    let Some(session) = oidc.session(request.headers()) else {
        return match wants_sign_in(oidc, &request) {
            Some(to) => redirect(&to, &[]),
            None => next.run(request).await,
        };
    };
    let renewal = oidc.renewal(&session);
    request.extensions_mut().insert(SignedIn(session));
    let mut response = next.run(request).await;
    // The page names the person: no cache keeps it for another one, unless it has looked to that.
    let headers = response.headers_mut();
    let is_private = |kept: &HeaderValue| kept.as_bytes().starts_with(b"private");
    if !headers.get(header::CACHE_CONTROL).is_some_and(is_private) {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
    }
    headers.append(header::VARY, HeaderValue::from_static("cookie"));
    with_cookies(response, renewal.as_slice())
}

/// Where to send somebody who wants a document and is not signed in. Who brings a link or a token
/// does not need to be.
fn wants_sign_in(oidc: &Oidc, request: &Request) -> Option<String> {
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let brings = query
        .split('&')
        .any(|pair| pair.starts_with("link=") || pair.starts_with("token="));
    if !oidc.settings().automatic || !path.starts_with("/d/") || brings {
        return None;
    }
    let to = request
        .uri()
        .path_and_query()
        .map_or(path, |to| to.as_str());
    let to = utf8_percent_encode(to, NON_ALPHANUMERIC);
    Some(format!("{}/signin?to={to}", oidc.settings().public_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_stands_before_the_path() {
        assert_eq!(
            origin_of("https://wiki.example.org/unisson"),
            "https://wiki.example.org"
        );
        assert_eq!(origin_of("http://127.0.0.1:4444"), "http://127.0.0.1:4444");
    }
}
