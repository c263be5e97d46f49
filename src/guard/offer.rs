//! What a connector offers: the groups that its athlete left on (a coach's connector has all), narrowed further by the query
//! of its URL. The roster's own tools are always offered: without them a coach could not find out whom to ask about.
//!
//! A convenience and not a security boundary: anyone who has a URL can remove its query. What a caller may see is in
//! [`super::grant`].

use super::Caller;
use crate::{
    app::App,
    ids::ConnectorId,
    permissions::{self, Access, Group, OF_THE_ROSTER, Permission, ROSTER_WORD},
    tool_error::ToolError,
};

/// What one connector offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    off: Vec<String>,
    narrow: Narrow,
    /// The sign-in, if the connector is one and not a link.
    sign_in: Option<ConnectorId>,
}

/// What the query of a connector URL leaves: `?readonly=1`, `?tools=training,get_wellness`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrow {
    readonly: bool,
    /// Groups and tools.
    only: Option<Vec<String>>,
}

/// A query that we do not understand. A guess could offer more than was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclear;

/// Why a tool is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The athlete switched its group off.
    SwitchedOff,
    /// The URL says `readonly=1` and the tool changes something.
    ReadOnly,
    /// The URL says `tools=` and does not name it.
    NotNamed,
}

impl Narrow {
    /// Reads the query of a connector URL. `tools=` has names of groups and tools, separated by commas, in any case;
    /// `readonly=` is 1 or 0. Other parameters are ignored, so that any of them can make a URL look new to a client
    /// that keeps old lists. An unknown word, an empty list and a repeated parameter are refused.
    pub fn parse(query: Option<&str>) -> Result<Self, Unclear> {
        let (mut readonly, mut only) = (None, None);
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let value = value.trim().to_ascii_lowercase();
            match name.to_ascii_lowercase().as_str() {
                "readonly" => {
                    let is_on = match value.as_str() {
                        "1" | "true" | "" => true,
                        "0" | "false" => false,
                        _ => return Err(Unclear),
                    };
                    once(&mut readonly, is_on)?;
                }
                "tools" => once(&mut only, words(&value)?)?,
                _ => {}
            }
        }
        Ok(Self {
            readonly: readonly.unwrap_or(false),
            only,
        })
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Unclear> {
    place.replace(value).map_or(Ok(()), |_| Err(Unclear))
}

/// The groups and tools in a list: at least one, each from the catalogue or the roster's own.
fn words(list: &str) -> Result<Vec<String>, Unclear> {
    let of_roster = |word: &str| word == ROSTER_WORD || OF_THE_ROSTER.contains(&word);
    let tools = || permissions::ALL.iter().chain(permissions::WITHOUT_GRANT);
    let known = |word: &str| of_roster(word) || tools().any(|tool| names(word, tool));
    list.split(',')
        .map(str::trim)
        .map(|word| known(word).then(|| word.to_owned()).ok_or(Unclear))
        .collect()
}

/// Whether `word` is `tool` or its group.
fn names(word: &str, tool: &Permission) -> bool {
    word == tool.name || word == tool.group.word()
}

impl Offer {
    /// Everything except the groups whose words are in `off` and what `narrow` takes away.
    pub fn new(off: Vec<String>, narrow: Narrow) -> Self {
        Self {
            off,
            narrow,
            sign_in: None,
        }
    }

    /// The offer of a sign-in: its owner changes it elsewhere than a link's.
    #[must_use]
    pub fn of_sign_in(self, sign_in: Option<ConnectorId>) -> Self {
        Self { sign_in, ..self }
    }

    /// Whether the connector is a sign-in and not a link.
    pub fn is_sign_in(&self) -> bool {
        self.sign_in.is_some()
    }

    /// The same URL after the athlete changed the choice of groups.
    #[must_use]
    pub fn with_off(&self, off: Vec<String>) -> Self {
        Self { off, ..self.clone() }
    }

