//! The handle on one athlete: the requests, and the checks that the answers are about that athlete.
//!
//! Requests are sent in [`super::wire`]; answers are kept in [`super::cache`].

mod analysis;
mod calendar;
mod curves;
mod extended;
mod files;
mod gear;
mod intervals;
mod items;
mod library;
mod records;
mod streams;
mod weeks;
mod writes;

use std::{
    any::Any,
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::NaiveDate;
use http::Method;
use serde::de::DeserializeOwned;
use url::{Position, Url};

use super::{
    Area, Client, Credential, Error, For,
    budget::{Pool, Spender},
    cache::{Fresh, Key},
    lenient::{self, LeftOut, Nouns, Odd, Rows},
    model,
    wire::Call,
};
use crate::ids::{ActivityId, AthleteId};

pub use analysis::Histogram;
pub use curves::{CurveSpec, Fatigue, Window};
pub use files::{Content, Download, FileId, Planned, Recording};
pub use intervals::{IntensityOf, IntervalQuery};

/// Days of activities that fit into one answer; longer ranges are read in pages.
const ONE_ANSWER_DAYS: i64 = 366;
/// Rows of a page: with every field that a history requests, about 900 bytes each, well below the body limit.
const PAGE: usize = 3000;
/// A request that needs more pages is refused as too large: together with the calendar, a call keeps to four requests.
const PAGES: usize = 3;
/// How long to wait if only what is kept may be read: what is used up today is back at midnight at the latest.
const KEPT_ONLY: Duration = Duration::from_hours(1);
/// Fields that every list of activities requests.
const ALWAYS: [&str; 4] = ["id", "icu_athlete_id", "start_date_local", "source"];

/// A handle on exactly one athlete of intervals.icu: every call goes to that athlete with that athlete's credential,
/// within the deadline, the budget and the cache of the call it was made for.
#[derive(Clone)]
pub struct Athlete {
    client: Client,
    of: Arc<For>,
    sent: Arc<AtomicU32>,
    profile: Arc<Mutex<Option<model::Athlete>>>,
    /// What was left out, by question: an answer that is used twice counts once.
    unread: Arc<Mutex<BTreeMap<String, LeftOut>>>,
    /// The last day with a plan that has a load and that whoever asks may not see.
    hidden_until: Arc<Mutex<Option<NaiveDate>>>,
    /// Whether reads get only what is kept.
    only_kept: bool,
}

/// An answer as it is kept: its value, and what of it was left out.
#[derive(Clone)]
struct Kept<T> {
    value: T,
    unread: LeftOut,
}

/// Which activities to list.
#[derive(Debug, Clone)]
pub struct ActivityQuery {
    /// First local day.
    pub oldest: NaiveDate,
    /// Last local day, inclusive.
    pub newest: NaiveDate,
    /// Only this many, the newest.
    pub limit: Option<u32>,
    /// The requested fields (`fields=`); `id`, `icu_athlete_id`, `start_date_local` and `source` are always added.
    pub fields: &'static [&'static str],
}

impl Client {
    /// A handle on one athlete. Sends no request yet.
    pub fn athlete(&self, of: For) -> Athlete {
        Athlete {
            client: self.clone(),
            of: Arc::new(of),
            sent: Arc::default(),
            profile: Arc::default(),
            unread: Arc::default(),
            hidden_until: Arc::default(),
            only_kept: false,
        }
    }
}

impl Athlete {
    /// The athlete.
    pub fn id(&self) -> &AthleteId {
        &self.of.athlete
    }

    /// The same handle, counting on; it reads what stands there since the write with this number.
    #[must_use]
    pub fn reading_after(&self, write_number: i64) -> Self {
        Self {
            of: Arc::new(For {
                write_number,
                ..(*self.of).clone()
            }),
            ..self.clone()
        }
    }

    /// How many requests may still be sent for the athlete today. Sends none.
    pub fn left_today(&self) -> u32 {
        self.client.0.wire.left(&self.spender())
    }

    /// The same handle, but what it reads comes only from answers that are kept: anything else is [`Error::Busy`].
    #[must_use]
    pub fn reading_only_kept(&self) -> Self {
        Self {
            only_kept: true,
            ..self.clone()
        }
    }

