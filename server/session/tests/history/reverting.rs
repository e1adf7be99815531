//! Reverting undoes one person's changes, and nobody else's.

use proptest::prelude::*;
use unisson_history::{Archive, Revert, Reverted, revert};
use unisson_session::{version_body, version_state};

use crate::editing::{PEOPLE, Team, expected};

fn reverts(team: &mut Team, user: &str, window: (u64, u64), seed: u64) -> Reverted {
    let now = team.chronicle();
    let mut sources = vec![now.state.clone()];
    sources.extend(now.updates.iter().cloned());
    reverts_from(team, &sources, user, window, seed)
}

fn reverts_from(
    team: &mut Team,
    sources: &[bytes::Bytes],
    user: &str,
    (from_ms, until_ms): (u64, u64),
    seed: u64,
) -> Reverted {
    let now = team.chronicle();
    let mut archive = Archive::of(sources).expect("an archive");
    let view = archive.view(&now.state).expect("a view");
    archive.cut_by(&now.attribution);
    let what = Revert {
        user: Some(user.into()),
        from_ms,
        until_ms,
    };
    let client_id = archive.unused_client_id(&now.attribution, seed);
    let reverted = revert(&archive, &view, &now.attribution, &what, client_id).expect("not deep");
    if let Some(update) = &reverted.update {
        team.server_edits(update);
    }
    reverted
}

const EVER: (u64, u64) = (0, u64::MAX);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn of_a_text_exactly_one_authors_part_is_undone(seed in any::<u64>(), steps in 1..60_u32) {
        let mut team = Team::new(seed);
        // Each character ever, in order: whose, and who deleted it.
        let mut model: Vec<(usize, Option<usize>)> = Vec::new();
        for _ in 0..steps {
            let who = team.rng.below(3) as usize;
            team.hears(who);
            let there: Vec<usize> = (0..model.len()).filter(|at| model[*at].1.is_none()).collect();
            let len = there.len() as u32;
            if team.rng.below(3) > 0 || len == 0 {
                let index = team.rng.below(len + 1);
                // The library, as Yjs, goes past what is deleted.
                let at = there.get(index as usize).copied().unwrap_or(model.len());
                let count = 1 + team.rng.below(4);
                team.types(who, index, &PEOPLE[who].1.repeat(count as usize));
                let new = (0..count).map(|_| (who, None));
                model.splice(at..at, new);
            } else {
                let index = team.rng.below(len);
                let count = (1 + team.rng.below(3)).min(len - index);
                team.deletes(who, index, count);
                for at in &there[index as usize..(index + count) as usize] {
                    model[*at].1 = Some(who);
                }
            }
            team.world.now = team.world.now + 1_000;
        }
        let ann = 0;
        let left = |by: fn(Option<usize>) -> bool| -> String {
            let stays = model.iter().filter(|(who, gone)| *who != ann && by(*gone));
            stays.map(|(who, _)| PEOPLE[*who].1).collect()
        };
        let reverted = reverts(&mut team, "ann", EVER, 5);
        prop_assert_eq!(reverted.lost, 0);
        prop_assert_eq!(team.text(), left(|gone| gone.is_none_or(|who| who == 0)));
        // Once is enough.
        let again = reverts(&mut team, "ann", EVER, 6);
        prop_assert_eq!(again.update, None);
    }

    #[test]
    fn of_anything_the_others_letters_stay(seed in any::<u64>()) {
        let mut team = Team::new(seed);
        team.works(60);
        let count = |team: &Team, letter: char| {
            expected(&team.all.0).to_string().matches(&format!("[\"{letter}\"")).count()
        };
        let before: Vec<usize> = ['b', 'c'].iter().map(|c| count(&team, *c)).collect();
        reverts(&mut team, "ann", EVER, 5);
        prop_assert_eq!(count(&team, 'a'), 0);
        prop_assert!(count(&team, 'b') >= before[0], "something of Bob's went");
        prop_assert!(count(&team, 'c') >= before[1], "something of Cy's went");
        team.all_hear();
        for editor in &team.editors {
            prop_assert_eq!(expected(&editor.0), expected(&team.all.0));
        }
        prop_assert_eq!(reverts(&mut team, "ann", EVER, 6).update, None);
    }
}

