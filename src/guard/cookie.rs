//! Cookies: how we write them, and how strictly we read them.
//!
//! What a cookie means is for its owner; nothing here knows accounts or tokens.

use std::fmt::Write as _;

use chrono::Duration;
use http::{HeaderMap, HeaderValue, header::COOKIE};

/// `Cookie` headers larger than this are not read: our own take less than 7 kB, most of it [`DRAFT`].
const LONGEST_HEADERS: usize = 8 * 1024;

/// One of our own cookies. Over https its name has the `__Host-` prefix (RFC 6265bis section 4.1.3.2), so that no other
/// host or path can set it; over http, used only on this machine, browsers would refuse that prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookie {
    /// The name without prefix.
    pub name: &'static str,
}

/// A browser's session.
pub(crate) const SESSION: Cookie = Cookie { name: "s" };
/// The token of an opened confirm link.
pub(crate) const CONFIRM: Cookie = Cookie { name: "confirm" };
/// The token of an opened reset link.
pub(crate) const RESET: Cookie = Cookie { name: "reset" };
/// The token of an opened link to change the address.
pub(crate) const ADDRESS: Cookie = Cookie { name: "address" };
/// The token of an opened link to free an athlete.
pub(crate) const RELEASE: Cookie = Cookie { name: "release" };
/// The token of an opened link to resend a coach's URL.
pub(crate) const RESEND: Cookie = Cookie { name: "resend" };
/// The token of an opened link to regenerate a coach's URL.
pub(crate) const REGENERATE: Cookie = Cookie { name: "regenerate" };
/// The token of an opened link to a coach's roster.
pub(crate) const ROSTER: Cookie = Cookie { name: "roster" };
/// A coach's visit to their roster.
pub(crate) const VISIT: Cookie = Cookie { name: "visit" };
/// A consent at intervals.icu of which it is not known yet whose account it is for.
pub(crate) const CONSENT: Cookie = Cookie { name: "consent" };
/// What this browser's last consent at intervals.icu shared: a hint for what to ask for next, and no secret.
pub(crate) const SHARED: Cookie = Cookie { name: "shared" };
/// What was typed into a form of someone who is signed in, and not accepted; at most 4 kB.
pub(crate) const DRAFT: Cookie = Cookie { name: "draft" };
/// The same for the forms that need no session. Apart, so that a wrong password at a sign-in does not replace what waits
/// behind it.
pub(crate) const ENTRY: Cookie = Cookie { name: "entry" };
/// Recovery codes that were made just now, for the one page that shows them.
pub(crate) const CODES: Cookie = Cookie { name: "codes" };
/// The token of an opened link that takes lost factors off.
pub(crate) const RECOVER: Cookie = Cookie { name: "recover" };
/// Where the last email of a form went, for the page that says so.
pub(crate) const SENT: Cookie = Cookie { name: "sent" };
/// Somebody who showed the first factor of two, for the page that asks for the second.
pub(crate) const STEP: Cookie = Cookie { name: "step" };
/// An identity of the outside provider that waits for proof that the address is its owner's.
pub(crate) const IDENTITY: Cookie = Cookie { name: "identity" };

/// The browser in which clients' sign-ins began.
pub(crate) const BROWSER: Cookie = Cookie { name: "browser" };

impl Cookie {
    /// The value that the browser sent. Sent twice, or among oversized headers, it counts as not sent: someone else may
    /// have set one of them.
    pub(crate) fn read(self, headers: &HeaderMap, https: bool) -> Option<&str> {
        let total: usize = headers.get_all(COOKIE).iter().map(HeaderValue::len).sum();
        if total > LONGEST_HEADERS {
            return None;
        }
        let mut found = None;
        for header in headers.get_all(COOKIE) {
            for pair in header.to_str().ok()?.split(';') {
                let Some((name, value)) = pair.trim().split_once('=') else {
                    continue;
                };
                if self.is_named(name, https) && found.replace(value).is_some() {
                    return None;
                }
            }
        }
        found
    }

