//! Files of documents for the commands, which have a store and no server: out of it, and into it.

use bytes::Bytes;
use unisson_protocol::DocName;
use unisson_session::Record;
use unisson_storage::{Store, StoreError};

use super::{FILE, File, entry, parse, read, record_of};
use crate::crdt;

/// The files of a document, deleted ones included, by their ids.
pub(crate) async fn attached(store: &Store, name: &str) -> Result<Vec<(String, File)>, String> {
    let Ok(name) = DocName::new(name) else {
        return Ok(Vec::new());
    };
    if name.is_reserved() {
        return Ok(Vec::new());
    }
    let record = record(store, &name).await?;
    let files = record.entries().iter().filter_map(|(key, text)| {
        let id = key.strip_prefix(FILE)?;
        Some(parse(text).map(|file| (id.to_owned(), file)))
    });
    files
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

/// Brings a file into a document; false where it has it already.
pub(crate) async fn bring(
    store: &Store,
    name: &str,
    id: &str,
    (about, body): (&serde_json::Value, Bytes),
) -> Result<bool, String> {
    let said = |error: StoreError| error.to_string();
    let name = DocName::new(name).map_err(|error| format!("{name:?}: {error}"))?;
    let about = serde_json::from_value(about.clone());
    let about: File = about.map_err(|error| format!("the file {id}: {error}"))?;
    let record = record(store, &name).await?;
    let known = read(record.entries(), id).map_err(|error| error.to_string())?;
    if let Some(blob) = known.as_ref().and_then(File::blob)
        && store
            .blob_part(name.as_str(), &blob, 0, 1)
            .await
            .map_err(said)?
            .is_some()
    {
        return Ok(false);
    }
    let blob = store.put_blob(name.as_str(), body).await.map_err(said)?;
    let file = File {
        blob: blob.to_string(),
        ..known.unwrap_or(about)
    };
    let change = entry(id, &file).map_err(|error| error.to_string())?;
    let mut drawn = [0; 4];
    let filled = aws_lc_rs::rand::fill(&mut drawn);
    filled.map_err(|_| "the system has no randomness".to_owned())?;
    let client_id = u64::from(u32::from_le_bytes(drawn));
    let changed = crdt::run(move || record.changed(client_id, &[change])).await?;
    let record_name = record_of(&name).map_err(|error| error.to_string())?;
    let appended = store.append(record_name.as_str(), changed.0).await;
    appended.map_err(|error| error.to_string())?;
    Ok(true)
}

async fn record(store: &Store, name: &DocName) -> Result<Record, String> {
    let record = record_of(name).map_err(|error| error.to_string())?;
    let stored = store.read(record.as_str()).await;
    let (parts, _) = crdt::parts(stored.map_err(|error| error.to_string())?);
    crdt::run(move || Record::load(&parts)).await
}
