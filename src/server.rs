//! The accept loop: HTTP/1.1 on hyper, with limits on everything that a peer can drag out.
//!
//! axum's own server waits for ever for a header that is dripped byte by byte. What a request means is the router's
//! business, not this file's.

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

use crate::{config::Proxies, guard::limits::Network};

/// How long the server waits for its peers, and how many it takes.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For a whole header, and between two requests of a connection.
    pub header: Duration,
    /// For a whole body, from when its reading begins.
    pub body: Duration,
    /// For a peer that stopped reading its answer.
    pub write: Duration,
    /// For running requests once the server is to end.
    pub drain: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Connections at once from one network; more are closed at once, so that nobody takes everybody's.
    pub of_one_network: usize,
    /// Peers that stand for many clients, whose connections are not counted by network.
    pub proxies: Vec<Proxies>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(25),
            body: Duration::from_secs(20),
            write: Duration::from_secs(30),
            // For requests that are no calls: whoever serves those says how long they may take.
            drain: Duration::from_secs(10),
            connections: 2048,
            of_one_network: 1024,
            proxies: Vec::new(),
        }
    }
}

/// Bytes that are kept of one connection's input: a URI of more than 65,534 bytes is answered with 414, more header than
/// fits here with 431.
const BUFFER: usize = 96 * 1024;

/// Serves `router` on `listener` until `shutdown`, then lets running requests end, at most for [`Patience::drain`].
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
        () = sleep(patience.drain) => tracing::warn!("requests were still running when the time to drain was over"),
    }
    Ok(())
}

/// An error of the peer's is nothing; when this machine has run out of files, waiting is all that helps.
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

/// One connection of a network, as long as it lasts.
struct Place {
    crowd: Arc<Crowd>,
    network: Network,
}

impl Place {
    /// Nothing when the network has `most` already.
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

/// A body that must have arrived as a whole in time; then reading fails with [`io::ErrorKind::TimedOut`].
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

/// A connection whose peer must keep reading what it is sent.
struct Impatient {
    stream: TcpStream,
    write: Duration,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    /// Passes on what a write came to; fails one that has been pending for too long.
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
