//! Import, export, statistics and checks, from one store to another.

use std::fs;

use unisson_protocol::encoding::Writer;
use unisson_storage::{Store, StoreSettings};
use yrs::{
    Update,
    updates::{decoder::Decode as _, encoder::Encode as _},
};

use crate::support::{Place, fixture};

#[test]
fn what_hocuspocus_stored_goes_in_comes_out_and_goes_into_another_store_as_it_was() {
    let place = Place::filled();
    let out = place.done(&["export", "first", "--json"]).json();
    assert_eq!(
        (&out["exported"], &out["damaged"]),
        (&2.into(), &serde_json::json!([]))
    );
    let first = place.exported("first");
    assert_eq!(first[0].0, "menu/été");
    let markdown = place
        .files("first")
        .into_iter()
        .find(|f| f.extension().is_some_and(|e| e == "md"));
    let text = fs::read_to_string(markdown.expect("Markdown")).expect("text");
    assert!(text.starts_with("# Menu de la semaine"), "{text}");

    let into = place.run_on(
        "other",
        &["import", &place.path("first").display().to_string()],
    );
    assert_eq!(into.code, 0, "{into:?}");
    assert_eq!(place.run_on("other", &["export", "second"]).code, 0);
    assert_eq!(place.exported("second"), first);
    assert_eq!(place.run_on("other", &["fsck"]).code, 0);
}

#[test]
fn an_import_merges_and_finds_nothing_to_do_the_second_time() {
    let place = Place::filled();
    let again = [
        "import",
        "--from",
        "hocuspocus-s3",
        &fixture("hocuspocus-s3"),
        "--json",
    ];
    let second = place.done(&again).json();
    for document in second["documents"].as_array().expect("a list") {
        assert_eq!(document["new_bytes"], 0, "{document}");
    }
    // The same page by another author, into the document that has the first.
    let one = fixture("yjs/one.yjs");
    let ran = place
        .done(&[
            "import",
            "--from",
            "yjs",
            &one,
            "--name",
            "menu/été",
            "--json",
        ])
        .json();
    assert!(
        ran["documents"][0]["new_bytes"].as_u64() > Some(1000),
        "{ran}"
    );
    place.done(&["export", "merged", "--prefix", "menu"]);
    let [(name, _)] = place.exported("merged").try_into().expect("one document");
    assert_eq!(name, "menu/été");
    let markdown = place
        .files("merged")
        .into_iter()
        .find(|f| f.extension().is_some_and(|e| e == "md"));
    let text = fs::read_to_string(markdown.expect("Markdown")).expect("text");
    assert_eq!(text.matches("# Menu de la semaine").count(), 2, "{text}");
}

#[test]
fn a_dry_run_says_what_it_would_do_and_writes_nothing() {
    let place = Place::new();
    let dry = [
        "import",
        "--from",
        "y-sweet",
        &fixture("y-sweet"),
        "--dry-run",
        "--json",
    ];
    let ran = place.done(&dry).json();
    assert_eq!(ran["documents"].as_array().map(Vec::len), Some(2));
    assert!(ran["documents"][0]["new_bytes"].as_u64() > Some(0));
    assert!(!place.path("data").exists());
}

#[test]
fn one_bad_file_stops_an_import_before_anything_is_written() {
    let place = Place::new();
    fs::create_dir(place.path("in")).expect("a folder");
    fs::copy(fixture("yjs/one.yjs"), place.path("in/good.yjs")).expect("copied");
    fs::write(place.path("in/bad.yjs"), "nonsense").expect("written");
    let ran = place.run(&["import", "--from", "yjs", "in"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("bad.yjs: not a Yjs update"), "{ran:?}");
    assert_eq!(place.done(&["stat", "--json"]).json()["total_documents"], 0);
    let ran = place.run(&["import", "--from", "yjs", "in", "--keep-going"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let stat = place.done(&["stat", "--json"]).json();
    assert_eq!(stat["documents"][0]["name"], "good");
    assert!(
        stat["documents"][0]["log_bytes"].as_u64() > Some(0),
        "{stat}"
    );
}

#[test]
fn an_export_never_writes_into_a_folder_that_has_something() {
    let place = Place::filled();
    fs::create_dir(place.path("full")).expect("a folder");
    fs::write(place.path("full/mine"), "precious").expect("written");
    let ran = place.run(&["export", "full"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("not empty"), "{ran:?}");
    assert_eq!(place.files("full").len(), 1);
}

#[test]
fn a_damaged_store_is_reported_by_object_and_exported_only_as_far_as_it_is_asked() {
    let place = Place::filled();
    assert_eq!(place.done(&["fsck", "--json"]).json()["ok"], true);
    let segment = place
        .files("data")
        .into_iter()
        .find(|f| f.extension().is_some_and(|e| e == "seg"));
    let segment = segment.expect("a segment");
    let mut bytes = fs::read(&segment).expect("read");
    bytes[40] ^= 1;
    fs::write(&segment, bytes).expect("written");
    let ran = place.run(&["fsck", "--json"]);
    assert_eq!(ran.code, 3);
    let report = ran.json();
    assert_eq!(
        (
            &report["ok"],
            &report["documents"],
            &report["documents_damaged"]
        ),
        (&false.into(), &2.into(), &1.into())
    );
    let object = report["findings"][0]["object"].as_str().expect("an object");
    assert!(segment.ends_with(object), "{object}");
    assert_eq!(place.run(&["export", "all"]).code, 1);
    assert!(!place.path("all/manifest.json").exists());
    assert_eq!(place.run(&["export", "rest", "--keep-going"]).code, 3);
    assert_eq!(place.exported("rest").len(), 1);
}

#[test]
fn a_folder_without_a_store_is_an_error_and_stays_as_it_is() {
    let place = Place::new();
    for command in [
        &["fsck"][..],
        &["stat"],
        &["export", "x"],
        &["rm", "--yes", "x"],
    ] {
        let ran = place.run(command);
        assert_eq!(ran.code, 1, "{command:?}: {ran:?}");
        assert!(ran.err.contains("no store is here"), "{command:?}: {ran:?}");
    }
    assert!(!place.path("data").exists() && !place.path("x").exists());
}

#[tokio::test]
async fn a_snapshot_that_the_crdt_does_not_read_is_damage_even_with_good_checksums() {
    let place = Place::new();
    // Client 8 types "a" behind a letter of client 9, which is not there.
    let dangling = b"\x01\x01\x08\x00\x84\x09\x00\x01a\x00";
    let state = Update::decode_v1(dangling).expect("an update").encode_v2();
    let mut body = Writer::default();
    body.var_uint(1);
    body.var_bytes(&state);
    body.var_uint(0);
    let store = Store::open(StoreSettings::new(place.path("data"))).await;
    let store = store.expect("a store");
    let basis = store.read("page").await.expect("nothing yet").basis;
    let stored = store.put_snapshot("page", body.finish(), basis).await;
    stored.expect("a snapshot");
    store.close().await.expect("closed");

    let ran = place.run(&["fsck", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["documents_damaged"], 1, "{report}");
    assert_eq!(report["findings"][0]["document"], "page", "{report}");
}
