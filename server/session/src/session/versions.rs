//! When a version of the document is to be kept: after each sitting, and now and then during a
//! long one.
//!
//! Whether the newest version says the same already only the store knows; so the session orders a
//! version when one may be wanted, and the shell looks.

use super::{Phase, Session};
use crate::{Effect, Limits, Millis, VersionWanted};

/// How long to wait before a failed version is ordered again.
const RETRY_MS: u64 = 60_000;

/// What of the edits is in no version yet.
#[derive(Debug, Default)]
pub(super) struct VersionClock {
    /// The first and the last edit since the last order.
    edits: Option<(Millis, Millis)>,
    /// The last edit of an earlier life of the document, in milliseconds since 1970.
    earlier_edit_ms: Option<u64>,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Ready,
    /// Ordered, for edits that began then.
    Ordered(Option<Millis>),
    NotBefore(Millis),
}

impl VersionClock {
    pub(super) fn loaded(&mut self, last_edit_ms: Option<u64>) {
        self.earlier_edit_ms = last_edit_ms;
    }

    /// Notes an edit. The first one after a pause that the document spent closed orders a version
    /// of what was before.
    pub(super) fn edited(&mut self, now: Millis, at_ms: u64, limits: &Limits) -> Option<Effect> {
        let since = self.edits.map_or(now, |(since, _)| since);
        self.edits = Some((since, now));
        let before_ms = self
            .earlier_edit_ms
            .take()
            .filter(|earlier_ms| earlier_ms.saturating_add(limits.version_pause_ms) <= at_ms)
            .filter(|_| self.state == State::Ready)
            .map(|_| at_ms)?;
        self.state = State::Ordered(None);
        Some(Effect::StoreVersion(VersionWanted {
            before_ms: Some(before_ms),
            leaving: false,
        }))
    }

    /// Takes what the edits since the last order come to.
    pub(super) fn order(&mut self, now: Millis, limits: &Limits) -> Effect {
        let sitting = self.sitting_ends(limits).is_some_and(|end| end <= now);
        let since = self.edits.take().map(|(since, _)| since);
        self.state = State::Ordered(since);
        Effect::StoreVersion(VersionWanted {
            before_ms: None,
            leaving: !sitting,
        })
    }

    pub(super) fn stored(&mut self, now: Millis, stored: bool) {
        let State::Ordered(since) = self.state else {
            return;
        };
        self.state = State::Ready;
        if !stored {
            self.state = State::NotBefore(now + RETRY_MS);
            let since = since.unwrap_or(now);
            let last = self.edits.map_or(since, |(_, last)| last);
            self.edits = Some((since, last));
        }
    }

    /// Whether a version is to be seen to before the session may stop.
    pub(super) fn holds_up_unloading(&self, draining: bool) -> bool {
        match self.state {
            State::Ordered(_) => true,
            State::Ready => self.edits.is_some() && !draining,
            State::NotBefore(_) => false,
        }
    }

    fn sitting_ends(&self, limits: &Limits) -> Option<Millis> {
        let (since, last) = self.edits?;
        Some((last + limits.version_pause_ms).min(since + limits.version_every_ms))
    }

    fn due(&self, alone: Option<Millis>, limits: &Limits) -> Option<Millis> {
        let sitting = self.sitting_ends(limits)?;
        let due = sitting.min(alone.unwrap_or(sitting));
        match self.state {
            State::Ready => Some(due),
            State::Ordered(_) => None,
            State::NotBefore(at) => Some(due.max(at)),
        }
    }
}

impl Session {
    pub(super) fn version_due(&self) -> Option<Millis> {
        if self.phase != Phase::Open || self.draining {
            return None;
        }
        let alone = self
            .empty_since
            .map(|since| since + self.unload_patience_ms());
        // What is not durable yet would not be in it.
        self.versions
            .due(alone, &self.limits)
            .filter(|_| self.ledger.is_empty())
    }
}
