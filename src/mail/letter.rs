//! What every mail can do, and what it renders to: subject, text and HTML. The macro names its three templates.

use chrono::{DateTime, Utc};

use super::{Granting, Whose};
use crate::{ids::AccountId, time};

/// What every mail knows, apart from its own content.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// To whom, as typed.
    pub to: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// Where the pages are, without a trailing slash.
    pub public_url: String,
    /// Whether the policy has connector URLs.
    pub has_links: bool,
}

impl Envelope {
    /// The URL at which clients sign in. It is no secret, and still no link: it is for pasting.
    pub fn mcp_url(&self) -> String {
        format!("{}/mcp", self.public_url)
    }

    /// The time as a mail shows it, in UTC because the recipient's zone is not known.
    pub fn time(&self) -> String {
        time::in_utc(self.at)
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

/// What the queue needs to know about a mail. Only the text differs for every mail; the rest has a default.
pub(super) trait Content {
    /// The text, for the address and time in `envelope`.
    fn render(&self, envelope: &Envelope) -> askama::Result<Letter>;

    /// The person it is about, if not its reader. The hourly limit is counted for each such person, so that what one does never
    /// holds back news about another.
    fn about(&self) -> Option<&str> {
        None
    }

    /// The coach's connector URL in it, which may be switched off since.
    fn url_mut(&mut self) -> Option<&mut Option<String>> {
        None
    }

    /// The account that it is sent for, and deleted with, if it was queued for `account`.
    fn sent_for(&self, account: Option<AccountId>) -> Option<AccountId> {
        account
    }

    /// What it says this athlete grants.
    fn grant_mut(&mut self, _whose: &Whose<'_>) -> Option<&mut Granting> {
        None
    }

    /// Removes what it says about this athlete's grant.
    fn withdraw(&mut self, whose: &Whose<'_>) -> Withdrawn {
        match self.grant_mut(whose) {
            Some(_) => Withdrawn::Whole { first: false },
            None => Withdrawn::Nothing,
        }
    }
}

/// What was removed from a mail. `first`: it would have been how the coach learns of the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withdrawn {
    /// Nothing, because it is not about this athlete.
    Nothing,
    /// One of several athletes.
    Part { first: bool },
    /// Everything: there is nothing left to send.
    Whole { first: bool },
}

/// The `render` of a mail's [`Content`], from `templates/mail/<file>.subject`, `.txt` and `.html`. The templates call the
/// struct `mail` and the [`Envelope`] `envelope`.
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
