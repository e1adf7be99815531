//! Whole documents: what goes out comes back in, and an import never replaces anything.
#![allow(missing_docs)]

mod support;

use bytes::Bytes;
use support::Editor;
use unisson_session::{MergeError, StoredParts, merge, update_v1_of_v2, whole};
use yrs::{ReadTxn, StateVector, Transact};

fn stored(updates: impl IntoIterator<Item = Bytes>) -> StoredParts {
    StoredParts {
        snapshots: Vec::new(),
        updates: updates.into_iter().collect(),
    }
}

fn text(parts: &StoredParts) -> String {
    let reader = Editor::new(99);
    reader.applies(&whole(parts).expect("a document").state);
    reader.text()
}

#[test]
fn a_document_comes_back_whole_with_what_waits() {
    let editor = Editor::new(11);
    let updates = [editor.types("a"), editor.types("b"), editor.types("c")];
    let parts = stored([updates[0].clone(), updates[2].clone()]);
    let out = whole(&parts).expect("a document");
    assert_eq!(out.waiting, [updates[2].clone()]);
    let merged = merge(
        &StoredParts::default(),
        &[vec![out.state], out.waiting].concat(),
    );
    let merged = merged.expect("merges");
    assert_eq!(merged.waiting, 1);
    let again = stored(merged.updates.into_iter().chain([updates[1].clone()]));
    assert_eq!(text(&again), text(&stored(updates)));
}

#[test]
fn merging_what_is_there_already_adds_nothing() {
    let editor = Editor::new(11);
    let parts = stored([editor.types("a"), editor.types("b")]);
    let merged = merge(&parts, &[editor.state()]).expect("merges");
    assert!(merged.updates.is_empty());
    let waiting = stored([{
        editor.types("lost");
        editor.types("c")
    }]);
    let merged = merge(&waiting, &waiting.updates).expect("merges");
    assert_eq!((merged.updates.len(), merged.waiting), (0, 0));
}

#[test]
fn merging_two_documents_keeps_both_texts() {
    let (here, there) = (Editor::new(11), Editor::new(12));
    let parts = stored([here.types("here")]);
    let merged = merge(&parts, &[there.types("there")]).expect("merges");
    let both = text(&stored(parts.updates.into_iter().chain(merged.updates)));
    assert!(
        both.contains("here") && both.contains("there") && both.len() == 9,
        "{both}"
    );
}

#[test]
fn what_is_no_update_is_refused_and_nothing_comes_of_it() {
    let refused = merge(&StoredParts::default(), &[Bytes::from_static(b"nonsense")]);
    assert!(
        matches!(refused, Err(MergeError::Refused(_))),
        "{refused:?}"
    );
    let damaged = merge(&stored([Bytes::from_static(b"nonsense")]), &[]);
    assert!(matches!(damaged, Err(MergeError::Stored(_))), "{damaged:?}");
}

#[test]
fn format_v2_becomes_the_same_document_in_v1() {
    let editor = Editor::new(11);
    editor.types("both formats");
    let txn = editor.0.transact();
    let v2 = txn.encode_state_as_update_v2(&StateVector::default());
    drop(txn);
    let v1 = update_v1_of_v2(&v2).expect("an update");
    assert_eq!(text(&stored([v1])), "both formats");
    assert!(update_v1_of_v2(b"nonsense").is_err());
}
