//! What time does to grants, and the emails about it: to the athlete when an unused invite is paused, to the coach when a
//! grant has expired. The call itself checks the time, so nobody can use a grant longer because this runs late.
//!
//! The mark and the email are one transaction, and a row that another instance holds is left to it: each email is sent once.

use crate::{
    app::App,
    guard::coaches::SLEEPS_AFTER,
    mail::{Address, GrantAsleep, GrantEnded, Mail, Why, outbox},
    queries,
};

/// Grants reported in one transaction.
const BATCH: usize = 100;

/// Queues an email for everything that is due.
pub async fn tell_grants(app: &App) -> anyhow::Result<()> {
    while paused(app).await? == BATCH {}
    while expired(app).await? == BATCH {}
    Ok(())
}

async fn paused(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let limit = i64::try_from(BATCH)?;
    let paused = queries::grants::fallen_asleep(&mut *transaction, now - SLEEPS_AFTER, now, limit).await?;
    for due in &paused {
        let athlete = Address::stored(&due.account_email, &due.account_email_key);
        let mail = Mail::GrantAsleep(GrantAsleep {
            coach: due.coach_email.as_str().into(),
            coaches: app.config.coaches_url(),
        });
        outbox::enqueue(&mut transaction, app, &athlete, Some(due.account_id), mail).await?;
    }
    transaction.commit().await?;
    report("paused", paused.len());
    Ok(paused.len())
}

async fn expired(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let expired = queries::grants::expired(&mut *transaction, now, i64::try_from(BATCH)?).await?;
    for due in &expired {
        let coach = Address::stored(&due.coach_email, &due.coach_email_key);
        let mail = Mail::GrantEnded(GrantEnded {
            athlete: due.athlete_name.as_str().into(),
            why: Why::Expired,
        });
        outbox::enqueue(&mut transaction, app, &coach, Some(due.account_id), mail).await?;
    }
    transaction.commit().await?;
    report("expired", expired.len());
    Ok(expired.len())
}

fn report(what: &'static str, count: usize) {
    if count > 0 {
        tracing::info!(what, count, "queued emails about grants");
    }
}
