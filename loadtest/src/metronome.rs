//! Says when edits are due. A thread of its own: the runtime's timers count whole milliseconds,
//! and that would be measured instead of the server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::sync::Notify;

/// The longest sleep, so that an end is noticed.
const NAP: Duration = Duration::from_millis(50);

/// One writer's beats.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    due: AtomicU32,
    notify: Notify,
}

impl Beat {
    /// How many edits are due by now.
    pub(crate) fn due(&self) -> u32 {
        self.due.load(Ordering::Acquire)
    }

    /// Waits for the next edit to be due. Cancel-safe.
    pub(crate) async fn next(&self) {
        self.notify.notified().await;
    }
}

/// The thread, which ends with this.
pub(crate) struct Metronome {
    over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Beats for a number of writers, each of whom gets one beat in a period, spread over it in order.
pub(crate) fn beats(writers: usize) -> Arc<[Beat]> {
    (0..writers).map(|_| Beat::default()).collect()
}

impl Metronome {
    /// Starts at `start` and gives each writer `count` beats, `rate` a second.
    pub(crate) fn start(
        beats: &Arc<[Beat]>,
        start: Instant,
        rate: f64,
        count: u32,
    ) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let (beats, seen_over) = (Arc::clone(beats), Arc::clone(&over));
        let thread = thread::Builder::new()
            .name("metronome".to_owned())
            .spawn(move || beat(&beats, start, rate, count, &seen_over))?;
        Ok(Self {
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say; a panic of it would show as edits that were never made.
            let _ = thread.join();
        }
    }
}

fn beat(beats: &[Beat], start: Instant, rate: f64, count: u32, over: &AtomicBool) {
    for edit in 0..count {
        for (writer, beat) in beats.iter().enumerate() {
            let phase = writer as f64 / beats.len() as f64;
            let due = start + Duration::from_secs_f64((f64::from(edit) + phase) / rate);
            loop {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                if over.load(Ordering::Relaxed) {
                    return;
                }
                thread::sleep(left.min(NAP));
            }
            beat.due.store(edit + 1, Ordering::Release);
            beat.notify.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_writer_gets_all_its_beats() {
        let beats = beats(3);
        let metronome = Metronome::start(&beats, Instant::now(), 1_000.0, 20).expect("a thread");
        for beat in beats.iter() {
            while beat.due() < 20 {
                beat.next().await;
            }
        }
        drop(metronome);
    }
}
