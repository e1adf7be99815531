//! What happened in a space within a day, told once a day to webhooks that ask for it.
//!
//! Promises:
//! * a digest comes at the hour that the settings say, or as soon as a server runs again on that day;
//! * each is told once, over restarts and by several servers. There are no conditional writes here
//!   ([decision 13](../../docs/decisions/0013-object-store.md)): whoever begins says so in a record
//!   and looks whether somebody else did, too; and should two tell the same, they do so under one id;
//! * a space in which nothing happened is not told of.

mod gather;

use std::{convert::Infallible, time::Duration};

use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_session::Entries;

use crate::{
    events::Event,
    following::LOOK_EVERY,
    records::{self, ChangeError, RecordError, RecordHandle},
    registry::{Registry, Shared},
    settings::Day,
    spaces::{draw, prefix_of},
    versions::unix_now_ms,
};

/// The kind of the event; webhooks that ask for nothing in particular do not get it.
pub(crate) const KIND: &str = "digest.daily";

const RECORD: &str = ".unisson/digests";
/// Who tells the digests of a day, see [`Claim`].
const CLAIM: &str = "claim";
/// The last day of which all is told.
const DONE: &str = "done";
/// The last day of which a space was told.
const TOLD: &str = "told:";

/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(5);
/// Whoever has begun and is not done after so long is dead.
const DEAD_AFTER_MS: u64 = 20 * 60 * 1_000;

/// Somebody tells the digests of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    day: i64,
    by: String,
    at_ms: u64,
}

/// What is to be done about a day.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// All is told.
    Done,
    /// Somebody else tells it.
    Others,
    /// It is ours.
    Own,
    /// Nobody tells it.
    Free,
}

fn turn(entries: &Entries, day: Day, own: &str, now_ms: u64) -> Turn {
    if number(entries.get(DONE)) >= Some(day.0) {
        return Turn::Done;
    }
    let claim = entries.get(CLAIM);
    let claim = claim.and_then(|text| serde_json::from_str::<Claim>(text).ok());
    match claim.filter(|claim| claim.day == day.0) {
        Some(claim) if claim.by == own => Turn::Own,
        Some(claim) if now_ms.saturating_sub(claim.at_ms) < DEAD_AFTER_MS => Turn::Others,
        Some(_) | None => Turn::Free,
    }
}

fn number(text: Option<&String>) -> Option<i64> {
    text.and_then(|text| text.parse().ok())
}

/// Tells digests when it is time. Never ends.
pub(crate) async fn keep_telling(registry: &Registry) {
    let shared = registry.shared();
    if !shared.settings.search.enabled {
        // Without the index nobody knows what happened; see the settings' page.
        std::future::pending::<()>().await;
    }
    let own = loop {
        match draw::<8>() {
            Ok(own) => break own,
            Err(problem) => tracing::error!(problem, "no digests are told"),
        }
        tokio::time::sleep(LOOK).await;
    };
    loop {
        tokio::time::sleep(LOOK).await;
        if !wants(shared, "") || shared.indexing.index().is_none() {
            continue;
        }
        let (zone, hour) = (
            shared.settings.events.digest_zone,
            shared.settings.events.digest_hour,
        );
        let day = zone.day(unix_now_ms());
        if unix_now_ms() < zone.moment(day, hour) {
            continue;
        }
        if let Err(error) = tell_day(registry, day, &own).await {
            tracing::warn!(%error, "digests are not told yet");
        }
    }
}

/// Whether any webhook wants digests of a place, or (without one) of any.
fn wants(shared: &Shared, place: &str) -> bool {
    let webhooks = shared.webhooks.get();
    webhooks.is_some_and(|webhooks| webhooks.want(KIND, place))
}

async fn tell_day(registry: &Registry, day: Day, own: &str) -> Result<(), RecordError> {
    let shared = registry.shared();
    let name = records::name_of(RECORD)?;
    let record = shared.records.open(&shared.store, &name).await?;
    match turn(record.read().entries(), day, own, unix_now_ms()) {
        Turn::Done | Turn::Others => return Ok(()),
        Turn::Own => {}
        Turn::Free => {
            claim(registry, &record, day, own).await?;
            if shared.store.is_shared() {
                // Of two who claim at the same time one is kept: both see who, by then.
                tokio::time::sleep(LOOK_EVERY * 3).await;
            }
            if turn(record.read().entries(), day, own, unix_now_ms()) != Turn::Own {
                return Ok(());
            }
        }
    }
    let events = shared.settings.events;
    let until_ms = events.digest_zone.moment(day, events.digest_hour);
    let from_ms = events
        .digest_zone
        .moment(Day(day.0 - 1), events.digest_hour);
    for space in shared.spaces.ids() {
        let told = format!("{TOLD}{space}");
        let is_told = number(record.read().entries().get(&told)) >= Some(day.0);
        if is_told || !wants(shared, &prefix_of(&space)) {
            continue;
        }
        match gather::digest(shared, &space, day, from_ms..until_ms).await {
            Ok(Some(digest)) => {
                shared.events.emit(Event::DigestDaily(Box::new(digest)));
                if let Some(webhooks) = shared.webhooks.get() {
                    webhooks.kept().await;
                }
                set(registry, &record, told, day.0.to_string()).await?;
            }
            Ok(None) => {}
            Err(problem) => {
                let problem = format!("{space}: {problem}");
                return Err(RecordError::Unavailable(problem));
            }
        }
    }
    set(registry, &record, DONE.to_owned(), day.0.to_string()).await
}

async fn claim(
    registry: &Registry,
    record: &RecordHandle,
    day: Day,
    own: &str,
) -> Result<(), RecordError> {
    let claim = Claim {
        day: day.0,
        by: own.to_owned(),
        at_ms: unix_now_ms(),
    };
    let claim = serde_json::to_string(&claim);
    let claim = claim.map_err(|error| RecordError::Unavailable(error.to_string()))?;
    set(registry, record, CLAIM.to_owned(), claim).await
}

async fn set(
    registry: &Registry,
    record: &RecordHandle,
    key: String,
    value: String,
) -> Result<(), RecordError> {
    let change = vec![(key, Some(value))];
    let decide = |_: &Entries| Ok::<_, Infallible>((change, ()));
    let set = record.change(registry, Author::default(), decide).await;
    set.map_err(|error| match error {
        ChangeError::Declined(never) => match never {},
        ChangeError::Failed(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tells_a_day_and_another_one_only_where_that_one_is_dead() {
        let (day, next) = (Day(20_000), Day(20_001));
        let mut entries = Entries::new();
        assert_eq!(turn(&entries, day, "a", 5), Turn::Free);
        let claim = Claim {
            day: day.0,
            by: "a".into(),
            at_ms: 5,
        };
        let claim = serde_json::to_string(&claim).expect("JSON");
        entries.insert(CLAIM.into(), claim);
        assert_eq!(turn(&entries, day, "a", 6), Turn::Own);
        assert_eq!(turn(&entries, day, "b", 6), Turn::Others);
        assert_eq!(turn(&entries, day, "b", 5 + DEAD_AFTER_MS), Turn::Free);
        assert_eq!(turn(&entries, next, "b", 6), Turn::Free);
        entries.insert(DONE.into(), day.0.to_string());
        assert_eq!(turn(&entries, day, "a", 7), Turn::Done);
        assert_eq!(turn(&entries, next, "a", 7), Turn::Free);
    }
}
