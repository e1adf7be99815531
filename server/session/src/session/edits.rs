//! Edits of the server's own, such as a restoration: checked, logged, acknowledged and sent like
//! any other, but from nobody who is here.

use bytes::Bytes;
use unisson_history::Author;
use unisson_protocol::{encoding::Writer, scan};

use super::{Phase, Session};
use crate::{Condition, EditId, Effect, Effects, Millis, document::Applied, ledger::Answer};

/// An edit that somebody has asked for.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) id: EditId,
    pub(super) author: Author,
    pub(super) update: Bytes,
    pub(super) condition: Option<Condition>,
}

impl Edit {
    pub(super) fn new(
        id: EditId,
        author: Author,
        update: Bytes,
        condition: Option<Condition>,
    ) -> Self {
        Self {
            id,
            author,
            update,
            condition,
        }
    }
}

/// Why an edit with a condition is refused.
pub const NOT_SO: &str = "the document is not as it was expected";

/// An edit that filled a blank document, as long as nobody has built on it.
#[derive(Debug)]
pub(super) struct Filling {
    author: Author,
    client_id: u64,
    clock: u32,
    len: u32,
    roots: Vec<String>,
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
        let Edit {
            id,
            author,
            update,
            condition,
        } = edit;
        if let Some(condition) = &condition
            && !self.is_so(condition)
        {
            effects.push(Effect::Edited(id, Err(NOT_SO.into())));
            return;
        }
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
                    self.filling = filling(&author, &new, condition.as_ref());
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

    /// A document that cannot tell is not so; the session ends when it settles.
    fn is_so(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::New => self.document.is_new(),
            Condition::Blank => self.document.is_blank().unwrap_or(false),
            Condition::Standing(wanted) => self
                .document
                .standing()
                .is_ok_and(|standing| standing == *wanted),
        }
    }

    /// A peer's edit after the document was filled. Where it begins a root that was begun by the
    /// filling, its writer saw a blank document and filled it too: theirs stays, the other goes.
    /// Anything else builds on the filling, which then is content like any other.
    pub(super) fn met_filling(&mut self, now: Millis, new: &Bytes, effects: &mut Effects) {
        let Some(filling) = self.filling.take() else {
            return;
        };
        let begun = scan::update_v1(new).unwrap_or_default().begun;
        let both = |(client_id, root): &(u64, String)| {
            *client_id != filling.client_id && filling.roots.contains(root)
        };
        if begun.iter().any(both) {
            // Nobody waits for the answer to this one.
            let edit = Edit::new(EditId(0), filling.author.clone(), deletion(&filling), None);
            self.write_own(now, edit, effects);
        }
    }
}

fn filling(author: &Author, new: &Bytes, condition: Option<&Condition>) -> Option<Filling> {
    let scan = match condition {
        Some(Condition::Blank | Condition::New) => scan::update_v1(new).ok()?,
        Some(Condition::Standing(_)) | None => return None,
    };
    let [range] = scan.inserts.as_slice() else {
        return None;
    };
    let roots: Vec<String> = scan.begun.into_iter().map(|(_, root)| root).collect();
    (!roots.is_empty()).then(|| Filling {
        author: author.clone(),
        client_id: range.client_id,
        clock: range.clock,
        len: range.len,
        roots,
    })
}

/// An update (format v1) without structs that deletes all of a filling.
fn deletion(filling: &Filling) -> Bytes {
    let mut writer = Writer::with_capacity(64);
    let numbers = [
        0,
        1,
        filling.client_id,
        1,
        u64::from(filling.clock),
        u64::from(filling.len),
    ];
    numbers
        .into_iter()
        .for_each(|number| writer.var_uint(number));
    writer.finish()
}
