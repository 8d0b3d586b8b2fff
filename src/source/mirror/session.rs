//! Git's protocol version 2 over any of gix's transports: one ref, one pack.
//!
//! Built on gix's plumbing, for its `Remote::fetch` neither filters nor leaves out what we do not need.

use super::judge::find_cause;
use super::watch::Watch;
use super::{Answer, Ask, Filter, History, Server, Stop};
use crate::model::RefName;
use crate::source::ids::KIND;
use crate::source::mirror_error::{MirrorError, printable};
use crate::source::objects::Spool;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::bstr::BString;
use gix::protocol::fetch::Response;
use gix::protocol::handshake::Ref;
use gix::protocol::handshake::refs::from_v2_refs;
use gix::protocol::transport::client::MessageKind;
use gix::protocol::transport::client::blocking_io::{ExtendedBufRead, Transport, TransportV2Ext};
use gix::protocol::transport::{Protocol, Service, packetline};
use std::cell::RefCell;
use std::error::Error as StdError;
use std::io::{self, BufRead, ErrorKind};
use std::ops::ControlFlow;
use std::rc::Rc;

/// Most names in the message about a missing ref.
const NAMED_REFS: usize = 5;

/// A server that has introduced itself.
pub(super) struct Session<T> {
    transport: T,
    filters: bool,
}

impl<T: Transport> Session<T> {
    /// Introduces us, and checks that the server speaks what we need.
    pub(super) fn open(mut transport: T) -> Result<Self, MirrorError> {
        let answer = transport.handshake(Service::UploadPack, &[]).map_err(not_git)?;
        if answer.actual_protocol != Protocol::V2 {
            return Err(MirrorError::OldProtocol);
        }
        let capability = |name: &str| answer.capabilities.capability(name);
        let format = capability("object-format").and_then(|it| it.value()).map(ToString::to_string);
        if let Some(format) = format.filter(|format| *format != KIND.to_string()) {
            return Err(MirrorError::ObjectFormat { format: printable(format.as_bytes()) });
        }
        let filters = capability("fetch").and_then(|it| it.supports("filter")).unwrap_or(false);
        drop(answer);
        Ok(Self { transport, filters })
    }

    /// What the server can do.
    pub(super) fn server(&self) -> Server {
        if self.filters { Server::Filters } else { Server::Plain }
    }

