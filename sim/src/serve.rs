//! The accept loop: HTTP/1.1 on loopback, each connection in a task that a breakage can end with a reset.
//!
//! No routes.

use std::sync::Arc;

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::front::Connection;

/// Serves until `stop`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else { continue };
        let connection = Connection {
            address: peer.ip(),
            abort: Arc::new(Notify::new()),
        };
        tasks.spawn(attend(stream, connection, router.clone(), stop.clone()));
    }
}

/// One connection to its end. Its errors are the other side's problem.
async fn attend(stream: TcpStream, connection: Connection, router: Router, stop: CancellationToken) {
    // A second handle on the socket, to reset it while hyper holds the first.
    let Ok((stream, twin)) = twins(stream) else { return };
    let abort = connection.abort.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        () = stop.cancelled() => {}
        () = abort.notified() => {
            // Without this the close would be orderly; nothing can be done about a socket that refuses.
            let _ = twin.set_zero_linger();
        }
    }
}

fn twins(stream: TcpStream) -> std::io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, TcpStream::from_std(twin)?))
}
