//! The trash: documents that were deleted and can come back.
//!
//! A document in the trash stays where it is, whole, with its versions. That it is there says a
//! record beside it: a document of the server's own whose name is a hash of the document's, so that
//! erasing both leaves the name in no object. Nothing looks for records of documents that never were
//! in the trash: whether there is one is known without IO. What another server puts there is seen as
//! soon as any change of a record is.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::Entries;

use crate::{
    changes::ChangeError,
    records::{self, RecordError},
    registry::{Registry, Shared},
    versions::{HistoryError, unix_now_ms},
};

const FOLDER: &str = ".unisson/trash/";
/// The entry of a record; its value is JSON.
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
    let name = records::name_by_hash(FOLDER, blake3::hash(name.as_str().as_bytes()));
    Ok(name?)
}

/// Whether this is the record of a document that is or was in the trash.
pub(crate) fn is_record(name: &DocName) -> bool {
    name.as_str().starts_with(FOLDER)
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
    let handle = shared.records.open(&shared.store, &record).await?;
    read(handle.read().entries())
}

fn read(entries: &Entries) -> Result<Option<Entry>, HistoryError> {
    let entry = entries.get(KEY).map(|text| serde_json::from_str(text));
    entry.transpose().map_err(|error| {
        HistoryError::Damaged(format!("the trash's record cannot be read: {error}"))
    })
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
    write(registry, name, author, Some(text?)).await?;
    Ok(entry)
}

/// Takes a document out of the trash, durably.
pub(crate) async fn take_out(
    registry: &Registry,
    name: &DocName,
    author: &Author,
) -> Result<(), ChangeError> {
    write(registry, name, author, None).await
}

async fn write(
    registry: &Registry,
    name: &DocName,
    author: &Author,
    entry: Option<String>,
) -> Result<(), ChangeError> {
    let shared = registry.shared();
    let record = record_of(name)?;
    let handle = shared.records.open(&shared.store, &record).await;
    let handle = handle.map_err(HistoryError::from)?;
    let decide = |entries: &Entries| {
        let changes = match entries.get(KEY) == entry.as_ref() {
            true => Vec::new(),
            false => vec![(KEY.to_owned(), entry)],
        };
        Ok::<_, Infallible>((changes, ()))
    };
    let written = handle.change(registry, author.clone(), decide).await;
    written.map_err(|error| match error {
        records::ChangeError::Declined(never) => match never {},
        records::ChangeError::Failed(RecordError::Unknown) => ChangeError::Unknown,
        records::ChangeError::Failed(error) => HistoryError::from(error).into(),
    })
}
