//! Sockets in trouble: readers that stop, clients that vanish, crowds, and bytes in odd pieces.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{HI, Heard, NOTHING, framed, start, start_with};

const GREETING: &[u8] = &[0, 0, 1, 0];
const ASK_EVERYTHING: &[u8] = &[0, 0, 1, 0];
/// A client's frame: binary, masked with zeros.
const MASKED: u8 = 0x80;

/// An update of client 7: one text of so many letters at the beginning of `t`.
fn typed(letters: usize) -> Vec<u8> {
    let mut update = b"\x01\x01\x07\x00\x04\x01\x01t".to_vec();
    var_uint(&mut update, letters);
    update.extend(vec![b'a'; letters]);
    update.push(0);
    update
}

fn var_uint(into: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn message(head: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut message = head.to_vec();
    var_uint(&mut message, payload.len());
    message.extend_from_slice(payload);
    message
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("a short payload");
    [&[opcode, MASKED | len, 0, 0, 0, 0], payload].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_get_every_edit_in_order() {
    let world = start().await;
    let mut readers = Vec::new();
    for _ in 0..1_000 {
        let mut reader = world.connect("/ws/page").await;
        reader.expect(&[GREETING]).await;
        readers.push(reader);
    }
    let mut writer = world.connect("/ws/page").await;
    writer.expect(&[GREETING]).await;
    let edits: Vec<Vec<u8>> = (0..20_u8)
        .map(|number| {
            // Client 8 types one letter after the other.
            let update = match number {
                0 => b"\x01\x01\x08\x00\x04\x01\x01t\x01a\x00".to_vec(),
                _ => [
                    b"\x01\x01\x08",
                    &[number][..],
                    b"\x84\x08",
                    &[number - 1],
                    b"\x01a\x00",
                ]
                .concat(),
            };
            framed(&[0, 2], &update)
        })
        .collect();
    for edit in &edits {
        writer.send(edit).await;
    }
    // So many readers get edits that follow one another in one message.
    join_all(readers.iter_mut().map(async |reader| {
        let mut seen = 0;
        while seen < edits.len() as u32 {
            let ranges = reader.hear_update().await.inserts;
            for range in ranges {
                assert_eq!((range.client_id, range.clock), (8, seen), "in order");
                seen += range.len;
            }
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_holds_up_nobody_and_catches_up_when_it_reads_again() {
    let world = start_with(|settings| settings.outbox_bytes_max = 64 << 10).await;
    let mut slow = world.connect("/ws/page").await;
    slow.expect(&[GREETING]).await;
    let mut writer = world.connect("/ws/page").await;
    writer.expect(&[GREETING]).await;
    // Far more than the kernel keeps for a socket that nobody reads.
    let edit = message(&[0, 2], &typed(12 << 20));
    writer.send(&edit).await;
    assert_eq!(writer.hear().await, Heard::Frame(edit.clone()));
    let mut other = world.connect("/ws/page").await;
    other
        .expect(&[&framed(&[0, 0], b"\x01\x07\x80\x80\x80\x06")])
        .await;
    let small = framed(&[0, 2], b"\x01\x01\x09\x00\x04\x01\x01t\x01b\x00");
    other.send(&small).await;
    other.expect(&[&small]).await;
    assert_eq!(slow.hear().await, Heard::Frame(edit));
    let Heard::Frame(catch_up) = slow.hear().await else {
        panic!("closed")
    };
    assert_eq!(catch_up[..2], [0, 1], "one merged answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_come_byte_by_byte_or_all_at_once_are_understood() {
    let world = start().await;
    let mut stream = world.upgraded("/ws/page").await;
    let all = [
        masked(0x82, ASK_EVERYTHING),
        masked(0x02, &[0, 2]),
        masked(0x89, b"there?"),
        masked(0x80, &framed(&[], HI)),
    ]
    .concat();
    for byte in &all {
        stream.write_all(&[*byte]).await.expect("sent");
    }
    stream.write_all(&all).await.expect("sent");
    let heard = heard(&mut stream, 4 + 6 + 7 + 17 + 8 + 17 + 6).await;
    let count = |what: &[u8]| {
        heard
            .windows(what.len())
            .filter(|seen| seen == &what)
            .count()
    };
    assert_eq!(count(b"\x8a\x06there?"), 2, "{heard:?}");
    assert!(count(&framed(&[0, 2], HI)) >= 1, "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clients_close_is_answered_and_then_the_stream_ends() {
    let world = start().await;
    for (sent, answer) in [
        (
            masked(0x88, &1000_u16.to_be_bytes()),
            &[0x88, 2, 0x03, 0xe8][..],
        ),
        (masked(0x88, &[]), &[0x88, 0]),
        (
            masked(0x88, &1005_u16.to_be_bytes()),
            &[0x88, 2, 0x03, 0xea],
        ),
    ] {
        let mut stream = world.upgraded("/ws/page").await;
        stream.write_all(&sent).await.expect("sent");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("the end");
        assert!(rest.ends_with(answer), "{rest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_vanish_leave_nothing_behind() {
    let world = start().await;
    for round in 0..30 {
        let mut stream = world.upgraded("/ws/page").await;
        match round % 3 {
            0 => stream.shutdown().await.expect("half closed"),
            1 => stream.set_zero_linger().expect("a hard close"),
            _ => stream
                .write_all(&[0x82, 0xff, 0, 0])
                .await
                .expect("half a header"),
        }
        drop(stream);
    }
    let mut witness = world.connect("/hocuspocus").await;
    let none = "unisson_sockets{dialect=\"y-websocket\"} 0";
    tokio::time::timeout(Duration::from_secs(20), async {
        while !world.get("/metrics", "").await.contains(none) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("all of them are forgotten");
    witness.send(b"\x01d\x02\x00\x02rw\x054.8.0").await;
    witness.expect(&[b"\x01d\x02\x02\x0aread-write"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_is_announced_too_large_is_refused_with_a_code_for_coming_back() {
    let world = start_with(|settings| settings.limits.update_bytes_max = 10_000).await;
    let mut hostile = world.connect("/ws/page").await;
    hostile.expect(&[GREETING]).await;
    hostile.send(vec![0; 2 << 20]).await;
    assert_eq!(hostile.close_code().await, 4205);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_still_delivers_what_is_queued_for_a_slow_reader() {
    let world = start().await;
    let mut slow = world.connect("/ws/page").await;
    slow.expect(&[GREETING]).await;
    let mut writer = world.connect("/ws/page").await;
    writer.expect(&[GREETING]).await;
    let edit = message(&[0, 2], &typed(12 << 20));
    writer.send(&edit).await;
    assert_eq!(writer.hear().await, Heard::Frame(edit.clone()));
    let (stopped, heard) = tokio::join!(world.server.stop(), async {
        (slow.hear().await, slow.hear().await)
    });
    assert_eq!(stopped, Ok(()));
    assert_eq!(heard, (Heard::Frame(edit), Heard::Closed(1012)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_asked_for_without_a_handshake_is_told_so() {
    let world = start().await;
    for path in ["/ws/page", "/hocuspocus"] {
        let answer = world.get(path, "").await;
        assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
        assert!(answer.contains("\"code\":\"websocket\""), "{answer}");
    }
    let mut client = world.connect("/ws/page").await;
    client.send(framed(&[0, 1], NOTHING)).await;
    client.expect(&[GREETING]).await;
}

/// At least so many bytes.
async fn heard(stream: &mut tokio::net::TcpStream, bytes: usize) -> Vec<u8> {
    let mut heard = Vec::new();
    while heard.len() < bytes {
        let mut some = [0; 4_096];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut some));
        match read.await.expect("in time").expect("read") {
            0 => break,
            count => heard.extend_from_slice(&some[..count]),
        }
    }
    heard
}
