//! WebSocket upgrades: who may open a socket, with which token, for which document.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tungstenite::handshake::server::create_response_with_body;
use unisson_protocol::{CloseReason, DocName};

use super::{AppState, error::Problem, guard, guard::address_of, wiki};
use crate::{
    auth::{Credential, Grant, oidc::session::Signed},
    connection::{Dialect, Door, HocuspocusSocket, YWebsocketSocket, serve},
    knocks,
    listener::Stream,
    sockets::{Admission, Crowded},
};

/// A sub-protocol that begins so carries a token.
const TOKEN_PROTOCOL: &str = "unisson.token.";

/// `/ws/{document…}`: y-websocket.
pub(crate) async fn y_websocket(State(state): State<AppState>, request: Request) -> Response {
    let admitted = match admit(&state, &request) {
        Ok(admitted) => admitted,
        Err(problem) => return problem.into_response(),
    };
    let name = document_name(request.uri().path());
    let credential = credential(request.uri().query(), request.headers(), &state)
        .with_address(address_of(request.extensions()));
    let admission = admission(&state, name.clone(), &credential).await;
    if let Err(reason) = &admission {
        let shared = state.registry.shared();
        shared.metrics.refuse(reason.text());
        let now = tokio::time::Instant::now();
        if !reason.is_transient() && shared.knocks.again(now, &credential, name.as_ref()) {
            tokio::time::sleep(knocks::PAUSE).await;
        }
    }
    let session = credential.session().cloned();
    // The refusal goes over the open socket: browsers show no status of a refused upgrade.
    accept(&state, request, (admitted, session), move |door| {
        YWebsocketSocket::new(door, admission)
    })
}

/// `/hocuspocus`: any number of documents; tokens come in frames.
pub(crate) async fn hocuspocus(State(state): State<AppState>, request: Request) -> Response {
    match admit(&state, &request) {
        Ok(admitted) => {
            let credential = credential(request.uri().query(), request.headers(), &state)
                .with_address(address_of(request.extensions()));
            let session = credential.session().cloned();
            accept(&state, request, (admitted, session), move |door| {
                HocuspocusSocket::new(door, credential)
            })
        }
        Err(problem) => problem.into_response(),
    }
}

/// Answers the handshake. The socket's task starts when the answer is written.
fn accept<D: Dialect + 'static>(
    state: &AppState,
    mut request: Request,
    (admission, session): (Admission, Signed),
    dialect: impl FnOnce(Door) -> D + Send + 'static,
) -> Response {
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return not_a_websocket(&error).into_response(),
    };
    // A browser fails the handshake unless one of the offered protocols is chosen.
    if let Some(protocol) = offered(request.headers()).next()
        && let Ok(protocol) = HeaderValue::from_str(protocol)
    {
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let registry = state.registry.clone();
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // A client that goes away meanwhile is not an error.
        let Ok(upgraded) = upgraded.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<Stream>>() else {
            tracing::error!("an upgraded connection is not what was listened for");
            return;
        };
        let door = Door::new(&registry, parts.io.into_inner());
        let (outbox, shared) = (door.outbox.clone(), registry.shared().clone());
        if let (Some(oidc), Some(session)) = (shared.authenticator.oidc(), &session) {
            oidc.attach(session, &outbox);
        }
        // A copy: what was read may be a small part of a large buffer.
        let early = parts.read_buf.to_vec();
        let socket = serve(dialect(door), outbox, shared, early, admission);
        // A task of its own: it takes no room for what the handshake needed.
        tokio::spawn(socket);
    });
    response
}

fn not_a_websocket(error: &tungstenite::Error) -> Problem {
    Problem {
        status: StatusCode::UPGRADE_REQUIRED,
        code: "websocket",
        detail: format!("this address is for WebSockets: {error}"),
    }
}

/// Limits and web origins.
pub(super) fn admit(state: &AppState, request: &Request) -> Result<Admission, Problem> {
    let shared = state.registry.shared();
    let headers = request.headers();
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().unwrap_or("null"));
    refuse_origin(origin, headers, state)?;
    let client = guard::client_of(request).ok_or_else(|| Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "no-address",
        detail: "this is a bug".into(),
    })?;
    shared.sockets.admit(client).map_err(|crowded| {
        shared.metrics.limit(crowded.limit());
        let status = match crowded {
            Crowded::Process => StatusCode::SERVICE_UNAVAILABLE,
            Crowded::Address | Crowded::Unidentified => StatusCode::TOO_MANY_REQUESTS,
        };
        let detail = match crowded {
            Crowded::Process => "too many sockets are open",
            Crowded::Address => "too many sockets are open from this address",
            Crowded::Unidentified => "too many sockets of this address have not said who they are",
        };
        Problem {
            status,
            code: "sockets",
            detail: detail.into(),
        }
    })
}

/// An error where a page of this origin may not connect.
pub(super) fn refuse_origin(
    origin: Option<&str>,
    headers: &HeaderMap,
    state: &AppState,
) -> Result<(), Problem> {
    match origin {
        Some(origin) if !origin_may(origin, headers, state) => Err(Problem {
            status: StatusCode::FORBIDDEN,
            code: "origin",
            detail: "pages of this web origin may not connect: see auth.origins".into(),
        }),
        _ => Ok(()),
    }
}

