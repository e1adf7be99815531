//! A document's timer.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set anew only to go off earlier, or when it has gone off: what a session waits
/// for mostly moves back, with each edit, and setting a timer costs more than handling the edit.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Waits until then; for ever, where there is nothing to wait for. May be dropped and called
    /// again with another time.
    pub(super) async fn until(&mut self, at: Option<Instant>) {
        let Some(at) = at else {
            return std::future::pending().await;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        loop {
            sleep.as_mut().await;
            if Instant::now() >= at {
                return;
            }
            sleep.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_off_at_the_time_asked_for_last_whether_earlier_or_later() {
        let start = Instant::now();
        let after = |seconds| Some(start + Duration::from_secs(seconds));
        let mut alarm = Alarm::default();
        for asked in [10, 20, 5] {
            assert!(alarm.until(after(asked)).now_or_never().is_none());
        }
        alarm.until(after(5)).await;
        assert_eq!(start.elapsed().as_secs(), 5);
        alarm.until(after(30)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
        assert!(alarm.until(None).now_or_never().is_none());
    }
}
