//! `git http-backend` behind a real TLS server, which can also answer as broken and hostile servers do.

use super::git::isolated;
use super::requests::{is_fetch, is_filtered_content, wants_refs_only};
use super::wire::{Counters, Fault, Wire};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// How the server behaves. All of it may be changed while it runs.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Options {
    /// Whether `filter` is allowed.
    pub(crate) filter: bool,
    /// The value that the `Authorization` header must have.
    pub(crate) authorization: Option<String>,
    /// Whether it gives out only what a ref points to, as servers other than git do.
    pub(crate) refs_only: bool,
    /// Whether it takes requests that are zipped.
    pub(crate) gzip: bool,
    /// What answers.
    pub(crate) answer: Answer,
    /// What happens on the wire after so many bytes down.
    pub(crate) fault: Option<Fault>,
    /// Whether HTTP/2 is offered. Only what is set at the start counts.
    pub(crate) http2: bool,
    /// Whether it speaks TLS. Only what is set at the start counts.
    pub(crate) tls: bool,
    /// Whether it can be reached by IPv6, and by nothing else. Only what is set at the start counts.
    pub(crate) ipv6: bool,
}

/// What answers a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// git.
    Git,
    /// A bare status.
    Status(u16),
    /// A login page, whatever was asked for.
    LoginPage,
    /// A redirect to somewhere else.
    Redirect(String),
    /// git, but every pack is these bytes.
    Pack(Vec<u8>),
    /// git, but a filter takes away what was asked for by its id, too: JGit's servers are so.
    FiltersAll,
    /// git, but each answer to a fetch takes so long to begin.
    Slow(Duration),
    /// git, but each answer to a fetch begins with a section that says these lines of what is shallow.
    Shallow(Vec<String>),
}

/// A server on a port of its own, on a thread of its own: a test's paused clock does not stop it. It ends when it is dropped.
pub(crate) struct GitServer {
    address: SocketAddr,
    certificates: TempDir,
    tls: bool,
    options: Arc<Mutex<Options>>,
    counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What every connection needs.
#[derive(Clone)]
struct Context {
    repository: PathBuf,
    options: Arc<Mutex<Options>>,
    counters: Arc<Counters>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            filter: true,
            authorization: None,
            refs_only: false,
            gzip: true,
            answer: Answer::Git,
            fault: None,
            http2: true,
            tls: true,
            ipv6: false,
        }
    }
}

impl Options {
    /// A server that does not filter.
    pub(crate) fn unfiltered() -> Self {
        Self { filter: false, ..Self::default() }
    }
}

impl GitServer {
    /// Serves the bare repository at `repository` as `/fleet.git`.
    pub(crate) fn start(repository: &Path, options: Options) -> Self {
        let certificates = TempDir::new().unwrap();
        let (tls, is_ipv6) = (options.tls, options.ipv6);
        let acceptor = certify(certificates.path(), options.http2);
        let context = Context {
            repository: repository.to_owned(),
            options: Arc::new(Mutex::new(options)),
            counters: Arc::default(),
        };
        let (options, counters) = (context.options.clone(), context.counters.clone());
        let (stop, stopped) = oneshot::channel();
        let here = if is_ipv6 { "[::1]:0" } else { "127.0.0.1:0" };
        let listener = std::net::TcpListener::bind(here).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), acceptor, context) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, certificates, tls, options, counters, stop: Some(stop), thread: Some(thread) }
    }

    /// Where the repository is.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let host = if self.address.is_ipv6() { "[::1]" } else { "localhost" };
        format!("{scheme}://{host}:{}/fleet.git", self.address.port())
    }

    /// The CA that signed the server's certificate.
    pub(crate) fn ca_pem_path(&self) -> PathBuf {
        self.certificates.path().join("ca.pem")
    }

    /// Changes how the server behaves from the next request on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options.lock().unwrap());
    }

    /// What went over its wires.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Makes a CA and a certificate for localhost, and what accepts connections with it.