/// Listed origins and the server's own come in. Others come in only where tokens are asked for and
/// no list is given; while everybody may write, only pages of this machine do.
fn origin_may(origin: &str, headers: &HeaderMap, state: &AppState) -> bool {
    let settings = &state.registry.shared().settings;
    if settings.origins.iter().any(|listed| listed == origin) || is_own_origin(origin, headers) {
        return true;
    }
    if !settings.origins.is_empty() {
        return false;
    }
    !settings.is_for_this_machine() || is_loopback_origin(origin)
}

fn is_own_origin(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    origin
        .split_once("://")
        .is_some_and(|(_, of_origin)| Some(of_origin) == host)
}

fn is_loopback_origin(origin: &str) -> bool {
    let host = origin.split_once("://");
    host.is_some_and(|(_, host)| is_loopback_host(host))
}

/// Whether a host, perhaps with a port, is a name of this machine for itself.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let of_network = || {
        let address = name.parse::<std::net::Ipv4Addr>();
        address.is_ok_and(|address| address.is_loopback())
    };
    name.eq_ignore_ascii_case("localhost") || name == "[::1]" || of_network()
}

async fn admission(
    state: &AppState,
    name: Option<DocName>,
    credential: &Credential,
) -> Result<(DocName, Grant), CloseReason> {
    let name = name.ok_or(CloseReason::Forbidden)?;
    let authenticator = &state.registry.shared().authenticator;
    let decided = authenticator.authenticate(credential, &name).await;
    let audit = &state.registry.shared().audit;
    audit.access(credential.address(), name.as_str(), &decided);
    Ok((name, decided?))
}

/// The rest of the path, percent-decoded; as it is, where that is not UTF-8.
fn document_name(path: &str) -> Option<DocName> {
    let raw = path.strip_prefix("/ws/")?;
    let decoded = percent_decode_str(raw).decode_utf8();
    DocName::new(decoded.as_deref().unwrap_or(raw)).ok()
}

/// What a request shows of its sender.
pub(super) fn credential(query: Option<&str>, headers: &HeaderMap, state: &AppState) -> Credential {
    let settings = &state.registry.shared().settings;
    let cookies = headers
        .get(header::COOKIE)
        .and_then(|cookies| cookies.to_str().ok())
        .filter(|_| settings.auth.callback.is_some() && trusts_cookies(headers, state));
    let oidc = state.registry.shared().authenticator.oidc();
    let session = oidc.filter(|_| trusts_cookies(headers, state));
    let session = session.and_then(|oidc| oidc.session(headers));
    let mut token = token(query, headers, state);
    if token.is_empty() && session.is_none() && trusts_cookies(headers, state) {
        // Whoever has come in by a link, and is nobody otherwise.
        token = wiki::guest_token(headers).unwrap_or_default().to_owned();
    }
    Credential::of_token(&token)
        .with_cookies(cookies)
        .with_session(session)
}

/// A browser sends cookies for any page, so they count only for pages of this server and of listed
/// origins.
fn trusts_cookies(headers: &HeaderMap, state: &AppState) -> bool {
    let origins = &state.registry.shared().settings.origins;
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    if origin.is_none() && guard::is_of_another_site(headers) {
        return false;
    }
    origin.is_none_or(|origin| {
        is_own_origin(origin, headers) || origins.iter().any(|listed| listed == origin)
    })
}

/// The token of the `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

/// The token of a request: query, header, sub-protocol, or cookie.
pub(super) fn token(query: Option<&str>, headers: &HeaderMap, state: &AppState) -> String {
    let settings = &state.registry.shared().settings;
    let of_query = query.and_then(|query| {
        let value = query.split('&').find_map(|pair| {
            let of_link = || pair.strip_prefix("link=");
            pair.strip_prefix("token=").or_else(of_link)
        })?;
        let value = value.replace('+', " ");
        Some(percent_decode_str(&value).decode_utf8().ok()?.into_owned())
    });
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let of_header = || bearer(headers).map(str::to_owned);
    let of_protocol =
        || offered(headers).find_map(|name| Some(name.strip_prefix(TOKEN_PROTOCOL)?.to_owned()));
    let of_cookie = || {
        let mut cookies = text(header::COOKIE)
            .filter(|_| trusts_cookies(headers, state))?
            .split(';')
            .map(str::trim);
        cookies.find_map(|cookie| {
            let (name, value) = cookie.split_once('=')?;
            (name == settings.cookie).then(|| value.to_owned())
        })
    };
    of_query
        .or_else(of_header)
        .or_else(of_protocol)
        .or_else(of_cookie)
        .unwrap_or_default()
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_may_hold_slashes_and_accents() {
        let name = |path| document_name(path).map(|name| name.as_str().to_owned());
        assert_eq!(
            name("/ws/a/%C3%A9t%C3%A9%20x/y").as_deref(),
            Some("a/été x/y")
        );
        assert_eq!(name("/ws/%ff").as_deref(), Some("%ff"));
        assert_eq!(name("/ws/%20"), None);
        assert_eq!(name("/ws/a%00b"), None);
    }

    #[test]
    fn only_pages_of_this_machine_count_as_local() {
        for (origin, local) in [
            ("http://localhost:5173", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:8080", true),
            ("http://127.8.9.1:4444", true),
            ("https://evil.example", false),
            ("https://127.0.0.1.evil.example", false),
            ("https://evil.example:127.0.0.1", false),
            ("http://localhost.evil.example", false),
            ("null", false),
        ] {
            assert_eq!(is_loopback_origin(origin), local, "{origin}");
        }
    }
}