    /// How many requests this handle (and its clones) has sent so far, including retries, but not answers from the cache
    /// or from another handle's request.
    pub fn requests(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether a calendar read so far has a plan with a load, after this day, that a coach hides from the athlete, who asks.
    pub fn hides_load_after(&self, day: NaiveDate) -> bool {
        let last = self.hidden_until.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last > day)
    }

    /// What was left out of the answers so far, by reason and kind (its name for one and for several).
    pub fn unread(&self) -> BTreeMap<(Odd, [&'static str; 2]), usize> {
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = LeftOut::new();
        for (what, count) in unread.values().flatten() {
            *sum.entry(*what).or_default() += count;
        }
        sum
    }

    /// Takes the profile that this handle or a clone of it read last, so that the code that opened the handle can keep what
    /// a call has read.
    pub fn profile_read(&self) -> Option<model::Athlete> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// `GET /athlete/{id}`: profile with sport settings.
    pub async fn profile(&self) -> Result<model::Athlete, Error> {
        let url = self.url("");
        let read = |body: &[u8]| {
            let athlete: model::Athlete = lenient::object(body)?;
            self.must_be_mine(athlete.id.as_deref())?;
            Ok(weighed(athlete, body, 1))
        };
        let athlete = self.ask("athlete", Area::Settings, url, read).await?;
        let mut last = self.profile.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(athlete.clone());
        Ok(athlete)
    }

    /// `GET /athlete/{id}/activities`: newest first. A range of years is read in pages; one with more than 9,000 activities
    /// is [`Error::TooLarge`] rather than cut.
    pub async fn activities(&self, query: &ActivityQuery) -> Result<Vec<model::Activity>, Error> {
        let wanted = query
            .limit
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        if query.oldest > query.newest || wanted == Some(0) {
            return Ok(Vec::new());
        }
        let days = (query.newest - query.oldest).num_days();
        let page = match wanted {
            Some(wanted) => Some(wanted.min(PAGE)),
            None => (days > ONE_ANSWER_DAYS).then_some(PAGE),
        };
        let mut rows: Vec<model::Activity> = Vec::new();
        let mut seen = HashSet::new();
        // Rows that could not be read count towards the limit: upstream sent as many as requested.
        let mut odd = 0;
        let mut newest = query.newest.to_string();
        for _ in 0..PAGES {
            let (answer, count, unread) = self.activity_page(query, &newest, page).await?;
            let last = answer.iter().filter_map(|row| row.start_date_local).min();
            let before = rows.len();
            odd += unread;
            rows.extend(
                answer
                    .into_iter()
                    .filter(|row| row.id.clone().is_some_and(|id| seen.insert(id))),
            );
            let full = page.is_some_and(|page| count >= page);
            if !full || wanted.is_some_and(|wanted| rows.len() + odd >= wanted) {
                // Rows without a time, which upstream never sends, go last.
                rows.sort_by_key(|row| std::cmp::Reverse(row.start_date_local));
                rows.truncate(wanted.unwrap_or(usize::MAX));
                return Ok(rows);
            }
            // Full pages without anything new would never end.
            let Some(last) = last.filter(|_| rows.len() > before) else {
                break;
            };
            newest = last.format("%Y-%m-%dT%H:%M:%S").to_string();
        }
        tracing::warn!(endpoint = "activities", "more pages than a request may need");
        Err(Error::TooLarge)
    }

    /// One request, how many rows it returned in all, and how many of them could not be read.
    async fn activity_page(
        &self,
        query: &ActivityQuery,
        newest: &str,
        limit: Option<usize>,
    ) -> Result<(Vec<model::Activity>, usize, usize), Error> {
        let mut url = self.ranged("/activities", query.oldest, newest);
        url.query_pairs_mut()
            .append_pair("fields", &fields(&ALWAYS, query.fields))
            .extend_pairs(limit.map(|limit| ("limit", limit.to_string())));
        let read = |body: &[u8]| {
            let answer: Rows<model::Activity> = lenient::rows_or_odd(body, lenient::object)?;
            let count = answer.rows.len() + answer.odd;
            let mut rows = Self::counted("activities", answer);
            self.all_mine(rows.iter().map(|row| &row.icu_athlete_id))?;
            Self::only("activities", &mut rows, is_whole);
            let unread = count - rows.len();
            Self::each_once("activities", &mut rows, |row| row.id.clone());
            Ok(weighed((rows, count, unread), body, count))
        };
        self.ask("activities", Area::Activity, url, read).await
    }

    /// `GET /athlete/{id}/activities/search`: light rows whose name contains `text`, or that have the exact `#tag`.
    pub async fn search_activities(&self, text: &str, limit: u32) -> Result<Vec<model::Activity>, Error> {
        let mut url = self.url("/activities/search");
        url.query_pairs_mut()
            .append_pair("q", text)
            .append_pair("limit", &limit.max(1).to_string());
        let read = |body: &[u8]| {
            let answer = lenient::rows_or_odd(body, lenient::object)?;
            let mut rows: Vec<model::Activity> = Self::counted("activity_search", answer);
            self.all_mine(rows.iter().map(|row| &row.icu_athlete_id))?;
            Self::only("activity_search", &mut rows, is_whole);
            Self::each_once("activity_search", &mut rows, |row| row.id.clone());
            rows.sort_by_key(|row| std::cmp::Reverse(row.start_date_local));
            let count = rows.len();
            Ok(weighed(rows, body, count))
        };
        self.ask("activity_search", Area::Activity, url, read).await
    }

    /// `GET /activity/{id}`: one activity, refused ([`Error::WrongAthlete`], [`Error::Ownerless`]) unless its
    /// `icu_athlete_id` is this athlete's. The first request about an activity that a caller names.
    pub async fn activity(&self, id: &ActivityId) -> Result<model::Activity, Error> {
        let url = self.activity_url(id, "");
        let read = |body: &[u8]| {
            let activity: model::Activity = lenient::object(body)?;
            self.must_own(&activity)?;
            if activity.id.as_deref() != Some(id.as_str()) {
                return Err(Error::Garbled);
            }
            Ok(weighed(activity, body, 1))
        };
        self.ask("activity", Area::Activity, url, read).await
    }

    /// `GET /athlete/{id}/wellness`: oldest first. Without fields, every field, including custom ones, but for `sportInfo` and `updated`.
    pub async fn wellness(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        wanted: &'static [&'static str],
    ) -> Result<Vec<model::Wellness>, Error> {
        if oldest > newest {
            return Ok(Vec::new());
        }
        let mut url = self.ranged("/wellness", oldest, newest);
        if !wanted.is_empty() {
            url.query_pairs_mut()
                .append_pair("fields", &fields(&["id"], wanted));
        }
        let read = |body: &[u8]| {
            let answer = lenient::rows_or_odd(body, lenient::object)?;
            let mut rows: Vec<model::Wellness> = Self::counted("wellness", answer);
            Self::only("wellness", &mut rows, |row| row.id.is_some());
            Self::each_once("wellness", &mut rows, |row| row.id);
            rows.sort_by_key(|row| row.id);
            if wanted.is_empty() {
                // Most of a day's text, and never read among all fields.
                for row in &mut rows {
                    row.rest.forget(&["sportInfo", "updated"]);
                }
            }
            rows.shrink_to_fit();
            let weights = rows
                .iter()
                .map(|row| size_of::<model::Wellness>() + row.rest.weight());
            let weight = weights.sum();
            Ok(Fresh { value: rows, weight })
        };
        self.ask("wellness", Area::Wellness, url, read).await
    }

