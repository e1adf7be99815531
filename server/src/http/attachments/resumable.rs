//! Uploads that go on where they stopped: the core protocol of tus 1.0, and its extensions creation
//! and termination.

use axum::{
    body::Body,
    extract::{FromRequestParts, Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use futures_util::StreamExt as _;

use super::{address, busy, named, require, too_large};
use crate::{
    attachments::{
        self, FileError, NewFile, Room,
        uploads::{About, PIECE_BYTES, PIECES_MAX, Upload},
    },
    audit::Action,
    http::{
        AppState,
        admission::{Reader, Writer, bad_request},
        error::Problem,
    },
};

const VERSION: &str = "1.0.0";
const TUS: HeaderName = HeaderName::from_static("tus-resumable");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
/// The longest `Upload-Metadata`.
const METADATA_BYTES_MAX: usize = 4_096;

/// Somebody who speaks the protocol's version that is spoken here.
#[derive(Debug)]
pub(super) struct Tus;

impl<S: Sync> FromRequestParts<S> for Tus {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.headers.get(TUS) {
            Some(version) if version == VERSION => Ok(Self),
            _ => Err(Problem {
                status: StatusCode::PRECONDITION_FAILED,
                code: "tus-version",
                detail: format!("say Tus-Resumable: {VERSION}"),
            }),
        }
    }
}

/// Begin an upload in pieces
///
/// As tus 1.0 says: `Upload-Length` is the file's size, `Upload-Metadata` its `filename` (and
/// `filetype`), in base64. The answer's `Location` is where the pieces go.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/attachments/uploads",
    operation_id = "begin_upload",
    tag = "attachments",
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "The file's size"),
        ("Upload-Metadata" = String, Header, description = "`filename` and its name in base64"),
    ),
    responses((status = 201, description = "Send the pieces to `Location`", headers(("Location" = String))))
)]
pub(super) async fn begin(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _tus: Tus,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shared = state.registry.shared();
    let bytes = number(&headers, &LENGTH)?;
    let bytes_max = shared.settings.traffic.attachment_bytes_max;
    if bytes > bytes_max as u64 {
        return Err(too_large(bytes_max));
    }
    if bytes == 0 {
        return Err(attachments::KindError::Empty.into());
    }
    let metadata = metadata(&headers)?;
    let said = |key: &str| {
        let mut found = metadata.iter().filter(|(known, _)| known == key);
        found.next().map(|(_, value)| value.clone())
    };
    let mut declared = HeaderMap::new();
    if let Some(Ok(kind)) = said("filetype").map(|kind| HeaderValue::from_str(&kind)) {
        declared.insert(header::CONTENT_TYPE, kind);
    }
    let (name, _) = named(&said("filename").unwrap_or_default(), &declared)?;
    require(&state, &writer.name).await?;
    if shared.quotas.allowance(&writer.name).is_full() {
        return Err(FileError::Full.into());
    }
    let user = writer.grant.user.as_deref();
    let about = About::new(&writer.name, user, name, bytes);
    let upload = Upload::begin(&shared.store, about).await?;
    // Relative to where it was begun.
    let place = format!("uploads/{}", upload.id());
    let headers = [
        (TUS, VERSION.to_owned()),
        (header::LOCATION, place),
        (OFFSET, "0".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers).into_response())
}

/// Ask how much of an upload has come
#[utoipa::path(
    head,
    path = "/api/v1/documents/{document}/attachments/uploads/{upload}",
    operation_id = "stand_of_upload",
    tag = "attachments",
    params(
        ("upload" = String, Path, description = "The upload's id"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
    ),
    responses((status = 200, description = "As `Upload-Offset` says", headers(("Upload-Offset" = u64), ("Upload-Length" = u64))))
)]
pub(super) async fn stand(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _tus: Tus,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let upload = find(&state, &writer, path).await?;
    let headers = [
        (TUS, VERSION.to_owned()),
        (OFFSET, upload.offset().to_string()),
        (LENGTH, upload.about.bytes.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

/// Send a piece of an upload
///
/// What has come is kept, also where the line breaks. With the last piece the file is there, and
/// `Content-Location` says where.
#[utoipa::path(
    patch,
    path = "/api/v1/documents/{document}/attachments/uploads/{upload}",
    operation_id = "go_on_with_upload",
    tag = "attachments",
    params(
        ("upload" = String, Path, description = "The upload's id"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins: as much as has come"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Kept", headers(("Upload-Offset" = u64), ("Content-Location" = String))))
)]
pub(super) async fn go_on(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _tus: Tus,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "application/offset+octet-stream") {
        return Err(Problem {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "media-type",
            detail: "a piece is application/offset+octet-stream".into(),
        });
    }
    require(&state, &writer.name).await?;
    let mut upload = find(&state, &writer, path).await?;
    if number(&headers, &OFFSET)? != upload.offset() {
        return Err(Problem {
            status: StatusCode::CONFLICT,
            code: "upload-offset",
            detail: format!("{} bytes have come: go on from there", upload.offset()),
        });
    }
    receive(&state, &mut upload, body).await?;
    let mut answer = StatusCode::NO_CONTENT.into_response();
    if upload.is_complete() {
        let place = finish(&state, &writer, &upload).await?;
        if let Ok(place) = HeaderValue::from_str(&place) {
            answer.headers_mut().insert(header::CONTENT_LOCATION, place);
        }
    }
    let said = answer.headers_mut();
    said.insert(TUS, HeaderValue::from_static(VERSION));
    said.insert(OFFSET, HeaderValue::from(upload.offset()));
    Ok(answer)
}

