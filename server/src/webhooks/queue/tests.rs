//! The queue by its facts alone.

use super::*;

fn queue() -> Queue {
    Queue::default().with_targets(&[("a".into(), "x".into()), ("b".into(), "y".into())])
}

fn message(id: &str, at_ms: u64) -> Message {
    Message {
        id: id.into(),
        kind: "document.changed".into(),
        at_ms,
        body: "{}".into(),
    }
}

fn queued(id: &str, at_ms: u64, to: &[&str]) -> Fact {
    Fact::Queued {
        message: message(id, at_ms),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
    }
}

fn attempted(to: &str, id: &str, number: u32, at_ms: u64, next_ms: Option<u64>, ok: bool) -> Fact {
    let attempt = Attempt {
        message: id.into(),
        kind: "document.changed".into(),
        number,
        at_ms,
        took_ms: 1,
        status: Some(if ok { 204 } else { 500 }),
        problem: (!ok).then(|| "it answers 500".into()),
        next_ms,
    };
    Fact::Attempted {
        to: to.into(),
        attempt,
    }
}

fn ids(due: &[(String, Message)]) -> Vec<(&str, &str)> {
    due.iter()
        .map(|(to, message)| (to.as_str(), message.id.as_str()))
        .collect()
}

#[test]
fn a_message_waits_until_it_has_arrived() {
    let mut queue = queue();
    queue.apply(&queued("m", 5, &["a"]));
    assert_eq!(queue.due(4), []);
    assert_eq!(ids(&queue.due(5)), [("a", "m")]);
    assert_eq!(queue.due(5), [], "it is under way");
    queue.apply(&attempted("a", "m", 1, 6, Some(20), false));
    assert_eq!(
        (queue.next_due_ms(), queue.attempts_of("a", "m")),
        (Some(20), 1)
    );
    assert_eq!(ids(&queue.due(20)), [("a", "m")]);
    queue.apply(&attempted("a", "m", 2, 21, None, true));
    assert!(queue.is_idle());
    assert!(queue.message("m").is_some(), "it can be sent again");
}

#[test]
fn a_dead_webhook_holds_up_nobody_and_is_asked_one_message_at_a_time() {
    let mut queue = queue();
    for n in 0..20 {
        queue.apply(&queued(&format!("m{n}"), 0, &["a", "b"]));
    }
    let due = queue.due(0);
    assert_eq!(
        due.iter().filter(|(to, _)| to == "a").count(),
        UNDER_WAY_MAX
    );
    for (to, message) in due {
        queue.apply(&attempted(&to, &message.id, 1, 1, Some(1_000), to == "b"));
    }
    for (to, message) in queue.due(1) {
        queue.apply(&attempted(&to, &message.id, 1, 2, Some(1_000), to == "b"));
    }
    let due = queue.due(2);
    assert_eq!(due.iter().filter(|(to, _)| to == "a").count(), 1);
    assert_eq!(
        due.iter().filter(|(to, _)| to == "b").count(),
        UNDER_WAY_MAX
    );
}

#[test]
fn when_it_answers_again_what_waited_goes_at_once() {
    let mut queue = queue();
    queue.apply(&queued("m", 0, &["a"]));
    queue.due(0);
    queue.apply(&attempted("a", "m", 1, 0, Some(1_000_000), false));
    queue.apply(&queued("n", 10, &["a"]));
    assert_eq!(ids(&queue.due(10)), [("a", "n")]);
    queue.apply(&attempted("a", "n", 1, 11, None, true));
    assert_eq!(ids(&queue.due(11)), [("a", "m")]);
}

#[test]
fn a_switched_off_webhook_gets_nothing_until_it_is_switched_on() {
    let mut queue = queue();
    queue.apply(&queued("m", 0, &["a"]));
    let disabled = Disabled {
        at_ms: 1,
        reason: "410".into(),
    };
    queue.apply(&Fact::Disabled {
        to: "a".into(),
        disabled,
    });
    assert_eq!((queue.due(5), queue.next_due_ms()), (vec![], None));
    queue.apply(&Fact::Enabled {
        to: "a".into(),
        at_ms: 6,
    });
    assert_eq!(ids(&queue.due(6)), [("a", "m")]);
}

