//! Who edited what last, out of the index's columns.

use unisson_search::{Entry, Index};

#[test]
fn who_edited_last_is_known_without_reading_documents() {
    let edited = |document: &str, space: &str, last_by, last_ms, others_ms| Entry {
        space: Some(space.into()),
        last_by,
        last_ms,
        others_ms,
        document: document.into(),
        ..Entry::default()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path()).expect("an index");
    for entry in [
        edited("spaces/a/one", "a", 7, 90, 40),
        edited("spaces/a/two", "a", 0, 80, 0),
        edited("spaces/b/three", "b", 8, 70, 0),
    ] {
        index.put(entry).expect("put");
    }
    index.commit().expect("committed");
    // One is edited again, in a segment of its own, and one is gone.
    index
        .put(edited("spaces/a/one", "a", 7, 95, 40))
        .expect("put");
    index.remove("spaces/a/two");
    index.commit().expect("committed");
    let own = index.edited(Some("a")).expect("read");
    let names: Vec<&str> = own.iter().map(|edited| edited.document.as_str()).collect();
    assert_eq!(names, ["spaces/a/one"]);
    assert_eq!((own[0].by_others_ms(7), own[0].by_others_ms(8)), (40, 95));
    assert_eq!(index.edited(None).expect("read").len(), 2);
    assert!(index.edited(Some("none")).expect("read").is_empty());
}
