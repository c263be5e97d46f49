//! A coach's call: which athlete it is about, the rights to that athlete's data, and the final check of what an answer
//! depends on.
//!
//! What applies to every call is in [`super`]; what a grant allows in [`crate::guard::roster`].

use serde_json::{Map, Value};

use super::{Call, REPLACED, Reply, bounded, refusal, withheld, withheld_by_policy};
use crate::{
    guard::{
        Caller, Member, Roster,
        clients::Use,
        connection,
        roster::{About, How},
        touched::Touch,
    },
    mcp::catalogue::Called,
    permissions,
    queries::grants::LiveGrant,
    text::fenced,
    tool_error::ToolError,
    tools::{
        Answer, Run, Source, Target, Tool, arguments,
        params::{self, ATHLETE, ATHLETES, FROM, MOST_ATHLETES, Param},
    },
    words::{Access, MemberStatus, Outcome},
};

impl Call<'_> {
    /// The call itself, for a coach: the roster, the athlete, the grant, the tool.
    pub(super) async fn run_for_coach(&self, mut given: Map<String, Value>) -> Result<Answer, ToolError> {
        let (whose, from) = match self.called {
            // A roster tool reads its arguments itself.
            Called::Roster(_) => (Named::Nobody, None),
            Called::One(tool) => (named_in(&mut given, tool)?, from_in(&mut given, tool)?),
        };
        let about = match (&whose, self.called) {
            (_, Called::Roster(_)) => given
                .get(ATHLETE.name)
                .and_then(name_in)
                .map_or(About::Everyone, |name| About::Named(vec![name])),
            (Named::Several(names), _) => About::Named(names.iter().chain(&from).cloned().collect()),
            (Named::One(name), _) if !name.trim().is_empty() => {
                About::Named(std::iter::once(name).chain(&from).cloned().collect())
            }
            (Named::One(_) | Named::Nobody, _) => About::Unnamed,
        };
        let ends_at = match self.called {
            Called::Roster(_) => self.deadline,
            Called::One(tool) => self.ends_at(tool),
        };
        let roster = Roster::of(self.app, &self.visit.visitor, &about, ends_at, &self.touched).await?;
        let tool = match self.called {
            Called::Roster(tool) => return (tool.run)(roster, given).await,
            Called::One(tool) => tool,
        };
        if let Run::WriteFrom(write) = tool.run {
            let members = match &whose {
                Named::Several(all) => several(&roster, all)?,
                Named::One(name) => vec![roster.whom(Some(name), Access::Write)?.0],
                Named::Nobody => vec![roster.whom(None, Access::Write)?.0],
            };
            // A right that is missing is the answer, before anything else that is wrong.
            if !members.iter().any(|member| member.grants(tool.permission)) {
                roster.open(members[0], tool.permission).await?;
            }
            let source = self.source(&roster, from.as_deref(), members[0]).await?;
            let targets = self.targets(&roster, &members, tool).await;
            let done = self.apart(write(source, targets, given)).await;
            for member in members {
                self.look_into(&roster, member).await;
            }
            return done;
        }
        let named = match (whose, tool.run) {
            (Named::Several(all), Run::WriteEach(write)) => {
                let members = several(&roster, &all)?;
                // A right that is missing is the answer, before anything else that is wrong.
                if members.iter().any(|member| member.grants(tool.permission)) {
                    arguments::within_limits(&given, tool.params, members.len())?;
                }
                let targets = self.targets(&roster, &members, tool).await;
                let done = self.apart(write(targets, given)).await;
                for member in members {
                    self.look_into(&roster, member).await;
                }
                return done;
            }
            (Named::One(name), _) => Some(name),
            (Named::Nobody | Named::Several(_), _) => None,
        };
        let (member, how) = roster.whom(named.as_deref(), tool.permission.access)?;
        if how != How::Selected {
            return self.run_for(&roster, member, tool, given).await;
        }
        roster.renew_selection().await;
        let done = self.run_for(&roster, member, tool, given).await;
        let line = format!(
            "{}, selected earlier through this connector",
            roster.called(member)
        );
        match done {
            Ok(answer) => Ok(Answer::of([line, answer.text])),
            Err(error) => Err(error.under(&line)),
        }
    }

    /// For each of these athletes the right to make a change, or the reason why there is none.
    async fn targets(&self, roster: &Roster, members: &[&Member], tool: &'static Tool) -> Vec<Target> {
        let mut targets = Vec::new();
        for member in members {
            let granted = async {
                let ask = roster.open(member, tool.permission).await?;
                self.granted(ask, member.account()).await
            };
            let granted = granted.await;
            targets.push(Target {
                name: roster.called(member),
                granted,
            });
        }
        targets
    }

    /// The right to read the library of the athlete `from`, or of the first of those for whom a change is made.
    async fn source(&self, roster: &Roster, from: Option<&str>, first: &Member) -> Result<Source, ToolError> {
        let member = match from {
            Some(name) => roster
                .find(name)
                .map_err(|error| error.under(&format!("from {}:", fenced(name, 60))))?,
            None => first,
        };
        Ok(Source {
            name: roster.called(member),
            ask: roster.open(member, &permissions::GET_LIBRARY).await,
        })
    }

    /// Runs a tool on one athlete's data.
    async fn run_for(
        &self,
        roster: &Roster,
        member: &Member,
        tool: &'static Tool,
        given: Map<String, Value>,
    ) -> Result<Answer, ToolError> {
        if tool.run.access() == Access::Write && member.grants(tool.permission) {
            arguments::within_limits(&given, tool.params, 1)?;
        }
        let ask = roster.open(member, tool.permission).await?;
        match self.with_right(tool, ask, member.account(), given).await {
            Err(error @ ToolError::Reconnect(_)) => Err(roster.looked_into(member, error).await),
            done => {
                self.look_into(roster, member).await;
                done
            }
        }
    }

    /// Finds out whether a connection that intervals.icu refused while something was written still works. The answer has what
    /// became of that.
    async fn look_into(&self, roster: &Roster, member: &Member) {
        if self.record.is_lost(member.account()) {
            let _ = roster
                .looked_into(member, ToolError::Reconnect(String::new()))
                .await;
        }
    }

    /// Notes which grants were used, and through which client.
    pub(super) async fn note_uses(&self, touched: &[Touch]) {
        let Caller::Coach { email, .. } = &self.visit.visitor.caller else {
            return;
        };
        let opened = touched.iter().filter(|touch| !touch.opened.is_empty());
        let uses: Vec<Use> = opened
            .filter_map(|touch| {
                Some(Use {
                    grant: touch.grant?,
                    account: touch.account,
                    is_first: touch.is_first_use,
                })
            })
            .collect();
        self.uses.note(self.app, email, &self.visit.client, &uses).await;
    }

    /// The URL, each grant, its tools and its connection may have ended while the call ran: then the whole answer is
    /// withheld, even an error about such an athlete.
    pub(super) async fn final_check_for_coach(&self, done: Result<Answer, ToolError>) -> (Outcome, Reply) {
        let touched = &self.touched.all();
        let grants: Vec<_> = touched.iter().filter_map(|touch| touch.grant).collect();
        let live = match self.visit.visitor.live_grants(self.app, &grants).await {
            Ok(Some(live)) => live,
            Ok(None) => return withheld(REPLACED),
            Err(error) => return refusal(&connection::away(&error)),
        };
        let known = match self.visit.visitor.still_known(self.app, live.policy).await {
            Ok(Some(known)) => known,
            Ok(None) => return withheld(REPLACED),
            Err(error) => return withheld_by_policy(&error),
        };
        let of = |touch: &Touch| {
            live.grants
                .iter()
                .find(|grant| Some(grant.grant_id) == touch.grant)
        };
        let changed = named(touched, |touch| {
            !of(touch).is_some_and(|grant| still_granted(touch, grant))
        });
        if !changed.is_empty() {
            return withheld(&format!(
                "Withheld: {changed} changed what you were granted while the call was running. list_athletes says what you \
                 are granted now."
            ));
        }
        let kept_out = named(touched, |touch| {
            touch
                .grant
                .is_some_and(|grant| !known.has_on_roster(self.app, grant))
        });
        if !kept_out.is_empty() {
            return withheld(&format!(
                "Withheld: this IcuSync stopped letting {kept_out} in while the call was running. list_athletes says who is on \
                 your roster now."
            ));
        }
        match done {
            Ok(answer) => {
                let lost = named(touched, |touch| {
                    !of(touch).is_some_and(|grant| still_tied(touch, grant))
                });
                if lost.is_empty() {
                    return (Outcome::Ok, Ok(bounded(answer.text)));
                }
                withheld(&format!(
                    "Withheld: the connection of {lost} to intervals.icu changed while the call was running. The athlete can \
                     check it on {}; list_athletes shows its state.",
                    self.app.config.dashboard_url()
                ))
            }
            // The error may be about the connection itself: then it is the answer.
            Err(error) => refusal(&error),
        }
    }
}

