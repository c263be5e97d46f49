//! What time does to grants, told to whom it concerns: an invite that fell asleep to its athlete, a grant that expired to its
//! coach. The call itself looks at the time, so nobody can use a grant longer because this comes late.
//!
//! The mark and the mail are one transaction, and a row that another instance holds is left to it: each is told once.

use crate::{
    app::App,
    guard::coaches::SLEEPS_AFTER,
    mail::{Address, GrantAsleep, GrantEnded, Mail, Why, outbox},
    queries,
};

/// Grants told in one transaction.
const BATCH: usize = 100;

/// Tells of everything that is due.
pub async fn tell_grants(app: &App) -> anyhow::Result<()> {
    while fallen_asleep(app).await? == BATCH {}
    while expired(app).await? == BATCH {}
    Ok(())
}

async fn fallen_asleep(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let limit = i64::try_from(BATCH)?;
    let asleep = queries::grants::fallen_asleep(&mut *transaction, now - SLEEPS_AFTER, now, limit).await?;
    for due in &asleep {
        let athlete = Address::stored(&due.account_email, &due.account_email_key);
        let mail = Mail::GrantAsleep(GrantAsleep {
            coach: due.coach_email.as_str().into(),
            coaches: app.config.coaches_url(),
        });
        outbox::enqueue(&mut transaction, app, &athlete, Some(due.account_id), mail).await?;
    }
    transaction.commit().await?;
    told("asleep", asleep.len());
    Ok(asleep.len())
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
    told("expired", expired.len());
    Ok(expired.len())
}

fn told(what: &'static str, count: usize) {
    if count > 0 {
        tracing::info!(what, count, "told of grants");
    }
}
