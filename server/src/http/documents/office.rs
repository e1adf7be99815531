//! Documents as files of office suites, pictures and all.

use axum::http::StatusCode;
use bytes::Bytes;
use unisson_content::{Addressed, Content, Form, Node, map_addresses};
use unisson_office::{Document, Format, OfficeError, PICTURE_BYTES_MAX, Pictures};
use unisson_protocol::DocName;

use super::editing::{Target, apart, target, tree_of, wrong_field};
use crate::{
    attachments::{self, NewFile},
    http::{AppState, admission::Reader, attachments::address, error::Problem},
};

/// All pictures of one file together.
const PICTURES_BYTES_MAX: u64 = 64 << 20;

/// A document as a file.
pub(super) async fn rendered(
    state: &AppState,
    name: &DocName,
    (stored, field): (Bytes, Option<String>),
    format: Format,
) -> Result<Bytes, Problem> {
    let nodes = apart(move || {
        let content = Content::of(&stored).map_err(unisson_content::EditError::from)?;
        match target(&content, field.as_deref())? {
            Target::Tree(field) => Ok(tree_of(&content, &field).to_vec()),
            Target::Text(_) => Err(wrong_field("the field is a plain text, and no page")),
        }
    });
    let nodes = nodes.await?;
    let title = title_of(state, name).await;
    let pictures = embedded(state, name, &nodes).await?;
    let document = Document {
        title,
        language: None,
        nodes,
    };
    let written = apart(move || Ok(unisson_office::write(format, &document, &pictures)?));
    Ok(written.await?.into())
}

/// The page's title; of a document in no space the end of its name.
async fn title_of(state: &AppState, name: &DocName) -> Option<String> {
    let spaces = &state.registry.shared().spaces;
    let title = match spaces.title_of(name).await {
        Ok(title) => title,
        // The text is there all the same.
        Err(error) => {
            tracing::warn!(%error, document = %name, "cannot say what a page is called");
            None
        }
    };
    title.or_else(|| name.as_str().rsplit('/').next().map(str::to_owned))
}

/// The pictures of a text that are among its document's files, by their addresses.
pub(in crate::http) async fn embedded(
    state: &AppState,
    name: &DocName,
    nodes: &[Node],
) -> Result<Pictures, Problem> {
    let mut wanted = Vec::new();
    map_addresses(&mut nodes.to_vec(), &mut |kind, address| {
        if kind == Addressed::Image {
            wanted.push(address.to_owned());
        }
        None
    });
    wanted.sort_unstable();
    wanted.dedup();
    let (mut pictures, mut left) = (Pictures::new(), PICTURES_BYTES_MAX);
    for address in wanted {
        let Some(id) = attachments::id_in(&address) else {
            continue;
        };
        let shared = state.registry.shared();
        let file = match attachments::find(shared, name, id).await {
            Ok(file) => file,
            Err(attachments::FileError::Missing | attachments::FileError::Deleted) => continue,
            Err(error) => return Err(error.into()),
        };
        let Some(rest) = left.checked_sub(file.bytes) else {
            continue;
        };
        if file.bytes > PICTURE_BYTES_MAX {
            continue;
        }
        let Some(blob) = file.blob() else { continue };
        let body = shared.store.blob(name.as_str(), &blob).await;
        if let Some(body) = body.map_err(attachments::FileError::from)? {
            left = rest;
            pictures.insert(address, body.to_vec());
        }
    }
    Ok(pictures)
}

/// Reads a file, as a document of ProseMirror; its pictures become files of the document.
pub(super) async fn of_office(
    state: &AppState,
    writer: &Reader,
    format: Format,
    body: Bytes,
) -> Result<String, Problem> {
    let turn = crate::http::admission::Turn::take(state).await?;
    let read = apart(move || Ok(unisson_office::read(format, &body)?)).await;
    drop(turn);
    let (mut document, pictures) = read?;
    let bytes_max = state
        .registry
        .shared()
        .settings
        .traffic
        .attachment_bytes_max;
    let mut places = std::collections::BTreeMap::new();
    for (picture, body) in pictures {
        if body.len() > bytes_max {
            return Err(Problem {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                code: "too-large",
                detail: format!(
                    "a picture in it is larger than {bytes_max} bytes (limits.attachment_bytes_max)"
                ),
            });
        }
        let file_name = picture.rsplit('/').next().unwrap_or_default().to_owned();
        let kind = attachments::kind_of(&file_name, None)?;
        kind.check(&body)?;
        let new = NewFile {
            name: file_name,
            kind,
            body: body.into(),
        };
        let author = writer.author();
        let (id, file) = attachments::add(&state.registry, &writer.name, &author, new).await?;
        places.insert(picture, address(&id, &file.name));
    }
    map_addresses(&mut document.nodes, &mut |kind, address| {
        (kind == Addressed::Image)
            .then(|| places.get(address).cloned())
            .flatten()
    });
    Ok(Form::ProseMirror.render(&document.nodes))
}

impl From<OfficeError> for Problem {
    fn from(error: OfficeError) -> Self {
        let (status, code) = match error {
            OfficeError::Malformed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "content"),
            OfficeError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            OfficeError::TooDeep => (StatusCode::UNPROCESSABLE_ENTITY, "too-deep"),
            OfficeError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        };
        Self {
            status,
            code,
            detail: error.to_string(),
        }
    }
}
