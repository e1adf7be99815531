//! What every request passes: where it comes from, how often, from which page, and how its body
//! comes; and what every answer tells browsers.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{AppState, body::Bounded, error::Problem, language, ws};
use crate::{
    address::{ClientAddress, client_address},
    gate::TooMany,
    listener::Peer,
};

/// For answers that are no pages: nothing in them runs, and no page shows them.
const CLOSED_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
/// Browsers remember for so long that this address speaks TLS.
const TRANSPORT_SECURITY: &str = "max-age=31536000";
/// What pages of other origins may send and read.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const SENT: &str = "authorization, content-type, accept, if-match, if-none-match, range, tus-resumable, \
                    upload-length, upload-metadata, upload-offset";
const READ: &str = "allow, content-disposition, content-location, content-range, etag, link, location, \
                    retry-after, tus-resumable, upload-length, upload-offset";
/// How long browsers need not ask again.
const PREFLIGHT_S: &str = "600";

/// The outermost layer.
pub(super) async fn keep(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let shared = state.registry.shared().clone();
    let peer = request.extensions().get::<Peer>().copied();
    let is_api = request.uri().path().starts_with("/api/");
    let is_carried = is_carried(request.uri().path());
    let reader = request.headers().get(header::ORIGIN).cloned();
    let reader =
        reader.filter(|origin| is_api && may_ask(&state, origin, request.headers()).is_ok());
    let mut answer = match admit(&state, peer, &mut request) {
        Err(refusal) => *refusal,
        Ok(()) if request.method() == Method::OPTIONS && reader.is_some() => {
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(()) => {
            let client = client_of(&request).filter(|_| is_carried);
            let (request, fault) = Bounded::of(request, &shared.settings.traffic);
            let answer = next.run(request).await;
            match fault.get() {
                Some(fault) => {
                    shared.metrics.limit(fault.limit());
                    fault.problem().into_response()
                }
                None => match client.filter(|_| answer.status().is_client_error()) {
                    // Whoever guesses has as many tries as requests.
                    Some(client) => counted(&state, client, None).err().map_or(answer, |r| *r),
                    None => answer,
                },
            }
        }
    };
    let headers = answer.headers_mut();
    if let Some(origin) = reader {
        share(headers, origin);
    }
    secure(headers, peer.is_some_and(|peer| peer.is_encrypted));
    answer
}

/// Decides about a request before anything looks at it.
fn admit(state: &AppState, peer: Option<Peer>, request: &mut Request) -> Result<(), Box<Response>> {
    let shared = state.registry.shared();
    let Some(peer) = peer else {
        // The listener says it of each connection.
        tracing::error!("a request without an address");
        return Err(refuse(Problem {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "no-address",
            detail: "this is a bug".into(),
        }));
    };
    let trusted = &shared.settings.http.trusted_proxies;
    let client = client_address(peer.address, request.headers(), trusted);
    request.extensions_mut().insert(client);
    if shared.settings.is_for_this_machine() {
        refuse_others(client, request).map_err(refuse)?;
    }
    let path = request.uri().path();
    if is_counted(path) {
        counted(state, client, shown(request.headers()))?;
    }
    refuse_pages(state, request).map_err(refuse)?;
    if let Some(encoding) = request.headers().get(header::CONTENT_ENCODING)
        && encoding != "identity"
    {
        // What would come of a small body could be of any size.
        return Err(refuse(Problem {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "content-encoding",
            detail: "send the body as it is, without compressing it".into(),
        }));
    }
    Ok(())
}

/// While nobody is asked who they are only people at this machine come in: nobody through a proxy in
/// front of it, and no page of a site whose name was made to lead here.
fn refuse_others(client: ClientAddress, request: &Request) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST);
    let host = host.map(|host| host.to_str().unwrap_or_default());
    if client.0.is_loopback() && host.is_none_or(ws::is_loopback_host) {
        return Ok(());
    }
    Err(Problem {
        status: StatusCode::FORBIDDEN,
        code: "only-this-machine",
        detail: "nobody is asked who they are here, so only this machine is let in, by the \
                 address http://127.0.0.1; to let others in say who may come (auth.secret, \
                 auth.oidc, auth.callback, auth.tokens), or --insecure if everybody may do \
                 everything"
            .into(),
    })
}

