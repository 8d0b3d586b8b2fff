//! The output of a program, read without waiting for ever: a link that fell silent ends the reading.

use super::Meter;
use super::rate::Rate;
use crate::source::mirror_error::MirrorError;
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// How many of those may wait to be looked at.
const WAITING: usize = 4;
/// How often it is looked whether anybody still waits.
const LOOK: Duration = Duration::from_millis(200);

/// What a reading shares with the session above it, which gix's transport stands between.
#[derive(Default)]
pub(super) struct Shared {
    /// Why it failed. gix's errors carry it only as text.
    pub failure: RefCell<Option<MirrorError>>,
    /// How many bytes may still come.
    pub allowance: Cell<u64>,
}

/// Reads what a program writes.
pub(super) struct Pipe {
    chunks: Receiver<Vec<u8>>,
    here: Cursor<Vec<u8>>,
    idle: Duration,
    rate: Rate,
    meter: Arc<Meter>,
    shared: Rc<Shared>,
}

impl Pipe {
    /// Reads from `output` on a thread of its own, which ends with the program or with this value.
    pub(super) fn new(
        mut output: impl Read + Send + 'static,
        idle: Duration,
        rate: Rate,
        meter: Arc<Meter>,
        shared: Rc<Shared>,
    ) -> io::Result<Self> {
        let (send, chunks) = sync_channel(WAITING);
        let read = move || {
            let mut buffer = vec![0; CHUNK];
            let mut goes_on = true;
            while goes_on && let Ok(taken @ 1..) = output.read(&mut buffer) {
                goes_on = send.send(buffer[..taken].to_vec()).is_ok();
            }
        };
        std::thread::Builder::new().name("source-pipe".to_owned()).spawn(read)?;
        Ok(Self { chunks, here: Cursor::default(), idle, rate, meter, shared })
    }

    /// The next bytes; none at the end.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut waited = Duration::ZERO;
        loop {
            if self.meter.is_cancelled() {
                // Not `Interrupted`: readers take that as a hint to try again at once.
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match self.chunks.recv_timeout(LOOK) {
                Ok(bytes) => return self.count(bytes),
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
                Err(RecvTimeoutError::Timeout) => waited += LOOK,
            }
            if waited >= self.idle {
                return Err(
                    self.fail(MirrorError::Unreachable { what: "it fell silent".to_owned(), source: None })
                );
            }
        }
    }

    fn count(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        self.meter.received(bytes.len());
        self.rate.hold(bytes.len(), &self.meter);
        let Some(left) = self.shared.allowance.get().checked_sub(bytes.len() as u64) else {
            let limit = "what is taken in one answer".to_owned();
            return Err(self.fail(MirrorError::TooLarge { what: "bytes of one answer", limit }));
        };
        self.shared.allowance.set(left);
        Ok(bytes)
    }

    fn fail(&self, error: MirrorError) -> io::Error {
        let shown = io::Error::other(error.to_string());
        self.shared.failure.replace(Some(error));
        shown
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(into)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl BufRead for Pipe {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.here.fill_buf()?.is_empty() {
            self.here = Cursor::new(self.next()?);
        }
        self.here.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.here.consume(amount);
    }
}
