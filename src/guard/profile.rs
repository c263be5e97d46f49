//! The athlete's profile in the connection's row: name, zone, units, thresholds. It is refreshed when it is a day old,
//! and whenever a call reads the profile anyway.
//!
//! No rights here: what a row allows is in [`super::grant`].

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use super::connection::{self, away};
use crate::{
    app::App,
    ids::AthleteId,
    intervals::{self, ActivityQuery, Area, Scopes, model},
    queries::{
        connections::{self, Connection, Profile},
        in_time,
    },
    text::clean,
    tool_error::ToolError,
    words::ZoneSource,
};

/// A row older than this is refreshed. Grants are checked against the current row at every call.
const FRESH_FOR: Duration = Duration::hours(24);
/// Characters of an athlete's name that are kept.
const NAME_CHARS: usize = 80;
/// How old an activity may be whose zone is used instead of the settings'.
const ZONE_FROM_ACTIVITIES: Duration = Duration::days(365);

/// The row, refreshed if it is a day old or was never fetched. If it has a usable zone, a failed refresh does not fail
/// the call: the next call tries again.
pub(super) async fn up_to_date(
    app: &App,
    mut row: Connection,
    scopes: &Scopes,
    intervals: &intervals::Athlete,
) -> Result<Connection, ToolError> {
    let now = app.clock.now();
    // A row from the future was written before the clock was set back.
    let fresh = row
        .refreshed_at
        .is_some_and(|at| (Duration::zero()..FRESH_FOR).contains(&(now - at)));
    let has_zone = row.zone.is_some();
    if fresh && has_zone {
        return Ok(row);
    }
    if scopes.reads(Area::Settings) {
        match intervals.profile().await {
            Ok(athlete) => {
                // It is written here, so it need not be written again after the call.
                drop(intervals.profile_read());
                let profile = row_of(&athlete, intervals.id());
                in_time(connections::refresh(
                    &app.pool,
                    row.id,
                    &row.athlete_id,
                    &profile,
                    now,
                ))
                .await
                .map_err(|error| away(&error))?;
                apply(&mut row, profile);
            }
            Err(intervals::Error::Unauthorized) => {
                return Err(connection::refused(app, row.account_id).await);
            }
            Err(error) if !has_zone => return Err(error.into()),
            Err(error) => tracing::info!(%error, connection = %row.id, "a connection's row stays as it was"),
        }
    }
    // A zone that the athlete set is better than a guess from where an activity took place.
    let is_set = row.zone.is_some() && row.zone_source != Some(ZoneSource::Activity);
    if is_set || !scopes.reads(Area::Activity) {
        return Ok(row);
    }
    match zone_of_last_activity(intervals, now).await {
        Ok(Some(zone)) => {
            in_time(connections::set_zone(
                &app.pool,
                row.id,
                &row.athlete_id,
                zone.name(),
                ZoneSource::Activity,
                now,
            ))
            .await
            .map_err(|error| away(&error))?;
            row.zone = Some(zone.name().to_owned());
        }
        Ok(None) => {}
        Err(intervals::Error::Unauthorized) => {
            return Err(connection::refused(app, row.account_id).await);
        }
        Err(error) if row.zone.is_none() => return Err(error.into()),
        Err(error) => tracing::info!(%error, connection = %row.id, "a connection's zone stays as it was"),
    }
    Ok(row)
}

fn apply(row: &mut Connection, profile: Profile) {
    row.athlete_name = profile.athlete_name;
    row.imperial = profile.imperial;
    row.weight_in_lb = profile.weight_in_lb;
    row.fahrenheit = profile.fahrenheit;
    row.thresholds_on = profile.thresholds_on;
    if let Some((zone, source)) = profile.zone {
        row.zone = Some(zone);
        row.zone_source = Some(source);
    }
}

