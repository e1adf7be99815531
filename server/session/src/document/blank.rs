//! Whether there is anything to see in a document.

use bytes::Bytes;
use yrs::{
    Array, ArrayRef, Map, Out, ReadTxn, Text, Transact, XmlElementRef, XmlTextRef,
    branch::{Branch, BranchPtr},
};

use super::{Document, LoadError};
use crate::standing;

/// Deeper than any editor nests what is empty.
const DEPTH_MAX: usize = 8;
/// What editors begin with: a paragraph, or BlockNote's block of one.
const EMPTY: [&str; 4] = ["paragraph", "blockGroup", "blockgroup", "blockContainer"];

impl Document {
    /// Whether nothing was ever written.
    pub(crate) fn is_new(&self) -> bool {
        self.clocks().values().all(|clock| *clock == 0) && !self.has_waiting()
    }

    /// Whether who opens it sees nothing: no text, no value, nothing but an empty paragraph.
    pub(crate) fn is_blank(&mut self) -> Result<bool, LoadError> {
        if self.is_new() {
            return Ok(true);
        }
        let doc = self.wake()?;
        let txn = doc.transact();
        let roots: Vec<String> = txn.root_refs().map(|(name, _)| name.to_owned()).collect();
        Ok(roots.iter().all(|name| {
            let keys = txn.get_map(name.as_str()).map_or(0, |map| map.len(&txn));
            let items = txn.get_array(name.as_str());
            keys == 0 && items.is_none_or(|items| all_blank(&txn, &items, 0))
        }))
    }

    /// How the document stands: [`crate::standing()`].
    pub(crate) fn standing(&mut self) -> Result<Bytes, LoadError> {
        let clocks = self.clocks().clone();
        Ok(standing::encode(&clocks, self.deletions()?))
    }
}

fn all_blank<T: ReadTxn>(txn: &T, items: &ArrayRef, depth: usize) -> bool {
    items.len(txn) == 0
        || depth < DEPTH_MAX
            && items.iter(txn).all(|item| match item {
                Out::YXmlElement(element) => is_blank_element(txn, &element, depth),
                Out::YXmlText(text) => is_blank_text(txn, &text),
                _ => false,
            })
}

fn is_blank_element<T: ReadTxn>(txn: &T, element: &XmlElementRef, depth: usize) -> bool {
    let name = element
        .try_tag()
        .map(ToString::to_string)
        .unwrap_or_default();
    let branch: &Branch = element.as_ref();
    let children = ArrayRef::from(BranchPtr::from(branch));
    EMPTY.contains(&name.as_str()) && all_blank(txn, &children, depth + 1)
}

fn is_blank_text<T: ReadTxn>(txn: &T, text: &XmlTextRef) -> bool {
    text.len(txn) == 0
}
