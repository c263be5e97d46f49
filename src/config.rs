//! Every setting: an environment variable or a flag, checked once at start. A test keeps `.env.example` in step.
//!
//! No I/O here except reading the environment. Settings are read nowhere else.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{
    builder::{RangedI64ValueParser, RangedU64ValueParser},
    value_parser,
};
use secrecy::SecretString;
use url::Url;

use crate::{ids::ConnectorId, secrets::KeyRing};

/// An absolute origin such as `https://icusync.example`: no path, no query, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Url);

impl Origin {
    /// The origin without a trailing slash, for building absolute URLs.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// `host` or `host:port` exactly as a browser sends it in `Host`.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The origin with the name of its host; none for an IP address.
    pub fn named(&self) -> Option<(&Url, &str)> {
        Some((&self.0, self.0.domain()?))
    }

    /// Whether it is https, so that cookies may be `Secure`.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The absolute URL of `path`, which begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.as_str())
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|_| "must be an absolute URL such as https://icusync.example".to_owned())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        // It goes into policies and headers, where `;` or a quote would end the value around it. `Url` lets them pass.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
        let plain = url.host_str().is_some_and(|host| host.bytes().all(plain));
        match url.scheme() {
            _ if !plain => Err("the host must be a name or an address".to_owned()),
            _ if !bare => Err("must be only scheme, host and port: no path, query or user".to_owned()),
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            _ => Err("must be https (http only for this machine: localhost, 127.0.0.1 or [::1])".to_owned()),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Who may sign up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignUp {
    /// Anyone.
    Open,
    /// Nobody; `icusync account create` makes accounts.
    Closed,
    /// These addresses, any address of these domains, or these athletes (`i12345`); lower-cased.
    Only(Vec<String>),
}

impl SignUp {
    /// Whether the person with this address key (lower-cased, punycode domain) may sign up.
    pub fn allows(&self, email_key: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Only(list) => {
                let domain = email_key.rsplit_once('@').map_or("", |(_, domain)| domain);
                let mut entries = list.iter().filter(|entry| !is_athlete(entry));
                entries.any(|entry| entry == email_key || entry.trim_start_matches('@') == domain)
            }
        }
    }

    /// Whether the athlete with this id may sign up with intervals.icu, without an address.
    pub fn allows_athlete(&self, athlete_id: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Only(list) => list.iter().any(|entry| entry.eq_ignore_ascii_case(athlete_id)),
        }
    }

    /// Whether an address can be one that may sign up.
    pub fn takes_addresses(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Only(list) => !list.iter().all(|entry| is_athlete(entry)),
        }
    }
}

/// Whether an entry of the list is an athlete id: `i12345`, or bare digits for an old sign-up through Strava.
fn is_athlete(entry: &str) -> bool {
    let digits = entry.strip_prefix('i').unwrap_or(entry);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

impl FromStr for SignUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            list => {
                let entries: Vec<String> = list
                    .split(',')
                    .map(|entry| entry.trim().to_lowercase())
                    .filter(|entry| !entry.is_empty())
                    .collect();
                let all_fit = entries
                    .iter()
                    .all(|entry| entry.contains('.') || entry.contains('@') || is_athlete(entry));
                if entries.is_empty() || !all_fit {
                    return Err(
                        "must be open, closed, or a comma-separated list of addresses, domains and athlete ids".to_owned(),
                    );
                }
                Ok(Self::Only(entries))
            }
        }
    }
}

/// One address, or a network of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses(ipnet::IpNet);

impl Addresses {
    /// Whether `address` is one of them; an IPv4-mapped IPv6 address counts as IPv4.
    pub fn contains(&self, address: std::net::IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Addresses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = |text: &str| {
            text.parse()
                .map(|address: std::net::IpAddr| address.to_canonical().into())
        };
        text.parse()
            .or_else(|_| address(text))
            .map(Self)
            .map_err(|_| "must be an address or a network such as 10.0.0.0/8".to_owned())
    }
}

/// The identifier of an outside identity provider (OpenID Connect Discovery section 2): https, or http on this machine, with
/// a path or without, and in the one spelling that the provider itself uses, a slash at its end included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// As it was set, and as it must be in the provider's metadata and tokens.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of its host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether it is http on this machine, so that the provider's other URLs may be too.
    pub fn is_plain_http(&self) -> bool {
        self.url.scheme() == "http"
    }
}

