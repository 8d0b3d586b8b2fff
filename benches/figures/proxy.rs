//! A stretch of link that can be cut: it carries bytes both ways, counts them, and drops all connections when told to.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The stretch. Its threads end with the process.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    open: Mutex<Vec<TcpStream>>,
    up: AtomicU64,
    down: AtomicU64,
}

impl Proxy {
    /// Carries to a port of this machine.
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                    shared.open.lock().unwrap().push(stream.try_clone().unwrap());
                }
                carry(client.try_clone().unwrap(), server.try_clone().unwrap(), &shared, |state| &state.up);
                carry(server, client, &shared, |state| &state.down);
            }
        });
        Self { address, state }
    }

    /// The port that clients use.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Closes all connections, as a router does that has forgotten them and says so.
    pub(crate) fn cut(&self) {
        for stream in self.state.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Bytes carried both ways so far.
    pub(crate) fn carried(&self) -> u64 {
        self.state.up.load(Ordering::SeqCst) + self.state.down.load(Ordering::SeqCst)
    }
}

fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    state: &Arc<State>,
    counter: impl Fn(&State) -> &AtomicU64 + Send + 'static,
) {
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(count) = from.read(&mut buffer) {
            if count == 0 || to.write_all(&buffer[..count]).is_err() {
                break;
            }
            counter(&state).fetch_add(count as u64, Ordering::SeqCst);
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
