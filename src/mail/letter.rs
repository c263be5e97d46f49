//! What a mail becomes: subject, text and HTML, and the macro that ties a mail to its three templates.

use chrono::{DateTime, Utc};

use super::Address;
use crate::text::{clean, fenced};

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

/// Characters of an athlete's name in a mail: subjects are one line on a phone.
const NAME_CHARS: usize = 60;

/// Characters of a note in a mail.
const NOTE_CHARS: usize = 1_000;

/// An athlete's name, which comes from upstream: one clean line, of a length for a subject, in which no mail program finds a
/// link. Whose name is not known goes by the own address, which stays as it is.
pub(super) fn who(name: &str) -> String {
    let name = clean(name, NAME_CHARS);
    if name.is_empty() {
        "An athlete".to_owned()
    } else if Address::parse(&name).is_ok() {
        name
    } else {
        leading_nowhere(&name)
    }
}

/// The text with a space after each dot or colon that could join it into a link.
fn leading_nowhere(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        match c {
            // What is a dot in any script is one for whoever resolves the name.
            '.' | '。' | '．' | '｡' | '․' => {
                plain.push('.');
                plain.extend(next.is_alphanumeric().then_some(' '));
            }
            ':' | '：' if next == '/' => plain.push_str(": "),
            _ => plain.push(c),
        }
    }
    plain
}

/// What somebody wrote, between quotes that say so; none when nothing of it can be seen.
pub(super) fn written(note: &str) -> Option<String> {
    Some(fenced(note, NOTE_CHARS)).filter(|note| !note.is_empty())
}

/// Gives a mail its `render`, from `templates/mail/<file>.subject`, `.txt` and `.html`. In the templates `mail` is the
/// struct and `envelope` the [`Envelope`].
macro_rules! letter {
    ($mail:ty, $subject:literal, $text:literal, $html:literal) => {
        #[derive(askama::Template)]
        #[template(path = $subject, escape = "none")]
        struct SubjectPart<'a> {
            mail: &'a $mail,
            envelope: &'a $crate::mail::Envelope,
        }

        #[derive(askama::Template)]
        #[template(path = $text, escape = "none")]
        struct TextPart<'a> {
            mail: &'a $mail,
            envelope: &'a $crate::mail::Envelope,
        }

        #[derive(askama::Template)]
        #[template(path = $html)]
        struct HtmlPart<'a> {
            mail: &'a $mail,
            envelope: &'a $crate::mail::Envelope,
        }

        impl $mail {
            /// The text of this mail.
            pub(super) fn render(
                &self,
                envelope: &$crate::mail::Envelope,
            ) -> askama::Result<$crate::mail::Letter> {
                use askama::Template as _;
                let subject = SubjectPart {
                    mail: self,
                    envelope,
                };
                // Not every subject names the content or the recipient.
                let _ = (subject.mail, subject.envelope);
                let subject = subject.render()?;
                Ok($crate::mail::Letter {
                    subject: subject.trim().to_owned(),
                    text: TextPart {
                        mail: self,
                        envelope,
                    }
                    .render()?,
                    html: HtmlPart {
                        mail: self,
                        envelope,
                    }
                    .render()?,
                })
            }
        }
    };
}

pub(super) use letter;
