//! Redirect URIs: which ones a client may register, when one that was sent is one of them, and where it leads in words
//! for people. Pure.

use std::fmt;

use url::Url;

/// The longest that is registered, in bytes.
const LONGEST: usize = 1_000;
/// The hosts of this computer, spelled as clients spell them (RFC 8252 section 7.3, and the `localhost` of section 8.3).
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
/// Schemes that a browser or an operating system acts on itself: a code sent there runs, is shown, or goes astray. Each
/// also stands for what begins with it and a hyphen (`ms-msdt`, `chrome-extension`).
const NOT_AN_APP: [&str; 55] = [
    "about",
    "acap",
    "afp",
    "aim",
    "android",
    "blob",
    "chrome",
    "cid",
    "content",
    "data",
    "dav",
    "dict",
    "dns",
    "edge",
    "facetime",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "git",
    "gopher",
    "http",
    "https",
    "imap",
    "intent",
    "itms",
    "jar",
    "javascript",
    "ldap",
    "ldaps",
    "livescript",
    "mailto",
    "mhtml",
    "mocha",
    "moz",
    "ms",
    "news",
    "nfs",
    "res",
    "resource",
    "search",
    "sftp",
    "shell",
    "sip",
    "sms",
    "smb",
    "ssh",
    "tel",
    "telnet",
    "vbscript",
    "view",
    "ws",
    "wss",
    "x",
];

/// What people read for a program on the computer of their browser.
pub(crate) const THIS_COMPUTER: &str = "this computer";

/// Where a redirect leads. Its `Display` is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// This host, with its port if it is not the usual one.
    Web(String),
    /// A program on the computer of the person's browser.
    ThisComputer,
    /// The app that the person's device opens for this scheme.
    App(String),
}

impl Target {
    /// Where `uri` leads; none if nobody may register it.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        // What a URL parser drops or rewrites (RFC 3986 allows none of it) could make two readers see two targets.
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b);
        if uri.len() > LONGEST || !uri.bytes().all(plain) {
            return None;
        }
        let (scheme, rest) = uri.split_once(':')?;
        let url = Url::parse(uri).ok()?;
        // The parser lower-cases the scheme, and a client that spells it otherwise has no reason to.
        let bare = url.scheme() == scheme && url.username().is_empty() && url.password().is_none();
        if !bare || authority(rest).is_some_and(|authority| authority.contains('@')) {
            return None;
        }
        match scheme {
            "https" => {
                authority(rest).filter(|authority| !authority.is_empty())?;
                let host = url.host_str().filter(|host| !host.is_empty())?;
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                Some(Self::Web(format!("{host}{port}")))
            }
            "http" => loopback(uri).map(|_| Self::ThisComputer),
            app if is_app(app) && rest.starts_with('/') => Some(Self::App(app.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(host) => f.write_str(host),
            Self::ThisComputer => f.write_str(THIS_COMPUTER),
            Self::App(scheme) => write!(f, "the app {scheme}"),
        }
    }
}

/// Whether a client may register `uri`: https to any host, http to this computer only, or an app's own scheme (RFC 8252
/// section 7). Never with a fragment (RFC 6749 section 3.1.2) or a user.
pub(crate) fn may_register(uri: &str) -> bool {
    Target::of(uri).is_some()
}

/// Whether the redirect that a client `sent` is the one that it `registered`: the same text (RFC 9700 section 4.1.3), or
/// on this computer the same path and query, whatever the port (RFC 8252 section 7.3) and the name of the host: known
/// clients register one name and send another.
pub(crate) fn matches(registered: &str, sent: &str) -> bool {
    if !may_register(sent) {
        return false;
    }
    registered == sent
        || loopback(registered).is_some_and(|path| loopback(sent).is_some_and(|other| path == other))
}

/// Where `uri` leads, in words for people: `claude.ai`, `this computer`, `the app cursor`.
pub(crate) fn host_of(uri: &str) -> String {
    Target::of(uri).map_or_else(|| "an unknown place".to_owned(), |target| target.to_string())
}

/// What follows `//` up to the path or the query.
fn authority(rest: &str) -> Option<&str> {
    rest.strip_prefix("//")?.split(['/', '?']).next()
}