    /// `GET /athlete/{id}/custom-item`: the names of the athlete's own wellness fields (`INPUT_FIELD` items).
    pub async fn custom_fields(&self) -> Result<Vec<model::CustomField>, Error> {
        self.fields_of(model::FieldOf::Day).await
    }

    /// The same request: the names of the athlete's own fields of activities (`ACTIVITY_FIELD` items).
    pub async fn activity_fields(&self) -> Result<Vec<model::CustomField>, Error> {
        self.fields_of(model::FieldOf::Activity).await
    }

    /// The same request: everything that the athlete made or took from others.
    pub async fn custom_items(&self) -> Result<Vec<model::CustomItem>, Error> {
        let url = self.url("/custom-item");
        let read = |body: &[u8]| {
            let mut items: Vec<model::CustomItem> =
                Self::counted("custom_items", lenient::rows_or_odd(body, lenient::object)?);
            self.all_mine(items.iter().map(|item| &item.athlete_id))?;
            Self::each_once("custom_items", &mut items, |item| item.id);
            let count = items.len();
            Ok(weighed(items, body, count))
        };
        self.ask("custom_items", Area::Settings, url, read).await
    }

    async fn fields_of(&self, of: model::FieldOf) -> Result<Vec<model::CustomField>, Error> {
        let url = self.url("/custom-item");
        let read = |body: &[u8]| {
            let items: Vec<model::CustomItem> = Self::rows("custom_items", body)?;
            let found: Vec<_> = items.into_iter().filter_map(custom_field).collect();
            let weight = found.len() * 128;
            Ok(Fresh { value: found, weight })
        };
        let mut found: Vec<model::CustomField> = self.ask("custom_items", Area::Settings, url, read).await?;
        found.retain(|field| field.of == of);
        Ok(found)
    }

