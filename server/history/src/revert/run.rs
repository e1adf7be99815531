//! Items that somebody deleted together, and what was written since to bring them back.
//!
//! How items are cut depends on which states an archive was made of, so a run is as long as it can
//! be: then two reverts of the same deletion find the same run.

use bytes::Bytes;

use crate::archive::{Archive, Content, Id, NodeId, is_servers};

/// Deleted items that stand together and whose clocks follow each other.
pub(super) struct Run {
    /// What stands left of it.
    pub(super) left: Option<Id>,
    pub(super) nodes: Vec<NodeId>,
    /// Shown items that were written for its place.
    pub(super) copies: Vec<NodeId>,
    /// Shown items that were written for the place behind its end: they are its own if it goes on.
    behind: Vec<NodeId>,
}

impl Run {
    /// A run that begins with an item.
    pub(super) fn new(left: Option<Id>, first: NodeId, copies: Vec<NodeId>) -> Self {
        Self {
            left,
            nodes: vec![first],
            copies,
            behind: Vec::new(),
        }
    }

    /// Takes a deleted item if it goes on where the run ends, with the same kind of content.
    pub(super) fn goes_on_with(&mut self, archive: &Archive, id: NodeId) -> bool {
        let Some(last) = self.nodes.last().map(|last| archive.node(*last)) else {
            return false;
        };
        let node = archive.node(id);
        let alike = matches!(
            (&last.content, &node.content),
            (Content::Text(..), Content::Text(..))
                | (Content::Values(_), Content::Values(_))
                | (Content::Deleted(_), Content::Deleted(_))
        );
        let goes_on = alike && node.id == last.last_id().plus(1);
        if goes_on {
            self.nodes.push(id);
            self.copies.append(&mut self.behind);
        }
        goes_on
    }

    /// Takes a shown item that an earlier revert wrote for a place inside of the run, which it had
    /// found in smaller pieces.
    pub(super) fn takes_copy(&mut self, archive: &Archive, id: NodeId) -> bool {
        let last = self.nodes.last().map(|last| archive.node(*last).last_id());
        let node = archive.node(id);
        let is_copy = is_servers(node.id) && node.right_origin == last.map(|last| last.plus(1));
        if is_copy {
            self.behind.push(id);
        }
        is_copy
    }

    /// Whether the copies say all that the run says.
    pub(super) fn is_back(&self, archive: &Archive) -> bool {
        let said = |nodes: &mut dyn Iterator<Item = &NodeId>| -> Said {
            let (mut units, mut values, mut others) = (Vec::new(), Vec::new(), Vec::new());
            for id in nodes {
                match &archive.node(*id).content {
                    content @ Content::Text(..) => units.extend_from_slice(content.units()),
                    Content::Values(more) => values.extend_from_slice(more),
                    content => others.push(content.clone()),
                }
            }
            (units, values, others)
        };
        let mine = said(&mut self.nodes.iter());
        let client = |id: &NodeId| archive.node(*id).id.client_id;
        // Each edit of the server's own is of another client.
        self.copies.iter().map(client).any(|of| {
            let mut copies = self.copies.iter().filter(|copy| client(copy) == of);
            said(&mut copies) == mine
        })
    }
}

/// Text, values, and whatever else.
type Said = (Vec<u16>, Vec<Bytes>, Vec<Content>);
