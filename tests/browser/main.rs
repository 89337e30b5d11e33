//! A real browser in front of the built gate: every page and every flow, in both languages, over TLS and on loopback http, by
//! mouse and by keyboard, with and without JavaScript.
//!
//! `make test-browser` runs it, `make test-browser ONLY=login` a part, and `make test` in four of the six worlds. Photographs of all pages stay in `target/browser`. Not a
//! libtest target, because few browsers go through many flows, one after another.

mod axe;
mod bearer;
mod browser;
mod downloads;
mod driver;
mod exports;
mod guard;
mod hostile;
mod lists;
mod login;
mod looks;
mod me;
mod organisations;
mod people;
mod pipelines;
mod provider;
mod public;
mod served;
mod settings;
mod sign_in;
#[path = "../e2e/support/mod.rs"]
#[allow(dead_code, reason = "the other end-to-end tests need more of it")]
mod support;
mod terminal;
mod texts;
mod tokens;
mod world;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use driver::Driver;
use world::{KINDS, Kind, World};

/// What a person does, from one address to the last page.
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    pub(crate) walk: fn(&World),
}

/// Every flow, in the order in which a world goes through them.
static FLOWS: [&[Flow]; 16] = [
    &public::FLOWS,
    &login::FLOWS,
    &sign_in::FLOWS,
    &tokens::FLOWS,
    &guard::FLOWS,
    &people::FLOWS,
    &pipelines::FLOWS,
    &settings::FLOWS,
    &me::FLOWS,
    &bearer::FLOWS,
    &lists::FLOWS,
    &exports::FLOWS,
    &organisations::FLOWS,
    &provider::FLOWS,
    &hostile::FLOWS,
    &guard::LAST,
];

fn main() -> ExitCode {
    let only = std::env::var("ONLY").unwrap_or_default();
    let flows: Vec<&Flow> = FLOWS.into_iter().flatten().filter(|flow| flow.name.contains(&only)).collect();
    let fair = std::env::var_os("FAIR").is_some();
    let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| !(fair && kind.spare)).collect();
    let driver = Driver::start();
    let next = AtomicUsize::new(0);
    let failed: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let failures = walk(&driver, kind, &flows);
                    failed.lock().expect("no panic").extend(failures);
                }
            });
        }
    });
    for advice in axe::advice() {
        println!("axe-core advises: {advice}");
    }
    println!("photographs are in {}", looks::folder());
    let failed = failed.into_inner().expect("no panic");
    let all = flows.len() * kinds.len();
    println!("{} passed, {} failed", all - failed.len(), failed.len());
    if failed.is_empty() && all > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Goes through the flows in a world of its own, and names those that failed.
fn walk(driver: &Driver, kind: &'static Kind, flows: &[&Flow]) -> Vec<String> {
    let world = World::start(driver, kind);
    let mut failed = Vec::new();
    for flow in flows {
        let began = Instant::now();
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            (flow.walk)(&world);
            world.browser.is_quiet();
        }));
        let took = began.elapsed().as_secs_f32();
        let name = format!("{}: {}", kind.name, flow.name);
        println!("{:6} {took:5.1} s  {name}", if done.is_ok() { "ok" } else { "FAILED" });
        if done.is_err() {
            let picture = format!("FAILED {name}").replace([' ', ':'], "-");
            // The browser itself may be what failed.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| world.browser.photograph(&picture)));
            failed.push(name);
        }
    }
    failed
}
