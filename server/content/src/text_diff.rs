//! What of a text has to change so that it says something else: as little as people would change.

use serde_json::{Map, Value};
use yrs::{Text, TransactionMut, XmlTextRef};

use crate::{
    Insert, Run, Says,
    adopt::{is_known_mark, same_mark},
    align::{self, align},
    write,
};

/// Below this share (of a hundred) of what stays, a stretch is written anew: a word made of letters
/// that happened to stand there reads as nobody's.
const KEPT_MIN_PERCENT: usize = 30;
/// The largest table of words that is filled in.
const TABLE_MAX: usize = 250_000;

/// A place in a text: a character, or something in the place of one.
#[derive(Debug, Clone, PartialEq)]
enum What {
    Character(char),
    Object(Insert),
}

#[derive(Debug, Clone)]
struct Unit<'a> {
    what: What,
    marks: &'a Map<String, Value>,
}

/// Some places in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Keep(usize),
    Delete(usize),
    Insert(usize),
}

/// Changes a text. Marks that the form of what is wanted has no words for stay.
pub(crate) fn change(
    txn: &mut TransactionMut<'_>,
    text: &XmlTextRef,
    present: &[Run],
    wanted: &[Run],
    says: Says,
) {
    let (from, to) = (units(present), units(wanted));
    let (mut i, mut j, mut at) = (0, 0, 0);
    for step in steps(&from, &to) {
        match step {
            Step::Keep(count) => {
                let kept = from[i..i + count].iter().zip(&to[j..j + count]);
                at = mark(txn, text, at, kept, says);
                (i, j) = (i + count, j + count);
            }
            Step::Delete(count) => {
                text.remove_range(txn, at, length(&from[i..i + count]));
                i += count;
            }
            Step::Insert(count) => {
                for run in runs(&to[j..j + count]) {
                    at += write::insert_run(txn, text, at, &run);
                }
                j += count;
            }
        }
    }
}

fn units(runs: &[Run]) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    for run in runs {
        let marks = &run.marks;
        match &run.insert {
            Insert::Text(text) => units.extend(text.chars().map(|character| Unit {
                what: What::Character(character),
                marks,
            })),
            other => units.push(Unit {
                what: What::Object(other.clone()),
                marks,
            }),
        }
    }
    units
}

