//! The end of a sign-in: the browser goes back to the client with a code or an error (RFC 6749 section 4.1.2), always with the
//! issuer (RFC 9207), so that a client that knows several servers cannot be sent the answer of another.

use std::fmt::Write as _;

use crate::config::Config;

/// What the client is told.
#[derive(Clone, Copy)]
pub(crate) enum Answer<'a> {
    /// The code.
    Code(&'a str),
    /// An error, with a sentence for the client's developers.
    Error(&'static str, &'static str),
}

/// `redirect_uri` with the answer and the client's own `state` in its query. Whatever the client had there stays as it is.
pub(crate) fn url(config: &Config, redirect_uri: &str, state: Option<&str>, answer: Answer<'_>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    match answer {
        Answer::Code(code) => {
            query.append_pair("code", code);
        }
        Answer::Error(error, description) => {
            query.append_pair("error", error);
            query.append_pair("error_description", description);
        }
    }
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", super::metadata::issuer(config));
    let joint = match redirect_uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let mut url = redirect_uri.to_owned();
    let _ = write!(url, "{joint}{}", query.finish());
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_joins_what_the_client_has_in_its_query() {
        let mut config = Config::defaults();
        config.public_url = "https://icusync.example".parse().unwrap();
        let iss = "iss=https%3A%2F%2Ficusync.example";
        let code = Answer::Code("icuc_x");
        for (redirect, expected) in [
            (
                "https://a.example/cb",
                format!("https://a.example/cb?code=icuc_x&state=a%26b&{iss}"),
            ),
            (
                "https://a.example/cb?x=%20y",
                format!("https://a.example/cb?x=%20y&code=icuc_x&state=a%26b&{iss}"),
            ),
            (
                "https://a.example/cb?",
                format!("https://a.example/cb?code=icuc_x&state=a%26b&{iss}"),
            ),
            (
                "cursor://x/cb",
                format!("cursor://x/cb?code=icuc_x&state=a%26b&{iss}"),
            ),
        ] {
            assert_eq!(url(&config, redirect, Some("a&b"), code), expected);
        }
        assert_eq!(
            url(
                &config,
                "https://a.example",
                None,
                Answer::Error("access_denied", "No.")
            ),
            format!("https://a.example?error=access_denied&error_description=No.&{iss}")
        );
    }
}
