//! The filter of URLs, the addresses behind names, one request over a socket, and what counts as a document.

use proptest::prelude::*;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const ID: &str = "https://client.example/oauth/client.json";

fn document() -> Value {
    json!({
        "client_id": ID,
        "client_name": "A client",
        "redirect_uris": ["https://client.example/cb", "http://127.0.0.1/cb"],
        "token_endpoint_auth_method": "none",
        "logo_uri": "https://client.example/logo.png",
    })
}

fn read_json(document: &Value) -> Result<Document, &'static str> {
    read(document.to_string().as_bytes(), &Url::parse(ID).unwrap())
}

/// Hard case 98.
#[test]
fn only_plain_urls_of_the_web_are_asked() {
    for good in [
        ID,
        "https://claude.ai/oauth/mcp-oauth-client-metadata",
        "https://a-b.example/x?y=z",
        "https://xn--mnchen-3ya.example/x",
    ] {
        assert_eq!(admissible(good).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "client.json",
        "http://client.example/client.json",
        "ftp://client.example/client.json",
        "https://client.example",
        "https://client.example/",
        "https://client.example/#x",
        "https://client.example/client.json#",
        "https://client.example/client.json#x",
        "https://user@client.example/client.json",
        "https://@client.example/client.json",
        "https://:word@client.example/client.json",
        "https://client.example:8443/client.json",
        "https://client.example:443/client.json",
        "https://client.example./client.json",
        "https://Client.example/client.json",
        "HTTPS://client.example/client.json",
        "https://client.example/a/../client.json",
        "https://client.example/a/%2e%2e/client.json",
        "https://client.example\\client.json",
        " https://client.example/client.json",
        "https://client.example/client.json\n",
        "https://client.example/cli ent.json",
        "https://münchen.example/x",
        // Addresses, however they are spelled.
        "https://127.0.0.1/client.json",
        "https://8.8.8.8/client.json",
        "https://2130706433/client.json",
        "https://0x7f000001/client.json",
        "https://017700000001/client.json",
        "https://0177.0.0.1/client.json",
        "https://127.1/client.json",
        "https://[::1]/client.json",
        "https://[::ffff:127.0.0.1]/client.json",
        "https://[2606:4700::1]/client.json",
        "https://127.0.0.1./client.json",
        "https://１２７.0.0.1/client.json",
        // Names inside.
        "https://localhost/client.json",
        "https://foo.localhost/client.json",
        "https://icusync/client.json",
        "https://icusync.internal/client.json",
        "https://metadata.google.internal/client.json",
        "https://icusync.flycast/client.json",
        "https://printer.local/client.json",
        "https://api.svc.cluster.local/client.json",
        "https://router.lan/client.json",
        "https://router.home.arpa/client.json",
        "https://x.onion/client.json",
        "https://a_b.example/client.json",
        "https://a..example/client.json",
    ] {
        assert!(admissible(bad).is_err(), "{bad:?}");
    }
    assert!(admissible(&format!("https://a.example/{}", "x".repeat(LONGEST_URL))).is_err());
}

#[test]
fn only_public_addresses_are_connected_to() {
    let is_public = |text: &str| is_public(text.parse().unwrap());
    for public in [
        "1.1.1.1",
        "160.79.104.10",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
    ] {
        assert!(is_public(public), "{public}");
    }
    for other in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fdaa:0:1::3",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(other), "{other}");
    }
}

#[test]
fn a_name_with_one_private_address_has_none() {
    let socket = |text: &str| text.parse::<SocketAddr>().unwrap();
    let (public, private) = (socket("1.1.1.1:443"), socket("10.0.0.1:443"));
    assert_eq!(public_only(vec![public]).unwrap().collect::<Vec<_>>(), [public]);
    assert!(public_only(vec![public, private]).is_err());
    assert!(public_only(vec![private, public]).is_err());
}

#[test]
fn a_document_is_read_as_far_as_it_is_safe() {
    let read = read_json(&document()).unwrap();
    assert_eq!(
        read,
        Document {
            name: "A client".to_owned(),
            redirect_uris: vec![
                "https://client.example/cb".to_owned(),
                "http://127.0.0.1/cb".to_owned()
            ],
            auth_method: "none".to_owned(),
        }
    );
    let with = |field: &str, value: Value| {
        let mut document = document();
        document[field] = value;
        read_json(&document)
    };
    let jwt = with("token_endpoint_auth_method", json!("private_key_jwt")).unwrap();
    assert_eq!(jwt.auth_method, "private_key_jwt");
    assert_eq!(
        with("token_endpoint_auth_method", json!(null))
            .unwrap()
            .auth_method,
        "none"
    );
    let some = with(
        "redirect_uris",
        json!(["javascript:alert(1)", 1, "cursor://x/cb"]),
    )
    .unwrap();
    assert_eq!(some.redirect_uris, ["cursor://x/cb"]);
    assert_eq!(
        with("client_name", json!("\u{202e}A\u{200b} B")).unwrap().name,
        "A B"
    );
    assert_eq!(with("client_name", json!(null)).unwrap().name, "client.example");
    assert!(
        with("logo_uri", json!(null)).is_ok()
            && with("jwks_uri", json!("https://client.example/keys")).is_ok()
    );
}