fn runs(units: &[Unit<'_>]) -> Vec<Run> {
    let each = units.iter().map(|unit| Run {
        insert: match &unit.what {
            What::Character(character) => Insert::Text(character.to_string()),
            What::Object(object) => object.clone(),
        },
        marks: unit.marks.clone(),
    });
    crate::normal::normal_runs(&each.collect::<Vec<_>>())
}

fn length(units: &[Unit<'_>]) -> u32 {
    let each = units.iter().map(|unit| match &unit.what {
        What::Character(character) => character.len_utf16() as u32,
        What::Object(_) => 1,
    });
    each.sum()
}

/// Gives what stays the marks that are wanted; where it ends.
fn mark<'a>(
    txn: &mut TransactionMut<'_>,
    text: &XmlTextRef,
    mut at: u32,
    kept: impl Iterator<Item = (&'a Unit<'a>, &'a Unit<'a>)>,
    says: Says,
) -> u32 {
    let mut stretches: Vec<(Map<String, Value>, u32)> = Vec::new();
    for (there, wanted) in kept {
        let change = mark_change(there.marks, wanted.marks, says);
        let length = length(std::slice::from_ref(there));
        match stretches.last_mut() {
            Some((same, total)) if *same == change => *total += length,
            _ => stretches.push((change, length)),
        }
    }
    for (change, length) in stretches {
        if !change.is_empty() {
            text.format(txn, at, length, write::attrs(&change));
        }
        at += length;
    }
    at
}

/// Formats that make the wanted marks of those that are there; null takes one away.
fn mark_change(
    present: &Map<String, Value>,
    wanted: &Map<String, Value>,
    says: Says,
) -> Map<String, Value> {
    let mut change = Map::new();
    for (key, value) in wanted {
        let there = present.get(key);
        let same = match says {
            Says::Everything => there == Some(value),
            Says::Words | Says::Letters => there.is_some_and(|there| same_mark(key, there, value)),
        };
        if !same {
            change.insert(key.clone(), value.clone());
        }
    }
    for (key, value) in present {
        let unsaid = match says {
            Says::Everything => false,
            Says::Words => !is_known_mark(key),
            Says::Letters => true,
        };
        let stays = wanted.contains_key(key) || value.is_null() || unsaid;
        if !stays {
            change.insert(key.clone(), Value::Null);
        }
    }
    change
}

fn steps(from: &[Unit<'_>], to: &[Unit<'_>]) -> Vec<Step> {
    let same = |(a, b): &(&Unit<'_>, &Unit<'_>)| a.what == b.what;
    let start = from.iter().zip(to).take_while(same).count();
    let (from_rest, to_rest) = (&from[start..], &to[start..]);
    let end = from_rest
        .iter()
        .rev()
        .zip(to_rest.iter().rev())
        .take_while(same)
        .count();
    let (from_rest, to_rest) = (
        &from_rest[..from_rest.len() - end],
        &to_rest[..to_rest.len() - end],
    );
    let mut steps = vec![Step::Keep(start)];
    steps.extend(middle(from_rest, to_rest));
    steps.push(Step::Keep(end));
    steps.retain(|step| !matches!(step, Step::Keep(0) | Step::Delete(0) | Step::Insert(0)));
    steps
}

fn middle(from: &[Unit<'_>], to: &[Unit<'_>]) -> Vec<Step> {
    let anew = vec![Step::Delete(from.len()), Step::Insert(to.len())];
    let (from_words, to_words) = (words(from), words(to));
    if from_words.len().saturating_mul(to_words.len()) > TABLE_MAX {
        return anew;
    }
    let hash = |(units, words): (&[Unit<'_>], &[(usize, usize)])| -> Vec<u64> {
        let each = words.iter().map(|(start, end)| hash(&units[*start..*end]));
        each.collect()
    };
    let pairs = align(
        &hash((from, &from_words)),
        &hash((to, &to_words)),
        &|_, _| 0,
    );
    let mut steps = Vec::new();
    let mut kept = 0;
    for pair in pairs {
        let size = |(start, end): (usize, usize)| end - start;
        match pair {
            (Some(i), Some(_)) => {
                let count = size(from_words[i]);
                kept += count;
                steps.push(Step::Keep(count));
            }
            (Some(i), None) => steps.push(Step::Delete(size(from_words[i]))),
            (None, Some(j)) => steps.push(Step::Insert(size(to_words[j]))),
            (None, None) => {}
        }
    }
    match kept * 100 < from.len().max(to.len()) * KEPT_MIN_PERCENT {
        true => anew,
        false => joined(&steps),
    }
}

/// Between two kept stretches one deletion and one insertion.
fn joined(steps: &[Step]) -> Vec<Step> {
    let mut out = Vec::new();
    let (mut deleted, mut inserted) = (0, 0);
    for step in steps.iter().chain(&[Step::Keep(0)]) {
        match step {
            Step::Delete(count) => deleted += count,
            Step::Insert(count) => inserted += count,
            Step::Keep(count) => {
                out.push(Step::Delete(std::mem::take(&mut deleted)));
                out.push(Step::Insert(std::mem::take(&mut inserted)));
                match out
                    .iter_mut()
                    .rev()
                    .find(|step| !matches!(step, Step::Delete(0) | Step::Insert(0)))
                {
                    Some(Step::Keep(before)) => *before += count,
                    _ => out.push(Step::Keep(*count)),
                }
            }
        }
    }
    out
}

/// Words, and everything else one by one.
fn words(units: &[Unit<'_>]) -> Vec<(usize, usize)> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut in_word = false;
    for (at, unit) in units.iter().enumerate() {
        let letter = matches!(unit.what, What::Character(c) if c.is_alphanumeric());
        match words.last_mut() {
            Some((_, end)) if letter && in_word => *end = at + 1,
            _ => words.push((at, at + 1)),
        }
        in_word = letter;
    }
    words
}

fn hash(units: &[Unit<'_>]) -> u64 {
    let mut hasher = align::hasher();
    for unit in units {
        match &unit.what {
            What::Character(character) => hasher.write(character),
            What::Object(object) => hasher.write(&format!("{object:?}")),
        }
    }
    hasher.end()
}
