//! A TCP stream that counts what goes over it and breaks when told to.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// TCP payload, seen from the client: TLS is counted, TCP and IP are not.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    connections: AtomicU64,
    requests: AtomicU64,
    zipped: AtomicU64,
    /// When bytes went to the client, and how many had gone by then.
    moments: Mutex<Vec<(Instant, u64)>>,
    /// Connections that are still accepted, if not all are.
    left: Mutex<Option<u64>>,
}

/// How a connection ends badly.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is closed after so many bytes to the client.
    CloseAfter(u64),
    /// It falls silent after so many bytes to the client, and stays open.
    StallAfter(u64),
}

/// The stream.
pub(crate) struct Wire {
    stream: TcpStream,
    counters: Arc<Counters>,
    fault: Option<Fault>,
    written: u64,
}

impl Counters {
    /// Bytes from the client to the server.
    pub(crate) fn up(&self) -> u64 {
        self.up.load(Ordering::SeqCst)
    }

    /// Bytes from the server to the client.
    pub(crate) fn down(&self) -> u64 {
        self.down.load(Ordering::SeqCst)
    }

    /// When bytes went to the client, and how many had gone by then.
    pub(crate) fn moments(&self) -> Vec<(Instant, u64)> {
        self.moments.lock().unwrap().clone()
    }

    /// TCP connections so far.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// HTTP requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// HTTP requests so far whose bodies came zipped.
    pub(crate) fn zipped(&self) -> u64 {
        self.zipped.load(Ordering::SeqCst)
    }

    /// Closes every connection at once after the next `count` ones, as on a link that is down.
    pub(crate) fn refuse_after(&self, count: u64) {
        *self.left.lock().unwrap() = Some(count);
    }

    /// Counts a connection; answers whether it may stay.
    pub(super) fn connected(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        let is_taken = *left != Some(0);
        *left = left.map(|left| left.saturating_sub(1));
        self.connections.fetch_add(u64::from(is_taken), Ordering::SeqCst);
        is_taken
    }

    pub(super) fn requested(&self, is_zipped: bool) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.zipped.fetch_add(u64::from(is_zipped), Ordering::SeqCst);
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream, counters: Arc<Counters>, fault: Option<Fault>) -> Self {
        Self { stream, counters, fault, written: 0 }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.counters.up.fetch_add((buf.filled().len() - before) as u64, Ordering::SeqCst);
        done
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let left = match self.fault {
            None => bytes.len(),
            Some(Fault::CloseAfter(limit) | Fault::StallAfter(limit)) => {
                usize::try_from(limit.saturating_sub(self.written)).unwrap().min(bytes.len())
            }
        };
        if left == 0 && !bytes.is_empty() {
            return match self.fault {
                Some(Fault::CloseAfter(_)) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                _ => Poll::Pending,
            };
        }
        let done = Pin::new(&mut self.stream).poll_write(cx, &bytes[..left]);
        if let Poll::Ready(Ok(written)) = done {
            self.written += written as u64;
            let before = self.counters.down.fetch_add(written as u64, Ordering::SeqCst);
            self.counters.moments.lock().unwrap().push((Instant::now(), before + written as u64));
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
