//! A server that takes reports over TLS, and can also be away, slow, broken or sly.

use super::tls::certify;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, LOCATION, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

/// What answers a report.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// This status.
    Status(u16),
    /// This status, and to come again after so many seconds.
    Later(u16, u64),
    /// A redirect to somewhere else.
    Redirect(String),
    /// What is no HTTP.
    Garbage,
    /// Nothing, on an open connection.
    Silence,
    /// The connection is closed before TLS begins.
    Close,
}

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// The status that it got.
    pub(crate) answered: u16,
}

/// The server, on a thread of its own. It ends when it is dropped.
pub(crate) struct Inbox {
    address: SocketAddr,
    certificates: TempDir,
    acceptor: TlsAcceptor,
    context: Context,
    running: Option<(oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
}

#[derive(Clone)]
struct Context {
    reply: Arc<Mutex<Reply>>,
    /// Reports, and connections of whatever kind.
    seen: Arc<watch::Sender<(Vec<Received>, usize)>>,
}

impl Inbox {
    /// A server that takes everything.
    pub(crate) fn start() -> Self {
        let certificates = TempDir::new().unwrap();
        let acceptor = certify(certificates.path(), false);
        let context = Context {
            reply: Arc::new(Mutex::new(Reply::Status(204))),
            seen: Arc::new(watch::Sender::new((Vec::new(), 0))),
        };
        let address = "127.0.0.1:0".parse().unwrap();
        let mut inbox = Self { address, certificates, acceptor, context, running: None };
        inbox.come_back();
        inbox
    }

    /// Where reports go.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/sites/", self.address.port())
    }

    /// The CA that signed its certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.certificates.path().join("ca.pem")
    }

    /// How it answers from now on.
    pub(crate) fn reply(&self, reply: Reply) {
        *self.context.reply.lock().unwrap() = reply;
    }

    /// Closes its port.
    pub(crate) fn leave(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            thread.join().unwrap();
        }
    }

    /// Opens its port again.
    pub(crate) fn come_back(&mut self) {
        let listener = std::net::TcpListener::bind(self.address).unwrap();
        listener.set_nonblocking(true).unwrap();
        self.address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (acceptor, context) = (self.acceptor.clone(), self.context.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), acceptor, context) => {}
                    _ = stopped => {}
                }
            });
        });
        self.running = Some((stop, thread));
    }

    /// Waits until so many reports came in, and answers with all of them.
    pub(crate) async fn received(&self, count: usize) -> Vec<Received> {
        let mut seen = self.context.seen.subscribe();
        seen.wait_for(|(reports, _)| reports.len() >= count).await.unwrap().0.clone()
    }

    /// Waits until there were so many connections.
    pub(crate) async fn connected(&self, count: usize) {
        let mut seen = self.context.seen.subscribe();
        seen.wait_for(|(_, connections)| *connections >= count).await.unwrap();
    }

    /// How many reports came in by now.
    pub(crate) fn count(&self) -> usize {
        self.context.seen.borrow().0.len()
    }

    /// How many connections there were by now.
    pub(crate) fn connections(&self) -> usize {
        self.context.seen.borrow().1
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.leave();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, context: Context) {
    let mut silent = Vec::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        context.seen.send_modify(|(_, connections)| *connections += 1);
        let reply = context.reply.lock().unwrap().clone();
        match reply {
            Reply::Close => {}
            Reply::Silence => silent.push(stream),
            Reply::Garbage => {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.write_all(b"SMTP ready\r\n\r\n\0\0\0").await;
            }
            _ => {
                let (acceptor, context) = (acceptor.clone(), context.clone());
                tokio::spawn(async move {
                    // A client that does not trust it goes away here.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| {
                        let context = context.clone();
                        async move { Ok::<_, Infallible>(answer(request, &context).await) }
                    });
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        }
    }
}

async fn answer(request: Request<Incoming>, context: &Context) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let mut response = Response::new(Full::new(Bytes::from_static(b"<html>Hello.</html>")));
    let status = match context.reply.lock().unwrap().clone() {
        Reply::Status(status) => status,
        Reply::Later(status, seconds) => {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            status
        }
        Reply::Redirect(target) => {
            response.headers_mut().insert(LOCATION, target.parse().unwrap());
            307
        }
        Reply::Garbage | Reply::Silence | Reply::Close => 500,
    };
    *response.status_mut() = status.try_into().unwrap();
    let received =
        Received { headers: head.headers, path: head.uri.path().to_owned(), body, answered: status };
    context.seen.send_modify(|(reports, _)| reports.push(received));
    response
}