    /// The id that the ref has now.
    pub(super) fn tip(&mut self, ref_name: &RefName) -> Result<ObjectId, MirrorError> {
        let refs = self.list(ref_name.as_str())?;
        let found = refs.into_iter().find_map(|found| match found {
            Ref::Direct { full_ref_name, object } if full_ref_name == ref_name.as_str() => Some(object),
            _ => None,
        });
        if let Some(tip) = found {
            return Ok(tip);
        }
        // This costs a request, but only when somebody has to look at it anyway, and it tells them what is there.
        let branches = self.list("refs/heads/")?;
        if branches.is_empty() {
            return Err(MirrorError::EmptyRepository);
        }
        let names = branches.iter().map(|branch| printable(branch.unpack().0));
        Err(MirrorError::MissingRef { ref_name: ref_name.clone(), has: names.take(NAMED_REFS).collect() })
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<Ref>, MirrorError> {
        let arguments = [BString::from(format!("ref-prefix {prefix}"))];
        let mut answer = self
            .transport
            .invoke("ls-refs", no_features(), Some(arguments.into_iter()), false)
            .map_err(misunderstood)?;
        not_refused(&mut *answer)?;
        let refs = from_v2_refs(&mut answer).map_err(misunderstood)?;
        drain(&mut *answer);
        Ok(refs)
    }

    /// Asks for one pack and writes it into `spool`, up to `stop`: what comes after that is left unread.
    pub(super) fn fetch(&mut self, ask: &Ask<'_>, stop: Stop, spool: &mut Spool) -> Result<Answer, Trouble> {
        let mut answer = self
            .transport
            .invoke("fetch", no_features(), Some(arguments(ask).into_iter()), false)
            .map_err(misunderstood)?;
        not_refused(&mut *answer)?;
        let sections =
            Response::from_line_reader(Protocol::V2, &mut answer, true, false).map_err(misunderstood)?;
        if !sections.has_pack() {
            drain(&mut *answer);
            return Ok(Answer::NoCommonHistory);
        }
        let refusal = Rc::new(RefCell::new(None));
        let heard = refusal.clone();
        answer.set_progress_handler(Some(Box::new(move |is_error, text| {
            if is_error {
                heard.replace(Some(printable(text)));
            }
            if is_error { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })));
        let copied = copy(&mut *answer, stop, spool);
        if let Some(message) = refusal.take() {
            return Err(MirrorError::Refused { message }.into());
        }
        let answered = copied?;
        if answered == Answer::Pack {
            // A connection that was closed in good order in the middle looks like the end, but for the last frame.
            if !matches!(answer.stopped_at(), Some(MessageKind::Flush)) {
                let what = "its answer was cut short".to_owned();
                return Err(MirrorError::Unreachable { what, source: None }.into());
            }
            drain(&mut *answer);
        }
        Ok(answered)
    }
}

/// The lines of a fetch request. Nothing is negotiated: we know what we have.
fn arguments(ask: &Ask<'_>) -> Vec<BString> {
    let mut lines: Vec<String> = vec!["no-progress".into(), "ofs-delta".into()];
    lines.extend(match ask.filter {
        Filter::Nothing => None,
        Filter::Flat => Some("filter tree:0".into()),
        Filter::Trees => Some("filter blob:none".into()),
        // Without a unit, for JGit knows none.
        Filter::SmallFiles => Some("filter blob:limit=16384".into()),
    });
    match ask.history {
        History::NoCommits => {}
        History::TipAlone => lines.push("deepen 1".into()),
        // We say that our history ends there: else the server would send all that lies between, and of a tree no deltas.
        History::Beyond(older) | History::Since(older) => {
            lines.extend(["thin-pack".into(), format!("shallow {older}"), format!("have {older}")]);
            if matches!(ask.history, History::Since(_)) {
                lines.push("deepen 1".into());
            }
        }
        History::Above { base, thin } => {
            if thin {
                lines.push("thin-pack".into());
            }
            lines.push(format!("have {base}"));
        }
    }
    lines.extend(ask.wants.iter().map(|want| format!("want {want}")));
    // Without `done` the server sends a pack only if the base is in the wanted commit's history; else it says so in a line.
    if !matches!(ask.history, History::Above { .. }) {
        lines.push("done".into());
    }
    lines.into_iter().map(BString::from).collect()
}

fn copy(answer: &mut dyn BufRead, stop: Stop, spool: &mut Spool) -> Result<Answer, Trouble> {
    let mut watch = Watch::new(stop);
    loop {
        let bytes = answer.fill_buf().map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => MirrorError::unreachable("its answer was cut short", error),
            _ => MirrorError::garbage("its packets cannot be read", error),
        })?;
        if bytes.is_empty() {
            return Ok(Answer::Pack);
        }
        spool.write(bytes)?;
        let (taken, is_enough) = (bytes.len(), watch.is_enough(bytes));
        answer.consume(taken);
        if is_enough {
            return Ok(Answer::Part);
        }
    }
}

/// Reads an answer's end, so that its connection is free for the next request. An error here shows at that request.
fn drain(answer: &mut dyn ExtendedBufRead<'_>) {
    while let Ok(rest) = answer.fill_buf() {
        let taken = rest.len();
        if taken == 0 {
            break;
        }
        answer.consume(taken);
    }
}

/// Looks at an answer's first line: a refusal is one line that says so, and gix takes it for an unknown section.
fn not_refused(answer: &mut dyn ExtendedBufRead<'_>) -> Result<(), MirrorError> {
    let line = match answer.peek_data_line() {
        None => return Ok(()),
        Some(line) => line.map_err(misunderstood)?.map_err(misunderstood)?,
    };
    match line.strip_prefix(b"ERR ") {
        Some(message) => Err(MirrorError::Refused { message: printable(message) }),
        None => Ok(()),
    }
}

/// Why an answer of a server that has introduced itself cannot be read: the link broke within it, or it is as below.
fn misunderstood(error: impl StdError + 'static) -> MirrorError {
    match find_cause::<io::Error>(&error) {
        Some(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
            MirrorError::Unreachable { what: "its answer was cut short".to_owned(), source: None }
        }
        _ => not_git(error),
    }
}

/// The server's own refusal if there is one below the error, else that it does not speak our language.
fn not_git(error: impl StdError + 'static) -> MirrorError {
    if let Some(refusal) = find_cause::<packetline::read::Error>(&error) {
        return MirrorError::Refused { message: printable(&refusal.message) };
    }
    let what = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    MirrorError::NotGit { what: printable(what.as_bytes()) }
}

fn no_features() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    std::iter::empty()
}
