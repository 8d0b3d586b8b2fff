//! A proxy that makes tunnels, as stands between many sites and the world.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A proxy on loopback. Its threads end with the process.
pub(crate) struct Proxy {
    port: u16,
    tunnels: Arc<AtomicUsize>,
}

impl Proxy {
    /// One that makes every tunnel that it is asked for.
    pub(crate) fn start() -> Self {
        Self::answering(None)
    }

    /// One that answers every request with this.
    pub(crate) fn refusing(answer: &'static str) -> Self {
        Self::answering(Some(answer))
    }

    fn answering(refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let tunnels = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&tunnels);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, counter) = (client.unwrap(), Arc::clone(&counter));
                std::thread::spawn(move || serve(client, refusal, &counter));
            }
        });
        Self { port, tunnels }
    }

    /// As a site's configuration names it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many tunnels it made.
    pub(crate) fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::SeqCst)
    }
}

/// One client. That it goes away is no matter here.
fn serve(mut client: TcpStream, refusal: Option<&str>, tunnels: &AtomicUsize) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut first = String::new();
    let _ = reader.read_line(&mut first);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    let target = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let (Some(target), None) = (target, refusal) else {
        let _ =
            client.write_all(refusal.unwrap_or("HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n").as_bytes());
        return;
    };
    let server = TcpStream::connect(target).unwrap();
    tunnels.fetch_add(1, Ordering::SeqCst);
    let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
    let (up, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || carry(reader, up));
    carry(server, back);
}

fn carry(mut from: impl Read, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// A stretch of wire that breaks each connection after so many bytes to the client. Its threads end with the process.
pub(crate) struct Frail {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Frail {
    /// One that leads to a port of this machine.
    pub(crate) fn to(target: u16, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", target)).unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let (up, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || carry(client, up));
                std::thread::spawn(move || {
                    carry(server.try_clone().unwrap().take(bytes), back.try_clone().unwrap());
                    // Whichever end it was, nothing goes through any more.
                    let _ = (server.shutdown(Shutdown::Both), back.shutdown(Shutdown::Both));
                });
            }
        });
        Self { port, connections }
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
