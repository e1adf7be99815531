//! `rm`, and what is left of a document.

use crate::support::{Place, fixture};

#[test]
fn an_erased_document_is_gone_and_its_name_is_refused_with_the_reason() {
    let place = Place::filled();
    let erased = place.done(&["rm", "--yes", "menu/été", "--json"]).json();
    assert_eq!(erased[0]["erased"], true);
    let stat = place.done(&["stat", "--json"]).json();
    assert_eq!(stat["total_documents"], 1);
    place.done(&["export", "after"]);
    assert_eq!(place.exported("after").len(), 1);
    assert_eq!(place.done(&["fsck", "--json"]).json()["documents"], 1);
    for file in place.files("data") {
        let bytes = std::fs::read(&file).expect("read");
        let name = "menu/été".as_bytes();
        let holds = bytes.windows(name.len()).any(|part| part == name);
        assert!(!holds, "{}", file.display());
    }
    let ran = place.run(&[
        "import",
        "--from",
        "hocuspocus-s3",
        &fixture("hocuspocus-s3"),
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("the document was erased"), "{ran:?}");
}

#[test]
fn a_name_that_is_set_free_takes_a_new_document() {
    let place = Place::filled();
    place.done(&["rm", "--yes", "--reuse", "menu/été"]);
    let again = [
        "import",
        "--from",
        "hocuspocus-s3",
        &fixture("hocuspocus-s3"),
    ];
    place.done(&again);
    assert_eq!(place.done(&["stat", "--json"]).json()["total_documents"], 2);
}

#[test]
fn erasing_what_does_not_exist_or_without_being_asked_fails() {
    let place = Place::filled();
    let ran = place.run(&["rm", "--yes", "nothing"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("no such document"), "{ran:?}");
    let ran = place.run(&["rm", "settings"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--yes"), "{ran:?}");
    assert_eq!(place.done(&["stat", "--json"]).json()["total_documents"], 2);
}
