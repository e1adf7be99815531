//! Answers that many askers share.
//!
//! When a thousand people open a page at once, encoding it once for each is most of the work, and
//! keeping one encoding for each most of the memory. So the last full answer stays for a while;
//! edits that come meanwhile are kept beside it and follow it as ordinary updates.

use std::collections::VecDeque;

use bytes::Bytes;

/// The most updates behind one full answer: each is a message and, for the receiver, a transaction.
const TAIL_UPDATES_MAX: usize = 64;
/// A document this small is encoded anew for less than one more message costs.
const BYTES_PER_TAIL_UPDATE: usize = 8 << 10;

/// What somebody who asks is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// An update (format v1).
    pub(crate) body: Bytes,
    /// Updates that have come since `body` was encoded, oldest first.
    pub(crate) tail: Vec<Bytes>,
}

impl Answer {
    /// Whether it says nothing at all.
    pub(crate) fn is_nothing(&self) -> bool {
        self.tail.is_empty() && *self.body == [0, 0]
    }

    pub(crate) fn of(body: Bytes) -> Self {
        Self {
            body,
            tail: Vec::new(),
        }
    }
}

/// Answers of one document. `version` counts its changes, one by one.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    full: Option<(u64, Bytes)>,
    /// The changes since the full answer.
    tail: VecDeque<Bytes>,
    tail_bytes: usize,
    /// Version, question (a state vector) and answer.
    last: Option<(u64, Bytes, Bytes)>,
}

impl Answers {
    /// What a newcomer is told, if that is known.
    pub(crate) fn full(&self, version: u64) -> Option<Answer> {
        let (since, body) = self.full.as_ref()?;
        debug_assert_eq!(version, since + self.tail.len() as u64);
        Some(Answer {
            body: body.clone(),
            tail: self.tail.iter().cloned().collect(),
        })
    }

    pub(crate) fn keep_full(&mut self, version: u64, body: Bytes) {
        self.full = Some((version, body));
        self.tail.clear();
        self.tail_bytes = 0;
    }

    /// The answer to the same question at the same version.
    pub(crate) fn last(&self, version: u64, question: &Bytes) -> Option<Bytes> {
        let (known, asked, answer) = self.last.as_ref()?;
        (*known == version && asked == question).then(|| answer.clone())
    }

    pub(crate) fn keep_last(&mut self, version: u64, question: Bytes, answer: Bytes) {
        self.last = Some((version, question, answer));
    }

    /// The changes since a version, if all of them are here.
    pub(crate) fn since(&self, version: u64) -> Option<Vec<Bytes>> {
        let (since, _) = self.full.as_ref()?;
        let skipped = usize::try_from(version.checked_sub(*since)?).ok()?;
        (skipped <= self.tail.len()).then(|| self.tail.iter().skip(skipped).cloned().collect())
    }

    /// The document has changed.
    pub(crate) fn changed(&mut self, update: &Bytes) {
        self.last = None;
        let Some((_, body)) = &self.full else {
            return;
        };
        // A copy: the update shares the buffer of a socket, which can be much larger.
        self.tail.push_back(Bytes::copy_from_slice(update));
        self.tail_bytes += update.len();
        let updates_max = (body.len() / BYTES_PER_TAIL_UPDATE).min(TAIL_UPDATES_MAX);
        if self.tail.len() > updates_max || self.tail_bytes > body.len() / 4 {
            self.forget();
        }
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.full.is_none() && self.last.is_none()
    }

    pub(crate) fn has_full(&self) -> bool {
        self.full.is_some()
    }

    /// How many bytes are kept.
    pub(crate) fn bytes(&self) -> usize {
        let full = self.full.as_ref().map_or(0, |(_, body)| body.len());
        let last = self.last.as_ref();
        full + self.tail_bytes + last.map_or(0, |(_, asked, answer)| asked.len() + answer.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(len: usize) -> Bytes {
        vec![1; len].into()
    }

    #[test]
    fn edits_follow_the_full_answer_until_a_new_one_is_cheaper() {
        let mut answers = Answers::default();
        answers.keep_full(5, body(1 << 20));
        let edit = body(30);
        for version in 6..6 + TAIL_UPDATES_MAX as u64 {
            answers.changed(&edit);
            let answer = answers.full(version).expect("kept");
            assert_eq!(answer.tail.len() as u64, version - 5);
        }
        assert_eq!(answers.since(60).expect("kept").len(), 9);
        assert_eq!(answers.since(4), None);
        answers.changed(&edit);
        assert!(answers.is_empty());
    }

    #[test]
    fn a_small_document_is_encoded_anew() {
        let mut answers = Answers::default();
        answers.keep_full(0, body(100));
        answers.changed(&body(10));
        assert!(!answers.has_full());
    }
}
