//! HTTP for gix's git transport: one connection kept between calls, every byte counted, every refusal typed.
//!
//! gix hands out the request's body before the request is sent and reads the answer's headers and body from two readers, so the
//! three share one exchange, which is carried out when the first byte of the answer is asked for.

use super::frames::Frames;
use super::judge::{broken_off, fell_silent, header_bytes, judge, request_target, unreachable};
use super::meter::Meter;
use super::patience::Patience;
use super::rate::Rate;
use crate::source::mirror_error::MirrorError;
use gix::error::{ErrorExt, message};
use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse,
};
use reqwest::Version;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

/// What an exchange with the server shares with the session above it, which gix's transport stands between.
#[derive(Default)]
pub(super) struct Shared {
    /// Why the last exchange failed. gix's errors carry it only as text.
    pub failure: RefCell<Option<MirrorError>>,
    /// How many bytes the next answer may have.
    pub allowance: Cell<u64>,
    /// Whether the answer in hand is over, though it may not have been read to its end: the connection is free for the next request.
    pub is_over: Cell<bool>,
    /// What sends.
    pub talk: RefCell<Option<Client>>,
    /// What sends where much is expected of the answer.
    pub bulk: RefCell<Option<Client>>,
    /// Whether the server may have much to do before its answer begins: it is asked for a pack.
    pub is_work: Cell<bool>,
    /// How long it may take for that.
    pub patience: Patience,
    /// What sends then, if that is longer than the link may be silent.
    pub patient: RefCell<Option<Client>>,
    /// Whether the server takes no zipped requests.
    pub takes_no_gzip: Cell<bool>,
    /// Whether the last answer came over HTTP/2, where an answer can be broken off without losing the connection.
    pub is_http2: Cell<bool>,
}

/// Longest request that is sent as it is, as git does; what is longer names many objects, and their ids take half the room zipped.
const WORTH_ZIPPING: usize = 1024;
/// What servers and proxies say that do not take a request as it is packed. git's own server does.
const REFUSED: [u16; 6] = [400, 406, 415, 422, 500, 501];

/// gix's idea of an HTTP client, on reqwest.
pub(super) struct HttpClient {
    pub authorization: Option<HeaderValue>,
    pub rate: Rate,
    pub meter: Arc<Meter>,
    pub shared: Rc<Shared>,
}

/// One request and its answer.
struct Exchange {
    request: Option<RequestBuilder>,
    body: Vec<u8>,
    answer: Option<Response>,
    credential: bool,
    rate: Rate,
    meter: Arc<Meter>,
    shared: Rc<Shared>,
}

type Handle = Rc<RefCell<Exchange>>;

/// Collects what is posted.
pub(super) struct PostBody(Handle);

/// The answer's headers, a line each.
pub(super) struct Headers {
    exchange: Handle,
    lines: Option<Cursor<Vec<u8>>>,
}

/// The answer's body.
pub(super) struct Body {
    exchange: Handle,
    reader: Option<Frames<BufReader<Counted>>>,
}

/// Counts what is read, stops at the allowance and when nobody waits any more.
struct Counted {
    response: Response,
    left: u64,
    rate: Rate,
    meter: Arc<Meter>,
    shared: Rc<Shared>,
}

impl HttpClient {
    fn client(&self) -> gix::error::Result<Client> {
        let (talk, bulk) = (self.shared.talk.borrow(), self.shared.bulk.borrow());
        let patient = self.shared.patient.borrow();
        let patient = patient.as_ref().filter(|_| self.shared.is_work.get());
        patient
            .or(bulk.as_ref())
            .or(talk.as_ref())
            .cloned()
            .ok_or_else(|| message("there is no client").raise())
    }

    fn exchange<S: AsRef<str>>(
        &self,
        mut request: RequestBuilder,
        lines: impl IntoIterator<Item = S>,
    ) -> Handle {
        let mut headers = HeaderMap::new();
        for line in lines {
            let Some((name, value)) = line.as_ref().split_once(':') else { continue };
            let parsed = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value.trim()).ok());
            headers.extend(parsed.map(|(name, value)| (Some(name), value)));
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(reqwest::header::AUTHORIZATION, authorization.clone());
        }
        request = request.headers(headers);
        Rc::new(RefCell::new(Exchange {
            request: Some(request),
            body: Vec::new(),
            answer: None,
            credential: self.authorization.is_some(),
            rate: self.rate,
            meter: self.meter.clone(),
            shared: self.shared.clone(),
        }))
    }
}

