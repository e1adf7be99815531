//! Undoing one person's changes within a time, and nobody else's.
//!
//! What she inserted and is still there is deleted; what she deleted is written again beside its
//! old place, from whichever state still has it. A block that she made and others have written in
//! stays, without what she wrote in it.

mod run;

use std::{cell::Cell, sync::Arc};

use bytes::Bytes;

use self::run::Run;
use crate::{
    Attribution, StampId,
    archive::{Archive, Node, NodeId, Parent, TypeId, View, is_servers},
    compose::{Composer, Copied, Place},
    tree::{DEPTH_MAX, TooDeep},
};

/// Whose changes of which time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    /// The user's id; none: those of whom nobody asked a name.
    pub user: Option<Arc<str>>,
    /// From when, in milliseconds since 1970, inclusive.
    pub from_ms: u64,
    /// Up to when, inclusive.
    pub until_ms: u64,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverted {
    /// The update (format v1); none where there is nothing to do.
    pub update: Option<Bytes>,
    /// How much is deleted, in clocks: characters, values, blocks.
    pub deleted: u64,
    /// How much is put back.
    pub put_back: u64,
    /// How much she deleted that no state has any more: it cannot be put back.
    pub lost: u64,
}

/// Works out how to undo somebody's changes. The archive must have been cut by the attribution;
/// `now` is the state as it is. `client_id` must never have written.
pub fn revert(
    archive: &Archive,
    now: &View,
    known: &Attribution,
    what: &Revert,
    client_id: u64,
) -> Result<Reverted, TooDeep> {
    let chosen = |stamp: StampId| {
        known.stamp_of(stamp).is_some_and(|(author, stamp)| {
            author.user == what.user
                && stamp.first_ms <= what.until_ms
                && stamp.last_ms >= what.from_ms
        })
    };
    let mut reverter = Reverter {
        archive,
        now,
        known,
        chosen: &chosen,
        composer: Composer::new(client_id),
        deleted: 0,
        put_back: Cell::default(),
        lost: 0,
    };
    for (name, root) in archive.roots() {
        reverter.walk(root, &Parent::Root(name.clone()), 0)?;
    }
    let put_back = reverter.put_back.get();
    Ok(Reverted {
        update: reverter.composer.finish(),
        deleted: reverter.deleted,
        put_back,
        lost: reverter.lost,
    })
}

struct Reverter<'a> {
    archive: &'a Archive,
    now: &'a View,
    known: &'a Attribution,
    chosen: &'a dyn Fn(StampId) -> bool,
    composer: Composer,
    deleted: u64,
    put_back: Cell<u64>,
    lost: u64,
}

impl<'a> Reverter<'a> {
    fn is_hers(&self, node: &Node) -> bool {
        self.known.inserted_at(node.id).is_some_and(self.chosen)
    }

    /// She deleted what had been there before.
    fn is_to_be_put_back(&self, node: &Node) -> bool {
        !self.now.shows(node.id)
            && self.now.knows(node.id)
            && !self.is_hers(node)
            && self.known.deleted_at(node.id).is_some_and(self.chosen)
    }

    /// Goes through a type that is there.
    fn walk(&mut self, of: TypeId, parent: &Parent, depth: usize) -> Result<(), TooDeep> {
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        let archive = self.archive;
        let keys: Vec<Arc<str>> = archive.shared_type(of).entries.keys().cloned().collect();
        for key in keys {
            self.entry(of, &key, parent, depth)?;
        }
        let mut left = None;
        let mut run: Option<Run> = None;
        for id in archive.list(of) {
            let node = archive.node(id);
            if !self.now.knows(node.id) {
                continue;
            }
            if self.now.shows(node.id) {
                if !run.as_mut().is_some_and(|run| run.takes_copy(archive, id)) {
                    self.put_run_back(run.take(), parent, depth)?;
                }
                self.shown(node, depth)?;
            } else if self.is_to_be_put_back(node)
                && !run
                    .as_mut()
                    .is_some_and(|run| run.goes_on_with(archive, id))
            {
                self.put_run_back(run.take(), parent, depth)?;
                run = Some(Run::new(left, id, self.copies_before(id)));
            }
            left = Some(node.last_id());
        }
        self.put_run_back(run, parent, depth)
    }

    /// Writes a run again, unless an earlier revert has.
    fn put_run_back(
        &mut self,
        run: Option<Run>,
        parent: &Parent,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let archive = self.archive;
        let Some(run) = run.filter(|run| !run.is_back(archive)) else {
            return Ok(());
        };
        let place = Place {
            left: run.left,
            right: run.nodes.first().map(|id| archive.node(*id).id),
            parent,
            key: None,
        };
        let nodes = run.nodes.iter();
        let copied: Vec<Copied> = nodes.map(|id| Copied::whole(archive, *id)).collect();
        self.put_back(&copied, &place, depth)
    }

