//! Places in a text that stay with their letters while others edit, and how they are found again.
//!
//! A place is two relative positions, in the JSON of Yjs, and what stood there. Positions hold through
//! every edit around them. Where the letters themselves are gone, because somebody cut them and pasted
//! them elsewhere or an import wrote the page anew, the same letters are looked for.

use serde_json::{Value, json};
use yrs::{
    Any, Array as _, ArrayRef, Assoc, ClientID, ID, IndexScope, IndexedSequence as _, Out,
    ReadTxn as _, StickyIndex, Text as _, Transact as _, TransactionMut, XmlTextRef,
    branch::{Branch, BranchPtr},
    types::text::YChange,
};

use crate::{
    read::{ContentError, doc_of},
    tree::DEPTH_MAX,
};

/// A place, as whoever chose it saw it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mark {
    /// Where it begins and ends: relative positions in the JSON of Yjs.
    pub anchor: Option<(Value, Value)>,
    /// What stood there; nothing where the place is the whole document.
    pub quote: String,
    /// What stood right before it.
    pub before: String,
    /// What stood right behind it.
    pub after: String,
}

/// What has become of a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It is where its positions say.
    Anchored {
        /// Counts from the beginning of the document: for the order of places.
        at: usize,
    },
    /// Its letters stand elsewhere now.
    Again {
        /// Where they begin and end.
        anchor: (Value, Value),
        /// As above.
        at: usize,
    },
    /// Its letters are gone.
    Lost,
    /// It is the whole document.
    Whole,
}

/// Looks for places in a document (one update, format v1).
pub fn find(state: &[u8], marks: &[Mark]) -> Result<Vec<Found>, ContentError> {
    let doc = doc_of(state)?;
    let txn = doc.transact_mut();
    let letters = Letters::of(&txn)?;
    Ok(marks.iter().map(|mark| letters.find(&txn, mark)).collect())
}

/// A relative position of Yjs, where the JSON is one.
pub fn position(json: &Value) -> Option<StickyIndex> {
    let known = ["type", "tname", "item", "assoc"];
    let fields = json.as_object()?;
    if fields.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let there = |key: &str| fields.get(key).filter(|value| !value.is_null());
    let assoc = match there("assoc") {
        Some(assoc) if assoc.as_i64()? < 0 => Assoc::Before,
        _ => Assoc::After,
    };
    let scope = match (there("item"), there("type"), there("tname")) {
        (Some(item), _, _) => IndexScope::Relative(id(item)?),
        (None, Some(kind), _) => IndexScope::Nested(id(kind)?),
        (None, None, Some(name)) => IndexScope::Root(name.as_str()?.into()),
        (None, None, None) => return None,
    };
    Some(StickyIndex::new(scope, assoc))
}

fn id(json: &Value) -> Option<ID> {
    // Clients of Yjs are numbers that JavaScript holds exactly.
    let client = json
        .get("client")?
        .as_u64()
        .filter(|client| *client < 1 << 53)?;
    let clock = u32::try_from(json.get("clock")?.as_u64()?).ok()?;
    Some(ID::new(ClientID::new(client), clock))
}

/// One letter of the document, blanks left out: forms of a text differ in these.
#[derive(Debug, Clone, Copy)]
struct Letter {
    letter: char,
    text: usize,
    /// Its place in the text, in UTF-16 units.
    index: u32,
}

/// All letters of a document's trees, in their order.
struct Letters {
    letters: Vec<Letter>,
    texts: Vec<XmlTextRef>,
}

