//! One request to the provider: https unless both it and we are on this machine, no redirect, no proxy, no cookies, nothing
//! unpacked, and no more of an answer than is needed. Private addresses are allowed: the operator chose the provider.

use futures::future::BoxFuture;
use http::{StatusCode, header};
use openidconnect::{HttpRequest, HttpResponse};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::Failure;

/// The longest answer, in bytes.
const LONGEST: usize = 64 * 1024;

/// Speaks HTTP with the provider. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    http: reqwest::Client,
    plain: bool,
}

impl Wire {
    /// `plain` allows http on this machine as well.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one client for the identity provider, with its limits"
    )]
    pub(super) fn new(public_url: &str, plain: bool) -> anyhow::Result<Self> {
        // reqwest would panic instead.
        anyhow::ensure!(
            rustls::crypto::CryptoProvider::get_default().is_some(),
            "no TLS provider is installed in this process"
        );
        let http = reqwest::Client::builder()
            .user_agent(format!("IcuSync/{} (+{public_url})", env!("CARGO_PKG_VERSION")))
            .gzip(false)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .build()?;
        Ok(Self { http, plain })
    }

    /// Whether a URL of the provider's may be used.
    pub(super) fn may_use(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.plain && is_loopback(url),
            _ => false,
        }
    }

    /// Sends requests until `deadline`, in the shape that `openidconnect` takes.
    pub(super) fn until(
        &self,
        deadline: Instant,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Failure>> + Send + Sync + 'static
    {
        let wire = self.clone();
        move |request| {
            let wire = wire.clone();
            Box::pin(async move { wire.send(request, deadline).await })
        }
    }

    async fn send(&self, request: HttpRequest, deadline: Instant) -> Result<HttpResponse, Failure> {
        let request = reqwest::Request::try_from(request).map_err(|_| Failure::Wrong("request"))?;
        if !self.may_use(request.url()) {
            return Err(Failure::Wrong("endpoint_not_https"));
        }
        let mut response = match timeout_at(deadline, self.http.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => return Err(away("not_reached")),
            Err(_) => return Err(away("too_slow")),
        };
        let status = response.status();
        if status.is_redirection() {
            return Err(Failure::Wrong("redirect"));
        }
        if status.is_server_error()
            || matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
            )
        {
            return Err(away("status"));
        }
        let mut body = Vec::new();
        loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= LONGEST => body.extend_from_slice(&chunk),
                Ok(Ok(Some(_))) => return Err(away("too_long")),
                Ok(Ok(None)) => break,
                Ok(Err(_)) => return Err(away("broken_off")),
                Err(_) => return Err(away("too_slow")),
            }
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = status;
        if let Some(kind) = response.headers().get(header::CONTENT_TYPE) {
            answer.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(answer)
    }
}

/// Says in the log why.
fn away(why: &'static str) -> Failure {
    tracing::warn!(why, "the identity provider does not answer");
    Failure::Away
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
