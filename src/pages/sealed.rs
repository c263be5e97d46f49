//! Cookies that hold what one page leaves for the next: sealed, so that nobody reads or writes them but IcuSync.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{app::App, guard::cookie::Cookie, secrets::Place};

/// `Set-Cookie` with these bytes, kept for `age`.
pub(super) fn set(app: &App, cookie: Cookie, plain: &[u8], age: Duration) -> HeaderValue {
    let sealed = app.keys.seal(place(cookie), plain, &app.random);
    let https = app.config.public_url.is_https();
    cookie.set(&URL_SAFE_NO_PAD.encode(sealed), age, https)
}

/// What [`set`] put into the cookie. None if it was not sent, was made up, is another cookie's, or has another shape.
pub(super) fn open<T: DeserializeOwned>(app: &App, headers: &HeaderMap, cookie: Cookie) -> Option<T> {
    let sent = cookie.read(headers, app.config.public_url.is_https())?;
    let sealed = URL_SAFE_NO_PAD.decode(sent).ok()?;
    let plain = app.keys.open(place(cookie), &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// `Set-Cookie` that forgets the cookie, if the browser sent it.
pub(super) fn forget(app: &App, headers: &HeaderMap, cookie: Cookie) -> Option<HeaderValue> {
    let https = app.config.public_url.is_https();
    cookie.read(headers, https).map(|_| cookie.clear(https))
}

/// The seal covers the cookie's name: one cookie's value does not open as another's.
fn place(cookie: Cookie) -> Place {
    Place {
        table: "cookies",
        row: Uuid::nil(),
        column: cookie.name,
    }
}
