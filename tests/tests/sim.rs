//! Thousands of seeded runs, and the proof that they can fail.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use unisson_tests::sim::{Sabotage, Scenario, Summary, run, run_scenario};

const SEEDS_DEFAULT: u64 = 2_000;
const THREADS: usize = 2;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs all seeds on two threads; the failures, smallest seed first.
fn run_seeds(from: u64, to: u64) -> (Vec<Summary>, Vec<(u64, String)>) {
    let next = AtomicU64::new(from);
    let results = Mutex::new((Vec::new(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let enough = results.lock().expect("no panic").1.len() >= 10;
                    if seed >= to || enough {
                        return;
                    }
                    let outcome = run(seed);
                    let mut results = results.lock().expect("no panic");
                    match outcome {
                        Ok(summary) => results.0.push(summary),
                        Err(failure) => results.1.push((seed, failure)),
                    }
                }
            });
        }
    });
    let (good, mut bad) = results.into_inner().expect("no panic");
    bad.sort();
    (good, bad)
}

#[test]
fn every_seed_keeps_all_promises() {
    let (from, to) = match setting("SEED") {
        Some(seed) => (seed, seed + 1),
        None => {
            let from = setting("SEEDS_FROM").unwrap_or(0);
            (from, from + setting("SEEDS").unwrap_or(SEEDS_DEFAULT))
        }
    };
    let (good, bad) = run_seeds(from, to);
    let total = |of: fn(&Summary) -> u64| good.iter().map(of).sum::<u64>();
    println!(
        "{} seeds held: {} events, {} acknowledgements, {} kills, {} coolings, {} wakings",
        good.len(),
        total(|s| s.steps),
        total(|s| s.acknowledged),
        total(|s| s.crashes),
        total(|s| s.coolings),
        total(|s| s.wakings),
    );
    let text: Vec<String> = bad.into_iter().map(|(_, failure)| failure).collect();
    assert!(text.is_empty(), "\n{}", text.join("\n\n"));
    let enough = good.len() >= 100;
    assert!(
        !enough || total(|s| s.coolings) > 50 && total(|s| s.wakings) > 50,
        "the worlds do not go through both forms of a document"
    );
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..28 {
        let (first, second) = (run(seed), run(seed));
        assert_eq!(first, second, "seed {seed} is not deterministic");
    }
    assert_ne!(run(1), run(2));
}

fn is_caught(scenario: fn() -> Scenario, sabotage: Sabotage, words: &str) {
    let caught = (0..60).find_map(|seed| run_scenario(seed, scenario().with(sabotage)).err());
    let caught = caught.unwrap_or_else(|| panic!("{sabotage:?} was not noticed"));
    assert!(
        caught.contains(words),
        "{sabotage:?} was taken for something else: {caught}"
    );
}

#[test]
fn an_acknowledgement_before_durability_is_caught() {
    is_caught(Scenario::calm, Sabotage::EarlyAppended, "not durable");
}

#[test]
fn a_forgotten_append_is_caught() {
    is_caught(Scenario::calm, Sabotage::ForgottenAppend, "not durable");
}

#[test]
fn a_lost_update_is_caught() {
    is_caught(Scenario::calm, Sabotage::LostUpdate, "client");
}

#[test]
fn a_doubled_acknowledgement_is_caught() {
    is_caught(
        Scenario::calm,
        Sabotage::DoubledAcknowledgement,
        "below zero",
    );
}

#[test]
fn silent_presence_is_caught() {
    is_caught(Scenario::calm, Sabotage::SilentPresence, "here are");
}
