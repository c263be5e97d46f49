//! Sleep, HRV, resting heart rate.
