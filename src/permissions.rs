//! Everything that can be granted, one row per tool. A row's name is stable: grants, the activity log and connector URLs
//! contain it.
//!
//! How a tool works is in [`crate::tools`], whose definitions point here; who holds which grant is in [`crate::guard`].

use crate::intervals::Area;
pub use crate::words::Access;

/// Tools that belong together, for presets and for narrowing a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Name, zones, thresholds.
    Profile,
    /// Activities.
    Training,
    /// CTL, ATL, form, curves.
    Fitness,
    /// Sleep, HRV, weight, how the athlete feels.
    Wellness,
    /// Planned workouts, races, notes.
    Calendar,
    /// Folders, plans and templates of workouts.
    Library,
    /// Bikes, shoes, their parts and reminders.
    Gear,
    /// Activities entered by hand.
    Records,
    /// Fields, charts, zones and panels that the athlete made.
    Fields,
    /// Downloads of activities and planned workouts.
    Files,
    /// What other tools changed. No switch of its own: it goes with whatever can change something.
    Changes,
}

impl Group {
    /// Its stable name in settings and in URLs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Training => "training",
            Self::Fitness => "fitness",
            Self::Wellness => "wellness",
            Self::Calendar => "calendar",
            Self::Library => "library",
            Self::Gear => "gear",
            Self::Records => "records",
            Self::Fields => "fields",
            Self::Files => "files",
            Self::Changes => "changes",
        }
    }

    /// Whether every connector begins without it, so that nobody's context pays for what nobody asked for.
    pub const fn is_off_at_first(self) -> bool {
        matches!(
            self,
            Self::Library | Self::Gear | Self::Records | Self::Fields | Self::Files
        )
    }

    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Profile => "Profile and zones",
            Self::Training => "Training",
            Self::Fitness => "Fitness and form",
            Self::Wellness => "Wellness",
            Self::Calendar => "Calendar",
            Self::Library => "Workout library",
            Self::Gear => "Gear",
            Self::Records => "Activities by hand",
            Self::Fields => "Custom fields and charts",
            Self::Files => "Files",
            Self::Changes => "Changes",
        }
    }
}

/// One tool as something that an athlete can grant.
#[derive(Debug)]
pub struct Permission {
    /// The tool's name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// The group it belongs to.
    pub group: Group,
    /// Whether the tool reads or writes.
    pub access: Access,
    /// The areas that the athlete must share with IcuSync for the tool to work at all.
    pub needs: &'static [Area],
    /// What a coach can see or do with it, as a sentence for the grants page.
    pub lets: &'static str,
}

