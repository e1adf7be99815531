//! Commands on documents that are in an object store.

use crate::support::{Place, Ran, fixture};

/// A place with an object store beside its data folder, which must stay unused.
struct InStore {
    place: Place,
    url: String,
}

impl InStore {
    fn new() -> Self {
        let place = Place::new();
        let url = format!("file://{}", place.path("bucket").display());
        Self { place, url }
    }

    fn filled() -> Self {
        let store = Self::new();
        store.done(&store.import());
        store
    }

    fn import(&self) -> [String; 4] {
        let source = fixture("hocuspocus-s3");
        ["import", "--from", "hocuspocus-s3", &source].map(str::to_owned)
    }

    fn run(&self, arguments: &[impl AsRef<str>]) -> Ran {
        let mut all: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        all.extend(["--store", &self.url]);
        let ran = self.place.run(&all);
        assert!(!self.place.path("data").exists(), "{ran:?}");
        ran
    }

    fn done(&self, arguments: &[impl AsRef<str>]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran
    }
}

#[test]
fn documents_enter_and_leave_an_object_store_like_a_folder() {
    let (store, folder) = (InStore::filled(), Place::filled());
    store.done(&["export", "out"]);
    folder.done(&["export", "out"]);
    assert_eq!(store.place.exported("out"), folder.exported("out"));
    assert_eq!(store.done(&["fsck", "--json"]).json()["documents"], 2);
    assert_eq!(store.done(&["stat", "--json"]).json()["total_documents"], 2);
}

#[test]
fn an_erased_document_is_refused_in_an_object_store_too() {
    let store = InStore::filled();
    let erased = store.done(&["rm", "--yes", "menu/été"]);
    assert!(erased.err.contains("an hour"), "{erased:?}");
    assert_eq!(store.done(&["stat", "--json"]).json()["total_documents"], 1);
    assert_eq!(store.done(&["fsck", "--json"]).json()["documents"], 1);
    let ran = store.run(&store.import());
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("the document was erased"), "{ran:?}");
}

#[test]
fn damage_in_an_object_store_is_named() {
    let store = InStore::filled();
    // Small ones and the one that they were merged into: any of them would be enough.
    for segment in store.place.files("bucket/v1/wal") {
        std::fs::remove_file(segment).expect("removed");
    }
    let ran = store.run(&["fsck", "--json"]);
    assert_eq!(ran.code, 3);
    let findings = ran.json()["findings"].to_string();
    assert!(findings.contains(".seg"), "{findings}");
    assert!(findings.contains("missing"), "{findings}");
}

#[test]
fn commands_do_not_make_a_store_where_none_is() {
    let store = InStore::new();
    for arguments in [&["fsck"][..], &["stat"], &["rm", "--yes", "x"]] {
        let ran = store.run(arguments);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("no store is here"), "{ran:?}");
    }
    assert!(store.place.files("bucket").is_empty());
}

#[test]
fn the_doctor_says_whether_documents_are_safe() {
    let store = InStore::filled();
    let before = store.place.files("bucket");
    let well = store.done(&["doctor", "--json"]).json();
    assert_eq!(well["safe"], true);
    assert!(
        store
            .done(&["doctor"])
            .out
            .contains("Documents are safe here.")
    );
    assert_eq!(
        store.place.files("bucket"),
        before,
        "nothing is left behind"
    );
    // A file where the probe needs a folder.
    let probe = store.place.path("bucket/probe");
    let _ = std::fs::remove_dir_all(&probe);
    std::fs::write(&probe, "").expect("written");
    let ill = store.run(&["doctor"]);
    assert_eq!(ill.code, 3);
    assert!(ill.out.contains("Do not keep documents here"), "{ill:?}");
    let none = store.place.run(&["doctor"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("--store"), "{none:?}");
}
