//! Email addresses and domains as keys: what is looked up and compared.

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

/// The key of an address without spaces around it: an ASCII local part and a domain with a dot (RFC 5321, without quoted parts),
/// lower-cased, the domain as punycode.
pub(crate) fn key(typed: &str) -> Result<String, BadAddress> {
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
    if !local.bytes().all(atext) || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(BadAddress::Local);
    }
    let domain = domain_key(domain).ok_or(BadAddress::Domain)?;
    Ok(format!("{}@{domain}", local.to_ascii_lowercase()))
}

/// The key of a domain: lower-cased punycode with a dot; none if it is not the name of one.
pub(crate) fn domain_key(domain: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let is_name = domain.contains('.')
        && domain.parse::<std::net::IpAddr>().is_err()
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    is_name.then(|| domain.to_ascii_lowercase())
}
