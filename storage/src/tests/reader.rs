//! Reading a folder that a server uses.

use super::{append, compact, files, open, said, settings};
use crate::{OpenError, Store};

#[tokio::test]
async fn a_reader_sees_what_is_durable_while_the_writer_goes_on_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "1").await;
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    append(&store, "d", "2").await;
    append(&store, "e", "3").await;
    let before = files(dir.path(), "");
    let reader = Store::open_read_only(settings(dir.path())).await.unwrap();
    assert_eq!(said(&reader.read("d").await.unwrap()), ["1", "2"]);
    assert_eq!(reader.documents(), ["d".into(), "e".into()]);
    let refused = reader.append("d", "x".into()).await.unwrap_err();
    assert!(refused.to_string().contains("reading only"), "{refused}");
    compact(&reader, "d").await;
    reader.collect_garbage().await.unwrap();
    reader.close().await.unwrap();
    drop(reader);
    assert_eq!(files(dir.path(), ""), before);
    append(&store, "d", "4").await;
    assert_eq!(said(&store.read("d").await.unwrap()), ["1", "2", "4"]);
}

#[tokio::test]
async fn a_folder_without_a_store_is_said_to_be_none_and_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    for place in [dir.path().to_owned(), dir.path().join("nowhere")] {
        let error = Store::open_read_only(settings(&place)).await.unwrap_err();
        assert!(matches!(error, OpenError::NoStore { .. }), "{error}");
    }
    assert!(files(dir.path(), "").is_empty());
}
