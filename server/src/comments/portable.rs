//! Comments for the commands, which have a store and no server: out of it, and into it.

use std::collections::BTreeMap;

use unisson_protocol::DocName;
use unisson_session::{Change, Record};
use unisson_storage::Store;

use super::{BYTES_MAX, COMMENT, THREAD, Threads, bytes, record_of};
use crate::crdt;

/// What people say about a document, as JSON; nothing where nobody has said anything.
pub(crate) async fn said(store: &Store, name: &str) -> Result<Option<Vec<u8>>, String> {
    let Ok(name) = DocName::new(name) else {
        return Ok(None);
    };
    if name.is_reserved() {
        return Ok(None);
    }
    let record = record(store, &name).await?;
    let own = record.entries().iter().filter(|(key, _)| is_comment(key));
    let own: BTreeMap<&String, &String> = own.collect();
    if own.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_vec_pretty(&own);
    json.map(Some).map_err(|error| error.to_string())
}

fn is_comment(key: &str) -> bool {
    key.starts_with(THREAD) || key.starts_with(COMMENT)
}

/// What was exported, checked: threads and comments and nothing else.
pub(crate) fn parse(json: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let entries: BTreeMap<String, String> =
        serde_json::from_slice(json).map_err(|error| format!("comments: {error}"))?;
    if let Some(other) = entries.keys().find(|key| !is_comment(key)) {
        return Err(format!("comments: {other:?} is none"));
    }
    if bytes(&entries) > BYTES_MAX {
        return Err(format!("comments: more than {BYTES_MAX} bytes"));
    }
    Threads::read(&entries).map_err(|problem| format!("comments: {problem}"))?;
    Ok(entries)
}

/// Brings what was said into a document; what it has already stays as it is there. How many entries
/// were new.
pub(crate) async fn bring(
    store: &Store,
    name: &str,
    entries: BTreeMap<String, String>,
) -> Result<usize, String> {
    let name = DocName::new(name).map_err(|error| format!("{name:?}: {error}"))?;
    let record = record(store, &name).await?;
    let new = entries
        .into_iter()
        .filter(|(key, _)| !record.entries().contains_key(key));
    let changes: Vec<Change> = new.map(|(key, value)| (key, Some(value))).collect();
    if changes.is_empty() {
        return Ok(0);
    }
    let count = changes.len();
    let mut drawn = [0; 4];
    let filled = aws_lc_rs::rand::fill(&mut drawn);
    filled.map_err(|_| "the system has no randomness".to_owned())?;
    let client_id = u64::from(u32::from_le_bytes(drawn));
    let changed = crdt::run(move || record.changed(client_id, &changes)).await?;
    let record_name = record_of(&name).map_err(|error| error.to_string())?;
    let appended = store.append(record_name.as_str(), changed.0).await;
    appended.map_err(|error| error.to_string())?;
    Ok(count)
}

async fn record(store: &Store, name: &DocName) -> Result<Record, String> {
    let record = record_of(name).map_err(|error| error.to_string())?;
    let stored = store.read(record.as_str()).await;
    let (parts, _) = crdt::parts(stored.map_err(|error| error.to_string())?);
    crdt::run(move || Record::load(&parts)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_comment_is_brought() {
        assert_eq!(parse(b"{}"), Ok(BTreeMap::new()));
        for text in [
            "[]",
            r#"{"thread:a":"{"}"#,
            r#"{"space":"{}"}"#,
            r#"{"comment:a/b":5}"#,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
