//! What other servers of the store took in reaches those who are here, and is logged once.
#![allow(missing_docs)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use support::{Editor, HOCUSPOCUS, World, Y_WEBSOCKET, sent_to};
use unisson_history::{Author, Written, entry};
use unisson_session::{
    Effect, Effects, Input, Limits, ServerMessage, StoredParts, compact, condense, news,
};

const fn is_append(effect: &Effect) -> bool {
    matches!(effect, Effect::Append(..))
}

fn updates_to(effects: &Effects, id: u64) -> Vec<Bytes> {
    let messages = sent_to(effects, id).into_iter();
    messages
        .filter_map(|message| match message {
            ServerMessage::Update(update) => Some(update),
            _ => None,
        })
        .collect()
}

fn logged(update: &Bytes) -> Bytes {
    let written = Written {
        author: Author::default(),
        at_ms: 1,
    };
    entry::seal(&written, update)
}

/// What the store of two servers has of the other one's edits.
fn parts(updates: &[Bytes]) -> StoredParts {
    StoredParts {
        snapshots: Vec::new(),
        updates: updates.iter().map(logged).collect(),
    }
}

#[test]
fn everybody_is_sent_what_is_new_and_nothing_is_logged_again() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    world.join(2, Y_WEBSOCKET);
    let (ann, far) = (Editor::new(11), Editor::new(12));
    let hello = ann.types("hello");
    world.update(1, &hello);
    far.applies(&hello);
    let edits = [far.types(" from afar"), far.deletes(0, 1)];
    let updates = news(&parts(&edits)).expect("reads");
    let mut effects = world.tell(Input::Elsewhere(updates.clone()));
    effects.extend(world.wait(100));
    assert!(!effects.iter().any(is_append));
    for id in [1, 2] {
        let reader = Editor::new(20 + id);
        reader.applies(&hello);
        for update in updates_to(&effects, id) {
            reader.applies(&update);
        }
        assert_eq!(reader.text(), far.text());
    }
    // The same once more is no news.
    let mut again = world.tell(Input::Elsewhere(updates));
    again.extend(world.wait(100));
    assert!(updates_to(&again, 1).is_empty());
}

#[test]
fn what_misses_something_waits_for_it() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let far = Editor::new(12);
    let (first, second) = (far.types("a"), far.types("b"));
    let early = world.tell(Input::Elsewhere(vec![second]));
    assert!(updates_to(&early, 1).is_empty() && !early.iter().any(is_append));
    let mut late = world.tell(Input::Elsewhere(vec![first]));
    late.extend(world.wait(100));
    let reader = Editor::new(13);
    for update in updates_to(&late, 1) {
        reader.applies(&update);
    }
    assert_eq!(reader.text(), "ab");
}

#[test]
fn a_snapshot_of_another_server_says_it_too() {
    let mut world = World::new();
    world.join(1, HOCUSPOCUS);
    let far = Editor::new(12);
    far.types("all of it");
    let body = compact(&parts(&[far.state()])).expect("compacts");
    let stored = StoredParts {
        snapshots: vec![body],
        updates: vec![logged(&far.types("!"))],
    };
    let mut effects = world.tell(Input::Elsewhere(news(&stored).expect("reads")));
    effects.extend(world.wait(100));
    let reader = Editor::new(13);
    for update in updates_to(&effects, 1) {
        reader.applies(&update);
    }
    assert_eq!(reader.text(), "all of it!");
}

/// The cold form is read back from the store, which may have more than anybody here was told.
#[test]
fn a_deletion_made_elsewhere_is_not_swallowed_by_going_cold() {
    let limits = Limits {
        cool_bytes_min: 0,
        ..Limits::default()
    };
    let mut world = World::with(&limits, &StoredParts::default());
    world.join(1, HOCUSPOCUS);
    let (ann, far) = (Editor::new(11), Editor::new(12));
    let hello = ann.types("hello world");
    world.update(1, &hello);
    world.durable();
    far.applies(&hello);
    let deletion = far.deletes(0, 6);
    let ordered = world.wait(limits.cool_idle_ms * 2);
    let reads = |effect: &Effect| matches!(effect, Effect::Condense | Effect::StoreSnapshot);
    let ordered = ordered.into_iter().find(reads).expect("it is read back");
    // Another server's deletion is durable before this one reads back.
    let read = condense(&parts(&[hello.clone(), deletion.clone()])).expect("condenses");
    world.tell(match ordered {
        Effect::StoreSnapshot => Input::SnapshotStored(Ok(read.image)),
        _ => Input::Condensed(Ok(read.image)),
    });
    world.wait(limits.cool_idle_ms * 100);
    let updates = news(&parts(&[deletion])).expect("reads");
    let mut effects = world.tell(Input::Elsewhere(updates));
    effects.extend(world.wait(100));
    let reader = Editor::new(13);
    reader.applies(&hello);
    for update in updates_to(&effects, 1) {
        reader.applies(&update);
    }
    assert_eq!(reader.text(), "world");
}

