//! A document as a tree of what is to be shown, and of whom and what each part tells.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::{
    Attribution, StampId,
    archive::{Archive, BINARY, Content, DOC, EMBED, Id, Node, TypeId, View},
    value::{json_of_any, json_of_bytes, json_of_text},
};

/// Types nest at most so deep in what is rendered, restored or reverted: all of that is recursive,
/// and no editor comes near it.
pub(crate) const DEPTH_MAX: usize = 200;

/// A document nests its types more deeply than this program follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("types are nested more than {DEPTH_MAX} levels deep")]
pub struct TooDeep;

/// Formatting of a text: keys and values.
pub type Attributes = BTreeMap<Arc<str>, Value>;

/// What became of a part between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is in the later state only.
    Inserted,
    /// It is in the earlier state only.
    Deleted,
    /// It is in both, formatted otherwise.
    Formatted,
}

/// What is told of a part beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// What became of it, where two states are compared.
    pub change: Option<Change>,
    /// Who wrote it, or changed it so, if that is asked and known.
    pub stamp: Option<StampId>,
}

/// What a shared type is, as far as the document says. A root does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A root: what is in it tells.
    Root,
    /// A list of values.
    Array,
    /// Keys and values.
    Map,
    /// Text.
    Text,
    /// An XML element of this name.
    Element(Arc<str>),
    /// A list of XML elements and texts.
    Fragment,
    /// Text between XML elements.
    XmlText,
    /// Something that this program does not know.
    Unknown(u8),
}

/// A shared type with what is shown of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// What it is.
    pub kind: Kind,
    /// Values by key, ordered by key. A changed one appears as it was and as it is.
    pub entries: Vec<(Arc<str>, Leaf, Mark)>,
    /// The list, in order.
    pub children: Vec<(Leaf, Mark)>,
}

/// One thing in a list or under a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf {
    /// A run of text with one formatting.
    Text(String, Attributes),
    /// A value.
    Value(Value),
    /// An object inside a text, with its formatting.
    Embed(Value, Attributes),
    /// A document inside this one; its content is elsewhere.
    Subdocument,
    /// A shared type.
    Branch(Branch),
}

/// A whole document: its roots by name.
pub type Tree = Vec<(Arc<str>, Branch)>;

/// What to show.
#[derive(Debug, Clone, Copy)]
pub enum Lens<'a> {
    /// One state.
    Content(&'a View),
    /// One state, and who wrote it. Cut the archive by the attribution first.
    Blame(&'a View, &'a Attribution),
    /// What is in either of two states, and what changed from the first to the second.
    Diff(&'a View, &'a View, &'a Attribution),
}

impl Lens<'_> {
    fn before(&self, id: Id) -> bool {
        match self {
            Self::Content(view) | Self::Blame(view, _) | Self::Diff(view, ..) => view.shows(id),
        }
    }

    fn after(&self, id: Id) -> bool {
        match self {
            Self::Content(view) | Self::Blame(view, _) | Self::Diff(_, view, _) => view.shows(id),
        }
    }

    fn inserted_by(&self, node: &Node) -> Option<StampId> {
        match self {
            Self::Content(_) => None,
            Self::Blame(_, known) | Self::Diff(_, _, known) => known.inserted_at(node.id),
        }
    }

    fn mark(&self, node: &Node, seen: Seen) -> Mark {
        let (change, stamp) = match (self, seen) {
            (Self::Content(_), _) => (None, None),
            (Self::Blame(..), _) => (None, self.inserted_by(node)),
            (Self::Diff(..), Seen::BOTH) => (None, None),
            (Self::Diff(..), Seen { after: true, .. }) => {
                (Some(Change::Inserted), self.inserted_by(node))
            }
            (Self::Diff(_, _, known), _) => (Some(Change::Deleted), known.deleted_at(node.id)),
        };
        Mark { change, stamp }
    }
}

/// In which of the two states something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    before: bool,
    after: bool,
}

/// A type that is walked: in which states it is shown, and how deep inside others it is.
#[derive(Debug, Clone, Copy)]
struct Around {
    seen: Seen,
    depth: usize,
}

impl Around {
    fn inside(self, seen: Seen) -> Self {
        Self {
            seen,
            depth: self.depth + 1,
        }
    }
}

impl Seen {
    const BOTH: Self = Self {
        before: true,
        after: true,
    };
    const NEITHER: Self = Self {
        before: false,
        after: false,
    };
}

/// What a lens shows of an archive.
pub fn tree(archive: &Archive, lens: Lens<'_>) -> Result<Tree, TooDeep> {
    let mut tree = Tree::new();
    let around = Around {
        seen: Seen::BOTH,
        depth: 0,
    };
    for (name, root) in archive.roots() {
        let branch = branch(archive, lens, Kind::Root, root, around)?;
        if !branch.children.is_empty() || !branch.entries.is_empty() {
            tree.push((name.clone(), branch));
        }
    }
    Ok(tree)
}

fn seen(lens: Lens<'_>, node: &Node, parent: Around) -> Seen {
    Seen {
        before: parent.seen.before && lens.before(node.id),
        after: parent.seen.after && lens.after(node.id),
    }
}

fn branch(
    archive: &Archive,
    lens: Lens<'_>,
    kind: Kind,
    of: TypeId,
    around: Around,
) -> Result<Branch, TooDeep> {
    if around.depth > DEPTH_MAX {
        return Err(TooDeep);
    }
    Ok(Branch {
        entries: entries(archive, lens, of, around)?,
        children: children(archive, lens, of, around)?,
        kind,
    })
}

