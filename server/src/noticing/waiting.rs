//! Pages that wait until nobody edits them. Pure: the time is an argument.

use std::collections::BTreeMap;

use unisson_protocol::DocName;

use crate::settings::EventSettings;

/// How many pages may wait; what comes beyond is found with the next edit of it.
const PAGES_MAX: usize = 20_000;
/// How many are looked at before it is asked again what is due.
const TURN_MAX: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Wait {
    /// When the first edit came that is not looked at.
    first_ms: u64,
    /// From when on there has to be quiet.
    last_ms: u64,
    /// Edits come in here.
    is_own: bool,
}

#[derive(Debug, Default)]
pub(super) struct Waiting {
    pages: BTreeMap<DocName, Wait>,
}

impl Waiting {
    /// A page is edited here.
    pub(super) fn edited(&mut self, name: DocName, now_ms: u64) {
        let new = Wait {
            first_ms: now_ms,
            last_ms: now_ms,
            is_own: true,
        };
        match self.pages.get_mut(&name) {
            Some(wait) if wait.is_own => wait.last_ms = wait.last_ms.max(now_ms),
            Some(wait) => {
                let first_ms = wait.first_ms.min(now_ms);
                *wait = Wait { first_ms, ..new };
            }
            None => self.insert(name, new),
        }
    }

    /// A page was found to be as it was left at `changed_ms`: it is looked at later than `last_ms`,
    /// or sooner where it is edited here.
    pub(super) fn found(&mut self, name: DocName, changed_ms: u64, last_ms: u64) {
        match self.pages.get_mut(&name) {
            Some(wait) => wait.first_ms = wait.first_ms.min(changed_ms),
            None => self.insert(
                name,
                Wait {
                    first_ms: changed_ms,
                    last_ms,
                    is_own: false,
                },
            ),
        }
    }

    fn insert(&mut self, name: DocName, wait: Wait) {
        if self.pages.len() < PAGES_MAX {
            self.pages.insert(name, wait);
        }
    }

    /// What is to be looked at now, each with when its first edit came.
    pub(super) fn due(&mut self, now_ms: u64, pace: EventSettings) -> Vec<(DocName, u64)> {
        let is_due = |wait: &Wait| {
            let quiet = now_ms.saturating_sub(wait.last_ms) >= pace.quiet_ms;
            quiet || (wait.is_own && now_ms.saturating_sub(wait.first_ms) >= pace.every_ms)
        };
        let due = self.pages.extract_if(.., |_, wait| is_due(wait));
        due.take(TURN_MAX)
            .map(|(name, wait)| (name, wait.first_ms))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: EventSettings = EventSettings {
        quiet_ms: 10,
        every_ms: 100,
        ..EventSettings::DEFAULT
    };

    fn name(text: &str) -> DocName {
        DocName::new(text).expect("a name")
    }

    fn due(waiting: &mut Waiting, now_ms: u64) -> Vec<(String, u64)> {
        let due = waiting.due(now_ms, PACE).into_iter();
        due.map(|(name, first_ms)| (name.to_string(), first_ms))
            .collect()
    }

    #[test]
    fn a_page_is_due_once_it_is_quiet_or_every_so_often() {
        let mut waiting = Waiting::default();
        waiting.edited(name("a"), 1_000);
        waiting.edited(name("a"), 1_008);
        assert_eq!(due(&mut waiting, 1_017), []);
        assert_eq!(due(&mut waiting, 1_018), [("a".to_owned(), 1_000)]);
        assert_eq!(due(&mut waiting, 9_000), []);
        for now_ms in 2_000..2_100 {
            waiting.edited(name("a"), now_ms);
            assert_eq!(due(&mut waiting, now_ms), []);
        }
        assert_eq!(due(&mut waiting, 2_100), [("a".to_owned(), 2_000)]);
    }

    #[test]
    fn what_others_edited_waits_longer_unless_it_is_edited_here() {
        let mut waiting = Waiting::default();
        waiting.found(name("theirs"), 500, 60_000);
        waiting.found(name("ours"), 500, 60_000);
        waiting.edited(name("ours"), 600);
        assert_eq!(due(&mut waiting, 610), [("ours".to_owned(), 500)]);
        assert_eq!(due(&mut waiting, 60_010), [("theirs".to_owned(), 500)]);
    }

    #[test]
    fn many_pages_are_taken_a_little_at_a_time_and_all_in_the_end() {
        let mut waiting = Waiting::default();
        for at in 0..TURN_MAX * 2 + 1 {
            waiting.edited(name(&format!("page-{at}")), 0);
        }
        let parts: Vec<usize> = (0..4).map(|_| due(&mut waiting, 50).len()).collect();
        assert_eq!(parts, [TURN_MAX, TURN_MAX, 1, 0]);
    }
}
