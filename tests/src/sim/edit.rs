//! Random rich-text edits, and what a reader would see of a document.

use std::collections::HashMap;

use bytes::Bytes;
use yrs::{
    Any, Array, ArrayRef, ClientID, Doc, GetString, Map, MapRef, OffsetKind, Options, ReadTxn,
    Text, TextRef, Transact, TransactionMut, Xml, XmlElementPrelim, XmlFragment, XmlFragmentRef,
    XmlOut, XmlTextPrelim,
    types::{ToJson, text::YChange},
};

use crate::rng::Rng;

const WORDS: &[&str] = &[
    "a",
    "mot",
    "été ",
    "🙂",
    "\n",
    "long words of a report ",
    "👩‍🚀x",
];
const KEYS: &[&str] = &["title", "owner", "state"];

/// One replica, with its root types.
#[derive(Debug)]
pub struct Replica {
    /// The document itself.
    pub doc: Doc,
    text: TextRef,
    map: MapRef,
    array: ArrayRef,
    xml: XmlFragmentRef,
}

impl Replica {
    /// An empty document that writes under `client_id`.
    pub fn new(client_id: u64) -> Self {
        // The guid is given, so that nothing here is drawn from the system.
        let guid = format!("{client_id:036}").as_str().into();
        let mut options = Options::with_guid_and_client_id(guid, ClientID::new(client_id));
        options.offset_kind = OffsetKind::Utf16;
        let doc = Doc::with_options(options);
        Self {
            text: doc.get_or_insert_text("text"),
            map: doc.get_or_insert_map("map"),
            array: doc.get_or_insert_array("array"),
            xml: doc.get_or_insert_xml_fragment("xml"),
            doc,
        }
    }

    /// One transaction of one to three random edits; its update in format v1.
    pub fn edit(&self, rng: &mut Rng) -> Bytes {
        let mut txn = self.doc.transact_mut();
        for _ in 0..rng.between(1, 3) {
            match rng.below(20) {
                0..=8 => self.write_text(&mut txn, rng),
                9..=11 => self.delete_text(&mut txn, rng),
                12 => self.format_text(&mut txn, rng),
                13..=14 => self.edit_map(&mut txn, rng),
                15..=16 => self.edit_array(&mut txn, rng),
                _ => self.edit_xml(&mut txn, rng),
            }
        }
        txn.commit();
        txn.encode_update_v1().into()
    }

    fn write_text(&self, txn: &mut TransactionMut, rng: &mut Rng) {
        let word = WORDS[rng.index(WORDS.len())];
        let at = self.boundary(txn, rng);
        if rng.chance(15) {
            self.text.insert_with_attributes(txn, at, word, bold(rng));
        } else {
            self.text.insert(txn, at, word);
        }
    }

    fn delete_text(&self, txn: &mut TransactionMut, rng: &mut Rng) {
        let (from, to) = self.range(txn, rng);
        if from < to {
            self.text.remove_range(txn, from, to - from);
        }
    }

    fn format_text(&self, txn: &mut TransactionMut, rng: &mut Rng) {
        let (from, to) = self.range(txn, rng);
        if from < to {
            self.text.format(txn, from, to - from, bold(rng));
        }
    }

    fn edit_map(&self, txn: &mut TransactionMut, rng: &mut Rng) {
        let key = KEYS[rng.index(KEYS.len())];
        if rng.chance(20) {
            self.map.remove(txn, key);
        } else {
            self.map.insert(txn, key, number(rng));
        }
    }

    fn edit_array(&self, txn: &mut TransactionMut, rng: &mut Rng) {
        let len = self.array.len(txn);
        let at = u32::try_from(rng.below(u64::from(len))).unwrap_or(0);
        match rng.below(4) {
            0 if len > 0 => self.array.remove(txn, at),
            1 if len > 1 => {
                // A move, as editors of Yjs 13 do it.
                let value = self.array.get(txn, at).map(|value| value.to_json(txn));
                self.array.remove(txn, at);
                self.array.insert(txn, 0, value.unwrap_or(Any::Null));
            }
            2 => {
                self.array.insert(txn, at, number(rng));
            }
            _ => {
                self.array.push_back(txn, number(rng));
            }
        }
    }

    fn edit_xml(&self, txn: &mut TransactionMut, rng: &mut Rng) {
        let len = self.xml.len(txn);
        let at = u32::try_from(rng.below(u64::from(len) + 1)).unwrap_or(0);
        match (rng.below(4), self.xml.get(txn, at)) {
            (0, Some(_)) => self.xml.remove_range(txn, at, 1),
            (1, Some(XmlOut::Element(element))) => {
                element.insert_attribute(txn, "class", format!("c{}", rng.below(5)));
            }
            (2, Some(XmlOut::Element(element))) => {
                element.push_back(txn, XmlTextPrelim::new(WORDS[rng.index(WORDS.len())]));
            }
            _ => {
                let tag = ["p", "h1", "li"][rng.index(3)];
                self.xml.insert(txn, at, XmlElementPrelim::empty(tag));
            }
        }
    }

    /// A place in the text, never inside a surrogate pair.
    fn boundary(&self, txn: &TransactionMut, rng: &mut Rng) -> u32 {
        let text = self.text.get_string(txn);
        let wanted = rng.index(text.chars().count() + 1);
        let units: usize = text.chars().take(wanted).map(char::len_utf16).sum();
        u32::try_from(units).unwrap_or(0)
    }

    fn range(&self, txn: &TransactionMut, rng: &mut Rng) -> (u32, u32) {
        let (one, other) = (self.boundary(txn, rng), self.boundary(txn, rng));
        let (from, to) = (one.min(other), one.max(other));
        // Mostly short, so that documents grow; sometimes all of it, like a cut.
        if to - from > 8 && !rng.chance(10) {
            (from, from)
        } else {
            (from, to)
        }
    }

    /// All roots as a reader sees them.
    pub fn rendered(&self) -> String {
        let txn = self.doc.transact();
        let pieces: Vec<String> = self
            .text
            .diff(&txn, YChange::identity)
            .iter()
            .map(|piece| {
                let text = piece.insert.clone().to_string(&txn);
                format!("{text:?}{:?}", piece.attributes)
            })
            .collect();
        let map: Vec<String> = KEYS
            .iter()
            .map(|key| {
                format!(
                    "{key}={:?}",
                    self.map.get(&txn, key).map(|v| v.to_json(&txn))
                )
            })
            .collect();
        let array = self.array.to_json(&txn);
        let xml = self.xml.get_string(&txn);
        format!("{pieces:?} {map:?} {array:?} {xml}")
    }

    /// Whether the CRDT holds something that it could not integrate.
    pub fn has_pending(&self) -> bool {
        self.doc.transact().has_missing_updates()
    }
}

/// One attribute only: yrs writes several in the order of a randomly seeded map.
fn bold(rng: &mut Rng) -> yrs::types::Attrs {
    let value = if rng.chance(70) {
        Any::from(true)
    } else {
        Any::Null
    };
    HashMap::from([("bold".into(), value)])
}

fn number(rng: &mut Rng) -> Any {
    Any::from(i32::try_from(rng.below(1000)).unwrap_or(0))
}
