//! What to try in the demo: the screen in the terminal, the page next to the captured emails, and the line of JSON.
//!
//! Texts only: what they name was made in [`super::seed`].

use std::{fmt::Write as _, net::SocketAddr};

use askama::Template;
use icusync_sim::{PEOPLE, Person};
use serde_json::{Value, json};

use super::seed::{PASSWORD, Seeded, SeededCoach};
use crate::app::App;

/// Everything that somebody who tries the demo needs to know.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/inbox_try.html")]
pub struct Guide {
    /// The origin of the pages.
    web: String,
    /// The URL where clients sign in.
    mcp: String,
    /// The origin of the connector URLs.
    links: String,
    /// The origin of the captured emails.
    mail: String,
    /// The origin of intervals.icu.
    intervals: String,
    /// The origin of the simulator's controls, if intervals.icu is simulated by this demo.
    control: Option<String>,
    people: Vec<Seeded>,
    coaches: Vec<SeededCoach>,
}

impl Guide {
    /// A guide to a demo whose captured emails are at `mail`.
    pub fn new(app: &App, people: Vec<Seeded>, coaches: Vec<SeededCoach>, mail: SocketAddr) -> Self {
        let config = &app.config;
        Self {
            web: config.public_url.as_str().to_owned(),
            mcp: config.mcp_url(),
            links: config.link_url.as_str().to_owned(),
            mail: format!("http://{mail}"),
            intervals: config.intervals_url.as_str().to_owned(),
            control: None,
            people,
            coaches,
        }
    }

    /// The same, with intervals.icu simulated by this demo, which listens to tests at `control`.
    #[must_use]
    pub fn simulated(self, control: &str) -> Self {
        Self {
            control: Some(control.to_owned()),
            ..self
        }
    }

    /// The athlete whom nobody's account shows yet; none where intervals.icu is not this demo's own.
    fn free(&self) -> Option<&'static Person> {
        self.control.as_ref()?;
        PEOPLE.iter().find(|person| person.free)
    }

    #[expect(clippy::unused_self, reason = "askama calls methods of the template")]
    fn password(&self) -> &'static str {
        PASSWORD
    }

    /// One line for programs.
    pub fn json(&self) -> String {
        let athletes: Vec<Value> = self
            .people
            .iter()
            .map(|seeded| {
                json!({
                    "name": seeded.person.name,
                    "email": seeded.person.email,
                    "password": PASSWORD,
                    "link": seeded.link,
                    "athlete_id": seeded.person.athlete_id,
                    "token": seeded.person.token,
                })
            })
            .collect();
        let coaches = self.coaches.iter();
        let coaches: Vec<Value> = coaches
            .map(|coach| json!({"email": coach.email, "link": coach.link}))
            .collect();
        let mut ready = json!({
            "web": self.web,
            "mcp": self.mcp,
            "links": self.links,
            "mail": self.mail,
            "intervals": self.intervals,
            "athletes": athletes,
            "coaches": coaches,
            // The first athlete's connector may make changes, and the first coach may change all of one athlete and the calendar of another.
            "writing": true,
        });
        if let Some(control) = &self.control {
            ready["control"] = json!(control);
        }
        if let Some(free) = self.free() {
            ready["free"] = json!({"name": free.name, "athlete_id": free.athlete_id});
        }
        ready.to_string()
    }

    /// The screen: what to try, in the order in which it makes sense, in 80 columns and 24 lines.
    pub fn screen(&self) -> String {
        let (web, mail) = (&self.web, &self.mail);
        let mut out = format!("\nThe IcuSync demo is ready. Open {web} and try:\n\n");
        match self.free() {
            Some(free) => {
                let _ = writeln!(out, "  1. Continue with intervals.icu: you are {}.", free.name);
                let _ = writeln!(out, "     Two clicks from the home page to her dashboard.");
            }
            None => out.push_str("  1. Continue with intervals.icu, on the home page.\n"),
        }
        let _ = writeln!(
            out,
            "  2. Add IcuSync to a client, sign in, and ask “How is my form today?”"
        );
        let _ = writeln!(out, "     claude mcp add --transport http icusync {}", self.mcp);
        let _ = writeln!(
            out,
            "  3. Sign up by email, with any address. Its emails arrive at"
        );
        let _ = writeln!(out, "     {mail}");
        if let Some(first) = self.people.first() {
            let _ = writeln!(out, "  4. Sign in as {}, who has a coach:", first.person.name);
            let _ = writeln!(out, "     {} / {PASSWORD}", first.person.email);
        }
        if let Some(coach) = self.coaches.first() {
            let _ = writeln!(out, "  5. Be that coach, in a client, with this connector URL:");
            let _ = writeln!(out, "{}", coach.link);
        }
        let _ = writeln!(
            out,
            "\nAll people, passwords and connector URLs (or start with --all):"
        );
        let _ = writeln!(out, "     {mail}/try");
        out
    }

    /// Everybody who was seeded, for the terminal.
    pub fn everyone(&self) -> String {
        let mut out = format!("\nThe password of every account is {PASSWORD}\n");
        for seeded in &self.people {
            let _ = writeln!(out, "\n{}, {}", seeded.person.name, seeded.person.email);
            let _ = writeln!(out, "{}", seeded.link);
        }
        for coach in &self.coaches {
            let _ = writeln!(out, "\nCoach {}\n{}", coach.email, coach.link);
        }
        let _ = writeln!(out, "\nintervals.icu: {}", self.intervals);
        out
    }
}
