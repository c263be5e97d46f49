//! The clients through which a coach's URL is used, and the email to the athlete when a new one appears.
//!
//! The MCP endpoint reads the client's name for itself; nothing here proves that it is true.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;

use super::log_buffer;
use crate::{
    app::App,
    ids::{AccountId, GrantId},
    mail::{Address, Mail, NewClient, outbox},
    queries::{PATIENCE, accounts, grants, in_time},
};

/// How often a grant's row notes that it was used.
const NOTED_EVERY: chrono::Duration = chrono::Duration::minutes(1);
/// The most client names to remember for each grant. Further names send no email, in case a client keeps changing its name.
const NAMES: i64 = 50;
/// The most grants, and pairs of grant and client, to remember.
const REMEMBERED: u64 = 50_000;

/// What this process has written about the use of grants, so that the next call need not write it again. Clones share it.
#[derive(Clone)]
pub(crate) struct Uses {
    noted: Cache<GrantId, DateTime<Utc>>,
    seen: Cache<(GrantId, String), ()>,
}

impl Default for Uses {
    fn default() -> Self {
        let hour = Duration::from_hours(1);
        Self {
            noted: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(hour)
                .build(),
            seen: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(24 * hour)
                .build(),
        }
    }
}

impl std::fmt::Debug for Uses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Uses")
    }
}

/// A use of a grant.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// The grant.
    pub grant: GrantId,
    /// The athlete's account.
    pub account: AccountId,
    /// Whether the grant was never used before.
    pub is_first: bool,
}

impl Uses {
    /// Notes that the coach with the address `coach` used these grants through `client`, the first use at once, and emails each
    /// athlete for whom this client is new. What cannot be written in time is reported and tried again with the next call; it does
    /// not fail the call.
    pub(crate) async fn note(&self, app: &App, coach: &str, client: &str, uses: &[Use]) {
        let name = without_version(client);
        let all = async {
            for one in uses {
                if let Err(error) = self.note_one(app, coach, client, &name, one).await {
                    tracing::warn!(error = format!("{error:#}"), "cannot note the use of a grant");
                }
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("noting the use of grants took too long");
        }
    }

    async fn note_one(
        &self,
        app: &App,
        coach: &str,
        client: &str,
        name: &str,
        one: &Use,
    ) -> anyhow::Result<()> {
        let now = app.clock.now();
        // If the clock was set back, do not wait for it to catch up.
        let lately = |at: DateTime<Utc>| (chrono::Duration::zero()..NOTED_EVERY).contains(&(now - at));
        let is_noted = self.noted.get(&one.grant).await.is_some_and(lately);
        if one.is_first {
            in_time(grants::used(&app.pool, one.grant, client, now)).await?;
        } else if !is_noted {
            let client = client.to_owned();
            log_buffer::note_grant(app, one.grant, grants::Use { at: now, client });
        }
        if one.is_first || !is_noted {
            self.noted.insert(one.grant, now).await;
        }
        let pair = (one.grant, name.to_owned());
        if !self.seen.contains_key(&pair) {
            remember(app, coach, name, one, now).await?;
            self.seen.insert(pair, ()).await;
        }
        Ok(())
    }
}

/// Remembers the client; the first time also emails the athlete, in the same transaction.
async fn remember(app: &App, coach: &str, name: &str, one: &Use, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut transaction = in_time(app.pool.begin()).await?;
    if !grants::first_use_by(&mut *transaction, one.grant, name, now, NAMES).await? {
        return Ok(());
    }
    let account = accounts::by_id(&mut *transaction, one.account).await?;
    if let Some(to) = account.as_ref().and_then(Address::of) {
        let mail = Mail::NewClient(NewClient {
            coach: coach.into(),
            client: name.into(),
            coaches: app.config.coaches_url(),
            activity: app.config.page_url("/activity"),
        });
        // The name is remembered even if the athlete's share of emails is used up: the page Coaches shows it.
        outbox::enqueue(&mut transaction, app, &to, Some(one.account), mail).await?;
    }
    in_time(transaction.commit()).await?;
    Ok(())
}

/// A client's name for itself without the version and what follows it: `claude-code 2.1.280` is `claude-code`,
/// `foo/1.2 (x)` is `foo`. Never empty unless `client` is.
pub(crate) fn without_version(client: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in client.split_whitespace() {
        if !kept.is_empty() && (is_version(word) || word.starts_with('(')) {
            break;
        }
        let mut product = word;
        while let Some((name, _)) = product
            .rsplit_once('/')
            .filter(|(name, version)| !name.is_empty() && is_version(version))
        {
            product = name;
        }
        if product != word {
            if kept.is_empty() || !is_version(product) {
                kept.push(product);
            }
            break;
        }
        kept.push(word);
    }
    kept.join(" ")
}

/// `2.1.280`, `v3`, `1.0.0-beta+7`, `2026.11`.
fn is_version(word: &str) -> bool {
    let number = word
        .strip_prefix(['v', 'V'])
        .unwrap_or(word)
        .trim_end_matches([';', ',']);
    let figures = number.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &number[figures..];
    figures > 0 && (rest.is_empty() || rest.starts_with(['.', '-', '+', '_']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clients_name_is_the_same_in_every_version() {
        for (client, name) in [
            ("claude-code 2.1.280", "claude-code"),
            ("foo/1.2 (x)", "foo"),
            ("Anthropic/ClaudeAI 1.0.0", "Anthropic/ClaudeAI"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
                "Mozilla",
            ),
            ("python-httpx/0.27.0", "python-httpx"),
            ("Claude-User", "Claude-User"),
            ("My client v3.1-beta", "My client"),
            ("My client (linux)", "My client"),
            ("cursor 1", "cursor"),
            ("3D Trainer 2.0", "3D Trainer"),
            ("2.0", "2.0"),
            ("Studio 54b 1.0", "Studio 54b"),
            ("unknown client", "unknown client"),
            ("a/b/1.0 x", "a/b"),
            ("/1.0", "/1.0"),
        ] {
            assert_eq!(without_version(client), name, "{client}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_part_of_what_the_client_sent(client in "\\PC{0,80}|[a-z]{1,9}[ /]v?[0-9.]{1,9}.{0,9}") {
            let name = without_version(&client);
            prop_assert_eq!(name.is_empty(), client.trim().is_empty());
            prop_assert!(name.len() <= client.len());
            prop_assert_eq!(without_version(&name), name.clone());
        }

        #[test]
        fn a_version_changes_no_name(name in "[a-z]{1,9}(-[a-z]{1,5})?", a in "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}", b in "[0-9]{1,3}\\.[0-9]{1,9}") {
            prop_assert_eq!(without_version(&format!("{name} {a}")), name.clone());
            prop_assert_eq!(without_version(&format!("{name}/{b} (x; y)")), name);
        }
    }
}
