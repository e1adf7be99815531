//! WebSocket upgrades: who may open a socket, with which token, for which document.

use axum::{
    extract::{OriginalUri, State, ws::WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use tokio::sync::OwnedSemaphorePermit;
use unisson_protocol::{CloseReason, DocName};

use super::{AppState, error::Problem};
use crate::{
    auth::Grant,
    connection::{Dialect, Door, HocuspocusSocket, YWebsocketSocket, serve},
};

/// A sub-protocol that begins so carries a token.
const TOKEN_PROTOCOL: &str = "unisson.token.";
/// tungstenite would take 128 KiB for each socket otherwise.
const BUFFER_BYTES: usize = 4 << 10;
/// Frames that are queued together are written once they are so many bytes.
const WRITE_BYTES: usize = 16 << 10;
/// What frames need beside an update: address, type and lengths.
const FRAME_OVERHEAD_BYTES: usize = 4 << 10;

/// `/ws/{document…}`: y-websocket.
pub(crate) async fn y_websocket(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let permit = match admit(&state, &headers) {
        Ok(permit) => permit,
        Err(problem) => return problem.into_response(),
    };
    let admission = admission(&state, uri.path(), uri.query(), &headers);
    if let Err(reason) = &admission {
        state.registry.shared().metrics.refuse(reason.text());
    }
    // The refusal goes over the open socket: browsers show no status of a refused upgrade.
    accept(&state, &headers, upgrade, permit, move |door| {
        YWebsocketSocket::new(door, admission)
    })
}

/// `/hocuspocus`: any number of documents; tokens come in frames.
pub(crate) async fn hocuspocus(
    State(state): State<AppState>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    match admit(&state, &headers) {
        Ok(permit) => accept(&state, &headers, upgrade, permit, HocuspocusSocket::new),
        Err(problem) => problem.into_response(),
    }
}

fn accept<D: Dialect + 'static>(
    state: &AppState,
    headers: &HeaderMap,
    mut upgrade: WebSocketUpgrade,
    permit: OwnedSemaphorePermit,
    dialect: impl FnOnce(Door) -> D + Send + 'static,
) -> Response {
    // A browser fails the handshake unless one of the offered protocols is chosen.
    if let Some(protocol) = offered(headers).next()
        && let Ok(protocol) = HeaderValue::from_str(protocol)
    {
        upgrade.set_selected_protocol(protocol);
    }
    let registry = state.registry.clone();
    let frame_max = registry.shared().settings.limits.update_bytes_max + FRAME_OVERHEAD_BYTES;
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(frame_max)
        .max_frame_size(frame_max)
        .on_upgrade(move |socket| async move {
            let door = Door::new(&registry);
            let (outbox, shared) = (door.outbox.clone(), registry.shared().clone());
            serve(socket, dialect(door), outbox, shared).await;
            drop(permit);
        })
}

/// Limits and web origins.
fn admit(state: &AppState, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Problem> {
    let shared = state.registry.shared();
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    refuse_origin(origin, headers, state)?;
    let permit = shared.sockets.clone().try_acquire_owned();
    permit.map_err(|_| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "sockets",
        detail: "too many sockets are open".into(),
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
    !settings.is_open() || settings.insecure || is_loopback_origin(origin)
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
    let Some((_, host)) = origin.split_once("://") else {
        return false;
    };
    let host = host.rsplit_once(':').map_or(host, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            host
        } else {
            origin
        }
    });
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn admission(
    state: &AppState,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<(DocName, Grant), CloseReason> {
    let name = document_name(path).ok_or(CloseReason::Forbidden)?;
    let token = token(query, headers, state);
    let grant = state
        .registry
        .shared()
        .authenticator
        .authenticate(&token, &name)?;
    Ok((name, grant))
}

/// The rest of the path, percent-decoded; as it is, where that is not UTF-8.
fn document_name(path: &str) -> Option<DocName> {
    let raw = path.strip_prefix("/ws/")?;
    let decoded = percent_decode_str(raw).decode_utf8();
    DocName::new(decoded.as_deref().unwrap_or(raw)).ok()
}

/// The token of a request: query, header, sub-protocol, or cookie. A browser sends cookies for any
/// page, so they count only for pages of this server and of listed origins.
pub(super) fn token(query: Option<&str>, headers: &HeaderMap, state: &AppState) -> String {
    let settings = &state.registry.shared().settings;
    let of_query = query.and_then(|query| {
        let value = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("token="))?;
        let value = value.replace('+', " ");
        Some(percent_decode_str(&value).decode_utf8().ok()?.into_owned())
    });
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let of_header = || {
        Some(
            text(header::AUTHORIZATION)?
                .strip_prefix("Bearer ")?
                .to_owned(),
        )
    };
    let of_protocol =
        || offered(headers).find_map(|name| Some(name.strip_prefix(TOKEN_PROTOCOL)?.to_owned()));
    let of_cookie = || {
        let trusted = text(header::ORIGIN).is_none_or(|origin| {
            is_own_origin(origin, headers) || settings.origins.iter().any(|listed| listed == origin)
        });
        let mut cookies = text(header::COOKIE)
            .filter(|_| trusted)?
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
            ("https://evil.example", false),
            ("http://localhost.evil.example", false),
            ("null", false),
        ] {
            assert_eq!(is_loopback_origin(origin), local, "{origin}");
        }
    }
}