/// Those athletes whom a change names. A name that means nobody, or one athlete named twice, is refused before anything is opened.
fn several<'r>(roster: &'r Roster, names: &[String]) -> Result<Vec<&'r Member>, ToolError> {
    let members: Vec<&Member> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let which = format!("athletes {} {}:", at + 1, fenced(name, 60));
            roster.find(name).map_err(|error| error.under(&which))
        })
        .collect::<Result<_, _>>()?;
    let mut grants: Vec<_> = members.iter().map(|member| member.grant()).collect();
    grants.sort_unstable();
    grants.dedup();
    if grants.len() < members.len() {
        return Err(ToolError::Input(
            "Not done: athletes names somebody twice.".to_owned(),
        ));
    }
    Ok(members)
}

/// Whom a call names.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    Nobody,
    One(String),
    Several(Vec<String>),
}

/// Takes `athlete`, and `athletes` where a tool takes them, out of the arguments, because the tool does not know them. Unknown
/// arguments are refused here, because the tool's own refusal would not name these.
fn named_in(given: &mut Map<String, Value>, tool: &Tool) -> Result<Named, ToolError> {
    let takes_several = matches!(tool.run, Run::WriteEach(_) | Run::WriteFrom(_));
    if given.contains_key(ATHLETES.name) && !takes_several {
        return Err(ToolError::Input(
            "Not done: this tool answers for one athlete at a time. Pass athlete, a name or an id, instead of athletes."
                .to_owned(),
        ));
    }
    let own: &[Param] = match tool.run {
        Run::WriteEach(_) => &[ATHLETE, ATHLETES],
        Run::WriteFrom(_) => &[ATHLETE, ATHLETES, FROM],
        _ => &[ATHLETE],
    };
    params::check(given, &[tool.params, own])?;
    let one = match given.remove(ATHLETE.name) {
        None | Some(Value::Null) => None,
        Some(value) => {
            Some(name_in(&value).ok_or_else(|| arguments::wrong(ATHLETE.name, arguments::A_NAME))?)
        }
    };
    let names = match given.remove(ATHLETES.name) {
        None | Some(Value::Null) => return Ok(one.map_or(Named::Nobody, Named::One)),
        Some(Value::Array(names)) => names.iter().map(name_in).collect(),
        Some(value) => name_in(&value).map(|name| vec![name]),
    };
    let wanted = format!("must be a list of 1 to {MOST_ATHLETES} names or ids, as in list_athletes");
    let names: Vec<String> = names.ok_or_else(|| arguments::wrong(ATHLETES.name, &wanted))?;
    match (&names[..], one) {
        ([], _) => Err(arguments::wrong(ATHLETES.name, &wanted)),
        (names, _) if names.len() > MOST_ATHLETES => Err(arguments::wrong(ATHLETES.name, &wanted)),
        (_, Some(_)) => Err(ToolError::Input(
            "Not done: pass athlete or athletes, not both.".to_owned(),
        )),
        ([name], None) => Ok(Named::One(name.clone())),
        (_, None) => Ok(Named::Several(names)),
    }
}

