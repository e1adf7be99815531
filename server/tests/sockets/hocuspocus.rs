//! Bare Hocuspocus clients against a whole server: the byte sequences of published providers.

use crate::support::{HI, NOTHING, framed, start, start_with, token};
use unisson_protocol::Access;

const TOKEN: &[u8] = b"\x01d\x02\x00\x02rw\x054.8.0";
const ASK_EVERYTHING: &[u8] = b"\x01d\x00\x00\x01\x00";
const READ_WRITE: &[u8] = b"\x01d\x02\x02\x0aread-write";
const ASKED: &[u8] = b"\x01d\x00\x00\x01\x00";
const ACCEPTED: &[u8] = b"\x01d\x08\x01";
const REFUSED: &[u8] = b"\x01d\x08\x00";

fn about_d(head: &[u8], payload: &[u8]) -> Vec<u8> {
    framed(&[b"\x01d", head].concat(), payload)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_connects_types_and_is_told_that_all_is_saved() {
    let world = start().await;
    let mut client = world.connect("/hocuspocus").await;
    client.send(TOKEN).await;
    client.send(ASK_EVERYTHING).await;
    client.send(b"\x01d\x01\x06\x01\x07\x00\x02{}").await;
    client.expect(&[READ_WRITE, ASKED]).await;
    client.expect(&[&about_d(&[0, 1], NOTHING)]).await;
    client.send(about_d(&[0, 1], NOTHING)).await;
    client.expect(&[ACCEPTED]).await;
    client.send(about_d(&[0, 2], HI)).await;
    client.expect(&[ACCEPTED]).await;
    client.send(b"\x01d\x07").await;
    client.expect(&[b"\x01d\x07\x12provider_initiated"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_dialects_meet_in_one_document() {
    let world = start().await;
    let mut provider = world.connect("/hocuspocus").await;
    provider.send(TOKEN).await;
    provider.expect(&[READ_WRITE]).await;
    let mut other = world.connect("/ws/d").await;
    other.expect(&[&[0, 0, 1, 0]]).await;
    other.send(framed(&[0, 2], HI)).await;
    provider.expect(&[&about_d(&[0, 2], HI)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_is_denied_once_and_a_right_one_gets_in_on_the_same_socket() {
    let world = start_with(|settings| {
        settings.tokens = vec![
            token("rw", Access::ReadWrite, ""),
            token("ro", Access::ReadOnly, ""),
        ];
    })
    .await;
    let mut client = world.connect("/hocuspocus").await;
    client.send(b"\x01d\x02\x00\x03bad").await;
    client.send(ASK_EVERYTHING).await;
    client.expect(&[b"\x01d\x02\x01\x0cunauthorized"]).await;
    client.send(TOKEN).await;
    client.expect(&[READ_WRITE]).await;
    client.send(ASK_EVERYTHING).await;
    client.expect(&[ASKED, &about_d(&[0, 1], NOTHING)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_told_so_and_its_edits_are_refused_one_by_one() {
    let world = start_with(|settings| {
        settings.tokens = vec![token("rw", Access::ReadOnly, "")];
    })
    .await;
    let mut client = world.connect("/hocuspocus").await;
    client.send(TOKEN).await;
    client.expect(&[b"\x01d\x02\x02\x08readonly"]).await;
    client.send(about_d(&[0, 1], NOTHING)).await;
    client.expect(&[ACCEPTED]).await;
    client.send(about_d(&[0, 2], HI)).await;
    client.send(about_d(&[0, 2], HI)).await;
    client.expect(&[REFUSED, REFUSED]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_sends_every_socket_away_with_the_code_for_coming_back() {
    let world = start().await;
    let mut writing = world.connect("/hocuspocus").await;
    writing.send(TOKEN).await;
    writing.expect(&[READ_WRITE]).await;
    writing.send(about_d(&[0, 2], HI)).await;
    writing.expect(&[ACCEPTED]).await;
    let mut silent = world.connect("/hocuspocus").await;
    let (stopped, writing, silent) = tokio::join!(
        world.server.stop(),
        writing.close_code(),
        silent.close_code()
    );
    assert_eq!(stopped, Ok(()));
    assert_eq!((writing, silent), (1012, 1012));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_for_ever_more_documents_without_a_token_end_the_socket() {
    let world = start().await;
    let mut client = world.connect("/hocuspocus").await;
    for number in 100..201 {
        client
            .send(framed(format!("\x03{number}\x00\x02").as_bytes(), NOTHING))
            .await;
    }
    assert_eq!(client.close_code().await, 4205);
}