/// Path and query of an http URI of this computer.
fn loopback(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("http:")?;
    let authority = authority(rest)?;
    let is_port = |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit());
    let is_loopback = LOOPBACK.iter().any(|host| match authority.strip_prefix(host) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(is_port),
        None => false,
    });
    let path = rest.get("//".len() + authority.len()..)?;
    is_loopback.then_some(if path.is_empty() { "/" } else { path })
}

fn is_app(scheme: &str) -> bool {
    let first = scheme.split('-').next().unwrap_or_default();
    scheme.len() > 1 && !NOT_AN_APP.contains(&first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_known_clients_register_is_taken_and_named() {
        for (uri, leads_to) in [
            ("https://claude.ai/api/mcp/auth_callback", "claude.ai"),
            (
                "https://chatgpt.com/connector_platform_oauth_redirect",
                "chatgpt.com",
            ),
            ("https://grok.com/connectors-oauth-exchange-code/", "grok.com"),
            ("https://vscode.dev/redirect", "vscode.dev"),
            ("https://a.example:8443/cb?x=1", "a.example:8443"),
            ("https://a.example", "a.example"),
            ("http://localhost/callback", "this computer"),
            ("http://localhost:8787/callback", "this computer"),
            ("http://127.0.0.1:33418", "this computer"),
            ("http://127.0.0.1/", "this computer"),
            ("http://[::1]:1/cb?x", "this computer"),
            ("cursor://anysphere.cursor-mcp/oauth/callback", "the app cursor"),
            (
                "cursor://anysphere.cursor-mcp/oauth/user-ana/callback",
                "the app cursor",
            ),
            (
                "vscode://vscode.github-authentication/did-authenticate",
                "the app vscode",
            ),
            ("com.example.app:/oauth", "the app com.example.app"),
        ] {
            assert!(may_register(uri), "{uri}");
            assert!(matches(uri, uri), "{uri}");
            assert_eq!(host_of(uri), leads_to);
        }
    }

    /// Hard case 89.
    #[test]
    fn what_runs_shows_or_goes_astray_is_refused() {
        for uri in [
            "",
            "claude.ai/callback",
            "/callback",
            "http://a.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost.evil.example/cb",
            "http://localhost@evil.example/cb",
            "http://localhost:80@evil.example/cb",
            "http://evil.example/?http://localhost/",
            "http://127.1/cb",
            "http://2130706433/cb",
            "http://0177.0.0.1/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://localhost:/cb",
            "http://localhost:99999/cb",
            "http://localhost:+80/cb",
            "http://localhost:8080x/cb",
            "http:/localhost/cb",
            "http:localhost/cb",
            "http://LOCALHOST/cb",
            "https://user@a.example/cb",
            "https://user:word@a.example/cb",
            "https://@a.example/cb",
            "https://:@a.example/cb",
            "https://a.example/cb#",
            "https://a.example/cb#x",
            "https:a.example/cb",
            "https:/a.example/cb",
            "https:///a.example/cb",
            "https://",
            "HTTPS://a.example/cb",
            " https://a.example/cb",
            "https://a.example/cb ",
            "https://a.example/c b",
            "\u{1}https://a.example/cb",
            "https://a.example/cb\n",
            "https://a.exa\tmple/cb",
            "https:\\\\a.example\\cb",
            "https://a.example\\@evil.example/",
            "https://münchen.example/cb",
            "javascript:alert(1)",
            "javascript://a.example/%0aalert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "data:/x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.example/x",
            "blob:/x",
            "about:blank",
            "view-source:https://a.example/",
            "filesystem:https://a.example/x",
            "intent://a#Intent;end",
            "intent://scan/x",
            "android-app://com.example/x",
            "content://x/y",
            "chrome://settings",
            "chrome-extension://abc/x",
            "moz-extension://abc/x",
            "ms-msdt:/id",
            "ms-settings://x",
            "search-ms://x",
            "mailto:a@b.example",
            "tel:/1",
            "ftp://a.example/x",
            "ws://a.example/x",
            "wss://a.example/x",
            "x-apple.systempreferences:/x",
            "cursor:callback",
            "cursor:",
            "cursor://a@b/cb",
            "cursor://a/cb#x",
            "c:/windows",
            "1a://x",
        ] {
            assert!(!may_register(uri), "{uri:?}");
            assert!(!matches(uri, uri), "{uri:?}");
        }
        let path = "x".repeat(LONGEST);
        assert!(!may_register(&format!("https://a.example/{path}")));
        assert_eq!(host_of("javascript:alert(1)"), "an unknown place");
    }

    #[test]
    fn on_this_computer_the_port_and_the_name_of_the_host_may_differ() {
        let registered = "http://localhost/callback";
        for sent in [
            "http://localhost/callback",
            "http://localhost:51234/callback",
            "http://127.0.0.1:51234/callback",
            "http://[::1]:1/callback",
        ] {
            assert!(matches(registered, sent), "{sent}");
            assert!(matches(sent, registered), "{sent}");
        }
        for sent in [
            "http://localhost:51234/",
            "http://localhost:51234/callback/",
            "http://localhost:51234/Callback",
            "http://localhost:51234/callback?x=1",
            "http://localhost:51234/x/../callback",
            "http://localhost:51234/callback#x",
            "http://localhost:51234@evil.example/callback",
            "https://localhost/callback",
            "https://localhost:51234/callback",
            "http://evil.example/callback",
        ] {
            assert!(!matches(registered, sent), "{sent}");
        }
        assert!(matches("http://127.0.0.1:33418", "http://127.0.0.1:9/"));
    }

    #[test]
    fn elsewhere_nothing_may_differ() {
        let registered = "https://a.example/cb";
        for sent in [
            "https://a.example/cb/",
            "https://a.example/cb?x",
            "https://a.example:443/cb",
            "https://A.example/cb",
            "https://a.example/./cb",
            "https://a.example/%63b",
            "http://a.example/cb",
            "https://b.example/cb",
        ] {
            assert!(!matches(registered, sent), "{sent}");
        }
        assert!(!matches(
            "cursor://anysphere.cursor-mcp/cb",
            "cursor://anysphere.cursor-mcp/CB"
        ));
    }

    proptest! {
        #[test]
        fn what_may_be_registered_leads_where_a_browser_goes(
            uri in "\\PC{0,40}|https?://[a-z0-9.@:/?#\\[\\]\\\\-]{0,30}|[a-z.-]{1,12}:/{0,3}[a-z@:/?#]{0,20}|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])[:@./a-z0-9]{0,12}"
        ) {
            if let Some(target) = Target::of(&uri) {
                let url = Url::parse(&uri).unwrap();
                prop_assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
                match target {
                    Target::Web(host) => {
                        prop_assert_eq!(url.scheme(), "https");
                        prop_assert!(host.starts_with(url.host_str().unwrap()));
                    }
                    Target::ThisComputer => {
                        prop_assert_eq!(url.scheme(), "http");
                        prop_assert!(matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")));
                    }
                    Target::App(scheme) => {
                        prop_assert_eq!(url.scheme(), scheme);
                        prop_assert!(!uri.starts_with("javascript") && !uri.starts_with("data"));
                    }
                }
            }
        }

        #[test]
        fn a_match_leads_to_the_same_place(
            one in "(https?|cursor)://(localhost|127\\.0\\.0\\.1|a\\.example)(:[0-9]{1,5})?(/[ab]{0,2})?(\\?[ab])?",
            other in "(https?|cursor)://(localhost|127\\.0\\.0\\.1|a\\.example)(:[0-9]{1,5})?(/[ab]{0,2})?(\\?[ab])?",
        ) {
            if matches(&one, &other) {
                let (first, second) = (Url::parse(&one).unwrap(), Url::parse(&other).unwrap());
                prop_assert_eq!(Target::of(&one), Target::of(&other));
                prop_assert_eq!((first.scheme(), first.path(), first.query()), (second.scheme(), second.path(), second.query()));
                prop_assert!(one == other || Target::of(&one) == Some(Target::ThisComputer));
            }
            prop_assert_eq!(matches(&one, &one), may_register(&one));
        }

        #[test]
        fn any_port_of_this_computer_will_do(port in any::<u16>(), path in "(/[a-z]{1,5}){0,3}") {
            let sent = format!("http://localhost:{port}{path}");
            let [same, other] = ["", "/other"].map(|more| format!("http://127.0.0.1{path}{more}"));
            prop_assert!(matches(&same, &sent) && !matches(&other, &sent));
        }
    }
}
