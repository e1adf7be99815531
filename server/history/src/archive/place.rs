//! Giving every item its place, as Yjs does.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Archive, Content, Id, Node, NodeId, Parent, TypeId,
    structs::{Item, Parsed, Struct},
};

/// Structs by client and first clock; they never overlap.
type Pending = BTreeMap<u64, BTreeMap<u32, Struct>>;

pub(super) fn place_all(archive: &mut Archive, updates: Vec<Parsed>) {
    let mut pending = Pending::default();
    for part in updates.into_iter().flat_map(|update| update.structs) {
        add(pending.entry(part.id.client_id).or_default(), part);
    }
    let clients: Vec<u64> = pending.keys().copied().collect();
    for client_id in clients {
        place_with_needs(archive, &mut pending, client_id);
    }
}

/// Adds a struct; of each clock the one stays that knows most.
fn add(structs: &mut BTreeMap<u32, Struct>, mut part: Struct) {
    loop {
        let start = part.id.clock;
        let end = start.saturating_add(part.len);
        if start >= end {
            return;
        }
        let overlapping = structs
            .range(..end)
            .next_back()
            .filter(|(first, other)| **first + other.len > start)
            .map(|(first, _)| *first);
        let Some(mut other) = overlapping.and_then(|first| structs.remove(&first)) else {
            structs.insert(start, part);
            return;
        };
        // From right to left, so that what is left of the part is always its beginning.
        let other_end = other.id.clock + other.len;
        if other_end > end {
            let rest = other.split_off(end - other.id.clock);
            structs.insert(rest.id.clock, rest);
        } else if other_end < end {
            let rest = part.split_off(other_end - start);
            structs.insert(rest.id.clock, rest);
        }
        // Both end at the same clock now.
        if other.id.clock < start {
            let rest = other.split_off(start - other.id.clock);
            structs.insert(other.id.clock, other);
            other = rest;
        }
        let shared = match other.id.clock > start {
            true => part.split_off(other.id.clock - start),
            false => std::mem::replace(&mut part, empty(start)),
        };
        let best = if shared.worth() > other.worth() {
            shared
        } else {
            other
        };
        structs.insert(best.id.clock, best);
    }
}

fn empty(clock: u32) -> Struct {
    Struct {
        id: Id {
            client_id: 0,
            clock,
        },
        len: 0,
        item: None,
    }
}

/// Places all structs of a client, and before each whatever it refers to.
fn place_with_needs(archive: &mut Archive, pending: &mut Pending, client_id: u64) {
    let mut stack = vec![(client_id, u32::MAX)];
    while let Some((client_id, until)) = stack.last().copied() {
        let next = pending
            .get(&client_id)
            .and_then(|structs| structs.first_key_value())
            .filter(|(clock, _)| **clock < until);
        let Some((clock, part)) = next else {
            stack.pop();
            continue;
        };
        let clock = *clock;
        // What never came, or waits for this very struct, will not come any more.
        let need = needs(part).find(|need| {
            archive.find(*need).is_none()
                && stack.iter().all(|(client, _)| *client != need.client_id)
                && is_pending(pending, *need)
        });
        if let Some(need) = need {
            stack.push((need.client_id, need.clock.saturating_add(1)));
            continue;
        }
        let part = pending
            .get_mut(&client_id)
            .and_then(|structs| structs.remove(&clock));
        if let Some(Struct {
            id,
            item: Some(item),
            ..
        }) = part
        {
            place(archive, id, item);
        }
    }
}

fn is_pending(pending: &Pending, id: Id) -> bool {
    let structs = pending.get(&id.client_id);
    let before = structs.and_then(|structs| structs.range(..=id.clock).next_back());
    before.is_some_and(|(first, part)| id.clock - first < part.len)
}

