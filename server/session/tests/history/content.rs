//! What an archive shows is what every editor has, and blame and difference tell it truly.

use proptest::prelude::*;
use serde_json::Value;
use unisson_history::{Archive, Change, Leaf, Lens, tree};
use unisson_session::{version_body, version_state};

use crate::editing::{PEOPLE, Team, doc_of, expected, shown};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn content_is_what_editors_show_now_and_at_every_version(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        let mut versions = Vec::new();
        for _ in 0..4 {
            team.works(25);
            versions.push((version_body(&team.chronicle()), expected(&team.all.0)));
        }
        for (body, was) in versions {
            let (state, _) = version_state(&body).expect("reads");
            let mut archive = Archive::of(std::slice::from_ref(&state)).expect("an archive");
            let view = archive.view(&state).expect("a view");
            prop_assert_eq!(&shown(&archive, &view), &was);
            prop_assert_eq!(expected(&doc_of(&state)), was);
        }
    }

    #[test]
    fn every_run_is_blamed_on_who_typed_it(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        team.works(80);
        let now = team.chronicle();
        let mut archive = Archive::of(std::slice::from_ref(&now.state)).expect("an archive");
        let view = archive.view(&now.state).expect("a view");
        archive.cut_by(&now.attribution);
        let tree = tree(&archive, Lens::Blame(&view, &now.attribution)).expect("not deep");
        let told = unisson_history::json(&tree, Some(&now.attribution));
        let mut letters = 0;
        each_run(&told, &mut |text, run| {
            for (user, letter) in PEOPLE {
                if text.contains(letter) {
                    assert_eq!(run["by"]["user"], user, "{run}");
                    assert!(run["first_ms"].as_u64() <= run["last_ms"].as_u64());
                }
            }
            letters += text.len();
        });
        prop_assert_eq!(shown(&archive, &view), expected(&doc_of(&now.state)));
        prop_assert!(letters > 0 || team.text().is_empty());
    }

    #[test]
    fn a_difference_shows_both_states_and_whose_it_is(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        team.works(40);
        let (before, text_before) = (team.chronicle().state, team.text());
        team.works(30);
        let now = team.chronicle();
        let (first, second) = (before, now.state.clone());
        let mut archive = Archive::of(&[second.clone(), first.clone()]).expect("an archive");
        let from = archive.view(&first).expect("a view");
        let to = archive.view(&second).expect("a view");
        archive.cut_by(&now.attribution);
        prop_assert_eq!(shown(&archive, &from), expected(&doc_of(&first)));
        prop_assert_eq!(shown(&archive, &to), expected(&doc_of(&second)));
        let tree = tree(&archive, Lens::Diff(&from, &to, &now.attribution)).expect("not deep");
        let text = tree.iter().find(|(name, _)| &**name == "t");
        let (mut was, mut is) = (String::new(), String::new());
        for (leaf, mark) in text.iter().flat_map(|(_, branch)| &branch.children) {
            let Leaf::Text(run, _) = leaf else { continue };
            match mark.change {
                Some(Change::Inserted) => is.push_str(run),
                Some(Change::Deleted) => was.push_str(run),
                Some(Change::Formatted) | None => {
                    was.push_str(run);
                    is.push_str(run);
                }
            }
            if mark.change == Some(Change::Inserted) {
                let by = mark.stamp.and_then(|stamp| now.attribution.stamp_of(stamp));
                let user = by.and_then(|(author, _)| author.user.clone()).unwrap_or_default();
                let letter = PEOPLE.iter().find(|(name, _)| **name == *user);
                prop_assert!(letter.is_some_and(|(_, letter)| run.replace(letter, "").is_empty()));
            }
        }
        prop_assert_eq!(was, text_before);
        prop_assert_eq!(is, team.text());
    }

    #[test]
    fn html_of_anything_is_balanced_and_never_a_script(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        team.types(0, 0, "<script>alert('a')</script>&\"");
        team.works(30);
        let before = team.chronicle().state;
        team.works(20);
        let now = team.chronicle();
        let mut archive = Archive::of(&[now.state.clone(), before.clone()]).expect("an archive");
        let (from, to) = (
            archive.view(&before).expect("a view"),
            archive.view(&now.state).expect("a view"),
        );
        archive.cut_by(&now.attribution);
        let lens = Lens::Diff(&from, &to, &now.attribution);
        let html = unisson_history::html(&tree(&archive, lens).expect("not deep"), Some(&now.attribution));
        prop_assert!(!html.contains("<script"));
        for tag in ["ins", "del", "p", "pre", "span", "section", "dl", "li"] {
            let opened = html.matches(&format!("<{tag}>")).count()
                + html.matches(&format!("<{tag} ")).count();
            prop_assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{}", tag);
        }
    }
}

/// Calls for each run of text anywhere in a JSON tree.
fn each_run(value: &Value, run: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_run(item, run)),
        Value::Object(object) => {
            if let Some(text) = object.get("insert").and_then(Value::as_str) {
                run(text, value);
            }
            object.values().for_each(|inner| each_run(inner, run));
        }
        _ => {}
    }
}
