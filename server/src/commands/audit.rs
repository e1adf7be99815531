//! `unisson audit`: verifying, exporting, and forgetting people.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use unisson_storage::{NameAfter, Store};

use super::{Place, exit_code, open_to_write, print_json};
use crate::{
    audit::{
        archive,
        check::{Kept, Report, check},
        forgetting::{Counted, forget_now},
        query::{Filter, Found},
    },
    notices, people,
};

/// What `audit` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check every line against the one before it; changes nothing, a server may be running
    Verify {
        #[command(flatten)]
        place: Place,
        /// A head that was published, as chain:seq:hash; it must still be there
        #[arg(long, value_name = "HEAD")]
        head: Vec<String>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print lines as JSON, one each; changes nothing, a server may be running
    Export {
        #[command(flatten)]
        place: Place,
        /// Only lines from this moment on, in milliseconds since 1970
        #[arg(long, value_name = "MS")]
        from_ms: Option<u64>,
        /// Only lines before this moment
        #[arg(long, value_name = "MS")]
        until_ms: Option<u64>,
        /// Only lines of this action
        #[arg(long)]
        action: Option<String>,
        /// Only lines that name this person
        #[arg(long, value_name = "ID")]
        person: Option<String>,
        /// Only lines about this document
        #[arg(long, value_name = "NAME")]
        document: Option<String>,
    },
    /// Take a person's id, name and addresses out of every line; the chain still holds. Servers must
    /// be stopped: a running one takes `POST /api/v1/audit/forget`
    Forget {
        #[command(flatten)]
        place: Place,
        /// The person's id
        #[arg(long, value_name = "ID")]
        person: String,
    },
}

/// Does what is asked.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    match options.command {
        Command::Verify { place, head, json } => verify(&place, &head, json).await,
        Command::Export {
            place,
            from_ms,
            until_ms,
            action,
            person,
            document,
        } => {
            let filter = Filter {
                from_ms,
                until_ms,
                action,
                person,
                document,
            };
            export(&place, &filter).await
        }
        Command::Forget { place, person } => forget(&place, &person).await,
    }
}

async fn verify(place: &Place, heads: &[String], json: bool) -> anyhow::Result<ExitCode> {
    let heads = heads.iter().map(|head| head.parse::<Kept>());
    let heads: Vec<Kept> = heads
        .collect::<Result<_, _>>()
        .map_err(anyhow::Error::msg)?;
    let store = Store::open_read_only(place.settings()?).await?;
    let report = check(&store.journal("audit"), &heads).await?;
    match json {
        true => print_json(&report)?,
        false => print(&report),
    }
    Ok(exit_code(!report.findings.is_empty()))
}

fn print(report: &Report) {
    for finding in &report.findings {
        println!(
            "BROKEN: {}, line {}: {}",
            finding.object, finding.line, finding.problem
        );
    }
    for (chain, head) in &report.heads {
        println!("{chain}:{}:{}", head.seq, head.hash);
    }
    println!(
        "{} lines in {} chains; people are forgotten in {} places",
        report.lines, report.chains, report.forgotten
    );
    match report.findings.is_empty() {
        true => println!("every line is as it was written"),
        false => println!("the log was changed: see the first line above"),
    }
}

async fn export(place: &Place, filter: &Filter) -> anyhow::Result<ExitCode> {
    let store = Store::open_read_only(place.settings()?).await?;
    let journal = store.journal("audit");
    let mut segments: Vec<_> = archive::chains(&journal)
        .await?
        .into_values()
        .flatten()
        .collect();
    segments.sort_by_key(|segment| segment.from_ms);
    let mut output = std::io::stdout().lock();
    let mut damaged = false;
    for segment in &segments {
        for line in archive::read(&journal, segment).await?.unwrap_or_default() {
            match line {
                Ok(line) if filter.takes(&line) => {
                    let chain = segment.chain.clone();
                    serde_json::to_writer(&mut output, &Found { chain, line })?;
                    output.write_all(b"\n")?;
                }
                Ok(_) => {}
                Err(broken) => {
                    damaged = true;
                    eprintln!("{}: {broken}", segment.name());
                }
            }
        }
    }
    Ok(exit_code(damaged))
}

async fn forget(place: &Place, person: &str) -> anyhow::Result<ExitCode> {
    let store = open_to_write(place.settings()?).await?;
    let Counted { lines, objects } = forget_now(&store.journal("audit"), person).await?;
    // What is their own: favourites, what they have read and ticked, and what concerned them.
    let mut is_any = false;
    for record in [people::record_of(person), notices::record_of(person)] {
        let record = record.map_err(|error| anyhow::anyhow!("{error}"))?;
        let erased = store.erase(record.as_str(), NameAfter::Free).await;
        let erased =
            erased.context("what is theirs is not wholly erased; run the command again")?;
        is_any |= erased.is_some();
    }
    store.close().await?;
    println!("forgotten in {lines} lines of {objects} objects");
    if is_any {
        println!(
            "what was theirs (favourites, what they had read and ticked, what concerned them) is erased"
        );
    }
    Ok(ExitCode::SUCCESS)
}
