//! A reader that counts updates instead of building the document: the server does the same work
//! for it, and the generator far less.

use std::{
    mem,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use bytes::Bytes;
use tokio::{
    pin, select,
    time::{sleep, sleep_until},
};
use unisson_protocol::{PeerMessage, scan};

use crate::{
    backoff::{Backoff, Random},
    frame::Event,
    progress::Progress,
    recorder::Kind,
    socket::{Destination, Socket},
    stage::{Place, Stage},
    tongue::{EMPTY_UPDATE, Said, Tongue, only_author},
};

/// Why a visit ended.
enum End {
    Over,
    Broken,
    Suspended,
}

/// What a reader knows of its document.
struct View<'a> {
    stage: &'a Stage,
    tongue: Tongue,
    index: usize,
    progress: Progress,
    /// Edits that were made while it was away are no measurement.
    catches_up: bool,
    is_synced: bool,
    is_broken: bool,
    asked: bool,
    pinged: bool,
    error: Option<String>,
}

/// Reads one document until the run is over.
pub(crate) async fn read(stage: &Stage, document: usize, client: usize) -> Result<()> {
    let plan = &stage.plan;
    let index = plan.index(document, client);
    let mut view = View::new(stage, document, index)?;
    let destination = plan.destination(document)?;
    let is_phone = plan.is_phone(document, client);
    let mut place = Place::new(stage);
    let mut random = Random::new(plan.seed ^ index as u64);
    let mut backoff = Backoff::default();
    let mut is_first = true;
    let mut is_done = false;
    loop {
        let due = Instant::now();
        let socket = match connect(stage, &destination, index, is_first).await {
            Ok(socket) => socket,
            Err(error) if is_first => return Err(error),
            Err(_) => {
                if pause(stage, backoff.next(&mut random)).await {
                    break;
                }
                continue;
            }
        };
        is_first = false;
        let stays = is_phone.then(|| random.around(plan.phone_stays));
        let end = view
            .visit(socket, due, stays, &mut place, &mut is_done)
            .await?;
        place.set_synced(false);
        let away = match end {
            End::Over => break,
            End::Suspended => {
                view.catches_up = true;
                place.set_away(true);
                random.around(plan.phone_stays) / 3
            }
            End::Broken => {
                stage.recorder.reconnects.fetch_add(1, Ordering::Relaxed);
                if view.is_synced {
                    backoff.succeeded();
                }
                backoff.next(&mut random)
            }
        };
        if pause(stage, away).await {
            break;
        }
        place.set_away(false);
    }
    if !is_done {
        stage.recorder.error(format!(
            "document {document}: a reader did not see all edits"
        ));
    }
    Ok(())
}

async fn connect(
    stage: &Stage,
    destination: &Destination,
    index: usize,
    is_first: bool,
) -> Result<Socket> {
    let _turn = match is_first {
        true => Some(stage.turn().await?),
        false => None,
    };
    Socket::connect(destination, index, false).await
}

/// Whether the run was over before the pause was.
async fn pause(stage: &Stage, length: Duration) -> bool {
    select! {
        () = sleep(length) => false,
        () = stage.over() => true,
    }
}

impl<'a> View<'a> {
    fn new(stage: &'a Stage, document: usize, index: usize) -> Result<Self> {
        Ok(Self {
            stage,
            tongue: stage.plan.tongue(document)?,
            index,
            progress: Progress::new(stage, document),
            catches_up: false,
            is_synced: false,
            is_broken: false,
            asked: false,
            pinged: false,
            error: None,
        })
    }

    /// One connection from its handshake to its end.
    async fn visit(
        &mut self,
        mut socket: Socket,
        due: Instant,
        stays: Option<Duration>,
        place: &mut Place<'_>,
        is_done: &mut bool,
    ) -> Result<End> {
        let stage = self.stage;
        let is_return = self.is_synced;
        self.is_broken = false;
        self.is_synced = stage.plan.relay;
        if !stage.plan.relay {
            let state = self.progress.state_vector(stage);
            for frame in self.tongue.hello(&stage.plan.token, &state) {
                socket.send(&frame, &stage.traffic);
            }
        }
        let leave_at = due + stays.unwrap_or_default();
        let (over, leave) = (stage.over(), sleep_until(leave_at.into()));
        pin!(over, leave);
        let mut was_synced = false;
        loop {
            if self.is_synced && !was_synced {
                was_synced = true;
                place.set_synced(true);
                self.catches_up = false;
                if is_return {
                    stage.recorder.add(self.index, Kind::Joined, due.elapsed());
                }
            }
            if !*is_done && self.is_synced && self.progress.is_complete(stage, None) {
                *is_done = true;
                stage.is_done();
            }
            let (is_done_now, mut handle) = (*is_done, |event: Event<'_>| self.event(event));
            select! {
                biased;
                () = socket.turn(&stage.traffic, &mut handle) => {}
                () = &mut over => {
                    socket.close();
                    return Ok(End::Over);
                }
                // A phone that has seen everything stays: the run is about to end.
                () = &mut leave, if stays.is_some() && !is_done_now && !stage.is_past_end() => {
                    return Ok(End::Suspended);
                }
            }
            if self.is_broken {
                return Ok(End::Broken);
            }
            self.answer(&mut socket)?;
        }
    }

    fn event(&mut self, event: Event<'_>) {
        let frame = match event {
            Event::Binary(frame) => frame,
            Event::Closed(_) => {
                self.is_broken = true;
                return;
            }
            Event::Passed { .. } | Event::Ping(_) => return,
        };
        match self.tongue.read(frame) {
            Ok(Said::Step1) => self.asked = true,
            Ok(Said::Step2(update)) => {
                self.count(update);
                self.is_synced = true;
            }
            Ok(Said::Update(update)) => self.count(update),
            Ok(Said::Ping) => self.pinged = true,
            Ok(Said::Refused) => self.error = Some("the server refuses this reader".to_owned()),
            Ok(Said::Awareness(_) | Said::Accepted | Said::Nothing) => {}
            Err(error) => self.error = Some(format!("{error:#}")),
        }
    }

    fn count(&mut self, update: &[u8]) {
        let writer_of = |author| self.stage.plan.writer_of(author);
        if only_author(update).is_some_and(|author| writer_of(author).is_none()) {
            return;
        }
        match scan::update_v1(update) {
            Ok(scan) => {
                let kind = (!self.catches_up).then_some(Kind::Seen);
                let mut records = self.stage.recorder.records(self.index);
                let progress = &mut self.progress;
                if progress.advance(self.stage, &scan.inserts, kind, &mut records) {
                    let holes = &self.stage.recorder.holes;
                    holes.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(error) => self.error = Some(format!("a bad update: {error}")),
        }
    }

    fn answer(&mut self, socket: &mut Socket) -> Result<()> {
        if let Some(error) = self.error.take() {
            bail!("{error}");
        }
        if mem::take(&mut self.asked) {
            let empty = PeerMessage::SyncStep2(Bytes::from_static(EMPTY_UPDATE));
            socket.send(&self.tongue.encode(empty), &self.stage.traffic);
        }
        if mem::take(&mut self.pinged) {
            socket.send(&Tongue::pong(), &self.stage.traffic);
        }
        Ok(())
    }
}
