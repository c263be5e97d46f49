//! Upstream's consent page and token endpoint.
//!
//! What a token may do is in `tokens`.

use std::{fmt::Write, sync::Arc};

use axum::{
    Form, Json,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;
use url::Url;

use super::{
    front::{Caller, Via},
    params::Params,
    people::{PEOPLE, Person},
    refusal::Refusal,
    tokens::{Scope, parse_scopes, scope_text},
    world::World,
};

/// Who this browser signed in as, as upstream's own session would remember it.
const SIGNED_IN: &str = "simulated_athlete";

/// What a client asks for, once it has been checked.
struct Wish {
    redirect: Url,
    state: Option<String>,
    scopes: Vec<Scope>,
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\"><title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;\
         max-width:34rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}}fieldset{{margin:1rem 0;\
         border:1px solid #8886;border-radius:8px}}label{{display:block;padding:.25rem 0}}button{{font:inherit;\
         padding:.5rem 1.4rem;margin-right:.6rem}}.note{{opacity:.75}}</style><body>{body}</body></html>"
    );
    (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

fn trouble(text: &str) -> Response {
    page(
        StatusCode::BAD_REQUEST,
        "Error",
        &format!("<h1>{}</h1>", escape(text)),
    )
}

impl Wish {
    /// Checks client, redirect and scopes, in this order; errors appear on a page of upstream's own.
    fn read(world: &World, params: &Params) -> Result<Self, Box<Response>> {
        let say = |text: &str| Box::new(trouble(text));
        if params.get("client_id") != Some(&world.client_id) {
            return Err(say("Unknown client_id"));
        }
        let redirect = params.get("redirect_uri").unwrap_or_default();
        let allowed = redirect.starts_with("http://localhost/")
            || world.redirect_uris.iter().any(|uri| uri == redirect);
        let parsed = Url::parse(redirect)
            .ok()
            .filter(|_| allowed)
            .ok_or_else(|| say("Invalid redirect_uri"))?;
        let scopes = parse_scopes(params.get("scope").unwrap_or_default()).map_err(|text| say(&text))?;
        Ok(Self {
            redirect: parsed,
            state: params.get("state").map(str::to_owned),
            scopes,
        })
    }

    /// Back to the client with `name=value` and the state.
    fn back(mut self, name: &str, value: &str) -> Response {
        self.redirect.query_pairs_mut().append_pair(name, value);
        if let Some(state) = &self.state {
            self.redirect.query_pairs_mut().append_pair("state", state);
        }
        (
            StatusCode::FOUND,
            [
                (header::LOCATION, String::from(self.redirect)),
                (header::CACHE_CONTROL, "no-store".into()),
            ],
        )
            .into_response()
    }
}

/// `GET /oauth/authorize`: who you are, a box per scope, another to grant only reading, Allow or Deny. Preselected is
/// `person=<slug>`, else who this browser was the last time, else the free person.
pub(super) async fn consent(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    Query(params): Query<Params>,
) -> Response {
    let wish = match Wish::read(&world, &params) {
        Ok(wish) => wish,
        Err(trouble) => return *trouble,
    };
    let proposed = params
        .get("person")
        .and_then(Person::of_slug)
        .or_else(|| remembered(&headers))
        .unwrap_or_else(Person::first_free);
    let mut form = String::from("<form method=\"post\" action=\"/oauth/authorize\">");
    for name in ["client_id", "redirect_uri", "state"] {
        if let Some(value) = params.get(name) {
            let _ = write!(
                form,
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            );
        }
    }
    let _ = write!(
        form,
        "<input type=\"hidden\" name=\"requested\" value=\"{}\">",
        escape(&scope_text(&wish.scopes))
    );
    form.push_str("<fieldset><legend>Signed in as</legend>");
    for person in &PEOPLE {
        let checked = if std::ptr::eq(person, proposed) {
            " checked"
        } else {
            ""
        };
        let _ = write!(
            form,
            "<label><input type=\"radio\" name=\"person\" value=\"{}\"{checked}> {} ({})</label>",
            person.slug, person.name, person.athlete_id
        );
    }
    form.push_str("</fieldset><fieldset><legend>This app wants to use</legend>");
    for scope in &wish.scopes {
        let text = scope.text();
        let _ = write!(
            form,
            "<label><input type=\"checkbox\" name=\"scope\" value=\"{text}\" checked> {text}</label>"
        );
        if scope.write {
            let text = scope.to_read().text();
            let _ = write!(
                form,
                "<label class=\"note\"><input type=\"checkbox\" name=\"scope\" value=\"{text}\"> only {text}</label>"
            );
        }
    }
    form.push_str(
        "</fieldset><button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form>",
    );
    let body = format!(
        "<h1>Connect to intervals.icu</h1><p class=\"note\">This is the simulated intervals.icu. The people are \
         invented.</p>{form}"
    );
    page(StatusCode::OK, "Connect", &body)
}

/// The person in the browser's cookie.
fn remembered(headers: &HeaderMap) -> Option<&'static Person> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut slugs = pairs.filter(|(name, _)| *name == SIGNED_IN).map(|(_, slug)| slug);
    slugs.next().and_then(Person::of_slug)
}

/// `POST /oauth/authorize`: the button on the page.
pub(super) async fn decide(State(world): State<Arc<World>>, Form(mut params): Form<Params>) -> Response {
    let ticked = params.list("scope").unwrap_or_default();
    params.replace("scope", params.get("requested").unwrap_or_default().to_owned());
    let wish = match Wish::read(&world, &params) {
        Ok(wish) => wish,
        Err(trouble) => return *trouble,
    };
    let Some(person) = params.get("person").and_then(Person::of_slug) else {
        return trouble("Who are you?");
    };
    if params.get("decision") != Some("allow") {
        return wish.back("error", "access_denied");
    }
    // Of each scope as it is wished for or, if that is not ticked, only to read.
    let granted = wish.scopes.iter().filter_map(|scope| {
        let mut offered = [*scope, scope.to_read()].into_iter();
        offered.find(|scope| ticked.contains(&scope.text()))
    });
    let granted = granted.collect();
    let code = world.state().tokens.issue_code(person, granted, world.now());
    let mut response = wish.back("code", &code);
    let cookie = format!("{SIGNED_IN}={}; Path=/oauth; HttpOnly; SameSite=Lax", person.slug);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `POST /api/oauth/token`.
pub(super) async fn token(
    State(world): State<Arc<World>>,
    Form(params): Form<Params>,
) -> Result<Response, Refusal> {
    let known = params.get("client_id") == Some(&world.client_id)
        && params.get("client_secret") == Some(&world.client_secret);
    if !known {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "Client and/or secret not found",
        ));
    }
    let now = world.now();
    let found = params
        .get("code")
        .and_then(|code| world.state().tokens.exchange(code, now));
    let (token, person, scopes) =
        found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Code not found (expired?)"))?;
    Ok(Json(json!({
        "token_type": "Bearer", "access_token": token, "scope": scope_text(&scopes),
        "athlete": {"id": person.athlete_id, "name": person.name},
    }))
    .into_response())
}

/// `DELETE /api/v1/disconnect-app`: works only with a bearer token.
pub(super) async fn disconnect(
    State(world): State<Arc<World>>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    let Via::Bearer { token, .. } = caller.via else {
        return Err(Refusal::unauthorized());
    };
    let mut state = world.state();
    state.tokens.revoke(&token);
    state.tokens.disconnect(caller.person);
    Ok(StatusCode::OK)
}