impl Letters {
    fn of(txn: &TransactionMut<'_>) -> Result<Self, ContentError> {
        let mut all = Self {
            letters: Vec::new(),
            texts: Vec::new(),
        };
        let names: Vec<String> = txn.root_refs().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let root = txn.get_xml_fragment(name.as_str());
            if let Some(root) = root {
                all.walk(txn, root.as_ref(), 0)?;
            }
        }
        Ok(all)
    }

    fn walk(
        &mut self,
        txn: &TransactionMut<'_>,
        of: &Branch,
        depth: usize,
    ) -> Result<(), ContentError> {
        if depth >= DEPTH_MAX {
            return Err(ContentError::TooDeep);
        }
        let children = ArrayRef::from(BranchPtr::from(of));
        for child in children.iter(txn) {
            match child {
                Out::YXmlText(text) => self.text(txn, text),
                Out::YXmlElement(element) => self.walk(txn, element.as_ref(), depth + 1)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn text(&mut self, txn: &TransactionMut<'_>, text: XmlTextRef) {
        let mut index = 0;
        for run in text.diff(txn, YChange::identity) {
            let Out::Any(Any::String(letters)) = run.insert else {
                // Something in the place of a letter.
                index += 1;
                continue;
            };
            for letter in letters.chars() {
                if !is_blank(letter) {
                    self.letters.push(Letter {
                        letter,
                        text: self.texts.len(),
                        index,
                    });
                }
                index += letter.len_utf16() as u32;
            }
        }
        self.texts.push(text);
    }

    fn find(&self, txn: &TransactionMut<'_>, mark: &Mark) -> Found {
        let Some((start, end)) = &mark.anchor else {
            return Found::Whole;
        };
        let at = |json: &Value| self.letter_at(txn, &position(json)?);
        if let (Some(start), Some(end)) = (at(start), at(end))
            && start < end
        {
            return Found::Anchored { at: start };
        }
        self.search(txn, mark).unwrap_or(Found::Lost)
    }

    /// The number of the first letter at or behind a position.
    fn letter_at(&self, txn: &TransactionMut<'_>, position: &StickyIndex) -> Option<usize> {
        let offset = position.get_offset(txn)?;
        let is_its =
            |text: &XmlTextRef| BranchPtr::from(AsRef::<Branch>::as_ref(text)) == offset.branch;
        let text = self.texts.iter().position(is_its)?;
        Some(
            self.letters
                .partition_point(|letter| (letter.text, letter.index) < (text, offset.index)),
        )
    }

    /// The place with the same letters, and of several the one with the same neighbours.
    fn search(&self, txn: &TransactionMut<'_>, mark: &Mark) -> Option<Found> {
        let quote = letters_of(&mark.quote);
        let (before, after) = (letters_of(&mark.before), letters_of(&mark.after));
        let first = *quote.first()?;
        let mut best: Option<(usize, usize)> = None;
        let starts = self.letters.len().checked_sub(quote.len())?;
        for start in 0..=starts {
            if self.letters[start].letter != first {
                continue;
            }
            let end = start + quote.len();
            let here = self.letters[start..end].iter().map(|letter| letter.letter);
            if !here.eq(quote.iter().copied()) {
                continue;
            }
            let backwards = self.letters[..start].iter().rev().map(|l| l.letter);
            let forwards = self.letters[end..].iter().map(|letter| letter.letter);
            let alike = alike(backwards, before.iter().rev()) + alike(forwards, after.iter());
            if best.is_none_or(|(most, _)| alike > most) {
                best = Some((alike, start));
            }
        }
        let (_, start) = best?;
        let last = start + quote.len() - 1;
        let anchor = (
            self.position_of(txn, start, Assoc::After)?,
            self.position_of(txn, last, Assoc::Before)?,
        );
        Some(Found::Again { anchor, at: start })
    }

    /// The position before a letter, or the one behind it.
    fn position_of(&self, txn: &TransactionMut<'_>, letter: usize, assoc: Assoc) -> Option<Value> {
        let letter = self.letters.get(letter)?;
        let behind = match assoc {
            Assoc::After => 0,
            Assoc::Before => letter.letter.len_utf16() as u32,
        };
        let text = self.texts.get(letter.text)?;
        let position = text.sticky_index(txn, letter.index + behind, assoc)?;
        let id = position.id()?;
        Some(json!({
            "item": { "client": id.client.get(), "clock": id.clock },
            "assoc": if assoc == Assoc::Before { -1 } else { 0 },
        }))
    }
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{fffc}'
}

fn letters_of(text: &str) -> Vec<char> {
    text.chars().filter(|letter| !is_blank(*letter)).collect()
}

/// How many letters are the same from the beginning.
fn alike<'a>(one: impl Iterator<Item = char>, other: impl Iterator<Item = &'a char>) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == *other)
        .count()
}

#[cfg(test)]
mod tests;
