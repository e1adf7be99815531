//! Several states of one document in one list: every item at its place, with its content wherever
//! any of the states still has it.
//!
//! A document's state forgets what is deleted. Older states, or the log, still have it; so what
//! they know is put together, and each state becomes a [`View`] that shows some of it. Items are
//! placed as Yjs places them, so the order is the one that every editor has.

mod place;
mod structs;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use unisson_protocol::encoding::DecodeError;

pub(crate) use structs::{
    ANY, BINARY, Content, DELETED, DOC, EMBED, FORMAT, HAS_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, Id,
    Parent, STRING, TYPE,
};
pub use view::View;

use crate::Attribution;

/// Names an item of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(usize);

/// Names a shared type of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeId(usize);

/// An item at its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Id,
    pub(crate) origin: Option<Id>,
    pub(crate) right_origin: Option<Id>,
    pub(crate) parent: TypeId,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) content: Content,
    /// The type that the item is, if it is one.
    pub(crate) holds: Option<TypeId>,
    pub(crate) left: Option<NodeId>,
    pub(crate) right: Option<NodeId>,
}

impl Node {
    pub(crate) fn len(&self) -> u32 {
        self.content.len()
    }

    pub(crate) fn last_id(&self) -> Id {
        self.id.plus(self.len().saturating_sub(1))
    }
}

/// A shared type: a list, and for each key the last item ever set.
#[derive(Debug, Default)]
pub(crate) struct Type {
    pub(crate) first: Option<NodeId>,
    pub(crate) entries: BTreeMap<Arc<str>, NodeId>,
}

/// Everything that is known of a document. See the module documentation.
#[derive(Debug, Default)]
pub struct Archive {
    nodes: Vec<Node>,
    types: Vec<Type>,
    roots: BTreeMap<Arc<str>, TypeId>,
    places: BTreeMap<u64, BTreeMap<u32, NodeId>>,
}

impl Archive {
    /// Puts updates (format v1) together. Each is a whole state or a part of one.
    pub fn of(updates: &[Bytes]) -> Result<Self, DecodeError> {
        let mut archive = Self::default();
        let parsed: Result<Vec<_>, _> = updates.iter().map(structs::parse).collect();
        place::place_all(&mut archive, parsed?);
        Ok(archive)
    }

    /// What a whole state (format v1) shows. Its items are cut where that begins or ends, so that
    /// each is shown or not.
    pub fn view(&mut self, state: &Bytes) -> Result<View, DecodeError> {
        let view = View::of(&structs::parse(state)?);
        for id in view.boundaries() {
            self.cut_before(id);
        }
        Ok(view)
    }

    /// Cuts items where another author or time begins, so that each item has one.
    pub fn cut_by(&mut self, attribution: &Attribution) {
        let both = attribution.insertions().chain(attribution.deletions());
        for (range, _) in both {
            for clock in [range.clock, range.clock + range.len] {
                self.cut_before(Id {
                    client_id: range.client_id,
                    clock,
                });
            }
        }
    }

    /// A client id for an edit of the server's own, that nobody has used in any state of this
    /// archive. The same seed gives the same id.
    pub fn unused_client_id(&self, known: &Attribution, seed: u64) -> u64 {
        let used = |id: u64| {
            let mut written = known.insertions();
            self.places.contains_key(&id) || written.any(|(range, _)| range.client_id == id)
        };
        let mut drawn = (0..).map(|step: u64| server_client_id(seed.wrapping_add(step)));
        // A document has not four thousand million clients, so this ends.
        drawn.find(|id| !used(*id)).unwrap_or(SERVER_CLIENTS << 32)
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = (&Arc<str>, TypeId)> {
        self.roots.iter().map(|(name, id)| (name, *id))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids name nodes of this archive, and none goes"
    )]
    pub(crate) fn node(&self, NodeId(at): NodeId) -> &Node {
        &self.nodes[at]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids name types of this archive, and none goes"
    )]
    pub(crate) fn shared_type(&self, TypeId(at): TypeId) -> &Type {
        &self.types[at]
    }

    /// The items of a type's list, shown or not, in order.
    pub(crate) fn list(&self, of: TypeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.shared_type(of).first, |id| self.node(*id).right)
    }

    /// The items ever set under a key, the last first.
    pub(crate) fn chain(&self, of: TypeId, key: &str) -> impl Iterator<Item = NodeId> {
        let last = self.shared_type(of).entries.get(key).copied();
        std::iter::successors(last, |id| self.node(*id).left)
    }

    /// The item that has a clock.
    pub(crate) fn find(&self, id: Id) -> Option<NodeId> {
        let (_, node) = self
            .places
            .get(&id.client_id)?
            .range(..=id.clock)
            .next_back()?;
        let found = self.node(*node);
        (id.clock - found.id.clock < found.len()).then_some(*node)
    }

    /// Sees to it that an item begins at a clock, if one has it.
    fn cut_before(&mut self, id: Id) -> Option<NodeId> {
        let at = self.find(id)?;
        let offset = id.clock - self.node(at).id.clock;
        if offset == 0 {
            return Some(at);
        }
        let right_id = NodeId(self.nodes.len());
        let node = self.node_mut(at);
        let content = node.content.split_off(offset);
        let right = Node {
            id,
            origin: Some(node.last_id()),
            right_origin: node.right_origin,
            parent: node.parent,
            key: node.key.clone(),
            content,
            holds: None,
            left: Some(at),
            right: node.right,
        };
        node.right = Some(right_id);
        match (right.right, &right.key) {
            (Some(next), _) => self.node_mut(next).left = Some(right_id),
            (None, Some(key)) => {
                let key = key.clone();
                self.type_mut(right.parent).entries.insert(key, right_id);
            }
            (None, None) => {}
        }
        self.keep(right);
        Some(right_id)
    }

    fn keep(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.nodes.len());
        let place = self.places.entry(node.id.client_id).or_default();
        place.insert(node.id.clock, id);
        self.nodes.push(node);
        id
    }

    fn root_named(&mut self, name: &Arc<str>) -> TypeId {
        if let Some(id) = self.roots.get(name) {
            return *id;
        }
        let id = self.new_type();
        self.roots.insert(name.clone(), id);
        id
    }

    fn new_type(&mut self) -> TypeId {
        self.types.push(Type::default());
        TypeId(self.types.len() - 1)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids name nodes of this archive, and none goes"
    )]
    fn node_mut(&mut self, NodeId(at): NodeId) -> &mut Node {
        &mut self.nodes[at]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids name types of this archive, and none goes"
    )]
    fn type_mut(&mut self, TypeId(at): TypeId) -> &mut Type {
        &mut self.types[at]
    }
}

/// The upper bits of the client ids with which the server writes. Yjs draws ids of 32 bits, so no
/// editor has one of these; JavaScript counts exactly up to 53 bits.
const SERVER_CLIENTS: u64 = 0xa_5e4e;

/// A client id with which the server may write, drawn from a seed.
pub fn server_client_id(seed: u64) -> u64 {
    (SERVER_CLIENTS << 32) | (splitmix(seed) >> 32)
}

/// Whether the server wrote this, to restore or to put something back.
pub(crate) fn is_servers(id: Id) -> bool {
    id.client_id >> 32 == SERVER_CLIENTS
}

/// A well mixed number out of any.
fn splitmix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
