//! An update of the server's own: items at their places, and deletions.

use std::collections::BTreeMap;

use bytes::Bytes;
use unisson_protocol::encoding::Writer;

use crate::{
    archive::{
        ANY, Archive, Content, DELETED, FORMAT, HAS_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, Id, Node,
        NodeId, Parent, STRING, TYPE, TypeId, View,
    },
    tree::{DEPTH_MAX, TooDeep},
};

/// Where a new item goes.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    pub(crate) left: Option<Id>,
    pub(crate) right: Option<Id>,
    pub(crate) parent: &'a Parent,
    pub(crate) key: Option<&'a str>,
}

/// Writes one update of one client that has never written before.
#[derive(Debug)]
pub(crate) struct Composer {
    client_id: u64,
    clock: u32,
    count: u64,
    structs: Writer,
    deleted: BTreeMap<u64, BTreeMap<u32, u32>>,
}

impl Composer {
    pub(crate) fn new(client_id: u64) -> Self {
        Self {
            client_id,
            clock: 0,
            count: 0,
            structs: Writer::default(),
            deleted: BTreeMap::new(),
        }
    }

    /// Deletes clocks.
    pub(crate) fn delete(&mut self, id: Id, len: u32) {
        let ranges = self.deleted.entry(id.client_id).or_default();
        ranges.insert(id.clock, len);
    }

    /// Copies items, shown ones only, one behind the other; returns the last clock written.
    pub(crate) fn copy_all(
        &mut self,
        archive: &Archive,
        nodes: &[Copied],
        place: &Place<'_>,
        shows: &dyn Fn(&Node) -> bool,
        depth: usize,
    ) -> Result<Option<Id>, TooDeep> {
        let mut place = place.clone();
        let mut units: Vec<u16> = Vec::new();
        for (at, copied) in nodes.iter().enumerate() {
            let node = archive.node(copied.node);
            if let Content::Text(..) = node.content {
                units.extend_from_slice(copied.units(node));
                // Text that stands together is one item; a character may be parted over two.
                let goes_on = nodes.get(at + 1).is_some_and(|next| {
                    matches!(archive.node(next.node).content, Content::Text(..))
                });
                if !goes_on {
                    let text = String::from_utf16_lossy(&std::mem::take(&mut units));
                    place.left = Some(self.text(&text, &place));
                }
                continue;
            }
            let id = self.content(&node.content, copied, &place);
            place.left = Some(self.last());
            if let Some(inner) = node.holds {
                self.copy_inside(archive, inner, id, shows, depth + 1)?;
            }
        }
        Ok(place.left)
    }

    /// Copies what a type holds into a new one.
    fn copy_inside(
        &mut self,
        archive: &Archive,
        of: TypeId,
        parent: Id,
        shows: &dyn Fn(&Node) -> bool,
        depth: usize,
    ) -> Result<(), TooDeep> {
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        let parent = Parent::Item(parent);
        let place = |key| Place {
            left: None,
            right: None,
            parent: &parent,
            key,
        };
        for key in archive.shared_type(of).entries.keys() {
            let shown = archive.chain(of, key).find(|id| shows(archive.node(*id)));
            let shown: Vec<Copied> = shown
                .map(|id| Copied::last(archive, id))
                .into_iter()
                .collect();
            self.copy_all(archive, &shown, &place(Some(key)), shows, depth)?;
        }
        let list = archive.list(of).filter(|id| shows(archive.node(*id)));
        let list: Vec<Copied> = list.map(|id| Copied::whole(archive, id)).collect();
        self.copy_all(archive, &list, &place(None), shows, depth)?;
        Ok(())
    }

    /// The update (format v1), if it says anything.
    pub(crate) fn finish(self) -> Option<Bytes> {
        if self.count == 0 && self.deleted.is_empty() {
            return None;
        }
        let mut writer = Writer::default();
        writer.var_uint(u64::from(self.count > 0));
        if self.count > 0 {
            writer.var_uint(self.count);
            writer.var_uint(self.client_id);
            writer.var_uint(0);
            writer.bytes(&self.structs.finish());
        }
        writer.var_uint(self.deleted.len() as u64);
        for (client_id, ranges) in self.deleted {
            let ranges = joined(&ranges);
            writer.var_uint(client_id);
            writer.var_uint(ranges.len() as u64);
            for (clock, len) in ranges {
                writer.var_uint(u64::from(clock));
                writer.var_uint(u64::from(len));
            }
        }
        Some(writer.finish())
    }

