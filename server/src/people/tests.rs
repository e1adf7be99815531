//! What is kept, what it costs, and for whom nothing is.

use std::sync::Arc;

use unisson_rights::Principal;

use super::*;

fn spot(page: &str) -> Spot {
    Spot::of("canteen", page).expect("ids")
}

fn opened(page: &str, at_ms: u64, read_ms: u64) -> Wishes {
    Wishes {
        opened: vec![(spot(page), Opened { at_ms, read_ms })],
        ..Wishes::default()
    }
}

fn with(entries: &Entries, wishes: Wishes, now_ms: u64) -> Entries {
    let mut entries = entries.clone();
    for (key, value) in wishes.changes(&entries, now_ms).expect("has room") {
        match value {
            Some(value) => drop(entries.insert(key, value)),
            None => drop(entries.remove(&key)),
        }
    }
    entries
}

#[test]
fn what_is_kept_is_read_back() {
    let wishes = Wishes {
        favour: vec![spot("menus"), spot("hygiene")],
        opened: vec![(
            spot("menus"),
            Opened {
                at_ms: 90,
                read_ms: 80,
            },
        )],
        ticks: vec![(spot("guide"), "0a1b-0".into(), true)],
        ..Wishes::default()
    };
    let entries = with(&Entries::new(), wishes, 100);
    let own = Own::read(&entries);
    assert_eq!(own.entries(), entries);
    assert_eq!(own.favourites.len(), 2);
    assert_eq!(
        own.recent(),
        [(
            &spot("menus"),
            Opened {
                at_ms: 90,
                read_ms: 80
            }
        )]
    );
    assert_eq!(own.ticks[&spot("guide")]["0a1b-0"], 100);
    let later = with(
        &entries,
        Wishes {
            disfavour: vec![spot("menus")],
            ticks: vec![(spot("guide"), "0a1b-0".into(), false)],
            ..Wishes::default()
        },
        200,
    );
    let own = Own::read(&later);
    assert_eq!(
        own.favourites.keys().collect::<Vec<_>>(),
        [&spot("hygiene")]
    );
    assert!(own.ticks.is_empty());
}

#[test]
fn what_was_before_somebody_came_is_no_backlog_and_what_comes_later_is_unread() {
    let own = Own::read(&with(&Entries::new(), opened("menus", 100, 40), 100));
    assert_eq!(own.read_ms("canteen", "menus"), Some(100));
    assert_eq!(own.read_ms("canteen", "never-opened"), Some(100));
    assert_eq!(own.read_ms("finance", "menus"), None);
}

#[test]
fn an_older_reading_takes_nothing_back_and_a_reload_costs_nothing() {
    let entries = with(&Entries::new(), opened("menus", 100, 200), 100);
    let same = opened("menus", 100 + SAME_VISIT_MS - 1, 200);
    assert_eq!(same.changes(&entries, 300), Ok(Vec::new()));
    let own = Own::read(&with(&entries, opened("menus", 900_000, 150), 900_000));
    let expected = Opened {
        at_ms: 900_000,
        read_ms: 200,
    };
    assert_eq!(own.pages[&spot("menus")], expected);
}

#[test]
fn all_of_a_space_is_read_at_one_word() {
    let entries = with(&Entries::new(), opened("menus", 100, 100), 100);
    let wishes = Wishes {
        read: vec!["canteen".into()],
        ..Wishes::default()
    };
    let own = Own::read(&with(&entries, wishes, 500));
    assert_eq!(own.read_ms("canteen", "other"), Some(500));
}