    /// `Set-Cookie` with `value`, kept for `age`. `value` is a token or empty, so it needs no quoting.
    pub(crate) fn set(self, value: &str, age: Duration, https: bool) -> HeaderValue {
        let mut text = String::new();
        let (prefix, secure) = if https { ("__Host-", "; Secure") } else { ("", "") };
        let _ = write!(
            text,
            "{prefix}{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
            self.name,
            age.num_seconds().max(0)
        );
        let mut header = HeaderValue::try_from(text).expect("tokens are visible ASCII");
        header.set_sensitive(true);
        header
    }

    /// `Set-Cookie` that makes the browser forget this cookie.
    pub(crate) fn clear(self, https: bool) -> HeaderValue {
        self.set("", Duration::zero(), https)
    }

    /// Whether a `Set-Cookie` is about this cookie.
    pub(crate) fn is_set_by(self, set: &HeaderValue, https: bool) -> bool {
        let name = set.to_str().ok().and_then(|text| text.split_once('='));
        name.is_some_and(|(name, _)| self.is_named(name, https))
    }

    fn is_named(self, name: &str, https: bool) -> bool {
        if https {
            name.strip_prefix("__Host-") == Some(self.name)
        } else {
            name == self.name
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for line in lines {
            map.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        map
    }

    #[test]
    fn over_https_only_the_host_prefix_counts() {
        let both = headers(&["s=plain; __Host-s=safe; other=1"]);
        assert_eq!(SESSION.read(&both, true), Some("safe"));
        assert_eq!(SESSION.read(&both, false), Some("plain"));
        assert_eq!(SESSION.read(&headers(&["x=1"]), true), None);
    }

    #[test]
    fn a_doubled_or_oversized_cookie_is_none() {
        assert_eq!(SESSION.read(&headers(&["s=a; s=a"]), false), None);
        assert_eq!(SESSION.read(&headers(&["s=a", "s=b"]), false), None);
        assert_eq!(
            SESSION.read(&headers(&["s=a", &format!("junk={}", "x".repeat(9000))]), false),
            None
        );
    }

    proptest! {
        #[test]
        fn no_headers_panic_and_what_is_read_was_sent(
            lines in prop::collection::vec(prop::collection::vec(0x20_u8..0x7f, 0..80), 0..4),
            odd in prop::collection::vec(0x80_u8..=0xff, 0..3),
        ) {
            let mut map = HeaderMap::new();
            for line in lines.iter().chain([&odd]) {
                map.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
            }
            for https in [false, true] {
                if let Some(value) = SESSION.read(&map, https) {
                    prop_assert!(!value.contains(';'));
                    let pair = format!("{}s={value}", if https { "__Host-" } else { "" });
                    prop_assert!(lines.iter().any(|line| String::from_utf8_lossy(line).contains(&pair)));
                }
            }
        }

        #[test]
        fn what_we_set_we_read_among_others(
            value in "[A-Za-z0-9_-]{1,60}",
            others in prop::collection::vec("[a-rt-z]{1,8}=[!-:<-~]{0,20}", 0..6),
            at in any::<prop::sample::Index>(),
            https in any::<bool>(),
        ) {
            let set = SESSION.set(&value, Duration::days(1), https);
            let own = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let mut pairs = others;
            pairs.insert(at.index(pairs.len() + 1), own);
            let sent = headers(&[&pairs.join("; ")]);
            prop_assert_eq!(SESSION.read(&sent, https), Some(value.as_str()));
        }
    }

    #[test]
    fn flags_are_all_there() {
        let set = SESSION.set("v", Duration::days(90), true);
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-s=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000; Secure"
        );
        assert!(set.is_sensitive());
        assert_eq!(
            SESSION.clear(false).to_str().unwrap(),
            "s=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
