//! Back to an earlier state by going forward: the difference as an ordinary edit.
//!
//! What both states show stays the very same item, so that whoever types in it goes on. What is
//! gone is written again beside its old place; what is new is deleted. Where the same content is
//! there under another name, as after an earlier restoration, it stays too.

mod likeness;

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;

use self::likeness::{Likeness, Unit};
use crate::{
    archive::{Archive, Content, Id, NodeId, Parent, TypeId, View},
    compose::{Composer, Copied, Place, next_known},
    tree::{DEPTH_MAX, TooDeep},
};

/// The update (format v1) that brings a document from `now` to what `target` shows; nothing where
/// it shows that already. Both are views of this archive. `client_id` must never have written.
pub fn restore(
    archive: &Archive,
    now: &View,
    target: &View,
    client_id: u64,
) -> Result<Option<Bytes>, TooDeep> {
    let mut restorer = Restorer {
        archive,
        now,
        target,
        composer: Composer::new(client_id),
    };
    for (name, root) in archive.roots() {
        let parent = Parent::Root(name.clone());
        restorer.rebuild(root, root, &parent, 0)?;
    }
    Ok(restorer.composer.finish())
}

struct Restorer<'a> {
    archive: &'a Archive,
    now: &'a View,
    target: &'a View,
    composer: Composer,
}

/// What stands between two items that stay.
#[derive(Default)]
struct Group {
    drops: Vec<NodeId>,
    adds: Vec<NodeId>,
}

