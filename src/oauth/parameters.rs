//! The parameters of a request to an OAuth endpoint, and the client's credentials among them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

/// More parameters than any client sends.
const MOST: usize = 64;
/// The longest name or value. `state` is the client's own, and some put a whole token into it.
const LONGEST: usize = 4 * 1024;

/// Why parameters cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// One comes twice (RFC 6749 section 3.1), so that two readers might disagree about which one counts.
    Repeated,
    /// Too many, too long, or not text.
    Malformed,
}

/// Parameters, each at most once but `resource` (RFC 8707 section 2). An empty one is left out (RFC 6749 section 3.1).
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query or a form.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        let mut found: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            // Invalid UTF-8 became U+FFFD; PostgreSQL allows no NUL in text.
            let is_text = |text: &str| !text.contains(['\0', '\u{fffd}']) && text.len() <= LONGEST;
            if !is_text(&name) || !is_text(&value) || found.len() == MOST {
                return Err(Unreadable::Malformed);
            }
            let again = found.iter().any(|(known, _)| *known == name);
            if again && name != "resource" {
                return Err(Unreadable::Repeated);
            }
            found.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(found))
    }

    /// The parameter's text; none if it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(known, _)| known == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Every text of a parameter that may come several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parameters({})", self.0.len())
    }
}

/// What a client says about itself at an endpoint for programs: by the form or by Basic (RFC 6749 section 2.3.1), whichever it
/// registered. A signed assertion (RFC 7523) is not read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// Its id; none if it sent none.
    pub(crate) client_id: Option<String>,
    /// Its secret, if it sent one.
    pub(crate) secret: Option<String>,
    /// Whether by Basic, so that a refusal must challenge with it.
    pub(crate) by_basic: bool,
}

impl Credentials {
    /// As a request has them; none if the header is not Basic, or names another client than the form.
    pub(crate) fn of(headers: &HeaderMap, form: &Parameters) -> Option<Self> {
        let posted = Self {
            client_id: form.get("client_id").map(str::to_owned),
            secret: form.get("client_secret").map(str::to_owned),
            by_basic: false,
        };
        let mut sent = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (sent.next(), sent.next()) else {
            return headers.get(header::AUTHORIZATION).is_none().then_some(posted);
        };
        let (id, secret) = basic(value.to_str().ok()?)?;
        if posted.client_id.as_ref().is_some_and(|posted| *posted != id) {
            return None;
        }
        Some(Self {
            client_id: Some(id),
            secret: secret.or(posted.secret),
            by_basic: true,
        })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({:?})", self.client_id)
    }
}

/// Id and secret of a Basic header. A client without a secret leaves it empty.
fn basic(value: &str) -> Option<(String, Option<String>)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = match plain.strip_prefix("https:") {
        // A document's URL that was not encoded as section 2.3.1 asks: its own colon does not end the id.
        Some(rest) => {
            let end = rest.find(':').unwrap_or(rest.len());
            (
                plain.get(..plain.len() - rest.len() + end)?,
                rest.get(end + 1..).unwrap_or_default(),
            )
        }
        None => plain.split_once(':')?,
    };
    let (id, secret) = (decoded(id)?, decoded(secret)?);
    (!id.is_empty()).then_some((id, Some(secret).filter(|secret| !secret.is_empty())))
}

/// `application/x-www-form-urlencoded`, as both halves of a Basic header are.
fn decoded(text: &str) -> Option<String> {
    let pair = format!("x={}", text.replace('&', "%26"));
    let mut parsed = url::form_urlencoded::parse(pair.as_bytes());
    let text = parsed.next()?.1.into_owned();
    (!text.contains(['\0', '\u{fffd}']) && text.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    fn basic_of(plain: &str) -> HeaderMap {
        headers(&format!("Basic {}", STANDARD.encode(plain)))
    }

    #[test]
    fn a_parameter_comes_once_but_resource() {
        let read = |text: &str| Parameters::parse(text.as_bytes());
        assert_eq!(read("a=1&a=1").unwrap_err(), Unreadable::Repeated);
        assert_eq!(read("a=1&b=%00").unwrap_err(), Unreadable::Malformed);
        assert_eq!(read("a=%ff").unwrap_err(), Unreadable::Malformed);
        let some = read("resource=x&resource=y&scope=&state=a+b").unwrap();
        assert_eq!(some.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!((some.get("scope"), some.get("state")), (None, Some("a b")));
    }

    #[test]
    fn credentials_come_by_form_or_by_basic() {
        let form = Parameters::parse(b"client_id=abc&client_secret=s").unwrap();
        let none = Parameters::parse(b"").unwrap();
        let posted = Credentials::of(&HeaderMap::new(), &form).unwrap();
        assert_eq!(
            (posted.client_id.as_deref(), posted.secret.as_deref()),
            (Some("abc"), Some("s"))
        );
        let document = "https://claude.ai/oauth/x";
        let encoded = "https%3A%2F%2Fclaude.ai%2Foauth%2Fx";
        for (plain, id, secret) in [
            ("abc:s", "abc", Some("s")),
            ("abc:", "abc", None),
            ("a%3Ab:s%2Bt", "a:b", Some("s+t")),
            (&format!("{encoded}:"), document, None),
            (&format!("{document}:"), document, None),
            (document, document, None),
            (&format!("{document}:s"), document, Some("s")),
        ] {
            let found = Credentials::of(&basic_of(plain), &none).unwrap();
            assert_eq!(found.client_id.as_deref(), Some(id), "{plain}");
            assert_eq!(found.secret.as_deref(), secret, "{plain}");
        }
        assert_eq!(Credentials::of(&basic_of("other:s"), &form), None);
        for odd in ["Bearer x", "Basic", "Basic !", "Basic Og==", "Basic YWJj"] {
            assert_eq!(Credentials::of(&headers(odd), &none), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..200), plain in "\\PC{0,60}") {
            let _ = Parameters::parse(&text);
            let _ = Credentials::of(&basic_of(&plain), &Parameters::parse(b"").unwrap());
        }
    }
}
