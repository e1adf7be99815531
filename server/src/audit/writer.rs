//! Writes lines: chains them, makes them durable together, and merges small objects.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use unisson_storage::{Journal, StoreError};

use super::{
    Action, Board, Entry, Order, Published,
    archive::{self, Segment},
    line::{Content, Head, Verdict},
    retention,
};
use crate::versions::unix_now_ms;

/// Lines gather for so long.
const GATHER: Duration = Duration::from_millis(500);
/// So many are written at once.
const BATCH_MAX: usize = 1_000;
/// After a failure of the store; then twice as long, up to the second.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// So many objects are merged to one.
const PARTS_MAX: usize = 64;
/// A merged object of this size stays as it is.
const MERGED_BYTES_MAX: usize = 1 << 20;
/// An object has the lines of a day at most, so that old ones can go.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How often old objects are looked for, and the head is told in the log.
const HOURLY: Duration = Duration::from_secs(60 * 60);

/// One process's writer.
pub(super) struct Writer {
    journal: Journal,
    board: Arc<Board>,
    chain: String,
    head: Head,
    /// Lines since the last object that stays, for merging without reading.
    merging: Vec<u8>,
    merging_lines: Vec<(u64, u64)>,
    parts: Vec<String>,
    lost: u64,
    retention_days: u64,
    told: u64,
}

impl Writer {
    pub(super) async fn open(
        journal: Journal,
        board: Arc<Board>,
        retention_days: u64,
    ) -> Result<Self, StoreError> {
        let chain = format!("{}/{}", journal.node(), journal.epoch());
        let own = format!("{}/", journal.node());
        let chains = archive::chains(&journal).await?;
        let last = chains
            .iter()
            .rfind(|(id, _)| id.starts_with(&own) && **id < chain);
        let mut continues = None;
        if let Some((id, segments)) = last {
            continues = archive::end(&journal, segments)
                .await?
                .map(|head| (id.clone(), head));
        }
        let mut writer = Self {
            journal,
            board,
            chain,
            head: Head::default(),
            merging: Vec::new(),
            merging_lines: Vec::new(),
            parts: Vec::new(),
            lost: 0,
            retention_days,
            told: 0,
        };
        let mut opened = bare(unix_now_ms(), "log.opened");
        if let Some((id, head)) = continues {
            opened.detail.insert("continues".into(), id);
            opened.detail.insert("seq".into(), head.seq.to_string());
            opened.detail.insert("hash".into(), head.hash);
        }
        let mut batch = Batch::default();
        batch.add(&mut writer.head, opened);
        writer.write(batch).await?;
        Ok(writer)
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut hourly = tokio::time::interval(HOURLY);
        loop {
            let first = tokio::select! {
                order = orders.recv() => order,
                _ = hourly.tick() => {
                    self.keep_house().await;
                    continue;
                }
            };
            let mut batch = Batch::default();
            let mut flushed: Vec<oneshot::Sender<()>> = Vec::new();
            let (mut stopping, mut settling) = (first.is_none(), false);
            let mut next = first;
            let gathered = Instant::now() + GATHER;
            while let Some(order) = next {
                match order {
                    Order::Write(written) => {
                        let (at_ms, entry) = *written;
                        batch.add(&mut self.head, entry.content(at_ms));
                    }
                    Order::Flush(done) => flushed.push(done),
                    Order::Settle(done) => {
                        flushed.push(done);
                        settling = true;
                    }
                    Order::Stop => stopping = true,
                }
                next = match (
                    stopping || !flushed.is_empty(),
                    batch.lines.len() < BATCH_MAX,
                ) {
                    (_, false) => None,
                    (true, true) => orders.try_recv().ok(),
                    (false, true) => tokio::time::timeout_at(gathered, orders.recv())
                        .await
                        .ok()
                        .flatten(),
                };
            }
            self.add_lost(&mut batch);
            self.write_for_long(batch).await;
            if settling {
                self.merge().await;
                self.begin_object();
            }
            for done in flushed {
                // Whoever asked may have gone.
                let _: Result<(), ()> = done.send(());
            }
            if stopping {
                return self.tell();
            }
        }
    }

    /// What found no room is said where the lines would be.
    fn add_lost(&mut self, batch: &mut Batch) {
        let lost = self.board.lost.load(Ordering::Relaxed);
        if lost > self.lost {
            let count = (lost - self.lost).to_string();
            let entry = Entry::new(Action::LinesLost).detail("count", count);
            batch.add(&mut self.head, entry.content(unix_now_ms()));
            self.lost = lost;
        }
    }

