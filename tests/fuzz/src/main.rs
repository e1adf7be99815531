//! Runs one fuzz target on a stable toolchain:
//!
//! ```text
//! cargo run --release -- update --runs 1000000 --seed 1
//! cargo run --release -- update --runs 1 --seed 4711      # one input again
//! ```
//!
//! Input number `n` of a run with seed `s` is input 0 of a run with seed `s + n`: a failure prints
//! the seed that repeats it alone. `--keep-going` counts panics in place of stopping at the first.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    thread,
    time::Instant,
};

use unisson_fuzz::{TARGETS, Target, mutate, random::Random};

/// What a worker thread of the server has.
const STACK_BYTES: usize = 2 * 1024 * 1024;
const PROGRESS_EVERY: u64 = 1_000_000;

struct Arguments {
    target: &'static Target,
    runs: u64,
    seed: u64,
    keep_going: bool,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let worker = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || fuzz(&arguments));
    match worker.map(thread::JoinHandle::join) {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Whether no input made the target panic.
fn fuzz(arguments: &Arguments) -> bool {
    let Arguments {
        target,
        runs,
        seed,
        keep_going,
    } = *arguments;
    let corpus = (target.corpus)();
    let started = Instant::now();
    let mut accepted = 0_u64;
    let mut failures = 0_u64;
    for n in 0..runs {
        let input_seed = seed.wrapping_add(n);
        let input = mutate::input(&corpus, &mut Random::new(input_seed));
        match panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
            Ok(was_accepted) => accepted += u64::from(was_accepted),
            Err(_) => {
                failures += 1;
                let digits: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
                eprintln!("FAILED {} on {digits}", target.name);
                eprintln!(
                    "replay: cargo run --release -- {} --runs 1 --seed {input_seed}",
                    target.name
                );
                if !keep_going {
                    return false;
                }
            }
        }
        if (n + 1) % PROGRESS_EVERY == 0 {
            println!(
                "{}: {} inputs, next seed {}",
                target.name,
                n + 1,
                input_seed.wrapping_add(1)
            );
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{}: {runs} inputs from seed {seed}, {accepted} accepted, {failures} failures, {seconds:.1} s",
        target.name
    );
    failures == 0
}

fn arguments() -> Result<Arguments, String> {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let target = TARGETS
        .iter()
        .find(|target| target.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            format!(
                "usage: unisson-fuzz <{}> [--runs N] [--seed S] [--keep-going]",
                names.join("|")
            )
        })?;
    let mut parsed = Arguments {
        target,
        runs: 100_000,
        seed: 1,
        keep_going: false,
    };
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().unwrap_or_default();
            value
                .parse()
                .map_err(|_| format!("{word} wants a number, not {value:?}"))
        };
        match word.as_str() {
            "--runs" => parsed.runs = number()?,
            "--seed" => parsed.seed = number()?,
            "--keep-going" => parsed.keep_going = true,
            _ => return Err(format!("unknown argument {word:?}")),
        }
    }
    Ok(parsed)
}
