//! What the scan accepts, yrs reads without harm and understands alike.

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::{fixture, hex, list};
use unisson_protocol::scan::{self, ClockRange, UpdateScan};
use yrs::{IdSet, Update, updates::decoder::Decode};

#[test]
fn yrs_finds_the_same_ranges_in_updates_of_yjs() {
    for case in list(&fixture("updates")) {
        let bytes = hex(&case["hex"]);
        let scanned = scan::update_v1(&bytes).expect("an update of Yjs");
        let decoded = Update::decode_v1(&bytes);
        assert_agrees(&scanned, &decoded.expect("an update of Yjs"));
    }
}

/// yrs 0.28.1 takes one string too many from JSON content and none for the name of an `XmlHook`.
/// When this test fails, yrs reads them as Yjs does, and the scan may accept them.
#[test]
fn yrs_still_reads_json_content_and_xml_hooks_wrongly() {
    for case in list(&fixture("refused")) {
        let misread = match Update::decode_v1(&hex(&case["hex"])) {
            Err(_) => true,
            Ok(update) => update.delete_set().iter().count() > 0,
        };
        assert!(misread, "{case}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_accepted_does_not_hurt_yrs(bytes in damaged_update()) {
        if let Ok(scanned) = scan::update_v1(&bytes)
            && let Ok(update) = Update::decode_v1(&bytes)
        {
            assert_agrees(&scanned, &update);
        }
    }

    #[test]
    fn every_cut_of_an_update_is_refused(index in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let updates = updates();
        let update = index.get(&updates);
        prop_assert!(scan::update_v1(&update[..at.index(update.len())]).is_err());
        let mut longer = update.clone();
        longer.push(0);
        prop_assert!(scan::update_v1(&longer).is_err());
    }
}

fn updates() -> Vec<Vec<u8>> {
    list(&fixture("updates"))
        .iter()
        .map(|case| hex(&case["hex"]).to_vec())
        .collect()
}

fn damaged_update() -> impl Strategy<Value = Vec<u8>> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(updates()), damage).prop_map(|(mut update, damage)| {
        for (at, byte) in damage {
            let at = at.index(update.len());
            update[at] = byte;
        }
        update
    })
}

fn assert_agrees(scanned: &UpdateScan, update: &Update) {
    assert_eq!(joined(&scanned.inserts), from_yrs(&update.insertions(true)));
    assert_eq!(joined(&scanned.deletes), from_yrs(update.delete_set()));
}

/// Clock ranges `[from, to)` by client, in order and joined.
type Ranges = BTreeMap<u64, Vec<(u32, u32)>>;

fn joined(ranges: &[ClockRange]) -> Ranges {
    normal(
        ranges
            .iter()
            .map(|range| (range.client_id, range.clock, range.clock + range.len)),
    )
}

fn from_yrs(set: &IdSet) -> Ranges {
    normal(set.iter().flat_map(|(client, ranges)| {
        ranges
            .iter()
            .map(|range| (client.get(), range.start, range.end))
            .collect::<Vec<_>>()
    }))
}

fn normal(ranges: impl Iterator<Item = (u64, u32, u32)>) -> Ranges {
    let mut all: Vec<_> = ranges.collect();
    all.sort_unstable();
    let mut by_client = Ranges::new();
    for (client, from, to) in all {
        let ranges = by_client.entry(client).or_default();
        match ranges.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => ranges.push((from, to)),
        }
    }
    by_client
}
