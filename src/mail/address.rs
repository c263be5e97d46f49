//! Email addresses: as typed, as a key for lookup, and as they go over the wire.

use crate::{queries::accounts::Account, text::addresses};

pub use crate::text::addresses::BadAddress;

/// An address that we can write to: an ASCII local part and a domain with a dot (RFC 5321, without quoted parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As its owner typed it, trimmed. Mail goes to this one.
    pub typed: String,
    /// Lower-cased, the domain as punycode: what is looked up and compared.
    pub key: String,
}

impl Address {
    /// The address of a row, as [`parse`](Self::parse) once made it.
    pub fn stored(typed: &str, key: &str) -> Self {
        Self {
            typed: typed.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The confirmed address of an account; none without one.
    pub fn of(account: &Account) -> Option<Self> {
        let (typed, key) = (account.email.as_deref()?, account.email_key.as_deref()?);
        Some(Self::stored(typed, key))
    }

    /// Reads what a person typed.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let typed = text.trim();
        let key = addresses::key(typed)?;
        Ok(Self {
            typed: typed.to_owned(),
            key,
        })
    }

    /// The key without the `+` and what follows it: many providers deliver all of that to one mailbox. Only for counting; nobody
    /// is looked up or written to by it.
    pub fn mailbox(&self) -> String {
        let (local, domain) = self.key.rsplit_once('@').unwrap_or((&self.key, ""));
        match local.split_once('+') {
            Some((name, _)) if !name.is_empty() => format!("{name}@{domain}"),
            _ => self.key.clone(),
        }
    }

    /// The address for SMTP: the local part as typed, the domain as punycode.
    pub fn wire(&self) -> String {
        let local = self.typed.rsplit_once('@').map_or("", |(local, _)| local);
        let domain = self.key.rsplit_once('@').map_or("", |(_, domain)| domain);
        format!("{local}@{domain}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_person_has_one_key() {
        for (typed, key) in [
            ("Ana.Berger@Example.TEST", "ana.berger@example.test"),
            (" ana+x@example.test ", "ana+x@example.test"),
            ("jan@bücher.example", "jan@xn--bcher-kva.example"),
            ("jan@XN--BCHER-KVA.example", "jan@xn--bcher-kva.example"),
        ] {
            assert_eq!(Address::parse(typed).unwrap().key, key);
        }
        assert_eq!(
            Address::parse("Ana@Bücher.example").unwrap().wire(),
            "Ana@xn--bcher-kva.example"
        );
    }

    #[test]
    fn tags_share_one_mailbox() {
        for (typed, mailbox) in [
            ("Ana+1@Example.test", "ana@example.test"),
            ("ana+2+3@example.test", "ana@example.test"),
            ("ana@example.test", "ana@example.test"),
            ("+ana@example.test", "+ana@example.test"),
            ("jan+x@bücher.example", "jan@xn--bcher-kva.example"),
        ] {
            assert_eq!(Address::parse(typed).unwrap().mailbox(), mailbox);
        }
    }

    #[test]
    fn what_could_break_a_header_or_a_lookup_is_refused() {
        for bad in [
            "",
            "@",
            "a",
            "a@b",
            "a@b\r\nBcc: x@y.example",
            "\"a b\"@c.example",
            "a b@c.example",
            "ä@c.example",
            ".a@c.example",
            "a..b@c.example",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@-.",
            "a@b..c",
            "a@b_c.example",
            "<a@b.example>",
            "a@b.example,c@d.example",
            "a\0@b.example",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(
            Address::parse(&format!("{}@b.example", "x".repeat(65))),
            Err(BadAddress::TooLong)
        );
        assert_eq!(
            Address::parse(&format!("a@{}.example", "x".repeat(400))),
            Err(BadAddress::TooLong)
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_what_passes_is_stable(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert!(address.key.is_ascii());
                prop_assert!(!address.key.bytes().any(|b| b.is_ascii_control() || b == b' ' || b == b'"'));
                prop_assert_eq!(Address::parse(&address.key).unwrap().key, address.key);
            }
        }
    }
}
