//! The description and the routes are the same, and the page tells all of it.

use std::collections::BTreeSet;

use super::*;

/// The paths that the router really has. axum tells them by its debug form only.
fn served() -> BTreeSet<String> {
    let text = format!("{:?}", router());
    let parts = text.split('"').filter(|part| part.starts_with("/api/"));
    parts.map(str::to_owned).collect()
}

#[test]
fn every_route_is_described_and_every_described_route_is_there() {
    let paths = description()["paths"].as_object().expect("paths");
    let described: BTreeSet<String> = paths.keys().cloned().collect();
    assert!(described.contains("/api/v1/documents/{document}/versions"));
    assert_eq!(described, served());
}

#[test]
fn every_call_has_a_name_of_its_own_a_summary_and_a_known_tag() {
    let description = description();
    let tags: BTreeSet<&str> = description["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    let mut names = BTreeSet::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, call) in item.as_object().expect("calls") {
            let place = format!("{method} {path}");
            let name = call["operationId"].as_str().expect("a name");
            assert!(names.insert(name), "{place}: {name} twice");
            assert!(call["summary"].is_string(), "{place} has no summary");
            let tag = call["tags"][0].as_str().expect("a tag");
            assert!(tags.contains(tag), "{place}: {tag}");
            assert!(call["responses"]["default"].is_object(), "{place}");
        }
    }
}

#[test]
fn the_page_tells_all_calls_and_codes_and_loads_nothing() {
    let page = page::page(description(), false);
    for item in description()["paths"].as_object().expect("paths").values() {
        for call in item.as_object().expect("calls").values() {
            let id = call["operationId"].as_str().expect("a name");
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
    for code in crate::http::codes::CODES {
        assert!(page.contains(code.code), "{}", code.code);
    }
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("@import"));
    assert!(page::page(description(), true).contains("lang=\"fr\""));
}