impl PartialEq for Permission {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Permission {}

macro_rules! permissions {
    (
        $(#[$about:meta])*
        $all:ident:
        $($row:ident = $name:literal, $title:literal, $group:ident, $access:ident, [$($area:ident),*], $lets:literal;)*
    ) => {
        $(
            #[doc = concat!("Permission to use ", $name, ".")]
            pub static $row: Permission = Permission {
                name: $name,
                title: $title,
                group: Group::$group,
                access: Access::$access,
                needs: &[$(Area::$area),*],
                lets: $lets,
            };
        )*

        $(#[$about])*
        pub static $all: &[&Permission] = &[$(&$row),*];
    };
}

permissions! {
    /// Every permission that can be granted, in the order of the tool list.
    ALL:
    GET_ATHLETE_PROFILE = "get_athlete_profile", "Athlete profile", Profile, Read, [Settings],
        "See name, age, sex, height, weight, resting heart rate, units, thresholds, estimated FTP and training zones; bikes and \
        shoes only together with activities in detail or changing past activities.";
    GET_TRAINING_HISTORY = "get_training_history", "Training history", Training, Read, [Activity],
        "See past activities: what, when, how long, how hard, how it felt, and the device.";
    GET_TRAINING_SUMMARY = "get_training_summary", "Training summary", Training, Read, [Activity],
        "See training summed up by sport and week: volume, load, zones, calories.";
    GET_ACTIVITY_DETAIL = "get_activity_detail", "Activity in detail", Training, Read, [Activity],
        "See one past activity in depth: figures, laps, zones, the recording, gear, weather, notes and comments.";
    GET_EXTENDED_METRICS = "get_extended_metrics", "Extended metrics", Training, Read, [Activity],
        "See running dynamics, W′ balance, decoupling, efficiency, DFA α1, body temperature and the like.";
    GET_CLIMB_SEGMENTS = "get_climb_segments", "Climbs of an activity", Training, Read, [Activity],
        "See the climbs of a past activity: gain, grade, climbing speed, power and heart rate on each.";
    GET_BEST_EFFORTS = "get_best_efforts", "Best efforts", Training, Read, [Activity],
        "See best efforts of any time: power, pace and heart rate, with their activities.";
    FIND_INTERVALS = "find_intervals", "Sets of intervals", Training, Read, [Activity],
        "See sets of intervals in past activities of any time: day and name, repetitions, power, pace and heart rate, the thresholds \
        they went by, and the device.";
    GET_FITNESS = "get_fitness", "Fitness, fatigue and form", Fitness, Read, [Wellness],
        "See fitness, fatigue, form and load day by day, and the estimated FTP. Days after today, projected from the plan, only \
        together with the calendar; today's figures may hold load that is only planned.";
    GET_POWER_CURVES = "get_power_curves", "Power, pace and heart-rate curves", Fitness, Read, [Activity],
        "See power, pace and heart-rate curves with the days they were set on, and the estimates made from them, such as \
        eFTP.";
    GET_WELLNESS = "get_wellness", "Wellness", Wellness, Read, [Wellness],
        "See sleep, HRV, resting heart rate, weight, how the athlete feels, body measures, nutrition, cycle, the athlete's \
        own fields, and notes on the day.";
    GET_EVENTS = "get_events", "Calendar", Calendar, Read, [Calendar],
        "See the calendar: planned workouts with their steps and the thresholds these go by, races, notes, absences, \
        targets, and which activity is paired with a workout; with fitness and form, also the days projected from the plan.";
    PUSH_WORKOUT = "push_workout", "Plan workouts", Calendar, Write, [Calendar],
        "Put planned workouts on the calendar, which intervals.icu then sends to the watch. Each can be undone.";
    EDIT_WORKOUT = "edit_workout", "Change planned workouts", Calendar, Write, [Calendar],
        "Move, rename, shorten or rewrite planned workouts, whoever put them on the calendar. Includes seeing the calendar, because \
        answers show the entry before and after.";
    DELETE_WORKOUT = "delete_workout", "Delete planned workouts", Calendar, Write, [Calendar],
        "Take planned workouts off the calendar, whoever put them there. Includes seeing the calendar, because answers show what \
        goes.";
    PUSH_EVENT = "push_event", "Races, notes and absences", Calendar, Write, [Calendar],
        "Put races, notes, targets, holidays, sick days and the like on the calendar and, where planned workouts may be changed or \
        deleted, do the same to these. Each can be undone. Answers say whether one of the kind is on that day already.";
    GET_LIBRARY = "get_library", "Workout library", Library, Read, [Library],
        "See the workout library: folders, training plans and their workouts with steps, also those that others share with the \
        athlete.";
    SAVE_WORKOUT = "save_workout", "Save workouts in the library", Library, Write, [Library],
        "Save new workouts in the library, in its folders and plans, make folders, and change workouts that are there. Includes seeing \
        the library, because answers show what stands there. Each can be undone.";
    DELETE_LIBRARY_ITEM = "delete_library_item", "Delete from the library", Library, Write, [Library],
        "Delete workouts, folders and plans of the library that nobody else shares, after a list of what goes. Includes seeing the \
        library. Each can be undone, under a new id.";
    APPLY_PLAN = "apply_plan", "Plan from the library", Library, Write, [Calendar],
        "Put the workouts of a training plan on the calendar, day by day, after a preview, from the athlete's own library or from that \
        of another athlete on the coach's roster. Includes seeing what is on these days. Each can be undone, and all together.";
    REPEAT_EVENTS = "repeat_events", "Repeat planned workouts", Library, Write, [Calendar],
        "Copy planned workouts to later weeks, after a preview. Includes seeing the calendar. Each copy can be undone.";
    GET_GEAR = "get_gear", "Gear", Gear, Read, [Activity],
        "See bikes, shoes and other gear with distance, time, parts, reminders and notes.";
    UPDATE_GEAR = "update_gear", "Change gear", Gear, Write, [Activity],
        "Add gear, rename it, retire it, replace parts, set reminders, and delete gear after a preview. Includes seeing gear, because \
        answers show it. Each can be undone, what was deleted under a new id; a reminder that was reset or deleted begins anew.";
    ADD_ACTIVITY = "add_activity", "Enter activities by hand", Records, Write, [Activity],
        "Enter finished sessions that nothing recorded; they count in fitness. Includes seeing past activities, because answers say what \
        is on that day. Each can be undone.";
    DELETE_ACTIVITY = "delete_activity", "Delete activities entered by hand", Records, Write, [Activity],
        "Delete past activities that were entered by hand, after showing them; never a recording. Includes seeing past activities. Each \
        can be undone, under a new id.";
    GET_CUSTOM_ITEMS = "get_custom_items", "Custom fields and charts", Fields, Read, [Settings],
        "See which fields, charts, zones and panels the athlete made at intervals.icu: name, kind, code and description.";
    GET_FILE = "get_file", "Download files", Files, Read, [Activity],
        "Download past activities and planned workouts as files, by a link that works once, for ten minutes. The file of an activity \
        holds the whole recording and can show where the athlete lives.";
    PUSH_WELLNESS = "push_wellness", "Write wellness", Wellness, Write, [Wellness],
        "Write weight, sleep, how the athlete feels and other wellness values of a day, and see the values that these replace. Each \
        can be undone, but intervals.icu may keep a value where there was none before.";
    UPDATE_ACTIVITY = "update_activity", "Change past activities", Training, Write, [Activity],
        "Change name, notes, tags, feel, RPE, carbs, gear, sport and marks of past activities, pair them with planned workouts, and \
        see what this replaces, with the activity's name, day and sport and the names of gear. Each can be undone; \
        intervals.icu may keep gear or a value where there was none before.";
    UPDATE_SPORT_SETTINGS = "update_sport_settings", "Change thresholds and zones", Profile, Write, [Settings],
        "Change FTP, threshold heart rate and pace, maximum heart rate, W′, Pmax and training zones, and see those that they \
        replace. Workouts are then read by the new ones. Each can be undone; intervals.icu may keep a value where there was \
        none before.";
}

permissions! {
    /// Tools that are in every list and that nobody grants: the language of workouts, and the changes that other tools made,
    /// of which a coach sees and undoes only the coach's own, with the permission of the tool that made them.
    WITHOUT_GRANT:
    GET_WORKOUT_GUIDE = "get_workout_guide", "How to write workouts", Calendar, Read, [],
        "Read how a workout is written.";
    LIST_CHANGES = "list_changes", "Changes made", Changes, Read, [],
        "See the changes that were made through IcuSync.";
    UNDO_CHANGE = "undo_change", "Take a change back", Changes, Write, [],
        "Take back a change that was made through IcuSync.";
}

/// The permission with this name.
pub fn by_name(name: &str) -> Option<&'static Permission> {
    ALL.iter().copied().find(|permission| permission.name == name)
}

impl Permission {
    /// Whether a coach needs a grant for the tool.
    pub fn is_granted(&self) -> bool {
        !WITHOUT_GRANT.contains(&self)
    }

    /// What must be granted with it, because the tool cannot be used without showing that.
    pub fn includes(&self) -> Option<&'static Self> {
        if [&EDIT_WORKOUT, &DELETE_WORKOUT, &APPLY_PLAN, &REPEAT_EVENTS].contains(&self) {
            Some(&GET_EVENTS)
        } else if [&SAVE_WORKOUT, &DELETE_LIBRARY_ITEM].contains(&self) {
            Some(&GET_LIBRARY)
        } else if [&ADD_ACTIVITY, &DELETE_ACTIVITY].contains(&self) {
            Some(&GET_TRAINING_HISTORY)
        } else if self == &UPDATE_GEAR {
            Some(&GET_GEAR)
        } else {
            None
        }
    }
}

/// Words of the groups that a new connector begins without. Migration 0013 gave them to the connectors of before, and names some that
/// are to come.
pub const OFF_AT_FIRST: [&str; 5] = ["library", "gear", "fields", "files", "records"];

/// The word for the roster's tools in URLs, where the others go by their group.
pub const ROSTER_WORD: &str = "roster";

/// The names of the tools for a coach's whole roster. They need no grant, so no one can grant them: for each athlete they
/// show only what the tools granted for that athlete could show.
pub static OF_THE_ROSTER: [&str; 3] = ["list_athletes", "select_athlete", "get_roster_overview"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_complete_and_named_once() {
        for permission in ALL.iter().chain(WITHOUT_GRANT).copied() {
            let name = permission.name;
            assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            let found = by_name(name).is_some_and(|found| std::ptr::eq(found, permission));
            assert_eq!(found, permission.is_granted(), "{name}");
            assert!(permission.lets.ends_with('.') && !permission.title.is_empty());
            assert!(!permission.needs.is_empty() || !permission.is_granted());
            assert!(!OF_THE_ROSTER.contains(&name));
        }
        assert!(by_name("no_such_tool").is_none());
    }
}
