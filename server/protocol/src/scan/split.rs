//! Parting an update (format v1) at its gaps.
//!
//! A whole document that was stored while it still missed something carries gaps. The part before
//! them is a document that can be read now; the part behind has to wait.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use super::{
    ClockRange, STRUCT_BYTES_MIN, clock, delete_set, range_end,
    structs::{self, Counts, Id, Struct},
};
use crate::encoding::{DecodeError, Reader, Writer};

/// How a gap is written: a struct of this kind and its length.
const SKIP: u8 = 10;

/// One struct, where it is in the update.
struct Part {
    bytes: Range<usize>,
    clock: u32,
    end: u32,
}

/// The structs of one client that go to one side.
type Section = (u64, Vec<Part>);

/// Parts an update: what can be integrated by somebody who has these clocks, as far as its own
/// structs tell, and what is behind a gap, if anything is. Both are updates.
pub fn split_v1(
    update: &Bytes,
    known: &BTreeMap<u64, u32>,
) -> Result<(Bytes, Option<Bytes>), DecodeError> {
    // Walked whole first: repeated clients and bytes behind the end are refused there.
    super::update_v1(update)?;
    let mut reader = Reader::new(update);
    let mut reach = known.clone();
    let (mut now, mut later) = (Vec::new(), Vec::new());
    let mut counts = Counts::default();
    for _ in 0..reader.count(super::CLIENT_BYTES_MIN)? {
        let (client_id, parts) = section(&mut reader, update.len(), &mut counts)?;
        let reached = reach.entry(client_id).or_insert(0);
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        for part in parts {
            if part.clock <= *reached {
                *reached = part.end.max(*reached);
                before.push(part);
            } else {
                behind.push(part);
            }
        }
        now.extend((!before.is_empty()).then_some((client_id, before)));
        later.extend((!behind.is_empty()).then_some((client_id, behind)));
    }
    let mut deletes = Vec::new();
    delete_set(&mut reader, &mut deletes)?;
    let (delete_now, delete_later) = split_deletes(deletes, &reach);
    if later.is_empty() && delete_later.is_empty() {
        return Ok((update.clone(), None));
    }
    let later = encode(update, &later, &delete_later);
    Ok((encode(update, &now, &delete_now), Some(later)))
}

fn section(
    reader: &mut Reader<'_>,
    update_bytes: usize,
    counts: &mut Counts,
) -> Result<Section, DecodeError> {
    let count = reader.count(STRUCT_BYTES_MIN)?;
    let client_id = reader.var_uint()?;
    let mut at = clock(reader)?;
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let start = update_bytes - reader.rest().len();
        let walked = structs::walk(
            reader,
            Id {
                client_id,
                clock: at,
            },
            counts,
        )?;
        let end = range_end(at, walked.len())?;
        if let Struct::Content(_) = walked {
            parts.push(Part {
                bytes: start..update_bytes - reader.rest().len(),
                clock: at,
                end,
            });
        }
        at = end;
    }
    Ok((client_id, parts))
}

fn split_deletes(
    deletes: Vec<ClockRange>,
    reach: &BTreeMap<u64, u32>,
) -> (Vec<ClockRange>, Vec<ClockRange>) {
    let (mut now, mut later) = (Vec::new(), Vec::new());
    for range in deletes {
        let reached = reach.get(&range.client_id).copied().unwrap_or(0);
        let end = range.clock + range.len;
        let cut = reached.clamp(range.clock, end);
        let part = |clock: u32, end: u32| {
            let len = end - clock;
            let range = ClockRange {
                clock,
                len,
                ..range
            };
            (len > 0).then_some(range)
        };
        now.extend(part(range.clock, cut));
        later.extend(part(cut, end));
    }
    (now, later)
}

