//! When something may be sent to many at once.
//!
//! What comes seldom goes at once. What comes often gathers, so that a document's deliveries stay
//! within a budget, however many people are there: each sending is paid for with time, in
//! proportion to its receivers, and a little may be owed.

use crate::Millis;

/// What sending to many may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Deliveries (receivers times messages) a second in the long run.
    pub(crate) deliveries_per_s: usize,
    /// How much may be owed: so much comes at once after a pause.
    pub(crate) burst_ms: u64,
    /// The longest wait between two sendings, however many receivers there are.
    pub(crate) wait_ms_max: u64,
}

impl Budget {
    fn cost_us(self, receivers: usize) -> u64 {
        let cost = (receivers as u64).saturating_mul(1_000_000);
        (cost / (self.deliveries_per_s as u64).max(1)).min(self.wait_ms_max * 1_000)
    }
}

/// What has been sent, in time that must pass for it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    paid_until_us: u64,
}

impl Pace {
    /// From when on the next may go.
    pub(crate) fn free_at(&self, budget: Budget) -> Millis {
        let free_us = self.paid_until_us.saturating_sub(budget.burst_ms * 1_000);
        Millis(free_us.div_ceil(1_000))
    }

    /// Something was sent.
    pub(crate) fn spend(&mut self, now: Millis, budget: Budget, receivers: usize) {
        let from = self.paid_until_us.max(now.0.saturating_mul(1_000));
        self.paid_until_us = from.saturating_add(budget.cost_us(receivers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget {
        deliveries_per_s: 1_000,
        burst_ms: 50,
        wait_ms_max: 200,
    };

    /// How many sendings to so many receivers go within a second if one is tried every millisecond.
    fn sent_in_a_second(receivers: usize) -> usize {
        let mut pace = Pace::default();
        let mut sent = 0;
        for now in (5_000..6_000).map(Millis) {
            if pace.free_at(BUDGET) <= now {
                pace.spend(now, BUDGET, receivers);
                sent += 1;
            }
        }
        sent
    }

    #[test]
    fn deliveries_stay_within_the_budget() {
        assert_eq!(sent_in_a_second(1), 1_000, "all go at once");
        assert!((100..=106).contains(&sent_in_a_second(10)));
        assert!((20..=22).contains(&sent_in_a_second(50)));
    }

    #[test]
    fn however_many_receive_the_wait_has_a_limit() {
        assert!((5..=6).contains(&sent_in_a_second(1_000_000)));
    }

    #[test]
    fn after_a_pause_a_few_go_at_once() {
        let mut pace = Pace::default();
        let now = Millis(5_000);
        let mut sent = 0;
        while pace.free_at(BUDGET) <= now {
            pace.spend(now, BUDGET, 10);
            sent += 1;
        }
        assert_eq!(
            sent, 6,
            "50 ms of 10 ms each, and the one that goes over it"
        );
    }
}
