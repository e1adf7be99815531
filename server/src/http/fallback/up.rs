//! What the client says: `POST /fallback/{socket}/up`.
//!
//! The body is one line, `key position confirmed`, and then bytes of the socket from `position` on.

use std::time::Duration;

use axum::{
    Json,
    body::BodyDataStream,
    extract::{Path, Request, State},
    http::StatusCode,
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{carrier, malformed};
use crate::http::{AppState, error::Problem};

/// The longest first line: a key and two numbers.
pub(super) const LINE_BYTES_MAX: usize = 160;
/// How long the next piece of a request may take.
const PIECE: Duration = Duration::from_secs(30);

/// Takes what the client says. Each piece is heard when it comes, the answer says how much has.
pub(super) async fn take(
    State(state): State<AppState>,
    Path(socket): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let (line, mut bytes) = first_line(&mut body).await?;
    let Some((key, mut position, confirmed)) = parsed(&line) else {
        return Err(malformed("the first line is `key position confirmed`"));
    };
    let request = (parts.uri.query(), &parts.headers);
    let carrier = carrier(&state, &socket, key, request)?;
    carrier.confirm(confirmed)?;
    loop {
        carrier.take(position, &bytes).await?;
        position = position.saturating_add(bytes.len() as u64);
        bytes = match piece(&mut body).await? {
            Some(next) => next,
            None => break,
        };
    }
    Ok(Json(json!({ "received": carrier.received() })))
}

/// The first line without its end, and what came behind it.
async fn first_line(body: &mut BodyDataStream) -> Result<(String, Bytes), Problem> {
    let mut begin = BytesMut::new();
    loop {
        if let Some(end) = begin.iter().take(LINE_BYTES_MAX).position(|b| *b == b'\n') {
            let mut rest = begin.split_off(end);
            let line = String::from_utf8(begin.to_vec());
            let line = line.map_err(|_| malformed("the first line is not text"))?;
            return Ok((line, rest.split_off(1).freeze()));
        }
        if begin.len() > LINE_BYTES_MAX {
            return Err(malformed("the first line is too long"));
        }
        match piece(body).await? {
            Some(next) => begin.extend_from_slice(&next),
            None => return Err(malformed("the first line has no end")),
        }
    }
}

fn parsed(line: &str) -> Option<(&str, u64, u64)> {
    let mut words = line.split(' ');
    let key = words.next()?;
    let (position, confirmed) = (words.next()?, words.next()?);
    let numbers = (position.parse().ok()?, confirmed.parse().ok()?);
    words
        .next()
        .is_none()
        .then_some((key, numbers.0, numbers.1))
}

async fn piece(body: &mut BodyDataStream) -> Result<Option<Bytes>, Problem> {
    let next = timeout(PIECE, body.next()).await.map_err(|_| Problem {
        status: StatusCode::REQUEST_TIMEOUT,
        code: "slow",
        detail: "the request did not go on: what has come is kept".into(),
    })?;
    // What came before the cut was heard; the client sends the rest again.
    next.transpose()
        .map_err(|_| malformed("the request was cut"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_first_line_is_a_key_and_two_positions() {
        assert_eq!(parsed("k 7 0"), Some(("k", 7, 0)));
        for wrong in ["", "k", "k 7", "k 7 0 1", "k -1 0", "k 7 x", "k  7 0"] {
            assert_eq!(parsed(wrong), None, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_first_line_may_come_in_pieces_and_has_an_end() {
        let read = |pieces: Vec<&'static [u8]>| async move {
            let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            first_line(&mut body.into_data_stream()).await
        };
        let (line, rest) = read(vec![b"k 1", b" 2\nab", b"c"]).await.expect("a line");
        assert_eq!((line.as_str(), &rest[..]), ("k 1 2", &b"ab"[..]));
        assert!(read(vec![b"k 1 2"]).await.is_err());
        assert!(read(vec![&[b'k'; 4_096], b"\n"]).await.is_err());
        assert!(read(vec![b"\xff\n"]).await.is_err());
    }
}