    /// Tries until the store takes it: meanwhile lines wait, up to a limit.
    async fn write_for_long(&mut self, batch: Batch) {
        let mut wait = AGAIN;
        while let Err(error) = self.write(batch.clone()).await {
            tracing::warn!(%error, "the audit log is not durable; trying again");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(AGAIN_MAX);
        }
    }

    async fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        if batch.lines.is_empty() {
            return Ok(());
        }
        let segment = Segment::of(&self.chain, &batch.lines, batch.text.len() as u64);
        self.journal
            .put(&segment.name(), Bytes::from(batch.text.clone()))
            .await?;
        self.parts.push(segment.name());
        self.merging.extend_from_slice(&batch.text);
        self.merging_lines.extend_from_slice(&batch.lines);
        let published = Published {
            chain: self.chain.clone(),
            head: self.head.clone(),
        };
        *self
            .board
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = published;
        if self.parts.len() >= PARTS_MAX || self.merging.len() >= MERGED_BYTES_MAX {
            self.merge().await;
        }
        Ok(())
    }

    /// Merging may fail: the parts are there.
    async fn merge(&mut self) {
        let segment = Segment::of(&self.chain, &self.merging_lines, self.merging.len() as u64);
        let name = segment.name();
        if self.parts.len() > 1 {
            let body = Bytes::from(self.merging.clone());
            if let Err(error) = self.journal.put(&name, body).await {
                return tracing::warn!(%error, "objects of the audit log are not merged");
            }
            for part in std::mem::replace(&mut self.parts, vec![name]) {
                if let Err(error) = self.journal.remove(&part).await {
                    tracing::debug!(%error, part, "a merged part stays");
                }
            }
        }
        if self.merging.len() >= MERGED_BYTES_MAX {
            self.begin_object();
        }
    }

    /// What is there stays as it is.
    fn begin_object(&mut self) {
        self.merging = Vec::new();
        self.merging_lines = Vec::new();
        self.parts = Vec::new();
    }

    async fn keep_house(&mut self) {
        self.tell();
        let now_ms = unix_now_ms();
        let since_ms = self
            .merging_lines
            .first()
            .map_or(now_ms, |(_, at_ms)| *at_ms);
        if now_ms.saturating_sub(since_ms) >= DAY_MS {
            self.merge().await;
            self.begin_object();
        }
        let expired = retention::expired(&self.journal, self.retention_days, now_ms);
        let expired = match expired.await {
            Ok(expired) => expired,
            Err(error) => return tracing::warn!(%error, "old lines of the audit log stay"),
        };
        if expired.is_empty() {
            return;
        }
        // First said, then done: what is missing then is known to be missing.
        let mut batch = Batch::default();
        for trimmed in &expired {
            let mut content = bare(now_ms, "log.trimmed");
            content.detail.insert("chain".into(), trimmed.chain.clone());
            content
                .detail
                .insert("seq".into(), trimmed.head.seq.to_string());
            content
                .detail
                .insert("hash".into(), trimmed.head.hash.clone());
            batch.add(&mut self.head, content);
        }
        self.write_for_long(batch).await;
        for name in expired.iter().flat_map(|trimmed| &trimmed.objects) {
            if let Err(error) = self.journal.remove(name).await {
                tracing::warn!(%error, name, "an old object of the audit log stays");
            }
        }
    }

    /// Publishes the head: whoever keeps this line can tell whether the end is cut off later.
    fn tell(&mut self) {
        if self.head.seq > self.told {
            self.told = self.head.seq;
            let Self { chain, head, .. } = &*self;
            tracing::info!(chain, seq = head.seq, hash = head.hash, "audit log");
        }
    }
}

/// Lines that are written together.
#[derive(Debug, Clone, Default)]
struct Batch {
    text: Vec<u8>,
    lines: Vec<(u64, u64)>,
}

impl Batch {
    fn add(&mut self, head: &mut Head, content: Content) {
        let line = head.append(content);
        self.lines.push((line.seq, line.at_ms));
        self.text.extend_from_slice(&line.text());
        self.text.push(b'\n');
    }
}

/// A line of the log's own.
fn bare(at_ms: u64, action: &'static str) -> Content {
    Content {
        at_ms,
        action,
        verdict: Verdict::Done,
        document: None,
        space: None,
        detail: std::collections::BTreeMap::new(),
        who: None,
        about: None,
    }
}
