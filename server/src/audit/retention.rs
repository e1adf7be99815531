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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use unisson_storage::{Store, StoreSettings};

    use super::*;
    use crate::audit::{
        archive::Segment,
        check::check,
        line::{Content, Verdict},
    };

    const DAY: u64 = DAY_MS;

    fn content(at_ms: u64, action: &'static str) -> Content {
        Content {
            at_ms,
            action,
            verdict: Verdict::Done,
            document: None,
            space: None,
            detail: BTreeMap::new(),
            who: None,
            about: None,
        }
    }

    /// Writes one object with one line for each of these.
    async fn put(journal: &Journal, chain: &str, head: &mut Head, contents: Vec<Content>) {
        let (mut text, mut lines) = (Vec::new(), Vec::new());
        for content in contents {
            let line = head.append(content);
            lines.push((line.seq, line.at_ms));
            text.extend_from_slice(&line.text());
            text.push(b'\n');
        }
        let segment = Segment::of(chain, &lines, text.len() as u64);
        journal
            .put(&segment.name(), Bytes::from(text))
            .await
            .expect("put");
    }

    #[tokio::test]
    async fn old_lines_go_and_the_log_knows_why() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(StoreSettings::new(dir.path()))
            .await
            .expect("opened");
        let journal = store.journal("audit");
        let mut head = Head::default();
        for day in 1..=5 {
            put(
                &journal,
                "n/e",
                &mut head,
                vec![content(day * DAY, "access")],
            )
            .await;
        }
        let kept_for_ever = expired(&journal, 0, 100 * DAY).await.expect("read");
        assert!(kept_for_ever.is_empty());
        let old = expired(&journal, 3, 6 * DAY).await.expect("read");
        assert_eq!(
            (old.len(), old[0].head.seq, old[0].objects.len()),
            (1, 2, 2)
        );

        // Without a line that says so it is a hole; with one it is not.
        for object in &old[0].objects {
            journal.remove(object).await.expect("removed");
        }
        let report = check(&journal, &[]).await.expect("read");
        assert_eq!(report.findings.len(), 1, "{report:?}");
        let mut trimmed = content(6 * DAY, "log.trimmed");
        trimmed.detail.insert("chain".into(), old[0].chain.clone());
        trimmed
            .detail
            .insert("seq".into(), old[0].head.seq.to_string());
        trimmed
            .detail
            .insert("hash".into(), old[0].head.hash.clone());
        put(&journal, "n/e", &mut head, vec![trimmed]).await;
        let report = check(&journal, &[]).await.expect("read");
        assert!(report.findings.is_empty(), "{report:?}");
        assert_eq!((report.chains, report.lines), (1, 4));
        store.close().await.expect("closed");
    }
}
