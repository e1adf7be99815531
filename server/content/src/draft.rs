//! Edits of a document as a Yjs update: as small as what is different.

use bytes::Bytes;
use serde_json::Value;
use yrs::{
    Array as _, ArrayRef, ClientID, Doc, Map as _, OffsetKind, Options, Transact as _,
    TransactionMut, Update, WriteTxn as _, Xml as _, XmlElementRef, XmlFragment as _,
    XmlFragmentRef, XmlOut, XmlTextRef,
    branch::{Branch, BranchPtr},
    updates::decoder::Decode as _,
};

use crate::{
    ContentError, Element, Node, Root, Run, Says,
    align::{EQUAL, align, hasher},
    markdown::kind_of,
    normal::{normal, normal_runs, values},
    read, text, text_diff, write,
};

/// Parts less alike than this (of [`EQUAL`]) are not the same part changed.
const LIKENESS_MIN: u32 = 300;
/// An update that says nothing.
const NOTHING: [u8; 2] = [0, 0];

/// Why a document could not be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It does not read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// It has something in it that no editor puts there.
    #[error(
        "the document has a part that is neither an element nor a text: it can only be replaced as an update"
    )]
    Strange,
}

/// A document that is being edited.
pub struct Draft<'doc> {
    txn: TransactionMut<'doc>,
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draft")
    }
}

/// Edits a document (one update, format v1) as this client, who must have written nothing in it
/// before. Gives the update, or nothing where nothing is different.
pub fn edit<E: From<EditError>>(
    state: &[u8],
    client_id: u64,
    change: impl FnOnce(&mut Draft<'_>) -> Result<(), E>,
) -> Result<Option<Bytes>, E> {
    let unreadable = |problem: String| EditError::Content(ContentError::Unreadable(problem));
    let update = Update::decode_v1(state).map_err(|error| unreadable(error.to_string()))?;
    let options = Options {
        offset_kind: OffsetKind::Utf16,
        cleanup_formatting: false,
        ..Options::with_client_id(ClientID::new(client_id))
    };
    let doc = Doc::with_options(options);
    let mut before = doc.transact_mut();
    before
        .apply_update(update)
        .map_err(|error| unreadable(error.to_string()))?;
    drop(before);
    let mut draft = Draft {
        txn: doc.transact_mut(),
    };
    change(&mut draft)?;
    draft.txn.commit();
    let update = draft.txn.encode_update_v1();
    Ok((update != NOTHING).then(|| update.into()))
}

impl Draft<'_> {
    /// What a root says; nothing where it is empty.
    pub fn root(&self, field: &str) -> Result<Option<Root>, EditError> {
        Ok(read::root(&self.txn, field)?)
    }

    /// All of it.
    pub fn content(&self) -> Result<crate::Content, EditError> {
        Ok(read::content(&self.txn)?)
    }

    /// Makes a tree say what is wanted. Where the form of what is wanted does not say everything, attributes
    /// and marks that it has no words for stay on what stays.
    pub fn set_tree(&mut self, field: &str, wanted: &[Node], says: Says) -> Result<(), EditError> {
        let present = match self.root(field)? {
            Some(Root::Tree(nodes)) => nodes,
            Some(Root::Text(_) | Root::Json(_)) => return Err(EditError::Strange),
            None => Vec::new(),
        };
        let fragment = self.txn.get_or_insert_xml_fragment(field);
        sync(&mut self.txn, &fragment, &present, &normal(wanted), says)
    }

    /// Makes a text say what is wanted; marks stay on what stays.
    pub fn set_text(&mut self, field: &str, wanted: &[Run], says: Says) -> Result<(), EditError> {
        let present = match self.root(field)? {
            Some(Root::Text(runs)) => normal_runs(&runs),
            Some(Root::Tree(_) | Root::Json(_)) => return Err(EditError::Strange),
            None => Vec::new(),
        };
        let text = self.txn.get_or_insert_text(field);
        let branch: &Branch = text.as_ref();
        let text = XmlTextRef::from(BranchPtr::from(branch));
        text_diff::change(&mut self.txn, &text, &present, &normal_runs(wanted), says);
        Ok(())
    }

    /// Sets a field of a map.
    pub fn set_key(&mut self, field: &str, key: &str, value: &Value) -> Result<(), EditError> {
        if self
            .value(field)?
            .and_then(|map| map.get(key).cloned())
            .as_ref()
            == Some(value)
        {
            return Ok(());
        }
        let map = self.txn.get_or_insert_map(field);
        map.insert(&mut self.txn, key, write::any(value));
        Ok(())
    }

    /// Takes a field out of a map; whether it was there.
    pub fn remove_key(&mut self, field: &str, key: &str) -> Result<bool, EditError> {
        let there = self.value(field)?.is_some_and(|map| map.get(key).is_some());
        if there {
            let map = self.txn.get_or_insert_map(field);
            map.remove(&mut self.txn, key);
        }
        Ok(there)
    }

    fn value(&self, field: &str) -> Result<Option<Value>, EditError> {
        match self.root(field)? {
            None => Ok(None),
            Some(Root::Json(map @ Value::Object(_))) => Ok(Some(map)),
            Some(_) => Err(EditError::Strange),
        }
    }
}