/// Hard case 98.
#[test]
fn a_wrong_document_is_refused() {
    for (field, value, reason) in [
        (
            "client_id",
            json!("https://client.example/oauth/client.json/"),
            "another_client_id",
        ),
        (
            "client_id",
            json!("https://other.example/client.json"),
            "another_client_id",
        ),
        ("client_id", json!(null), "another_client_id"),
        (
            "token_endpoint_auth_method",
            json!("client_secret_post"),
            "a_method_with_a_secret",
        ),
        (
            "token_endpoint_auth_method",
            json!("client_secret_basic"),
            "a_method_with_a_secret",
        ),
        (
            "token_endpoint_auth_method",
            json!("client_secret_jwt"),
            "a_method_with_a_secret",
        ),
        ("client_secret", json!("x"), "a_secret_in_public"),
        ("client_secret_expires_at", json!(0), "a_secret_in_public"),
        (
            "logo_uri",
            json!("http://client.example/logo.png"),
            "an_unsafe_link",
        ),
        ("logo_uri", json!("javascript:alert(1)"), "an_unsafe_link"),
        ("logo_uri", json!("data:image/svg+xml,x"), "an_unsafe_link"),
        ("client_uri", json!(7), "an_unsafe_link"),
        (
            "redirect_uris",
            json!(["http://evil.example/"]),
            "no_usable_redirect",
        ),
        ("redirect_uris", json!([]), "no_usable_redirect"),
        ("redirect_uris", json!(null), "no_usable_redirect"),
    ] {
        let mut document = document();
        document[field] = value;
        assert_eq!(read_json(&document), Err(reason), "{document}");
    }
    let url = Url::parse(ID).unwrap();
    for body in [&b""[..], b"[]", b"<html>", b"{", b"\xff"] {
        assert_eq!(read(body, &url), Err("not_a_json_object"));
    }
    let mut long = document();
    long["client_name"] = json!("x".repeat(LONGEST));
    assert_eq!(read_json(&long), Err("too_long"));
}

proptest! {
    #[test]
    fn what_is_asked_is_a_plain_https_url(text in "\\PC{0,40}|https://[a-z0-9.@:/?#%\\[\\]\\\\-]{0,40}") {
        if let Ok(url) = admissible(&text) {
            prop_assert_eq!(url.as_str(), &text);
            prop_assert_eq!((url.scheme(), url.port_or_known_default()), ("https", Some(443)));
            prop_assert!(matches!(url.host(), Some(Host::Domain(_))));
            prop_assert!(!text.contains(['@', '#', '\\']) && !text.contains("/../"));
        }
    }

    #[test]
    fn nothing_in_a_body_panics(body in any::<Vec<u8>>(), field in "client_[a-z]{2,4}|logo_uri", value in "\\PC{0,20}") {
        let url = Url::parse(ID).unwrap();
        let _ = read(&body, &url);
        let mut document = document();
        document[field] = json!(value);
        let _ = read_json(&document);
    }

    #[test]
    fn an_address_inside_a_v6_address_opens_nothing(v4 in any::<[u8; 4]>()) {
        let v4 = Ipv4Addr::from(v4);
        prop_assert_eq!(is_public(v4.to_ipv6_mapped().into()), is_public(v4.into()));
        let [a, b, c, d] = v4.octets().map(u16::from);
        let (high, low) = (a << 8 | b, c << 8 | d);
        prop_assert!(!is_public(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into()));
        prop_assert!(!is_public(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into()));
    }
}

/// Answers each connection with `answer`, and then leaves it open.
async fn server(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 1_024];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(&answer).await;
            open.push(socket);
        }
    });
    address
}

/// Finds every name at one address.
struct All(SocketAddr);

impl Resolve for All {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}

async fn got(answer: impl Into<Vec<u8>>) -> Result<Vec<u8>, FetchError> {
    crate::install_crypto();
    let at = server(answer.into()).await;
    let http = http_client("https://icusync.example", Arc::new(All(at)), false).unwrap();
    get(http, Url::parse("http://client.example/client.json").unwrap()).await
}

