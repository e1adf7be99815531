//! A recorded history of real writing, as the updates that an editor would have sent.

use std::{fs::File, io::BufReader, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use yrs::{Doc, GetString, OffsetKind, Options, ReadTxn, Text, TextRef, Transact, block::ClientID};

use crate::{backoff::Random, typed::Piece, writer::TEXT};

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
    pub(crate) fn replay(&mut self, path: &Path) -> Result<Vec<Piece>> {
        let file = File::open(path)
            .with_context(|| format!("no history at {}: see loadtest/peers/setup", path.display()))?;
        let recorded: Recorded = serde_json::from_reader(BufReader::new(file))
            .with_context(|| format!("{} is no recorded history", path.display()))?;
        ensure!(recorded.start_content.is_empty(), "the history begins with a text");
        let patches = recorded.txns.iter().flat_map(|transaction| &transaction.patches);
        let mut pieces = Vec::new();
        for (position, deleted, inserted) in patches {
            ensure!(pieces.len() < EDITS_MAX, "more than {EDITS_MAX} edits");
            let length = self.text.len(&self.doc.transact());
            let end = position.checked_add(*deleted);
            ensure!(end.is_some_and(|end| end <= length), "an edit outside the text");
            pieces.push(self.edit(*position, *deleted, inserted));
        }
        ensure!(self.text() == recorded.end_content, "the history ends in another text");
        Ok(pieces)
    }

    pub(crate) fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    /// The document, encoded.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let everything = yrs::StateVector::default();
        self.doc.transact().encode_state_as_update_v1(&everything)
    }
}
