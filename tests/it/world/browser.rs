//! A browser without JavaScript: cookies, one hop at a time, and the headers that browsers send with forms.

use std::{collections::BTreeMap, sync::Arc};

use reqwest::{Method, header};

use super::World;

/// A visitor with a cookie jar.
#[derive(Clone)]
pub struct Browser {
    world: Arc<World>,
    http: reqwest::Client,
    /// Name and value.
    pub cookies: BTreeMap<String, String>,
    /// Sent with every request, after the ordinary headers.
    pub extra: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Clone)]
pub struct Page {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: header::HeaderMap,
    /// Text.
    pub body: String,
}

impl Page {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Whether it puts what was typed into a cookie.
    pub fn keeps_text(&self) -> bool {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.filter_map(|cookie| cookie.to_str().ok()).any(|cookie| {
            let value = cookie
                .strip_prefix("draft=")
                .or_else(|| cookie.strip_prefix("entry="));
            value.is_some_and(|value| !value.starts_with(';'))
        })
    }

    /// The hidden field that ties a button to the mail link that led to its page.
    pub fn form_id(&self) -> String {
        self.attribute("input[name=form]", "value")
            .unwrap_or_else(|| panic!("no button in {}", self.text()))
    }

    /// The body without tags, white space folded.
    pub fn text(&self) -> String {
        let html = scraper::Html::parse_document(&self.body);
        html.root_element()
            .text()
            .collect::<Vec<_>>()
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The value of an attribute of the first element that `selector` finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let html = scraper::Html::parse_document(&self.body);
        let selector = scraper::Selector::parse(selector).unwrap();
        html.select(&selector)
            .next()
            .and_then(|element| element.attr(name))
            .map(str::to_owned)
    }
}

/// Encodes a form.
pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Browser {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self {
            world,
            http: super::Mcp::client(),
            cookies: BTreeMap::new(),
            extra: Vec::new(),
        }
    }

    /// Gets a path of the service, or an absolute URL.
    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, None).await
    }

    /// Posts a form from a page of the service itself, and follows the way back to the form if it is not accepted: what was
    /// typed is in a cookie, and its page shows it. A page with a mistake counts as 422 here, which no form is answered with,
    /// so that tests need not say it twice. [`Browser::post_once`] shows the redirect itself.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let answer = self.post_once(path, fields).await;
        let lost = answer.location().starts_with("/sign-in?next=") && !path.ends_with("/sign-in");
        if answer.status != 303 || !answer.keeps_text() || lost {
            return answer;
        }
        if path.starts_with("http") {
            return Page {
                status: 422,
                ..answer
            };
        }
        let mut page = self.get(answer.location()).await;
        if page.status == 200 && page.body.contains("<title>Error: ") {
            page.status = 422;
        }
        page
    }

    /// Posts a form and follows nothing.
    pub async fn post_once(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, path, Some(form(fields))).await
    }

    /// Follows a mail link to the page with its button.
    pub async fn open(&mut self, link: &str) -> Page {
        let swap = self.get(link).await;
        assert_eq!(swap.status, 303);
        assert!(!swap.location().contains("icum_"), "the token left the address");
        let location = swap.location().to_owned();
        self.get(&location).await
    }

    /// Presses the button of the page behind a mail link, with what is typed there.
    pub async fn press(&mut self, page: &Page, typed: &[(&str, &str)]) -> Page {
        let action = page.attribute("main form", "action").unwrap();
        let form = page.form_id();
        let fields = [&[("form", form.as_str())], typed].concat();
        self.post(&action, &fields).await
    }

    /// Sends one request; `extra` replaces what a browser would send.
    pub async fn send(&mut self, method: Method, path: &str, body: Option<String>) -> Page {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.world.web)
        };
        let own = url.starts_with(&self.world.web);
        let mut headers = header::HeaderMap::new();
        headers.insert(header::USER_AGENT, "Mozilla/5.0 (Test; rv:1.0)".parse().unwrap());
        if own && !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        if body.is_some() {
            headers.insert(
                header::CONTENT_TYPE,
                "application/x-www-form-urlencoded".parse().unwrap(),
            );
            let origin = if own {
                self.world.web.clone()
            } else {
                url::Url::parse(&url).unwrap().origin().ascii_serialization()
            };
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
        }
        for (name, value) in &self.extra {
            headers.insert(*name, value.parse().unwrap());
        }
        let mut request = self.http.request(method, &url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if own {
            for cookie in headers.get_all(header::SET_COOKIE) {
                self.keep(cookie.to_str().unwrap());
            }
        }
        Page {
            status,
            headers,
            body: answer.text().await.unwrap(),
        }
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
            self.cookies.remove(name);
        } else {
            if value.len() >= 10 {
                self.world.secret(value);
            }
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
