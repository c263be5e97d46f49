//! Pinned copies of the metadata documents of known clients, so that they can sign in even if their document cannot be
//! fetched: some of them answer the addresses of hosting providers with 403.
//!
//! Ids and redirects are as public descriptions gave them in November 2026. None was verified against the live client. A
//! redirect that is missing here is looked up in the client's own document.

use super::redirects;

/// A pinned client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// What people call it.
    pub name: &'static str,
    /// The host of its document.
    pub host: &'static str,
    /// Where it is known to be sent back to.
    pub redirect_uris: Vec<String>,
}

impl Known {
    /// Whether it is known to use this redirect.
    pub(crate) fn allows(&self, redirect: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|known| redirects::matches(known, redirect))
    }
}

/// One client with one document.
struct Entry {
    name: &'static str,
    host: &'static str,
    /// The client id: the URL of its document.
    id: &'static str,
    redirect_uris: &'static [&'static str],
}

const ENTRIES: [Entry; 4] = [
    Entry {
        name: "Claude",
        host: "claude.ai",
        id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
        redirect_uris: &[
            "https://claude.ai/api/mcp/auth_callback",
            "https://claude.com/api/mcp/auth_callback",
        ],
    },
    Entry {
        name: "Claude Code",
        host: "claude.ai",
        id: "https://claude.ai/oauth/claude-code-client-metadata",
        redirect_uris: &["http://localhost/callback", "http://127.0.0.1/callback"],
    },
    Entry {
        name: "ChatGPT",
        host: "chatgpt.com",
        id: "https://chatgpt.com/oauth/client.json",
        redirect_uris: &[CHATGPT_REDIRECT],
    },
    Entry {
        name: "Visual Studio Code",
        host: "vscode.dev",
        id: "https://vscode.dev/oauth/client-metadata.json",
        redirect_uris: &[
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
            "http://127.0.0.1/",
        ],
    },
];

const CHATGPT_REDIRECT: &str = "https://chatgpt.com/connector_platform_oauth_redirect";

/// The pinned client with this id.
pub(crate) fn find(client_id: &str) -> Option<Known> {
    let entry = ENTRIES.iter().find(|entry| entry.id == client_id);
    entry
        .map(|entry| Known {
            name: entry.name,
            host: entry.host,
            redirect_uris: entry.redirect_uris.iter().map(ToString::to_string).collect(),
        })
        .or_else(|| chatgpt_app(client_id))
}

/// Whether `redirect` leads to a pinned client on the web. A program on the person's computer may be anything.
pub(crate) fn is_home(redirect: &str) -> bool {
    let mut known = ENTRIES.iter().flat_map(|entry| entry.redirect_uris);
    known.any(|known| known.starts_with("https:") && *known == redirect)
        || redirect.starts_with("https://chatgpt.com/connector/oauth/")
}

/// What people call the pinned clients, each once.
pub(crate) fn names() -> Vec<&'static str> {
    ENTRIES.iter().map(|entry| entry.name).collect()
}

/// Each app in ChatGPT has a document and a redirect of its own, both named after the app's id.
fn chatgpt_app(client_id: &str) -> Option<Known> {
    let id = client_id
        .strip_prefix("https://chatgpt.com/oauth/")?
        .strip_suffix("/client.json")?;
    let is_id = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(is_id);
    fits.then(|| Known {
        name: "ChatGPT",
        host: "chatgpt.com",
        redirect_uris: vec![
            format!("https://chatgpt.com/connector/oauth/{id}"),
            CHATGPT_REDIRECT.to_owned(),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{documents, redirects::may_register};

    #[test]
    fn every_entry_would_pass_as_a_document_of_its_own_host() {
        for entry in ENTRIES {
            let url = documents::admissible(entry.id).unwrap();
            assert_eq!(url.host_str(), Some(entry.host), "{}", entry.id);
            let known = find(entry.id).unwrap();
            assert_eq!(known.name, entry.name);
            assert!(
                known
                    .redirect_uris
                    .iter()
                    .all(|uri| may_register(uri) && known.allows(uri))
            );
        }
        assert_eq!(find("https://claude.ai/oauth/mcp-oauth-client-metadata/"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn a_client_on_this_computer_chooses_its_port() {
        let code = find("https://claude.ai/oauth/claude-code-client-metadata").unwrap();
        assert!(code.allows("http://localhost:54321/callback"));
        assert!(!code.allows("http://localhost:54321/"));
        assert!(!code.allows("https://claude.ai/api/mcp/auth_callback"));
        let vscode = find("https://vscode.dev/oauth/client-metadata.json").unwrap();
        assert!(vscode.allows("http://127.0.0.1:33418") && vscode.allows("http://127.0.0.1:40001/"));
    }

    #[test]
    fn each_chatgpt_app_has_its_own_redirect_only() {
        let app = find("https://chatgpt.com/oauth/abc-1_X/client.json").unwrap();
        assert_eq!(app.name, "ChatGPT");
        assert!(app.allows("https://chatgpt.com/connector/oauth/abc-1_X"));
        assert!(app.allows(CHATGPT_REDIRECT));
        assert!(!app.allows("https://chatgpt.com/connector/oauth/other"));
        let stable = find("https://chatgpt.com/oauth/client.json").unwrap();
        assert!(stable.allows(CHATGPT_REDIRECT));
        assert!(!stable.allows("https://chatgpt.com/connector/oauth/abc-1_X"));
        for id in [
            "https://chatgpt.com/oauth//client.json",
            "https://chatgpt.com/oauth/a/b/client.json",
            "https://chatgpt.com/oauth/../client.json",
            "https://chatgpt.com/oauth/a?x/client.json",
            "https://chatgpt.com.evil.example/oauth/a/client.json",
            "http://chatgpt.com/oauth/a/client.json",
        ] {
            assert_eq!(find(id), None, "{id}");
        }
    }
}