/// Hard case 98.
#[tokio::test]
async fn what_is_no_answer_is_told_from_what_is_a_wrong_one() {
    let wrong = |reason| Err(FetchError::Wrong(reason));
    let full = |status: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    assert_eq!(got(full("200 OK", "{}")).await, Ok(b"{}".to_vec()));
    assert_eq!(
        got("HTTP/1.1 302 Found\r\nlocation: http://client.example/other\r\ncontent-length: 0\r\n\r\n").await,
        wrong("redirect")
    );
    assert_eq!(got(full("404 Not Found", "")).await, wrong("no_document"));
    for status in [
        "403 Forbidden",
        "429 Too Many Requests",
        "503 Service Unavailable",
    ] {
        assert_eq!(
            got(full(status, "no")).await,
            Err(FetchError::Unreachable),
            "{status}"
        );
    }
    assert_eq!(
        got(full("200 OK", &"x".repeat(LONGEST + 1))).await,
        wrong("too_long")
    );
    assert_eq!(
        got(full("200 OK", &"x".repeat(LONGEST))).await.unwrap().len(),
        LONGEST
    );
    let chunk = "x".repeat(LONGEST);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1400\r\n{chunk}\r\n1\r\nx\r\n0\r\n\r\n"
    );
    assert_eq!(got(chunked).await, wrong("too_long"));
    assert_eq!(got("nonsense\r\n\r\n").await, Err(FetchError::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_given_up() {
    assert_eq!(
        got("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{").await,
        Err(FetchError::Wrong("too_slow"))
    );
}

#[tokio::test]
async fn the_web_begins_where_this_network_ends() {
    crate::install_crypto();
    // A name in every machine's own file of hosts, past the filter of URLs.
    let resolver = PublicOnly(Arc::new(Semaphore::new(1)));
    let http = http_client("https://icusync.example", Arc::new(resolver), true).unwrap();
    let url = Url::parse("https://localhost/client.json").unwrap();
    assert_eq!(
        get(http, url).await,
        Err(FetchError::Wrong("not_a_public_address"))
    );
    let web = Fetcher::web("https://icusync.example").unwrap();
    let clock = Clock::system();
    let asked = web.document(&clock, "https://127.0.0.1/client.json").await;
    assert_eq!(asked, Err(FetchError::Wrong("address_instead_of_a_name")));
}

fn counting(answer: Result<Vec<u8>, FetchError>) -> (Fetcher, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let fetcher = Fetcher::of(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let answer = answer.clone();
        async move {
            tokio::task::yield_now().await;
            answer
        }
    });
    (fetcher, count)
}

#[tokio::test]
async fn one_request_is_sent_for_everyone_and_counts_for_half_a_minute() {
    let clock = Clock::fake("2026-11-21T08:00:00Z".parse().unwrap());
    for answer in [
        Ok(document().to_string().into_bytes()),
        Err(FetchError::Unreachable),
        Err(FetchError::Wrong("redirect")),
    ] {
        let (fetcher, count) = counting(answer.clone());
        let asks = (0..10).map(|_| fetcher.document(&clock, ID));
        for found in futures::future::join_all(asks).await {
            assert_eq!(found.is_ok(), answer.is_ok());
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        clock.advance(TimeDelta::seconds(29));
        let _ = fetcher.document(&clock, ID).await;
        assert_eq!(count.load(Ordering::SeqCst), 1);
        clock.advance(TimeDelta::seconds(1));
        let _ = fetcher.document(&clock, ID).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn what_the_filter_refuses_is_never_asked() {
    let (fetcher, count) = counting(Ok(document().to_string().into_bytes()));
    let clock = Clock::system();
    for bad in [
        "http://client.example/oauth/client.json",
        "https://10.0.0.1/x",
        "https://a.internal/x",
    ] {
        assert!(
            matches!(fetcher.document(&clock, bad).await, Err(FetchError::Wrong(_))),
            "{bad}"
        );
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn nobody_makes_us_flood_a_host() {
    let (fetcher, count) = counting(Err(FetchError::Wrong("redirect")));
    let clock = Clock::system();
    for number in 0..PER_HOST + 20 {
        let _ = fetcher
            .document(&clock, &format!("https://client.example/{number}"))
            .await;
    }
    assert_eq!(count.load(Ordering::SeqCst), PER_HOST);
    let _ = fetcher.document(&clock, "https://other.example/1").await;
    assert_eq!(count.load(Ordering::SeqCst), PER_HOST + 1);
}
