//! What each importer makes of data that the original software wrote (`fixtures/produce.mjs`).
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde_json::json;
use unisson_content::{Content, Root, markdown};
use unisson_portable::{
    export,
    manifest::{self, Manifest},
    source::{Format, Source},
};
use unisson_session::{StoredParts, WholeDocument, merge, whole};

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

fn names(source: &Source) -> Vec<&str> {
    source
        .items()
        .iter()
        .map(|item| item.name.as_str())
        .collect()
}

/// A document of a source, put together as an import into an empty store does it.
fn document(source: &Source, name: &str) -> WholeDocument {
    let item = source
        .items()
        .iter()
        .find(|item| item.name == name)
        .unwrap();
    let merged = merge(&StoredParts::default(), &source.read(item).unwrap().updates).unwrap();
    whole(&StoredParts {
        snapshots: Vec::new(),
        updates: merged.updates,
    })
    .unwrap()
}

fn content(source: &Source, name: &str) -> Content {
    let document = document(source, name);
    assert!(document.waiting.is_empty());
    Content::of(&document.state).unwrap()
}

/// The TipTap page and the mixed document that every fixture has.
fn check_both(source: &Source, page: &str) {
    let text = markdown::render(&content(source, page)).unwrap();
    assert!(text.starts_with("# Menu de la semaine\n"), "{text}");
    assert!(text.contains("Unknown nodes keep their text"), "{text}");
    let mixed = content(source, "settings");
    let settings = json!({
        "open": true, "count": 3, "ratio": 0.5, "nothing": null,
        "list": ["a", 1, {"deep": []}], "nested": {"key": "value"}
    });
    assert_eq!(mixed.roots["settings"], Root::Json(settings));
    assert_eq!(
        mixed.roots["steps"],
        Root::Json(json!(["one", 2, {"three": 3}]))
    );
    assert!(matches!(mixed.roots["quill"], Root::Text(_)));
}

#[test]
fn hocuspocus_objects_are_read_from_the_bucket_and_from_its_folder() {
    for path in ["hocuspocus-s3", "hocuspocus-s3/hocuspocus-documents"] {
        let source = Source::open(Format::HocuspocusS3, &fixture(path)).unwrap();
        assert_eq!(names(&source), ["menu/été", "settings"]);
        check_both(&source, "menu/été");
    }
}

#[test]
fn a_hocuspocus_database_is_read_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("copy.sqlite");
    fs::copy(fixture("hocuspocus.sqlite"), &file).unwrap();
    let before = fs::read(&file).unwrap();
    let source = Source::open(Format::HocuspocusSqlite, &file).unwrap();
    assert_eq!(names(&source), ["menu/été", "settings"]);
    check_both(&source, "menu/été");
    drop(source);
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn y_sweet_documents_are_read() {
    let source = Source::open(Format::YSweet, &fixture("y-sweet")).unwrap();
    assert_eq!(names(&source), ["menu", "settings"]);
    check_both(&source, "menu");
}

#[test]
fn la_suite_documents_are_read_without_what_was_undone() {
    let source = Source::open(Format::LasuiteDocs, &fixture("lasuite-docs")).unwrap();
    let id = "7c3ae92e-2f4b-4a52-9c0b-5a1d1f2f3b11";
    assert_eq!(names(&source), [id, "a5b1f0de-0000-4000-8000-000000000001"]);
    let read = source.read(&source.items()[0]).unwrap();
    assert_eq!(read.updates.len(), 2, "the first version, then the newest");
    assert_eq!(read.notes.len(), 1);
    assert!(
        read.notes[0].contains("file@20260102T100000Z"),
        "{:?}",
        read.notes
    );
    let earlier = source.earlier(&source.items()[0]).unwrap();
    let moments: Vec<u64> = earlier.iter().map(|earlier| earlier.at_ms).collect();
    assert_eq!(moments, [1_767_261_600_000, 1_767_348_000_000]);
    let undone = source.read_earlier(&earlier[1]).unwrap();
    let state = StoredParts {
        snapshots: Vec::new(),
        updates: vec![undone],
    };
    assert!(whole(&state).unwrap().waiting.is_empty());
    let text = markdown::render(&content(&source, id)).unwrap();
    let expected = "## Compte rendu\n\nPrésents : Zoé, Ali\n\n- Premier point\n  1. détail un\n  \
                    2. détail deux\n\n<!-- -->\n\n- [x] fait\n- [ ] à faire\n\n```sh\nmake test\n```\n";
    assert_eq!(text, expected);
    let empty = content(&source, "a5b1f0de-0000-4000-8000-000000000001");
    assert_eq!(empty, Content::default());
}

