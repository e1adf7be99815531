//! Carried streams under requests that are repeated, cut and late.

use std::{future::poll_fn, task::Waker};

use super::*;

fn write(pipe: &mut CarriedPipe, bytes: &[u8]) -> io::Result<usize> {
    pipe.try_write(&[IoSlice::new(bytes)])
}

async fn read(pipe: &mut CarriedPipe) -> Vec<u8> {
    let mut into = vec![0; 64 << 10];
    let taken = poll_fn(|context| pipe.poll_read(context, &mut into)).await;
    into[..taken].to_vec()
}

#[tokio::test]
async fn what_is_said_twice_or_in_pieces_is_heard_once() {
    let (carrier, mut pipe) = Carrier::open();
    carrier.take(0, b"abc").await.expect("taken");
    carrier.take(0, b"abcde").await.expect("taken");
    carrier.take(2, b"cd").await.expect("taken");
    assert_eq!(carrier.received(), 5);
    assert_eq!(read(&mut pipe).await, b"abcde");
}

#[tokio::test]
async fn behind_a_gap_nothing_is_taken() {
    let (carrier, mut pipe) = Carrier::open();
    carrier.take(3, b"de").await.expect("not an error");
    assert_eq!(carrier.received(), 0);
    carrier.take(0, b"abcde").await.expect("taken");
    assert_eq!(read(&mut pipe).await, b"abcde");
}

#[tokio::test]
async fn a_client_that_says_more_than_is_read_waits_for_room() {
    let (carrier, mut pipe) = Carrier::open();
    let long = vec![7; WINDOW_BYTES_MAX + 1_000];
    let saying = tokio::spawn({
        let (carrier, long) = (carrier.clone(), long.clone());
        async move { carrier.take(0, &long).await }
    });
    let mut heard = Vec::new();
    while heard.len() < long.len() {
        heard.extend(read(&mut pipe).await);
        assert!(carrier.lock().up.len() <= WINDOW_BYTES_MAX);
    }
    assert_eq!(heard, long);
    assert_eq!(saying.await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn a_cut_reading_goes_on_where_the_client_has_come_to() {
    let (carrier, mut pipe) = Carrier::open();
    write(&mut pipe, b"one two ").expect("room");
    let mut first = carrier.read(0).expect("a reading");
    assert_eq!(first.next().await.as_deref(), Some(&b"one two "[..]));
    // Of that the client got only a part.
    let mut second = carrier.read(4).expect("a reading");
    write(&mut pipe, b"three").expect("room");
    assert_eq!(first.next().await, None, "the earlier reading has ended");
    assert_eq!(second.next().await.as_deref(), Some(&b"two three"[..]));
    assert_eq!(second.position(), 13);
}

#[tokio::test]
async fn positions_that_a_client_cannot_have_reached_are_refused() {
    let (carrier, mut pipe) = Carrier::open();
    write(&mut pipe, b"abc").expect("room");
    assert_eq!(carrier.read(4).err(), Some(NotCarried::Position));
    assert_eq!(carrier.confirm(u64::MAX), Err(NotCarried::Position));
    carrier.confirm(2).expect("reached");
    carrier.confirm(1).expect("an old request is no harm");
    assert_eq!(carrier.lock().confirmed, 2);
}

#[tokio::test]
async fn what_is_not_confirmed_fills_the_window_and_confirming_makes_room() {
    let (carrier, mut pipe) = Carrier::open();
    let long = vec![1; WINDOW_BYTES_MAX + 1];
    assert_eq!(write(&mut pipe, &long).ok(), Some(WINDOW_BYTES_MAX));
    let refused = write(&mut pipe, b"x").map_err(|error| error.kind());
    assert_eq!(refused, Err(io::ErrorKind::WouldBlock));
    let mut context = Context::from_waker(Waker::noop());
    assert!(pipe.poll_writable(&mut context).is_pending());
    carrier.confirm(10).expect("reached");
    assert!(pipe.poll_writable(&mut context).is_ready());
    assert_eq!(write(&mut pipe, &long).ok(), Some(10));
}

#[tokio::test]
async fn the_last_words_are_heard_after_the_end() {
    let (carrier, mut pipe) = Carrier::open();
    write(&mut pipe, b"bye").expect("room");
    drop(pipe);
    let mut reading = carrier.read(0).expect("still there");
    assert_eq!(reading.next().await.as_deref(), Some(&b"bye"[..]));
    assert_eq!(reading.next().await, None);
    assert_eq!(carrier.take(0, b"late").await, Err(NotCarried::Ended));
    drop(reading);
    assert_eq!(carrier.read(3).err(), Some(NotCarried::Ended));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_reading_is_gone_after_a_while_and_not_before() {
    let (carrier, mut pipe) = Carrier::open();
    let reading = carrier.read(0).expect("a reading");
    let waiting = tokio::time::timeout(ABSENT_MAX * 2, read(&mut pipe));
    assert!(waiting.await.is_err(), "while it reads it may be silent");
    drop(reading);
    let again = tokio::time::timeout(ABSENT_MAX / 2, read(&mut pipe));
    assert!(again.await.is_err());
    drop(carrier.read(0).expect("it comes back"));
    let started = Instant::now();
    assert_eq!(read(&mut pipe).await, b"");
    assert_eq!(started.elapsed().as_secs(), ABSENT_MAX.as_secs());
}