    /// What is shown just left of an item and was written for this very place.
    fn copies_before(&self, id: NodeId) -> Vec<NodeId> {
        let archive = self.archive;
        let place = archive.node(id).id;
        let lefts = std::iter::successors(archive.node(id).left, |id| archive.node(*id).left);
        let mut copies: Vec<NodeId> = lefts
            .take_while(|left| {
                let left = archive.node(*left);
                left.right_origin == Some(place) || !self.now.shows(left.id)
            })
            .filter(|left| {
                let left = archive.node(*left);
                self.now.shows(left.id) && is_servers(left.id)
            })
            .collect();
        copies.reverse();
        copies
    }

    /// Deletes what she made, unless others live in it.
    fn shown(&mut self, node: &Node, depth: usize) -> Result<(), TooDeep> {
        let others = match node.holds {
            Some(held) => self.has_others(held, depth + 1)?,
            None => false,
        };
        if self.is_hers(node) && !others {
            self.composer.delete(node.id, node.len());
            self.deleted += u64::from(node.len());
        } else if let Some(held) = node.holds {
            self.walk(held, &Parent::Item(node.id), depth + 1)?;
        }
        Ok(())
    }

    /// Whether a type shows anything that somebody else wrote, or will show again.
    fn has_others(&self, of: TypeId, depth: usize) -> Result<bool, TooDeep> {
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        let archive = self.archive;
        let entries = archive.shared_type(of).entries.keys();
        let entries = entries.flat_map(|key| archive.chain(of, key));
        for id in archive.list(of).chain(entries) {
            let node = archive.node(id);
            if self.now.shows(node.id) {
                let inside = node.holds.map(|held| self.has_others(held, depth + 1));
                if !self.is_hers(node) || inside.transpose()?.unwrap_or(false) {
                    return Ok(true);
                }
            } else if self.is_to_be_put_back(node) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes again what she deleted, with what was in it.
    fn put_back(
        &mut self,
        copied: &[Copied],
        place: &Place<'_>,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let archive = self.archive;
        let clocks: u64 = copied
            .iter()
            .map(|part| u64::from(part.end - part.start))
            .sum();
        let is_there = |part: &Copied| archive.node(part.node).content.is_there();
        if !copied.iter().all(is_there) {
            self.lost += clocks;
            return Ok(());
        }
        // What others had deleted before stays deleted.
        let (now, known, chosen) = (self.now, self.known, self.chosen);
        let counted = &self.put_back;
        let shows = |node: &Node| {
            let by = |stamp: Option<StampId>| stamp.is_some_and(chosen);
            let back = now.knows(node.id)
                && by(known.deleted_at(node.id))
                && !by(known.inserted_at(node.id))
                && node.content.is_there();
            counted.set(counted.get() + u64::from(back) * u64::from(node.len()));
            back
        };
        counted.set(counted.get() + clocks);
        self.composer
            .copy_all(archive, copied, place, &shows, depth)?;
        Ok(())
    }

    /// Brings back the value that a key had before she set or removed it, unless somebody has set
    /// it since.
    fn entry(
        &mut self,
        of: TypeId,
        key: &str,
        parent: &Parent,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let archive = self.archive;
        let chain: Vec<NodeId> = archive
            .chain(of, key)
            .filter(|id| self.now.knows(archive.node(*id).id))
            .collect();
        let shown = chain
            .iter()
            .position(|id| self.now.shows(archive.node(*id).id));
        let mut from = 0;
        if let Some(at) = shown {
            let Some(node) = chain.get(at).map(|id| archive.node(*id)) else {
                return Ok(());
            };
            let others = match node.holds {
                Some(held) => self.has_others(held, depth + 1)?,
                None => false,
            };
            if !self.is_hers(node) || others {
                return match node.holds {
                    Some(held) => self.walk(held, &Parent::Item(node.id), depth + 1),
                    None => Ok(()),
                };
            }
            self.composer.delete(node.id, node.len());
            self.deleted += u64::from(node.len());
            from = at + 1;
        }
        let before = chain
            .iter()
            .skip(from)
            .find(|id| !self.is_hers(archive.node(**id)));
        let Some(before) = before.filter(|id| self.is_to_be_put_back(archive.node(**id))) else {
            return Ok(());
        };
        let last = chain.first().map(|id| archive.node(*id).last_id());
        let place = Place {
            left: last,
            right: None,
            parent,
            key: Some(key),
        };
        self.put_back(&[Copied::last(archive, *before)], &place, depth)
    }
}
