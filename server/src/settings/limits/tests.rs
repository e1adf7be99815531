//! The settings and the page that says what each limit protects say the same.

use std::collections::BTreeMap;

use super::*;
use crate::Settings;

const PAGE: &str = include_str!("../../../../docs/operations/security.md");

/// What the page says: key and default.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let cells = |line: &'static str| -> Option<(&'static str, &'static str)> {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let key = cells.next()?.strip_prefix("`limits.")?.strip_suffix('`')?;
        Some((key, cells.next()?))
    };
    PAGE.lines().filter_map(cells).collect()
}

/// All keys of the table, in the words of its own parser.
fn keys() -> Vec<String> {
    let error = toml::from_str::<LimitsFile>("no_such_key = 1").expect_err("refused");
    let message = error.message().to_owned();
    let (_, expected) = message.split_once("expected one of").expect("the keys");
    expected
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// A number as people write it: 20,000 or 32 MiB.
fn number(text: &str) -> Option<u64> {
    let (digits, unit) = match text.split_once(' ') {
        Some((digits, "KiB")) => (digits, 1 << 10),
        Some((digits, "MiB")) => (digits, 1 << 20),
        Some(_) => return None,
        None => (text, 1),
    };
    Some(digits.replace(',', "").parse::<u64>().ok()? * unit)
}

#[test]
fn the_security_page_has_each_limit_and_no_other() {
    let rows = rows();
    let keys = keys();
    assert!(keys.len() > 25, "{keys:?}");
    for key in &keys {
        assert!(
            rows.contains_key(key.as_str()),
            "the page says nothing of {key}"
        );
    }
    for key in rows.keys() {
        assert!(keys.iter().any(|known| known == key), "no limit {key}");
    }
}

#[test]
fn the_security_page_says_the_defaults_that_the_server_has() {
    let settings = Settings::new(([127, 0, 0, 1], 0).into(), "data");
    let shown = format!("{settings:#?}");
    let mut compared = 0;
    for (key, default) in rows() {
        let field = match key {
            "peers_per_document_max" => "peers_max",
            key => key,
        };
        let of_server = shown.lines().find_map(|line| {
            let value = line.trim().strip_prefix(field)?.strip_prefix(": ")?;
            value.trim_end_matches(',').parse::<u64>().ok()
        });
        // What depends on the machine, or on another limit, is said in words.
        if let Some(of_server) = of_server.filter(|_| key != "worker_threads") {
            assert_eq!(number(default), Some(of_server), "{key}");
            compared += 1;
        }
    }
    assert!(compared > 22, "only {compared} defaults were compared");
}

#[test]
fn a_limit_that_would_stop_everything_is_refused() {
    let mut limits = TrafficLimits::default();
    assert!(limits.check(32 << 20).is_ok());
    limits.frames_per_s = 0;
    assert!(limits.check(32 << 20).is_err());
}

#[test]
fn the_burst_of_bytes_takes_one_largest_update() {
    let limits = TrafficLimits {
        received_bytes_burst: 1 << 20,
        ..TrafficLimits::default()
    };
    let error = limits.check(2 << 20).expect_err("refused").to_string();
    assert!(error.contains("received_bytes_burst"), "{error}");
}
