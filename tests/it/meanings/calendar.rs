//! The calendar: planned, done, missed, absences.
