//! The page over HTTP, on a unix socket or a loopback address.

use crate::report::settings::Listen;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

/// Owner and group may ask.
const SOCKET_MODE: u32 = 0o660;
/// Most connections at a time; others wait to be accepted.
const CONNECTIONS: usize = 4;
/// Longest request taken, in bytes; hyper takes no less.
const MOST_REQUEST: usize = 8 << 10;
/// How long one connection may take. A page is a few kB.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait where the place cannot be had: another process may let it go.
const AGAIN: Duration = Duration::from_secs(60);
/// How long to wait after a connection could not be accepted, mostly for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);
/// The format by name.
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Makes the page.
pub(super) type Page = Arc<dyn Fn() -> String + Send + Sync>;

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// The name of a socket in its folder, removed when it is dropped; but not one that somebody else put there since.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

/// Answers for as long as it is polled.
pub(super) async fn serve(listen: Listen, page: Page) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let (listener, _file) = loop {
        match bind(&listen).await {
            Ok(bound) => break bound,
            Err(error) => tracing::warn!(%listen, %error, "cannot serve metrics; trying again in a minute"),
        }
        tokio::time::sleep(AGAIN).await;
    };
    // It is never closed.
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let accepted: io::Result<Box<dyn Stream>> = match &listener {
            Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| Box::new(stream) as _),
            Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| Box::new(stream) as _),
        };
        let Ok(stream) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let page = Arc::clone(&page);
        tokio::spawn(async move {
            // That a connection breaks, or takes too long, is its own matter.
            drop(tokio::time::timeout(PATIENCE, connection(stream, page)).await);
            drop(permit);
        });
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connection(stream: Box<dyn Stream>, page: Page) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &page);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MOST_REQUEST)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

fn answer(method: &Method, path: &str, page: &Page) -> Response<Full<Bytes>> {
    let (status, body) = match (path, method) {
        ("/metrics", &Method::GET) => (StatusCode::OK, page()),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "there is only /metrics\n".to_owned()),
    };
    let kind = if status == StatusCode::OK { FORMAT } else { "text/plain; charset=utf-8" };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

async fn bind(listen: &Listen) -> io::Result<(Listener, Option<SocketFile>)> {
    match listen {
        Listen::Loopback(address) => Ok((Listener::Tcp(TcpListener::bind(address).await?), None)),
        Listen::Unix(path) => {
            // Under another name until its mode is right; the rename takes the place of what a crash left behind.
            let mut name = path.as_os_str().to_owned();
            name.push(".new");
            let temporary = PathBuf::from(name);
            remove(&temporary)?;
            let listener = UnixListener::bind(&temporary)?;
            fs::set_permissions(&temporary, fs::Permissions::from_mode(SOCKET_MODE))?;
            let identity = identity(&temporary)?;
            fs::rename(&temporary, path)?;
            let file = SocketFile { path: path.clone(), identity };
            Ok((Listener::Unix(listener), Some(file)))
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            drop(remove(&self.path));
        }
    }
}
