//! Prose as people type it: key by key, with slips, second thoughts, and several authors.
//!
//! Updates are encoded directly, because a CRDT library looks for the place of each key from the
//! beginning of the document. The neighbours that Yjs would name are known: characters are kept in
//! their order, deleted ones included.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use unisson_protocol::encoding::Writer;

use crate::{backoff::Random, typed::Piece, writer::TEXT};

/// The authors, with client ids of the size that Yjs draws.
const AUTHORS: [u64; 4] = [1_934_772_101, 2_871_004_559, 3_310_981_774, 4_093_187_003];
/// Keys that one author types before the next one does.
const TURN_KEYS: usize = 200;
/// Characters of a paragraph, about.
const PARAGRAPH: usize = 400;
/// Of 100 keys so many are slips, taken back at once.
const SLIPS_PERCENT: u64 = 4;
/// Of 100 paragraphs so many are followed by a change to a word of an earlier one.
const RETURNS_PERCENT: u64 = 25;
/// Yjs' kind of content "string", and the bits for neighbours at the left and at the right.
const STRING: u8 = 4;
const HAS_LEFT: u8 = 0x80;
const HAS_RIGHT: u8 = 0x40;

/// Everything that was typed, in order, and what it came to.
pub(crate) struct Prose {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) text: String,
}

#[derive(Clone, Copy)]
struct Char {
    author: u8,
    is_deleted: bool,
    clock: u32,
    letter: char,
}

struct Desk {
    random: Random,
    paragraphs: Vec<Vec<Char>>,
    clocks: [u32; AUTHORS.len()],
    pieces: Vec<Piece>,
    visible: usize,
}

/// Types a text of about so many characters, in the words and turns of `model`.
pub(crate) fn typed_prose(model: &str, characters: usize) -> Result<Prose> {
    let mut words = Words::of(model)?;
    let mut desk = Desk {
        random: Random::new(characters as u64),
        paragraphs: Vec::new(),
        clocks: [0; AUTHORS.len()],
        pieces: Vec::new(),
        visible: 0,
    };
    while desk.visible < characters {
        desk.write_paragraph(&mut words, characters);
        if desk.random.next() % 100 < RETURNS_PERCENT {
            desk.change_a_word(&mut words);
        }
    }
    let visible = desk.paragraphs.iter().flatten();
    let text = visible
        .filter(|char| !char.is_deleted)
        .map(|char| char.letter)
        .collect();
    Ok(Prose {
        pieces: desk.pieces,
        text,
    })
}

impl Desk {
    fn write_paragraph(&mut self, words: &mut Words<'_>, characters: usize) {
        self.paragraphs.push(Vec::new());
        let last = self.paragraphs.len() - 1;
        let start = self.visible;
        while self.visible - start < PARAGRAPH && self.visible < characters {
            for letter in words.next().chars().chain([' ']) {
                if self.random.next() % 100 < SLIPS_PERCENT {
                    let at = self.end(last);
                    self.insert(last, at, 'e');
                    self.delete(last, at);
                }
                let at = self.end(last);
                self.insert(last, at, letter);
            }
        }
        let at = self.end(last);
        self.insert(last, at, '\n');
    }

    /// Takes a word of an earlier paragraph away, key by key, and types another one.
    fn change_a_word(&mut self, words: &mut Words<'_>) {
        let paragraph = (self.random.next() % self.paragraphs.len() as u64) as usize;
        let chars = &self.paragraphs[paragraph];
        let from = (self.random.next() % chars.len() as u64) as usize;
        let mut at = from;
        while at > 0 && (chars[at].is_deleted || chars[at].letter != ' ') {
            at -= 1;
        }
        let mut gone = at;
        while gone > 0 {
            gone -= 1;
            let char = self.paragraphs[paragraph][gone];
            if char.is_deleted {
                continue;
            }
            if char.letter == ' ' {
                break;
            }
            self.delete(paragraph, gone);
        }
        let start = if gone == 0 { 0 } else { gone + 1 };
        for (at, letter) in (start..).zip(words.next().chars()) {
            self.insert(paragraph, at, letter);
        }
    }

    /// Behind the last character that can be seen: before what was deleted behind it, as Yjs does.
    fn end(&self, paragraph: usize) -> usize {
        let chars = &self.paragraphs[paragraph];
        let last = chars.iter().rposition(|char| !char.is_deleted);
        last.map_or(0, |last| last + 1)
    }

    fn author(&self) -> u8 {
        (self.pieces.len() / TURN_KEYS % AUTHORS.len()) as u8
    }

