//! One activity: laps, splits, plan, trends.
