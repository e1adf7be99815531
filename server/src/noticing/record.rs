//! What is remembered of a page: a record ([`crate::records`]) whose name is a hash of the page's, so
//! that erasing both leaves the name in no object. Entries: `named:…` and `task:…`, see [`Memory`]. A
//! page that never said anything of interest has none.

use std::{collections::BTreeMap, convert::Infallible};

use serde::{Serialize, de::DeserializeOwned};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::Entries;

use super::comparing::Memory;
use crate::{
    records::{self, ChangeError, RecordError, RecordHandle},
    registry::{Registry, Shared},
    versions::unix_now_ms,
};

const FOLDER: &str = ".unisson/noticed/";
const NAMED: &str = "named:";
const TASK: &str = "task:";
/// Of the whole server: since when pages are looked at.
const BEGINNING: &str = ".unisson/noticing";
const SINCE: &str = "since_ms";

/// The name of a page's record.
pub(crate) fn record_of(document: &DocName) -> Result<DocName, RecordError> {
    records::name_by_hash(FOLDER, blake3::hash(document.as_str().as_bytes()))
}

async fn open(shared: &Shared, name: &DocName) -> Result<RecordHandle, RecordError> {
    shared.records.open(&shared.store, name).await
}

/// Since when pages are looked at: what is older is nobody's news.
pub(super) async fn since(registry: &Registry) -> Result<u64, RecordError> {
    let shared = registry.shared();
    let now_ms = unix_now_ms();
    let record = open(shared, &records::name_of(BEGINNING)?).await?;
    let known = |entries: &Entries| entries.get(SINCE).and_then(|text| text.parse().ok());
    if let Some(since_ms) = known(record.read().entries()) {
        return Ok(since_ms);
    }
    let begun = record.change(registry, Author::default(), |entries| {
        Ok::<_, Infallible>(match known(entries) {
            Some(since_ms) => (Vec::new(), since_ms),
            None => (vec![(SINCE.to_owned(), Some(now_ms.to_string()))], now_ms),
        })
    });
    begun.await.map_err(failed)
}

/// What is remembered of a page, if anything ever was.
pub(super) async fn remembered(
    shared: &Shared,
    document: &DocName,
) -> Result<Option<Memory>, RecordError> {
    let name = record_of(document)?;
    if !shared.store.knows(name.as_str()) {
        return Ok(None);
    }
    let record = open(shared, &name).await?;
    let memory = read(record.read().entries());
    memory
        .map(Some)
        .map_err(|problem| RecordError::Damaged { name, problem })
}

/// Remembers a page as it is; durable when this returns.
pub(super) async fn remember(
    registry: &Registry,
    document: &DocName,
    memory: &Memory,
) -> Result<(), RecordError> {
    let wanted = entries_of(memory).map_err(|error| RecordError::Unavailable(error.to_string()))?;
    let record = open(registry.shared(), &record_of(document)?).await?;
    let remembered = record.change(registry, Author::default(), |entries| {
        let gone = entries.keys().filter(|key| !wanted.contains_key(*key));
        let gone = gone.map(|key| (key.clone(), None));
        let other = wanted
            .iter()
            .filter(|(key, value)| entries.get(*key) != Some(value));
        let other = other.map(|(key, value)| (key.clone(), Some(value.clone())));
        Ok::<_, Infallible>((gone.chain(other).collect(), ()))
    });
    remembered.await.map_err(failed)
}

/// Remembers the same under another name: the page is moved.
pub(crate) async fn carry(
    registry: &Registry,
    from: &DocName,
    to: &DocName,
) -> Result<(), RecordError> {
    match remembered(registry.shared(), from).await? {
        Some(memory) => remember(registry, to, &memory).await,
        None => Ok(()),
    }
}

fn failed(error: ChangeError<Infallible>) -> RecordError {
    match error {
        ChangeError::Declined(never) => match never {},
        ChangeError::Failed(error) => error,
    }
}

fn read(entries: &Entries) -> Result<Memory, String> {
    Ok(Memory {
        named: read_all(entries, NAMED)?,
        tasks: read_all(entries, TASK)?,
    })
}

fn read_all<T: DeserializeOwned>(
    entries: &Entries,
    prefix: &str,
) -> Result<BTreeMap<String, T>, String> {
    let own = entries
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    own.map(|(key, value)| {
        let value = serde_json::from_str(value).map_err(|error| format!("{key}: {error}"))?;
        Ok((key.to_owned(), value))
    })
    .collect()
}

fn entries_of(memory: &Memory) -> Result<BTreeMap<String, String>, serde_json::Error> {
    fn one<T: Serialize>(
        prefix: &str,
        key: &str,
        value: &T,
    ) -> Result<(String, String), serde_json::Error> {
        Ok((format!("{prefix}{key}"), serde_json::to_string(value)?))
    }
    let named = memory
        .named
        .iter()
        .map(|(key, named)| one(NAMED, key, named));
    let tasks = memory.tasks.iter().map(|(key, task)| one(TASK, key, task));
    named.chain(tasks).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::comparing::{Named, Task},
        *,
    };

    #[test]
    fn what_is_remembered_is_read_back() {
        let named = Named {
            person: "agent:7".into(),
            at_ms: 3,
        };
        let task = Task {
            assignee: Some("agent:7".into()),
            due: Some("2026-12-01".into()),
            done: true,
            at_ms: 4,
        };
        let memory = Memory {
            named: [("a".to_owned(), named)].into(),
            tasks: [
                ("b-0".to_owned(), task),
                ("c-0".to_owned(), Task::default()),
            ]
            .into(),
        };
        let entries: Entries = entries_of(&memory).expect("JSON").into_iter().collect();
        assert_eq!(read(&entries), Ok(memory));
        let broken: Entries = [("task:a".to_owned(), "{".to_owned())]
            .into_iter()
            .collect();
        assert!(read(&broken).is_err());
    }
}
