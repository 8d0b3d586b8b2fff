//! A git server over SSH, by way of the `ssh` program: the one program that this agent starts.
//!
//! What it is given is fixed: this site's key and no other, the host keys of one file and no others, nobody's configuration, no agent,
//! no shell here. What it may ask a person it is told not to ask.

use super::frames::Frames;
use super::meter::Meter;
use super::pipe::{Pipe, Shared};
use super::program::Program;
use super::rate::Rate;
use super::session::Session;
use super::{Answer, Ask, Mirror, Server};
use crate::model::RefName;
use crate::source::mirror_error::{MirrorError, printable};
use crate::source::objects::Spool;
use crate::source::settings::Timeouts;
use crate::source::ssh_url::SshUrl;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::{ConnectMode, blocking_io::Connection};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ChildStdin;
use std::rc::Rc;
use std::sync::Arc;

/// Most bytes of an answer that is not a pack: capabilities, refs, a refusal.
const TALK: u64 = 1 << 20;
/// What logging in takes over the wire, which the program does not tell: measured with OpenSSH 9.2 and ed25519 keys.
const LOGIN_UP: usize = 3_700;
const LOGIN_DOWN: usize = 3_600;

type SshSession = Session<Connection<Frames<Pipe>, Input>>;

/// How a mirror is reached.
pub(super) struct Door {
    pub url: SshUrl,
    pub known_hosts: PathBuf,
    pub identity: PathBuf,
    pub timeouts: Timeouts,
    pub rate: Rate,
}

/// How the other end is told which version of git's protocol to speak: by its environment.
#[derive(Clone, Copy)]
pub(super) enum Telling {
    /// Set by ssh, as git does. Git hosts accept it; a plain sshd does not unless its configuration says so.
    Environment,
    /// Set in the command, for the login shell at the other end to read. Accounts that may do nothing but git have no such shell.
    Command,
}

/// One mirror reached by SSH.
pub(super) struct Ssh {
    door: Door,
    name: String,
    meter: Arc<Meter>,
    telling: Telling,
    open: Option<Open>,
}

/// A session with the program that carries it. The session goes first, so that the program sees its input end.
struct Open {
    session: SshSession,
    shared: Rc<Shared>,
    program: Program,
}

/// What goes to the program, counted.
struct Input {
    input: ChildStdin,
    meter: Arc<Meter>,
}

impl Ssh {
    pub(super) fn new(door: Door, meter: Arc<Meter>) -> Self {
        let name = door.url.to_string();
        Self { door, name, meter, telling: Telling::Environment, open: None }
    }

    /// Does `work` in the kept session, or in a new one. A kept connection may have died unseen, so what fails without having brought
    /// anything is tried once more, on a new connection.
    fn with_session<R>(
        &mut self,
        allowance: u64,
        work: &mut dyn FnMut(&mut SshSession) -> Result<R, Trouble>,
        has_brought: &dyn Fn() -> bool,
    ) -> Result<R, Trouble> {
        if let Some(open) = self.open.take() {
            match self.attempt(open, allowance, work) {
                Err(Trouble::Mirror(MirrorError::Unreachable { .. }))
                    if !self.meter.is_cancelled() && !has_brought() => {}
                done => return done,
            }
        }
        let open = self.connect()?;
        self.attempt(open, allowance, work)
    }

    /// Keeps a session that is in order; of one that is not, the program says why.
    fn attempt<R>(
        &mut self,
        mut open: Open,
        allowance: u64,
        work: &mut dyn FnMut(&mut SshSession) -> Result<R, Trouble>,
    ) -> Result<R, Trouble> {
        open.shared.allowance.set(allowance);
        match work(&mut open.session) {
            Err(Trouble::Mirror(error @ (MirrorError::EmptyRepository | MirrorError::MissingRef { .. }))) => {
                self.open = Some(open);
                Err(error.into())
            }
            Err(Trouble::Mirror(error)) => {
                Err(explained(open.shared.failure.take(), open.program.end(), error).into())
            }
            done => {
                self.open = Some(open);
                done
            }
        }
    }