/// Makes the children of an element, or of a root, what is wanted.
fn sync(
    txn: &mut TransactionMut<'_>,
    parent: &XmlFragmentRef,
    present: &[Node],
    wanted: &[Node],
    says: Says,
) -> Result<(), EditError> {
    let branch: &Branch = parent.as_ref();
    if ArrayRef::from(BranchPtr::from(branch)).len(txn) as usize != present.len() {
        return Err(EditError::Strange);
    }
    let of_present: Vec<Node> = present.iter().map(one).collect();
    // Text in pieces says the same as in one.
    if normal(present) == wanted {
        return Ok(());
    }
    let hashes = |nodes: &[Node]| -> Vec<u64> { nodes.iter().map(hash).collect() };
    let (from, to) = (hashes(&of_present), hashes(wanted));
    let lone = (present.len(), wanted.len()) == (1, 1);
    let alike = |i: usize, j: usize| match (of_present.get(i), wanted.get(j)) {
        (Some(there), Some(wanted)) => likeness(there, wanted, lone),
        _ => 0,
    };
    let mut at = 0;
    for pair in align(&from, &to, &alike) {
        match pair {
            (Some(i), Some(j)) => {
                if from[i] != to[j] {
                    change(txn, parent, at, (&of_present[i], &wanted[j]), says)?;
                }
                at += 1;
            }
            // An empty text is nothing; taking it away is an edit.
            (Some(i), None) if matches!(&of_present[i], Node::Text(runs) if runs.is_empty()) => {
                at += 1;
            }
            (Some(_), None) => parent.remove(txn, at),
            (None, Some(j)) => {
                write::insert(txn, parent, at, &wanted[j]);
                at += 1;
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// One node in its one spelling, an empty text included.
fn one(node: &Node) -> Node {
    let mut nodes = normal(std::slice::from_ref(node));
    nodes.pop().unwrap_or(Node::Text(Vec::new()))
}

fn change(
    txn: &mut TransactionMut<'_>,
    parent: &XmlFragmentRef,
    at: u32,
    nodes: (&Node, &Node),
    says: Says,
) -> Result<(), EditError> {
    match (parent.get(txn, at), nodes) {
        (Some(XmlOut::Element(placed)), (Node::Element(present), Node::Element(wanted))) => {
            change_element(txn, &placed, present, wanted, says)
        }
        (Some(XmlOut::Text(text)), (Node::Text(present), Node::Text(wanted))) => {
            text_diff::change(txn, &text, present, wanted, says);
            Ok(())
        }
        _ => Err(EditError::Strange),
    }
}

fn change_element(
    txn: &mut TransactionMut<'_>,
    placed: &XmlElementRef,
    present: &Element,
    wanted: &Element,
    says: Says,
) -> Result<(), EditError> {
    let (there, asked) = (values(&present.attributes), values(&wanted.attributes));
    for (key, value) in &asked {
        if there.get(key) != Some(value) {
            placed.insert_attribute(txn, key.as_str(), write::any(value));
        }
    }
    for key in there
        .keys()
        .filter(|key| says == Says::Everything && !asked.contains_key(*key))
    {
        placed.remove_attribute(txn, key);
    }
    // As they are there: `present` is in its one spelling, and places are counted.
    let children = read::children(txn, placed.as_ref(), 0).map_err(EditError::Content)?;
    sync(txn, placed.as_ref(), &children, &wanted.children, says)
}

/// How much one part is the other one changed.
fn likeness(there: &Node, wanted: &Node, lone: bool) -> u32 {
    match (there, wanted) {
        (Node::Text(there), Node::Text(wanted)) => {
            1 + shared(&text::of_runs(there), &text::of_runs(wanted))
        }
        (Node::Element(of), Node::Element(to))
            if kind_of(of) == kind_of(to) && of.name == to.name =>
        {
            let shared = shared(&text::of_block(there), &text::of_block(wanted));
            match shared >= LIKENESS_MIN || lone {
                true => shared.max(1),
                false => 0,
            }
        }
        _ => 0,
    }
}

/// How much of two texts is the same: letters at both ends, and words.
fn shared(a: &str, b: &str) -> u32 {
    if a.is_empty() && b.is_empty() {
        return EQUAL - 2;
    }
    let longest = a.chars().count().max(b.chars().count());
    let start = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| text.chars().skip(start).collect::<Vec<char>>();
    let (a_rest, b_rest) = (rest(a), rest(b));
    let end = a_rest
        .iter()
        .rev()
        .zip(b_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let words = |rest: &[char]| -> std::collections::BTreeSet<String> {
        let middle: String = rest[..rest.len() - end].iter().collect();
        middle.split_whitespace().map(str::to_owned).collect()
    };
    let (a_words, b_words) = (words(&a_rest), words(&b_rest));
    let common: usize = a_words
        .intersection(&b_words)
        .map(|word| word.chars().count() + 1)
        .sum();
    let same = (start + end + common).min(longest);
    ((same * (EQUAL as usize - 2)) / longest) as u32
}

/// Equal for nodes that say the same.
pub(crate) fn hash(node: &Node) -> u64 {
    let mut hasher = hasher();
    write_node(node, &mut hasher);
    hasher.end()
}

fn write_node(node: &Node, hasher: &mut crate::align::PartHasher) {
    match node {
        Node::Element(element) => {
            hasher.write(&(1_u8, &element.name, element.children.len()));
            for (key, value) in &element.attributes {
                hasher.write(&(key, value.to_string()));
            }
            element
                .children
                .iter()
                .for_each(|child| write_node(child, hasher));
        }
        Node::Text(runs) => {
            hasher.write(&(2_u8, runs.len()));
            for run in runs {
                hasher.write(&format!("{:?}", run.insert));
                for (key, value) in &run.marks {
                    hasher.write(&(key, value.to_string()));
                }
            }
        }
    }
}
