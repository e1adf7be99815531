//! How far each writer of a document was seen, and how late.

use std::time::Instant;

use unisson_protocol::scan::{self, ClockRange};

use crate::{
    recorder::{Kind, Records},
    stage::Stage,
};

/// Edits come in order and may come twice or merged.
#[derive(Debug)]
pub(crate) struct Progress {
    document: usize,
    next: Vec<u32>,
}

impl Progress {
    pub(crate) fn new(stage: &Stage, document: usize) -> Self {
        Self {
            document,
            next: vec![0; stage.plan.writers],
        }
    }

    /// Records the edits in these ranges that are new; says whether one is missing before them.
    pub(crate) fn advance(
        &mut self,
        stage: &Stage,
        ranges: &[ClockRange],
        kind: Option<Kind>,
        records: &mut Records<'_>,
    ) -> bool {
        let plan = &stage.plan;
        let now = Instant::now();
        let mut hole = false;
        for range in ranges {
            let Some(writer) = plan.writer_of(range.client_id) else {
                continue;
            };
            let next = self.next[writer];
            hole |= range.clock > next;
            let end = range.clock.saturating_add(range.len).min(plan.edits_each());
            if let (Some(kind), Some(start)) = (kind, stage.start()) {
                for edit in next.max(range.clock)..end {
                    let due = plan.due(self.document, writer, edit);
                    let latency = now.saturating_duration_since(start + due);
                    records.add(stage.kind_of(kind, due), latency);
                }
            }
            self.next[writer] = next.max(end);
        }
        hole
    }

    /// Whether every edit of every writer but `except` was seen.
    pub(crate) fn is_complete(&self, stage: &Stage, except: Option<usize>) -> bool {
        let all = stage.plan.edits_each();
        let mut writers = self.next.iter().enumerate();
        writers.all(|(writer, next)| Some(writer) == except || *next >= all)
    }

    /// What was seen, for a server to send the rest.
    pub(crate) fn state_vector(&self, stage: &Stage) -> bytes::Bytes {
        let clocks = self.next.iter().enumerate();
        let known: Vec<(u64, u32)> = clocks
            .filter(|(_, next)| **next > 0)
            .map(|(writer, next)| (stage.plan.client_id(writer), *next))
            .collect();
        scan::encode_state_vector_v1(&known)
    }
}