#[test]
fn yjs_files_of_both_formats_are_told_apart() {
    let source = Source::open(Format::Yjs, &fixture("yjs")).unwrap();
    assert_eq!(names(&source), ["folder/two", "gappy", "one"]);
    let one = markdown::render(&content(&source, "one")).unwrap();
    assert!(one.starts_with("# Menu de la semaine\n"));
    let two = content(&source, "folder/two");
    assert_eq!(
        two.roots["steps"],
        Root::Json(json!(["one", 2, {"three": 3}]))
    );
}

#[test]
fn a_document_that_was_stored_with_a_gap_is_read_up_to_it_and_whole_once_the_rest_comes() {
    let source = Source::open(Format::Yjs, &fixture("yjs")).unwrap();
    let gappy = document(&source, "gappy");
    assert!(!gappy.waiting.is_empty());
    let text = |state: &[u8]| markdown::render(&Content::of(state).unwrap());
    assert_eq!(text(&gappy.state).unwrap(), "eginning \n");
    let stored = StoredParts {
        snapshots: Vec::new(),
        updates: std::iter::once(gappy.state).chain(gappy.waiting).collect(),
    };
    let middle = Source::open(Format::Yjs, &fixture("gappy-middle.yjs")).unwrap();
    assert_eq!(names(&middle), ["gappy-middle"]);
    let updates = middle.read(&middle.items()[0]).unwrap().updates;
    let merged = merge(&stored, &updates).unwrap();
    let updates = stored.updates.into_iter().chain(merged.updates).collect();
    let all = whole(&StoredParts {
        snapshots: Vec::new(),
        updates,
    })
    .unwrap();
    assert!(all.waiting.is_empty());
    assert_eq!(text(&all.state).unwrap(), "eginning middle end\n");
}

#[test]
fn an_export_is_read_back_as_it_was_and_a_changed_file_is_refused() {
    let source = Source::open(Format::Yjs, &fixture("yjs")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(export::FOLDER)).unwrap();
    let mut list = Manifest::new("2026-11-25T09:30:00Z".into());
    for name in names(&source) {
        let exported = export::export(name, None, &document(&source, name));
        for (path, bytes) in &exported.files {
            fs::write(dir.path().join(path), bytes).unwrap();
        }
        list.documents.push(exported.document);
    }
    let file = dir.path().join(manifest::FILE);
    fs::write(&file, serde_json::to_vec(&list).unwrap()).unwrap();
    let back = Source::open(Format::Export, dir.path()).unwrap();
    assert_eq!(names(&back), names(&source));
    for name in names(&source) {
        assert_eq!(document(&back, name), document(&source, name), "{name}");
    }
    let yjs = dir.path().join(&list.documents[0].yjs.path);
    let mut bytes = fs::read(&yjs).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&yjs, bytes).unwrap();
    let item = back
        .items()
        .iter()
        .find(|item| item.name == list.documents[0].name)
        .unwrap();
    let error = back.read(item).unwrap_err();
    assert!(
        error.to_string().contains("not what was exported"),
        "{error}"
    );
}