    /// Why `tool` is not offered; `None` if it is. What was changed can be listed and undone wherever a group that changes
    /// something is offered.
    pub fn lacks(&self, tool: &Permission) -> Option<Lack> {
        let Narrow { readonly, only } = &self.narrow;
        let is_named = |words: &Vec<String>| words.iter().any(|word| names(word, tool));
        if tool.group == Group::Changes && !only.as_ref().is_some_and(is_named) {
            let may_write = Self {
                narrow: Narrow {
                    readonly: *readonly && tool.access == Access::Write,
                    only: only.clone(),
                },
                ..self.clone()
            };
            let writes = permissions::ALL
                .iter()
                .filter(|tool| tool.access == Access::Write);
            let mut lacks = writes.map(|tool| may_write.lacks(tool));
            let first = lacks.next().flatten();
            return first.filter(|_| lacks.all(|lack| lack.is_some()));
        }
        if self.off.iter().any(|word| word == tool.group.word()) {
            Some(Lack::SwitchedOff)
        } else if *readonly && tool.access == Access::Write {
            Some(Lack::ReadOnly)
        } else if only
            .as_ref()
            .is_some_and(|words| !words.iter().any(|word| names(word, tool)))
        {
            Some(Lack::NotNamed)
        } else {
            None
        }
    }

    /// Lets `caller` use `tool`, or says who can change that and where.
    pub fn check(&self, app: &App, caller: &Caller, tool: &Permission) -> Result<(), ToolError> {
        let Some(lack) = self.lacks(tool) else {
            return Ok(());
        };
        let (name, group) = (tool.name, tool.group.title());
        let why = match lack {
            Lack::SwitchedOff => {
                return Err(ToolError::Refused(format!(
                    "Not done: {name} is switched off for this connector, with its group \"{group}\". {}",
                    self.switch_on(app, caller)
                )));
            }
            Lack::ReadOnly => format!("ends in readonly=1, and {name} changes something"),
            Lack::NotNamed => {
                format!("lists in tools= what it offers, and {name} is not on that list")
            }
        };
        let plain = match (self.sign_in, caller) {
            (Some(_), _) => format!(
                "To use {name}, add the connector again with the plain URL {}.",
                app.config.mcp_url()
            ),
            (None, Caller::Coach { .. }) => format!(
                "Add the connector with the plain URL to use {name}; {} sends that URL again.",
                app.config.for_coaches_url()
            ),
            (None, Caller::Athlete { .. }) => format!(
                "The athlete can add the connector with the plain URL from {}.",
                app.config.connector_page()
            ),
        };
        Err(ToolError::Refused(format!(
            "Not done: this connector's URL {why}. {plain}"
        )))
    }

    /// Where a group is switched on again.
    fn switch_on(&self, app: &App, caller: &Caller) -> String {
        match (self.sign_in, caller) {
            (Some(id), Caller::Athlete { .. }) => format!(
                "The athlete can switch it on at {}; it then works from the next call.",
                app.config.app_url(id)
            ),
            (Some(_), Caller::Coach { .. }) => format!(
                "The coach can switch it on under \"Signed-in apps\" on \"My roster\", which {} opens; it then works from the \
                 next call.",
                app.config.for_coaches_url()
            ),
            (None, Caller::Coach { .. }) => format!(
                "The coach can switch it on under \"What your URL offers\" on \"My roster\", which {} opens; it then works from the \
                 next call.",
                app.config.for_coaches_url()
            ),
            (None, Caller::Athlete { .. }) => format!(
                "The athlete can switch it on under \"What your connector offers\" on {}; it then works from the next call.",
                app.config.connector_page()
            ),
        }
    }

    /// Why a connector whose switch is off may not change something, and who can turn it on where.
    pub fn may_not_write(&self, app: &App, caller: &Caller) -> ToolError {
        let text = match (self.sign_in, caller) {
            (Some(id), Caller::Athlete { .. }) => format!(
                "Not done: this sign-in may only read. The athlete can let it make changes at {}; it then works from the next \
                 call.",
                app.config.app_url(id)
            ),
            (Some(_), Caller::Coach { .. }) => format!(
                "Not done: this sign-in may only read. The coach can let it make changes under \"Signed-in apps\" on \"My \
                 roster\", which {} opens; it then works from the next call.",
                app.config.for_coaches_url()
            ),
            (None, _) => format!(
                "Not done: this connector may change nothing. The athlete can allow it with the switch \"May change my data\" on {}; it \
                 then works from the next call.",
                app.config.connector_page()
            ),
        };
        ToolError::Refused(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offered(off: &[&str], query: &str) -> Result<Vec<&'static str>, Unclear> {
        let off = off.iter().map(|word| (*word).to_owned()).collect();
        let offer = Offer::new(off, Narrow::parse(Some(query))?);
        let left = permissions::ALL.iter().filter(|tool| offer.lacks(tool).is_none());
        Ok(left.map(|tool| tool.name).collect())
    }

    fn all() -> Vec<&'static str> {
        permissions::ALL.iter().map(|tool| tool.name).collect()
    }

