//! What hashing passwords costs: one buffer a seat, however many sign in and however many hang up on the way.
//!
//! The service is a separate process, so that its memory can be read.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use icusync::secrets::{KeyRing, Random};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    mcp_bench::SOON,
    resilience::memory,
    serve_command::{Service, create_account},
    world::{Mcp, fresh_database, scratch, url_of},
};

/// The default of `PASSWORDS_AT_ONCE`.
const SEATS: u64 = 4;
/// What the service may grow by: a buffer of 19 MiB a seat, and 10 MiB for all else. KiB.
const GROWTH: u64 = (SEATS * 19 + 10) * 1024;
/// How many sign in at the same time.
const AT_ONCE: usize = 16;
/// How long an impatient person waits for the answer; a hash takes longer, and most wait for a seat first.
const IMPATIENT: Duration = Duration::from_millis(30);

const EMAIL: &str = "ana@example.test";

/// A service with one account whose limits allow as many attempts as this takes, and the account's password.
async fn service(name: &str) -> (Service, String) {
    let folder = scratch(name);
    let database = url_of(&fresh_database().await);
    let keys = KeyRing::generate(&Random::from_os());
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("SEAL_KEYS", keys.as_str()),
        ("SIGN_INS_PER_MINUTE", "1000000"),
        ("SIGN_INS_PER_ADDRESS", "1000000"),
    ];
    let password = create_account(EMAIL, &folder, &settings).await;
    (Service::start(&folder, &settings).await, password)
}

/// The head and the body of a sign-in as a browser posts it.
fn sign_in(service: &Service, email: &str, password: &str) -> String {
    let body = format!("email={email}&password={password}");
    let origin = service.url("");
    let host = origin.trim_start_matches("http://");
    format!(
        "POST /sign-in HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn posted(service: &Service, email: &str, password: &str) -> TcpStream {
    let at = service.url("").replace("http://localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = sign_in(service, email, password);
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Signs in and returns where the answer leads.
async fn signed_in(service: &Service, email: &str, password: &str) -> String {
    let mut answer = String::new();
    let mut stream = posted(service, email, password).await;
    let read = timeout(SOON, stream.read_to_string(&mut answer)).await;
    read.expect("answered in time").unwrap();
    assert_eq!(answer.split(' ').nth(1), Some("303"), "{answer}");
    let mut lines = answer.lines();
    let leads_to = lines.find_map(|line| line.strip_prefix("location: "));
    leads_to.unwrap_or_default().to_owned()
}

/// Asks for a sign-in and does not wait for its end.
async fn hung_up(service: &Service, number: usize) {
    let email = format!("nobody{number}@example.test");
    let mut stream = posted(service, &email, "a guess at a password").await;
    let _ = timeout(IMPATIENT, stream.read(&mut [0; 1])).await;
}

#[expect(clippy::print_stdout, reason = "the numbers are what somebody runs it for")]
fn judge(what: &str, (before, _): (u64, u64), (after, peak): (u64, u64)) {
    println!(
        "{what}, MiB: {} before, {} after, {} at most",
        before / 1024,
        after / 1024,
        peak / 1024
    );
    assert!(
        after <= before + GROWTH && peak <= before + GROWTH,
        "{what}: {before} KiB before, {after} after, {peak} at most; {GROWTH} more are allowed"
    );
}

/// Resets the peak (`proc_pid_clear_refs(5)`).
fn forget_peak(service: &Service) {
    std::fs::write(format!("/proc/{}/clear_refs", service.pid()), "5").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_sign_ins_leave_no_more_than_a_buffer_a_seat() {
    let (service, password) = service("sign-ins").await;
    let before = memory(service.pid());
    forget_peak(&service);
    let answers: Vec<(bool, String)> = stream::iter(0..100)
        .map(async |number| {
            let email = format!("nobody{number}@example.test");
            let known = number % 2 == 0;
            let (email, password) = if known {
                (EMAIL, &*password)
            } else {
                (&*email, "a guess at a password")
            };
            (known, signed_in(&service, email, password).await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (known, leads_to) in answers {
        assert_eq!(leads_to, if known { "/dashboard" } else { "/sign-in" });
    }
    judge("a hundred sign-ins", before, memory(service.pid()));
    service.stop().await;
    tokio::fs::remove_dir_all(scratch("sign-ins")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_hang_up_in_mid_hash_cost_no_more_than_those_who_wait() {
    let (service, password) = service("hang-ups").await;
    let before = memory(service.pid());
    forget_peak(&service);
    stream::iter(0..50)
        .for_each_concurrent(AT_ONCE, |number| hung_up(&service, number))
        .await;
    // The next person gets an answer: work that nobody waits for ends, and gives back its seat.
    assert_eq!(signed_in(&service, EMAIL, &password).await, "/dashboard");
    judge("fifty hang-ups", before, memory(service.pid()));
    let ready = Mcp::client().get(service.url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    service.stop().await;
    tokio::fs::remove_dir_all(scratch("hang-ups")).await.unwrap();
}
