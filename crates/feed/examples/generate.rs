//! Writes a zip of OSV records in the proportions of the public malicious-packages feed.
//!
//! `cargo run --release -p sekisho-feed --example generate -- <file.zip> [records] [seed]`

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A small generator (SplitMix64), so that equal seeds give equal files.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        usize::try_from(self.roll(list.len() as u64)).ok().and_then(|n| list.get(n)).copied().unwrap_or_default()
    }

    fn versions(&mut self, count: u64) -> Vec<String> {
        (0..count).map(|n| format!("{}.{}.{}", n / 100, n / 10 % 10, n % 10 + self.roll(2) * 10)).collect()
    }
}

const WORDS: [&str; 24] = [
    "react", "node", "utils", "config", "core", "ui", "cdk", "internal", "sdk", "api", "auth", "crypto", "discord",
    "color", "request", "loader", "web3", "solana", "eslint", "plugin", "build", "tea", "service", "client",
];

/// 95 of 100 records are about npm. Of those 93 hit every version, 5 list a few versions, 1 has a range, 1 lists
/// hundreds. Python's mostly list their versions. One of 200 is withdrawn.
fn record(dice: &mut Dice, number: u64) -> (String, Value) {
    let npm = dice.roll(100) < 95;
    let mut name = format!("{}-{}-{}", dice.pick(&WORDS), dice.pick(&WORDS), number);
    if npm && dice.roll(10) == 0 {
        name = format!("@{}/{name}", dice.pick(&WORDS));
    }
    let kind = dice.roll(100);
    let mut affected = json!({ "package": {
        "ecosystem": if npm { "npm" } else { "PyPI" }, "name": name,
        "purl": format!("pkg:{}/{}", if npm { "npm" } else { "pypi" }, name.replace('@', "%40")),
    }});
    let every = json!([{ "type": "SEMVER", "events": [{ "introduced": "0" }] }]);
    match (npm, kind) {
        (true, 0..93) => affected["ranges"] = every,
        (true, 93..98) | (false, 0..80) => {
            let count = 1 + dice.roll(6);
            affected["versions"] = json!(dice.versions(count));
        }
        (true, 98) | (false, 80..82) => {
            affected["ranges"] = json!([{ "type": if npm { "SEMVER" } else { "ECOSYSTEM" },
                "events": [{ "introduced": "1.0.0" }, { "fixed": "1.4.2" }] }]);
        }
        (true, _) => {
            let count = 100 + dice.roll(300);
            affected["versions"] = json!(dice.versions(count));
        }
        (false, _) => affected["ranges"] = every,
    }
    let id = format!("MAL-{}-{}", 2022 + number % 5, number);
    let hash: String = (0..4).map(|_| format!("{:016x}", dice.roll(u64::MAX))).collect();
    let mut record = json!({
        "modified": "2026-11-11T09:27:52Z", "published": "2026-06-28T20:16:20Z", "schema_version": "1.7.4",
        "id": id, "summary": format!("Malicious code in {name}"),
        "details": format!("\n---\n_-= Per source details. Do not edit below this line.=-_\n\n## Source: reports ({hash})\n\
            The package {name} was found to contain malicious code.\nAny computer that has this package installed or \
            running should be considered fully compromised.\n"),
        "affected": [affected],
        "references": [{ "type": "WEB", "url": format!("https://advisories.example/{hash}") }],
        "credits": [{ "name": "Somebody", "type": "FINDER", "contact": ["https://somebody.example"] }],
        "database_specific": { "malicious-packages-origins": [{
            "source": "reports", "sha256": hash, "import_time": "2026-10-24T00:56:52.860059101Z",
            "id": format!("RP-{number}"), "modified_time": "2026-10-16T13:48:57Z",
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
        }]},
    });
    if dice.roll(200) == 0 {
        record["withdrawn"] = json!("2026-11-12T00:00:00Z");
    }
    let folder = if npm { "npm" } else { "pypi" };
    (format!("malicious-packages/osv/malicious/{folder}/{name}/{id}.json"), record)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: generate <file.zip> [records] [seed]")?;
    let records = arguments.next().map_or(Ok(250_000), |n| n.parse::<u64>())?;
    let mut dice = Dice(arguments.next().map_or(Ok(1), |n| n.parse())?);
    let mut zip = ZipWriter::new(BufWriter::new(File::create(&path)?));
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(1));
    for number in 0..records {
        let (entry, record) = record(&mut dice, number);
        zip.start_file(entry, options)?;
        zip.write_all(&serde_json::to_vec_pretty(&record)?)?;
    }
    zip.finish()?.flush()?;
    println!("{records} records, {} bytes: {path}", std::fs::metadata(&path)?.len());
    Ok(())
}
