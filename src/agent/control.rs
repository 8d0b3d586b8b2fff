//! The control socket: people ask and order through it. Who they are, the kernel says.
//!
//! Whoever may open the socket may ask: root, the service's own user, and the group `standfast` where the machine has one. Only root and
//! the service's user may order.

use crate::model::{Reply, Request, SiteStatus};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

/// Longest request, in bytes.
const MAX_REQUEST: u64 = 8 * 1024;
/// How long somebody may take to say what they want, and to hear an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many may talk at once.
const TALKERS: usize = 16;
/// The group whose members may ask.
const GROUP: &str = "standfast";

/// An order with who gave it, and where the answer goes.
#[derive(Debug)]
pub struct Command {
    /// What is ordered.
    pub request: Request,
    /// The user who ordered it.
    pub uid: u32,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Reply>,
}

impl Command {
    /// An order of this process's own.
    pub fn new(request: Request) -> (Self, oneshot::Receiver<Reply>) {
        let (reply, answer) = oneshot::channel();
        (Self { request, uid: 0, reply }, answer)
    }
}

/// The socket; it is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
    /// The user of this process, who made the socket.
    own: u32,
}

impl Control {
    /// Opens the socket at `path`, in place of one that a crash left behind.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
        if let Some(group) = group(GROUP) {
            // A service that is not root can give it only to a group of its own; else its own group may ask.
            if let Err(error) = chown(path, None, Some(group)) {
                tracing::debug!(%error, "the control socket stays with the service's own group");
            }
        }
        let own = fs::metadata(path)?.uid();
        Ok(Self { listener, path: path.to_owned(), own })
    }

    /// Serves whoever comes, for good.
    pub(super) async fn serve(
        self,
        orders: mpsc::Sender<Command>,
        board: watch::Receiver<Option<SiteStatus>>,
    ) {
        let talkers = Arc::new(Semaphore::new(TALKERS));
        loop {
            let Ok(turn) = Arc::clone(&talkers).acquire_owned().await else { return };
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            let (orders, board, own) = (orders.clone(), board.clone(), self.own);
            tokio::spawn(async move {
                let talked = talk(stream, own, orders, board).await;
                let _ = talked.inspect_err(|error| tracing::debug!(%error, "a talk broke off"));
                drop(turn);
            });
        }
    }
}

async fn talk(
    stream: UnixStream,
    own: u32,
    orders: mpsc::Sender<Command>,
    board: watch::Receiver<Option<SiteStatus>>,
) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let (input, mut output) = stream.into_split();
    let mut line = String::new();
    let mut input = BufReader::new(input.take(MAX_REQUEST));
    tokio::time::timeout(PATIENCE, input.read_line(&mut line)).await??;
    let request = match serde_json::from_str::<Request>(&line) {
        Ok(request) => request,
        Err(error) => return say(&mut output, &refused(format!("this is no order: {error}"))).await,
    };
    match request {
        Request::Status => {
            let status = board.borrow().clone();
            let none = || refused("there is no status yet: the agent has just started".to_owned());
            say(&mut output, &status.map_or_else(none, |status| Reply::Status { status: Box::new(status) }))
                .await
        }
        Request::Watch => {
            // Who only looks on must not keep the agent from ending.
            drop(orders);
            follow(&mut output, board).await
        }
        _ if uid != 0 && uid != own => {
            let message =
                format!("user {uid} may ask but not order: do it as root, or as the service's user");
            say(&mut output, &refused(message)).await
        }
        request => {
            let (reply, answer) = oneshot::channel();
            let given = orders.send(Command { request, uid, reply }).await.is_ok();
            let answer = if given { answer.await.ok() } else { None };
            let gone = || refused("the agent is stopping".to_owned());
            say(&mut output, &answer.unwrap_or_else(gone)).await
        }
    }
}

/// Tells each new status, until nobody listens.
async fn follow(
    output: &mut (impl AsyncWriteExt + Unpin),
    mut board: watch::Receiver<Option<SiteStatus>>,
) -> io::Result<()> {
    loop {
        let status = board.borrow_and_update().clone();
        if let Some(status) = status {
            say(output, &Reply::Status { status: Box::new(status) }).await?;
        }
        if board.changed().await.is_err() {
            return Ok(());
        }
    }
}

async fn say(output: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    tokio::time::timeout(PATIENCE, output.write_all(&line)).await?
}

fn refused(message: String) -> Reply {
    Reply::Refused { message }
}

/// The number of a group of this machine.
fn group(name: &str) -> Option<u32> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    let mut lines = groups.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?)
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
