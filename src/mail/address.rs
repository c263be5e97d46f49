//! Email addresses: as typed, as a key for lookup, and as they go over the wire.

use crate::queries::accounts::Account;

/// An address that we can write to: an ASCII local part and a domain with a dot (RFC 5321, without quoted parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As its owner typed it, trimmed. Mail goes to this one.
    pub typed: String,
    /// Lower-cased, the domain as punycode: what is looked up and compared.
    pub key: String,
}

/// Why a text is not an address that we accept; shown to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Not of the form `name@example.com`.
    #[error("Write an e-mail address such as name@example.com.")]
    Form,
    /// More than 254 characters, or more than 64 before the `@`.
    #[error("This e-mail address is too long.")]
    TooLong,
    /// Letters outside ASCII before the `@`.
    #[error("Before the @ only plain letters, digits and .!#$%&'*+/=?^_`{{|}}~- can be used.")]
    Local,
    /// A domain that no server can have.
    #[error("The part after the @ is not a domain.")]
    Domain,
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
        let (local, domain) = typed.rsplit_once('@').ok_or(BadAddress::Form)?;
        if typed.len() > 254 || local.len() > 64 {
            return Err(BadAddress::TooLong);
        }
        if local.is_empty()
            || domain.is_empty()
            || local.contains(char::is_whitespace)
            || domain.contains(char::is_whitespace)
        {
            return Err(BadAddress::Form);
        }
        // The `atext` of RFC 5322 with dots in between: no quotes, no control characters, no way to add a header.
        let atext = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
        if !local.bytes().all(atext) || local.starts_with('.') || local.ends_with('.') || local.contains("..")
        {
            return Err(BadAddress::Local);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| BadAddress::Domain)?;
        let is_name = domain.contains('.')
            && domain.parse::<std::net::IpAddr>().is_err()
            && domain.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            });
        if !is_name {
            return Err(BadAddress::Domain);
        }
        let key = format!("{}@{}", local.to_ascii_lowercase(), domain.to_ascii_lowercase());
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