impl Http for HttpClient {
    type Headers = Headers;
    type ResponseBody = Body;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::error::Result<GetResponse<Headers, Body>> {
        let exchange = self.exchange(self.client()?.get(url), headers);
        Ok(GetResponse {
            headers: Headers { exchange: exchange.clone(), lines: None },
            body: Body { exchange, reader: None },
        })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::error::Result<PostResponse<Headers, Body, PostBody>> {
        let exchange = self.exchange(self.client()?.post(url), headers);
        Ok(PostResponse {
            post_body: PostBody(exchange.clone()),
            headers: Headers { exchange: exchange.clone(), lines: None },
            body: Body { exchange, reader: None },
        })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> gix::error::Result {
        Ok(())
    }
}

impl Exchange {
    /// Sends the request unless that was done, and fails as the server's answer says.
    fn carry_out(&mut self) -> io::Result<()> {
        let Some(request) = self.request.take() else { return Ok(()) };
        self.send(request).map_err(|error| {
            let shown = io::Error::other(error.to_string());
            self.shared.failure.replace(Some(error));
            shown
        })
    }

    fn send(&mut self, request: RequestBuilder) -> Result<(), MirrorError> {
        let body = std::mem::take(&mut self.body);
        if body.len() <= WORTH_ZIPPING || self.shared.takes_no_gzip.get() {
            let response = self.execute(request, body)?;
            return self.take(response);
        }
        let zipped =
            gzip(&body).map_err(|error| MirrorError::unreachable("a request cannot be made", error))?;
        let plain = request.try_clone();
        let response = self.execute(request.header(CONTENT_ENCODING, "gzip"), zipped)?;
        match plain.filter(|_| REFUSED.contains(&response.status().as_u16())) {
            None => self.take(response),
            // It may have refused something else: then it refuses this as well, and nothing was learnt.
            Some(plain) => {
                let response = self.execute(plain, body)?;
                self.take(response)?;
                self.shared.takes_no_gzip.set(true);
                Ok(())
            }
        }
    }

    fn execute(&self, request: RequestBuilder, body: Vec<u8>) -> Result<Response, MirrorError> {
        let posted = body.len();
        let request = if posted == 0 { request } else { request.body(body) };
        self.shared.is_over.set(false);
        let (client, request) = request.build_split();
        let request = request.map_err(unreachable)?;
        let target = request_target(request.url());
        let line = request.method().as_str().len() + target.len() + "  HTTP/1.1\r\n\r\n".len();
        let sent = line + header_bytes(request.headers()) + posted;
        self.meter.sent(sent);
        self.rate.hold(sent, &self.meter);
        let response = client.execute(request).map_err(|error| {
            if posted > 0 && self.shared.is_work.get() && error.is_timeout() && !error.is_connect() {
                self.shared.patience.was_too_short();
            }
            unreachable(error)
        })?;
        self.meter.received("HTTP/1.1 200 OK\r\n\r\n".len() + header_bytes(response.headers()));
        self.shared.is_http2.set(response.version() == Version::HTTP_2);
        Ok(response)
    }

    /// Takes an answer, unless it is a refusal.
    fn take(&mut self, response: Response) -> Result<(), MirrorError> {
        judge(&response, self.credential)?;
        self.answer = Some(response);
        Ok(())
    }
}

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Headers {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(into)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl BufRead for Headers {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.lines.is_none() {
            let mut exchange = self.exchange.borrow_mut();
            exchange.carry_out()?;
            let mut lines = Vec::new();
            for (name, value) in exchange.answer.iter().flat_map(Response::headers) {
                lines.extend([name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"].concat());
            }
            self.lines = Some(Cursor::new(lines));
        }
        self.lines.as_mut().map_or(Ok(&[]), BufRead::fill_buf)
    }

    fn consume(&mut self, amount: usize) {
        self.lines.iter_mut().for_each(|lines| lines.consume(amount));
    }
}

impl Body {
    fn open(&mut self) -> io::Result<()> {
        let mut exchange = self.exchange.borrow_mut();
        if exchange.request.is_none() && exchange.shared.is_over.get() {
            self.reader = None;
            return Ok(());
        }
        if self.reader.is_some() {
            return Ok(());
        }
        exchange.carry_out()?;
        self.reader = exchange.answer.take().map(|response| {
            let left = exchange.shared.allowance.get();
            let (rate, meter, shared) = (exchange.rate, exchange.meter.clone(), exchange.shared.clone());
            Frames::new(BufReader::new(Counted { response, left, rate, meter, shared }))
        });
        Ok(())
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.open()?;
        self.reader.as_mut().map_or(Ok(0), |reader| reader.read(into))
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.open()?;
        self.reader.as_mut().map_or(Ok(&[]), BufRead::fill_buf)
    }

    fn consume(&mut self, amount: usize) {
        self.reader.iter_mut().for_each(|reader| reader.consume(amount));
    }
}

impl Counted {
    fn fail(&self, error: MirrorError) -> io::Error {
        let shown = io::Error::other(error.to_string());
        self.shared.failure.replace(Some(error));
        self.shared.is_over.set(true);
        shown
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.meter.is_cancelled() {
            // Not `Interrupted`: readers take that as a hint to try again at once.
            self.shared.is_over.set(true);
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let taken = self.response.read(into).map_err(|error| {
            if fell_silent(&error) {
                self.shared.patience.is_of_no_use();
            }
            self.fail(broken_off(error))
        })?;
        self.meter.received(taken);
        self.rate.hold(taken, &self.meter);
        let Some(left) = self.left.checked_sub(taken as u64) else {
            let limit = format!("{} KiB", self.shared.allowance.get() >> 10);
            return Err(self.fail(MirrorError::TooLarge { what: "bytes of one answer", limit }));
        };
        self.left = left;
        Ok(taken)
    }
}

/// A gzip file of these bytes: git's servers take requests in no other compression.
fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    // What zlib writes around the same stream: two bytes before it, a checksum of four behind.
    const BEFORE: usize = 2;
    const BEHIND: usize = 4;
    let mut writer = gix::zlib::stream::deflate::Write::new(Vec::new(), gix::zlib::Compression::DEFAULT);
    writer.write_all(bytes)?;
    writer.flush()?;
    let zlib = writer.into_inner();
    let stream = zlib.get(BEFORE..zlib.len().saturating_sub(BEHIND)).unwrap_or_default();
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    Ok([&HEADER, stream, &crc32fast::hash(bytes).to_le_bytes(), &length.to_le_bytes()].concat())
}