/// Keeps a piece as it comes.
async fn receive(state: &AppState, upload: &mut Upload, body: Body) -> Result<(), Problem> {
    let shared = state.registry.shared();
    let mut room = Room::default();
    let mut stream = body.into_data_stream();
    let (mut held, mut broken) = (BytesMut::new(), None);
    let mut left = upload.about.bytes - upload.offset();
    while let Some(chunk) = stream.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                // What came before the line broke is worth keeping.
                broken = Some(bad_request("body", error.to_string()));
                break;
            }
        };
        let Some(rest) = left.checked_sub(chunk.len() as u64) else {
            return Err(too_large(
                usize::try_from(upload.about.bytes).unwrap_or(usize::MAX),
            ));
        };
        left = rest;
        if !shared
            .attachments
            .make_room(&mut room, held.len() + chunk.len())
        {
            return Err(busy());
        }
        held.extend_from_slice(&chunk);
        if held.len() >= PIECE_BYTES {
            push(upload, &mut held).await?;
        }
    }
    if !held.is_empty() {
        push(upload, &mut held).await?;
    }
    broken.map_or(Ok(()), Err)
}

async fn push(upload: &mut Upload, held: &mut BytesMut) -> Result<(), Problem> {
    if upload.is_in_crumbs() {
        let detail = format!("an upload has at most {PIECES_MAX} pieces: send larger ones");
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "upload-pieces",
            detail,
        });
    }
    Ok(upload.push(held.split().freeze()).await?)
}

/// Makes a file of what has come.
async fn finish(state: &AppState, writer: &Reader, upload: &Upload) -> Result<String, Problem> {
    let shared = state.registry.shared();
    let kind = attachments::kind_of(&upload.about.name, None)?;
    let (body, _room) = upload.whole(shared).await?;
    if let Err(lies) = kind.check(&body) {
        // It will not become better by being tried again.
        upload.forget().await?;
        return Err(lies.into());
    }
    let new = NewFile {
        name: upload.about.name.clone(),
        kind,
        body,
    };
    let author = writer.author();
    let (id, file) = attachments::add(&state.registry, &writer.name, &author, new).await?;
    let entry = writer.entry(Action::AttachmentAdded);
    shared.audit.record(entry.detail("attachment", &id));
    // Somebody who asks again how far it is must still find it; it goes when its time is over.
    Ok(format!("../../{}", address(&id, &file.name)))
}

/// Give up an upload
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}/attachments/uploads/{upload}",
    operation_id = "abandon_upload",
    tag = "attachments",
    params(
        ("upload" = String, Path, description = "The upload's id"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
    ),
    responses((status = 204, description = "Forgotten"))
)]
pub(super) async fn abandon(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _tus: Tus,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let upload = find(&state, &writer, path).await?;
    upload.forget().await?;
    Ok((StatusCode::NO_CONTENT, [(TUS, VERSION)]).into_response())
}

async fn find(
    state: &AppState,
    writer: &Reader,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Upload, Problem> {
    let Path((_, id)) = path.map_err(|_| Problem::from(FileError::Missing))?;
    let store = &state.registry.shared().store;
    let user = writer.grant.user.as_deref();
    Ok(Upload::find(store, &writer.name, user, &id).await?)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Problem> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let number = value.and_then(|value| value.trim().parse().ok());
    number.ok_or_else(|| bad_request("upload-headers", format!("{name} is a number of bytes")))
}

/// What `Upload-Metadata` says: keys and values in base64, with commas between them.
fn metadata(headers: &HeaderMap) -> Result<Vec<(String, String)>, Problem> {
    let wrong = || {
        let detail = "Upload-Metadata is keys with values in base64, and commas between them";
        bad_request("upload-headers", detail)
    };
    let text = match headers.get(METADATA) {
        None => return Ok(Vec::new()),
        Some(text) => text.to_str().map_err(|_| wrong())?,
    };
    if text.len() > METADATA_BYTES_MAX {
        return Err(wrong());
    }
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    let pairs = pairs.map(|pair| {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let value = STANDARD.decode(value.trim()).map_err(|_| wrong())?;
        let value = String::from_utf8(value).map_err(|_| wrong())?;
        Ok((key.to_owned(), value))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_keys_and_values_in_base64() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(METADATA, HeaderValue::from_static(text))]);
            metadata(&headers)
        };
        let said = read("filename w6kudHh0,is_private, filetype dGV4dC9wbGFpbg==").expect("reads");
        assert_eq!(said[0], ("filename".into(), "é.txt".into()));
        assert_eq!(said[1], ("is_private".into(), String::new()));
        assert_eq!(said[2].1, "text/plain");
        assert!(read("filename ***").is_err());
        assert_eq!(metadata(&HeaderMap::new()), Ok(Vec::new()));
    }
}