/// The zone in which the newest activity was recorded; takes one request.
async fn zone_of_last_activity(
    intervals: &intervals::Athlete,
    now: DateTime<Utc>,
) -> Result<Option<Tz>, intervals::Error> {
    let query = ActivityQuery {
        oldest: (now - ZONE_FROM_ACTIVITIES).date_naive(),
        // Tomorrow in UTC is already today far enough east.
        newest: (now + Duration::days(1)).date_naive(),
        limit: Some(1),
        fields: &["timezone"],
    };
    let activities = intervals.activities(&query).await?;
    Ok(activities
        .iter()
        .find_map(|activity| activity.timezone.as_deref()?.parse().ok()))
}

/// What the connection's row keeps of a profile from upstream.
pub(crate) fn row_of(athlete: &model::Athlete, id: &AthleteId) -> Profile {
    let zone = athlete
        .timezone
        .as_deref()
        .and_then(|zone| zone.parse::<Tz>().ok());
    let changes = athlete
        .sport_settings
        .iter()
        .flatten()
        .filter_map(|sport| sport.updated);
    Profile {
        athlete_name: name_of(athlete.name.as_deref().unwrap_or_default(), id),
        zone: zone.map(|zone| (zone.name().to_owned(), ZoneSource::Settings)),
        imperial: athlete.measurement_preference.as_deref() == Some("feet"),
        weight_in_lb: athlete.weight_pref_lb == Some(true),
        fahrenheit: athlete.fahrenheit == Some(true),
        thresholds_on: changes
            .max()
            .map(|at| at.with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive()),
    }
}

/// An athlete's name as a row keeps it: one plain line, never empty.
pub(crate) fn name_of(text: &str, athlete: &AthleteId) -> String {
    let name = clean(text, NAME_CHARS);
    if name.is_empty() {
        format!("athlete {athlete}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_becomes_a_row() {
        let sport = |updated: &str| model::SportSettings {
            updated: Some(updated.parse().unwrap()),
            ..Default::default()
        };
        let athlete = model::Athlete {
            name: Some(" Ana\u{202e}  Berger\n".to_owned()),
            timezone: Some("Australia/Melbourne".to_owned()),
            measurement_preference: Some("feet".to_owned()),
            weight_pref_lb: Some(true),
            fahrenheit: None,
            sport_settings: Some(vec![sport("2026-03-01T10:00:00Z"), sport("2026-10-31T20:00:00Z")]),
            ..Default::default()
        };
        let row = row_of(&athlete, &"i7".parse().unwrap());
        assert_eq!(row.athlete_name, "Ana Berger");
        assert_eq!(
            row.zone,
            Some(("Australia/Melbourne".to_owned(), ZoneSource::Settings))
        );
        assert!(row.imperial && row.weight_in_lb && !row.fahrenheit);
        // 20:00 in UTC is already the next day in Melbourne.
        assert_eq!(row.thresholds_on, Some("2026-11-01".parse().unwrap()));
    }

    #[test]
    fn a_profile_without_a_usable_zone_gives_none() {
        for timezone in [None, Some(String::new()), Some("Mars/Base".to_owned())] {
            let athlete = model::Athlete {
                timezone,
                ..Default::default()
            };
            let row = row_of(&athlete, &"i7".parse().unwrap());
            assert_eq!(row.zone, None);
            assert_eq!(row.thresholds_on, None);
        }
    }

    #[test]
    fn a_name_is_one_plain_line_and_never_empty() {
        let named = |text: &str| name_of(text, &"i7".parse().unwrap());
        assert_eq!(named(" Ana\u{202e} \tBerger\0\u{e0041}\u{fe0f} "), "Ana Berger");
        assert_eq!(named("Jürgen O'Brien 🚴"), "Jürgen O'Brien 🚴");
        assert_eq!(named(&"x".repeat(10_000)).chars().count(), NAME_CHARS);
        assert_eq!(named("\u{200b}"), "athlete i7");
        let nameless = row_of(&model::Athlete::default(), &"i7".parse().unwrap());
        assert_eq!(nameless.athlete_name, "athlete i7");
    }
}
