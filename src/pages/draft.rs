//! What was typed into a form and not accepted: kept in the browser until the form is, so that a wrong field, a lost session
//! or an error costs nobody their text.
//!
//! Each POST is answered with a redirect (RFC 9110 section 15.4.4), so that reloading sends nothing again. A handler that does
//! not accept a form answers with [`Again`]; [`keep`], the layer around all pages, adds what was typed; the form's page takes
//! it with [`Typed`] and draws it. Nothing here acts: a draft is text in a form, which counts once the person sends it.
//!
//! The cookie is sealed, so nobody but IcuSync can write a mistake or a text into a page, and what is in it cannot be read on
//! the disk of the computer. It names:
//!
//! - its page: no other page shows it;
//! - its account, if the page needs a session: another account that signs in with the same browser never sees it. When the
//!   session was lost, nobody is signed in and its row may be gone, so the form itself carries the account for which it was
//!   drawn (`as`). Someone who sends another account's id there writes a draft into their own browser, for an account that
//!   they cannot open;
//! - when it was made: after ten minutes it counts no more.
//!
//! Only fields on the list [`KEPT`] are kept. Passwords, codes, API keys and what ties a form to a mail link are not on it.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::SET_COOKIE, request::Parts};
use serde::{Deserialize, Serialize};

use super::{Fields, form::Mistake, sealed, sent::Sent};
use crate::{
    app::App,
    error::Problem,
    guard::{
        cookie::{Cookie, DRAFT, ENTRY, SENT},
        session::Who,
    },
    ids::AccountId,
};

/// How long a draft counts.
const KEPT_FOR: Duration = Duration::minutes(10);
/// The most bytes of a draft: sealed and in base64 they fit into the 4,096 that browsers keep (RFC 6265bis section 5.6).
const MOST: usize = 2_800;
/// The same for a page that needs no session; its forms hold an address and little more.
const MOST_OF_ENTRY: usize = 900;
/// The fields that are kept. Everything else that a form sends is not.
const KEPT: [&str; 15] = [
    "email",
    "word",
    "note",
    "last-day",
    "version",
    "athlete",
    "zone",
    "end-apps",
    "may-write",
    "shown",
    "profile",
    "training",
    "fitness",
    "wellness",
    "calendar",
];
/// The names of the boxes that are kept begin with this.
const BOX: &str = "tool-";
/// The hidden field with the account for which a form was drawn.
const AS: &str = "as";

/// A draft as its cookie holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Draft {
    /// The path of the page with the form.
    page: String,
    /// The path that the form was sent to.
    form: String,
    whose: Option<AccountId>,
    at: DateTime<Utc>,
    fields: Vec<(String, String)>,
    /// The names of the ticked boxes, without [`BOX`].
    boxes: Vec<String>,
    /// The id of the field, and what to change.
    mistakes: Vec<(String, String)>,
    /// Whether it was not accepted only because the session was lost.
    lost: bool,
}

/// The answer to a form that is not accepted: back to its page, which shows what was typed and the mistakes.
#[derive(Debug, Clone)]
pub(super) struct Again {
    location: String,
    /// The page with the form, if the person goes somewhere else first.
    page: Option<String>,
    mistakes: Vec<Mistake>,
    boxes: Option<Vec<String>>,
}

impl Again {
    /// Back to the page at `location`, which may have a query.
    pub(super) fn at(location: impl Into<String>, mistakes: Vec<Mistake>) -> Self {
        Self {
            location: location.into(),
            page: None,
            mistakes,
            boxes: None,
        }
    }

    /// First to `location`; the page with the form, when the person comes back to it, shows what was typed.
    pub(super) fn later(page: impl Into<String>, location: impl Into<String>) -> Self {
        Self {
            page: Some(page.into()),
            ..Self::at(location, Vec::new())
        }
    }

    /// With the boxes of these tools ticked instead of those that were.
    #[must_use]
    pub(super) fn ticking(self, tools: &[String]) -> Self {
        Self {
            boxes: Some(tools.to_vec()),
            ..self
        }
    }

