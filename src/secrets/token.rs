//! The tokens that we mint: 32 random bytes, a kind, and a checksum that spares the database every typing error.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::Random;

/// What a token is good for. A token of one kind is never accepted as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The token of a connector URL.
    Link,
    /// A browser's session.
    Session,
    /// A mail link.
    Mail,
    /// The `state` of an OAuth connect.
    State,
    /// A coach's visit to their roster.
    Visit,
    /// A browser that began to sign in for a client.
    Browser,
    /// A browser in which a consent waits for its account.
    Consent,
    /// A browser that showed the first factor of two.
    Step,
    /// A browser in which an identity waits for proof.
    Identity,
    /// A code that a client exchanges (RFC 6749 section 1.3.1).
    Code,
    /// An access token (RFC 6749 section 1.4).
    Access,
    /// A refresh token (RFC 6749 section 1.5).
    Refresh,
    /// The secret of a client that registered (RFC 7591 section 3.2.1).
    ClientSecret,
    /// A download link.
    File,
}

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Link => "icul_",
            Self::Session => "icus_",
            Self::Mail => "icum_",
            Self::State => "icuo_",
            Self::Visit => "icuv_",
            Self::Browser => "icub_",
            Self::Consent => "icuw_",
            Self::Step => "icuf_",
            Self::Identity => "icui_",
            Self::Code => "icuc_",
            Self::Access => "icua_",
            Self::Refresh => "icur_",
            Self::ClientSecret => "icux_",
            Self::File => "icud_",
        }
    }
}

/// Characters of the 32 random bytes in base64url.
const BODY: usize = 43;
/// Characters of the checksum: 30 bits, so that a guess in the right format fails before any query.
const CHECK: usize = 5;

/// A minted token in the clear: `prefix + 43 characters + 5 characters of checksum`.
///
/// It goes to the person it is for and nowhere else. `Debug` names only the kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    kind: TokenKind,
    text: String,
}

impl Token {
    /// Mints a fresh token of `kind`.
    pub fn mint(kind: TokenKind, random: &Random) -> Self {
        let body = URL_SAFE_NO_PAD.encode(random.bytes::<32>());
        let check = checksum(kind, &body);
        Self {
            kind,
            text: format!("{}{body}{check}", kind.prefix()),
        }
    }

    /// Reads a token that somebody sent. `None` if it is of another kind, or if length, alphabet or checksum do not fit: then
    /// no query may follow.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(kind.prefix())?;
        if rest.len() != BODY + CHECK || !rest.is_ascii() {
            return None;
        }
        let (body, check) = rest.split_at(BODY);
        // Decoding refuses a foreign alphabet and a last character with stray bits, so each token has one spelling.
        let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        (bytes.len() == 32 && checksum(kind, body) == check).then(|| Self {
            kind,
            text: text.to_owned(),
        })
    }

    /// The token in the clear, for the cookie, the email or the page that shows it to its owner.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What the database knows of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.text.as_bytes()).into())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({:?})", self.kind)
    }
}

/// SHA-256 of a token: enough to look it up by a unique index, useless as a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash in a column; None if that has another length.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes, for a query's parameter.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash")
    }
}

fn checksum(kind: TokenKind, body: &str) -> String {
    let digest = Sha256::new()
        .chain_update(b"icusync token checksum ")
        .chain_update(kind.prefix())
        .chain_update(body);
    URL_SAFE_NO_PAD
        .encode(digest.finalize())
        .chars()
        .take(CHECK)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [TokenKind; 14] = [
        TokenKind::Link,
        TokenKind::Session,
        TokenKind::Mail,
        TokenKind::State,
        TokenKind::Visit,
        TokenKind::Browser,
        TokenKind::Consent,
        TokenKind::Step,
        TokenKind::Identity,
        TokenKind::Code,
        TokenKind::Access,
        TokenKind::Refresh,
        TokenKind::ClientSecret,
        TokenKind::File,
    ];

    #[test]
    fn a_token_is_read_as_its_own_kind_only() {
        let random = Random::seeded([7; 32]);
        for kind in KINDS {
            let token = Token::mint(kind, &random);
            assert_eq!(Token::parse(kind, token.expose()).as_ref(), Some(&token));
            for other in KINDS.into_iter().filter(|other| *other != kind) {
                assert_eq!(Token::parse(other, token.expose()), None);
            }
            assert!(!format!("{token:?} {:?}", token.hash()).contains(&token.expose()[5..20]));
        }
    }

    #[test]
    fn every_mangled_spelling_is_refused() {
        let random = Random::seeded([8; 32]);
        for _ in 0..200 {
            let token = Token::mint(TokenKind::Link, &random);
            let text = token.expose();
            let upper = text.to_uppercase();
            let flipped: String = text
                .chars()
                .map(|c| {
                    if c.is_lowercase() {
                        c.to_ascii_uppercase()
                    } else {
                        c.to_ascii_lowercase()
                    }
                })
                .collect();
            for bad in [
                &text[..text.len() - 1],
                &format!("{text}A"),
                &upper,
                &flipped,
                &format!(" {text}"),
                &format!("{text}\0"),
            ] {
                assert_eq!(Token::parse(TokenKind::Link, bad), None);
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_never_passes(text in "\\PC{0,80}", tail in "[A-Za-z0-9_-]{48}") {
            prop_assert_eq!(Token::parse(TokenKind::Link, &text), None);
            prop_assert_eq!(Token::parse(TokenKind::Link, &format!("icul_{tail}")), None);
        }
    }
}
