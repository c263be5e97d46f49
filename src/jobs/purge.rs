//! What is deleted, and when.

use chrono::{DateTime, Duration, Utc};

use crate::{
    app::App,
    guard::{file_link, recovery, session, sign_ins, tries},
    oauth::register,
    queries,
};

/// Rows of the activity log, and changes, are kept this long.
pub(super) const LOG_KEPT: Duration = Duration::days(90);
/// Finished jobs are kept this long: the limits on mails count them.
pub(super) const JOBS_KEPT: Duration = Duration::days(2);
/// Failed jobs are kept longer, for people who ask where a mail has gone.
pub(super) const FAILED_KEPT: Duration = Duration::days(14);
/// Expired grants, unused invites and coaches whom nobody invites any more are kept this long: a coach who comes back
/// finds the grant to renew, and the same connector URL.
pub(super) const COACHES_KEPT: Duration = Duration::days(90);
/// A client that registered, or a copy of a client's document, is kept this long if nobody begins to sign in with it, and this
/// long after its last use if no sign-in is left.
const UNUSED_CLIENTS_KEPT: Duration = Duration::days(30);
const USED_CLIENTS_KEPT: Duration = Duration::days(90);
/// Sign-ins that were answered, or never were, are kept this long after their end, so that a code that comes again is known.
const REQUESTS_KEPT: Duration = Duration::hours(1);
/// What a person chose for a client is offered again for so long.
const CHOICES_KEPT: Duration = Duration::days(365);
/// The secret of one-time codes waits so long for the first code.
const UNCONFIRMED_KEPT: Duration = Duration::hours(1);
/// Rows deleted by one statement, so that none holds many locks or times out.
const BATCH: u64 = 1_000;

/// A table whose rows lapse.
#[derive(Debug, Clone, Copy)]
enum Table {
    ActivityLog,
    Sessions,
    MailLinks,
    OAuthStates,
    Consents,
    Tries,
    CoachSessions,
    Grants,
    Coaches,
    Jobs,
    KeptStates,
    Changes,
    WriteLeases,
    Confirmations,
    OAuthClients,
    SignInRequests,
    SignInCodes,
    SignIns,
    Tokens,
    SignInLog,
    SignInChoices,
    ProviderStates,
    IdentityOffers,
    Spent,
    SignInSteps,
    Totp,
    Recoveries,
    FileLinks,
    Accounts,
}

