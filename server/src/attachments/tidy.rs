//! What nobody wants any more goes: deleted files after a while, bytes that no entry names, uploads
//! that nobody went on with.
//!
//! Bytes go only when both hold: they are older than the grace period, and the record, read again
//! for the purpose, does not name them. A record that cannot be read keeps everything.

use std::collections::{BTreeMap, BTreeSet};

use unisson_history::Author;
use unisson_session::{Change, Entries};
use unisson_storage::StoredBlob;

use super::{FILE, FileError, parse, record_of_key, uploads};
use crate::{registry::Registry, settings::AttachmentSettings, versions::unix_now_ms};

/// Tidies up at its interval. Never ends.
pub(crate) async fn keep_tidy(registry: &Registry) {
    let settings = registry.shared().settings.attachments.clone();
    loop {
        tokio::time::sleep(settings.tidy_every).await;
        match tidy(registry, &settings).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "files went that nobody wants any more"),
            Err(error) => tracing::warn!(%error, "files could not be tidied up"),
        }
    }
}

/// Tidies up once; how many objects went.
async fn tidy(registry: &Registry, settings: &AttachmentSettings) -> Result<usize, FileError> {
    let shared = registry.shared();
    let now_ms = unix_now_ms();
    let old_ms = now_ms.saturating_sub(settings.grace_ms);
    let mut removed = uploads::forget_before(&shared.store, old_ms).await?;
    let mut documents: BTreeMap<String, Vec<StoredBlob>> = BTreeMap::new();
    for blob in shared.store.blobs().await? {
        documents
            .entry(blob.document.clone())
            .or_default()
            .push(blob);
    }
    for (document, blobs) in documents {
        let named = match named(registry, &document, now_ms, settings).await {
            Ok(named) => named,
            Err(error) => {
                tracing::warn!(document, %error, "a document's files cannot be looked at");
                continue;
            }
        };
        let unwanted = blobs
            .into_iter()
            .filter(|blob| blob.id.created_ms() <= old_ms && !named.contains(&blob.id.to_string()));
        for blob in unwanted {
            shared.store.remove_blob(&blob).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The blobs that a document's record names, without the entries whose time in the trash is over.
async fn named(
    registry: &Registry,
    document: &str,
    now_ms: u64,
    settings: &AttachmentSettings,
) -> Result<BTreeSet<String>, FileError> {
    let shared = registry.shared();
    shared.store.look().await?;
    let record = record_of_key(document)?;
    if !shared.store.knows(record.as_str()) {
        return Ok(BTreeSet::new());
    }
    let record = shared.records.open(&shared.store, &record).await?;
    let kept_from_ms = now_ms.saturating_sub(settings.trash_keep_ms);
    let looked = record.change(registry, Author::default(), |entries| {
        sorted(entries, kept_from_ms)
    });
    Ok(looked.await?)
}

/// Which entries go, and which blobs the others name.
fn sorted(
    entries: &Entries,
    kept_from_ms: u64,
) -> Result<(Vec<Change>, BTreeSet<String>), FileError> {
    let (mut gone, mut named) = (Vec::new(), BTreeSet::new());
    for (key, text) in entries.iter().filter(|(key, _)| key.starts_with(FILE)) {
        let file = parse(text)?;
        match file.deleted_ms {
            Some(deleted_ms) if deleted_ms <= kept_from_ms => gone.push((key.clone(), None)),
            _ => {
                named.insert(file.blob);
            }
        }
    }
    Ok((gone, named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entry_names_stays_until_its_time_in_the_trash_is_over() {
        let file = |blob: &str, deleted: &str| {
            let head = r#""name":"a","type":"text/plain","bytes":1,"added_ms":1,"user":null,"user_name":null"#;
            format!(r#"{{{head},"blob":"{blob}"{deleted}}}"#)
        };
        let entries = Entries::from([
            ("file:1".into(), file("live", "")),
            ("file:2".into(), file("trashed", r#","deleted_ms":50"#)),
            ("file:3".into(), file("over", r#","deleted_ms":10"#)),
        ]);
        let (gone, named) = sorted(&entries, 20).expect("reads");
        assert_eq!(gone, [("file:3".to_owned(), None)]);
        assert_eq!(named.into_iter().collect::<Vec<_>>(), ["live", "trashed"]);
        let damaged = Entries::from([("file:1".into(), "{}".into())]);
        assert!(sorted(&damaged, 0).is_err());
    }
}