pub(super) fn certify(folder: &Path, http2: bool) -> TlsAcceptor {
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    std::fs::write(folder.join("ca.pem"), ca_certificate.pem()).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned(), "::1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = if http2 { vec![b"h2".to_vec()] } else { Vec::new() };
    config.alpn_protocols.push(b"http/1.1".to_vec());
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, context: Context) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (acceptor, context) = (acceptor.clone(), context.clone());
        tokio::spawn(async move {
            if !context.counters.connected() {
                return;
            }
            let (fault, tls) = {
                let options = context.options.lock().unwrap();
                (options.fault, options.tls)
            };
            let wire = Wire::new(stream, context.counters.clone(), fault);
            if !tls {
                serve(wire, context).await;
            } else if let Ok(stream) = acceptor.accept(wire).await {
                // Clients that do not like our certificate, and connections that are cut, never get here.
                serve(stream, context).await;
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, context: Context) {
    let service = service_fn(move |request| {
        let context = context.clone();
        async move { Ok::<_, Infallible>(answer(request, &context).await) }
    });
    // That a connection breaks is what some tests are about.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, context: &Context) -> Response<Full<Bytes>> {
    context.counters.requested(request.headers().contains_key(CONTENT_ENCODING));
    let options = context.options.lock().unwrap().clone();
    let sent = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if options.authorization.is_some() && sent != options.authorization.as_deref() {
        let mut response = plain(401, "text/plain", "who are you?");
        response.headers_mut().insert(WWW_AUTHENTICATE, "Basic realm=\"fleet\"".parse().unwrap());
        return response;
    }
    if !options.gzip && request.headers().contains_key(CONTENT_ENCODING) {
        return plain(415, "text/plain", "what is that?");
    }
    match options.answer {
        Answer::Git => backend(request, context, &options).await,
        Answer::Status(status) => plain(status, "text/plain", "no"),
        Answer::LoginPage => plain(200, "text/html", "<html>Welcome to the Hotel. Please log in.</html>"),
        Answer::Redirect(target) => {
            let mut response = plain(302, "text/plain", "");
            response.headers_mut().insert(LOCATION, target.parse().unwrap());
            response
        }
        Answer::Pack(pack) => packed(request, context, options.filter, is_fetch, &pack).await,
        Answer::FiltersAll => packed(request, context, true, is_filtered_content, &empty_pack()).await,
        Answer::Slow(wait) => slow(request, context, options.filter, wait).await,
        Answer::Shallow(lines) => shallow(request, context, options.filter, &lines).await,
    }
}

fn plain(status: u16, kind: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(status).unwrap();
    Response::builder().status(status).header(CONTENT_TYPE, kind).body(Full::new(body.into())).unwrap()
}

/// Answers these requests with this pack, and leaves everything else to git.
async fn packed(
    request: Request<Incoming>,
    context: &Context,
    filter: bool,
    is_answered: fn(&[u8]) -> bool,
    pack: &[u8],
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if !is_answered(&body) {
        return run_backend(head, body, context, filter).await;
    }
    let mut answer = b"000dpackfile\n".to_vec();
    for chunk in pack.chunks(60_000) {
        answer.extend(format!("{:04x}\u{1}", chunk.len() + 5).bytes());
        answer.extend(chunk);
    }
    answer.extend(b"0000");
    plain(200, "application/x-git-upload-pack-result", answer)
}

/// Answers as git does, but a fetch after a while, and until then without a byte.
async fn slow(
    request: Request<Incoming>,
    context: &Context,
    filter: bool,
    wait: Duration,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if is_fetch(&body) {
        tokio::time::sleep(wait).await;
    }
    run_backend(head, body, context, filter).await
}

/// A pack without an object.
fn empty_pack() -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
    pack.extend([
        0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd,
        0x3e, 0xd3, 0x1e,
    ]);
    pack
}

/// Answers as git does, but for what it says of where history ends.
async fn shallow(
    request: Request<Incoming>,
    context: &Context,
    filter: bool,
    lines: &[String],
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let is_lie = is_fetch(&body);
    let response = run_backend(head, body, context, filter).await;
    if !is_lie {
        return response;
    }
    let whole = response.into_body().collect().await.unwrap().to_bytes();
    let Some(from) = whole.windows(13).position(|window| window == b"000dpackfile\n") else {
        return plain(200, "application/x-git-upload-pack-result", whole);
    };
    let mut answer = b"0011shallow-info\n".to_vec();
    lines.iter().for_each(|line| answer.extend(format!("{:04x}{line}\n", line.len() + 5).bytes()));
    answer.extend(b"0001");
    answer.extend(&whole[from..]);
    plain(200, "application/x-git-upload-pack-result", answer)
}

async fn backend(request: Request<Incoming>, context: &Context, options: &Options) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return plain(400, "text/plain", "") };
    let body = body.to_bytes();
    if options.refs_only && !wants_refs_only(&context.repository, &body) {
        let answer = "0029ERR upload-pack: not our ref for you\n";
        return plain(200, "application/x-git-upload-pack-result", answer);
    }
    run_backend(head, body, context, options.filter).await
}

/// Runs `git http-backend` as a CGI program.
async fn run_backend(
    head: hyper::http::request::Parts,
    body: Bytes,
    context: &Context,
    filter: bool,
) -> Response<Full<Bytes>> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let folder = context.repository.parent().unwrap();
    let mut command = isolated("git", folder);
    command
        .args(["-c", "safe.directory=*", "-c", &format!("uploadpack.allowFilter={filter}"), "http-backend"])
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or(""))
        .env("REQUEST_METHOD", head.method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = tokio::process::Command::from(command).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let feed = async move {
        // git may have heard enough before the end.
        let _ = input.write_all(&body).await;
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    from_cgi(&output.unwrap().stdout)
}

fn from_cgi(output: &[u8]) -> Response<Full<Bytes>> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("CGI headers end");
    let mut response = Response::builder();
    for line in std::str::from_utf8(&output[..end]).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().unwrap()),
            _ => response.header(name, value),
        };
    }
    response.body(Full::new(Bytes::copy_from_slice(&output[end + 4..]))).unwrap()
}