#[test]
fn pages_that_were_opened_longest_ago_are_let_go_of_and_nothing_unread_is_lost() {
    let mut entries = with(&Entries::new(), opened("first", 1, 1), 1);
    let many = (0..PAGES_MAX as u64).map(|at| {
        let at_ms = 1_000 + at;
        (
            spot(&format!("p{at}")),
            Opened {
                at_ms,
                read_ms: at_ms,
            },
        )
    });
    let wishes = Wishes {
        opened: many.collect(),
        ..Wishes::default()
    };
    entries = with(&entries, wishes, 10_000);
    let own = Own::read(&entries);
    assert!(own.pages.len() <= PAGES_MAX - PAGES_LET_GO + 1);
    let last = format!("p{}", PAGES_MAX - 1);
    assert!(own.pages.contains_key(&spot(&last)));
    // The last of those let go of was read at 1,498: what changed later is still unread.
    assert_eq!(own.read_ms("canteen", "p0"), Some(1_498));
}

#[test]
fn there_is_an_end_to_favourites_and_ticks_and_taking_away_always_works() {
    let favour: Vec<Spot> = (0..=FAVOURITES_MAX)
        .map(|at| spot(&format!("p{at}")))
        .collect();
    let too_many = Wishes {
        favour: favour.clone(),
        ..Wishes::default()
    };
    assert_eq!(too_many.changes(&Entries::new(), 1), Err(Full::Favourites));
    let ticks = (0..=TICKS_MAX).map(|at| (spot("guide"), format!("{at}"), true));
    let too_many = Wishes {
        ticks: ticks.collect(),
        ..Wishes::default()
    };
    assert_eq!(too_many.changes(&Entries::new(), 1), Err(Full::Ticks));
    let full = favour
        .iter()
        .map(|spot| (spot.key(FAVOURITE), "1".to_owned()));
    let fewer = Wishes {
        disfavour: vec![favour[0].clone()],
        ..Wishes::default()
    };
    assert_eq!(
        fewer
            .changes(&full.collect(), 1)
            .map(|changes| changes.len()),
        Ok(1)
    );
}

#[test]
fn a_reset_clears_one_guide() {
    let tick = |page: &str| (spot(page), "x-0".to_owned(), true);
    let wishes = Wishes {
        ticks: vec![tick("one"), tick("other")],
        ..Wishes::default()
    };
    let entries = with(&Entries::new(), wishes, 1);
    let reset = Wishes {
        cleared: vec![spot("one")],
        ..Wishes::default()
    };
    let own = Own::read(&with(&entries, reset, 2));
    assert_eq!(own.ticks.keys().collect::<Vec<_>>(), [&spot("other")]);
}

#[test]
fn nothing_is_kept_for_those_who_cannot_be_told_apart() {
    assert_eq!(person_of(&Identity::anonymous()), None);
    assert_eq!(person_of(&Identity::operator()), None);
    let named = |only_in: Option<Arc<str>>| Identity {
        principal: Principal {
            person: Some("agent-7".into()),
            ..Principal::default()
        },
        only_in,
        ..Identity::default()
    };
    assert_eq!(person_of(&named(None)), Some("agent-7"));
    assert_eq!(person_of(&named(Some("canteen".into()))), None);
}

#[test]
fn a_records_name_does_not_tell_whose_it_is() {
    let name = record_of("ann@example.org").expect("a name");
    assert!(name.is_reserved());
    assert!(!name.as_str().contains("ann"));
    assert_ne!(name, record_of("ann@example.com").expect("a name"));
    // Somebody's id may be anything.
    assert!(record_of("../../x\u{0}\u{7f}é").is_ok());
}

#[test]
fn what_does_not_read_hides_nothing_and_stays() {
    let mut entries = with(&Entries::new(), opened("menus", 100, 100), 100);
    for (key, value) in [
        ("favourite:../x", "1"),
        ("favourite:canteen/menus", "long ago"),
        ("page:canteen/menus/more", "{}"),
        ("space:canteen2", "-1"),
        ("tick:canteen", "1"),
        ("of-a-later-program", "{}"),
    ] {
        entries.insert(key.into(), value.into());
    }
    let own = Own::read(&entries);
    assert_eq!(own.pages.len(), 1);
    assert!(own.favourites.is_empty() && own.ticks.is_empty());
    let later = with(&entries, opened("hygiene", 900_000, 1), 900_000);
    assert!(later.contains_key("of-a-later-program"));
}