impl Restorer<'_> {
    /// Makes a type that is there now show what a type shows in the target.
    fn rebuild(
        &mut self,
        here: TypeId,
        there: TypeId,
        parent: &Parent,
        depth: usize,
    ) -> Result<(), TooDeep> {
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        self.rebuild_entries(here, there, parent, depth)?;
        let mut group = Group::default();
        let mut anchor = None;
        if here != there {
            group.drops = self.shown(here, self.now);
            group.adds = self.shown(there, self.target);
            return self.settle(&group, here, anchor, parent, depth);
        }
        for id in self.archive.list(here) {
            let node = self.archive.node(id);
            match (self.now.shows(node.id), self.target.shows(node.id)) {
                (true, true) => {
                    self.settle(&std::mem::take(&mut group), here, anchor, parent, depth)?;
                    anchor = Some(node.last_id());
                    if let Some(held) = node.holds {
                        self.rebuild(held, held, &Parent::Item(node.id), depth + 1)?;
                    }
                }
                (true, false) => group.drops.push(id),
                (false, true) => group.adds.push(id),
                (false, false) => {}
            }
        }
        self.settle(&group, here, anchor, parent, depth)
    }

    fn shown(&self, of: TypeId, view: &View) -> Vec<NodeId> {
        let list = self.archive.list(of);
        list.filter(|id| view.shows(self.archive.node(*id).id))
            .collect()
    }

    /// Replaces what a group drops by what it adds, sparing what is alike at both ends.
    fn settle(
        &mut self,
        group: &Group,
        here: TypeId,
        anchor: Option<Id>,
        parent: &Parent,
        depth: usize,
    ) -> Result<(), TooDeep> {
        if group.drops.is_empty() && group.adds.is_empty() {
            return Ok(());
        }
        let mut drops = likeness::units(self.archive, &group.drops, self.now)?;
        let mut adds = likeness::units(self.archive, &group.adds, self.target)?;
        let mut anchor = anchor;
        let alike = |(a, b): &(&Unit, &Unit)| a.likeness == b.likeness;
        let prefix = drops.iter().zip(&adds).take_while(alike).count();
        if let Some(last) = drops.drain(..prefix).next_back() {
            anchor = Some(last.id);
        }
        adds.drain(..prefix);
        let ends = drops.iter().rev().zip(adds.iter().rev());
        let suffix = ends.take_while(alike).count();
        drops.truncate(drops.len() - suffix);
        adds.truncate(adds.len() - suffix);
        // Blocks of the same kind keep their names and change inside.
        let pairs = drops.iter().zip(&adds).take_while(|(a, b)| {
            matches!((&a.likeness, &b.likeness), (Likeness::Type(a, _), Likeness::Type(b, _)) if a == b)
        });
        let pairs = pairs.count();
        for (drop, add) in drops.drain(..pairs).zip(adds.drain(..pairs)) {
            let held = |unit: &Unit| self.archive.node(unit.node).holds;
            if let (Some(mine), Some(theirs)) = (held(&drop), held(&add)) {
                self.rebuild(mine, theirs, &Parent::Item(drop.id), depth + 1)?;
            }
            anchor = Some(drop.id);
        }
        for drop in &drops {
            self.composer.delete(drop.id, 1);
        }
        let place = Place {
            left: anchor,
            right: self.right_of(here, anchor),
            parent,
            key: None,
        };
        let target = self.target;
        let copied = likeness::joined(&adds);
        self.composer.copy_all(
            self.archive,
            &copied,
            &place,
            &|node| target.shows(node.id),
            depth,
        )?;
        Ok(())
    }

    /// What stands right of a place in the document as it is now.
    fn right_of(&self, here: TypeId, anchor: Option<Id>) -> Option<Id> {
        let Some(anchor) = anchor else {
            let first = self.archive.shared_type(here).first;
            return next_known(self.archive, first, self.now);
        };
        let at = self.archive.find(anchor)?;
        let node = self.archive.node(at);
        match node.last_id() == anchor {
            true => next_known(self.archive, node.right, self.now),
            false => Some(anchor.plus(1)),
        }
    }

    fn rebuild_entries(
        &mut self,
        here: TypeId,
        there: TypeId,
        parent: &Parent,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let keys = |of: TypeId| self.archive.shared_type(of).entries.keys().cloned();
        let keys: BTreeSet<Arc<str>> = keys(here).chain(keys(there)).collect();
        for key in keys {
            self.rebuild_entry(here, there, &key, parent, depth)?;
        }
        Ok(())
    }

    fn rebuild_entry(
        &mut self,
        here: TypeId,
        there: TypeId,
        key: &str,
        parent: &Parent,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let archive = self.archive;
        let shown = |of: TypeId, view: &View| {
            let mut chain = archive.chain(of, key);
            chain.find(|id| view.shows(archive.node(*id).id))
        };
        let (mine, theirs) = (shown(here, self.now), shown(there, self.target));
        let Some(theirs) = theirs else {
            if let Some(mine) = mine.map(|mine| archive.node(mine)) {
                self.composer.delete(mine.id, mine.len());
            }
            return Ok(());
        };
        if let Some(mine) = mine {
            let (a, b) = (archive.node(mine), archive.node(theirs));
            let same_kind = match (&a.content, &b.content) {
                (Content::Type(..), Content::Type(..)) => a.content == b.content,
                _ => false,
            };
            if let (true, Some(here), Some(there)) = (same_kind, a.holds, b.holds) {
                return self.rebuild(here, there, &Parent::Item(a.id), depth + 1);
            }
            let (is, was) = (
                likeness::of_last(archive, mine),
                likeness::of_last(archive, theirs),
            );
            if mine == theirs || (is.is_some() && is == was) {
                return Ok(());
            }
            self.composer.delete(a.id, a.len());
        }
        let last = archive
            .chain(here, key)
            .map(|id| archive.node(id))
            .find(|node| self.now.knows(node.id));
        let place = Place {
            left: last.map(|node| node.last_id()),
            right: None,
            parent,
            key: Some(key),
        };
        let target = self.target;
        let copied = [Copied::last(archive, theirs)];
        self.composer.copy_all(
            archive,
            &copied,
            &place,
            &|node| target.shows(node.id),
            depth,
        )?;
        Ok(())
    }
}
