//! The trash: documents that were deleted and can come back.
//!
//! A document in the trash stays where it is, whole, with its versions. That it is there says a
//! record beside it: a document of the server's own whose name is a hash of the document's, so that
//! erasing both leaves the name in no object. Nothing looks for records of documents that never were
//! in the trash: whether there is one is known without IO.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unisson_content::{Draft, EditError, Root, edit};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::whole;

use crate::{
    changes::{self, ChangeError},
    crdt,
    registry::{Registry, Shared},
    versions::{HistoryError, heavy, unix_now_ms},
};

const FOLDER: &str = ".unisson/trash/";
/// The map and the key of a record; the value is JSON as text.
const FIELD: &str = "record";
const KEY: &str = "trash";

/// That a document is in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The document.
    pub(crate) name: String,
    /// When it was deleted, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// Who did it.
    pub(crate) user: Option<String>,
    /// Their name.
    pub(crate) user_name: Option<String>,
    /// Where its content went, where it was moved.
    pub(crate) moved_to: Option<String>,
}

/// The name of a document's record.
pub(crate) fn record_of(name: &DocName) -> Result<DocName, HistoryError> {
    let hash = blake3::hash(name.as_str().as_bytes()).to_hex();
    // Forty letters are 160 bits: nobody finds two names for them.
    let record = format!("{FOLDER}{}", hash.get(..40).unwrap_or_default());
    DocName::new(&record).map_err(|error| HistoryError::Damaged(error.to_string()))
}

/// What the trash says of a document, if it is there.
pub(crate) async fn entry(shared: &Shared, name: &DocName) -> Result<Option<Entry>, HistoryError> {
    if name.is_reserved() {
        return Ok(None);
    }
    let record = record_of(name)?;
    if !shared.store.has(record.as_str()) {
        return Ok(None);
    }
    let state = state_of(shared, &record).await?;
    heavy(move || read(&state)).await
}

async fn state_of(shared: &Shared, record: &DocName) -> Result<Bytes, HistoryError> {
    let stored = shared.store.read(record.as_str()).await?;
    let (parts, _) = crdt::parts(stored);
    heavy(move || Ok(whole(&parts)?.state)).await
}

fn read(state: &Bytes) -> Result<Option<Entry>, HistoryError> {
    let damaged = |problem: String| HistoryError::Damaged(format!("the trash's record: {problem}"));
    let content = unisson_content::Content::of(state);
    let content = content.map_err(|error| damaged(error.to_string()))?;
    let Some(Root::Json(Value::Object(map))) = content.roots.get(FIELD) else {
        return Ok(None);
    };
    match map.get(KEY) {
        None => Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map(Some)
            .map_err(|error| damaged(error.to_string())),
        Some(_) => Err(damaged("not a text".into())),
    }
}

/// Puts a document into the trash, durably.
pub(crate) async fn put(
    registry: &Registry,
    name: &DocName,
    author: &Author,
    moved_to: Option<&DocName>,
) -> Result<Entry, ChangeError> {
    let entry = Entry {
        name: name.as_str().to_owned(),
        at_ms: unix_now_ms(),
        user: author.user.as_deref().map(str::to_owned),
        user_name: author.name.as_deref().map(str::to_owned),
        moved_to: moved_to.map(|name| name.as_str().to_owned()),
    };
    let text =
        serde_json::to_string(&entry).map_err(|error| HistoryError::Damaged(error.to_string()));
    let text = Value::String(text?);
    write(registry, name, author, move |draft| {
        draft.set_key(FIELD, KEY, &text)
    })
    .await?;
    Ok(entry)
}

/// Takes a document out of the trash, durably.
pub(crate) async fn take_out(
    registry: &Registry,
    name: &DocName,
    author: &Author,
) -> Result<(), ChangeError> {
    write(registry, name, author, |draft| {
        draft.remove_key(FIELD, KEY).map(drop)
    })
    .await
}

async fn write(
    registry: &Registry,
    name: &DocName,
    author: &Author,
    change: impl FnOnce(&mut Draft<'_>) -> Result<(), EditError> + Send + 'static,
) -> Result<(), ChangeError> {
    let record = record_of(name)?;
    let state = state_of(registry.shared(), &record).await?;
    let client_id = changes::draw_client_id(&state)?;
    let update = heavy(move || {
        edit(&state, client_id, change).map_err(|error| HistoryError::Damaged(error.to_string()))
    });
    match update.await? {
        Some(update) => changes::make(registry, &record, author, update, None).await,
        None => Ok(()),
    }
}
