//! What makes two parts of a document alike, whoever wrote them.

use std::sync::Arc;

use bytes::Bytes;
use unisson_protocol::encoding::Writer;

use crate::{
    archive::{Archive, Content, Id, NodeId, TypeId, View},
    compose::Copied,
    tree::{DEPTH_MAX, TooDeep},
};

/// One clock of an item.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(super) id: Id,
    pub(super) node: NodeId,
    pub(super) offset: u32,
    pub(super) likeness: Likeness,
}

/// What is compared of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    Nothing,
    Character(u16),
    Value(Bytes),
    Format(Arc<str>, Arc<str>),
    Opaque(u8, Bytes),
    /// Kind and name, and a digest of all that is in it.
    Type((u8, Option<Arc<str>>), Bytes),
}

/// The clocks of some items of a list.
pub(super) fn units(
    archive: &Archive,
    nodes: &[NodeId],
    view: &View,
) -> Result<Vec<Unit>, TooDeep> {
    let mut units = Vec::new();
    for id in nodes {
        let node = archive.node(*id);
        for offset in 0..node.len() {
            units.push(Unit {
                id: node.id.plus(offset),
                node: *id,
                offset,
                likeness: likeness(archive, *id, offset, view)?,
            });
        }
    }
    Ok(units)
}

/// Clocks as parts of items, neighbours joined.
pub(super) fn joined(units: &[Unit]) -> Vec<Copied> {
    let mut joined: Vec<Copied> = Vec::new();
    for unit in units {
        match joined.last_mut() {
            Some(last) if last.node == unit.node && last.end == unit.offset => last.end += 1,
            _ => joined.push(Copied {
                node: unit.node,
                start: unit.offset,
                end: unit.offset + 1,
            }),
        }
    }
    joined
}

/// What a key's item says, where it is no shared type.
pub(super) fn of_last(archive: &Archive, id: NodeId) -> Option<Likeness> {
    let node = archive.node(id);
    let offset = node.len().checked_sub(1)?;
    match node.content {
        Content::Type(..) => None,
        _ => likeness(archive, id, offset, &View::default()).ok(),
    }
}

fn likeness(archive: &Archive, id: NodeId, offset: u32, view: &View) -> Result<Likeness, TooDeep> {
    let node = archive.node(id);
    let at = offset as usize;
    Ok(match &node.content {
        Content::Deleted(_) => Likeness::Nothing,
        Content::Text(..) => match node.content.units().get(at) {
            Some(unit) => Likeness::Character(*unit),
            None => Likeness::Nothing,
        },
        Content::Values(values) => match values.get(at) {
            Some(value) => Likeness::Value(value.clone()),
            None => Likeness::Nothing,
        },
        Content::Format(key, value) => Likeness::Format(key.clone(), value.clone()),
        Content::Opaque(kind, raw) => Likeness::Opaque(*kind, raw.clone()),
        Content::Type(kind, name) => {
            let mut writer = Writer::default();
            if let Some(held) = node.holds {
                digest(archive, held, view, &mut writer, 0)?;
            }
            Likeness::Type((*kind, name.clone()), writer.finish())
        }
    })
}

/// Writes everything that a type shows, unambiguously.
fn digest(
    archive: &Archive,
    of: TypeId,
    view: &View,
    writer: &mut Writer,
    depth: usize,
) -> Result<(), TooDeep> {
    if depth > DEPTH_MAX {
        return Err(TooDeep);
    }
    for key in archive.shared_type(of).entries.keys() {
        let shown = archive
            .chain(of, key)
            .find(|id| view.shows(archive.node(*id).id));
        if let Some(shown) = shown {
            writer.bytes(b"k");
            writer.var_string(key);
            let last = archive.node(shown).len().saturating_sub(1);
            digest_node(archive, shown, last as usize, view, writer, depth)?;
        }
    }
    for id in archive.list(of) {
        if view.shows(archive.node(id).id) {
            digest_node(archive, id, 0, view, writer, depth)?;
        }
    }
    writer.bytes(b".");
    Ok(())
}

fn digest_node(
    archive: &Archive,
    id: NodeId,
    from: usize,
    view: &View,
    writer: &mut Writer,
    depth: usize,
) -> Result<(), TooDeep> {
    let node = archive.node(id);
    match &node.content {
        Content::Deleted(_) => {}
        Content::Text(..) => {
            for unit in node.content.units().iter().skip(from) {
                writer.bytes(b"c");
                writer.bytes(&unit.to_be_bytes());
            }
        }
        Content::Values(values) => {
            for value in values.iter().skip(from) {
                writer.bytes(b"v");
                writer.var_bytes(value);
            }
        }
        Content::Format(key, value) => {
            writer.bytes(b"f");
            writer.var_string(key);
            writer.var_string(value);
        }
        Content::Opaque(kind, raw) => {
            writer.bytes(&[b'o', *kind]);
            writer.var_bytes(raw);
        }
        Content::Type(kind, name) => {
            writer.bytes(&[b't', *kind]);
            writer.var_string(name.as_deref().unwrap_or_default());
            if let Some(held) = node.holds {
                digest(archive, held, view, writer, depth + 1)?;
            }
        }
    }
    Ok(())
}
