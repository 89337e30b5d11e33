//! docs/serving-paths.md lists every way out of the server, with the tests that prove it gated and recorded. These tests
//! hold the list to the sources: a route, a way of asking or an artifact answer without a row fails, and so does a row
//! whose test is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sekisho_npm::path::NpmRoute;
use sekisho_pypi::path::PypiRoute;

use crate::gate;

/// One row: its first cell is the key, its last two say which tests prove what.
struct Row {
    key: String,
    gated: Vec<Proof>,
    recorded: Vec<Proof>,
    line: String,
}

/// A link to a test: its name and its file.
struct Proof {
    name: String,
    file: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every line of a table whose first cell is one in backticks.
fn document() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("docs/serving-paths.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let key = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
        let [.., gated, recorded] = cells.as_slice() else { return None };
        Some(Row { key: key.to_owned(), gated: proofs(gated), recorded: proofs(recorded), line: line.to_owned() })
    });
    rows.collect()
}

/// The links `[name](../file.rs)` of a cell.
fn proofs(cell: &str) -> Vec<Proof> {
    let links = cell.split('[').skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once("](../")?;
        let (file, _) = rest.split_once(')')?;
        Some(Proof { name: name.to_owned(), file: file.to_owned() })
    });
    links.collect()
}

/// The names in `pub enum <name> { … }` of a source, so that a variant that `ALL` forgot is seen too.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let (_, rest) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = rest.split_once("\n}\n").unwrap();
    let lines = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    lines.map(|line| line.trim_end_matches(',').to_owned()).collect()
}

/// Every function of the server that takes a `Permit`: what answers with an artifact can't do without one.
fn artifact_answers() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("crates/server/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.extend(takers_of_a_permit(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

fn takers_of_a_permit(source: &str) -> Vec<String> {
    let heads = source.split("fn ").skip(1).filter_map(|rest| {
        let head = rest.split(['{', ';']).next()?;
        let (name, parameters) = head.split_once('(')?;
        let parameters = parameters.split("->").next()?;
        let takes = parameters.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Permit");
        takes.then(|| name.split('<').next().unwrap_or(name).to_owned())
    });
    heads.collect()
}

/// Every key that must have a row, and whether its recorded cell must name a test.
fn wanted() -> Vec<(String, bool)> {
    let npm = NpmRoute::ALL.map(|route| (format!("npm {route:?}"), gate::npm_rows(route)));
    let pypi = PypiRoute::ALL.map(|route| (format!("pypi {route:?}"), gate::pypi_rows(route)));
    let routes = npm.into_iter().chain(pypi).map(|(key, rows)| (key, rows.iter().any(|row| row.artifact)));
    let pages = gate::PAGES.iter().copied().chain(gate::console_routes());
    let pages = pages.map(|page| (format!("page {page}"), false));
    let ways = gate::ways("/", "*/*").map(|(way, _)| (format!("way {way}"), true));
    let rounds = gate::ROUNDS.map(|round| (format!("copy {round}"), true)).into_iter();
    let rounds = rounds.chain([("copy kept".to_owned(), false)]);
    let answers = artifact_answers().into_iter().map(|answer| (format!("answer {answer}"), true));
    routes.chain(pages).chain(ways).chain(rounds).chain(answers).collect()
}

#[test]
fn every_way_out_has_a_row() {
    let rows = document();
    for (key, artifact) in wanted() {
        let mine: Vec<&Row> = rows.iter().filter(|row| row.key == key).collect();
        assert!(
            !mine.is_empty(),
            "docs/serving-paths.md has no row `{key}`: what shows that it is gated and recorded?"
        );
        for row in mine {
            assert!(!row.gated.is_empty(), "no test shows that this is gated: {}", row.line);
            assert!(!artifact || !row.recorded.is_empty(), "no test shows that this is recorded: {}", row.line);
        }
    }
}

#[test]
fn every_row_is_a_way_out() {
    let wanted: BTreeSet<String> = wanted().into_iter().map(|(key, _)| key).collect();
    for row in document() {
        assert!(wanted.contains(&row.key), "docs/serving-paths.md has a row for what is not there: {}", row.line);
    }
}

#[test]
fn every_test_that_a_row_names_is_there() {
    for row in document() {
        for proof in row.gated.iter().chain(&row.recorded) {
            let source = std::fs::read_to_string(root().join(&proof.file));
            let source = source.unwrap_or_else(|e| panic!("{}: {e}: {}", proof.file, row.line));
            assert!(is_test(&source, &proof.name), "{} has no test {}", proof.file, proof.name);
        }
    }
}

/// The function is there, and one of the lines just above it says that it is a test.
fn is_test(source: &str, name: &str) -> bool {
    let Some(at) = source.find(&format!("fn {name}(")) else { return false };
    let before: Vec<&str> = source[..at].lines().rev().take(6).collect();
    before.iter().take_while(|line| !line.starts_with('}')).any(|line| line.contains("test"))
}

#[test]
fn every_route_is_in_the_list_of_all() {
    let npm = include_str!("../../../npm/src/path.rs");
    let pypi = include_str!("../../../pypi/src/path.rs");
    assert_eq!(variants(npm, "NpmRoute"), NpmRoute::ALL.iter().map(|r| format!("{r:?}")).collect());
    assert_eq!(variants(pypi, "PypiRoute"), PypiRoute::ALL.iter().map(|r| format!("{r:?}")).collect());
}

#[test]
fn what_takes_a_permit_is_seen_however_it_is_written() {
    let source = "pub fn a(permit: Permit, x: u8) -> B {}\nasync fn b<'a>(\n    x: u8,\n    permit: Option<Permit>,\n) {}\n\
                  fn c(x: OwnedSemaphorePermit) {}\nfn d() -> Result<Permit, E> {}";
    assert_eq!(takers_of_a_permit(source), ["a", "b"]);
}
