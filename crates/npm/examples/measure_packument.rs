//! Prints how long compiling and rendering a packument takes: medians over a number of rounds.
//!
//! `cargo run --release -p sekisho-npm --example measure_packument -- <file> [rounds]`

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Ecosystem, PackageName};
use sekisho_npm::Packument;

/// The registry in the links; the length is what counts.
const REGISTRY: &str = "https://registry.example/npm";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: measure <packument.json> [rounds]")?;
    let rounds = args.next().map_or(Ok(21), |text| text.parse::<usize>())?.max(1);
    let raw = Bytes::from(std::fs::read(&file)?);
    let name = name(&raw)?;

    let packument = Packument::compile(&name, raw.clone())?;
    let nothing = packument.hide(|_| None);
    let latest = packument.latest().map(|row| row.index());
    let one = packument.hide(|row| (Some(row.index()) == latest).then(|| Refusal::of(Reason::Policy)));

    let odd = packument.releases().iter().filter(|row| row.contradiction().is_some());
    println!("{name}: {} bytes, {} releases", raw.len(), packument.releases().len());
    println!("  contradictory: {}, weight: {} bytes", odd.count(), packument.weight());
    show("compile", rounds, || Packument::compile(&name, raw.clone()).map_or(0, |p| p.releases().len()));
    show("hide nothing", rounds, || usize::from(packument.hide(|_| None).is_empty()));
    show("render full", rounds, || packument.render_full(&nothing, REGISTRY).len());
    show("render full, latest hidden", rounds, || packument.render_full(&one, REGISTRY).len());
    show("render abbreviated", rounds, || packument.render_abbreviated(&nothing, REGISTRY).len());
    show("render dist-tags", rounds, || packument.render_dist_tags(&one).len());
    if let Some(row) = packument.latest() {
        show("render one version", rounds, || packument.render_version(row, REGISTRY).map_or(0, |v| v.len()));
    }
    Ok(())
}

/// The document's own name: this is a measurement, nobody asked for a package.
fn name(raw: &[u8]) -> Result<PackageName, Box<dyn Error>> {
    let document: serde_json::Value = serde_json::from_slice(raw)?;
    let name = document.get("name").and_then(|name| name.as_str()).ok_or("the document has no name")?;
    Ok(PackageName::parse(Ecosystem::Npm, name)?)
}

fn show(what: &str, rounds: usize, mut work: impl FnMut() -> usize) {
    let mut times: Vec<Duration> = Vec::with_capacity(rounds);
    let mut size = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        size = black_box(work());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times.get(rounds / 2).copied().unwrap_or_default();
    println!("  {what:<28} {:>10.3} ms  -> {size}", median.as_secs_f64() * 1e3);
}