    /// The redirect.
    pub(super) fn answer(self) -> Response {
        let mut response = Redirect::to(&self.location).into_response();
        response.extensions_mut().insert(self);
        response
    }

    fn page(&self) -> &str {
        let page = self.page.as_deref().unwrap_or(&self.location);
        page.split(['?', '#']).next().unwrap_or_default()
    }
}

/// [`Again`] with one mistake.
pub(super) fn wrong(location: impl Into<String>, mistake: Mistake) -> Response {
    Again::at(location, vec![mistake]).answer()
}

/// A response's extension: the session was lost, and the response leads to the sign-in.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionLost;

/// The draft for a requested page, if the browser has one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed(Option<Draft>);

impl FromRequestParts<App> for Typed {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let page = parts.uri.path();
        let draft = sealed::open::<Draft>(app, &parts.headers, cookie_of(page));
        Ok(Self(draft.filter(|draft| {
            draft.page == page && draft.counts_at(app.clock.now())
        })))
    }
}

impl Typed {
    /// What was typed by this account.
    pub(super) fn by(self, account: AccountId) -> Kept {
        Kept(self.0.filter(|draft| draft.whose == Some(account)))
    }

    /// What was typed on a page that needs no session.
    pub(super) fn by_anyone(self) -> Kept {
        Kept(self.0.filter(|draft| draft.whose.is_none()))
    }
}

/// What was typed, for its page to show; empty if nothing was.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Option<Draft>);

impl Kept {
    /// The text of a field.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let fields = self.0.iter().flat_map(|draft| &draft.fields);
        fields
            .filter(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
            .next()
    }

    /// The text of a field; empty if it was not typed.
    pub(super) fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// The text of a field; without a draft the address of the last email that was sent.
    pub(super) fn text_or(&self, name: &str, sent: Option<&Sent>) -> String {
        let sent = sent.map(|sent| sent.email.as_str());
        self.text(name).or(sent).unwrap_or_default().to_owned()
    }

    /// Whether a box is ticked, where it is if nothing was sent.
    pub(super) fn is_ticked(&self, name: &str, otherwise: bool) -> bool {
        if self.0.is_some() {
            self.text(name).is_some()
        } else {
            otherwise
        }
    }

    /// All fields, as they were posted; none if there is no draft.
    pub(super) fn fields(&self) -> Option<Fields> {
        let draft = self.0.as_ref()?;
        let boxes = draft
            .boxes
            .iter()
            .map(|tool| (format!("{BOX}{tool}"), "on".to_owned()));
        Some(Fields::kept(draft.fields.iter().cloned().chain(boxes).collect()))
    }

    /// What to change.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let mistakes = self.0.iter().flat_map(|draft| &draft.mistakes);
        mistakes
            .map(|(field, text)| Mistake::new(field.clone(), text))
            .collect()
    }

    /// The first thing to change.
    pub(super) fn mistake(&self) -> Option<Mistake> {
        self.mistakes().into_iter().next()
    }

    /// What to change in this field.
    pub(super) fn mistake_at(&self, field: &str) -> Option<String> {
        let mut mistakes = self.mistakes().into_iter();
        mistakes
            .find(|mistake| mistake.field == field)
            .map(|mistake| mistake.text)
    }

    /// Whether it was not accepted only because the session was lost.
    pub(super) fn was_lost(&self) -> bool {
        self.0.as_ref().is_some_and(|draft| draft.lost)
    }

    /// The path that the form was sent to.
    pub(super) fn form(&self) -> &str {
        self.0.as_ref().map_or("", |draft| draft.form.as_str())
    }
}

impl Draft {
    /// What a form sent to `form` says, as far as it may be kept.
    fn of(form: &str, page: &str, body: &[u8], at: DateTime<Utc>) -> Self {
        let fields = Fields::parse(body).map(Fields::into_inner).unwrap_or_default();
        let (mut kept, mut boxes) = (Vec::new(), Vec::new());
        for (name, text) in fields {
            if let Some(tool) = name.strip_prefix(BOX) {
                boxes.push(tool.to_owned());
            } else if KEPT.contains(&name.as_str()) {
                kept.push((name, text));
            }
        }
        Self {
            page: page.to_owned(),
            form: form.to_owned(),
            at,
            fields: kept,
            boxes,
            ..Self::default()
        }
    }

