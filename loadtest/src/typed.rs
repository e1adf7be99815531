//! Documents as keyboards leave them: many short runs of text at random places, encoded directly.
//!
//! A CRDT library would need minutes for what takes milliseconds here: where each run stands is
//! known from a linked list, and its neighbours are all that its encoding names.

use bytes::Bytes;
use unisson_protocol::encoding::Writer;

use crate::{backoff::Random, writer::TEXT};

/// Yjs' kind of content "string", and the bits for neighbours at the left and at the right.
const STRING: u8 = 4;
const HAS_LEFT: u8 = 0x80;
const HAS_RIGHT: u8 = 0x40;
/// No run.
const NONE: u32 = u32::MAX;

/// How much to type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Characters(usize),
    /// Of the encoded document.
    Bytes(usize),
}

/// One update, its author, and the author's clock after it.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) author: u64,
    pub(crate) update: Bytes,
    pub(crate) end: u32,
}

/// A document of one author.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) text: String,
}

impl Typed {
    /// The size of its updates together.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.update.len()).sum()
    }
}

struct Typist {
    client_id: u64,
    run: u32,
    random: Random,
    /// The run behind each run in the text.
    next: Vec<u32>,
    first: u32,
    letters: String,
}

/// Types runs of `run` characters, in updates of about `piece_bytes`.
pub(crate) fn typed(client_id: u64, until: Until, run: u32, piece_bytes: usize) -> Typed {
    let mut typist = Typist {
        client_id,
        run,
        random: Random::new(client_id),
        next: Vec::new(),
        first: NONE,
        letters: String::new(),
    };
    let mut pieces = Vec::new();
    let mut bytes = 0;
    loop {
        let before = typist.next.len();
        let mut structs = Writer::with_capacity(piece_bytes.min(1 << 20));
        let mut piece = 0;
        let mut is_over = false;
        while piece < piece_bytes && !is_over {
            piece += typist.type_run(&mut structs);
            is_over = match until {
                Until::Characters(characters) => typist.letters.len() >= characters,
                Until::Bytes(all) => bytes + piece >= all,
            };
        }
        pieces.push(typist.piece(before, &structs.finish()));
        bytes += piece;
        if is_over {
            break;
        }
    }
    Typed {
        pieces,
        text: typist.text(),
    }
}

impl Typist {
    /// Types one run somewhere; how many bytes it takes.
    fn type_run(&mut self, out: &mut Writer) -> usize {
        let own = self.next.len() as u32;
        let left = match own {
            0 => NONE,
            _ => (self.random.next() % u64::from(own)) as u32,
        };
        let right = match left {
            NONE => self.first,
            left => self.next[left as usize],
        };
        match left {
            NONE => self.first = own,
            left => self.next[left as usize] = own,
        }
        self.next.push(right);
        let from = self.letters.len();
        for _ in 0..self.run {
            let letter = b'a' + (self.random.next() % 26) as u8;
            self.letters.push(char::from(letter));
        }
        self.encode(out, left, right, from)
    }

    fn encode(&self, out: &mut Writer, left: u32, right: u32, from: usize) -> usize {
        let mut info = STRING;
        let mut neighbours = 0;
        if left != NONE {
            info |= HAS_LEFT;
            neighbours += 1;
        }
        if right != NONE {
            info |= HAS_RIGHT;
            neighbours += 1;
        }
        out.bytes(&[info]);
        if left != NONE {
            out.var_uint(self.client_id);
            out.var_uint(u64::from(left * self.run + self.run - 1));
        }
        if right != NONE {
            out.var_uint(self.client_id);
            out.var_uint(u64::from(right * self.run));
        }
        if neighbours == 0 {
            // The parent is the root of this name.
            out.var_uint(1);
            out.var_string(TEXT);
        }
        out.var_string(&self.letters[from..]);
        // Exact but for the clocks' varying length, of which three bytes are the most common.
        2 + neighbours * (self.id_bytes() + 3) + self.run as usize
    }

    fn id_bytes(&self) -> usize {
        (u64::BITS - self.client_id.leading_zeros()).div_ceil(7) as usize
    }

    fn piece(&self, from: usize, structs: &[u8]) -> Piece {
        let mut out = Writer::with_capacity(structs.len() + 40);
        out.var_uint(1);
        out.var_uint((self.next.len() - from) as u64);
        out.var_uint(self.client_id);
        out.var_uint(from as u64 * u64::from(self.run));
        out.bytes(structs);
        // Nothing is deleted.
        out.var_uint(0);
        Piece {
            author: self.client_id,
            update: out.finish(),
            end: self.next.len() as u32 * self.run,
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.letters.len());
        let mut at = self.first;
        while at != NONE {
            let from = (at * self.run) as usize;
            text.push_str(&self.letters[from..from + self.run as usize]);
            at = self.next[at as usize];
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yrs::{Doc, GetString, Transact, Update, updates::decoder::Decode};

    #[test]
    fn the_crdt_reads_what_was_typed() {
        for (until, run) in [
            (Until::Characters(3_000), 1),
            (Until::Bytes(20_000), 7),
            (Until::Characters(1), 1),
        ] {
            let typed = typed(1_234_567_890, until, run, 4_000);
            let doc = Doc::with_client_id(1);
            let text = doc.get_or_insert_text(TEXT);
            for piece in &typed.pieces {
                let scan = unisson_protocol::scan::update_v1(&piece.update).expect("sound");
                let last = scan.inserts.last().expect("inserts");
                assert_eq!(last.clock + last.len, piece.end);
                let update = Update::decode_v1(&piece.update).expect("an update");
                doc.transact_mut().apply_update(update).expect("applies");
            }
            assert_eq!(text.get_string(&doc.transact()), typed.text);
            match until {
                Until::Characters(characters) => assert_eq!(typed.text.len(), characters),
                Until::Bytes(bytes) => assert!(typed.bytes().abs_diff(bytes) < bytes / 10),
            }
        }
    }
}
