//! `unisson rm`: erase documents for good.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;
use unisson_storage::{NameAfter, Place as StorePlace, Store};

use super::{Place, open_to_write, print_json};

/// What `rm` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Names of the documents, as editors use them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Let a new document have the name at once, not only after 90 days
    #[arg(long)]
    reuse: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// False where the store has nothing of this name.
    erased: bool,
    segments_rewritten: usize,
    snapshots_deleted: usize,
}

/// Erases documents. A server on the same folder must be stopped.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    if !options.yes && !confirmed(&options.names)? {
        bail!("nothing was erased");
    }
    let settings = options.place.settings()?;
    // Nothing is made where nothing is to be erased.
    Store::open_read_only(settings.clone()).await?;
    let is_shared = !matches!(settings.place, StorePlace::Folder);
    let store = open_to_write(settings).await?;
    let after = if options.reuse {
        NameAfter::Free
    } else {
        NameAfter::Blocked
    };
    let mut rows = Vec::new();
    for name in &options.names {
        let erased = store.erase(name, after).await;
        let erased = erased
            .with_context(|| format!("{name:?} is not wholly erased; run the command again"))?;
        // What says how its files are called.
        let record = format!(".unisson/attachments/{}", Store::document_key(name));
        store
            .erase(&record, NameAfter::Free)
            .await
            .with_context(|| format!("{name:?} is not wholly erased; run the command again"))?;
        rows.push(Row {
            name: name.clone(),
            erased: erased.is_some(),
            segments_rewritten: erased.map_or(0, |erased| erased.segments),
            snapshots_deleted: erased.map_or(0, |erased| erased.snapshots),
        });
    }
    store
        .close()
        .await
        .context("the store was not closed cleanly")?;
    if is_shared {
        eprintln!(
            "Servers that share this store take the last of it out of what they wrote; what stopped \
             ones wrote goes after an hour: see docs/operations/erase.md."
        );
    }
    if options.json {
        print_json(&rows)?;
    } else {
        rows.iter().for_each(print);
    }
    let unknown = rows.iter().filter(|row| !row.erased).count();
    Ok(if unknown > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn print(row: &Row) {
    let name = &row.name;
    if row.erased {
        println!(
            "erased {name:?}: {} segments rewritten, {} snapshots deleted",
            row.segments_rewritten, row.snapshots_deleted
        );
    } else {
        println!("{name:?}: no such document");
    }
}

/// Asks whoever sits at the terminal; without one, the flag has to say it.
fn confirmed(names: &[String]) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("erasing cannot be undone: say --yes");
    }
    eprintln!("Erase for good, with all versions:");
    names.iter().for_each(|name| eprintln!("  {name:?}"));
    eprint!("This cannot be undone. Type \"erase\" to go on: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "erase")
}
