//! What history costs: replays a recorded editing history (JSON with `txns` of `patches`) as the
//! edits of two authors in turns, then says how many bytes authorship takes and how long blame,
//! difference and restoring take. Writes the snapshot's parts to a folder, to be compressed.
//!
//! `cargo run --release -p unisson-session --example history_cost -- history.json out/`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    clippy::disallowed_types
)]

use std::{path::Path, time::Instant};

use bytes::Bytes;
use unisson_history::{Archive, Author, Lens, Written, entry, html, json, restore, tree};
use unisson_session::{StoredParts, chronicle, compact};
use yrs::{ClientID, Doc, OffsetKind, Options, Text, Transact, Update, updates::decoder::Decode};

/// How many edits one author makes before it is the other's turn.
const TURN: usize = 1_000;
/// Between two edits, as people type.
const EDIT_MS: u64 = 250;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let history = std::fs::read_to_string(arguments.next().unwrap()).unwrap();
    let folder = arguments.next().unwrap();
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    let (entries, bare) = replay(&history);
    let log: usize = entries.iter().map(Bytes::len).sum();
    let raw: usize = bare.iter().map(Bytes::len).sum();
    println!(
        "{} edits, updates {raw} bytes, log entries {log} bytes",
        bare.len()
    );
    let parts = |updates: &[Bytes]| StoredParts {
        snapshots: Vec::new(),
        updates: updates.to_vec(),
    };
    let (first, all) = (parts(&entries[..entries.len() / 2]), parts(&entries));
    let started = Instant::now();
    let with = compact(&all).unwrap();
    println!("compaction {:?}", started.elapsed());
    let started = Instant::now();
    let without = compact(&parts(&bare)).unwrap();
    println!("compaction without authors {:?}", started.elapsed());
    let compacted = StoredParts {
        snapshots: vec![with.clone()],
        updates: Vec::new(),
    };
    let started = Instant::now();
    let now = chronicle(&compacted, None).unwrap();
    println!("reading the chronicle {:?}", started.elapsed());
    println!("attribution {} bytes", now.attribution.encode().len());
    for (name, bytes) in [("with", &with), ("without", &without)] {
        std::fs::write(Path::new(&folder).join(name), bytes).unwrap();
    }
    let before = chronicle(&first, None).unwrap();
    measure(&now.state, &before.state, &now.attribution);
}

fn replay(history: &serde_json::Value) -> (Vec<Bytes>, Vec<Bytes>) {
    let doc = |id: u64| {
        let mut options = Options::with_client_id(ClientID::new(id));
        options.offset_kind = OffsetKind::Utf16;
        Doc::with_options(options)
    };
    let docs = [doc(1_111_111_111), doc(2_222_222_222)];
    let texts = docs.each_ref().map(|doc| doc.get_or_insert_text("text"));
    let (mut entries, mut bare) = (Vec::new(), Vec::new());
    let patches = history["txns"].as_array().unwrap().iter();
    let patches = patches.flat_map(|txn| txn["patches"].as_array().unwrap());
    for (at, patch) in patches.enumerate() {
        let who = at / TURN % 2;
        let number = |at: usize| patch[at].as_u64().unwrap() as u32;
        let update = {
            let mut txn = docs[who].transact_mut();
            let (from, gone, text) = (number(0), number(1), patch[2].as_str().unwrap());
            if gone > 0 {
                texts[who].remove_range(&mut txn, from, gone);
            }
            if !text.is_empty() {
                texts[who].insert(&mut txn, from, text);
            }
            Bytes::from(txn.encode_update_v1())
        };
        let other = Update::decode_v1(&update).unwrap();
        docs[1 - who].transact_mut().apply_update(other).unwrap();
        let written = Written {
            author: Author {
                user: Some(["ann", "bob"][who].into()),
                name: None,
            },
            at_ms: 1_764_000_000_000 + at as u64 * EDIT_MS,
        };
        entries.push(entry::seal(&written, &update));
        bare.push(update);
    }
    (entries, bare)
}

fn measure(now: &Bytes, before: &Bytes, known: &unisson_history::Attribution) {
    let started = Instant::now();
    let mut archive = Archive::of(std::slice::from_ref(now)).unwrap();
    let view = archive.view(now).unwrap();
    archive.cut_by(known);
    let blamed = tree(&archive, Lens::Blame(&view, known)).unwrap();
    let bytes = json(&blamed, Some(known)).to_string().len();
    println!("blame {:?}, {bytes} bytes of JSON", started.elapsed());
    let started = Instant::now();
    let mut archive = Archive::of(&[now.clone(), before.clone()]).unwrap();
    let from = archive.view(before).unwrap();
    let to = archive.view(now).unwrap();
    archive.cut_by(known);
    let lens = Lens::Diff(&from, &to, known);
    let bytes = html(&tree(&archive, lens).unwrap(), Some(known)).len();
    println!("difference {:?}, {bytes} bytes of HTML", started.elapsed());
    let started = Instant::now();
    let mut archive = Archive::of(&[now.clone(), before.clone()]).unwrap();
    let from = archive.view(before).unwrap();
    let to = archive.view(now).unwrap();
    let update = restore(&archive, &to, &from, 3_333_333_333).unwrap();
    let bytes = update.map_or(0, |update| update.len());
    println!("restoring {:?}, {bytes} bytes of update", started.elapsed());
}
