//! A recorded history of real writing, as the updates that an editor would have sent.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use yrs::{
    Doc, GetString, OffsetKind, Options, ReadTxn, Text, TextRef, Transact, Update, block::ClientID,
    updates::decoder::Decode,
};

use crate::{
    backoff::Random,
    typed::{Piece, Until, typed},
    writer::TEXT,
};

/// Edits of a history, at most.
const EDITS_MAX: usize = 2_000_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    start_content: String,
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    patches: Vec<(u32, u32, String)>,
}

/// Everything that is sent to the long document, in order, and what it must come to.
pub(crate) struct LongHistory {
    /// The recorded edits.
    pub(crate) recorded: Vec<Piece>,
    /// What a second author adds, so that the document has its size.
    pub(crate) added: Piece,
    /// Single letters, typed afterwards by the first author.
    pub(crate) letters: Vec<Piece>,
    pub(crate) text: String,
    pub(crate) encoded_bytes: usize,
}

/// The authors of the long document. They are the same in every run, which needs it but once.
pub(crate) const AUTHOR: u64 = 1_900_000_001;
const SECOND_AUTHOR: u64 = 1_900_000_002;

type Key = (PathBuf, usize, usize);
static LAST: Mutex<Option<(Key, Arc<LongHistory>)>> = Mutex::new(None);

impl LongHistory {
    /// Replays a recording, fills the document up to `bytes`, and types some letters more. This
    /// takes the better part of a minute, so the last one is kept.
    pub(crate) fn replay(path: &Path, bytes: usize, letters: usize) -> Result<Arc<Self>> {
        let key = (path.to_owned(), bytes, letters);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, history)) = &*last
            && *known == key
        {
            return Ok(Arc::clone(history));
        }
        let mut author = Author::new(AUTHOR);
        let recorded = author.replay(path)?;
        let missing = bytes.saturating_sub(author.encoded().len()).max(1);
        let mut added = typed(SECOND_AUTHOR, Until::Bytes(missing), 1, usize::MAX).pieces;
        let added = added.pop().context("one piece is typed")?;
        author.receive(&added.update)?;
        let letters = (0..letters).map(|_| author.type_letter()).collect();
        let history = Arc::new(Self {
            recorded,
            added,
            letters,
            text: author.text(),
            encoded_bytes: author.encoded().len(),
        });
        *last = Some((key, Arc::clone(&history)));
        Ok(history)
    }
}

/// The text that a recorded history comes to.
pub(crate) fn recorded_text(path: &Path) -> Result<String> {
    Ok(read(path)?.end_content)
}

fn read(path: &Path) -> Result<Recorded> {
    let file = File::open(path)
        .with_context(|| format!("no history at {}: see loadtest/peers/setup", path.display()))?;
    serde_json::from_reader(BufReader::new(file))
        .with_context(|| format!("{} is no recorded history", path.display()))
}

/// An author with a document, who makes one update for each edit.
pub(crate) struct Author {
    doc: Doc,
    text: TextRef,
    client_id: u64,
    random: Random,
}

impl Author {
    pub(crate) fn new(client_id: u64) -> Self {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(ClientID::new(client_id))
        });
        Self {
            text: doc.get_or_insert_text(TEXT),
            doc,
            client_id,
            random: Random::new(client_id),
        }
    }

    fn edit(&self, position: u32, deleted: u32, inserted: &str) -> Piece {
        let mut transaction = self.doc.transact_mut();
        if deleted > 0 {
            self.text.remove_range(&mut transaction, position, deleted);
        }
        if !inserted.is_empty() {
            self.text.insert(&mut transaction, position, inserted);
        }
        transaction.commit();
        Piece {
            author: self.client_id,
            update: transaction.encode_update_v1().into(),
            end: transaction
                .state_vector()
                .get(&ClientID::new(self.client_id)),
        }
    }

    /// One letter somewhere.
    pub(crate) fn type_letter(&mut self) -> Piece {
        let length = self.text.len(&self.doc.transact());
        let position = self.random.next() % (u64::from(length) + 1);
        self.edit(position as u32, 0, "x")
    }

    /// Makes all edits of a recorded history, which must end in its recorded text.
    fn replay(&mut self, path: &Path) -> Result<Vec<Piece>> {
        let recorded = read(path)?;
        ensure!(
            recorded.start_content.is_empty(),
            "the history begins with a text"
        );
        let patches = recorded
            .txns
            .iter()
            .flat_map(|transaction| &transaction.patches);
        let mut pieces = Vec::new();
        for (position, deleted, inserted) in patches {
            ensure!(pieces.len() < EDITS_MAX, "more than {EDITS_MAX} edits");
            let length = self.text.len(&self.doc.transact());
            let end = position.checked_add(*deleted);
            ensure!(
                end.is_some_and(|end| end <= length),
                "an edit outside the text"
            );
            pieces.push(self.edit(*position, *deleted, inserted));
        }
        ensure!(
            self.text() == recorded.end_content,
            "the history ends in another text"
        );
        Ok(pieces)
    }

    /// Takes in what somebody else wrote.
    fn receive(&self, update: &[u8]) -> Result<()> {
        let update = Update::decode_v1(update)?;
        self.doc.transact_mut().apply_update(update)?;
        Ok(())
    }

    fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    /// The document, encoded.
    fn encoded(&self) -> Vec<u8> {
        let everything = yrs::StateVector::default();
        self.doc.transact().encode_state_as_update_v1(&everything)
    }
}