/// Counts a request, or refuses it where there are too many.
fn counted(
    state: &AppState,
    client: ClientAddress,
    shown: Option<&[u8]>,
) -> Result<(), Box<Response>> {
    let shared = state.registry.shared();
    shared.gate.pass(client, shown).map_err(|too_many| {
        shared.metrics.limit(too_many.limit);
        tracing::debug!(client = %client.0, limit = too_many.limit, "too many requests");
        slow_down(too_many)
    })
}

/// Whoever looks after the server must always get an answer, files of the client cost nothing, and
/// what a socket's requests carry is held to the pace of sockets.
fn is_counted(path: &str) -> bool {
    !matches!(path, "/healthz" | "/readyz" | "/metrics")
        && !path.starts_with("/client/")
        && !is_carried(path)
}

fn is_carried(path: &str) -> bool {
    let rest = path.strip_prefix("/fallback/");
    rest.is_some_and(|rest| rest.contains('/'))
}

/// What a request shows of its sender, as it is.
fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let shown = headers.get(header::AUTHORIZATION);
    // A language is the same for thousands of people, who would count as one.
    let of_person = |cookies: &&HeaderValue| !language::is_all_of(cookies);
    let shown = shown.or_else(|| headers.get(header::COOKIE).filter(of_person));
    shown.map(HeaderValue::as_bytes)
}

/// A page of another site must not use what its visitor's browser sends along.
fn refuse_pages(state: &AppState, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let is_api = request.uri().path().starts_with("/api/");
    match headers.get(header::ORIGIN) {
        Some(origin) if changes || is_api => may_ask(state, origin, headers),
        None if changes && is_of_another_site(headers) => Err(Problem {
            status: StatusCode::FORBIDDEN,
            code: "cross-site",
            detail: "a page of another site asks for a change without saying which".into(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// What is no text is no origin that anybody has listed.
fn may_ask(state: &AppState, origin: &HeaderValue, headers: &HeaderMap) -> Result<(), Problem> {
    ws::refuse_origin(Some(origin.to_str().unwrap_or("null")), headers, state)
}

/// Browsers say so of requests that another site's page makes.
pub(super) fn is_of_another_site(headers: &HeaderMap) -> bool {
    let site = headers
        .get("sec-fetch-site")
        .and_then(|site| site.to_str().ok());
    matches!(site, Some("cross-site" | "same-site"))
}

fn refuse(problem: Problem) -> Box<Response> {
    Box::new(problem.into_response())
}

fn slow_down(too_many: TooMany) -> Box<Response> {
    let mut answer = Problem {
        status: StatusCode::TOO_MANY_REQUESTS,
        code: "too-many-requests",
        detail: format!("over limits.{}: try again later", too_many.limit),
    }
    .into_response();
    let seconds = too_many.wait.as_secs() + 1;
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Box::new(answer)
}

/// Lets the page that asked read the answer; whether it may ask has been decided. Credentials are
/// not allowed along, so a page needs the token itself.
fn share(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin, accept"));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, READ),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_S),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
}

/// What an answer says that has not said otherwise itself.
fn secure(headers: &mut HeaderMap, is_encrypted: bool) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, CLOSED_POLICY),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if is_encrypted {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static(TRANSPORT_SECURITY));
    }
}

/// The client's address, as [`keep`] has found it.
pub(super) fn client_of(request: &Request<Body>) -> Option<ClientAddress> {
    request.extensions().get::<ClientAddress>().copied()
}

/// The same where only the rest of the request is at hand.
pub(super) fn address_of(extensions: &Extensions) -> Option<IpAddr> {
    Some(extensions.get::<ClientAddress>()?.0)
}