/// Takes `from` out of the arguments of a tool that takes it.
fn from_in(given: &mut Map<String, Value>, tool: &Tool) -> Result<Option<String>, ToolError> {
    if !matches!(tool.run, Run::WriteFrom(_)) {
        return Ok(None);
    }
    match given.remove(FROM.name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match name_in(&value) {
            Some(name) => Ok(Some(name).filter(|name| !name.trim().is_empty())),
            None => Err(arguments::wrong(FROM.name, arguments::A_NAME)),
        },
    }
}

/// A name or an id. The ids of old intervals.icu accounts are only digits, and some clients send those as a number.
fn name_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn still_granted(touch: &Touch, grant: &LiveGrant) -> bool {
    let granted = |used: &&'static str| grant.tools.iter().any(|tool| tool == used);
    touch.tools.iter().all(granted)
}

/// Whether what was opened is still connected to the same athlete. A connection that the call itself found refused was
/// connected when the data arrived.
fn still_tied(touch: &Touch, grant: &LiveGrant) -> bool {
    let connected =
        grant.status == MemberStatus::Connected || (touch.lost && grant.status == MemberStatus::Reconnect);
    touch
        .opened
        .iter()
        .all(|opened| connected && opened.athlete.as_str() == grant.athlete_id)
}

/// The names and ids of the athletes for whom `is_so` is true; empty if there are none.
fn named(touched: &[Touch], is_so: impl Fn(&Touch) -> bool) -> String {
    let names: Vec<&str> = touched
        .iter()
        .filter(|touch| is_so(touch))
        .map(|touch| touch.name.as_str())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::CATALOGUE;

    fn history() -> &'static Tool {
        let tool = CATALOGUE
            .iter()
            .find(|tool| tool.name() == "get_training_history");
        tool.unwrap()
    }

    #[test]
    fn an_unknown_argument_is_refused_with_athlete_among_the_known_ones() {
        let refusal = |name: &str| {
            let mut given = Map::from_iter([(name.to_owned(), json!("ana"))]);
            named_in(&mut given, history()).unwrap_err().to_string()
        };
        let text = refusal("athlet");
        assert!(
            text.contains("«athlet». Did you mean athlete? This tool takes oldest,"),
            "{text}"
        );
        let text = refusal("whom");
        assert!(
            text.contains("«whom»") && text.ends_with(", limit, athlete."),
            "{text}"
        );
    }

    #[test]
    fn several_athletes_at_once_are_refused_with_the_argument_to_use() {
        let mut given = Map::from_iter([("athletes".to_owned(), json!(["ana", "jack"]))]);
        let error = named_in(&mut given, history()).unwrap_err().to_string();
        assert!(error.contains("Pass athlete, a name or an id"), "{error}");

        let mut given = Map::from_iter([
            ("athlete".to_owned(), json!(9_000_041)),
            ("sport".to_owned(), json!("Run")),
        ]);
        assert_eq!(
            named_in(&mut given, history()).unwrap(),
            Named::One("9000041".to_owned())
        );
        assert_eq!(given.len(), 1, "the tool does not see it");
    }
}
