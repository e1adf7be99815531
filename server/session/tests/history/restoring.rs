//! Restoring brings back exactly what was, as an ordinary edit, and can itself be undone.

use bytes::Bytes;
use proptest::prelude::*;
use unisson_history::{Archive, restore};
use unisson_session::Chronicle;
use yrs::{ReadTxn, Transact, XmlFragment};

use crate::editing::{PEOPLE, Team, expected};

/// Restores a state; gives the update.
fn restores(team: &mut Team, now: &Chronicle, target: &Bytes, seed: u64) -> Option<Bytes> {
    let mut sources = vec![now.state.clone(), target.clone()];
    sources.extend(now.updates.iter().cloned());
    let mut archive = Archive::of(&sources).expect("an archive");
    let here = archive.view(&now.state).expect("a view");
    let there = archive.view(target).expect("a view");
    let client_id = archive.unused_client_id(&now.attribution, seed);
    let update = restore(&archive, &here, &there, client_id).expect("not deep");
    if let Some(update) = &update {
        team.server_edits(update);
    }
    update
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_restored_document_is_as_it_was_and_back_again(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        team.works(40);
        let (target, was) = (team.chronicle().state, expected(&team.all.0));
        team.works(40);
        let now = team.chronicle();
        let is = expected(&team.all.0);
        restores(&mut team, &now, &target, 1);
        prop_assert_eq!(expected(&team.all.0), was.clone());
        team.compacts();
        let restored = team.chronicle();
        restores(&mut team, &restored, &now.state, 2);
        prop_assert_eq!(expected(&team.all.0), is, "undone by restoring");
        let again = team.chronicle();
        restores(&mut team, &again, &target, 3);
        prop_assert_eq!(expected(&team.all.0), was);
        // Everybody has the same, and there is nothing left to do.
        team.all_hear();
        for editor in &team.editors {
            prop_assert_eq!(expected(&editor.0), expected(&team.all.0));
        }
        let settled = team.chronicle();
        prop_assert_eq!(restores(&mut team, &settled, &target, 4), None);
    }

    #[test]
    fn typing_beside_a_restoration_survives_it(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        team.works(30);
        let target = team.chronicle().state;
        team.works(30);
        team.all_hear();
        let now = team.chronicle();
        restores(&mut team, &now, &target, 1);
        // Cy has not heard of the restoration.
        let before = team.text().matches('Z').count();
        team.types(2, 0, "Z");
        team.all_hear();
        for editor in &team.editors {
            prop_assert_eq!(expected(&editor.0), expected(&team.all.0));
        }
        prop_assert_eq!(team.text().matches('Z').count(), before + 1);
    }
}

#[test]
fn blocks_that_both_states_have_stay_the_same_blocks() {
    let mut team = Team::new(7);
    while team
        .all
        .0
        .get_or_insert_xml_fragment("x")
        .len(&team.all.0.transact())
        < 5
    {
        team.works(10);
    }
    team.all_hear();
    let (target, was) = (team.chronicle().state, expected(&team.all.0));
    let ids = |team: &Team| -> Vec<String> {
        let root = team.all.0.get_or_insert_xml_fragment("x");
        let txn = team.all.0.transact();
        let blocks = root.children(&txn);
        blocks
            .map(|block| format!("{:?}", block.as_ptr().id()))
            .collect()
    };
    let before = ids(&team);
    for round in 0..3 {
        // Words change around the blocks.
        let now = {
            for who in 0..PEOPLE.len() {
                team.hears(who);
                team.types(who, 0, "x");
            }
            team.chronicle()
        };
        restores(&mut team, &now, &target, 10 + round);
        assert_eq!(expected(&team.all.0), was);
        assert_eq!(ids(&team), before, "round {round}");
        team.all_hear();
    }
}

#[test]
fn restoring_what_an_earlier_restoration_wrote_keeps_it() {
    let mut team = Team::new(1);
    team.types(0, 0, "hello world");
    let target = team.chronicle().state;
    team.all_hear();
    team.deletes(1, 0, 5);
    let now = team.chronicle();
    restores(&mut team, &now, &target, 1);
    assert_eq!(team.text(), "hello world");
    let clocks = |team: &Team| team.all.0.transact().state_vector();
    let before = clocks(&team);
    // One more letter: only it goes; the words written again stay.
    team.all_hear();
    team.types(2, 11, "!");
    let now = team.chronicle();
    let update = restores(&mut team, &now, &target, 2).expect("something to do");
    assert_eq!(team.text(), "hello world");
    assert!(update.len() < 12, "only a deletion: {update:?}");
    assert!(
        clocks(&team).len() == before.len() + 1,
        "nobody wrote but the typist"
    );
}
