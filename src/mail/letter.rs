//! What a mail becomes: subject, text and HTML, and the macro that ties a mail to its three templates.

use chrono::{DateTime, Utc};

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