impl Table {
    const ALL: [Self; 29] = [
        Self::ActivityLog,
        Self::Sessions,
        Self::MailLinks,
        Self::OAuthStates,
        Self::Consents,
        Self::Tries,
        Self::CoachSessions,
        // Before the coaches: one without grants may go too.
        Self::Grants,
        Self::Coaches,
        Self::Jobs,
        Self::KeptStates,
        Self::Changes,
        Self::WriteLeases,
        Self::Confirmations,
        // The sign-ins before their clients: one without sign-ins may go too.
        Self::SignInRequests,
        Self::SignInCodes,
        Self::SignIns,
        Self::Tokens,
        Self::OAuthClients,
        Self::SignInLog,
        Self::SignInChoices,
        Self::ProviderStates,
        Self::IdentityOffers,
        Self::Spent,
        Self::SignInSteps,
        Self::Totp,
        Self::Recoveries,
        Self::FileLinks,
        Self::Accounts,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ActivityLog => "activity_log",
            Self::Sessions => "sessions",
            Self::MailLinks => "mail_links",
            Self::OAuthStates => "oauth_states",
            Self::Consents => "consents",
            Self::Tries => "tries",
            Self::CoachSessions => "coach_sessions",
            Self::Grants => "grants",
            Self::Coaches => "coaches",
            Self::Jobs => "jobs",
            Self::KeptStates => "kept_states",
            Self::Changes => "changes",
            Self::WriteLeases => "write_leases",
            Self::Confirmations => "confirmations",
            Self::OAuthClients => "oauth_clients",
            Self::SignInRequests => "sign_in_requests",
            Self::SignInCodes => "sign_in_codes",
            Self::SignIns => "sign_ins",
            Self::Tokens => "tokens",
            Self::SignInLog => "sign_in_log",
            Self::SignInChoices => "sign_in_choices",
            Self::ProviderStates => "provider_states",
            Self::IdentityOffers => "identity_offers",
            Self::Spent => "spent",
            Self::SignInSteps => "sign_in_steps",
            Self::Totp => "totp",
            Self::Recoveries => "recoveries",
            Self::FileLinks => "file_links",
            Self::Accounts => "accounts",
        }
    }

    /// Deletes one batch of lapsed rows; returns how many.
    async fn purge_some(self, app: &App, now: DateTime<Utc>) -> sqlx::Result<u64> {
        let (pool, limit) = (&app.pool, BATCH.cast_signed());
        match self {
            Self::ActivityLog => queries::activity_log::purge(pool, now - LOG_KEPT, limit).await,
            Self::Sessions => {
                queries::sessions::purge(pool, now - session::ABSOLUTE, now - session::IDLE, limit).await
            }
            Self::MailLinks => queries::mail_links::purge(pool, now, limit).await,
            Self::OAuthStates => queries::oauth_states::purge(pool, now, limit).await,
            Self::Consents => queries::consents::purge(pool, now, limit).await,
            Self::Tries => queries::tries::purge(pool, now - tries::COUNTED_FOR, limit).await,
            Self::CoachSessions => queries::coaches::purge_sessions(pool, now, limit).await,
            Self::Grants => queries::grants::purge(pool, now - COACHES_KEPT, limit).await,
            Self::Coaches => queries::coaches::purge(pool, now - COACHES_KEPT, limit).await,
            Self::Jobs => queries::jobs::purge(pool, now - JOBS_KEPT, now - FAILED_KEPT, limit).await,
            Self::KeptStates => queries::changes::erase_lapsed(pool, now, limit).await,
            Self::Changes => queries::changes::purge(pool, now - LOG_KEPT, limit).await,
            Self::WriteLeases => queries::changes::purge_leases(pool, limit).await,
            Self::Confirmations => queries::changes::purge_confirmations(pool, now, limit).await,
            Self::OAuthClients => {
                let (unused, used) = (now - UNUSED_CLIENTS_KEPT, now - USED_CLIENTS_KEPT);
                queries::oauth_clients::purge(pool, unused, used, limit).await
            }
            Self::SignInRequests => queries::sign_in_requests::purge(pool, now - REQUESTS_KEPT, limit).await,
            Self::SignInCodes => queries::sign_in_codes::purge(pool, now, limit).await,
            Self::SignIns => queries::sign_ins::purge(pool, now, limit).await,
            // A little longer, because a download link that was asked for with a token may outlive it.
            Self::Tokens => {
                let over = now - file_link::LASTS;
                queries::sign_ins::purge_tokens(pool, over, limit).await
            }
            Self::SignInLog => queries::sign_in_log::purge(pool, now - LOG_KEPT, limit).await,
            Self::SignInChoices => queries::sign_in_log::purge_choices(pool, now - CHOICES_KEPT, limit).await,
            Self::ProviderStates => queries::provider_states::purge(pool, now, limit).await,
            Self::IdentityOffers => queries::identity_offers::purge(pool, now, limit).await,
            Self::Spent => queries::spent::purge(pool, now, limit).await,
            Self::SignInSteps => queries::sign_in_steps::purge(pool, now, limit).await,
            Self::Totp => queries::totp::purge(pool, now - UNCONFIRMED_KEPT, limit).await,
            Self::Recoveries => queries::recoveries::purge(pool, now - recovery::LINK_LASTS, limit).await,
            Self::FileLinks => queries::file_links::purge(pool, now, limit).await,
            // Only the address before the one that counts.
            Self::Accounts => {
                queries::accounts::forget_addresses_before(pool, now - recovery::TRUSTED_AFTER, limit).await
            }
        }
    }

    /// Deletes every lapsed row, batch by batch.
    async fn purge(self, app: &App, now: DateTime<Utc>) -> sqlx::Result<()> {
        let (table, mut rows) = (self.name(), 0);
        loop {
            let gone = self.purge_some(app, now).await?;
            rows += gone;
            metrics::counter!("icusync_purged_rows_total", "table" => table).increment(gone);
            // Less than a batch: the rest, or rows that another instance is deleting.
            if gone < BATCH {
                break;
            }
        }
        if rows > 0 {
            tracing::info!(table, rows, "purged");
        }
        Ok(())
    }
}

/// Erases the readable copies of tokens whose time is over: of a refresh's answer, of a code, of a client's secret. A few indexed
/// statements, so that it can be done often.
pub(super) async fn erase_copies(app: &App) -> sqlx::Result<()> {
    let (pool, now, limit) = (&app.pool, app.clock.now(), BATCH.cast_signed());
    queries::sign_ins::erase_answers(pool, now - sign_ins::GRACE).await?;
    queries::sign_in_requests::erase_codes(pool, now).await?;
    queries::oauth_clients::erase_secrets(pool, now - register::SAME_ANSWER, limit).await?;
    Ok(())
}

/// Deletes what is past its time. Several instances can run this at once: each takes rows that no other is deleting. A table
/// that cannot be purged does not hold up the others; the last failure is returned.
pub async fn purge(app: &App) -> sqlx::Result<()> {
    let now = app.clock.now();
    let mut done = erase_copies(app).await;
    for table in Table::ALL {
        if let Err(error) = table.purge(app, now).await {
            tracing::warn!(table = table.name(), %error, "cannot purge");
            done = Err(error);
        }
    }
    done
}
