//! How a mail leaves: by SMTP, into a folder for a self-hoster without SMTP, or into memory for demo and tests.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Address, Envelope, Letter};
use crate::ids::JobId;

/// How long the whole SMTP conversation may take.
pub const SMTP_DEADLINE: Duration = Duration::from_secs(10);

/// Where mails go. Cheap to clone.
#[derive(Clone)]
pub enum Transport {
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// One file a mail, readable by its owner only.
    Folder(PathBuf),
    /// Kept in memory.
    Captured(Captured),
}

/// Mails kept in memory, newest last.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<CapturedMail>>>);

/// One mail kept in memory.
#[derive(Debug, Clone)]
pub struct CapturedMail {
    /// To whom.
    pub to: String,
    /// What was rendered.
    pub letter: Letter,
    /// The whole message as it would go over the wire.
    pub raw: String,
}

/// Why a mail did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Worth another attempt: no connection, a time-out, a 4xx.
    #[error("not delivered for now")]
    Later,
    /// It will never leave: a 5xx, or an address that no server accepts.
    #[error("refused for good")]
    Never,
}

impl Transport {
    /// SMTP from a URL such as `smtps://user:password@host` or `smtp://user:password@host:587?tls=required`.
    /// Without TLS only to this machine. The server's certificate must come from one of the web's authorities or from one
    /// of those in the file `ca` (PEM).
    pub fn smtp(url: &SecretString, ca: Option<&Path>) -> anyhow::Result<Self> {
        let text = url.expose_secret();
        let parsed = url::Url::parse(text).map_err(|_| anyhow::anyhow!("SMTP_URL is not a URL"))?;
        let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let secured = parsed.scheme() == "smtps"
            || parsed
                .query_pairs()
                .any(|(name, value)| name == "tls" && value == "required");
        anyhow::ensure!(
            secured || local,
            "SMTP_URL sends passwords and emails in the clear: write smtps://… or add ?tls=required for STARTTLS"
        );
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(text).map_err(|_| {
            anyhow::anyhow!("SMTP_URL is not of the form smtps://user:password@host or smtp://…?tls=required")
        })?;
        let builder = match ca {
            Some(file) => builder.tls(trusting(file, &parsed)?),
            None => builder,
        };
        Ok(Self::Smtp(builder.timeout(Some(SMTP_DEADLINE)).build()))
    }

    /// A folder, made with permissions for its owner only.
    pub fn folder(path: PathBuf) -> anyhow::Result<Self> {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)))
            .with_context(|| format!("cannot make the folder {} for emails", path.display()))?;
        Ok(Self::Folder(path))
    }

    /// Sends one letter. The same job always has the same Message-ID, so a mail sent twice shows as one.
    pub async fn send(
        &self,
        id: JobId,
        from: &Mailbox,
        host: &str,
        envelope: &Envelope,
        letter: &Letter,
    ) -> Result<(), SendError> {
        let message = compose(id, from, host, envelope, letter).ok_or(SendError::Never)?;
        match self {
            Self::Smtp(smtp) => {
                let sent = tokio::time::timeout(SMTP_DEADLINE, smtp.send(message)).await;
                match sent {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) if error.is_permanent() && !is_about_us(&error) => Err(SendError::Never),
                    Ok(Err(_)) | Err(_) => Err(SendError::Later),
                }
            }
            Self::Folder(path) => {
                let file = path.join(format!("{}-{id}.eml", envelope.at.format("%Y%m%dT%H%M%SZ")));
                let text = message.formatted();
                tokio::task::spawn_blocking(move || write_private(&file, &text))
                    .await
                    .ok()
                    .and_then(Result::ok)
                    .ok_or(SendError::Later)
            }
            Self::Captured(captured) => {
                let raw = String::from_utf8_lossy(&message.formatted()).into_owned();
                captured.push(CapturedMail {
                    to: envelope.to.clone(),
                    letter: letter.clone(),
                    raw,
                });
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Smtp(_) => "Transport(SMTP)",
            Self::Folder(_) => "Transport(folder)",
            Self::Captured(_) => "Transport(captured)",
        })
    }
}

impl Captured {
    fn push(&self, mail: CapturedMail) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
    }

    /// Every mail so far.
    pub fn all(&self) -> Vec<CapturedMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// TLS as `url` requires it, which also trusts the authorities in `file`.
fn trusting(file: &Path, url: &url::Url) -> anyhow::Result<Tls> {
    let pem = std::fs::read(file)
        .with_context(|| format!("cannot read the file {} (SMTP_CA_FILE)", file.display()))?;
    // A file without any certificate is not an error to lettre.
    let marked = pem.windows(PEM.len()).any(|bytes| bytes == PEM);
    let authorities = Certificate::from_pem(&pem).ok().filter(|_| marked);
    let authorities = authorities
        .with_context(|| format!("the file {} (SMTP_CA_FILE) holds no certificates", file.display()))?;
    let parameters = TlsParameters::builder(url.host_str().unwrap_or_default().to_owned())
        .add_root_certificate(authorities)
        .build()
        .with_context(|| {
            format!(
                "the certificates in {} (SMTP_CA_FILE) cannot be used",
                file.display()
            )
        })?;
    let wish = url.query_pairs().find(|(name, _)| name == "tls");
    match (url.scheme(), wish.as_ref().map(|(_, value)| value.as_ref())) {
        ("smtps", _) => Ok(Tls::Wrapper(parameters)),
        ("smtp", Some("required")) => Ok(Tls::Required(parameters)),
        _ => anyhow::bail!("SMTP_CA_FILE needs TLS: write smtps://… or add ?tls=required"),
    }
}

/// How a certificate begins in a file (RFC 7468).
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// 530 to 538 (RFC 4954 section 6) say that the server does not accept our own name and password: that is the operator's
/// turn, and no reason to throw a mail away.
fn is_about_us(error: &lettre::transport::smtp::Error) -> bool {
    let code: Option<u16> = error.status().map(Into::into);
    let refused = code.is_some_and(|code| (530..=538).contains(&code));
    if refused {
        tracing::error!("the mail server refuses our name and password: check SMTP_URL");
    }
    refused
}

fn write_private(file: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    // A second attempt after a crash writes the same file again.
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?
        .write_all(text)
}

fn compose(id: JobId, from: &Mailbox, host: &str, envelope: &Envelope, letter: &Letter) -> Option<Message> {
    // Over the wire the domain is punycode, so that every server accepts it.
    let to = Address::parse(&envelope.to).ok()?;
    let wire = to.wire().parse::<lettre::Address>().ok()?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, wire))
        .subject(&letter.subject)
        .message_id(Some(format!("<{id}@{host}>")))
        .date(std::time::SystemTime::from(envelope.at))
        .header(AutoSubmitted)
        .header(header::MIME_VERSION_1_0)
        .multipart(MultiPart::alternative_plain_html(
            letter.text.clone(),
            letter.html.clone(),
        ))
        .ok()
}

/// `Auto-Submitted: auto-generated` (RFC 3834), so that no vacation responder answers us.
#[derive(Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
