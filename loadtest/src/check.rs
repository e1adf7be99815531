//! The end of every run: a fresh client per document must see exactly all edits.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use indicatif::ProgressBar;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use unisson_client::Status;
use yrs::{GetString, ReadTxn, Text, Transact, block::ClientID};

use crate::{
    plan::Plan,
    tally::Totals,
    writer::{Shell, TEXT},
};

/// How long one document may take to be read.
const READ_MAX: Duration = Duration::from_secs(30);
/// Documents that are read at the same time.
const READING_MAX: usize = 16;
/// The checking clients' number: no client of a run has it.
const CHECKER: usize = 4_094;

/// Reads every document; the number of documents that are not what was written.
pub(crate) async fn check_all(
    plan: &Arc<Plan>,
    totals: &mut Totals,
    bar: &ProgressBar,
) -> Result<u64> {
    let turns = Arc::new(Semaphore::new(READING_MAX));
    let mut tasks = JoinSet::new();
    for document in 0..plan.documents {
        let plan = Arc::clone(plan);
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            timeout(READ_MAX, check_one(&plan, document)).await?
        });
    }
    bar.set_length(plan.documents as u64);
    bar.set_position(0);
    let mut wrong = 0;
    while let Some(checked) = tasks.join_next().await {
        bar.inc(1);
        if let Err(error) = checked? {
            wrong += 1;
            totals.error(format!("check: {error:#}"));
        }
    }
    Ok(wrong)
}

async fn check_one(plan: &Plan, document: usize) -> Result<()> {
    let mut shell = Shell::new(plan, document, plan.client_id(CHECKER))?;
    shell.connect().await?;
    while shell.client.status() != Status::Saved {
        let waited = shell.wait().await;
        shell.step(waited).await?;
    }
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
        ensure!(
            found == expected
                && text
                    .get_string(&transaction)
                    .bytes()
                    .all(|byte| byte == b'x'),
            "document {document}: {found} characters instead of {expected}"
        );
    }
    shell.close().await;
    Ok(())
}
