//! A file's bytes, whole or in part.

use std::ops::Range;

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use percent_encoding::utf8_percent_encode;
use unisson_protocol::DocName;
use unisson_storage::BlobId;

use super::{IN_ADDRESS, access::Viewer, require};
use crate::{
    attachments::{self, File, FileError},
    http::{AppState, documents::etag, error::Problem},
};

/// So much of a file is read at a time.
const PART_BYTES: u64 = 1 << 20;

/// Read a file
///
/// Whole, or a part of it (`Range`). Pictures are shown in place, everything else is offered to be
/// saved. Browsers' pages with a token read with a ticket.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/attachments/{attachment}/{filename}",
    operation_id = "read_attachment",
    tag = "attachments",
    params(
        ("attachment" = String, Path, description = "The file's id"),
        ("filename" = String, Path, description = "What it is called; for people, and not looked at"),
        ("ticket" = Option<String>, Query, description = "Instead of a token"),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream", headers(("ETag" = String))),
        (status = 206, description = "The part", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "As you know it"),
    )
)]
pub(super) async fn read(
    State(state): State<AppState>,
    viewer: Viewer,
    path: Result<Path<(String, String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((_, id, _)) = path.map_err(|_| Problem::from(FileError::Missing))?;
    require(&state, &viewer.name).await?;
    let file = attachments::find(state.registry.shared(), &viewer.name, &id).await?;
    let tag = etag(&id);
    let mut answer = if is_known(&headers, header::IF_NONE_MATCH, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        content(&state, &viewer.name, &file, (&headers, &tag)).await?
    };
    let kept = answer.headers_mut();
    kept.insert(header::ETAG, tag);
    kept.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    kept.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    kept.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if viewer.has_ticket {
        // A page of a portal shows the picture; the ticket says that it may.
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        kept.insert(policy, HeaderValue::from_static("cross-origin"));
    }
    Ok(answer)
}

async fn content(
    state: &AppState,
    name: &DocName,
    file: &File,
    (headers, tag): (&HeaderMap, &HeaderValue),
) -> Result<Response, Problem> {
    let blob = file
        .blob()
        .ok_or_else(|| Problem::from(FileError::Damaged("its bytes have no name".into())))?;
    let asked = headers.get(header::RANGE).filter(|_| {
        let condition = headers.get(header::IF_RANGE);
        condition.is_none_or(|condition| condition == tag)
    });
    let asked = asked.and_then(|asked| asked.to_str().ok());
    let range = match asked.map(|asked| range_of(asked, file.bytes)) {
        None | Some(Asked::Everything) => None,
        Some(Asked::Part(range)) => Some(range),
        Some(Asked::Beyond) => return Ok(beyond(file.bytes)),
    };
    let part = range.clone().unwrap_or(0..file.bytes);
    let length = part.end - part.start;
    // The first part is read before anything is answered: a lost file must not begin.
    let first = read_part(state, name, &blob, part.clone()).await?;
    let next = part.start + first.len() as u64;
    let rest = stream::try_unfold(next, {
        let (state, name, end) = (state.clone(), name.clone(), part.end);
        move |at| {
            let (state, name, blob) = (state.clone(), name.clone(), blob.clone());
            async move {
                if at >= end {
                    return Ok(None);
                }
                let read = read_part(&state, &name, &blob, at..end).await;
                let read = read.map_err(|problem| std::io::Error::other(problem.detail))?;
                let next = at + read.len() as u64;
                Ok::<_, std::io::Error>(Some((read, next)))
            }
        }
    });
    let body = futures_util::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let mut answer = Body::from_stream(body).into_response();
    let kept = answer.headers_mut();
    kept.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let media_type = HeaderValue::from_str(&file.media_type);
    let unknown = HeaderValue::from_static("application/octet-stream");
    kept.insert(header::CONTENT_TYPE, media_type.unwrap_or(unknown));
    kept.insert(header::CONTENT_DISPOSITION, disposition(file));
    if range.is_some() {
        let text = format!("bytes {}-{}/{}", part.start, part.end - 1, file.bytes);
        if let Ok(text) = HeaderValue::from_str(&text) {
            kept.insert(header::CONTENT_RANGE, text);
        }
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(answer)
}

async fn read_part(
    state: &AppState,
    name: &DocName,
    blob: &BlobId,
    range: Range<u64>,
) -> Result<Bytes, Problem> {
    let store = &state.registry.shared().store;
    let bytes = (range.end - range.start).min(PART_BYTES);
    let part = store.blob_part(name.as_str(), blob, range.start, bytes);
    let part = part.await.map_err(FileError::from)?;
    match part {
        Some(part) if part.len() as u64 == bytes => Ok(part),
        Some(_) => Err(FileError::Damaged("the file is cut short".into()).into()),
        None => {
            tracing::error!(document = %name, %blob, "an attached file is lost");
            Err(FileError::Damaged("the file's bytes are not there".into()).into())
        }
    }
}

/// For people, in any letters; old browsers get the ASCII ones.
fn disposition(file: &File) -> HeaderValue {
    let kind = match attachments::is_shown(&file.media_type) {
        true => "inline",
        false => "attachment",
    };
    let plain = |character: char| match character {
        ' '..='~' if !"\"\\%;".contains(character) => character,
        _ => '_',
    };
    let plain: String = file.name.chars().map(plain).collect();
    let encoded = utf8_percent_encode(&file.name, IN_ADDRESS);
    let text = format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

fn is_known(headers: &HeaderMap, name: HeaderName, tag: &HeaderValue) -> bool {
    let known = headers.get(name).and_then(|known| known.to_str().ok());
    let mut known = known.unwrap_or_default().split(',').map(str::trim);
    known.any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// What `Range` asks for of a file.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// It does not read, or asks for several parts: the whole file is an answer.
    Everything,
    Part(Range<u64>),
    Beyond,
}

fn range_of(asked: &str, bytes: u64) -> Asked {
    let Some(range) = asked.trim().strip_prefix("bytes=") else {
        return Asked::Everything;
    };
    let Some((first, last)) = range.split_once('-') else {
        return Asked::Everything;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let range = match (number(first), number(last)) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(bytes),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..bytes,
        (Err(_), Ok(count)) if first.trim().is_empty() => bytes.saturating_sub(count)..bytes,
        _ => return Asked::Everything,
    };
    match range.start < range.end {
        true => Asked::Part(range),
        false => Asked::Beyond,
    }
}

fn beyond(bytes: u64) -> Response {
    let problem = Problem {
        status: StatusCode::RANGE_NOT_SATISFIABLE,
        code: "range",
        detail: format!("the file has {bytes} bytes"),
    };
    let headers = [(header::CONTENT_RANGE, format!("bytes */{bytes}"))];
    (headers, problem).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_part_or_everything() {
        let part = |range| Asked::Part(range);
        assert_eq!(range_of("bytes=0-3", 10), part(0..4));
        assert_eq!(range_of("bytes=4-", 10), part(4..10));
        assert_eq!(range_of("bytes=-3", 10), part(7..10));
        assert_eq!(range_of("bytes=-30", 10), part(0..10));
        assert_eq!(range_of("bytes=4-99999999999", 10), part(4..10));
        assert_eq!(range_of("bytes=10-", 10), Asked::Beyond);
        assert_eq!(range_of("bytes=-0", 10), Asked::Beyond);
        for odd in [
            "bytes=5-3",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=",
            "bytes=-",
        ] {
            assert_eq!(range_of(odd, 10), Asked::Everything, "{odd}");
        }
    }

    #[test]
    fn no_name_ends_a_header_or_shows_a_page() {
        let file = |name: &str, media_type: &str| File {
            name: name.into(),
            media_type: media_type.into(),
            bytes: 1,
            blob: String::new(),
            added_ms: 0,
            user: None,
            user_name: None,
            deleted_ms: None,
        };
        let shown = disposition(&file("é\"; x=\".png", "image/png"));
        assert_eq!(
            shown,
            "inline; filename=\"___ x=_.png\"; filename*=UTF-8''%C3%A9%22%3B%20x%3D%22.png"
        );
        let page = disposition(&file("a.html", "text/html"));
        assert!(page.to_str().expect("text").starts_with("attachment;"));
    }
}
