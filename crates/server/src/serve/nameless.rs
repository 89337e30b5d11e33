//! A file without a name, and its way into a socket: the kernel points at its pages and copies nothing. It goes when it is
//! closed, also where the process is killed. Only Linux has it.

use std::io;
use std::path::Path;

use tokio::net::TcpStream;

/// A file that nobody else can open, and that nobody changes any more.
#[derive(Debug)]
pub(super) struct Nameless(system::File);

impl Nameless {
    /// A file of these bytes in this folder: a file system's own pages are larger than those of files in memory, and cost less
    /// to send. Without a folder, and where it takes none, it lies in memory.
    pub(super) fn new(folder: Option<&Path>, bytes: &[u8]) -> io::Result<Nameless> {
        system::make(folder, bytes).map(Nameless)
    }

    /// Sends a part of it; like a write, it may send less.
    pub(super) fn send(&self, socket: &TcpStream, from: u64, length: usize) -> io::Result<usize> {
        system::send(&self.0, socket, from, length)
    }

    /// Sends what goes before it, and lets that wait for it, so that both share packets.
    pub(super) fn lead(&self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        system::lead(&self.0, socket, bytes)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::io::{self, Write};
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
    use rustix::net::SendFlags;
    use tokio::net::TcpStream;

    pub(super) type File = OwnedFd;

    pub(super) fn make(folder: Option<&Path>, bytes: &[u8]) -> io::Result<File> {
        match folder.map(|folder| on_disk(folder, bytes)) {
            Some(Ok(file)) => Ok(file),
            // The file system has no such files, or no room.
            Some(Err(_)) | None => in_memory(bytes),
        }
    }

    fn on_disk(folder: &Path, bytes: &[u8]) -> io::Result<File> {
        let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
        let mut file = fs::File::from(rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR)?);
        // In one piece: the kernel takes pages as large as what is written.
        file.write_all(bytes)?;
        Ok(file.into())
    }

    pub(super) fn in_memory(bytes: &[u8]) -> io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = fs::File::from(rustix::fs::memfd_create("sekisho-body", flags)?);
        file.write_all(bytes)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        Ok(file.into())
    }

    pub(super) fn send(file: &File, socket: &TcpStream, mut from: u64, length: usize) -> io::Result<usize> {
        Ok(rustix::fs::sendfile(socket, file, Some(&mut from), length)?)
    }

    pub(super) fn lead(_: &File, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(socket, bytes, SendFlags::MORE | SendFlags::NOSIGNAL)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::convert::Infallible;
    use std::io;
    use std::path::Path;

    use tokio::net::TcpStream;

    /// There is none.
    pub(super) type File = Infallible;

    pub(super) fn make(_: Option<&Path>, _: &[u8]) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn send(file: &File, _: &TcpStream, _: u64, _: usize) -> io::Result<usize> {
        match *file {}
    }

    pub(super) fn lead(file: &File, _: &TcpStream, _: &[u8]) -> io::Result<usize> {
        match *file {}
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::{Read, Seek, Write};

    fn text(file: Nameless) -> String {
        let (mut file, mut text) = (File::from(file.0), String::new());
        file.rewind().expect("rewound");
        file.read_to_string(&mut text).expect("read");
        text
    }

    #[test]
    fn in_a_folder_it_is_not_to_be_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Nameless::new(Some(folder.path()), b"bytes").expect("a file");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let (file_at, folder_at) = (rustix::fs::fstat(&file.0), rustix::fs::stat(folder.path()));
        assert_eq!(file_at.expect("a file").st_dev, folder_at.expect("a folder").st_dev, "it lies in memory");
        assert_eq!(text(file), "bytes");
    }

    #[test]
    fn where_a_folder_takes_none_it_lies_in_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        for nowhere in [folder.path().join("missing"), "/proc".into()] {
            assert_eq!(text(Nameless::new(Some(&nowhere), b"bytes").expect("a file")), "bytes");
        }
    }

    #[test]
    fn nobody_changes_one_in_memory() {
        let mut file = File::from(system::in_memory(b"bytes").expect("a file"));
        assert_eq!(file.write(b"other").expect_err("sealed").kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(file.set_len(1).expect_err("sealed").kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(file.set_len(9).expect_err("sealed").kind(), io::ErrorKind::PermissionDenied);
    }
}
