//! The client matrix: every package manager in front of the built gate and the real registries.
//!
//! `make test-clients` runs all of it, `make test-clients ONLY=pnpm` a part, `make test-clients WRITE=1` writes
//! `docs/clients.md` too. Not a libtest target, because cells are made from a table and one run makes one report.

mod bun;
mod cells;
mod client;
mod commands;
mod installed;
mod npm;
mod pdm;
mod pip;
mod pnpm;
mod poetry;
mod report;
mod seat;
#[path = "../e2e/support/mod.rs"]
#[allow(dead_code, reason = "the other end-to-end tests need more of it")]
mod support;
mod uv;
mod versions;
mod yarn;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use cells::Cell;
use client::Client;
use report::Finding;

/// Every client, in the order of the table.
static CLIENTS: [&Client; 14] = [
    &npm::NPM_10,
    &npm::NPM_11,
    &npm::NPM_12,
    &pnpm::PNPM_10,
    &pnpm::PNPM_12,
    &yarn::YARN_1,
    &yarn::YARN_4,
    &bun::BUN,
    &pip::PIP_23,
    &pip::PIP_26,
    &uv::UV_PIP,
    &uv::UV_SYNC,
    &poetry::POETRY,
    &pdm::PDM,
];

fn main() -> ExitCode {
    let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let fair = setting("FAIR").is_some();
    let only = setting("ONLY").unwrap_or_default();
    let chosen: Vec<(&'static Client, Cell)> = CLIENTS
        .into_iter()
        .flat_map(|client| cells::CELLS.into_iter().chain(commands::CELLS).map(move |cell| (client, cell)))
        .filter(|(client, cell)| (cell.concerns)(client))
        .filter(|(client, _)| !fair || versions::line(client.folder).fair)
        .filter(|(client, cell)| format!("{}: {}", client.name, cell.name).starts_with(&only) || cell.name == only)
        .collect();

    let next = AtomicUsize::new(0);
    let findings: Mutex<Vec<(&'static Client, Vec<Finding>)>> = Mutex::default();
    let failed: Mutex<Vec<String>> = Mutex::default();
    // More than cores, because most of the time is waiting for the network.
    let at_once = std::thread::available_parallelism().map_or(2, usize::from) + 2;
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((client, cell)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let done = panic::catch_unwind(AssertUnwindSafe(|| (cell.work)(client)));
                    let took = began.elapsed().as_secs_f32();
                    let verdict = if done.is_ok() { "ok" } else { "FAILED" };
                    println!("{verdict:6} {:8} {:10} {took:5.1} s", client.name, cell.name);
                    match done {
                        Ok(found) => findings.lock().expect("no panic").push((client, found)),
                        Err(_) => failed.lock().expect("no panic").push(format!("{}: {}", client.name, cell.name)),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    if !failed.is_empty() {
        println!("{} of {} cells failed: {}", failed.len(), chosen.len(), failed.join(", "));
        return ExitCode::FAILURE;
    }
    println!("{} cells", chosen.len());
    if setting("WRITE").is_some() {
        assert!(!fair && only.is_empty(), "docs/clients.md is written by a whole run");
        report::write(&CLIENTS, &findings.into_inner().expect("no panic"));
    }
    ExitCode::SUCCESS
}
