//! The metadata documents of clients that a world's service can fetch. What is not here cannot be reached.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use icusync::oauth::documents::{FetchError, Fetcher};
use serde_json::Value;

type Answer = Result<Vec<u8>, FetchError>;

/// Documents by URL, and which were asked for.
#[derive(Clone, Default)]
pub struct Documents {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Documents {
    /// Fetches from here. Each fetcher remembers for itself, as each instance of the service does.
    pub fn fetcher(&self) -> Fetcher {
        let documents = self.clone();
        Fetcher::of(move |url| {
            let url = String::from(url);
            let answer = documents.answers.lock().unwrap().get(&url).cloned();
            documents.asked.lock().unwrap().push(url);
            std::future::ready(answer.unwrap_or(Err(FetchError::Unreachable)))
        })
    }

    /// From now on `url` answers with this document.
    pub fn put(&self, url: &str, document: &Value) {
        self.answer(url, Ok(document.to_string().into_bytes()));
    }

    /// From now on `url` answers so.
    pub fn answer(&self, url: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// How many requests were sent.
    pub fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}