impl FromStr for Issuer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| {
            "must be the issuer of your provider, such as https://id.example/realms/club".to_owned()
        })?;
        let origin = url.origin().ascii_serialization();
        // The rules of an origin hold for its host, and what follows is a path alone.
        origin.parse::<Origin>()?;
        let rest = text.strip_prefix(&origin).unwrap_or("?");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%:@!$&'()*+,=".contains(&b);
        if !(rest.is_empty() || rest.starts_with('/')) || !rest.bytes().all(plain) {
            return Err(
                "must be only scheme, host, port and path, spelled as in your provider's metadata".to_owned(),
            );
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// The range of a limit on how often something may happen.
fn share() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(1..=1_000_000)
}

/// Every setting of `icusync serve`. The doc comment of a field is its `--help` and its line in `.env.example`.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// The origin of the pages: https (http only on this machine).
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8080")]
    pub public_url: Origin,
    /// The origin of the connector URLs: not the host of `PUBLIC_URL`, because Claude forces OAuth on a host that offers it.
    #[arg(long, env = "LINK_URL", default_value = "http://127.0.0.1:8080")]
    pub link_url: Origin,
    /// Address and port to listen on, for both hosts.
    #[arg(long, env = "BIND", default_value = "127.0.0.1:8080")]
    pub bind: SocketAddr,
    /// Address and port for Prometheus; keep it private.
    #[arg(long, env = "METRICS_BIND", default_value = "127.0.0.1:9464")]
    pub metrics_bind: SocketAddr,
    /// A PostgreSQL to use. Without it, icusync runs a private one with this machine's PostgreSQL binaries.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// Maximum number of connections to PostgreSQL.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 16, value_parser = value_parser!(u32).range(1..=1_000))]
    pub database_connections: u32,
    /// Folder of the private PostgreSQL, its key file and undelivered emails. As root: /var/lib/icusync.
    #[arg(long, env = "DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The unprivileged user that runs the private PostgreSQL when icusync starts as root.
    #[arg(long, env = "POSTGRES_USER")]
    pub postgres_user: Option<String>,
    /// Sealing keys: `id2:BASE64,id1:BASE64`, 32 bytes each. The first seals, all of them open.
    #[arg(long, env = "SEAL_KEYS", hide_env_values = true)]
    pub seal_keys: Option<SecretString>,
    /// Starts even if these keys do not open every sealed value. Those values are given up; /readyz and Status say so.
    #[arg(long, env = "ACCEPT_LOST_SEALS", default_value_t = false, num_args = 0..=1, require_equals = true,
        default_missing_value = "true", action = clap::ArgAction::Set)]
    pub accept_lost_seals: bool,
    /// Who may sign up: open, closed, or addresses, domains and athlete ids (`i12345`). Without it: open with SMTP, else closed.
    #[arg(long, env = "SIGN_UP")]
    pub sign_up: Option<SignUp>,
    /// The intervals.icu to use.
    #[arg(long, env = "INTERVALS_URL", default_value = "https://intervals.icu")]
    pub intervals_url: Origin,
    /// The client id of your intervals.icu app.
    #[arg(long, env = "INTERVALS_CLIENT_ID")]
    pub intervals_client_id: Option<String>,
    /// The client secret of your intervals.icu app.
    #[arg(long, env = "INTERVALS_CLIENT_SECRET", hide_env_values = true)]
    pub intervals_client_secret: Option<SecretString>,
    /// Whether athletes may connect with an API key. Without it: yes if there is no intervals.icu app.
    #[arg(long, env = "INTERVALS_API_KEYS")]
    pub intervals_api_keys: Option<bool>,
    /// Requests a second from this process to intervals.icu, which allows 10 from one address.
    #[arg(long, env = "INTERVALS_PER_SECOND", default_value_t = 8, value_parser = value_parser!(u32).range(1..=100_000))]
    pub intervals_per_second: u32,
    /// Requests a day that each athlete can count on: a fair share of the app's pool.
    #[arg(long, env = "INTERVALS_PER_DAY", default_value_t = 100, value_parser = share())]
    pub intervals_per_day: u32,
    /// The issuer of the OpenID Connect provider through which people can sign in, spelled as in its metadata.
    #[arg(long, env = "OIDC_ISSUER")]
    pub oidc_issuer: Option<Issuer>,
    /// The client id that IcuSync has at the provider.
    #[arg(long, env = "OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// The client secret that IcuSync has at the provider.
    #[arg(long, env = "OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<SecretString>,
    /// What people call the provider: the button says "Continue with" this. Without it: the issuer's host.
    #[arg(long, env = "OIDC_NAME")]
    pub oidc_name: Option<String>,
    /// The scopes to ask the provider for, separated by spaces. Add what it wants before it sends groups (often `groups`)
    /// and a refresh token (often `offline_access`), so that it can be asked again.
    #[arg(long, env = "OIDC_SCOPES", default_value = "openid email profile")]
    pub oidc_scopes: String,
    /// The claim in which the provider lists a person's groups.
    #[arg(long, env = "OIDC_GROUPS_CLAIM", default_value = "groups")]
    pub oidc_groups_claim: String,
    /// Values of the provider's `amr` claim that count as a second factor, separated by commas. Without it: people with a
    /// passkey or one-time codes here are asked for them after the provider.
    #[arg(long, env = "OIDC_TRUSTED_AMR", value_delimiter = ',')]
    pub oidc_trusted_amr: Vec<String>,
    /// Minutes after which the provider is asked again for what the policy uses, such as groups.
    #[arg(long, env = "OIDC_RECHECK", default_value_t = 15, value_parser = value_parser!(u32).range(1..=1440))]
    pub oidc_recheck: u32,
    /// Where emails go: `smtps://user:password@host` or `smtp://user:password@host:587?tls=required`. Without it, they
    /// are written to the folder `mail` next to the data.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<SecretString>,
    /// A PEM file of certificate authorities to trust for the mail server, as well as those of the web.
    #[arg(long, env = "SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,
    /// The sender of emails.
    #[arg(long, env = "MAIL_FROM", default_value = "IcuSync <icusync@localhost>")]
    pub mail_from: String,
    /// Where people can write for help; shown on the pages.
    #[arg(long, env = "SUPPORT_EMAIL")]
    pub support_email: Option<String>,
    /// The header in which your proxy passes on the client's address (`Fly-Client-IP`, `X-Forwarded-For`).
    #[arg(long, env = "CLIENT_IP_HEADER")]
    pub client_ip_header: Option<String>,
    /// Addresses or networks (`172.16.0.0/12`) of the proxies whose `CLIENT_IP_HEADER` is trusted, separated by commas.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Addresses>,
    /// Failed sign-ins a minute from one client address, and other costly requests a minute.
    #[arg(long, env = "SIGN_INS_PER_MINUTE", default_value_t = 10, value_parser = share())]
    pub sign_ins_per_minute: u32,
    /// Failed sign-ins a minute for one email address from one client address; wrong passwords a minute in one session.
    #[arg(long, env = "SIGN_INS_PER_ADDRESS", default_value_t = 5, value_parser = share())]
    pub sign_ins_per_address: u32,
    /// Failed sign-ins an hour for one email address from anywhere. Above that its owner has to wait too: keep it high.
    #[arg(long, env = "SIGN_INS_PER_ADDRESS_AN_HOUR", default_value_t = 100, value_parser = share())]
    pub sign_ins_per_address_an_hour: u32,
    /// Sign-ups an hour from one client address.
    #[arg(long, env = "SIGN_UPS_PER_HOUR", default_value_t = 5, value_parser = share())]
    pub sign_ups_per_hour: u32,
    /// Sign-ups an hour through the identity provider from one client address: a whole club may have one.
    #[arg(long, env = "PROVIDER_SIGN_UPS_PER_HOUR", default_value_t = 100, value_parser = share())]
    pub provider_sign_ups_per_hour: u32,
    /// Clients that register an hour from one client address.
    #[arg(long, env = "REGISTRATIONS_PER_HOUR", default_value_t = 30, value_parser = share())]
    pub registrations_per_hour: u32,
    /// Networks from which known clients register for all their people (Anthropic's), separated by commas.
    #[arg(
        long,
        env = "CLIENT_EGRESS",
        value_delimiter = ',',
        default_value = "160.79.104.0/21,2607:6bc0::/48"
    )]
    pub client_egress: Vec<Addresses>,
    /// Clients that register an hour from the networks of CLIENT_EGRESS together.
    #[arg(long, env = "CLIENT_EGRESS_REGISTRATIONS_PER_HOUR", default_value_t = 3_000, value_parser = share())]
    pub client_egress_registrations_per_hour: u32,
    /// Emails of one kind an hour to one address.
    #[arg(long, env = "MAILS_PER_HOUR", default_value_t = 3, value_parser = share())]
    pub mails_per_hour: u32,
    /// Emails an hour to addresses that have neither an account nor an athlete; one client address gets a tenth of that.
    #[arg(long, env = "STRANGER_MAILS_PER_HOUR", default_value_t = 200, value_parser = share())]
    pub stranger_mails_per_hour: u32,
    /// Emails a day on behalf of one account.
    #[arg(long, env = "MAILS_PER_DAY", default_value_t = 20, value_parser = share())]
    pub mails_per_day: u32,
    /// Invites a day from one account.
    #[arg(long, env = "INVITES_PER_DAY", default_value_t = 20, value_parser = share())]
    pub invites_per_day: u32,
    /// Tool calls a minute for one connector URL.
    #[arg(long, env = "CALLS_PER_MINUTE", default_value_t = 120, value_parser = share())]
    pub calls_per_minute: u32,
    /// Tool calls that run at once for one connector URL; more wait.
    #[arg(long, env = "CALLS_AT_ONCE", default_value_t = 8, value_parser = value_parser!(u32).range(1..=1_000))]
    pub calls_at_once: u32,
    /// Requests a minute to the link host without a valid token, from all clients together.
    #[arg(long, env = "STRANGERS_PER_MINUTE", default_value_t = 600, value_parser = share())]
    pub strangers_per_minute: u32,
    /// Minutes for which the code of a sign-in can be exchanged.
    #[arg(long, env = "CODE_MINUTES", default_value_t = 2, value_parser = value_parser!(u32).range(1..=10))]
    pub code_minutes: u32,
    /// Days for which an access token is valid.
    #[arg(long, env = "ACCESS_DAYS", default_value_t = 14, value_parser = value_parser!(u32).range(1..=365))]
    pub access_days: u32,
    /// Days after which a sign-in that is not used ends.
    #[arg(long, env = "REFRESH_DAYS", default_value_t = 180, value_parser = value_parser!(u32).range(1..=3650))]
    pub refresh_days: u32,
    /// Days after which a sign-in ends, even if it is used.
    #[arg(long, env = "SIGN_IN_DAYS", default_value_t = 365, value_parser = value_parser!(u32).range(1..=3650))]
    pub sign_in_days: u32,
    /// Password hashes computed at once (19 MiB and a thread each).
    #[arg(long, env = "PASSWORDS_AT_ONCE", default_value_t = 4, value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub passwords_at_once: usize,
    /// Where a client's headers and its message name different MCP revisions, the message wins. Off for conformance runs.
    #[arg(long, env = "MCP_HEADER_SHIM", default_value_t = true, action = clap::ArgAction::Set)]
    pub mcp_header_shim: bool,
    /// Speaks no MCP revision newer than 2025-11-25.
    #[arg(long, env = "MCP_LEGACY_ONLY", default_value_t = false, action = clap::ArgAction::Set)]
    pub mcp_legacy_only: bool,
    /// Seconds that a tool call may take.
    #[arg(long, env = "CALL_SECONDS", default_value_t = 25, value_parser = value_parser!(u64).range(1..=240))]
    pub call_seconds: u64,
    /// What is logged, as tracing directives. Other crates log at info at most: they do not know what is secret.
    #[arg(long, env = "LOG", default_value = "info,rmcp=warn,sqlx=warn,hyper=warn")]
    pub log: String,
    /// The format of log lines.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
}