    fn counts_at(&self, now: DateTime<Utc>) -> bool {
        (Duration::zero()..KEPT_FOR).contains(&(now - self.at))
    }

    fn is_empty(&self) -> bool {
        self.fields.iter().all(|(_, text)| text.is_empty()) && self.boxes.is_empty()
    }

    /// As bytes, at most `most` of them: the longest texts lose their ends.
    fn to_bytes(&self, most: usize) -> Vec<u8> {
        let mut draft = self.clone();
        loop {
            let bytes = serde_json::to_vec(&draft).unwrap_or_default();
            let over = bytes.len().saturating_sub(most);
            if over == 0 {
                return bytes;
            }
            let texts = draft.fields.iter_mut().map(|(_, text)| text);
            match texts.max_by_key(|text| text.len()) {
                Some(longest) if !longest.is_empty() => {
                    let end = longest.floor_char_boundary(longest.len().saturating_sub(over));
                    longest.truncate(end);
                }
                // Boxes that no form of ours has.
                _ => draft.boxes.clear(),
            }
            if draft.is_empty() {
                draft.fields.clear();
                draft.mistakes.truncate(1);
                return serde_json::to_vec(&draft).unwrap_or_default();
            }
        }
    }

    fn cookie(&self, app: &App) -> HeaderValue {
        let cookie = cookie_of(&self.page);
        let most = if cookie == DRAFT { MOST } else { MOST_OF_ENTRY };
        sealed::set(app, cookie, &self.to_bytes(most), KEPT_FOR)
    }
}

/// The page with the form that is sent to this path, if it is one whose text is kept.
fn page_of(form: &str) -> Option<String> {
    let parts: Vec<&str> = form.split('/').skip(1).collect();
    let is_id = |text: &str| text.parse::<uuid::Uuid>().is_ok();
    Some(match parts.as_slice() {
        ["sign-up" | "sign-in" | "forgot" | "reset" | "confirm" | "address"]
        | ["account", "password" | "address" | "delete"]
        | ["coaches", "invite"]
        | ["sign-in", "join"]
        | ["sign-up", "address"] => form.to_owned(),
        ["coaches", id] if is_id(id) => form.to_owned(),
        ["authorize", id] if is_id(id) => form.to_owned(),
        ["account", "factors", "codes", ..] => "/account/factors/codes".to_owned(),
        ["account", "ways", ..] => "/account/ways".to_owned(),
        ["sign-in", "provider", "join", ..] => "/sign-in/provider/join".to_owned(),
        ["connect", "key"] => "/connect".to_owned(),
        ["dashboard", "zone"] => "/dashboard".to_owned(),
        ["for-coaches", "resend" | "regenerate" | "roster"] => "/for-coaches".to_owned(),
        // Whoever leaves for another way has done with what was mistyped.
        ["sign-in", "passkey" | "intervals" | "provider"] => "/sign-in".to_owned(),
        ["sign-in", "factor", "passkey"] => "/sign-in/factor".to_owned(),
        ["account", "factor", "passkey"] => "/account/factor".to_owned(),
        ["account", "passkeys"] | ["account", "passkeys", "prove"] => "/account/passkeys/new".to_owned(),
        ["account", "passkeys", id] | ["account", "passkeys", id, "off"] if is_id(id) => {
            format!("/account/passkeys/{id}")
        }
        ["authorize", id, "coach" | "code"] => format!("/authorize/{id}"),
        _ => return None,
    })
}

/// The page to return to when the session was lost on the way to `path`.
pub(super) fn page_with(path: &str) -> String {
    page_of(path).unwrap_or_else(|| path.to_owned())
}

/// The cookie for the drafts of a page.
fn cookie_of(page: &str) -> Cookie {
    match page.split('/').nth(1) {
        Some("account" | "coaches" | "connect" | "dashboard") => DRAFT,
        _ => ENTRY,
    }
}

/// A posted form, while it is being answered.
struct Posted {
    path: String,
    who: Option<Who>,
    headers: HeaderMap,
    body: Bytes,
}

