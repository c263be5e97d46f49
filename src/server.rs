//! The accept loop: HTTP/1.1 on hyper, with limits on everything that a peer can drag out.
//!
//! axum's own server waits for ever for a header that arrives byte by byte. The router decides what a request means,
//! not this file.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, Sleep, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{config::Addresses, guard::limits::Network};

/// How long the server waits for its peers, and how many it accepts.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For a whole header, and between two requests on a connection.
    pub header: Duration,
    /// For a whole body, from the start of reading it.
    pub body: Duration,
    /// For a peer that has stopped reading its answer.
    pub write: Duration,
    /// For running requests at shutdown.
    pub drain: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Connections at once from one network; more are closed immediately, so that one network cannot take them all.
    pub of_one_network: usize,
    /// Peers that act for many clients: their connections are not counted by network.
    pub proxies: Vec<Addresses>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(25),
            body: Duration::from_secs(20),
            write: Duration::from_secs(30),
            // For requests other than tool calls, which bring a longer time with them.
            drain: Duration::from_secs(10),
            connections: 2048,
            of_one_network: 1024,
            proxies: Vec::new(),
        }
    }
}

/// Bytes kept of one connection's input: a URI of more than 65,534 bytes is answered with 414, a header that does not
/// fit here with 431.
const BUFFER: usize = 96 * 1024;

/// Serves `router` on `listener` until `shutdown`, then lets running requests finish for at most [`Patience::drain`].
///
/// Handlers find the peer's address as `ConnectInfo<SocketAddr>`.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> io::Result<()> {
    serve_with(listener, router, shutdown, Patience::default()).await
}

/// [`serve`] with other limits.
pub async fn serve_with(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    patience: Patience,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.header)
        .max_buf_size(BUFFER);
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(patience.connections));
    let crowd = Arc::new(Crowd::default());
    loop {
        let seat = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            seat = seats.clone().acquire_owned() => seat.map_err(io::Error::other)?,
        };
        let (stream, peer) = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    after(&error).await;
                    continue;
                }
            },
        };
        let is_proxy = patience.proxies.iter().any(|proxies| proxies.contains(peer.ip()));
        let place = if is_proxy {
            None
        } else {
            let place = Place::take(&crowd, Network::of(peer.ip()), patience.of_one_network);
            if place.is_none() {
                metrics::counter!("icusync_connections_refused_total").increment(1);
                continue;
            }
            place
        };
        // Answers are small and whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let body = patience.body;
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(|incoming| axum::body::Body::new(Timed::new(incoming, body)));
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request)
        });
        let stream = TokioIo::new(Impatient {
            stream,
            write: patience.write,
            stuck: None,
        });
        let connection = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((seat, place));
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = sleep(patience.drain) => tracing::warn!("requests were still running when the drain time ended"),
    }
    Ok(())
}

/// A peer's error needs nothing; when this machine has run out of files, only waiting helps.
async fn after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "cannot accept a connection");
        sleep(Duration::from_millis(500)).await;
    }
}

/// How many connections each network has.
type Crowd = Mutex<HashMap<Network, usize>>;

/// One connection of a network, for as long as it lasts.
struct Place {
    crowd: Arc<Crowd>,
    network: Network,
}

impl Place {
    /// None if the network already has `most`.
    fn take(crowd: &Arc<Crowd>, network: Network, most: usize) -> Option<Self> {
        let mut counts = crowd.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&network).copied().unwrap_or(0);
        (count < most).then(|| {
            counts.insert(network, count + 1);
            Self {
                crowd: crowd.clone(),
                network,
            }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.network)),
        }
    }
}

/// A body that must arrive whole in time; otherwise reading fails with [`io::ErrorKind::TimedOut`].
struct Timed {
    incoming: Incoming,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    fn new(incoming: Incoming, patience: Duration) -> Self {
        Self {
            incoming,
            patience,
            deadline: None,
        }
    }
}

impl Body for Timed {
    type Data = bytes::Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = self.patience;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + until)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A connection whose peer must keep reading what it receives.
struct Impatient {
    stream: TcpStream,
    write: Duration,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    /// Passes on the result of a write; fails one that has been pending for too long.
    fn judge<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let until = self.write;
        let stuck = self
            .stuck
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + until)));
        match stuck.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