    /// Logs in. A server that was not told the version is told once more, in the other way, and from then on in that way alone.
    fn connect(&mut self) -> Result<Open, Trouble> {
        match (self.log_in(self.telling), self.telling) {
            (Err(Trouble::Mirror(old @ MirrorError::OldProtocol)), Telling::Environment) => {
                let open = self.log_in(Telling::Command).map_err(|_| old)?;
                self.telling = Telling::Command;
                Ok(open)
            }
            (done, _) => done,
        }
    }

    fn log_in(&self, telling: Telling) -> Result<Open, Trouble> {
        let (program, input, output) = Program::start(&self.door, telling)?;
        let shared = Rc::new(Shared::default());
        shared.allowance.set(TALK);
        let Timeouts { connect, idle } = self.door.timeouts;
        let failed = |error: io::Error| MirrorError::unreachable("ssh cannot be listened to", error);
        let pipe = Pipe::new(output, connect + idle, self.door.rate, self.meter.clone(), shared.clone());
        let frames = Frames::new(pipe.map_err(failed)?);
        let input = Input { input, meter: self.meter.clone() };
        let no_host = None::<(&str, Option<u16>)>;
        let path = self.door.url.path();
        let connection =
            Connection::new(frames, input, Protocol::V2, path, no_host, ConnectMode::Process, false);
        self.meter.sent(LOGIN_UP);
        self.meter.received(LOGIN_DOWN);
        match Session::open(connection) {
            Ok(session) => Ok(Open { session, shared, program }),
            Err(error) => Err(explained(shared.failure.take(), program.end(), error).into()),
        }
    }
}

impl Mirror for Ssh {
    fn name(&self) -> &str {
        &self.name
    }

    /// Over a new connection: what answers remembers its refs as they were when it was started.
    fn tip(&mut self, ref_name: &RefName) -> Result<ObjectId, Trouble> {
        self.rest();
        self.with_session(TALK, &mut |session| Ok(session.tip(ref_name)?), &|| false)
    }

    fn server(&mut self) -> Result<Server, Trouble> {
        self.with_session(TALK, &mut |session| Ok(session.server()), &|| false)
    }

    fn fetch(&mut self, ask: &Ask<'_>, spool: &mut Spool) -> Result<Answer, Trouble> {
        let arrived = std::cell::Cell::new(0);
        let mut work = |session: &mut SshSession| {
            spool.restart()?;
            let answered = session.fetch(ask, ask.stop.without_commits(), spool);
            arrived.set(spool.written());
            answered
        };
        let answered = self.with_session(u64::MAX, &mut work, &|| arrived.get() > 0);
        if matches!(answered, Ok(Answer::Part)) {
            // What is still on its way cannot be called off without the connection.
            self.rest();
        }
        answered
    }

    fn rest(&mut self) {
        self.open = None;
    }
}

/// Why it did not work: what we found ourselves, else what ssh, or the other end by way of it, had to say.
fn explained(found: Option<MirrorError>, said: Option<String>, error: MirrorError) -> MirrorError {
    match (found, said) {
        (Some(found), _) => found,
        (None, _) if matches!(error, MirrorError::OldProtocol) => error,
        (None, Some(said)) => judge(&said).unwrap_or(error),
        (None, None) => error,
    }
}

/// What the words of ssh mean.
fn judge(said: &str) -> Option<MirrorError> {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    // It frames what it finds most important.
    let lines = said.lines().map(|line| line.trim_matches(|c: char| c == '@' || c.is_whitespace()));
    let said = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let what = || printable(said.as_bytes());
    if has(&["Host key verification failed", "HOST IDENTIFICATION HAS CHANGED"]) {
        return Some(MirrorError::HostKey { said: what() });
    }
    if has(&["Permission denied", "Too many authentication failures"]) {
        return Some(MirrorError::KeyRefused { said: what() });
    }
    if has(&["does not appear to be a git repository", "not found", "could not be found", "No such file"]) {
        return Some(MirrorError::NoRepository { said: what() });
    }
    (!said.trim().is_empty()).then(|| MirrorError::Unreachable { what: what(), source: None })
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.input.write(bytes)?;
        self.meter.sent(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.input.flush()
    }
}