fn needs(part: &Struct) -> impl Iterator<Item = Id> {
    let item = part.item.as_ref();
    let parent = item.and_then(|item| match &item.parent {
        Some(Parent::Item(id)) => Some(*id),
        _ => None,
    });
    let origins = item
        .map(|item| [item.origin, item.right_origin])
        .into_iter();
    origins.flatten().chain([parent]).flatten()
}

/// Places one item whose neighbours are there. One that refers to what is nowhere known has no
/// place, as with Yjs, and is left out.
fn place(archive: &mut Archive, id: Id, item: Item) {
    let neighbours = |archive: &mut Archive| {
        let left = match item.origin {
            Some(origin) => {
                archive.cut_before(origin.plus(1));
                Some(archive.find(origin)?)
            }
            None => None,
        };
        let right = match item.right_origin {
            Some(origin) => Some(archive.cut_before(origin)?),
            None => None,
        };
        Some((left, right))
    };
    let Some((left, right)) = neighbours(archive) else {
        return;
    };
    let (parent, key) = match left.or(right) {
        Some(neighbour) => {
            let neighbour = archive.node(neighbour);
            (Some(neighbour.parent), neighbour.key.clone())
        }
        None => (parent_of(archive, item.parent.as_ref()), item.key.clone()),
    };
    let Some(parent) = parent else { return };
    let mut node = Node {
        id,
        origin: item.origin,
        right_origin: item.right_origin,
        parent,
        key,
        content: item.content,
        holds: None,
        left,
        right: None,
    };
    node.left = settle(archive, &node, right);
    if matches!(node.content, Content::Type(..)) {
        node.holds = Some(archive.new_type());
    }
    link(archive, node);
}

fn parent_of(archive: &mut Archive, parent: Option<&Parent>) -> Option<TypeId> {
    match parent? {
        Parent::Root(name) => Some(archive.root_named(name)),
        Parent::Item(id) => archive.node(archive.find(*id)?).holds,
    }
}

/// The first item of the list or of the key's chain that a node belongs to.
fn first_of(archive: &Archive, node: &Node) -> Option<NodeId> {
    match &node.key {
        None => archive.shared_type(node.parent).first,
        Some(key) => archive.chain(node.parent, key).last(),
    }
}

/// Where among concurrent insertions at the same place a node goes: the item on its left.
fn settle(archive: &Archive, node: &Node, right: Option<NodeId>) -> Option<NodeId> {
    let mut left = node.left;
    let mut other = match left {
        Some(left) => archive.node(left).right,
        None => first_of(archive, node),
    };
    let (mut conflicting, mut before) = (BTreeSet::new(), BTreeSet::new());
    while let Some(at) = other.filter(|_| other != right) {
        before.insert(at);
        conflicting.insert(at);
        let it = archive.node(at);
        if it.origin == node.origin {
            if it.id.client_id < node.id.client_id {
                left = Some(at);
                conflicting.clear();
            } else if it.right_origin == node.right_origin {
                break;
            }
        } else if let Some(origin) = it.origin.and_then(|origin| archive.find(origin))
            && before.contains(&origin)
        {
            if !conflicting.contains(&origin) {
                left = Some(at);
                conflicting.clear();
            }
        } else {
            break;
        }
        other = it.right;
    }
    left
}

fn link(archive: &mut Archive, mut node: Node) {
    node.right = match node.left {
        Some(left) => archive.node(left).right,
        None => first_of(archive, &node),
    };
    let (left, right, parent, key) = (node.left, node.right, node.parent, node.key.clone());
    let id = archive.keep(node);
    match (left, &key) {
        (Some(left), _) => archive.node_mut(left).right = Some(id),
        (None, None) => archive.type_mut(parent).first = Some(id),
        (None, Some(_)) => {}
    }
    match (right, key) {
        (Some(right), _) => archive.node_mut(right).left = Some(id),
        (None, Some(key)) => {
            archive.type_mut(parent).entries.insert(key, id);
        }
        (None, None) => {}
    }
}
