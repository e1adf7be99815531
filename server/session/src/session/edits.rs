//! Edits of the server's own, such as a restoration: checked, logged, acknowledged and sent like
//! any other, but from nobody who is here.

use bytes::Bytes;
use unisson_history::Author;

use super::{Phase, Session};
use crate::{EditId, Effect, Effects, Millis, document::Applied, ledger::Answer};

/// An edit that somebody has asked for.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) id: EditId,
    pub(super) author: Author,
    pub(super) update: Bytes,
}

impl Session {
    pub(super) fn edit(&mut self, now: Millis, edit: Edit, effects: &mut Effects) {
        let refusal = |reason: &str| Effect::Edited(edit.id, Err(reason.to_owned()));
        match self.phase {
            Phase::Open if !self.draining => return self.write_own(now, edit, effects),
            Phase::New | Phase::Loading if !self.draining => {}
            Phase::Open | Phase::New | Phase::Loading | Phase::Stopped => {
                effects.push(refusal("the document is closing"));
                return;
            }
        }
        if self.early_edits.len() >= self.limits.early_edits_max {
            effects.push(refusal("too many edits wait for the document"));
            return;
        }
        self.early_edits.push(edit);
        if self.phase == Phase::New {
            self.phase = Phase::Loading;
            effects.push(Effect::Load);
        }
    }

    fn write_own(&mut self, now: Millis, edit: Edit, effects: &mut Effects) {
        let Edit { id, author, update } = edit;
        let outcome = self.admit(&update).and_then(|scan| {
            self.document
                .apply(update.clone(), scan)
                .map_err(|refusal| refusal.to_string())
        });
        let answer = Some(Answer::Edited(id));
        match outcome {
            Err(reason) => effects.push(Effect::Edited(id, Err(reason))),
            Ok(Applied::Integrated(new)) => {
                if let Some(new) = new {
                    self.keep_as(now, author, &new, effects);
                    self.broadcast(now, &[], new, effects);
                    self.release_waiting(now, effects);
                }
                self.promise(answer, effects);
            }
            // It was made from what is durable, so nothing can be missing; were it to be, it waits
            // like anybody's.
            Ok(Applied::Waiting(waiting, part)) => {
                if !self.waiting.contains_key(&waiting) {
                    self.keep_as(now, author, &update, effects);
                }
                self.waiting.entry(waiting).or_default().extend(answer);
                self.gap.start(now);
                if let Some(part) = part {
                    self.broadcast(now, &[], part, effects);
                    self.release_waiting(now, effects);
                }
            }
            Ok(Applied::NoRoom(part)) => {
                if let Some(part) = part {
                    self.keep_as(now, author, &part, effects);
                    self.broadcast(now, &[], part, effects);
                }
                let reason = "too many updates wait for missing ones".to_owned();
                effects.push(Effect::Edited(id, Err(reason)));
            }
        }
    }
}
