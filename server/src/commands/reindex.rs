//! `unisson reindex`: makes the index of the search anew.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;
use serde::Serialize;
use unisson_search::IndexError;
use unisson_storage::Store;

use super::{Place, exit_code, print_json, progress};
use crate::{indexing, records::Records, spaces::Spaces};

/// What `reindex` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Folder of the index [default: as the server has it]
    #[arg(long, env = "UNISSON_INDEX", value_name = "DIR")]
    index: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    folder: String,
    indexed: u64,
    failed: u64,
}

/// Takes the index away and puts every document in again. Documents are only read.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut settings = options.place.gather()?;
    settings.search.index = options.index.or(settings.search.index);
    let folder = settings.index_folder();
    let store = Store::open_read_only(options.place.settings()?).await?;
    let records = Arc::new(Records::default());
    let spaces = Spaces::new(store.clone(), records);
    let bar = progress("documents", 0, false);
    let built = indexing::rebuild(&store, &spaces, folder.clone(), |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    let (indexed, failed) = built.await.map_err(|error| match error {
        IndexError::Busy => {
            anyhow::Error::from(error).context("the server must be stopped for this")
        }
        error => error.into(),
    })?;
    bar.finish_and_clear();
    let report = Report {
        folder: folder.display().to_string(),
        indexed,
        failed,
    };
    if options.json {
        print_json(&report)?;
    } else {
        println!(
            "{indexed} documents can be searched; the index is in {}",
            report.folder
        );
        if failed > 0 {
            println!("{failed} documents could not be read: see unisson fsck");
        }
    }
    Ok(exit_code(failed > 0))
}
