//! Who wrote what and kept versions: what commands make of them.

use bytes::Bytes;
use unisson_history::{Author, VersionNote, Written, entry};
use unisson_session::{StoredParts, chronicle, version_body};
use unisson_storage::{NewVersion, Store, StoreSettings};

use crate::support::Place;

/// "hi" of client 7 in the text `t`.
const HI: &[u8] = b"\x01\x01\x07\x00\x04\x01\x01t\x02hi\x00";

async fn store(place: &Place) -> Store {
    let store = Store::open(StoreSettings::new(place.path("data"))).await;
    store.expect("a store")
}

fn by_ann(update: &[u8]) -> Bytes {
    let author = Author {
        user: Some("ann".into()),
        name: Some("Ann".into()),
    };
    let at_ms = 1_764_000_000_000;
    entry::seal(&Written { author, at_ms }, update)
}

/// A document that Ann wrote, with a version; closed.
async fn written(place: &Place, body: Option<Bytes>) {
    let store = store(place).await;
    let entry = by_ann(HI);
    store.append("page", entry.clone()).await.expect("durable");
    let parts = StoredParts {
        snapshots: Vec::new(),
        updates: vec![entry],
    };
    let made = version_body(&chronicle(&parts, None).expect("reads"));
    let note = VersionNote::default().encode();
    let basis = store.read("page").await.expect("reads").basis;
    let version = NewVersion {
        note,
        body: body.unwrap_or(made),
        at_ms: None,
    };
    let kept = store.put_version("page", version, &basis);
    kept.await.expect("a version");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_document_with_authors_and_versions_is_counted_checked_and_exported() {
    let place = Place::new();
    written(&place, None).await;
    let stat = place.done(&["stat", "--json"]).json();
    assert_eq!(stat["documents"][0]["versions"], 1, "{stat}");
    let checked = place.done(&["fsck", "--json"]).json();
    assert_eq!(checked["versions"], 1, "{checked}");
    assert_eq!(checked["findings"].as_array().map(Vec::len), Some(0));

    place.done(&["export", "out"]);
    let manifest = std::fs::read(place.path("out/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let version = &manifest["documents"][0]["versions"][0];
    assert!(version["created_ms"].as_u64() > Some(0), "{version}");
    let [text, version] = place
        .files("out")
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "yjs"))
        .map(|file| std::fs::read(file).expect("a file"))
        .collect::<Vec<_>>()
        .try_into()
        .expect("a document and its version");
    assert_eq!(text, HI, "an update without its envelope");
    assert_eq!(version, HI);
    // Another store gets document and version, once.
    let out = place.path("out").display().to_string();
    for expected in [1, 0] {
        let ran = place.run_on("other", &["import", &out, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.json()["documents"][0]["versions"], expected);
    }
    let stat = place.run_on("other", &["stat", "--json"]).json();
    assert_eq!(stat["documents"][0]["versions"], 1, "{stat}");
    assert_eq!(place.run_on("other", &["fsck"]).code, 0);
    place.done(&["export", "bare", "--no-versions"]);
    let bare = std::fs::read_to_string(place.path("bare/manifest.json")).expect("a manifest");
    assert!(bare.contains("\"versions_left_out\": 1"), "{bare}");
    // The document has it all already, envelope or not.
    let out = place.path("out").display().to_string();
    let again = place.done(&["import", &out, "--json"]).json();
    assert_eq!(again["documents"][0]["new_bytes"], 0, "{again}");
}

#[tokio::test]
async fn a_version_that_is_no_state_is_found() {
    let place = Place::new();
    written(&place, Some(Bytes::from_static(b"\x01nonsense"))).await;
    let ran = place.run(&["fsck", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let finding = &ran.json()["findings"][0];
    let object = finding["object"].as_str().unwrap_or_default();
    assert!(object.starts_with("version "), "{finding}");
    assert_eq!(finding["document"], "page");
}

#[tokio::test]
async fn entries_that_do_not_open_are_found() {
    let place = Place::new();
    let store = store(&place).await;
    let mut bad = by_ann(HI).to_vec();
    bad[2] = 9;
    store.append("page", bad.into()).await.expect("durable");
    store.close().await.expect("closed");
    let ran = place.run(&["fsck", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["documents_damaged"], 1);
    let ran = place.run(&["export", "out"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("log entry"), "{ran:?}");
}

#[tokio::test]
async fn erasing_takes_versions_and_authors() {
    let place = Place::new();
    written(&place, None).await;
    place.done(&["rm", "--yes", "page"]);
    for file in place.files("data") {
        assert!(file.extension().is_none_or(|extension| extension != "ver"));
        let bytes = std::fs::read(&file).expect("read");
        let holds = bytes.windows(3).any(|part| part == b"Ann");
        assert!(!holds, "{}", file.display());
    }
    place.done(&["fsck"]);
}
