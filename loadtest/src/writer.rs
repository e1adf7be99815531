//! A full client, writing by the schedule if it is a writer.

use std::{sync::atomic::Ordering, time::Instant};

use anyhow::Result;
use tokio::{pin, select};
use unisson_client::Status;
use yrs::TextRef;

use crate::{
    metronome::Beat,
    progress::Progress,
    recorder::Kind,
    scenario::Scenario,
    shell::{Happened, Shell},
    stage::{Place, Stage},
};

/// The text that everybody writes into.
pub(crate) const TEXT: &str = "text";

struct Part<'a> {
    stage: &'a Stage,
    document: usize,
    client: usize,
    /// Its number among the document's writers.
    writer: Option<usize>,
    text: TextRef,
    shell: Shell<'a>,
    seen: Progress,
    saved: Progress,
    made: u32,
    random: u32,
}

/// One client from connection to the end of the run.
pub(crate) async fn take_part(
    stage: &Stage,
    document: usize,
    client: usize,
    beat: Option<&Beat>,
) -> Result<()> {
    let plan = &stage.plan;
    let mut shell = Shell::new(stage, document, client)?;
    {
        let _turn = stage.turn().await?;
        shell.connect().await?;
    }
    let mut part = Part {
        stage,
        document,
        client,
        writer: beat.is_some().then_some(client),
        text: shell.client.doc().get_or_insert_text(TEXT),
        shell,
        seen: Progress::new(stage, document),
        saved: Progress::new(stage, document),
        made: 0,
        random: plan.client_id(client) as u32 | 1,
    };
    if plan.scenario == Scenario::PD && beat.is_some() {
        part.show_presence()?;
    }
    part.run(beat).await
}

impl Part<'_> {
    async fn run(mut self, beat: Option<&Beat>) -> Result<()> {
        let stage = self.stage;
        let mut place = Place::new(stage);
        let mut is_done = false;
        let over = stage.over();
        pin!(over);
        loop {
            place.set_synced(self.is_synced());
            if !is_done && self.is_complete() {
                is_done = true;
                stage.is_done();
            }
            let happened = select! {
                biased;
                () = next(beat) => self.write(beat.map_or(0, Beat::due))?,
                waited = self.shell.wait() => self.shell.step(waited).await?,
                () = &mut over => break,
            };
            self.record(happened);
        }
        self.finish(is_done);
        Ok(())
    }

    /// A name and a cursor, renewed by the core every 15 seconds.
    fn show_presence(&mut self) -> Result<()> {
        let state = format!(
            r##"{{"user":{{"name":"Writer {}","color":"#30bced"}},"cursor":{{"anchor":0,"head":0}}}}"##,
            self.client
        );
        let now = self.shell.now();
        let effects = self.shell.client.set_presence(now, Some(state.into()));
        self.shell.carry_out(effects)?;
        Ok(())
    }

    fn is_synced(&self) -> bool {
        matches!(
            self.shell.client.status(),
            Status::Saved | Status::Saving | Status::ReadOnly
        )
    }

    fn is_complete(&self) -> bool {
        let plan = &self.stage.plan;
        let all_made = self.writer.is_none() || self.made >= plan.edits_each();
        all_made
            && self.seen.is_complete(self.stage, self.writer)
            && self.is_synced()
            && (plan.relay || self.shell.client.status() == Status::Saved)
    }

    /// Makes the edits that are due and not made yet.
    fn write(&mut self, due: u32) -> Result<Happened> {
        let plan = &self.stage.plan;
        let mut all = Happened::default();
        while self.made < due {
            if let (Some(writer), Some(start)) = (self.writer, self.stage.start()) {
                let due = start + plan.due(self.document, writer, self.made);
                let late = Instant::now().saturating_duration_since(due);
                self.stage.recorder.add(self.client, Kind::Late, late);
            }
            self.made += 1;
            self.random = self
                .random
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            let happened = self.shell.insert(&self.text, self.random >> 8)?;
            all.integrated.extend(happened.integrated);
            all.saved.extend(happened.saved);
            self.stage.recorder.made.fetch_add(1, Ordering::Relaxed);
        }
        Ok(all)
    }

    fn record(&mut self, mut happened: Happened) {
        if happened.integrated.is_empty() && happened.saved.is_empty() {
            return;
        }
        let stage = self.stage;
        let own_id = stage.plan.client_id(self.client);
        // The echo of an own edit is no sight of it.
        happened
            .integrated
            .retain(|range| range.client_id != own_id);
        let mut records = stage.recorder.records(self.client);
        self.seen
            .advance(stage, &happened.integrated, Some(Kind::Seen), &mut records);
        self.saved
            .advance(stage, &happened.saved, Some(Kind::Saved), &mut records);
    }

    fn finish(self, is_done: bool) {
        let document = self.document;
        let recorder = &self.stage.recorder;
        if !self.seen.is_complete(self.stage, self.writer) {
            recorder.error(format!(
                "document {document}: a client did not see all edits"
            ));
        } else if !self.stage.plan.relay && self.shell.client.has_unsaved_edits() {
            recorder.error(format!(
                "document {document}: edits were never acknowledged"
            ));
        } else if !is_done {
            recorder.error(format!("document {document}: a client was not in sync"));
        }
        self.shell.close();
    }
}

async fn next(beat: Option<&Beat>) {
    match beat {
        Some(beat) => beat.next().await,
        None => std::future::pending().await,
    }
}
