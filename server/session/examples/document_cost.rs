//! What documents cost in memory and in time, live and cold.
//!
//! `cargo run --release -p unisson-session --example document_cost -- [runs] [letters] [documents]`:
//! documents of `runs` pieces of text of `letters` letters, each typed at a random place.
// It measures: the clock is what the session itself must do without.
#![allow(clippy::disallowed_types)]

use std::time::Instant;

use bytes::Bytes;
use unisson_protocol::encoding::Writer;
use unisson_session::{
    Access, DocName, Input, Limits, LoadedDocument, Millis, Peer, PeerId, PeerMessage, Session,
    StoredParts, compact, load,
};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let mut next = |default| match numbers.next() {
        Some(Ok(number)) => number,
        _ => default,
    };
    let (runs, letters, documents) = (next(20_480), next(1), next(50));
    let update = typed(runs, letters);
    println!(
        "{runs} runs of {letters}: {} bytes as one update",
        update.len()
    );
    let log = StoredParts {
        snapshots: Vec::new(),
        updates: vec![update.clone()],
    };
    let body = timed("compaction", || compact(&log).expect("compacts"));
    println!("  snapshot body: {} bytes", body.len());
    let snapshot = StoredParts {
        snapshots: vec![body],
        updates: Vec::new(),
    };
    let limits = Limits::default();
    timed("open live", || load(&log, &limits).expect("loads"));
    let cold = timed("open cold", || load(&snapshot, &limits).expect("loads"));
    let mut session = opened(cold);
    timed("answer to a newcomer", || ask(&mut session));
    let wait = Millis(60_000);
    session.handle(wait, Input::Woke);
    timed("the same, encoded anew", || ask(&mut session));
    session.handle(Millis(120_000), Input::Woke);
    println!("  cold session says {} bytes", session.memory_bytes());
    let edit = typed_after(runs, letters);
    timed("first edit", || {
        session.handle(
            Millis(120_001),
            Input::Received(PeerId(1), PeerMessage::Update(edit)),
        )
    });
    println!("  live session says {} bytes", session.memory_bytes());
    drop(session);
    for (name, parts) in [("live", &log), ("cold", &snapshot)] {
        let before = resident_bytes();
        let open: Vec<Session> = (0..documents)
            .map(|_| {
                let mut session = opened(load(parts, &limits).expect("loads"));
                session.handle(Millis(2_000), Input::Left(PeerId(1)));
                session.handle(Millis(9_000), Input::Woke);
                session
            })
            .collect();
        let each = (resident_bytes() - before) / f64::from(documents);
        println!("  resident, {name}: {:.0} KB each", each / 1e3);
        drop(open);
    }
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("  {what}: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}

fn opened(document: LoadedDocument) -> Session {
    let name = DocName::new("measured").expect("a name");
    let mut session = Session::new(Millis(0), name, Limits::default(), 0);
    let peer = Peer {
        display_name: None,
        access: Access::ReadWrite,
        user: None,
        color: None,
        wants_echo: false,
        greets: false,
    };
    session.handle(Millis(0), Input::Joined(PeerId(1), peer));
    session.handle(Millis(0), Input::Loaded(Ok(document)));
    session
}

fn ask(session: &mut Session) {
    let question = PeerMessage::SyncStep1(Bytes::from_static(&[0]));
    session.handle(Millis(1_000), Input::Received(PeerId(1), question));
}

fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<f64>().ok());
    pages.expect("a number") * 4096.0
}

/// An update of one client: each run stands behind a random earlier one.
fn typed(runs: u32, letters: u32) -> Bytes {
    let mut random = 88_172_645_463_325_252_u64;
    let mut draw = |below: u32| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % u64::from(below)) as u32
    };
    let mut next = vec![None];
    let mut out = Writer::default();
    out.var_uint(1);
    out.var_uint(u64::from(runs));
    out.var_uint(7_000_000_001);
    out.var_uint(0);
    out.bytes(&[4, 1]);
    out.var_bytes(b"t");
    out.var_bytes(&vec![b'a'; letters as usize]);
    for run in 1..runs {
        let left = draw(run);
        let right = next[left as usize].replace(run);
        next.push(right);
        out.bytes(&[if right.is_some() { 0xc4 } else { 0x84 }]);
        let mut name = |clock: u32| {
            out.var_uint(7_000_000_001);
            out.var_uint(u64::from(clock));
        };
        name(left * letters + letters - 1);
        if let Some(right) = right {
            name(right * letters);
        }
        let text: Vec<u8> = (0..letters).map(|_| b'a' + draw(26) as u8).collect();
        out.var_bytes(&text);
    }
    out.var_uint(0);
    out.finish()
}

/// One more letter of the same client.
fn typed_after(runs: u32, letters: u32) -> Bytes {
    let mut out = Writer::default();
    for number in [1, 1, 7_000_000_001, u64::from(runs * letters)] {
        out.var_uint(number);
    }
    out.bytes(&[0x84]);
    out.var_uint(7_000_000_001);
    out.var_uint(u64::from(runs * letters - 1));
    out.var_bytes(b"!");
    out.var_uint(0);
    out.finish()
}
