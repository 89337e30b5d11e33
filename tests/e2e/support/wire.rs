//! The wire to a server that a test can cut: a TCP proxy on loopback.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A wire. While it is cut, nothing goes through and new connections end at once.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cut: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire to this address.
    pub(crate) fn to(target: SocketAddr) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let wire = Wire { address: listener.local_addr().expect("an address"), state: Arc::default() };
        let state = wire.state.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if state.cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(target) else { continue };
                // A connection that can't be followed is dropped, as if it had been cut.
                let _ = state.join(near, far);
            }
        });
        wire
    }

    /// Ends every connection and takes no new one.
    pub(crate) fn cut(&self) {
        self.state.cut.store(true, Ordering::SeqCst);
        for stream in self.state.open.lock().expect("no panic").drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.state.cut.store(false, Ordering::SeqCst);
    }
}

impl State {
    fn join(&self, near: TcpStream, far: TcpStream) -> io::Result<()> {
        let mut open = self.open.lock().expect("no panic");
        for (mut from, mut to) in [(near.try_clone()?, far.try_clone()?), (far.try_clone()?, near.try_clone()?)] {
            std::thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        open.extend([near, far]);
        Ok(())
    }
}
