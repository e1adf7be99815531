//! Attributions against a model of single clocks.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const MINUTE_MS: u64 = 60_000;

fn author(user: &str) -> Author {
    Author {
        user: Some(user.into()),
        name: None,
    }
}

fn written(user: &str, at_ms: u64) -> Written {
    Written {
        author: author(user),
        at_ms,
    }
}

fn range(client_id: u64, clock: u32, len: u32) -> ClockRange {
    ClockRange {
        client_id,
        clock,
        len,
    }
}

/// Who inserted each clock, and the times of the stamp.
/// User, first and last time.
type Told = Option<(String, u64, u64)>;

fn inserted(of: &Attribution, range: ClockRange) -> Vec<(u32, Told)> {
    let told = |stamp| {
        let (author, stamp) = of.stamp_of(stamp).expect("a stamp of its own");
        let user = author.user.as_deref().unwrap_or_default().to_owned();
        (user, stamp.first_ms, stamp.last_ms)
    };
    let parts = of.inserted(range).into_iter();
    parts.map(|(end, stamp)| (end, stamp.map(told))).collect()
}

#[test]
fn typing_of_one_author_is_one_stamp_until_she_pauses() {
    let mut all = Attribution::default();
    for (clock, at_ms) in [(0, 0), (1, 1_000), (2, 30_000), (3, 30_000 + PAUSE_MS)] {
        all.record(&written("ann", at_ms), &[range(1, clock, 1)], &[]);
    }
    all.record(&written("bob", 31_000), &[range(2, 0, 5)], &[]);
    all.record(&written("ann", 10 * MINUTE_MS), &[range(1, 4, 1)], &[]);
    let ann = |from, until| Some(("ann".to_owned(), from, until));
    assert_eq!(
        inserted(&all, range(1, 0, 6)),
        [
            (4, ann(0, 30_000 + PAUSE_MS)),
            (5, ann(10 * MINUTE_MS, 10 * MINUTE_MS)),
            (6, None)
        ]
    );
    assert_eq!(all.insertions().count(), 3);
    assert_eq!(all.last_ms(), Some(10 * MINUTE_MS));
}

#[test]
fn a_stamp_ends_in_time_however_diligent_its_author() {
    let mut all = Attribution::default();
    for second in 0..3_600 {
        all.record(
            &written("ann", second * 1_000),
            &[range(1, second as u32, 1)],
            &[],
        );
    }
    for (_, stamp) in all.insertions() {
        let (_, stamp) = all.stamp_of(stamp).expect("a stamp");
        assert!(stamp.last_ms - stamp.first_ms <= SPAN_MS_MAX);
    }
    assert_eq!(all.insertions().count(), 12);
}

type Claim = (u8, u64, u64, u32, u32, bool);

fn claims() -> impl Strategy<Value = Vec<Claim>> {
    let claim = (
        0..3_u8,
        0..40_u64,
        1..4_u64,
        0..30_u32,
        1..8_u32,
        any::<bool>(),
    );
    prop::collection::vec(claim, 0..25)
}

fn recorded(claims: &[Claim]) -> Attribution {
    let mut all = Attribution::default();
    for (user, minute, client, clock, len, deletes) in claims {
        let written = written(&format!("user {user}"), minute * 10 * MINUTE_MS);
        let ranges = [range(*client, *clock, *len)];
        match deletes {
            true => all.record(&written, &[], &ranges),
            false => all.record(&written, &ranges, &[]),
        }
    }
    all
}

/// Times of both kinds, clock by clock.
fn times(of: &Attribution) -> BTreeMap<(bool, u64, u32), u64> {
    let mut times = BTreeMap::new();
    let inserts = of.insertions().map(|(range, stamp)| (false, range, stamp));
    let deletes = of.deletions().map(|(range, stamp)| (true, range, stamp));
    for (deleted, range, stamp) in inserts.chain(deletes) {
        let (_, stamp) = of.stamp_of(stamp).expect("a stamp");
        for clock in range.clock..range.clock + range.len {
            times.insert((deleted, range.client_id, clock), stamp.first_ms);
        }
    }
    times
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_as_it_was(claims in claims()) {
        let all = recorded(&claims);
        let again = Attribution::decode(&all.encode()).expect("decodes");
        for clock_range in (1..4).map(|client| range(client, 0, 60)) {
            prop_assert_eq!(inserted(&all, clock_range), inserted(&again, clock_range));
        }
        prop_assert_eq!(times(&all), times(&again));
        prop_assert_eq!(again.encode(), all.encode());
    }

    #[test]
    fn merging_knows_no_order_and_no_repetition(a in claims(), b in claims()) {
        let (a, b) = (recorded(&a), recorded(&b));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(&b);
        ba.merge(&a);
        prop_assert_eq!(times(&ab), times(&ba));
        let before = ab.encode();
        ab.merge(&b);
        ab.merge(&a);
        prop_assert_eq!(ab.encode(), before);
        let mut earliest = times(&a);
        for (at, ms) in times(&b) {
            let known = earliest.entry(at).or_insert(ms);
            *known = (*known).min(ms);
        }
        prop_assert_eq!(times(&ab), earliest);
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_but_never_harm(
        claims in claims(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = recorded(&claims).encode().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = Attribution::decode(&bytes) {
            prop_assert!(read.insertions().all(|(range, _)| range.len > 0));
        }
    }
}
