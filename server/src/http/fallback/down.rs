//! What is said to the client: `POST /fallback/{socket}/down`, with the line `key position way`.
//!
//! `stream` is answered by server-sent events as long as client, server and the proxies between let it
//! be; `poll` by the bytes that there are, or by none after a while.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::time::timeout;

use super::{carrier, malformed, up::LINE_BYTES_MAX};
use crate::{
    carrier::Reading,
    http::{AppState, error::Problem},
};

/// A poll is answered within this: proxies end requests that take much longer.
const POLL_MAX: Duration = Duration::from_secs(20);
/// The most that one poll is answered with.
const POLL_BYTES_MAX: usize = 128 << 10;
/// Proxies and browsers that gather the begin of an answer get it at once.
const PADDING_BYTES: usize = 2 << 10;
/// Asks proxies to let each piece through.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Says what there is to say.
pub(super) async fn say(
    State(state): State<AppState>,
    Path(socket): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LINE_BYTES_MAX).await;
    let body = body.map_err(|_| malformed("the body is too long, or was cut"))?;
    let line = std::str::from_utf8(&body).unwrap_or_default();
    let Some((key, position, is_stream)) = parsed(line) else {
        return Err(malformed("the body is `key position stream` or `… poll`"));
    };
    let request = (parts.uri.query(), &parts.headers);
    let reading = carrier(&state, &socket, key, request)?.read(position)?;
    Ok(if is_stream {
        events(reading)
    } else {
        poll(reading).await
    })
}

fn parsed(line: &str) -> Option<(&str, u64, bool)> {
    let mut words = line.trim_end_matches('\n').split(' ');
    let (key, position, way) = (words.next()?, words.next()?, words.next()?);
    let is_stream = match way {
        "stream" => true,
        "poll" => false,
        _ => return None,
    };
    let position = position.parse().ok()?;
    words.next().is_none().then_some((key, position, is_stream))
}

fn events(reading: Reading) -> Response {
    // The first event says that events come through.
    let begin = format!(":{}\n\ndata:\n\n", " ".repeat(PADDING_BYTES));
    let begin = Some(Bytes::from(begin));
    let events = stream::unfold((reading, begin), |(mut reading, begin)| async move {
        let event = match begin {
            Some(begin) => begin,
            None => {
                let bytes = reading.next().await?;
                event(reading.position(), &bytes)
            }
        };
        Some((Ok::<_, Infallible>(event), (reading, None)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (UNBUFFERED, "no"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

/// `id` is the position behind the bytes.
fn event(position: u64, bytes: &[u8]) -> Bytes {
    let data = BASE64_STANDARD.encode(bytes);
    Bytes::from(format!("id:{position}\ndata:{data}\n\n"))
}

async fn poll(mut reading: Reading) -> Response {
    let mut gathered = BytesMut::new();
    if let Ok(Some(first)) = timeout(POLL_MAX, reading.next()).await {
        gathered.extend_from_slice(&first);
    }
    // What is there already comes along.
    while !gathered.is_empty() && gathered.len() < POLL_BYTES_MAX {
        match timeout(Duration::ZERO, reading.next()).await {
            Ok(Some(more)) => gathered.extend_from_slice(&more),
            _ => break,
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
    ];
    (headers, gathered.freeze()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_says_its_key_where_it_is_and_how_it_listens() {
        assert_eq!(parsed("k 7 stream"), Some(("k", 7, true)));
        assert_eq!(parsed("k 7 poll\n"), Some(("k", 7, false)));
        for wrong in ["", "k 7", "k 7 both", "k x poll", "k 7 poll 1"] {
            assert_eq!(parsed(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_event_says_where_its_bytes_end() {
        assert_eq!(&event(3, b"abc")[..], b"id:3\ndata:YWJj\n\n");
    }
}
