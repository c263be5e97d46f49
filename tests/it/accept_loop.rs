//! The accept loop: a peer that drags a request out is cut off; a running request is served to the end.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::ConnectInfo,
    routing::{get, post},
};
use icusync::server::{Patience, serve_with};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::mcp_bench::{SOON, read};

struct Served {
    addr: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    entered: Arc<Semaphore>,
    leave: Arc<Semaphore>,
}

async fn serve(patience: Patience) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (entered, leave) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (inside, outside) = (entered.clone(), leave.clone());
    let router = Router::new()
        .route(
            "/peer",
            get(async |ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>| peer.ip().to_string()),
        )
        .route("/body", post(async |body: Bytes| body.len().to_string()))
        .route(
            "/slow",
            get(async move || {
                inside.add_permits(1);
                outside.acquire().await.unwrap().forget();
                "done"
            }),
        )
        .route("/huge", get(async || vec![b'x'; 64 * 1024 * 1024]));
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve_with(listener, router, shutdown.clone(), patience));
    Served {
        addr,
        shutdown,
        task,
        entered,
        leave,
    }
}

fn quick() -> Patience {
    let short = Duration::from_millis(400);
    Patience {
        header: short,
        body: short,
        write: short,
        drain: short,
        connections: 4,
        of_one_network: 4,
        proxies: Vec::new(),
    }
}

/// Writes one byte at a time, for as long as the other side listens, and returns what it said.
async fn drip(addr: std::net::SocketAddr, head: &[u8]) -> Vec<u8> {
    let (mut from, mut to) = TcpStream::connect(addr).await.unwrap().into_split();
    to.write_all(head).await.unwrap();
    let dripping = async move {
        let mut ticks = interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            if to.write_all(b"x").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut said = Vec::new();
    tokio::select! {
        () = dripping => {}
        ended = timeout(SOON, from.read_to_end(&mut said)) => drop(ended.expect("a dripping peer was never let go")),
    }
    said
}

#[tokio::test]
async fn a_dripping_header_and_a_dripping_body_end() {
    let served = serve(quick()).await;
    drip(served.addr, b"GET /peer HTTP/1.1\r\nhost: x\r\nx: ").await;
    let said = drip(
        served.addr,
        b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n",
    )
    .await;
    assert!(
        said.starts_with(b"HTTP/1.1 4"),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[tokio::test]
async fn the_production_limits_are_within_half_a_minute() {
    let patience = Patience::default();
    let most = Duration::from_secs(30);
    assert!(
        patience.header <= most && patience.body <= most && patience.write <= most && patience.drain <= most
    );
}

#[tokio::test]
async fn a_silent_connection_and_one_that_does_not_read_end() {
    let served = serve(quick()).await;
    let mut silent = TcpStream::connect(served.addr).await.unwrap();
    assert_eq!(
        timeout(SOON, silent.read(&mut [0; 64])).await.unwrap().unwrap(),
        0
    );
    let mut deaf = TcpStream::connect(served.addr).await.unwrap();
    deaf.write_all(b"GET /huge HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    // Its seat is free again when four others are served at once.
    let others = futures::future::join_all((0..4).map(async |_| {
        let mut stream = TcpStream::connect(served.addr).await.unwrap();
        stream
            .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        read(&mut stream).await.unwrap().status
    }));
    let doorman = async {
        let inside = timeout(SOON, served.entered.acquire_many(4)).await;
        inside.expect("the deaf one kept its seat").unwrap().forget();
        served.leave.add_permits(4);
    };
    let (statuses, ()) = tokio::join!(others, doorman);
    assert_eq!(statuses, [200; 4]);
}

/// A connection from an address of this machine, held by a request that waits.
async fn held(served: &Served, from: &str) -> TcpStream {
    let mut stream = connect(served, from).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let inside = timeout(SOON, served.entered.acquire()).await;
    inside.expect("is served").unwrap().forget();
    stream
}

async fn connect(served: &Served, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(served.addr).await.unwrap()
}

/// Whether a connection is closed before any request on it.
async fn is_turned_away(served: &Served, from: &str) -> bool {
    let mut stream = connect(served, from).await;
    // A connection closed with unread data is a reset, otherwise an end.
    let ended = timeout(SOON, stream.read(&mut [0; 1]))
        .await
        .expect("closed at once");
    ended.is_err() || ended.unwrap() == 0
}

fn patient() -> Patience {
    Patience {
        header: SOON * 2,
        of_one_network: 2,
        ..quick()
    }
}

#[tokio::test]
async fn one_network_leaves_room_for_the_others() {
    let served = serve(patient()).await;
    let mut first = held(&served, "127.0.0.2").await;
    let _second = held(&served, "127.0.0.2").await;
    for _ in 0..20 {
        assert!(is_turned_away(&served, "127.0.0.2").await);
    }
    // The rejected ones hold no seat: two more are served next to the two.
    let _others = (held(&served, "127.0.0.3").await, held(&served, "127.0.0.4").await);
    served.leave.add_permits(4);
    assert_eq!(read(&mut first).await.unwrap().body, "done");
    // Its end frees the place; that takes the server a moment.
    let again = async {
        loop {
            let mut stream = connect(&served, "127.0.0.2").await;
            let asked = stream.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
            if asked.is_ok()
                && let Some(reply) = read(&mut stream).await
            {
                return reply.body;
            }
        }
    };
    assert_eq!(timeout(SOON, again).await.unwrap(), "127.0.0.2");
}

#[tokio::test]
async fn our_own_proxy_acts_for_many() {
    let served = serve(Patience {
        proxies: vec!["127.0.0.8/31".parse().unwrap()],
        ..patient()
    })
    .await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(held(&served, "127.0.0.9").await);
    }
    served.leave.add_permits(4);
}

#[test]
fn one_network_has_half_of_the_connections() {
    let patience = Patience::default();
    assert_eq!((patience.of_one_network, patience.connections), (1024, 2048));
}

/// Hard case 119; with the process, in `resilience`.
#[tokio::test]
async fn running_requests_are_served_to_the_end() {
    let served = serve(Patience {
        drain: SOON,
        ..quick()
    })
    .await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    served.entered.acquire().await.unwrap().forget();
    served.shutdown.cancel();
    // The door is shut before the last guest leaves.
    timeout(SOON, async {
        while TcpStream::connect(served.addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(!served.task.is_finished());
    served.leave.add_permits(1);
    let reply = read(&mut stream).await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, "done"));
    assert_eq!(reply.header("connection"), Some("close"));
    timeout(SOON, served.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn draining_ends_too() {
    let served = serve(quick()).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    served.entered.acquire().await.unwrap().forget();
    served.shutdown.cancel();
    timeout(SOON, served.task)
        .await
        .expect("draining has no end")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn handlers_learn_who_the_peer_is() {
    let served = serve(quick()).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream
        .write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read(&mut stream).await.unwrap().body, "127.0.0.1");
}