/// A server of two, with one editor at it.
struct Site {
    world: World,
    editor: Editor,
    /// How far it has read the other one's log.
    read: usize,
    taken: usize,
}

impl Site {
    fn new(client_id: u64) -> Self {
        let limits = Limits {
            cool_bytes_min: 0,
            ..Limits::default()
        };
        let mut world = World::with(&limits, &StoredParts::default());
        world.join(1, HOCUSPOCUS);
        let taken = world.effects.len();
        Self {
            world,
            editor: Editor::new(client_id),
            read: 0,
            taken,
        }
    }

    /// The editor gets what the session has sent since.
    fn take(&mut self) {
        let effects: Effects = self.world.effects[self.taken..].to_vec();
        self.taken = self.world.effects.len();
        for update in updates_to(&effects, 1) {
            self.editor.applies(&update);
        }
    }

    fn logged(&self) -> Vec<Bytes> {
        let log = self.world.log.iter();
        log.map(|(_, entry)| entry.clone()).collect()
    }

    /// What another server has made durable since the last time.
    fn follow(&mut self, other: &mut Self) {
        other.world.durable();
        let log = other.logged();
        let parts = StoredParts {
            snapshots: Vec::new(),
            updates: log[self.read..].to_vec(),
        };
        self.read = log.len();
        self.world
            .tell(Input::Elsewhere(news(&parts).expect("reads")));
        self.world.wait(100);
        self.take();
    }

    /// A quiet minute, in which the document may be read back, with what the store has of both.
    fn rest(&mut self, other: &Self) {
        self.world.durable();
        let ordered = self.world.wait(60_000);
        let mut parts = parts(&[]);
        parts.updates.extend(self.logged());
        parts.updates.extend(other.logged());
        let image = || condense(&parts).expect("condenses").image;
        for effect in ordered {
            match effect {
                Effect::StoreSnapshot => self.world.tell(Input::SnapshotStored(Ok(image()))),
                Effect::Condense => self.world.tell(Input::Condensed(Ok(image()))),
                _ => continue,
            };
        }
        self.world.wait(60_000);
        self.take();
    }
}

proptest! {
    /// Whatever two servers and their stores do in whichever order, the people at both end up with
    /// the same text.
    #[test]
    fn people_at_two_servers_end_up_with_the_same(acts in proptest::collection::vec((0..2_usize, 0..6_u8, 0..9_u32), 1..60)) {
        let mut sites = [Site::new(11), Site::new(12)];
        for (who, act, at) in acts {
            let [first, second] = &mut sites;
            let (here, there) = if who == 0 { (first, second) } else { (second, first) };
            match act {
                0 | 1 => {
                    let update = here.editor.types(&format!("{at}"));
                    here.world.update(1, &update);
                }
                2 => {
                    let length = here.editor.text().len() as u32;
                    if length > 0 {
                        let update = here.editor.deletes(at % length, 1);
                        here.world.update(1, &update);
                    }
                }
                3 => here.follow(there),
                4 => here.rest(there),
                _ => drop(here.world.wait(u64::from(at) * 1_000)),
            }
            here.take();
        }
        let [first, second] = &mut sites;
        for _ in 0..2 {
            first.follow(second);
            second.follow(first);
        }
        prop_assert_eq!(first.editor.text(), second.editor.text());
        prop_assert_eq!(first.world.text(), second.editor.text());
        prop_assert_eq!(second.world.text(), first.editor.text());
    }
}