    /// The answer, from the cache or from upstream. Areas known not to be shared are not requested.
    async fn ask<T: Any + Clone + Send + Sync>(
        &self,
        endpoint: &'static str,
        area: Area,
        url: Url,
        read: impl Fn(&[u8]) -> Result<Fresh<T>, Error>,
    ) -> Result<T, Error> {
        let of = &self.of;
        if !of.scopes.reads(area) {
            return Err(Error::MissingScope(area));
        }
        let key = Key {
            connection: of.connection,
            write_number: of.write_number,
            question: url[Position::BeforePath..].to_owned(),
        };
        let call = self.call(Method::GET, endpoint, area, url);
        let parts = &self.client.0;
        let read = |body: &[u8]| {
            let (fresh, unread) = lenient::watched(|| read(body));
            let Fresh { value, weight } = fresh?;
            Ok(Fresh {
                value: Kept { value, unread },
                weight,
            })
        };
        let question = key.question.clone();
        let ask = || parts.wire.ask(&call, read);
        let answer: Arc<Kept<T>> = if self.only_kept {
            let kept = parts.cache.kept(key).await;
            kept.ok_or(Error::Busy {
                retry_after: KEPT_ONLY,
            })?
        } else {
            parts.cache.get(key, of.deadline, ask).await?
        };
        let Kept { value, unread } = Arc::unwrap_or_clone(answer);
        if !unread.is_empty() {
            let mut all = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(question, unread);
        }
        Ok(value)
    }