#[test]
fn facts_that_were_kept_make_the_same_state() {
    let facts = [
        queued("m", 0, &["a", "b"]),
        Fact::Marked {
            document: "doc".into(),
        },
        attempted("a", "m", 1, 1, Some(50), false),
        queued("n", 2, &["b"]),
        attempted("b", "m", 1, 3, None, true),
    ];
    let mut whole = queue();
    facts.iter().for_each(|fact| whole.apply(fact));
    let mut half = queue();
    facts[..3].iter().for_each(|fact| half.apply(fact));
    let kept = serde_json::to_string(&half).expect("kept");
    let read: Queue = serde_json::from_str(&kept).expect("read");
    let mut read = read.with_targets(&[("a".into(), "x".into()), ("b".into(), "y".into())]);
    for fact in &facts[3..] {
        let line = serde_json::to_string(fact).expect("kept");
        read.apply(&serde_json::from_str(&line).expect("read"));
    }
    assert_eq!(read, whole);
    assert_eq!(read.marked().collect::<Vec<_>>(), ["doc"]);
}

#[test]
fn nothing_grows_without_end() {
    let mut queue = queue();
    for n in 0..PENDING_MAX + 5 {
        queue.apply(&queued(&format!("m{n}"), 0, &["a"]));
    }
    let endpoint = queue.endpoint("a").expect("there");
    assert_eq!((endpoint.waiting(), endpoint.dropped()), (PENDING_MAX, 5));
    for n in 0..ATTEMPTS_MAX + 5 {
        queue.apply(&attempted("a", &format!("m{n}"), 1, 1, None, true));
    }
    let endpoint = queue.endpoint("a").expect("there");
    assert_eq!(endpoint.attempts().count(), ATTEMPTS_MAX);
    assert!(
        queue.message("m0").is_none(),
        "nobody can ask for it any more"
    );
}

#[test]
fn another_address_begins_anew_with_what_waits() {
    let mut queue = queue();
    queue.apply(&queued("m", 0, &["a", "b"]));
    let disabled = Disabled {
        at_ms: 1,
        reason: "410".into(),
    };
    queue.apply(&Fact::Disabled {
        to: "a".into(),
        disabled,
    });
    let mut queue = queue.with_targets(&[("a".into(), "elsewhere".into())]);
    assert_eq!(ids(&queue.due(1)), [("a", "m")]);
}

#[test]
fn what_another_server_left_is_sent() {
    let mut theirs = queue();
    theirs.apply(&queued("m", 0, &["a"]));
    theirs.apply(&Fact::Marked {
        document: "doc".into(),
    });
    theirs.apply(&queued("n", 0, &["b"]));
    theirs.apply(&attempted("b", "n", 1, 3, Some(900), false));
    let mut ours = queue();
    ours.adopt(theirs);
    assert_eq!(ids(&ours.due(1)), [("a", "m")]);
    assert_eq!(ours.marked().count(), 1);
    let failing = ours.endpoint("b").expect("there");
    assert_eq!(
        failing.failing_since_ms(),
        Some(3),
        "a restart is no success"
    );
}

#[test]
fn waits_grow_by_the_list_and_differ_by_a_fifth() {
    let waits = [1_000, 60_000];
    assert_eq!(next_ms(&waits, 1, 0, 0, None), Some(800));
    assert_eq!(next_ms(&waits, 1, 0, 255, None), Some(1_200));
    assert_eq!(next_ms(&waits, 2, 7, 0, None), Some(48_007));
    assert_eq!(next_ms(&waits, 3, 0, 0, None), None, "given up");
    assert_eq!(next_ms(&waits, 1, 0, 0, Some(5_000)), Some(5_000));
    assert_eq!(next_ms(&waits, 1, 0, 0, Some(u64::MAX)), Some(86_400_000));
}
