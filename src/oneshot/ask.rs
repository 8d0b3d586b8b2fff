//! Asks the running agent, or gives it an order, over its control socket.

use crate::model::{Reply, Request, SiteStatus};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest answer that is read, in bytes: the status of a site with hundreds of applications fits.
const MAX_REPLY: u64 = 4 << 20;
/// How long an order may take to be answered: a rollback reads a whole revision from disk first.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens.
    #[error("no agent answers at {path}: is it running? (systemctl status standfast)", path = .path.display())]
    NoAgent {
        /// The socket.
        path: PathBuf,
    },
    /// This user may not talk to the agent.
    #[error(
        "this user may not open {path}: be root or in group standfast to ask, and root or the service's user to order",
        path = .path.display()
    )]
    NotAllowed {
        /// The socket.
        path: PathBuf,
    },
    /// The talk broke off.
    #[error("the talk with the agent at {path} broke off", path = .path.display())]
    BrokenOff {
        /// The socket.
        path: PathBuf,
        /// How.
        #[source]
        source: io::Error,
    },
    /// The agent did not do it; its words.
    #[error("{0}")]
    Refused(String),
}

/// Gives one order, or asks one question.
pub fn ask(socket: &Path, request: &Request) -> Result<Reply, Error> {
    let mut answers = open(socket, request, Some(PATIENCE))?;
    let reply = answers.next();
    match reply {
        Some(Ok(Reply::Refused { message })) => Err(Error::Refused(message)),
        Some(Ok(reply)) => Ok(reply),
        Some(Err(error)) => Err(error),
        None => {
            let source = io::ErrorKind::UnexpectedEof.into();
            Err(Error::BrokenOff { path: socket.to_owned(), source })
        }
    }
}

/// Hands on each new status, for as long as `each` wants more.
pub fn watch(socket: &Path, mut each: impl FnMut(&SiteStatus) -> bool) -> Result<(), Error> {
    for reply in open(socket, &Request::Watch, None)? {
        match reply? {
            Reply::Status { status } if each(&status) => {}
            Reply::Refused { message } => return Err(Error::Refused(message)),
            Reply::Status { .. } | Reply::Done { .. } => return Ok(()),
        }
    }
    Ok(())
}

fn open(
    socket: &Path,
    request: &Request,
    patience: Option<Duration>,
) -> Result<impl Iterator<Item = Result<Reply, Error>>, Error> {
    let path = socket.to_owned();
    let broken = {
        let path = path.clone();
        move |source| Error::BrokenOff { path: path.clone(), source }
    };
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => Error::NotAllowed { path: path.clone() },
        _ => Error::NoAgent { path: path.clone() },
    })?;
    stream.set_read_timeout(patience).map_err(&broken)?;
    let mut line = serde_json::to_vec(request).map_err(|error| broken(error.into()))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(&broken)?;
    let mut input = BufReader::new(stream);
    Ok(std::iter::from_fn(move || {
        let mut line = String::new();
        match input.by_ref().take(MAX_REPLY).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).map_err(|error| broken(error.into()))),
            Err(error) => Some(Err(broken(error))),
        }
    }))
}
