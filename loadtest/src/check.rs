//! The end of a run: a fresh client per document must see exactly all edits.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use unisson_client::Status;
use yrs::{GetString, ReadTxn, Text, Transact, block::ClientID};

use crate::{
    run::{CHECKER, Run},
    shell::Shell,
    stage::Stage,
    writer::TEXT,
};

/// How long one document may take to be read.
const READ_MAX: Duration = Duration::from_secs(60);
/// Documents that are read at the same time.
const READING_MAX: usize = 16;

/// A fresh client that has read its document.
pub(crate) async fn read(stage: &Stage, document: usize) -> Result<Shell<'_>> {
    let mut shell = Shell::new(stage, document, CHECKER)?;
    let reading = async {
        shell.connect().await?;
        while shell.client.status() != Status::Saved {
            let waited = shell.wait().await;
            shell.step(waited).await?;
        }
        anyhow::Ok(())
    };
    timeout(READ_MAX, reading).await??;
    Ok(shell)
}

/// The text of a document, read by a fresh client.
pub(crate) async fn read_text(stage: &Stage, document: usize) -> Result<String> {
    let shell = read(stage, document).await?;
    let text = {
        let doc = shell.client.doc();
        let text = doc.get_or_insert_text(TEXT);
        text.get_string(&doc.transact())
    };
    shell.close();
    Ok(text)
}

/// Reads every document with `check`; each that is not as it should be is an error of the run.
pub(crate) async fn all<F, O>(run: &Run<'_>, documents: usize, check: F) -> Result<()>
where
    F: Fn(Arc<Stage>, usize) -> O,
    O: Future<Output = Result<()>> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(READING_MAX));
    let mut tasks = JoinSet::new();
    for document in 0..documents {
        let turns = Arc::clone(&turns);
        let checking = check(Arc::clone(&run.stage), document);
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            checking.await
        });
    }
    run.phase("checking", documents as u64);
    while let Some(checked) = tasks.join_next().await {
        run.bar.inc(1);
        if let Err(error) = checked? {
            run.stage.recorder.error(format!("check: {error:#}"));
        }
    }
    Ok(())
}

/// Whether a document holds every edit of the schedule, and nothing else.
pub(crate) async fn typed(stage: Arc<Stage>, document: usize) -> Result<()> {
    let plan = &stage.plan;
    let shell = read(&stage, document).await?;
    {
        let doc = shell.client.doc();
        let text = doc.get_or_insert_text(TEXT);
        let transaction = doc.transact();
        let state = transaction.state_vector();
        let edits = plan.edits_each();
        for writer in 0..plan.writers {
            let found = state.get(&ClientID::new(plan.client_id(writer)));
            ensure!(
                found == edits,
                "document {document}, writer {writer}: {found} of {edits} edits"
            );
        }
        let expected = edits as usize * plan.writers;
        let found = text.len(&transaction) as usize;
        let content = text.get_string(&transaction);
        ensure!(
            found == expected && content.bytes().all(|byte| byte == b'x'),
            "document {document}: {found} characters instead of {expected}"
        );
    }
    shell.close();
    Ok(())
}