#[test]
fn marks_that_were_put_back_side_by_side_are_put_back_once() {
    // Two marks of one client stand together, and so do their copies.
    let mut team = Team::new(6_993_991_444_945_098_152);
    team.works(60);
    let back = reverts(&mut team, "ann", EVER, 5);
    assert_eq!(back.put_back, 5);
    assert_eq!(reverts(&mut team, "ann", EVER, 6).update, None);
}

#[test]
fn only_the_time_asked_for_is_undone() {
    let mut team = Team::new(1);
    team.types(0, 0, "aaa");
    let zero_ms = 1_764_000_000_000 + team.world.now.0;
    team.world.now = team.world.now + 3_600_000;
    team.hears(1);
    team.types(0, 3, "AAA");
    team.hears(1);
    team.types(1, 6, "b");
    reverts(&mut team, "ann", (zero_ms + 1_800_000, u64::MAX), 1);
    assert_eq!(team.text(), "aaab");
}

#[test]
fn what_is_garbage_collected_comes_back_from_a_version_or_is_said_to_be_lost() {
    let mut team = Team::new(1);
    team.types(1, 0, "bbbb");
    let body = version_body(&team.chronicle());
    team.types(2, 0, "cc");
    team.all_hear();
    team.deletes(0, 0, 6);
    team.compacts();
    team.compacts();
    let now = team.chronicle();
    let (version, _) = version_state(&body).expect("reads");
    let lost = reverts_from(&mut team, std::slice::from_ref(&now.state), "ann", EVER, 1);
    assert_eq!((lost.put_back, lost.lost, lost.update), (0, 6, None));
    let back = reverts_from(&mut team, &[now.state, version], "ann", EVER, 2);
    assert_eq!((back.put_back, back.lost), (4, 2));
    assert_eq!(team.text(), "bbbb");
}

#[test]
fn a_block_in_which_others_wrote_stays_without_what_its_maker_wrote() {
    use yrs::{
        GetString, Text, Transact, Xml, XmlElementPrelim, XmlFragment, XmlOut, XmlTextPrelim,
    };
    let mut team = Team::new(1);
    let block = |team: &Team, who: usize| {
        let root = team.editors[who].0.get_or_insert_xml_fragment("x");
        let block = root.get(&team.editors[who].0.transact(), 0);
        let Some(XmlOut::Element(block)) = block else {
            panic!("no block")
        };
        let text = block.get(&team.editors[who].0.transact(), 0);
        let Some(XmlOut::Text(text)) = text else {
            panic!("no text")
        };
        text
    };
    let made = {
        let root = team.editors[0].0.get_or_insert_xml_fragment("x");
        let mut txn = team.editors[0].0.transact_mut();
        let block = root.insert(&mut txn, 0, XmlElementPrelim::empty("paragraph"));
        block.insert_attribute(&mut txn, "level", "1");
        block.insert(&mut txn, 0, XmlTextPrelim::new("aaaa"));
        bytes::Bytes::from(txn.encode_update_v1())
    };
    team.says(0, made);
    team.hears(1);
    let written = {
        let text = block(&team, 1);
        let mut txn = team.editors[1].0.transact_mut();
        text.insert(&mut txn, 2, "bb");
        bytes::Bytes::from(txn.encode_update_v1())
    };
    team.says(1, written);
    reverts(&mut team, "ann", EVER, 1);
    team.hears(0);
    team.hears(1);
    assert_eq!(
        block(&team, 1).get_string(&team.editors[1].0.transact()),
        "bb"
    );
    let back = reverts(&mut team, "bob", EVER, 2);
    assert_eq!((back.deleted, back.put_back), (2, 0));
}
