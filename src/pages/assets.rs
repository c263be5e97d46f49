//! The stylesheet, the two scripts and the logo: compiled in, and named by their content, so that browsers keep them
//! forever and still see every change.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use sha2::{Digest as _, Sha256};

use crate::error::Problem;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    hash: String,
    path: String,
}

impl Asset {
    fn new(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        use std::fmt::Write as _;
        let hash = Sha256::digest(bytes)
            .iter()
            .take(8)
            .fold(String::new(), |mut hash, byte| {
                let _ = write!(hash, "{byte:02x}");
                hash
            });
        let path = format!("/assets/{hash}/{name}");
        Self {
            name,
            kind,
            bytes,
            hash,
            path,
        }
    }
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        Asset::new(
            "icusync.css",
            "text/css; charset=utf-8",
            include_bytes!("assets/icusync.css"),
        ),
        Asset::new(
            "icusync.js",
            "text/javascript; charset=utf-8",
            include_bytes!("assets/icusync.js"),
        ),
        Asset::new(
            "icusync.svg",
            "image/svg+xml",
            include_bytes!("assets/icusync.svg"),
        ),
        Asset::new(
            "passkey.js",
            "text/javascript; charset=utf-8",
            include_bytes!("assets/passkey.js"),
        ),
    ]
});

/// Path of the stylesheet.
pub(crate) fn style() -> &'static str {
    &ASSETS[0].path
}

/// Path of the script.
pub(crate) fn script() -> &'static str {
    &ASSETS[1].path
}

/// Path of the logo.
pub(crate) fn logo() -> &'static str {
    &ASSETS[2].path
}

/// Path of the script of the pages that ask for a passkey.
pub(crate) fn passkey_script() -> &'static str {
    &ASSETS[3].path
}

/// `GET /assets/{hash}/{name}`: exactly the assets above, in exactly this version.
pub(crate) async fn serve(Path((hash, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name && asset.hash == hash)
        .ok_or(Problem::NotFound)?;
    Ok(respond(asset, "public, max-age=31536000, immutable"))
}

/// `GET /favicon.ico`, which some browsers request whatever icon the page names.
pub(crate) async fn icon() -> Response {
    respond(&ASSETS[2], "public, max-age=86400")
}

fn respond(asset: &'static Asset, cache: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    (headers, asset.bytes).into_response()
}
