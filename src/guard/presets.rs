//! Presets: sets of tools that an athlete can grant with one press, taken from the current catalogue.
//!
//! A preset is a way to fill in a form. The grant is a list of tools, and nothing remembers which preset it came from:
//! a tool that ships later is in no grant.

use crate::permissions::{self, Access, Group, Permission};

/// A set of tools to start a grant from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    /// Every read, no write, without what connectors begin without.
    ReadOnly,
    /// Every read, and the writes of the calendar.
    ReadAndPlan,
    /// The whole catalogue.
    Everything,
}

impl Preset {
    /// From the smallest to the largest.
    pub(crate) const ALL: [Self; 3] = [Self::ReadOnly, Self::ReadAndPlan, Self::Everything];

    /// The preset's name in forms.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadAndPlan => "read-and-plan",
            Self::Everything => "everything",
        }
    }

    /// The title for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::ReadOnly => "Read only",
            Self::ReadAndPlan => "Read and plan",
            Self::Everything => "Everything that exists today",
        }
    }

    /// The preset that a form names.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.word() == word)
    }

    /// Whether it includes `tool`.
    pub(crate) fn holds(self, tool: &Permission) -> bool {
        match (self, tool.access) {
            (Self::Everything, _) => true,
            // What connectors begin without is granted only by its own box.
            _ if tool.group.is_off_at_first() => false,
            (_, Access::Read) => true,
            (Self::ReadAndPlan, Access::Write) => tool.group == Group::Calendar,
            (Self::ReadOnly, Access::Write) => false,
        }
    }

    /// Its tools, in the order of the catalogue.
    pub(crate) fn tools(self) -> Vec<&'static Permission> {
        permissions::ALL
            .iter()
            .copied()
            .filter(|tool| self.holds(tool))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(group: Group, access: Access) -> Permission {
        Permission {
            name: "a_tool",
            title: "A tool",
            group,
            access,
            needs: &[],
            lets: "",
        }
    }

    #[test]
    fn a_preset_goes_by_what_a_tool_does_and_not_by_its_name() {
        for (group, access, held) in [
            (Group::Wellness, Access::Read, [true, true, true]),
            (Group::Calendar, Access::Read, [true, true, true]),
            (Group::Calendar, Access::Write, [false, true, true]),
            (Group::Wellness, Access::Write, [false, false, true]),
            (Group::Training, Access::Write, [false, false, true]),
            (Group::Library, Access::Read, [false, false, true]),
            (Group::Library, Access::Write, [false, false, true]),
        ] {
            let tool = tool(group, access);
            assert_eq!(
                Preset::ALL.map(|preset| preset.holds(&tool)),
                held,
                "{group:?} {access:?}"
            );
        }
    }

    #[test]
    fn the_largest_preset_is_the_whole_catalogue_and_none_is_smaller_than_the_one_before() {
        assert_eq!(Preset::Everything.tools().len(), permissions::ALL.len());
        let sizes = Preset::ALL.map(|preset| preset.tools().len());
        assert!(sizes[0] > 0 && sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
        let planned = Preset::ReadAndPlan.tools().into_iter();
        let mut changed = planned.filter(|tool| tool.access == Access::Write);
        assert!(changed.all(|tool| tool.group == Group::Calendar));
        for preset in Preset::ALL {
            assert_eq!(Preset::of_word(preset.word()), Some(preset));
        }
        assert_eq!(Preset::of_word("Everything"), None);
    }
}
