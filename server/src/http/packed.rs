//! Pages and JSON, packed with gzip for whoever takes it: on a slow line a page comes in a quarter
//! of the time.
//!
//! Promises:
//! * a page that many read is packed once, not for each of them;
//! * a packed answer is another one than the plain one: its tag is weak, and `Vary` says so. A
//!   browser that has either gets a 304;
//! * what may be a secret is never packed beside what an attacker chose: nothing that must not be
//!   stored, and nothing that another site makes a signed-in browser ask for.
//!
//! Deliberately left alone: streams, files, what is packed already, and what is small.

use std::{
    collections::{HashMap, VecDeque},
    io::Write as _,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use super::{AppState, assets::accepts};

/// Below this a packet of the network is not full anyway.
const BYTES_MIN: u64 = 1 << 10;
/// Larger answers go as they are.
const BYTES_MAX: u64 = 16 << 20;
/// What takes longer than this to pack is packed away from the async threads.
const BYTES_HERE: u64 = 64 << 10;
/// How much of packed pages is kept.
const KEPT_BYTES_MAX: usize = 16 << 20;
/// A little better than the fastest, and nearly as fast.
const LEVEL: Compression = Compression::new(4);
const WHO_ASKED: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Packed pages, by what they say.
#[derive(Debug, Default)]
pub(crate) struct Packed(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    pages: HashMap<[u8; 32], Bytes>,
    /// Oldest first.
    order: VecDeque<[u8; 32]>,
    bytes: usize,
}

impl Packed {
    fn get(&self, hash: &[u8; 32]) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pages.get(hash).cloned()
    }

    fn keep(&self, hash: [u8; 32], page: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = page.len();
        if kept.pages.insert(hash, page).is_some() {
            return;
        }
        kept.order.push_back(hash);
        kept.bytes += bytes;
        while kept.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else {
                break;
            };
            let gone = kept.pages.remove(&oldest);
            kept.bytes -= gone.map_or(0, |page| page.len());
        }
    }
}

/// What a request says of how it may be answered.
struct Asked {
    takes_gzip: bool,
    is_head: bool,
    /// It has the packed answer of this tag.
    known: Option<HeaderValue>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let accepted = headers.get(header::ACCEPT_ENCODING);
        let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
        let takes = accepted.is_some_and(|accepted| accepts(accepted, "gzip"));
        Self {
            takes_gzip: takes && !is_led_on(headers),
            is_head: request.method() == Method::HEAD,
            known: headers.get(header::IF_NONE_MATCH).cloned(),
        }
    }
}

/// Whether another site may have made a browser ask that shows a cookie. Old browsers do not say.
fn is_led_on(headers: &HeaderMap) -> bool {
    let who = headers.get(WHO_ASKED).map(HeaderValue::as_bytes);
    headers.contains_key(header::COOKIE) && !matches!(who, Some(b"same-origin" | b"none"))
}

/// The layer.
pub(super) async fn pack(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let may_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = Asked::of(&request);
    let mut answer = next.run(request).await;
    if !may_read {
        return answer;
    }
    if answer.status() == StatusCode::NOT_MODIFIED {
        vary(answer.headers_mut());
        keep_weak(answer.headers_mut(), asked.known.as_ref());
        return answer;
    }
    if answer.status() != StatusCode::OK || !is_packable(answer.headers()) {
        return answer;
    }
    vary(answer.headers_mut());
    let bytes = bytes_of(&answer);
    if !asked.takes_gzip || !bytes.is_some_and(|bytes| (BYTES_MIN..=BYTES_MAX).contains(&bytes)) {
        return answer;
    }
    if asked.is_head && answer.body().is_end_stream() {
        return packed(answer, None);
    }
    let is_page = is_of(answer.headers(), "text/html");
    let (parts, body) = answer.into_parts();
    let Ok(plain) = to_bytes(body, BYTES_MAX as usize).await else {
        // Cannot be: it has said how long it is, and it is in memory.
        return Response::from_parts(parts, Body::empty());
    };
    let small = state.packed.of(plain.clone(), is_page).await;
    let body = small.clone().unwrap_or(plain);
    let answer = Response::from_parts(parts, Body::from(body));
    match small {
        Some(small) => packed(answer, Some(small.len())),
        None => answer,
    }
}

impl Packed {
    /// `None` where packing fails, which memory alone could make it.
    async fn of(&self, plain: Bytes, is_kept: bool) -> Option<Bytes> {
        let hash = is_kept.then(|| *blake3::hash(&plain).as_bytes());
        if let Some(known) = hash.and_then(|hash| self.get(&hash)) {
            return Some(known);
        }
        let packed = match plain.len() as u64 {
            ..=BYTES_HERE => gzip(&plain),
            _ => tokio::task::spawn_blocking(move || gzip(&plain))
                .await
                .ok()?,
        };
        let packed = Bytes::from(packed.ok()?);
        if let Some(hash) = hash {
            self.keep(hash, packed.clone());
        }
        Some(packed)
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), LEVEL);
    encoder.write_all(plain)?;
    encoder.finish()
}

/// How long an answer is, where that is known: of a HEAD it says so itself.
fn bytes_of(answer: &Response) -> Option<u64> {
    let said = answer.headers().get(header::CONTENT_LENGTH);
    let said = said.and_then(|said| said.to_str().ok()?.parse().ok());
    said.or_else(|| answer.body().size_hint().exact())
}

fn is_of(headers: &HeaderMap, kind: &str) -> bool {
    let said = headers.get(header::CONTENT_TYPE);
    let said = said.and_then(|said| said.to_str().ok());
    said.is_some_and(|said| said.split(';').next().map(str::trim) == Some(kind))
}

/// Pages and JSON that may be stored, and are neither files nor packed.
fn is_packable(headers: &HeaderMap) -> bool {
    let are_kept = headers.get_all(header::CACHE_CONTROL).iter().all(|said| {
        let said = said.as_bytes();
        !contains(said, b"no-store") && !contains(said, b"no-transform")
    });
    let is_file = [
        header::CONTENT_ENCODING,
        header::CONTENT_DISPOSITION,
        header::CONTENT_RANGE,
        header::ACCEPT_RANGES,
    ];
    are_kept
        && (is_of(headers, "text/html") || is_of(headers, "application/json"))
        && !is_file.iter().any(|name| headers.contains_key(name))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
}

/// The answer's headers once its body is packed.
fn packed(mut answer: Response, bytes: Option<usize>) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    match bytes {
        Some(bytes) => headers.insert(header::CONTENT_LENGTH, bytes.into()),
        None => headers.remove(header::CONTENT_LENGTH),
    };
    if let Some(weak) = headers.get(header::ETAG).and_then(weakened) {
        headers.insert(header::ETAG, weak);
    }
    answer
}

/// A strong tag as a weak one: the packed answer says the same, in other bytes.
fn weakened(tag: &HeaderValue) -> Option<HeaderValue> {
    let tag = tag.to_str().ok().filter(|tag| !tag.starts_with("W/"))?;
    HeaderValue::from_str(&format!("W/{tag}")).ok()
}

/// Whoever has the packed answer is told the packed answer's tag.
fn keep_weak(headers: &mut HeaderMap, known: Option<&HeaderValue>) {
    let weak = headers.get(header::ETAG).and_then(weakened);
    let has =
        |weak: &HeaderValue| known.is_some_and(|known| contains(known.as_bytes(), weak.as_bytes()));
    if let Some(weak) = weak.filter(has) {
        headers.insert(header::ETAG, weak);
    }
}

#[cfg(test)]
mod tests;