/// The layer around all pages: when a form is not accepted, what was typed goes into the draft's cookie; when it is, the
/// draft is forgotten.
pub(crate) async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // Another layer has limited it, and waited until it was whole.
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return Problem::TooLarge.into_response();
    };
    let posted = Posted {
        path: parts.uri.path().to_owned(),
        who: parts.extensions.get::<Who>().cloned(),
        headers: parts.headers.clone(),
        body: body.clone(),
    };
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    for cookie in posted.cookies(&app, &mut response) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

impl Posted {
    /// The `Set-Cookie`s that follow from how the form was answered.
    fn cookies(&self, app: &App, response: &mut Response) -> Vec<HeaderValue> {
        if let Some(again) = response.extensions_mut().remove::<Again>() {
            return vec![self.not_accepted(app, again)];
        }
        let lost = response.extensions_mut().remove::<SessionLost>().is_some();
        let status = response.status();
        let is_deleted = self.path == "/account/delete" && status.is_redirection();
        if self.path == "/sign-out" || (is_deleted && !lost) {
            let all = [DRAFT, ENTRY, SENT].into_iter();
            return all
                .filter_map(|cookie| sealed::forget(app, &self.headers, cookie))
                .collect();
        }
        let Some(page) = page_of(&self.path) else {
            return Vec::new();
        };
        let cookie = if lost {
            self.session_lost(app, &page)
        } else if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            self.not_now(app, &page)
        } else if status.is_client_error() {
            None
        } else {
            self.accepted(app, &page)
        };
        cookie.into_iter().collect()
    }

    fn draft(&self, app: &App, page: &str) -> Draft {
        let draft = Draft::of(&self.path, page, &self.body, app.clock.now());
        let account = self.who.as_ref().and_then(Who::account);
        Draft {
            whose: account.filter(|_| cookie_of(page) == DRAFT),
            ..draft
        }
    }

    fn not_accepted(&self, app: &App, again: Again) -> HeaderValue {
        let mut draft = self.draft(app, again.page());
        let mistakes = again.mistakes.into_iter();
        draft.mistakes = mistakes
            .map(|mistake| (mistake.field.into_owned(), mistake.text))
            .collect();
        draft.boxes = again.boxes.unwrap_or(draft.boxes);
        draft.cookie(app)
    }

    /// Keeps the text for the account for which the form was drawn; nothing if the form does not say which.
    fn session_lost(&self, app: &App, page: &str) -> Option<HeaderValue> {
        let mut fields = Fields::parse(&self.body).ok()?;
        let whose = fields.optional(AS)?.parse().ok().map(AccountId)?;
        let draft = Draft {
            whose: Some(whose),
            lost: true,
            ..self.draft(app, page)
        };
        Some(draft.cookie(app))
    }

    /// Too many attempts, or something broke: whoever goes back finds what was typed.
    fn not_now(&self, app: &App, page: &str) -> Option<HeaderValue> {
        let draft = self.draft(app, page);
        (!draft.is_empty()).then(|| draft.cookie(app))
    }

    /// Forgets the form's draft, and no other page's.
    fn accepted(&self, app: &App, page: &str) -> Option<HeaderValue> {
        let cookie = cookie_of(page);
        let draft = sealed::open::<Draft>(app, &self.headers, cookie);
        let is_its =
            cookie == ENTRY || draft.is_some_and(|draft| draft.form == self.path || draft.page == page);
        if is_its {
            sealed::forget(app, &self.headers, cookie)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions;

    const NOW: &str = "2026-11-21T08:00:00Z";

    fn draft(form: &str, fields: &[(&str, &str)]) -> Draft {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Draft::of(form, &page_with(form), body.as_bytes(), NOW.parse().unwrap())
    }

    #[test]
    fn no_secret_is_kept() {
        let secrets = [
            "password", "current", "code", "key", "form", "next", "as", "session", "username", "state",
            "token",
        ];
        let fields = secrets.map(|name| (name, "hunter2-hunter2"));
        let sent = draft(
            "/sign-in",
            &[&fields[..], &[("email", "ana@example.test")]].concat(),
        );
        let bytes = String::from_utf8(sent.to_bytes(MOST)).unwrap();
        assert!(!bytes.contains("hunter2"), "{bytes}");
        assert!(bytes.contains("ana@example.test"));
    }

    /// Every field of a template that hides what is typed is a secret, whatever it is called.
    #[test]
    fn no_field_that_hides_its_text_is_on_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let mut seen = 0;
        for part in ["pages", "parts"] {
            for entry in std::fs::read_dir(format!("{folder}/{part}")).unwrap() {
                let html = std::fs::read_to_string(entry.unwrap().path()).unwrap();
                for input in html.split("<input").skip(1) {
                    let input = input.split('>').next().unwrap();
                    let name = input
                        .split("name=\"")
                        .nth(1)
                        .and_then(|rest| rest.split('"').next());
                    let hides = input.contains("type=\"password\"") || input.contains("one-time-code");
                    if hides {
                        seen += 1;
                        assert!(!KEPT.contains(&name.unwrap()), "{input}");
                    }
                }
            }
        }
        assert!(seen > 5, "{seen}");
    }

    #[test]
    fn the_longest_invite_fits_whole() {
        let note = "\u{1f6b4}".repeat(300);
        let email = format!("{}@{}.example", "a".repeat(60), "b".repeat(180));
        let boxes: Vec<String> = permissions::ALL
            .iter()
            .map(|tool| format!("{BOX}{}", tool.name))
            .collect();
        let mut fields = vec![
            ("note", note.as_str()),
            ("email", &email),
            ("last-day", "2026-11-20"),
        ];
        fields.push(("athlete", "i12345678"));
        fields.extend(boxes.iter().map(|name| (name.as_str(), "on")));
        let mut longest = draft("/coaches/invite", &fields);
        longest.whose = Some(AccountId(uuid::Uuid::from_u128(7)));
        longest.mistakes = vec![
            ("last-day".to_owned(), "x".repeat(120)),
            ("note".to_owned(), "x".repeat(120)),
        ];
        let bytes = longest.to_bytes(MOST);
        let back: Draft = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(back, longest, "nothing was cut of {} bytes", bytes.len());
    }

    #[test]
    fn what_is_too_long_loses_its_end_and_no_more() {
        let long = "é".repeat(7_000);
        let cut = draft(
            "/coaches/invite",
            &[("note", &long), ("email", "coach@example.test")],
        );
        let bytes = cut.to_bytes(MOST);
        assert!(bytes.len() <= MOST && bytes.len() > MOST - 10, "{}", bytes.len());
        let back: Draft = serde_json::from_slice(&bytes).unwrap();
        assert!(long.starts_with(&back.fields[0].1));
        assert_eq!(back.fields[1].1, "coach@example.test");
        let junk: Vec<(String, String)> = (0..60)
            .map(|n| (format!("{BOX}{n}-{}", "x".repeat(200)), "on".to_owned()))
            .collect();
        let junk: Vec<(&str, &str)> = junk.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert!(draft("/coaches/invite", &junk).to_bytes(MOST).len() <= MOST);
    }

    #[test]
    fn each_form_has_its_page_and_what_is_no_form_has_none() {
        let id = "0192f0c8-0000-7000-8000-000000000000";
        for (form, page) in [
            ("/coaches/invite", Some("/coaches/invite")),
            ("/connect/key", Some("/connect")),
            ("/for-coaches/roster", Some("/for-coaches")),
            ("/sign-in/provider", Some("/sign-in")),
            ("/coaches/x", None),
            ("/link/off", None),
            ("/account/export", None),
        ] {
            assert_eq!(page_of(form).as_deref(), page, "{form}");
        }
        assert_eq!(page_of(&format!("/coaches/{id}/revoke")), None);
        let code = format!("/authorize/{id}");
        assert_eq!(page_of(&format!("{code}/code")), Some(code));
        assert_eq!(cookie_of("/coaches/invite"), DRAFT);
        assert_eq!(cookie_of("/address"), ENTRY);
        assert_eq!(cookie_of("/account/address"), DRAFT);
    }
}