    fn last(&self) -> Id {
        Id {
            client_id: self.client_id,
            clock: self.clock.saturating_sub(1),
        }
    }

    fn text(&mut self, text: &str, place: &Place<'_>) -> Id {
        self.head(STRING, place);
        self.structs.var_string(text);
        self.clock += text.encode_utf16().count() as u32;
        self.last()
    }

    /// Writes an item with one content that is no text; returns its first clock.
    fn content(&mut self, content: &Content, copied: &Copied, place: &Place<'_>) -> Id {
        let id = Id {
            client_id: self.client_id,
            clock: self.clock,
        };
        match content {
            Content::Values(values) => {
                let values = values
                    .get(copied.start as usize..copied.end as usize)
                    .unwrap_or_default();
                self.head(ANY, place);
                self.structs.var_uint(values.len() as u64);
                values.iter().for_each(|value| self.structs.bytes(value));
                self.clock += values.len() as u32;
                return id;
            }
            Content::Format(key, value) => {
                self.head(FORMAT, place);
                self.structs.var_string(key);
                self.structs.var_string(value);
            }
            Content::Type(kind, name) => {
                self.head(TYPE, place);
                self.structs.bytes(&[*kind]);
                if let Some(name) = name {
                    self.structs.var_string(name);
                }
            }
            Content::Opaque(kind, raw) => {
                self.head(*kind, place);
                self.structs.bytes(raw);
            }
            Content::Text(..) | Content::Deleted(_) => {
                let len = content.len();
                self.head(DELETED, place);
                self.structs.var_uint(u64::from(len));
                self.clock += len;
                return id;
            }
        }
        self.clock += 1;
        id
    }

    fn head(&mut self, kind: u8, place: &Place<'_>) {
        self.count += 1;
        let flag = |there: bool, flag| if there { flag } else { 0 };
        let info = kind
            | flag(place.left.is_some(), HAS_ORIGIN)
            | flag(place.right.is_some(), HAS_RIGHT_ORIGIN)
            | flag(place.key.is_some(), HAS_KEY);
        self.structs.bytes(&[info]);
        for id in [place.left, place.right].into_iter().flatten() {
            self.reference(id);
        }
        if place.left.is_some() || place.right.is_some() {
            return;
        }
        match place.parent {
            Parent::Root(name) => {
                self.structs.var_uint(1);
                self.structs.var_string(name);
            }
            Parent::Item(id) => {
                self.structs.var_uint(0);
                self.reference(*id);
            }
        }
        if let Some(key) = place.key {
            self.structs.var_string(key);
        }
    }

    fn reference(&mut self, id: Id) {
        self.structs.var_uint(id.client_id);
        self.structs.var_uint(u64::from(id.clock));
    }
}

/// Part of an item, from an offset up to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copied {
    pub(crate) node: NodeId,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Copied {
    pub(crate) fn whole(archive: &Archive, node: NodeId) -> Self {
        Self {
            node,
            start: 0,
            end: archive.node(node).len(),
        }
    }

    /// The last clock: what a key's value is.
    pub(crate) fn last(archive: &Archive, node: NodeId) -> Self {
        let end = archive.node(node).len();
        Self {
            node,
            start: end.saturating_sub(1),
            end,
        }
    }

    fn units<'a>(&self, node: &'a Node) -> &'a [u16] {
        let units = node.content.units();
        units
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// Ranges with neighbours joined.
fn joined(ranges: &BTreeMap<u32, u32>) -> Vec<(u32, u32)> {
    let mut joined: Vec<(u32, u32)> = Vec::new();
    for (clock, len) in ranges {
        match joined.last_mut() {
            Some((start, before)) if *start + *before == *clock => *before += len,
            _ => joined.push((*clock, *len)),
        }
    }
    joined
}

/// The next item of a list that a state knows of, from one on.
pub(crate) fn next_known(archive: &Archive, from: Option<NodeId>, now: &View) -> Option<Id> {
    let nodes = std::iter::successors(from, |id| archive.node(*id).right);
    nodes
        .map(|id| archive.node(id).id)
        .find(|id| now.knows(*id))
}
