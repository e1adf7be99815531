//! Bare y-websocket clients against a whole server.

use crate::support::{HI, Heard, NOTHING, framed, start, start_with, token};
use unisson_protocol::Access;

const GREETING: &[u8] = &[0, 0, 1, 0];
const ASK_EVERYTHING: &[u8] = &[0, 0, 1, 0];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_reaches_the_other_peer_and_comes_back_to_its_author() {
    let world = start().await;
    let mut alice = world.connect("/ws/page").await;
    let mut bob = world.connect("/ws/page").await;
    alice.expect(&[GREETING]).await;
    bob.expect(&[GREETING]).await;
    let edit = framed(&[0, 2], HI);
    alice.send(&edit).await;
    bob.expect(&[&edit]).await;
    alice.expect(&[&edit]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_back_is_there_after_a_restart() {
    let world = start().await;
    let mut alice = world.connect("/ws/a/%C3%A9t%C3%A9").await;
    alice.expect(&[GREETING]).await;
    let edit = framed(&[0, 2], HI);
    alice.send(&edit).await;
    alice.expect(&[&edit]).await;
    let world = world.restart().await;
    assert_eq!(alice.close_code().await, 1012);
    let mut bob = world.connect("/ws/a/%C3%A9t%C3%A9").await;
    bob.expect(&[&framed(&[0, 0], &[1, 7, 2])]).await;
    bob.send(ASK_EVERYTHING).await;
    bob.expect(&[&framed(&[0, 1], HI)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_explained_and_closes_with_its_code() {
    let world = start_with(|settings| {
        settings.tokens = vec![token("team", Access::ReadWrite, "team/")];
    })
    .await;
    for (path, reason, code) in [
        ("/ws/team/page", "unauthorized", 4401),
        ("/ws/team/page?token=wrong", "unauthorized", 4401),
        ("/ws/page?token=team", "permission-denied", 4403),
    ] {
        let mut client = world.connect(path).await;
        client.expect(&[&framed(&[2, 0], reason.as_bytes())]).await;
        assert_eq!(client.close_code().await, code, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_come_in_query_header_cookie_or_sub_protocol() {
    let world = start_with(|settings| {
        settings.tokens = vec![
            token("a b", Access::ReadWrite, ""),
            token("c", Access::ReadWrite, ""),
        ];
    })
    .await;
    for (path, headers) in [
        ("/ws/page?token=a%20b", [].as_slice()),
        ("/ws/page", &[("authorization", "Bearer a b")]),
        ("/ws/page", &[("cookie", "x=1; unisson_token=c")]),
        ("/ws/page", &[("sec-websocket-protocol", "unisson.token.c")]),
    ] {
        let mut client = world.connect_with(path, headers).await;
        client.expect(&[GREETING]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_readers_edit_goes_nowhere_and_its_socket_stays() {
    let world = start_with(|settings| {
        let writer = token("writer", Access::ReadWrite, "");
        settings.tokens = vec![writer, token("reader", Access::ReadOnly, "")];
    })
    .await;
    let mut writer = world.connect("/ws/page?token=writer").await;
    let mut reader = world.connect("/ws/page?token=reader").await;
    writer.expect(&[GREETING]).await;
    reader.expect(&[GREETING]).await;
    reader.send(framed(&[0, 2], HI)).await;
    reader.send(ASK_EVERYTHING).await;
    let answer = framed(&[0, 1], NOTHING);
    while reader.hear().await != Heard::Frame(answer.clone()) {}
    writer.send(ASK_EVERYTHING).await;
    writer.expect(&[&answer]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_frames_and_names_end_their_own_socket_only() {
    let world = start().await;
    let mut honest = world.connect("/ws/page").await;
    honest.expect(&[GREETING]).await;
    for frame in [&[0, 9, 9][..], &[0, 2, 0xff, 0xff, 0xff, 0xff, 0x7f], &[77]] {
        let mut hostile = world.connect("/ws/page").await;
        hostile.send(frame).await;
        assert_eq!(hostile.close_code().await, 4205, "{frame:?}");
    }
    let mut hostile = world.connect("/ws/page").await;
    hostile.send_text("hello").await;
    assert_eq!(hostile.close_code().await, 4205);
    let mut nameless = world.connect("/ws/%20").await;
    assert_eq!(nameless.close_code().await, 4403);
    honest.send(ASK_EVERYTHING).await;
    honest.expect(&[&framed(&[0, 1], NOTHING)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_is_left_and_joined_again_at_once_loses_nothing() {
    let world = start_with(|settings| settings.limits.unload_idle_ms = 0).await;
    let mut first = world.connect("/ws/page").await;
    let edit = framed(&[0, 2], HI);
    first.send(&edit).await;
    while first.hear().await != Heard::Frame(edit.clone()) {}
    drop(first);
    for _ in 0..50 {
        let mut next = world.connect("/ws/page").await;
        next.send(ASK_EVERYTHING).await;
        let all = framed(&[0, 1], HI);
        loop {
            match next.hear().await {
                Heard::Frame(frame) if frame == all => break,
                Heard::Frame(_) => {}
                // The document was just going: published clients come back, so does this one.
                Heard::Closed(4205) => break,
                Heard::Closed(code) => panic!("closed with {code}"),
            }
        }
    }
}
