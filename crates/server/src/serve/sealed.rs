//! A file in memory that nobody changes any more, and its way into a socket: the kernel points at its pages and copies
//! nothing. Only Linux has it.

use std::io;

use tokio::net::TcpStream;

/// A file that lies in memory and is sealed.
#[derive(Debug)]
pub(super) struct Sealed(system::File);

impl Sealed {
    /// A file of these bytes. That there is none, or none any more, is nothing that a caller has to hear of.
    pub(super) fn new(bytes: &[u8]) -> io::Result<Sealed> {
        system::make(bytes).map(Sealed)
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
    use std::io::{self, Write};
    use std::os::fd::OwnedFd;

    use rustix::fs::{MemfdFlags, SealFlags};
    use rustix::net::SendFlags;
    use tokio::net::TcpStream;

    pub(super) type File = OwnedFd;

    pub(super) fn make(bytes: &[u8]) -> io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = std::fs::File::from(rustix::fs::memfd_create("sekisho-body", flags)?);
        file.write_all(bytes)?;
        let file = OwnedFd::from(file);
        rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(file)
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

    use tokio::net::TcpStream;

    /// There is none.
    pub(super) type File = Infallible;

    pub(super) fn make(_: &[u8]) -> io::Result<File> {
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
    use std::io::Write;

    #[test]
    fn nobody_changes_it() {
        let sealed = Sealed::new(b"bytes").expect("a file");
        let mut file = std::fs::File::from(sealed.0);
        assert_eq!(file.write(b"other").expect_err("sealed").kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(file.set_len(1).expect_err("sealed").kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(file.set_len(9).expect_err("sealed").kind(), io::ErrorKind::PermissionDenied);
    }
}
