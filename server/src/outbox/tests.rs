//! Outboxes with and without a socket that takes what they hold.

use bytes::Bytes;
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpSocket},
};

use super::*;
use crate::listener::Stream;

fn frame(byte: u8, len: usize) -> Frame {
    Frame::message(&vec![byte; len].into())
}

/// An outbox of a socket that is closed already: what is queued stays.
fn unwritten(bytes_max: usize, message_bytes_max: usize) -> Outbox {
    Outbox::of(None, bytes_max, message_bytes_max)
}

/// The first payload byte of each queued frame.
fn queued(outbox: &Outbox) -> Vec<u8> {
    let state = outbox.lock();
    let first = |frame: &Frame| frame.pieces(2)[0][0];
    state.queue.iter().map(|(frame, _)| first(frame)).collect()
}

fn order(outbox: &Outbox) -> Option<Order> {
    outbox.lock().order()
}

/// An outbox, and the client's end of its socket, which takes only a little unread.
async fn connected() -> (Outbox, tokio::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let client = TcpSocket::new_v4().expect("a socket");
    client.set_recv_buffer_size(4_096).expect("a small buffer");
    let (client, accepted) = tokio::join!(client.connect(address), listener.accept());
    let (stream, _) = accepted.expect("accepted");
    let stream = Stream::Plain(stream);
    (Outbox::new(stream, 64 << 20, 0), client.expect("connected"))
}

/// Lets the socket's task write until all is gone.
async fn emptied(outbox: &Outbox) -> Written {
    let mut written = Written::default();
    std::future::poll_fn(|context| outbox.poll_empty(context, &mut written)).await;
    written
}

#[test]
fn over_the_limit_presence_goes_first_and_the_sender_of_updates_is_told() {
    let outbox = unwritten(100, 1_000);
    assert_eq!(outbox.push(frame(1, 58), Kind::Presence), Pushed::Fine);
    assert_eq!(outbox.push(frame(2, 58), Kind::Update), Pushed::Fine);
    assert_eq!(outbox.push(frame(3, 58), Kind::Presence), Pushed::Fine);
    assert_eq!(outbox.push(frame(4, 58), Kind::Update), Pushed::Full);
    assert_eq!(queued(&outbox), [2, 4]);
    assert_eq!(outbox.lock().bytes, 120);
}

#[test]
fn presence_that_the_client_has_the_beginning_of_is_not_dropped() {
    let outbox = unwritten(100, 1_000);
    outbox.push(frame(1, 38), Kind::Presence);
    outbox.push(frame(2, 38), Kind::Presence);
    outbox
        .lock()
        .consume(10, Instant::now(), &mut Written::default());
    outbox.push(frame(3, 58), Kind::Update);
    assert_eq!(queued(&outbox), [1, 3]);
}

#[test]
fn a_peer_that_never_reads_is_closed_and_gets_only_the_rest_of_a_begun_frame() {
    let outbox = unwritten(100, 100);
    for byte in 1..10 {
        outbox.push(frame(byte, 60), Kind::Answer);
    }
    let closed = Some(CloseReason::Overloaded);
    assert!(matches!(order(&outbox), Some(Order::Close(reason)) if Some(reason) == closed));
    let begun = unwritten(100, 100);
    begun.push(frame(1, 60), Kind::Answer);
    begun.push(frame(2, 60), Kind::Answer);
    begun
        .lock()
        .consume(1, Instant::now(), &mut Written::default());
    begun.finish([frame(9, 1)], true);
    assert_eq!(queued(&begun), [1, 9]);
}

#[test]
fn an_orderly_close_waits_for_what_is_queued_and_takes_nothing_more() {
    let outbox = unwritten(100, 100);
    outbox.push(frame(1, 10), Kind::Answer);
    outbox.close(CloseReason::Restart);
    outbox.push(frame(2, 10), Kind::Answer);
    assert_eq!(queued(&outbox), [1]);
    assert!(order(&outbox).is_none());
    outbox
        .lock()
        .consume(12, Instant::now(), &mut Written::default());
    assert!(matches!(
        order(&outbox),
        Some(Order::Close(CloseReason::Restart))
    ));
}