fn entries(
    archive: &Archive,
    lens: Lens<'_>,
    of: TypeId,
    parent: Around,
) -> Result<Vec<(Arc<str>, Leaf, Mark)>, TooDeep> {
    let mut entries = Vec::new();
    for key in archive.shared_type(of).entries.keys() {
        let shown = |wanted: fn(&Seen) -> bool| {
            archive
                .chain(of, key)
                .find(|id| wanted(&seen(lens, archive.node(*id), parent)))
        };
        let (was, is) = (shown(|seen| seen.before), shown(|seen| seen.after));
        let was = was.filter(|was| Some(*was) != is);
        for id in was.into_iter().chain(is) {
            let node = archive.node(id);
            let inside = parent.inside(seen(lens, node, parent));
            if let Some(leaf) = leaf(archive, lens, node, inside, &Attributes::new())? {
                entries.push((key.clone(), leaf, lens.mark(node, inside.seen)));
            }
        }
    }
    Ok(entries)
}

/// Formatting at one place of a text, in both states, and who changed it last.
#[derive(Debug, Default)]
struct Formatting {
    before: Attributes,
    after: Attributes,
    changed_by: Option<StampId>,
}

impl Formatting {
    fn take(&mut self, key: &Arc<str>, value: &str, seen: Seen) {
        let value = json_of_text(value);
        for (attributes, seen) in [
            (&mut self.before, seen.before),
            (&mut self.after, seen.after),
        ] {
            match seen {
                false => {}
                true if value.is_null() => drop(attributes.remove(key)),
                true => drop(attributes.insert(key.clone(), value.clone())),
            }
        }
    }
}

fn children(
    archive: &Archive,
    lens: Lens<'_>,
    of: TypeId,
    parent: Around,
) -> Result<Vec<(Leaf, Mark)>, TooDeep> {
    let mut children: Vec<(Leaf, Mark)> = Vec::new();
    let mut formatting = Formatting::default();
    let mut units = Units::default();
    for id in archive.list(of) {
        let node = archive.node(id);
        let seen = seen(lens, node, parent);
        if seen == Seen::NEITHER {
            continue;
        }
        if let Content::Format(key, value) = &node.content {
            formatting.take(key, value, seen);
            if seen != Seen::BOTH {
                formatting.changed_by = lens.mark(node, seen).stamp;
            }
            continue;
        }
        let mut mark = lens.mark(node, seen);
        let attributes = match seen.after {
            true => &formatting.after,
            false => &formatting.before,
        };
        if seen == Seen::BOTH && formatting.before != formatting.after {
            mark = Mark {
                change: Some(Change::Formatted),
                stamp: formatting.changed_by,
            };
        }
        if let Content::Text(..) = node.content {
            units.push(&mut children, node.content.units(), attributes, mark);
            continue;
        }
        units.flush(&mut children);
        if let Content::Values(values) = &node.content {
            let values = values.iter().map(|value| json_of_any(value));
            children.extend(values.map(|value| (Leaf::Value(value), mark)));
        } else if let Some(leaf) = leaf(archive, lens, node, parent.inside(seen), attributes)? {
            children.push((leaf, mark));
        }
    }
    units.flush(&mut children);
    Ok(children)
}

/// A run of text as it grows. Characters of two units may be parted over two items.
#[derive(Default)]
struct Units {
    units: Vec<u16>,
    attributes: Attributes,
    mark: Mark,
}

impl Units {
    fn push(
        &mut self,
        children: &mut Vec<(Leaf, Mark)>,
        units: &[u16],
        attributes: &Attributes,
        mark: Mark,
    ) {
        if self.mark != mark || self.attributes != *attributes {
            self.flush(children);
            self.attributes.clone_from(attributes);
            self.mark = mark;
        }
        self.units.extend_from_slice(units);
    }

    fn flush(&mut self, children: &mut Vec<(Leaf, Mark)>) {
        if self.units.is_empty() {
            return;
        }
        let text = String::from_utf16_lossy(&std::mem::take(&mut self.units));
        children.push((Leaf::Text(text, self.attributes.clone()), self.mark));
    }
}

fn leaf(
    archive: &Archive,
    lens: Lens<'_>,
    node: &Node,
    inside: Around,
    attributes: &Attributes,
) -> Result<Option<Leaf>, TooDeep> {
    Ok(Some(match &node.content {
        Content::Deleted(_) | Content::Format(..) => return Ok(None),
        Content::Text(..) => {
            let text = String::from_utf16_lossy(node.content.units());
            Leaf::Text(text, attributes.clone())
        }
        Content::Values(values) => match values.last() {
            Some(value) => Leaf::Value(json_of_any(value)),
            None => return Ok(None),
        },
        Content::Opaque(BINARY, raw) => Leaf::Value(json_of_bytes(counted(raw))),
        Content::Opaque(EMBED, raw) => {
            let text = String::from_utf8_lossy(counted(raw));
            Leaf::Embed(json_of_text(&text), attributes.clone())
        }
        Content::Opaque(DOC, _) => Leaf::Subdocument,
        Content::Opaque(..) => return Ok(None),
        Content::Type(kind, name) => {
            let kind = match (kind, name) {
                (0, _) => Kind::Array,
                (1, _) => Kind::Map,
                (2, _) => Kind::Text,
                (_, Some(name)) => Kind::Element(name.clone()),
                (4, _) => Kind::Fragment,
                (6, _) => Kind::XmlText,
                (kind, None) => Kind::Unknown(*kind),
            };
            match node.holds {
                Some(held) => Leaf::Branch(branch(archive, lens, kind, held, inside)?),
                None => return Ok(None),
            }
        }
    }))
}

/// What comes behind a length.
fn counted(raw: &[u8]) -> &[u8] {
    let mut reader = unisson_protocol::encoding::Reader::new(raw);
    reader.var_bytes().unwrap_or_default()
}
