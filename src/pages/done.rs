//! What was just done, as the next page says it: a word in its query, `?done=`, and a sentence.
//!
//! Each row is one word of one page. Another page's word shows nothing, so that no outside link puts words into our mouth.

use axum::{
    extract::{FromRequestParts, RawQuery},
    response::{IntoResponse as _, Redirect, Response},
};
use http::request::Parts;

use super::Fields;

const DASHBOARD: &str = "/dashboard";
const ACCOUNT: &str = "/account";
const COACHES: &str = "/coaches";
const MY_ROSTER: &str = "/for-coaches/my-roster";
const APPS: &str = "/apps";
const CONNECTOR: &str = "/connector";
const FACTORS: &str = "/account/factors";
const SIGN_IN: &str = "/sign-in";

/// How a sentence is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    /// It worked.
    Good,
    /// Something was not done, or not all of it.
    Warn,
}

macro_rules! done {
    ($($(#[$why:meta])* $name:ident = $page:ident, $word:literal, $tone:ident, $sentence:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Done {
            $($(#[$why])* $name,)*
        }

        impl Done {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The page that says it, its word there, how it is shown, and the sentence.
            const fn row(self) -> (&'static str, &'static str, Tone, &'static str) {
                match self {
                    $(Self::$name => ($page, $word, Tone::$tone, $sentence),)*
                }
            }

            fn of(page: &str, word: &str) -> Option<Self> {
                match (page, word) {
                    $(($page, $word) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

done! {
    Connected = DASHBOARD, "connected", Good,
        "intervals.icu is connected.";
    Joined = DASHBOARD, "joined", Good,
        "Joined: you are signed in to the account of the athlete you came back as, and can now sign in either way.";
    NothingShared = DASHBOARD, "nothing-shared", Warn,
        "You are signed in at intervals.icu, but shared nothing: every area was unticked. Reconnect and leave ticked what Claude \
             may read.";
    LeftNarrower = DASHBOARD, "narrower", Good,
        "Left as it is: intervals.icu shares what you allowed last.";
    ConnectedOther = DASHBOARD, "connected-other", Good,
        "intervals.icu is connected, and shows another athlete than before. Your coaches cannot see \
             this athlete: the previous athlete’s grants are paused, and an email tells the coaches. Invite them for this \
             athlete under Coaches.";
    ConnectedBack = DASHBOARD, "connected-back", Good,
        "intervals.icu is connected, and shows this athlete again. This athlete’s grants to coaches have \
             resumed, and an email tells the coaches.";
    ConnectedBoth = DASHBOARD, "connected-both", Good,
        "intervals.icu is connected, and shows another athlete than before. The previous athlete’s grants to coaches are \
             paused, and this athlete’s have resumed. Emails tell the coaches.";
    Disconnected = DASHBOARD, "disconnected", Good,
        "intervals.icu is disconnected: our access was erased here, and we asked intervals.icu to revoke it.";
    KeyErased = DASHBOARD, "key-erased", Good,
        "intervals.icu is disconnected: your API key was erased here. At intervals.icu it stays valid until you replace it.";
    Regenerated = CONNECTOR, "regenerated", Good,
        "Your connector URL is regenerated. The old one no longer works: paste the new one into your clients.";
    RegeneratedAppsEnded = CONNECTOR, "regenerated-apps", Good,
        "Your connector URL is regenerated. The old one no longer works: paste the new one into your clients. All connected apps were ended too: \
             they have to sign in again.";
    LinkOff = CONNECTOR, "link-off", Good,
        "Your connector URL is switched off and no longer works. Connected apps keep working.";
    LinkOn = CONNECTOR, "link-on", Good,
        "Your connector URL is switched on and is a new one. The old one still does not work.";
    CoachToolsChosen = MY_ROSTER, "tools", Good,
        "Saved. It takes effect at the next call. A client may show its old list of tools for up to a day.";
    ToolsChosen = CONNECTOR, "tools", Good,
        "Saved. It takes effect at the next call. A client may show its old list of tools for up to a day.";
    WritingOn = CONNECTOR, "writing-on", Good,
        "Saved. From the next call on, clients with your connector URL can change your data. Every change is listed on your \
             dashboard, and you can undo it for thirty days. A connected app has its own choice, under Connected apps.";
    WritingLacksConsent = CONNECTOR, "writing-unshared", Warn,
        "Saved. But intervals.icu was connected for reading only, so nothing can be changed yet: reconnect to allow \
             changes.";
    WritingNotShared = CONNECTOR, "writing-not-shared", Warn,
        "intervals.icu shares your data for reading only, so changes stay off. To switch them on, leave the ticks for changes in.";
    WritingLacksAPart = CONNECTOR, "writing-in-part", Warn,
        "Saved. From the next call on, Claude can change your data where intervals.icu allows it. Some areas were connected \
             for reading only: reconnect to allow changes there too.";
    WritingOff = CONNECTOR, "writing-off", Good,
        "Saved. From the next call on, your connector changes nothing. What was changed stays, and you can undo it on your \
             dashboard.";
    AlreadyConfirmed = DASHBOARD, "confirmed", Good,
        "You are signed in, and your address was confirmed before. That link is no longer needed.";
    ZoneSet = DASHBOARD, "zone", Good,
        "Your time zone is set.";
    PasswordReset = DASHBOARD, "password", Good,
        "Your password is changed, and every other session has been signed out.";
    PasswordResetAppsEnded = DASHBOARD, "password-apps", Good,
        "Your password is changed, every other session has been signed out, and all connected apps were ended.";

    PasswordChanged = ACCOUNT, "password", Good,
        "Your password is changed, and every other session has been signed out.";
    PasswordChangedAppsEnded = ACCOUNT, "password-apps", Good,
        "Your password is changed, every other session has been signed out, and all connected apps were ended.";
    WayAdded = ACCOUNT, "way-added", Good,
        "You can now sign in with intervals.icu, too.";
    WayOff = ACCOUNT, "way-off", Good,
        "Done: intervals.icu no longer signs you in. It stays connected.";
    ProviderAdded = ACCOUNT, "provider-added", Good,
        "You can now sign in with your identity provider, too.";
    ProviderOff = ACCOUNT, "provider-off", Good,
        "Done: your identity provider no longer signs you in, and sessions that began through it have been signed out.";
    PasswordOff = ACCOUNT, "password-off", Good,
        "Your password is deleted, and every other session has been signed out.";
    PasswordSet = ACCOUNT, "password-set", Good,
        "Your password is set, and every other session has been signed out. You can now sign in with your email address, too.";
    AddressAdded = ACCOUNT, "address-added", Good,
        "Your email address is confirmed.";
    AddressChanged = ACCOUNT, "address", Good,
        "Your address is changed. You now sign in with the new one.";
    SessionEnded = ACCOUNT, "session", Good,
        "That session has been signed out.";
    OtherSessionsEnded = ACCOUNT, "others", Good,
        "Every other session has been signed out.";

    RecoveryStopped = ACCOUNT, "recovery-stopped", Good,
        "Stopped: two-step sign-in stays as it is. Whoever began the recovery can pass the first step of your sign-in, so choose a new \
             password now.";

    CodesOn = FACTORS, "codes-on", Good,
        "Codes of an app are on.";
    CodesOff = FACTORS, "codes-off", Good,
        "Codes of an app are off.";

    StepOver = SIGN_IN, "step-over", Warn,
        "The second step took longer than 10 minutes, or was finished in another tab. Sign in again.";
    TooManyCodes = SIGN_IN, "codes", Warn,
        "There were too many wrong codes. Sign in again, and type the code that the app shows at that moment.";
    Recovered = SIGN_IN, "recovered", Good,
        "Two-step sign-in is off, every session has been signed out, and all connected apps were ended. Sign in as usual; then set \
             it up again under Account.";
    PasskeyAdded = FACTORS, "passkey", Good,
        "Your passkey is added. It signs you in alone, and is the second step after any other way.";
    PasskeyRenamed = FACTORS, "passkey-renamed", Good,
        "The passkey has its new name.";
    PasskeyOff = FACTORS, "passkey-off", Good,
        "The passkey is taken off and no longer signs you in. Delete it on your device or in your password manager, too.";
    PasskeyGone = FACTORS, "passkey-gone", Good,
        "That passkey had already been taken off. Nothing was changed.";

    SignedOutEverywhere = SIGN_IN, "everywhere", Good,
        "You are signed out, here and in every other browser.";
    SignedOutEverywhereAppsEnded = SIGN_IN, "everywhere-apps", Good,
        "You are signed out, here and in every other browser, and all connected apps were ended.";

    AppEnded = APPS, "ended", Good,
        "Ended: the app’s next call is refused, and so is a call that is running.";
    AppsEnded = APPS, "ended-all", Good,
        "All are ended: their next calls are refused. Your connector URL, if you use it, keeps working.";
    AppGone = APPS, "gone", Good,
        "That had already ended. Nothing was changed.";
    AppSaved = APPS, "saved", Good,
        "Saved. It takes effect at the app’s next call. An app may show its old list of tools for up to a day.";

    /// The sentence does not say whether the address was a coach's already: that is for the coach to say.
    Invited = COACHES, "sent", Good,
        "The invite is on its way. If the coach already uses IcuSync, the same connector now covers you too.";
    InvitedOneself = COACHES, "own", Good,
        "The invite is on its way to your own address. Its connector covers your own data too: one connector for your \
             athletes and you.";
    Unchanged = COACHES, "same", Good,
        "Nothing was changed: the grant is already like this, and no email was sent.";
    InvitedAgain = COACHES, "again", Good,
        "The invite has resumed and is on its way again, with the same URL. What it grants stays the same.";
    GrantedByAnother = COACHES, "another-athletes", Warn,
        "Nothing was changed: another athlete than your account shows now granted this. Revoke it, or invite the coach as \
             the athlete who is connected.";
    Changed = COACHES, "changed", Good,
        "Saved. It takes effect at the next call, and an email tells the coach what you grant now.";
    ChangedUnmailed = COACHES, "changed-unmailed", Warn,
        "Saved. It takes effect at the next call. No email tells the coach: this address got several of them within an \
             hour.";
    InvitedUnmailed = COACHES, "sent-unmailed", Warn,
        "The invite is saved, but no email was sent: this address got several of them within an hour. Resend it later.";
    Resent = COACHES, "resent", Good,
        "The email is on its way again, with the same URL.";
    NotResent = COACHES, "capped", Warn,
        "Not sent: this address got several of these emails within an hour. The invite is still valid; resend it later.";
    TooManyInvites = COACHES, "limit", Warn,
        "Not sent: you have sent as many invites as one day allows. Earlier invites are still valid; resend this one tomorrow.";
    InviteRefused = COACHES, "refused", Warn,
        "This address does not take invites from you. Nothing was granted, and no email was sent.";
    Withdrawn = COACHES, "withdrawn", Good,
        "The invite is withdrawn and no longer works. An email tells the coach.";
    Revoked = COACHES, "revoked", Good,
        "Revoked: the coach’s next call about you is refused, and an email says so. A new invite restores the access.";
    Removed = COACHES, "removed", Good,
        "Removed from the list. It had already expired.";
    Gone = COACHES, "gone", Good,
        "That had already ended. Nothing was changed.";
    AlreadyUsed = COACHES, "in-use", Good,
        "There is nothing to resend: the coach already uses the URL. A coach can resend a lost URL on the page For coaches.";

    Left = MY_ROSTER, "left", Good,
        "You have left. From the next call on you have no access to this athlete; an email tells them.";
    AthleteRefused = MY_ROSTER, "refused", Good,
        "You have left, and invites from this account are now refused. An email tells the athlete.";
    AthleteWelcome = MY_ROSTER, "welcome", Good,
        "This account can invite you again.";
    AllRefused = MY_ROSTER, "refuse-all", Good,
        "You have left all athletes and take no more invites. An email tells each athlete. Your URL now gives no access.";
    AllWelcome = MY_ROSTER, "welcome-all", Good,
        "Athletes can invite you again.";
    CoachAppEnded = MY_ROSTER, "app-ended", Good,
        "Ended: the app’s next call is refused, and so is a call that is running.";
    CoachAppsEnded = MY_ROSTER, "apps-ended", Good,
        "All signed-in apps are ended: their next calls are refused. Your URL, if you use it, keeps working.";
    CoachAppGone = MY_ROSTER, "app-gone", Good,
        "That had already ended. Nothing was changed.";
    CoachAppSaved = MY_ROSTER, "app-saved", Good,
        "Saved. It takes effect at the app’s next call. An app may show its old list of tools for up to a day.";
    CoachUrlOff = MY_ROSTER, "url-off", Good,
        "Your URL is switched off and no longer works. Signed-in apps keep working.";
    CoachUrlOn = MY_ROSTER, "url-on", Good,
        "Your URL is switched on and is a new one; it comes by email. The old one still does not work.";
}

impl Done {
    /// Redirects to the page that says it.
    pub(super) fn answer(self) -> Response {
        let (page, word, ..) = self.row();
        Redirect::to(&format!("{page}?done={word}")).into_response()
    }

    /// Whether it worked.
    pub(super) fn is_good(self) -> bool {
        self.row().2 == Tone::Good
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.row().3)
    }
}

/// What was done, as the requested page's query says it.
pub(crate) struct JustDone(pub(super) Option<Done>);

impl<S: Send + Sync> FromRequestParts<S> for JustDone {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        let word = Fields::parse(query.unwrap_or_default().as_bytes())
            .ok()
            .and_then(|mut fields| fields.optional("done"));
        Ok(Self(word.and_then(|word| Done::of(parts.uri.path(), &word))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_one_thing_on_its_page_and_nothing_elsewhere() {
        for done in Done::ALL.iter().copied() {
            let (page, word, _, sentence) = done.row();
            assert_eq!(Done::of(page, word), Some(done), "{word} is there twice");
            assert!(sentence.ends_with('.'), "{sentence}");
            assert_eq!(Done::of("/", word), None);
        }
        assert_eq!(Done::of(COACHES, "connected"), None);
        assert_eq!(Done::of(DASHBOARD, "<script>"), None);
    }
}
