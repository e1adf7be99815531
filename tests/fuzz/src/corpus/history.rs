//! Entries, attributions and notes, made of the fixtures by the code that writes them.

use unisson_history::{Attribution, Author, VersionNote, Written, entry};
use unisson_protocol::scan;

use super::accepted_updates;

fn written(at: usize) -> Written {
    let names = [None, Some("ann"), Some("bob é"), Some("carl")];
    Written {
        author: Author {
            user: names[at % names.len()].map(Into::into),
            name: names[at / 2 % names.len()].map(Into::into),
        },
        at_ms: 1_764_000_000_000 + at as u64 * 40_000,
    }
}

/// Entries of a log, with and without authors.
pub fn entries() -> Vec<Vec<u8>> {
    let updates = accepted_updates();
    let sealed = updates
        .iter()
        .enumerate()
        .map(|(at, update)| entry::seal(&written(at), update).to_vec());
    let sealed: Vec<_> = sealed.collect();
    updates.into_iter().chain(sealed).collect()
}

/// Attributions of one update each, of all together, and of none.
pub fn attributions() -> Vec<Vec<u8>> {
    let mut all = Attribution::default();
    let mut made = vec![all.encode().to_vec()];
    for (at, update) in accepted_updates().iter().enumerate() {
        let scanned = scan::update_v1(update).expect("a fixture is accepted");
        let mut one = Attribution::default();
        for known in [&mut one, &mut all] {
            known.record(&written(at), &scanned.inserts, &scanned.deletes);
        }
        made.push(one.encode().to_vec());
    }
    made.push(all.encode().to_vec());
    made
}

/// Notes of versions.
pub fn version_notes() -> Vec<Vec<u8>> {
    let notes = (0..8).map(|at| VersionNote {
        label: (at % 2 == 1).then(|| "Sent to the prefect".into()),
        maker: (at % 4 > 1).then(|| written(at).author),
        last_edit_ms: written(at).at_ms,
        authors: (0..at).map(|at| written(at).author).collect(),
    });
    notes.map(|note| note.encode().to_vec()).collect()
}
