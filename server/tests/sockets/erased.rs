//! Clients of a document that was erased, and commands beside a running server.

use std::process::Command;

use crate::support::{HI, framed, start, start_in};

fn unisson(arguments: &[&str], data: &std::path::Path) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unisson"));
    command.args(arguments).arg("--data").arg(data);
    command.output().expect("the binary runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_an_erased_document_are_told_so_and_cannot_bring_it_back() {
    let world = start().await;
    let data = world.folder.path().join("data");
    let mut alice = world.connect("/ws/d").await;
    alice.hear().await;
    let edit = framed(&[0, 2], HI);
    alice.send(&edit).await;
    alice.expect(&[&edit]).await;
    let refused = unisson(&["rm", "--yes", "d"], &data);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "the server runs: {refused:?}"
    );
    for command in [&["fsck"][..], &["stat"]] {
        let beside = unisson(command, &data);
        assert_eq!(beside.status.code(), Some(0), "{beside:?}");
    }
    world.server.stop().await.expect("a clean stop");
    assert_eq!(unisson(&["rm", "--yes", "d"], &data).status.code(), Some(0));
    let world = start_in(world.folder, |_| {}).await;
    let mut alice = world.connect("/ws/d").await;
    assert_eq!(alice.close_code().await, 4404);
    let mut provider = world.connect("/hocuspocus").await;
    provider.send(b"\x01d\x02\x00\x02rw\x054.8.0").await;
    let denied = framed(b"\x01d\x02\x01", b"document was erased");
    while provider.hear().await != crate::support::Heard::Frame(denied.clone()) {}
    let mut other = world.connect("/ws/e").await;
    other.hear().await;
    other.send(&edit).await;
    other.expect(&[&edit]).await;
}
