//! Prints medians and best times of compiling and rendering a page: `measure_page <name> <file> <page url>`. A file whose name ends in
//! `.html` is read as HTML, every other as JSON.

use std::time::Instant;

use sekisho_core::{Ecosystem, PackageName};
use sekisho_pypi::{Kind, Project};
use url::Url;

const ROUNDS: usize = 101;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(file), Some(page_url)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: measure <name> <file> <page url>".into());
    };
    let name = PackageName::parse(Ecosystem::Pypi, &name)?;
    let page_url = Url::parse(&page_url)?;
    let kind = if file.ends_with(".html") { Kind::Html } else { Kind::Json };
    let raw = std::fs::read(&file)?;
    let project = Project::compile(&name, kind, &raw, &page_url)?;
    let refused = project.refuse(|_| None);
    let contradictory = project.files().iter().filter(|f| f.contradiction.is_some()).count();
    let unread = project.files().iter().filter(|f| f.versions.iter().all(|v| v.version.is_none())).count();
    println!(
        "{} bytes, {} files ({contradictory} contradictory, {unread} without a version), weight {}",
        raw.len(),
        project.files().len(),
        project.weight()
    );
    let base = "https://index.example/pypi/files";
    let json = || project.render_json(&refused, base, |_, refusal| refusal.words());
    let html = || project.render_html(&refused, base, |_, refusal| refusal.words());
    median("compile", || Project::compile(&name, kind, &raw, &page_url).map_or(0, |p| p.files().len()));
    median("refuse", || project.refuse(|file| file.decided_as().find_map(|_| None)).key().len());
    median("render JSON", || json().len());
    median("render HTML", || html().len());
    println!("JSON {} bytes, HTML {} bytes", json().len(), html().len());
    Ok(())
}

fn median(what: &str, mut work: impl FnMut() -> usize) {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort();
    if let (Some(best), Some(middle)) = (times.first(), times.get(ROUNDS / 2)) {
        println!("{what}: {:.3} ms, best {:.3} ms", middle.as_secs_f64() * 1000.0, best.as_secs_f64() * 1000.0);
    }
}