#[tokio::test]
async fn one_write_takes_many_frames_and_counts_them() {
    let (outbox, mut client) = connected().await;
    let mut sent = Vec::new();
    for byte in 0..40 {
        let frame = frame(byte, 10);
        sent.extend(frame.pieces(0).iter().flat_map(|piece| piece.to_vec()));
        outbox.push(frame, Kind::Update);
    }
    let mut written = Written::default();
    outbox.flush(Instant::now(), &mut written);
    assert_eq!((written.frames, written.bytes), (40, 480));
    let mut heard = vec![0; 480];
    client.read_exact(&mut heard).await.expect("all of it");
    assert_eq!(heard, sent);
}

#[tokio::test]
async fn a_client_that_reads_byte_for_byte_gets_every_frame_whole_and_in_order() {
    let (outbox, mut client) = connected().await;
    let mut sent = Vec::new();
    for number in 0..600_u32 {
        let size = [3, 200, 5_000, 70_000][number as usize % 4];
        let payload: Bytes = vec![number as u8; size].into();
        let frame = Frame::binary(&[&number.to_be_bytes()], &payload);
        sent.extend(frame.pieces(0).iter().flat_map(|piece| piece.to_vec()));
        outbox.push(frame, Kind::Answer);
    }
    outbox.flush(Instant::now(), &mut Written::default());
    assert!(outbox.lock().blocked, "the client's buffer is full");
    let read = async {
        let mut heard = Vec::new();
        let mut sizes = [1, 2, 1, 3, 4_096, 1, 65_536].iter().cycle();
        while heard.len() < sent.len() {
            let mut some = vec![0; *sizes.next().expect("it cycles")];
            let count = client.read(&mut some).await.expect("read");
            assert_ne!(count, 0, "the server still has something to say");
            heard.extend_from_slice(&some[..count]);
        }
        heard
    };
    let (heard, written) = tokio::join!(read, emptied(&outbox));
    assert!(heard == sent, "the bytes differ");
    assert!(written.frames > 0);
    let state = outbox.lock();
    assert_eq!(
        (state.bytes, state.front_written, state.blocked),
        (0, 0, false)
    );
}

#[tokio::test]
async fn what_is_queued_while_the_socket_is_full_waits_for_the_sockets_own_task() {
    let (outbox, mut client) = connected().await;
    outbox.push(frame(1, 8 << 20), Kind::Answer);
    outbox.flush(Instant::now(), &mut Written::default());
    outbox.push(frame(2, 10), Kind::Update);
    let before = outbox.lock().front_written;
    outbox.flush(Instant::now(), &mut Written::default());
    assert_eq!(outbox.lock().front_written, before);
    let mut heard = vec![0; (8 << 20) + 10 + 12];
    let (read, written) = tokio::join!(client.read_exact(&mut heard), emptied(&outbox));
    read.expect("all of it");
    assert_eq!((written.frames, heard[heard.len() - 1]), (2, 2));
}

#[tokio::test]
async fn a_client_that_has_gone_ends_the_socket_and_nothing_waits_for_it() {
    let (outbox, client) = connected().await;
    client.set_zero_linger().expect("a hard close");
    drop(client);
    let gone = std::future::poll_fn(|context| {
        outbox.push(frame(1, 1_000), Kind::Answer);
        outbox.poll(context, &mut [0; 16], &mut Written::default())
    });
    match gone.await {
        Event::Read(Ok(0) | Err(_)) | Event::Order(Order::Gone) => {}
        other => panic!("{other:?}"),
    }
    outbox.shut();
    outbox.push(frame(1, 1_000), Kind::Answer);
    assert!(queued(&outbox).is_empty());
}
