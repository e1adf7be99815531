//! Files of a document over HTTP: added in one piece or in several, listed, read, deleted.
//!
//! Whoever may read the document reads its files, whoever may write in it adds and deletes them.
//! Pages that hold a token, whose browser cannot show it for an image, read with a ticket.

mod access;
mod files;
mod resumable;
mod serving;

pub(super) use self::files::collect;

use axum::{
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode, header},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use unisson_protocol::DocName;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AppState, admission::bad_request, error::Problem};
use crate::{
    attachments::{self, File, FileError, Kind, KindError, NAME_BYTES_MAX},
    trash,
    versions::HistoryError,
};

/// What a file's name keeps in an address.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// The calls. Bodies are read as they come, and bounded by whoever reads them.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(files::list, files::add))
        .routes(routes!(files::delete))
        .routes(routes!(files::restore))
        .routes(routes!(access::ticket))
        .routes(routes!(serving::read))
        .routes(routes!(resumable::begin))
        .routes(routes!(
            resumable::stand,
            resumable::go_on,
            resumable::abandon
        ))
        .layer(DefaultBodyLimit::disable())
}

/// A file of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attachment {
    /// It never changes, and is the same for the same bytes.
    id: String,
    name: String,
    #[serde(rename = "type")]
    media_type: String,
    bytes: u64,
    /// Where it is: relative to the document's content (`/api/v1/documents/{document}/content`), as
    /// it stands in texts.
    address: String,
    /// When it was added, in milliseconds since 1970.
    added_ms: u64,
    by: AttachedBy,
    /// When it was deleted, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_ms: Option<u64>,
}

/// Who added a file.
#[derive(Debug, Serialize, ToSchema)]
struct AttachedBy {
    user: Option<String>,
    name: Option<String>,
}

impl Attachment {
    fn of(id: String, file: File) -> Self {
        Self {
            address: address(&id, &file.name),
            id,
            name: file.name,
            media_type: file.media_type,
            bytes: file.bytes,
            added_ms: file.added_ms,
            by: AttachedBy {
                user: file.user,
                name: file.user_name,
            },
            deleted_ms: file.deleted_ms,
        }
    }
}

/// A file's address in texts of its document.
pub(super) fn address(id: &str, name: &str) -> String {
    format!("attachments/{id}/{}", utf8_percent_encode(name, IN_ADDRESS))
}

/// A name for a file, and what kind of file that is.
pub(super) fn named(name: &str, headers: &HeaderMap) -> Result<(String, &'static Kind), Problem> {
    // Browsers of long ago send where it was on their disk.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let detail = format!("a file's name is a line of at most {NAME_BYTES_MAX} bytes");
        return Err(bad_request("attachment-name", detail));
    }
    let declared = headers.get(header::CONTENT_TYPE);
    let declared = declared.and_then(|declared| declared.to_str().ok());
    Ok((name.to_owned(), attachments::kind_of(name, declared)?))
}

/// An error where the document is in the trash. It need not have been written in yet.
async fn require(state: &AppState, name: &DocName) -> Result<(), Problem> {
    let trashed = trash::entry(state.registry.shared(), name).await?;
    match trashed {
        None => Ok(()),
        Some(_) => Err(Problem {
            status: StatusCode::GONE,
            code: "in-trash",
            detail: "the document was deleted and is in the trash".into(),
        }),
    }
}

/// What somebody is told of whom nothing comes in any more for the moment.
fn busy() -> Problem {
    Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: "too many files come in now: try again".into(),
    }
}

pub(super) fn too_large(bytes_max: usize) -> Problem {
    Problem {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "too-large",
        detail: format!("a file has at most {bytes_max} bytes (limits.attachment_bytes_max)"),
    }
}

impl From<KindError> for Problem {
    fn from(error: KindError) -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "attachment-type",
            detail: error.to_string(),
        }
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            FileError::Missing => (StatusCode::NOT_FOUND, "no-such-attachment"),
            FileError::Deleted => (StatusCode::GONE, "attachment-deleted"),
            FileError::TooMany => (StatusCode::UNPROCESSABLE_ENTITY, "attachments-full"),
            FileError::Full => (StatusCode::INSUFFICIENT_STORAGE, "quota"),
            FileError::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            FileError::Record(error) => return error.into(),
            FileError::Store(error) => return HistoryError::from(error).into(),
        };
        Self {
            status,
            code,
            detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_any_name() {
        assert_eq!(
            address("0a", "Plan été (1).png"),
            "attachments/0a/Plan%20%C3%A9t%C3%A9%20%281%29.png"
        );
    }

    #[test]
    fn a_name_is_one_line_without_folders() {
        let headers = HeaderMap::new();
        let name = |text: &str| named(text, &headers).map(|(name, _)| name);
        assert_eq!(name("C:\\x\\plan.png"), Ok("plan.png".into()));
        assert_eq!(name("../../plan.png"), Ok("plan.png".into()));
        for bad in ["", " ", "a\nb.png", "folder/"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