    /// A request with this athlete's credential.
    fn call(&self, method: Method, endpoint: &'static str, area: Area, url: Url) -> Call<'_> {
        let of = &self.of;
        Call {
            method,
            endpoint,
            url,
            credential: Some(&of.credential),
            form: None,
            json: None,
            area: Some((area, &of.scopes)),
            spender: self.spender(),
            deadline: of.deadline,
            sent: &self.sent,
        }
    }

    /// What its requests count against.
    fn spender(&self) -> Spender {
        let of = &self.of;
        Spender {
            caller: of.caller,
            athlete: Some(of.athlete.clone()),
            pool: match of.credential {
                Credential::Bearer(_) => Pool::App,
                Credential::ApiKey(_) => Pool::Key(of.athlete.clone()),
            },
        }
    }

    fn url(&self, rest: &str) -> Url {
        self.client
            .0
            .url(&format!("/api/v1/athlete/{}{rest}", self.of.athlete))
    }

    /// The URL for a range of days, inclusive.
    fn ranged(&self, rest: &str, oldest: impl fmt::Display, newest: impl fmt::Display) -> Url {
        let mut url = self.url(rest);
        url.query_pairs_mut()
            .append_pair("oldest", &oldest.to_string())
            .append_pair("newest", &newest.to_string());
        url
    }

    fn activity_url(&self, id: &ActivityId, rest: &str) -> Url {
        self.client.0.url(&format!("/api/v1/activity/{id}{rest}"))
    }

    fn rows<T: DeserializeOwned>(endpoint: &'static str, body: &[u8]) -> Result<Vec<T>, Error> {
        Ok(Self::counted(endpoint, lenient::rows(body)?))
    }

    /// Counts the rows that were left out, and logs how many, if any.
    fn counted<T>(endpoint: &'static str, rows: Rows<T>) -> Vec<T> {
        lenient::leave_out(nouns(endpoint), rows.odd);
        if rows.odd > 0 {
            tracing::warn!(
                endpoint,
                rows = rows.odd,
                "rows that could not be read were left out"
            );
        }
        rows.rows
    }

    /// Leaves out the rows that lack what every row has, and counts them.
    fn only<T>(endpoint: &'static str, rows: &mut Vec<T>, is_whole: impl Fn(&T) -> bool) {
        let count = rows.len();
        rows.retain(is_whole);
        lenient::leave_out(nouns(endpoint), count - rows.len());
    }

    /// Leaves out the rows whose id an earlier row has, one that was sent twice counts once, and counts those that differ.
    fn each_once<T: fmt::Debug, I: Eq + Hash>(
        endpoint: &'static str,
        rows: &mut Vec<T>,
        id: impl Fn(&T) -> Option<I>,
    ) {
        let mut kept: Vec<T> = Vec::with_capacity(rows.len());
        let mut places = HashMap::new();
        let mut differing = 0;
        for row in rows.drain(..) {
            let place = id(&row).map_or(kept.len(), |id| *places.entry(id).or_insert(kept.len()));
            match kept.get(place) {
                // Rows are the same if they read the same.
                Some(first) => differing += usize::from(format!("{first:?}") != format!("{row:?}")),
                None => kept.push(row),
            }
        }
        *rows = kept;
        lenient::count_odd(Odd::Differing, nouns(endpoint), differing);
    }

    fn must_be_mine(&self, id: Option<&str>) -> Result<(), Error> {
        if id == Some(self.of.athlete.as_str()) {
            Ok(())
        } else {
            Err(Error::WrongAthlete)
        }
    }

    /// An activity that a caller named must say whose it is.
    fn must_own(&self, activity: &model::Activity) -> Result<(), Error> {
        let owner = activity.icu_athlete_id.as_deref().ok_or(Error::Ownerless)?;
        self.must_be_mine(Some(owner))
    }

    /// Rows that name an athlete must name this one.
    fn all_mine<'a>(&self, ids: impl Iterator<Item = &'a Option<String>>) -> Result<(), Error> {
        ids.flatten().try_for_each(|id| self.must_be_mine(Some(id)))
    }
}

impl fmt::Debug for Athlete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Athlete")
    }
}

/// A value with its weight: at most its text and one struct per row.
fn weighed<T>(value: T, body: &[u8], rows: usize) -> Fresh<T> {
    let weight = body.len() + rows * size_of::<model::Activity>();
    Fresh { value, weight }
}

/// Whether a row of a list is an activity that a range can hold.
pub(super) fn is_whole(row: &model::Activity) -> bool {
    row.id.is_some() && row.start_date_local.is_some()
}

/// What the rows of an endpoint are called.
fn nouns(endpoint: &str) -> Nouns {
    match endpoint {
        "activities" | "activity_search" | "interval_search" | "activities_by_id" => {
            ["activity", "activities"]
        }
        "calendar" | "events" => ["calendar entry", "calendar entries"],
        "wellness" => ["wellness day", "wellness days"],
        "custom_items" => ["custom item", "custom items"],
        "gear" => ["piece of gear", "pieces of gear"],
        "weeks" => ["week", "weeks"],
        "library" => ["folder", "folders"],
        "templates" => ["workout of the library", "workouts of the library"],
        "streams" => lenient::CHANNEL,
        _ => ["row", "rows"],
    }
}

/// The names in order without duplicates, so that the same request has the same key.
fn fields(always: &[&'static str], wanted: &'static [&'static str]) -> String {
    let mut names: Vec<_> = always.iter().chain(wanted).copied().collect();
    names.sort_unstable();
    names.dedup();
    names.join(",")
}

/// A field with a code (`[A-Z][A-Za-z0-9]+`); None for any other item.
fn custom_field(item: model::CustomItem) -> Option<model::CustomField> {
    let code = item.content?.code?;
    let fits = (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let of = match item.kind?.as_str() {
        "INPUT_FIELD" => model::FieldOf::Day,
        "ACTIVITY_FIELD" => model::FieldOf::Activity,
        _ => return None,
    };
    fits.then(|| model::CustomField {
        of,
        name: item.name.unwrap_or_else(|| code.clone()),
        code,
    })
}