#[test]
fn a_manifest_that_leads_out_of_its_folder_or_lists_a_name_twice_is_refused() {
    let document = |name: &str, path: &str| json!({"name": name, "yjs": {"path": path, "bytes": 2, "blake3": "00"}});
    let open = |documents: serde_json::Value, version: u32| {
        let dir = tempfile::tempdir().unwrap();
        let list = json!({
            "format": "unisson-export", "version": version, "created": "", "generator": "",
            "documents": documents
        });
        fs::write(dir.path().join(manifest::FILE), list.to_string()).unwrap();
        Source::open(Format::Export, dir.path())
            .unwrap_err()
            .to_string()
    };
    for path in [
        "../secret.yjs",
        "/etc/passwd",
        "documents/../../x",
        "documents/\u{0}",
    ] {
        let error = open(json!([document("a", path)]), 1);
        assert!(error.contains("a path that no export has"), "{error}");
    }
    let twice = open(json!([document("a", "x"), document("a", "y")]), 1);
    assert!(twice.contains("listed twice"), "{twice}");
    assert!(open(json!([]), 2).contains("is not known"));
}

/// Each fixture's files, cut and changed: a clear error or a document, never a panic.
#[test]
fn damaged_files_of_other_servers_are_errors_that_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        (
            Format::HocuspocusS3,
            "hocuspocus-s3/hocuspocus-documents/settings.bin",
            "settings.bin",
        ),
        (
            Format::YSweet,
            "y-sweet/settings/data.ysweet",
            "settings/data.ysweet",
        ),
        (Format::Yjs, "yjs/folder/two.bin", "two.bin"),
        (
            Format::LasuiteDocs,
            "lasuite-docs/7c3ae92e-2f4b-4a52-9c0b-5a1d1f2f3b11/file",
            "7c3ae92e-2f4b-4a52-9c0b-5a1d1f2f3b11/file",
        ),
    ];
    for (at, (format, from, to)) in cases.into_iter().enumerate() {
        let good = fs::read(fixture(from)).unwrap();
        let root = dir.path().join(at.to_string());
        let file = root.join(to);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let read = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            let source = Source::open(format, &root).unwrap();
            source.read(&source.items()[0])
        };
        for cut in 1..good.len().min(300) {
            if let Err(error) = read(&good[..good.len() - cut]) {
                assert_eq!(error.origin, file.display().to_string());
            }
        }
        for position in (0..good.len()).step_by(3) {
            let mut bad = good.clone();
            bad[position] ^= 0x55;
            let _: Result<_, _> = read(&bad);
        }
        assert!(
            read(b"certainly nothing of the kind").is_err(),
            "{format:?}"
        );
        assert!(read(&good[..good.len() / 2]).is_err(), "{format:?}");
        read(&good).unwrap();
    }
}

#[test]
fn a_damaged_or_foreign_database_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.sqlite");
    fs::write(&file, b"certainly nothing of the kind").unwrap();
    assert!(Source::open(Format::HocuspocusSqlite, &file).is_err());
    let other = rusqlite::Connection::open(dir.path().join("other.sqlite")).unwrap();
    other
        .execute_batch("CREATE TABLE users (name TEXT)")
        .unwrap();
    drop(other);
    let error = Source::open(Format::HocuspocusSqlite, &dir.path().join("other.sqlite"));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("no table \"documents\"")
    );
}

#[test]
fn a_path_without_any_document_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for format in [
        Format::Export,
        Format::HocuspocusS3,
        Format::YSweet,
        Format::LasuiteDocs,
        Format::Yjs,
    ] {
        assert!(Source::open(format, dir.path()).is_err(), "{format:?}");
        assert!(
            Source::open(format, &dir.path().join("nowhere")).is_err(),
            "{format:?}"
        );
    }
}

#[test]
fn links_are_not_followed_out_of_a_source() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(fixture("yjs/one.yjs"), dir.path().join("link.yjs")).unwrap();
    fs::write(dir.path().join("empty.yjs"), Bytes::from_static(&[0, 0])).unwrap();
    let source = Source::open(Format::Yjs, dir.path()).unwrap();
    assert_eq!(names(&source), ["empty"]);
}
