//! Level-0 merge: a process makes one segment of the many small ones it flushed or uploaded.
//!
//! The parts stay for the grace period and are then deleted like other garbage. Only their owner
//! merges, so nothing is ever rewritten under somebody else's name.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    frame::LogEntry,
    names::{DocId, EpochKey, SegmentId},
    objects::ObjectError,
    segment::{self, Footer, Making},
    shared::{Shared, lock},
};

/// Own segments in the store that are not merged yet, in order and without a gap in an epoch; bounded by
/// `unsealed_bytes_max`.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    parts: Vec<Part>,
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone)]
struct Part {
    footer: Footer,
    entries: Vec<LogEntry>,
    bytes: u64,
}

impl Recent {
    /// A segment of this process is in the store.
    pub(crate) fn push(&mut self, footer: Footer, entries: Vec<LogEntry>, bytes: u64) {
        self.bytes += bytes;
        self.parts.push(Part {
            footer,
            entries,
            bytes,
        });
    }

    /// Parts of one epoch, from the oldest on, up to a size.
    fn batch(&self, bytes_max: u64) -> Vec<Part> {
        let mut bytes = 0;
        let key = self.parts.first().map(|part| &part.footer.id.key);
        let fits = |part: &&Part| {
            bytes += part.bytes;
            Some(&part.footer.id.key) == key && (bytes <= bytes_max || bytes == part.bytes)
        };
        self.parts.iter().take_while(fits).cloned().collect()
    }

    fn remove(&mut self, count: usize) {
        let gone = self.parts.drain(..count.min(self.parts.len()));
        self.bytes -= gone.map(|part| part.bytes).sum::<u64>();
    }
}

/// Merges all that waits, in as many segments as its size asks for.
pub(crate) async fn merge(shared: &Shared) -> Result<(), ObjectError> {
    // One at a time: what is merged is taken from the front by its count.
    let _merging = shared.merging.lock().await;
    loop {
        let parts = lock(&shared.recent).batch(shared.settings.seal_bytes);
        let Some(first) = parts.first() else {
            return Ok(());
        };
        // One part alone is as good as merged.
        let whole = if parts.len() == 1 {
            first.footer.clone()
        } else {
            store_merged(shared, first.footer.id.key.clone(), &parts).await?
        };
        take_over(shared, &whole, &parts);
    }
}

async fn store_merged(
    shared: &Shared,
    key: EpochKey,
    parts: &[Part],
) -> Result<Footer, ObjectError> {
    let created_ms = shared.now_ms();
    let entries: Vec<LogEntry> = parts.iter().flat_map(|p| p.entries.clone()).collect();
    let tombstones = lock(&shared.index).tombstones.clone();
    let made = tokio::task::spawn_blocking(move || {
        let (bytes, footer) = segment::make(&Making {
            key: &key,
            entries: &entries,
            created_ms,
            merged: true,
            durable: None,
        })?;
        let is_erased = |document: &DocId| tombstones.erases_epoch(*document, key.epoch);
        if footer.documents.iter().any(|(id, ..)| is_erased(id)) {
            segment::without(&bytes, footer, is_erased)
        } else {
            Ok((bytes, footer))
        }
    });
    let (bytes, footer) = made
        .await
        .map_err(|error| ObjectError::Other(error.to_string()))?
        .map_err(|problem| ObjectError::Other(problem.to_string()))?;
    let object = footer.id.object();
    shared
        .objects
        .put_verified(&object, Bytes::from(bytes))
        .await?;
    Ok(footer)
}

fn take_over(shared: &Shared, whole: &Footer, parts: &[Part]) {
    let mut index = lock(&shared.index);
    index.add_segment(whole);
    for part in parts.iter().filter(|part| part.footer.id != whole.id) {
        let part: Arc<SegmentId> = Arc::new(part.footer.id.clone());
        index.superseded.entry(part).or_insert(whole.created_ms);
    }
    drop(index);
    lock(&shared.recent).remove(parts.len());
    shared.update_status(|status| status.segments_merged += 1);
}