fn encode(update: &Bytes, sections: &[Section], deletes: &[ClockRange]) -> Bytes {
    let mut writer = Writer::with_capacity(update.len() + Writer::INTEGER_BYTES_MAX);
    writer.var_uint(sections.len() as u64);
    for (client_id, parts) in sections {
        let starts = parts.iter().map(|part| part.clock);
        let ends = parts.iter().map(|part| part.end);
        let gaps = starts
            .clone()
            .skip(1)
            .zip(ends.clone())
            .filter(|(start, end)| start > end);
        writer.var_uint((parts.len() + gaps.count()) as u64);
        writer.var_uint(*client_id);
        writer.var_uint(u64::from(starts.clone().next().unwrap_or(0)));
        let mut previous_end = None;
        for part in parts {
            if let Some(gap) = previous_end
                .map(|end| part.clock - end)
                .filter(|gap| *gap > 0)
            {
                writer.bytes(&[SKIP]);
                writer.var_uint(u64::from(gap));
            }
            // The range is one that a reader over these very bytes walked.
            writer.bytes(update.get(part.bytes.clone()).unwrap_or_default());
            previous_end = Some(part.end);
        }
    }
    encode_deletes(&mut writer, deletes);
    writer.finish()
}

fn encode_deletes(writer: &mut Writer, deletes: &[ClockRange]) {
    let mut by_client: BTreeMap<u64, Vec<&ClockRange>> = BTreeMap::new();
    for range in deletes {
        by_client.entry(range.client_id).or_default().push(range);
    }
    writer.var_uint(by_client.len() as u64);
    for (client_id, ranges) in by_client {
        writer.var_uint(client_id);
        writer.var_uint(ranges.len() as u64);
        for range in ranges {
            writer.var_uint(u64::from(range.clock));
            writer.var_uint(u64::from(range.len));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::update_v1;

    /// Client 9: clocks 5..8, a gap of 4, clock 12; deletes 4..8 and 12..13 of it.
    const GAPPY: [u8; 19] = [1, 4, 9, 5, 0, 2, 0, 1, 10, 4, 0, 1, 1, 9, 2, 4, 4, 12, 1];

    fn split(known: &[(u64, u32)]) -> (Bytes, Option<Bytes>) {
        let known = known.iter().copied().collect();
        split_v1(&Bytes::from_static(&GAPPY), &known).expect("an update")
    }

    fn ranges(update: &Bytes) -> Vec<(char, u32, u32)> {
        let scan = update_v1(update).expect("an update");
        let inserts = scan.inserts.iter().map(|r| ('+', r.clock, r.len));
        let deletes = scan.deletes.iter().map(|r| ('-', r.clock, r.len));
        inserts.chain(deletes).collect()
    }

    #[test]
    fn what_is_behind_a_gap_is_parted_from_what_is_before_it() {
        let (now, later) = split(&[(9, 5)]);
        assert_eq!(ranges(&now), [('+', 5, 3), ('-', 4, 4)]);
        assert_eq!(
            ranges(&later.expect("a rest")),
            [('+', 12, 1), ('-', 12, 1)]
        );
    }

    #[test]
    fn a_beginning_that_misses_what_comes_before_it_is_a_gap_too() {
        let (now, later) = split(&[]);
        assert_eq!(ranges(&now), []);
        assert_eq!(
            ranges(&later.expect("a rest")),
            [('+', 5, 3), ('+', 12, 1), ('-', 4, 4), ('-', 12, 1)]
        );
    }

    #[test]
    fn who_knows_what_the_gap_misses_gets_all_of_it_as_it_was() {
        assert_eq!(split(&[(9, 12)]), (Bytes::from_static(&GAPPY), None));
    }

    #[test]
    fn a_deletion_across_the_end_of_what_is_known_is_parted_there() {
        let update = Bytes::from_static(&[0, 1, 9, 1, 2, 6]);
        let (now, later) = split_v1(&update, &[(9, 5)].into()).expect("an update");
        assert_eq!(ranges(&now), [('-', 2, 3)]);
        assert_eq!(ranges(&later.expect("a rest")), [('-', 5, 3)]);
    }

    #[test]
    fn an_update_that_is_none_is_refused() {
        let known = BTreeMap::new();
        assert!(split_v1(&Bytes::from_static(&[0, 0, 0]), &known).is_err());
        assert!(split_v1(&Bytes::from_static(&GAPPY[..18]), &known).is_err());
    }
}
