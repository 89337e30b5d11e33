//! A zip of records. Its paths name entries in messages and are never used to write anything.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::{
    CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder, ZipVerification,
};

use crate::osv::Compiled;
use crate::report::Problem;
use crate::workers::{self, MAX_ENTRIES, MAX_ENTRY, Queue, Stopped};

/// Where an entry's bytes are, and how they are packed.
struct Place {
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

type Archive = ZipArchive<FileReader>;

/// Compiles every `*.json` of a zip.
pub(crate) fn compile(path: &Path, prefixes: &[String]) -> Result<Compiled, Problem> {
    let file = File::open(path).map_err(Problem::whole)?;
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(|e| Problem::whole(format!("not a zip: {e}")))?;
    workers::compile(
        prefixes,
        |queue| list(&archive, &mut buffer, queue),
        || {
            let mut unpacker = Unpacker::new(&archive);
            move |place: &Place, bytes: &mut Vec<u8>| unpacker.read(place, bytes)
        },
    )
}

/// Hands out the entries of the central directory. One that ends early would lose records, so its end is checked.
fn list(archive: &Archive, buffer: &mut [u8], queue: &mut Queue<Place>) -> Result<Result<(), Stopped>, Problem> {
    let unreadable = |e| Problem::whole(format!("the zip's directory can't be read: {e}"));
    let mut entries = archive.entries(buffer);
    let mut seen: u64 = 0;
    while let Some(entry) = entries.next_entry().map_err(unreadable)? {
        seen += 1;
        if seen > MAX_ENTRIES {
            return Err(Problem::whole(format!("the zip has more than {MAX_ENTRIES} entries")));
        }
        let path = entry.file_path();
        if entry.is_dir() || !path.as_bytes().ends_with(b".json") {
            continue;
        }
        let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
        let place = Place { wayfinder: entry.wayfinder(), method: entry.compression_method() };
        if let Err(stopped) = queue.push(name, place) {
            return Ok(Err(stopped));
        }
    }
    let told = archive.entries_hint();
    // Old writers count in 16 bits.
    if seen != told && seen % 0x1_0000 != told {
        return Err(Problem::whole(format!("the zip says that it has {told} entries and has {seen}")));
    }
    Ok(Ok(()))
}

/// Reads entries one after another; the buffer and the inflater's tables are made once.
struct Unpacker<'a> {
    archive: &'a Archive,
    packed: Vec<u8>,
    inflater: Decompress,
}

impl<'a> Unpacker<'a> {
    fn new(archive: &'a Archive) -> Unpacker<'a> {
        Unpacker { archive, packed: Vec::new(), inflater: Decompress::new(false) }
    }

    fn read(&mut self, place: &Place, bytes: &mut Vec<u8>) -> Result<(), String> {
        let sizes = [place.wayfinder.uncompressed_size_hint(), place.wayfinder.compressed_size_hint()];
        if sizes.into_iter().any(|size| size > MAX_ENTRY) {
            return Err(too_large());
        }
        let entry = self.archive.get_entry(place.wayfinder).map_err(|e| e.to_string())?;
        let mut packed = entry.reader();
        let told = packed.claim_verifier();
        match place.method {
            CompressionMethod::STORE => drop(packed.read_to_end(bytes).map_err(|e| e.to_string())?),
            CompressionMethod::DEFLATE => {
                self.packed.clear();
                packed.read_to_end(&mut self.packed).map_err(|e| e.to_string())?;
                self.inflate(bytes)?;
            }
            other => return Err(format!("packed by method {}, not deflate", other.as_u16())),
        }
        let is = ZipVerification { crc: crc32fast::hash(bytes), uncompressed_size: bytes.len() as u64 };
        told.valid(is).map_err(|e| e.to_string())
    }

    /// The size that the zip tells is not believed: the buffer grows with what really comes out, up to the limit.
    fn inflate(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        self.inflater.reset(false);
        loop {
            if bytes.len() == bytes.capacity() {
                bytes.reserve(bytes.len().max(16 << 10));
            }
            let read = usize::try_from(self.inflater.total_in()).unwrap_or(usize::MAX);
            let left = self.packed.get(read..).unwrap_or_default();
            let status = self.inflater.decompress_vec(left, bytes, FlushDecompress::None);
            match status.map_err(|e| e.to_string())? {
                _ if bytes.len() as u64 > MAX_ENTRY => return Err(too_large()),
                Status::StreamEnd => return Ok(()),
                Status::Ok | Status::BufError if bytes.len() == bytes.capacity() => {}
                Status::Ok | Status::BufError => return Err("its packed bytes end early".to_owned()),
            }
        }
    }
}

fn too_large() -> String {
    format!("larger than {MAX_ENTRY} bytes")
}
