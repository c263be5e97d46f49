//! The names of the one resource that tokens are for (RFC 8707). Pure.

use crate::config::Config;

/// Whether `name` means `PUBLIC_URL/mcp`. Clients name what people paste, or the origin alone, with a slash at the end, or with
/// the query that narrows a connector; all of them get a token for the same.
pub(crate) fn is_ours(config: &Config, name: &str) -> bool {
    let plain = name.split('?').next().unwrap_or_default();
    let plain = plain.strip_suffix('/').unwrap_or(plain);
    let origin = config.public_url.as_str();
    // Scheme and host in any case (RFC 3986 section 6.2.2.1).
    let Some((before, path)) = plain.split_at_checked(origin.len()) else {
        return false;
    };
    before.eq_ignore_ascii_case(origin) && matches!(path, "" | "/mcp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_synonyms_are_ours_and_nothing_else_is() {
        let mut config = Config::defaults();
        config.public_url = "https://icusync.example".parse().unwrap();
        for ours in [
            "https://icusync.example",
            "https://icusync.example/",
            "https://icusync.example/mcp",
            "https://icusync.example/mcp/",
            "https://icusync.example/mcp?readonly=1",
            "https://icusync.example/mcp/?tools=training",
            "https://icusync.example?x",
            "HTTPS://IcuSync.example/mcp",
        ] {
            assert!(is_ours(&config, ours), "{ours}");
        }
        for foreign in [
            "",
            "/mcp",
            "https://icusync.example/mcp/icul_x",
            "https://icusync.example/mcp-other",
            "https://icusync.example/MCP",
            "https://icusync.example//mcp",
            "https://icusync.example/mcp//",
            "https://icusync.example:8443/mcp",
            "https://icusync.example.evil/mcp",
            "http://icusync.example/mcp",
            "https://user@icusync.example/mcp",
            "https://icusync.example/mcp#x",
            "https://links.icusync.example/mcp",
            "https://icusync.exämple/mcp",
        ] {
            assert!(!is_ours(&config, foreign), "{foreign}");
        }
    }
}
