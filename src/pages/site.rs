//! The pages for everyone: their titles, and their descriptions for search engines.
//!
//! Each page's content is in its own file.

use std::fmt::Write as _;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use crate::app::App;

/// The title and the description of a page for everyone.
#[derive(Debug)]
pub(super) struct About {
    /// Its path.
    pub(super) path: &'static str,
    /// Its title, without our name.
    pub(super) title: &'static str,
    /// One sentence for search engines.
    pub(super) description: &'static str,
}

/// How clients are connected.
pub(super) static STEPS: About = About {
    path: "/steps",
    title: "Connect your client",
    description: "How to add intervals.icu to Claude, Claude Code, ChatGPT, Cursor, VS Code and any other MCP client: one \
                  URL of IcuSync, and sign in.",
};
/// A Claude project as a coach.
pub(super) static COACH_PROJECT: About = About {
    path: "/personal-coach",
    title: "A personal coach in Claude",
    description: "Make a Claude project that coaches from your intervals.icu data: instructions to copy, what to ask \
                  first, and how to keep it honest.",
};
/// What coaches need to know, and what they can have sent by email.
pub(super) static FOR_COACHES: About = About {
    path: "/for-coaches",
    title: "For coaches",
    description: "Your athletes invite you by email, you add one URL to Claude, sign in, and ask about any of them. No \
                  account. Resend or regenerate your connector URL.",
};
/// Questions and answers.
pub(super) static SUPPORT: About = About {
    path: "/support",
    title: "Support",
    description: "Answers to what athletes ask about IcuSync: authorization failed in Claude, Strava, missing data, numbers \
                  that differ, limits, plans, deleting an account.",
};
/// What is stored.
pub(super) static PRIVACY: About = About {
    path: "/privacy",
    title: "Privacy and data",
    description: "What IcuSync stores and for how long, who sees it, and what it does not keep: your training data.",
};
/// How to check that nobody gets in without the token.
pub(super) static CHECK: About = About {
    path: "/check",
    title: "Check the lock",
    description: "Commands that show what both ways into IcuSync answer without a token, with a wrong one, with a \
                  regenerated one and from a foreign host.",
};
/// Whether everything works.
pub(super) static STATUS: About = About {
    path: "/status",
    title: "Status",
    description: "Whether IcuSync, its database, its email and intervals.icu are working now.",
};

/// All of them except the home page, in the order of the sitemap.
static PAGES: [&About; 7] = [
    &STEPS,
    &COACH_PROJECT,
    &FOR_COACHES,
    &SUPPORT,
    &PRIVACY,
    &CHECK,
    &STATUS,
];

/// `GET /robots.txt`: search engines may list the pages for everyone; nothing else is for machines.
pub(crate) async fn robots(State(app): State<App>) -> Response {
    let mut text = "User-agent: *\nAllow: /$\n".to_owned();
    for page in PAGES {
        let _ = writeln!(text, "Allow: {}$", page.path);
    }
    let sitemap = app.config.page_url("/sitemap.xml");
    let _ = write!(text, "Allow: /assets/\nDisallow: /\n\nSitemap: {sitemap}\n");
    for_machines(text, "text/plain; charset=utf-8")
}

/// `GET /sitemap.xml` (sitemaps.org, 0.9).
pub(crate) async fn sitemap(State(app): State<App>) -> Response {
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
            .to_owned();
    for path in std::iter::once("/").chain(PAGES.iter().map(|page| page.path)) {
        let _ = writeln!(text, "<url><loc>{}</loc></url>", app.config.page_url(path));
    }
    text.push_str("</urlset>\n");
    for_machines(text, "application/xml")
}

fn for_machines(text: String, kind: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_descriptions_fit_a_search_result() {
        for page in PAGES {
            assert!(
                page.path.starts_with('/') && !page.title.contains("IcuSync"),
                "{page:?}"
            );
            assert!((50..=170).contains(&page.description.len()), "{page:?}");
        }
    }
}