impl Config {
    /// Every setting at its default, whatever the environment says. For tests and the demo.
    pub fn defaults() -> Self {
        use clap::{Args as _, FromArgMatches as _, builder::Resettable};
        let command =
            Self::augment_args(clap::Command::new("icusync")).mut_args(|arg| arg.env(Resettable::Reset));
        let matches = command.get_matches_from(["icusync"]);
        Self::from_arg_matches(&matches).expect("every setting has a default or is optional")
    }

    /// Checks what parsing one setting cannot show. The message names the settings and says what to write.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.public_url.authority() != self.link_url.authority(),
            "PUBLIC_URL and LINK_URL must be different hosts (for example icusync.example and links.icusync.example; on one \
             machine http://localhost:8080 and http://127.0.0.1:8080)"
        );
        anyhow::ensure!(
            self.intervals_client_id.is_some() == self.intervals_client_secret.is_some(),
            "set both INTERVALS_CLIENT_ID and INTERVALS_CLIENT_SECRET, or neither"
        );
        self.check_provider()?;
        anyhow::ensure!(
            self.client_ip_header.is_some() != self.trusted_proxies.is_empty(),
            "set both CLIENT_IP_HEADER and TRUSTED_PROXIES, or neither"
        );
        anyhow::ensure!(
            self.database_url.is_none() || self.seal_keys.is_some(),
            "set SEAL_KEYS when you set DATABASE_URL: a key file on this machine could be lost while the database is \
             elsewhere. Make a key with `icusync keys`"
        );
        self.key_ring()?;
        anyhow::ensure!(
            self.smtp_ca_file.is_none() || self.smtp_url.is_some(),
            "SMTP_CA_FILE is for a mail server: set SMTP_URL too, or leave out both"
        );
        self.mail_from.parse::<lettre::message::Mailbox>().map_err(|_| {
            anyhow::anyhow!("MAIL_FROM must be an address such as IcuSync <mail@icusync.example>")
        })?;
        if let Some(address) = &self.support_email {
            address.parse::<lettre::Address>().map_err(|_| {
                anyhow::anyhow!("SUPPORT_EMAIL must be an address such as help@icusync.example")
            })?;
        }
        Ok(())
    }

    fn check_provider(&self) -> anyhow::Result<()> {
        let given = [
            self.oidc_issuer.is_some(),
            self.oidc_client_id.is_some(),
            self.oidc_client_secret.is_some(),
        ];
        anyhow::ensure!(
            given.iter().all(|given| *given) || !given.contains(&true),
            "set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of them"
        );
        anyhow::ensure!(
            self.oidc_scopes
                .split_ascii_whitespace()
                .any(|scope| scope == "openid"),
            "OIDC_SCOPES must contain openid"
        );
        let is_claim =
            !self.oidc_groups_claim.is_empty() && !self.oidc_groups_claim.contains(char::is_whitespace);
        anyhow::ensure!(
            is_claim,
            "OIDC_GROUPS_CLAIM must be the name of a claim, such as groups"
        );
        Ok(())
    }

    /// Who may sign up: as set, otherwise what is possible. Without SMTP nobody could confirm an address.
    pub fn sign_up(&self) -> SignUp {
        self.sign_up.clone().unwrap_or(if self.smtp_url.is_some() {
            SignUp::Open
        } else {
            SignUp::Closed
        })
    }

    /// Whether anyone can sign up.
    pub fn is_sign_up_open(&self) -> bool {
        self.sign_up() != SignUp::Closed
    }

    /// The absolute URL of a page, whose path begins with a slash.
    pub fn page_url(&self, path: &str) -> String {
        self.public_url.join(path)
    }

    /// The athlete's dashboard, where a connection is managed.
    pub fn dashboard_url(&self) -> String {
        self.page_url("/dashboard")
    }

    /// The athlete's page about the connector: what it offers, and whether it may change anything.
    pub fn connector_page(&self) -> String {
        self.page_url("/connector")
    }

    /// The athlete's page Coaches, where grants are managed.
    pub fn coaches_url(&self) -> String {
        self.page_url("/coaches")
    }

    /// The public page for coaches.
    pub fn for_coaches_url(&self) -> String {
        self.page_url("/for-coaches")
    }

    /// The URL of the MCP endpoint for clients that sign in. It is also the name of the protected resource (RFC 8707).
    pub fn mcp_url(&self) -> String {
        self.page_url("/mcp")
    }

    /// The page of one sign-in of an athlete.
    pub fn app_url(&self, id: ConnectorId) -> String {
        self.page_url(&format!("/apps/{id}"))
    }

    /// The connector URL with this token. An MCP client needs it, and anyone who has it gets in.
    pub fn connector_url(&self, token: &str) -> String {
        self.link_url.join(&format!("/mcp/{token}"))
    }

    /// How long a tool call may take.
    pub fn call_time(&self) -> Duration {
        Duration::from_secs(self.call_seconds)
    }

    /// Whether the one-click connect is offered.
    pub fn offers_oauth(&self) -> bool {
        self.intervals_client_id.is_some()
    }

    /// The issuer of the outside identity provider, if one is set up.
    pub fn issuer(&self) -> Option<&str> {
        self.oidc_issuer.as_ref().map(Issuer::as_str)
    }

    /// Whether people can sign in through an outside identity provider.
    pub fn offers_provider(&self) -> bool {
        self.oidc_issuer.is_some()
    }

    /// What people call the provider, if there is one.
    pub fn provider_name(&self) -> Option<&str> {
        let host = self.oidc_issuer.as_ref()?.host();
        Some(self.oidc_name.as_deref().unwrap_or(host))
    }

    /// Whether connecting with an API key is offered.
    pub fn offers_api_keys(&self) -> bool {
        self.intervals_api_keys.unwrap_or(!self.offers_oauth())
    }

    /// The key ring of `SEAL_KEYS`, if it is set.
    pub fn key_ring(&self) -> anyhow::Result<Option<KeyRing>> {
        use secrecy::ExposeSecret as _;
        let ring = self
            .seal_keys
            .as_ref()
            .map(|text| KeyRing::parse(text.expose_secret()))
            .transpose();
        ring.map_err(|error| anyhow::anyhow!("SEAL_KEYS: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::{any::TypeId, collections::BTreeSet};

    use clap::{Arg, Args as _, Command, builder::Resettable};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// An accepted origin is safe before a path and in a policy, and parses as itself.
        #[test]
        fn an_accepted_origin_is_bare(text in "\\PC{0,40}|https?://\\PC{0,30}|https?://[a-z0-9.@:/?#\\[\\]-]{0,30}") {
            if let Ok(origin) = text.parse::<Origin>() {
                prop_assert!(origin.is_https() || origin.is_loopback());
                let shown = origin.as_str();
                prop_assert!(!shown.ends_with('/') && shown.matches('/').count() == 2, "{}", shown);
                prop_assert!(!shown.contains(['@', '?', '#', ' ', ';', '\'', '"', '\\']), "{}", shown);
                prop_assert!(shown.ends_with(&origin.authority()));
                prop_assert_eq!(shown.parse::<Origin>(), Ok(origin.clone()));
            }
        }

        #[test]
        fn no_value_panics(text in "\\PC{0,60}|[a-z0-9.:/,@ ]{0,60}", address in any::<[u8; 4]>(), bits in 0_u8..=32) {
            let _ = text.parse::<Addresses>();
            let _ = text.parse::<SignUp>().map(|sign_up| sign_up.allows(&text));
            let _ = KeyRing::parse(&text);
            let address = std::net::IpAddr::from(address);
            let network: Addresses = format!("{address}/{bits}").parse().unwrap();
            prop_assert!(network.contains(address));
            let std::net::IpAddr::V4(v4) = address else { unreachable!() };
            prop_assert!(network.contains(v4.to_ipv6_mapped().into()));
        }
    }

    #[test]
    fn every_setting_is_in_the_example_and_nothing_else_is() {
        let command = Config::augment_args(Command::new("icusync"));
        let known: BTreeSet<String> = command
            .get_arguments()
            .filter_map(|arg| arg.get_env())
            .map(|env| env.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            known.len(),
            command.get_arguments().count(),
            "each setting has a variable"
        );
        let example = include_str!("../.env.example");
        let listed: BTreeSet<String> = example
            .lines()
            .filter_map(|line| line.trim_start_matches("# ").split_once('='))
            .map(|(name, _)| name.to_owned())
            .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
            .collect();
        assert_eq!(known, listed);
    }

    #[test]
    fn a_certificate_authority_without_a_mail_server_is_a_mistake() {
        let mut config = Config::defaults();
        config.link_url = "http://127.0.0.1:8081".parse().unwrap();
        config.smtp_ca_file = Some("ca.pem".into());
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("SMTP_CA_FILE"), "{error}");
        config.smtp_url = Some("smtps://mail.example".to_owned().into());
        config.check().unwrap();
    }

    #[test]
    fn a_number_out_of_its_range_is_refused_by_name() {
        let command = Config::augment_args(Command::new("icusync"));
        let numbers = [
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<usize>(),
            TypeId::of::<i32>(),
            TypeId::of::<i64>(),
            TypeId::of::<f64>(),
        ];
        let is_number = |arg: &&Arg| {
            let by_default = arg
                .get_default_values()
                .iter()
                .any(|value| value.to_str().is_some_and(|value| value.parse::<f64>().is_ok()));
            by_default
                || numbers
                    .iter()
                    .any(|number| arg.get_value_parser().type_id() == *number)
        };
        let settings: Vec<&Arg> = command.get_arguments().filter(is_number).collect();
        assert!(settings.len() >= 16, "{settings:?}");
        for setting in settings {
            let (flag, name) = (setting.get_long().unwrap(), setting.get_env().unwrap());
            let set = |value: &str| {
                let command = command.clone().mut_args(|arg| arg.env(Resettable::Reset));
                command.try_get_matches_from(["icusync".to_owned(), format!("--{flag}={value}")])
            };
            assert!(set("1").is_ok(), "{flag}");
            for beyond in ["0", "-1", "4294967295", "18446744073709551615", "1e3", "", "many"] {
                let error = set(beyond).unwrap_err().to_string();
                assert!(
                    error.contains(name.to_str().unwrap()) && error.contains(beyond),
                    "{flag}={beyond}: {error}"
                );
            }
        }
    }

    #[test]
    fn malformed_keys_are_a_mistake_before_anything_is_done() {
        let mut config = Config::defaults();
        config.link_url = "http://127.0.0.1:8081".parse().unwrap();
        config.seal_keys = Some("k1:AAAA".to_owned().into());
        let error = config.check().unwrap_err().to_string();
        assert!(
            error.starts_with("SEAL_KEYS") && !error.contains("AAAA"),
            "{error}"
        );
    }

    #[test]
    fn origins_are_bare_and_safe() {
        for good in [
            "https://icusync.example",
            "http://localhost:8080",
            "http://127.0.0.1:8080/",
            "http://[::1]:1",
        ] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for bad in [
            "icusync.example",
            "http://icusync.example",
            "https://a.example/path",
            "https://u@a.example",
            "https://:p@a.example",
            "ftp://a",
            "http://10.0.0.1",
            "https://a.example;script-src",
            "https://a'b.example",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        assert_eq!(
            "https://a.example:8443/".parse::<Origin>().unwrap().authority(),
            "a.example:8443"
        );
        assert_eq!(
            "https://a.example:443".parse::<Origin>().unwrap().authority(),
            "a.example"
        );
    }

    #[test]
    fn an_issuer_is_kept_as_it_is_spelled() {
        for good in [
            "https://id.example",
            "https://id.example/",
            "https://id.example:8443/realms/club",
            "https://id.example/a%20b/",
            "http://localhost:8091",
            "http://127.0.0.1:8091/x",
        ] {
            assert_eq!(good.parse::<Issuer>().unwrap().as_str(), good);
        }
        for bad in [
            "id.example",
            "http://id.example",
            "https://ID.example",
            "https://id.example:443",
            "https://id.example?x=1",
            "https://id.example/#x",
            "https://u:p@id.example/",
            "https://id.example/a b",
            "https://id.example\\x",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_provider_needs_its_three_settings() {
        let mut config = Config::defaults();
        config.link_url = "http://127.0.0.1:8081".parse().unwrap();
        config.check().unwrap();
        assert!(!config.offers_provider() && config.provider_name().is_none());
        config.oidc_issuer = Some("https://id.example/club".parse().unwrap());
        config.oidc_client_id = Some("icusync".to_owned());
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("OIDC_CLIENT_SECRET"), "{error}");
        config.oidc_client_secret = Some("secret".to_owned().into());
        config.check().unwrap();
        assert_eq!(
            (config.offers_provider(), config.provider_name()),
            (true, Some("id.example"))
        );
        config.oidc_name = Some("The club".to_owned());
        assert_eq!(config.provider_name(), Some("The club"));
        config.oidc_scopes = "email".to_owned();
        assert!(config.check().unwrap_err().to_string().contains("OIDC_SCOPES"));
    }

    #[test]
    fn sign_up_lists_take_addresses_and_domains() {
        let only: SignUp = "ana@example.test, club.example".parse().unwrap();
        assert!(only.allows("ana@example.test") && only.allows("x@club.example"));
        assert!(!only.allows("bob@example.test") && !only.allows("x@notclub.example"));
        assert!("nonsense".parse::<SignUp>().is_err());
        assert!(!only.allows_athlete("i1") && only.takes_addresses());
        let athletes: SignUp = "I12345, 2049151".parse().unwrap();
        assert!(athletes.allows_athlete("i12345") && athletes.allows_athlete("2049151"));
        assert!(!athletes.allows_athlete("i1234") && !athletes.allows_athlete("12345"));
        assert!(!athletes.allows("i12345") && !athletes.allows("a@i12345"));
        assert!(!athletes.takes_addresses());
        assert!(SignUp::Open.allows_athlete("i1") && !SignUp::Closed.allows_athlete("i1"));
    }
}
