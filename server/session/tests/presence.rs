//! Presence: y-protocols' clock rules, ownership, expiry, and fewer frames.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;

use support::{HOCUSPOCUS, World, sent_to};
use unisson_protocol::{
    Access,
    awareness::{self, AwarenessEntry},
};
use unisson_session::{
    Effects, Input, Limits, Peer, PeerId, PeerMessage, ServerMessage, StoredParts,
};

fn says(world: &mut World, peer: u64, client_id: u64, clock: u64, state: Option<&str>) -> Effects {
    let entry = AwarenessEntry {
        client_id,
        clock,
        state: state.map(Into::into),
    };
    world.send(peer, PeerMessage::Awareness(awareness::encode(&[entry])))
}

fn heard(effects: &Effects, peer: u64) -> Vec<(u64, u64, Option<String>)> {
    sent_to(effects, peer)
        .into_iter()
        .filter_map(|message| match message {
            ServerMessage::Awareness(update) => Some(update),
            _ => None,
        })
        .flat_map(|update| awareness::decode(&update, 100).expect("decodes"))
        .map(|entry| {
            (
                entry.client_id,
                entry.clock,
                entry.state.map(|state| state.to_string()),
            )
        })
        .collect()
}

fn world_of_two() -> World {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, HOCUSPOCUS);
    world
}

#[test]
fn everybody_hears_a_change_the_sender_included() {
    let mut world = world_of_two();
    let effects = says(&mut world, 1, 11, 1, Some("{}"));
    for peer in [1, 2] {
        assert_eq!(heard(&effects, peer), [(11, 1, Some("{}".into()))]);
    }
}

/// A writer and a reader where readers are not shown.
fn world_that_hides_readers() -> World {
    let limits = Limits {
        shows_readers: false,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let reader = Peer {
        access: Access::ReadOnly,
        ..HOCUSPOCUS
    };
    world.join(2, reader);
    world
}

#[test]
fn a_reader_who_is_not_shown_hears_everybody() {
    let mut world = world_that_hides_readers();
    let effects = says(&mut world, 2, 22, 1, Some("{}"));
    assert_eq!(heard(&effects, 1), []);
    assert_eq!(world.session.present().len(), 1);
    let effects = says(&mut world, 1, 11, 1, Some("{}"));
    assert_eq!(heard(&effects, 2), [(11, 1, Some("{}".into()))]);
    assert_eq!(
        heard(&world.join(3, HOCUSPOCUS), 3),
        [(11, 1, Some("{}".into()))]
    );
}

#[test]
fn whoever_may_not_write_any_more_leaves_those_who_are_shown_and_comes_back() {
    let mut world = world_that_hides_readers();
    says(&mut world, 1, 11, 1, Some("{}"));
    world.join(3, HOCUSPOCUS);
    let effects = world.tell(Input::AccessChanged(PeerId(1), Access::ReadOnly));
    assert_eq!(heard(&effects, 3), [(11, 1, None)]);
    let effects = says(&mut world, 1, 11, 2, Some("{}"));
    assert_eq!(heard(&effects, 3), []);
    world.tell(Input::AccessChanged(PeerId(1), Access::ReadWrite));
    let effects = says(&mut world, 1, 11, 3, Some("{}"));
    assert_eq!(heard(&effects, 3), [(11, 3, Some("{}".into()))]);
}

#[test]
fn a_newcomer_is_told_who_is_here() {
    let mut world = world_of_two();
    says(&mut world, 1, 11, 1, Some("{}"));
    assert_eq!(
        heard(&world.join(3, HOCUSPOCUS), 3),
        [(11, 1, Some("{}".into()))]
    );
}

#[test]
fn old_clocks_and_clock_zero_are_ignored() {
    let mut world = world_of_two();
    assert_eq!(heard(&says(&mut world, 1, 11, 0, Some("{}")), 2), []);
    says(&mut world, 1, 11, 5, Some("{}"));
    assert_eq!(heard(&says(&mut world, 1, 11, 5, Some("{\"a\":1}")), 2), []);
    assert_eq!(heard(&says(&mut world, 1, 11, 4, None), 2), []);
    assert_eq!(heard(&says(&mut world, 1, 11, 5, None), 2), [(11, 5, None)]);
}

#[test]
fn a_peer_that_leaves_takes_its_clients_along_and_an_echo_does_not_bring_them_back() {
    let mut world = world_of_two();
    says(&mut world, 1, 11, 3, Some("{}"));
    assert_eq!(
        heard(&world.tell(Input::Left(PeerId(1))), 2),
        [(11, 3, None)]
    );
    assert_eq!(heard(&says(&mut world, 2, 11, 3, Some("{}")), 2), []);
}

#[test]
fn nobody_removes_or_takes_over_the_client_of_another_user() {
    let mut world = World::new();
    for (id, user) in [(1, "ann"), (2, "bob"), (3, "ann")] {
        world.join(
            id,
            Peer {
                user: Some(user.into()),
                display_name: None,
                color: None,
                ..HOCUSPOCUS
            },
        );
    }
    says(&mut world, 1, 11, 3, Some("{}"));
    assert_eq!(heard(&says(&mut world, 2, 11, 3, None), 1), []);
    assert_eq!(heard(&says(&mut world, 2, 11, 9, Some("\"bob\"")), 1), []);
    // Ann is back on a new socket before the old one was seen to be dead.
    assert_eq!(
        heard(&says(&mut world, 3, 11, 4, Some("1")), 2),
        [(11, 4, Some("1".into()))]
    );
    assert_eq!(
        heard(&world.tell(Input::Left(PeerId(1))), 2),
        [],
        "the new socket owns it now"
    );
}

#[test]
fn a_silent_client_is_forgotten_after_thirty_seconds() {
    let mut world = world_of_two();
    says(&mut world, 1, 11, 1, Some("{}"));
    assert_eq!(heard(&world.wait(29_000), 2), []);
    assert_eq!(heard(&world.wait(1_000), 2), [(11, 1, None)]);
}

#[test]
fn renewals_travel_together_and_in_time_for_old_clients() {
    let mut world = World::new();
    let people = 1..=20;
    for id in people.clone() {
        world.join(id, HOCUSPOCUS);
    }
    let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
    let mut frames = 0;
    for second in 0..120 {
        for id in people.clone() {
            if second % 15 == id % 15 {
                let effects = says(&mut world, id, id + 100, 1 + second, Some("{}"));
                note(&mut seen, &mut frames, &effects, second);
            }
        }
        let effects = world.wait(1_000);
        note(&mut seen, &mut frames, &effects, second);
        for (client, last) in &seen {
            assert!(
                second - last < 30,
                "{client} would be forgotten by a published client"
            );
        }
    }
    assert!(
        frames < 20 + 120 / 10 + 2,
        "{frames} frames for 20 people in 120 s"
    );
}

fn note(seen: &mut BTreeMap<u64, u64>, frames: &mut u64, effects: &Effects, second: u64) {
    let heard = heard(effects, 1);
    *frames += u64::from(!heard.is_empty());
    for (client, _, state) in heard {
        assert!(state.is_some());
        seen.insert(client, second);
    }
}

#[test]
fn one_peer_cannot_bring_a_crowd_nor_a_novel() {
    let mut world = world_of_two();
    for client in 0..50 {
        says(&mut world, 1, 100 + client, 1, Some("{}"));
    }
    let long = format!("\"{}\"", "x".repeat(100_000));
    says(&mut world, 2, 11, 1, Some(&long));
    let present = heard(&world.join(3, HOCUSPOCUS), 3);
    assert_eq!(present.len(), 8, "{present:?}");
}
