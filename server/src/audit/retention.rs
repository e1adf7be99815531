//! Which objects of the log are older than they are kept.

use unisson_storage::{Journal, StoreError};

use super::{
    archive::{self, ChainId},
    line::Head,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The beginning of a chain, whose time is over.
#[derive(Debug)]
pub(super) struct Trimmed {
    pub(super) chain: ChainId,
    /// Its last line.
    pub(super) head: Head,
    pub(super) objects: Vec<String>,
}

/// What may be removed: days old, so none of it is being merged any more.
pub(super) async fn expired(
    journal: &Journal,
    retention_days: u64,
    now_ms: u64,
) -> Result<Vec<Trimmed>, StoreError> {
    let mut trimmed = Vec::new();
    if retention_days == 0 {
        return Ok(trimmed);
    }
    let before_ms = now_ms.saturating_sub(retention_days.saturating_mul(DAY_MS));
    for (chain, segments) in archive::chains(journal).await? {
        let old = segments
            .iter()
            .take_while(|segment| segment.until_ms < before_ms);
        let old: Vec<_> = old.cloned().collect();
        if old.is_empty() {
            continue;
        }
        // Only whole objects that can be read go: what is damaged is evidence.
        if let Some(head) = archive::end(journal, &old).await? {
            trimmed.push(Trimmed {
                chain,
                head,
                objects: old.iter().map(archive::Segment::name).collect(),
            });
        }
    }
    Ok(trimmed)
}