    fn insert(&mut self, paragraph: usize, at: usize, letter: char) {
        let author = self.author();
        let clock = self.clocks[usize::from(author)];
        let before = |chars: &Vec<Char>| chars.last().copied();
        let left = match at {
            0 => self.paragraphs[..paragraph].iter().rev().find_map(before),
            at => Some(self.paragraphs[paragraph][at - 1]),
        };
        let first = |chars: &Vec<Char>| chars.first().copied();
        let right = self.paragraphs[paragraph]
            .get(at)
            .copied()
            .or_else(|| self.paragraphs[paragraph + 1..].iter().find_map(first));
        let char = Char {
            author,
            is_deleted: false,
            clock,
            letter,
        };
        self.paragraphs[paragraph].insert(at, char);
        self.clocks[usize::from(author)] += 1;
        self.visible += 1;
        self.push(author, encode_insert(char, left, right));
    }

    fn delete(&mut self, paragraph: usize, at: usize) {
        let char = &mut self.paragraphs[paragraph][at];
        char.is_deleted = true;
        let char = *char;
        self.visible -= 1;
        let mut out = Writer::with_capacity(12);
        // No structs; one client, one range.
        out.var_uint(0);
        out.var_uint(1);
        out.var_uint(AUTHORS[usize::from(char.author)]);
        out.var_uint(1);
        out.var_uint(u64::from(char.clock));
        out.var_uint(1);
        self.push(self.author(), out.finish());
    }

    fn push(&mut self, author: u8, update: Bytes) {
        self.pieces.push(Piece {
            author: AUTHORS[usize::from(author)],
            update,
            end: self.clocks[usize::from(author)],
        });
    }
}

fn encode_insert(char: Char, left: Option<Char>, right: Option<Char>) -> Bytes {
    let mut out = Writer::with_capacity(32);
    out.var_uint(1);
    out.var_uint(1);
    out.var_uint(AUTHORS[usize::from(char.author)]);
    out.var_uint(u64::from(char.clock));
    let bits = [(left, HAS_LEFT), (right, HAS_RIGHT)];
    let info = bits.iter().filter(|(neighbour, _)| neighbour.is_some());
    out.bytes(&[info.fold(STRING, |info, (_, bit)| info | bit)]);
    for neighbour in [left, right].into_iter().flatten() {
        out.var_uint(AUTHORS[usize::from(neighbour.author)]);
        out.var_uint(u64::from(neighbour.clock));
    }
    if left.or(right).is_none() {
        // The parent is the root of this name.
        out.var_uint(1);
        out.var_string(TEXT);
    }
    out.var_string(char.letter.encode_utf8(&mut [0; 4]));
    // Nothing is deleted.
    out.var_uint(0);
    out.finish()
}

/// Words in the order of a text that exists: each follows two that it followed there.
struct Words<'a> {
    following: HashMap<(&'a str, &'a str), Vec<&'a str>>,
    start: (&'a str, &'a str),
    last: (&'a str, &'a str),
    random: Random,
}

impl<'a> Words<'a> {
    fn of(model: &'a str) -> Result<Self> {
        let words: Vec<&str> = model.split_whitespace().collect();
        ensure!(words.len() >= 100, "too short a text to learn words from");
        let mut following: HashMap<_, Vec<_>> = HashMap::new();
        for three in words.windows(3) {
            following
                .entry((three[0], three[1]))
                .or_default()
                .push(three[2]);
        }
        let start = (*words.first().context("words")?, words[1]);
        Ok(Self {
            following,
            start,
            last: start,
            random: Random::new(words.len() as u64),
        })
    }

    fn next(&mut self) -> &'a str {
        let Some(choice) = self.following.get(&self.last) else {
            self.last = self.start;
            return self.start.0;
        };
        let word = choice[(self.random.next() % choice.len() as u64) as usize];
        self.last = (self.last.1, word);
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yrs::{Doc, GetString, OffsetKind, Options, Transact, Update, updates::decoder::Decode};

    #[test]
    fn the_crdt_reads_what_was_typed() {
        let model = "the quick été jumps over a lazy dog and then ".repeat(12);
        let prose = typed_prose(&model, 5_000).expect("prose");
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        });
        let text = doc.get_or_insert_text(TEXT);
        let mut clocks: HashMap<u64, u32> = HashMap::new();
        for piece in &prose.pieces {
            let scan = unisson_protocol::scan::update_v1(&piece.update).expect("sound");
            for range in &scan.inserts {
                clocks.insert(range.client_id, range.clock + range.len);
            }
            assert_eq!(clocks.get(&piece.author).copied().unwrap_or(0), piece.end);
            let update = Update::decode_v1(&piece.update).expect("an update");
            doc.transact_mut().apply_update(update).expect("applies");
        }
        assert_eq!(text.get_string(&doc.transact()), prose.text);
        assert!(prose.text.chars().count().abs_diff(5_000) < 100);
        assert!(prose.pieces.len() > 5_000, "people correct themselves");
        assert_eq!(clocks.len(), AUTHORS.len());
    }
}
