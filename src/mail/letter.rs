//! What a mail can be asked, and what it becomes: subject, text and HTML. The macro ties it to its three templates.

use chrono::{DateTime, Utc};

use super::{Granting, Whose};
use crate::ids::AccountId;

/// What every mail knows beside its own content.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// To whom, as typed.
    pub to: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// Where the pages are, without a trailing slash.
    pub public_url: String,
}

impl Envelope {
    /// The time as it stands in a mail; the recipient's zone is not known, so it is UTC.
    pub fn time(&self) -> String {
        self.at.format("%Y-%m-%d %H:%M UTC").to_string()
    }
}

/// A rendered mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// What the queue asks of a mail. Its text is its own; the rest concerns few, and has an answer for all others.
pub(super) trait Content {
    /// The text, for the address and time in `envelope`.
    fn render(&self, envelope: &Envelope) -> askama::Result<Letter>;

    /// Whom beside its reader it tells of, where what one person does must not hold back the news of another.
    fn about(&self) -> Option<&str> {
        None
    }

    /// The coach's connector URL that stands in it.
    fn url_mut(&mut self) -> Option<&mut String> {
        None
    }

    /// On whose behalf it is sent, when it was asked for on `account`'s: with that account it is forgotten.
    fn on_behalf(&self, account: Option<AccountId>) -> Option<AccountId> {
        account
    }

    /// What this athlete grants, as the mail says it.
    fn grant_mut(&mut self, _whose: &Whose<'_>) -> Option<&mut Granting> {
        None
    }

    /// Takes out what it says of this athlete's grant.
    fn withdraw(&mut self, whose: &Whose<'_>) -> Withdrawn {
        match self.grant_mut(whose) {
            Some(_) => Withdrawn::Whole { first: false },
            None => Withdrawn::Nothing,
        }
    }
}

/// What was taken out of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withdrawn {
    /// Nothing: it is not about this athlete.
    Nothing,
    /// What it said of one of several athletes.
    Part {
        /// Whether the coach would have heard of the grant by this mail.
        first: bool,
    },
    /// Everything: it is about nobody any more.
    Whole {
        /// Whether the coach would have heard of the grant by this mail.
        first: bool,
    },
}

/// The `render` of a mail's [`Content`], from `templates/mail/<file>.subject`, `.txt` and `.html`. In the templates `mail` is
/// the struct and `envelope` the [`Envelope`].
macro_rules! letter {
    ($mail:ty, $subject:literal, $text:literal, $html:literal) => {
        fn render(&self, envelope: &$crate::mail::Envelope) -> askama::Result<$crate::mail::Letter> {
            use askama::Template;

            #[derive(Template)]
            #[template(path = $subject, escape = "none")]
            struct SubjectPart<'a> {
                mail: &'a $mail,
                envelope: &'a $crate::mail::Envelope,
            }

            #[derive(Template)]
            #[template(path = $text, escape = "none")]
            struct TextPart<'a> {
                mail: &'a $mail,
                envelope: &'a $crate::mail::Envelope,
            }

            #[derive(Template)]
            #[template(path = $html)]
            struct HtmlPart<'a> {
                mail: &'a $mail,
                envelope: &'a $crate::mail::Envelope,
            }

            let mail = self;
            let subject = SubjectPart { mail, envelope };
            // Not every subject names the content or the recipient.
            let _ = (subject.mail, subject.envelope);
            Ok($crate::mail::Letter {
                subject: subject.render()?.trim().to_owned(),
                text: TextPart { mail, envelope }.render()?,
                html: HtmlPart { mail, envelope }.render()?,
            })
        }
    };
}

pub(super) use letter;
