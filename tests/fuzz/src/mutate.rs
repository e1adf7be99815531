//! Damage that knows a little about the format: lengths, tags and nesting.

use crate::random::Random;

/// Inputs grow no longer than this.
const BYTES_MAX: usize = 64 * 1024;

/// Tags, counts and borders that mean something to some decoder.
const TELLING: [u8; 28] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x20, 0x3f, 0x40, 0x44, 0x7f, 0x80, 0x84, 0xc4, 0xff,
    116, 117, 118, 119, 122, 125, 126,
];

/// Makes one input from `corpus`.
pub fn input(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(5) {
        damage(&mut bytes, corpus, random);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(16)).min(bytes.len());
    match random.below(12) {
        0 => replace(bytes, at, |byte| byte ^ (1 << random.below(8))),
        1 => replace(bytes, at, |_| random.byte()),
        2 | 3 => replace(bytes, at, |_| TELLING[random.below(TELLING.len())]),
        4 => replace(bytes, at, |byte| byte.wrapping_add(1)),
        5 => replace(bytes, at, |byte| byte.wrapping_sub(1)),
        6 => bytes.truncate(at),
        7 => drop(bytes.drain(at..end)),
        8 => {
            let copied = bytes[at..end].to_vec();
            insert(bytes, at, &copied.repeat(1 + random.below(40)));
        }
        9 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(64)).min(other.len());
            insert(bytes, at, &other[from..to]);
        }
        10 => {
            let blown_up = integer(random);
            replace(bytes, at, |_| blown_up[0]);
            insert(bytes, at + 1, &blown_up[1..]);
        }
        _ => {
            let opened: &[u8] = [&[117, 1][..], &[118, 1, 0], b"[", b"{\"a\":"][random.below(4)];
            insert(bytes, at, &opened.repeat(1 + random.below(300)));
        }
    }
}

fn replace(bytes: &mut [u8], at: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = change(*byte);
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, inserted: &[u8]) {
    let at = at.min(bytes.len());
    bytes.splice(at..at, inserted.iter().copied());
}

/// A large integer, near a border where something might overflow.
fn integer(random: &mut Random) -> Vec<u8> {
    let border = 1_u64 << random.below(64);
    let mut value = border.wrapping_add(random.below(5) as u64).wrapping_sub(2);
    let mut written = Vec::new();
    while value >= 0x80 {
        written.push(value as u8 | 0x80);
        value >>= 7;
    }
    written.push(value as u8);
    written
}