    #[test]
    fn a_plain_url_offers_what_the_athlete_left_on() {
        assert_eq!(offered(&[], "").unwrap(), all());
        assert_eq!(
            offered(&["a group of another version"], "v=2&utm=x").unwrap(),
            all()
        );
        let without = offered(&["wellness"], "").unwrap();
        assert!(!without.contains(&"get_wellness") && without.contains(&"get_fitness"));
        let words: Vec<&str> = permissions::ALL.iter().map(|tool| tool.group.word()).collect();
        assert_eq!(offered(&words, ""), Ok(Vec::new()));
    }

    #[test]
    fn a_query_narrows_by_group_and_by_tool_in_the_order_of_the_list() {
        let both = offered(&[], "tools=wellness,get_fitness").unwrap();
        assert_eq!(both, ["get_fitness", "get_wellness", "push_wellness"]);
        assert_eq!(offered(&[], "tools=%20Wellness%2CGET_FITNESS+").unwrap(), both);
        assert_eq!(
            offered(&["wellness"], "tools=wellness,get_fitness").unwrap(),
            ["get_fitness"]
        );
        assert_eq!(
            offered(&[], "tools=roster,list_athletes").unwrap(),
            Vec::<&str>::new(),
            "the roster's tools are in no athlete's list"
        );
        assert_eq!(
            offered(&["wellness"], "tools=get_wellness").unwrap(),
            Vec::<&str>::new(),
            "a URL never brings back what is switched off"
        );
        assert_eq!(offered(&[], "readonly=0").unwrap(), all());
    }

    #[test]
    fn what_was_changed_goes_with_whatever_changes_something() {
        let lacks = |off: &[&str], query: &str| {
            let off = off.iter().map(|word| (*word).to_owned()).collect();
            let offer = Offer::new(off, Narrow::parse(Some(query)).unwrap());
            [&permissions::LIST_CHANGES, &permissions::UNDO_CHANGE].map(|tool| offer.lacks(tool))
        };
        assert_eq!(lacks(&["calendar"], ""), [None, None]);
        assert_eq!(lacks(&[], "tools=wellness"), [None, None]);
        assert_eq!(lacks(&[], "tools=fitness"), [Some(Lack::NotNamed); 2]);
        assert_eq!(lacks(&[], "tools=fitness,changes"), [None, None]);
        assert_eq!(lacks(&[], "readonly=1"), [None, Some(Lack::ReadOnly)]);
        let all_that_write = [
            "calendar", "wellness", "training", "profile", "library", "gear", "records",
        ];
        assert_eq!(lacks(&all_that_write, ""), [Some(Lack::SwitchedOff); 2]);
    }

    #[test]
    fn readonly_leaves_only_reads() {
        let write = Permission {
            name: "push_workout",
            title: "T",
            group: permissions::Group::Training,
            access: Access::Write,
            needs: &[],
            lets: "L.",
        };
        for (query, lack) in [
            ("readonly=1", Some(Lack::ReadOnly)),
            ("readonly", Some(Lack::ReadOnly)),
            ("READONLY=True", Some(Lack::ReadOnly)),
            ("readonly=false", None),
            ("", None),
            ("readonly=1&tools=training", Some(Lack::ReadOnly)),
        ] {
            let offer = Offer::new(Vec::new(), Narrow::parse(Some(query)).unwrap());
            assert_eq!(offer.lacks(&write), lack, "{query}");
            assert_eq!(
                offer.with_off(vec!["training".to_owned()]).lacks(&write),
                Some(Lack::SwitchedOff)
            );
        }
    }

    #[test]
    fn an_unclear_query_is_refused_instead_of_offering_all() {
        for query in [
            "tools=trainig",
            "tools=",
            "tools",
            "tools=training,",
            "tools=training;fitness",
            "tools=training&tools=fitness",
            "tools=%ff",
            "readonly=yes please",
            "readonly=1&readonly=0",
            "Tools=nothing",
        ] {
            assert_eq!(offered(&[], query), Err(Unclear), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_widens(query in "(readonly|tools|x)?=?[a-z_,&=%+0-9]{0,40}", off in 0_usize..4) {
            let word = permissions::ALL[off % permissions::ALL.len()].group.word();
            if let Ok(left) = offered(&[word], &query) {
                let most = offered(&[word], "").unwrap();
                prop_assert!(left.iter().all(|name| most.contains(name)));
            }
        }
    }
}
