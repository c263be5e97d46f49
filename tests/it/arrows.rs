//! The crate consists of rooms, and data flows through them one way. A room of `src/` may use the rooms in its row here and no
//! others; a new arrow needs a row and a reason.
//!
//! It reads the sources as text: `crate::room` and `super::…::room` outside comments and tests. `src/main.rs` and `src/lib.rs`
//! are not rooms: one starts everything, the other is the map.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms that any room may use, because they hold values and no decisions.
const EVERYWHERE: [(&str, &str); 5] = [
    ("ids", "names of rows: no behaviour"),
    ("words", "words of rows: no behaviour"),
    ("time", "the clock is a value"),
    ("text", "pure: other people's text, made safe to show"),
    (
        "secrets",
        "types that cannot be printed; minting and sealing are pure",
    ),
];

/// Which room may use which, and why.
const ARROWS: &[(&str, &[&str], &str)] = &[
    ("config", &[], "reads the environment; keys are parsed by secrets"),
    (
        "app",
        &["config", "guard", "intervals", "mail", "oauth", "oidc"],
        "holds what everybody shares, ready made: settings, limits, client, mailer, the fetcher of clients' documents, the \
         outside identity provider",
    ),
    ("error", &["guard"], "says a failure in one of our answers"),
    (
        "start",
        &[
            "app",
            "config",
            "guard",
            "intervals",
            "jobs",
            "mail",
            "mcp",
            "oauth",
            "oidc",
            "postgres",
            "queries",
            "routes",
            "server",
        ],
        "puts the process together; only main and demo call it",
    ),
    (
        "server",
        &["config", "guard"],
        "accepts connections, times them and counts them by network, but not our proxies'; what a request means is the router's business",
    ),
    (
        "routes",
        &["app", "layers", "mcp", "oauth", "pages"],
        "every URL on one screen",
    ),
    (
        "layers",
        &["app", "config", "guard"],
        "what happens to a request before and after its handler",
    ),
    (
        "pages",
        &[
            "app",
            "config",
            "error",
            "guard",
            "intervals",
            "jobs",
            "layers",
            "mail",
            "oauth",
            "oidc",
            "permissions",
            "policy",
            "queries",
            "tool_error",
            "tools",
        ],
        "a screen asks, decides, writes, answers; the steps are made from the settings; the CSP layer learns a form's target; \
         a disconnect queues its revoke in the same transaction; the page for coaches shows the roster's tools; a button undoes a \
         change; a screen offers what the policy allows and sends people to the identity provider",
    ),
    (
        "oauth",
        &["app", "config", "error", "guard", "queries"],
        "as a page, for programs",
    ),
    (
        "mcp",
        &[
            "app",
            "config",
            "guard",
            "intervals",
            "permissions",
            "queries",
            "tool_error",
            "tools",
        ],
        "lists and calls tools; logs each call, and how many requests a change made that outlived its call",
    ),
    (
        "tools",
        &[
            "guard",
            "intervals",
            "permissions",
            "tool_error",
            "training",
            "workout",
        ],
        "gets an Ask or a Granted and speaks to upstream through it; never sees the pool, the headers or a token",
    ),
    (
        "guard",
        &[
            "app",
            "config",
            "intervals",
            "mail",
            "oidc",
            "permissions",
            "policy",
            "queries",
            "tool_error",
        ],
        "who asks, and may they, by the policy and by what the identity provider says of them; opens the upstream handle of a \
         grant; a grant names permissions; what happens to an account or a connection and the mail that says so are one transaction",
    ),
    (
        "permissions",
        &["intervals"],
        "what can be granted; a row names what must be shared upstream",
    ),
    (
        "tool_error",
        &["intervals"],
        "says what upstream's failure means to the caller",
    ),
    (
        "jobs",
        &["app", "guard", "intervals", "mail", "oauth", "policy", "queries"],
        "sends mails, with a connector URL only where the policy has them; revokes upstream, purges what has expired; counts stranded \
         sign-ins by the names of known clients",
    ),
    (
        "mail",
        &["app", "queries"],
        "renders mails and puts them into the outbox",
    ),
    (
        "intervals",
        &["config", "training", "workout"],
        "the only code that calls upstream; knows none of our athletes; an event holds a workout; a sport has one spelling, \
         that of the list of sports",
    ),
    (
        "oidc",
        &["config"],
        "the only code that calls the outside identity provider; knows no accounts and no pages",
    ),
    ("policy", &[], "pure rules: who may come in, by which way"),
    ("queries", &[], "SQL and rows"),
    ("secrets", &[], "pure"),
    ("ids", &[], "pure"),
    ("time", &[], "pure"),
    ("text", &[], "pure"),
    ("words", &[], "pure"),
    ("training", &[], "pure formulas"),
    ("workout", &[], "a pure language"),
    (
        "postgres",
        &[],
        "starts and stops a server; the caller gets a URL",
    ),
];

/// Arrows that would close a circle and are not part of the flow, and why.
const AGAINST_THE_FLOW: [(&str, &str, &str); 3] = [
    (
        "app",
        "guard",
        "holds limits and counts ready made, and asks nothing of them",
    ),
    (
        "app",
        "mail",
        "holds the transport ready made, and asks nothing of it",
    ),
    (
        "app",
        "oauth",
        "holds the fetcher of clients' documents ready made, and asks nothing of it",
    ),
];

/// The demo may use everything except the process's own start, and no room may know of the demo.
const DEMO: &str = "demo";

/// Only the named rooms use these, which are at the top of the flow.
const TOPS: [(&str, &[&str]); 5] = [
    ("routes", &["start", DEMO]),
    ("pages", &["routes", "start", DEMO]),
    ("mcp", &["routes", "start", DEMO]),
    ("start", &[DEMO]),
    (DEMO, &[]),
];

#[test]
fn the_rooms_use_each_other_only_along_the_arrows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = rooms(&src);
    let mut wrong = Vec::new();
    let mut arrows = BTreeSet::new();
    for (room, file) in sources(&src) {
        let text = std::fs::read_to_string(&file).unwrap();
        for used in uses(&text, depth(&src, &file), &rooms) {
            if used != room && !may(&room, &used) {
                wrong.push(format!(
                    "{}: {room} → {used}",
                    file.strip_prefix(&src).unwrap().display()
                ));
            }
            arrows.insert((room.clone(), used));
        }
    }
    assert!(
        arrows.len() > 10,
        "hardly anything was found to use anything: is the scan broken? {arrows:?}"
    );
    assert!(
        wrong.is_empty(),
        "arrows without a row in tests/it/arrows.rs:\n{}",
        wrong.join("\n")
    );
    // An unused arrow would let somebody use it without a reason. Rooms yet to be built may be named.
    let unused: Vec<String> = ARROWS
        .iter()
        .filter(|(room, ..)| rooms.contains(*room))
        .flat_map(|(room, used, _)| {
            used.iter()
                .map(move |used| ((*room).to_owned(), (*used).to_owned()))
        })
        .filter(|arrow| rooms.contains(&arrow.1) && !arrows.contains(arrow))
        .map(|(room, used)| format!("{room} → {used}"))
        .collect();
    assert!(
        unused.is_empty(),
        "arrows that nothing takes any more: {unused:?}"
    );
}

#[test]
fn the_rooms_have_no_circle() {
    for (from, to, why) in AGAINST_THE_FLOW {
        let row = ARROWS.iter().find(|(room, ..)| *room == from).unwrap();
        assert!(
            row.1.contains(&to) && !why.is_empty(),
            "{from} → {to} is no longer an arrow"
        );
    }
    let flow = ARROWS
        .iter()
        .flat_map(|(from, to, _)| to.iter().map(|to| (*from, *to)));
    let flow: Vec<(&str, &str)> = flow
        .filter(|(from, to)| !AGAINST_THE_FLOW.iter().any(|(a, b, _)| (a, b) == (from, to)))
        .collect();
    assert_eq!(circle(&flow), Vec::<&str>::new());
    // Each exception is needed, and a circle would be found.
    for (from, to, _) in AGAINST_THE_FLOW {
        let with: Vec<(&str, &str)> = flow.iter().copied().chain([(from, to)]).collect();
        assert!(circle(&with).contains(&from), "{from} → {to} closes no circle");
    }
    // The rooms that every room may use, use none of the others.
    for (room, _) in EVERYWHERE {
        let row = ARROWS.iter().find(|(name, ..)| *name == room).unwrap();
        assert!(
            row.1.is_empty(),
            "{room} is used everywhere, so that any arrow of its own closes a circle"
        );
    }
}

#[test]
fn pure_rooms_do_no_io() {
    const IO: [&str; 9] = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::time",
        "tokio",
        "reqwest",
        "sqlx",
        "tracing",
    ];
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut files = 0;
    for (room, file) in sources(&src) {
        if !["policy", "training", "workout"].contains(&room.as_str())
            || file.components().any(|part| part.as_os_str() == "tests")
        {
            continue;
        }
        files += 1;
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        found.extend(
            IO.iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{}: {word}", file.display())),
        );
    }
    assert!(files > 10, "hardly any file was read: is the scan broken?");
    assert!(found.is_empty(), "{found:?}");
}

/// The rooms on or behind a circle; none if the arrows can be followed to an end from everywhere.
fn circle<'a>(arrows: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    let mut left = arrows.to_vec();
    loop {
        let leads_on = |room: &str| left.iter().any(|(from, _)| *from == room);
        let open: Vec<(&str, &str)> = left.iter().copied().filter(|(_, to)| leads_on(to)).collect();
        if open.len() == left.len() {
            let mut rooms: Vec<&str> = open.into_iter().map(|(from, _)| from).collect();
            rooms.dedup();
            return rooms;
        }
        left = open;
    }
}

#[test]
fn every_room_has_a_row_and_the_tops_stay_on_top() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let listed: BTreeSet<&str> = ARROWS.iter().map(|(room, ..)| *room).chain([DEMO]).collect();
    let strangers: Vec<String> = rooms(&src)
        .into_iter()
        .filter(|room| !listed.contains(room.as_str()))
        .collect();
    assert!(strangers.is_empty(), "rooms without a row: {strangers:?}");
    for (top, known_to) in TOPS {
        let users: Vec<&str> = ARROWS
            .iter()
            .filter(|(_, used, _)| used.contains(&top))
            .map(|(room, ..)| *room)
            .collect();
        assert!(
            users.iter().all(|user| known_to.contains(user)),
            "{top} is used by {users:?}"
        );
    }
}

#[test]
fn the_scan_sees_every_way_to_name_a_room() {
    let rooms: BTreeSet<String> = ["pages", "mail", "queries", "demo", "tools"]
        .map(str::to_owned)
        .into();
    let text = r#"
        //! Not crate::demo, that is a comment.
        #[cfg(test)]
        mod tests;
        use crate::{
            mail::{Mail, queries},
            queries,
        };
        fn f() { crate::pages::home(); let _ = "https://crate"; super::super::tools::x(); }
        #[cfg(test)]
        mod tests {
            use crate::demo;
        }
    "#;
    let found: Vec<String> = uses(text, 2, &rooms).into_iter().collect();
    assert_eq!(found, ["mail", "pages", "queries", "tools"]);
    assert_eq!(
        uses("super::tools::x()", 2, &rooms).len(),
        0,
        "one step up from depth two is the own room"
    );
    assert!(
        !may("tools", "queries") && !may("mail", "pages") && may("pages", "queries") && may("demo", "pages")
    );
}

fn may(room: &str, used: &str) -> bool {
    if room == DEMO || EVERYWHERE.iter().any(|(name, _)| *name == used) {
        return true;
    }
    ARROWS
        .iter()
        .any(|(from, to, _)| *from == room && to.contains(&used))
}

/// The names of the folders and files of `src/`, without main and lib.
fn rooms(src: &Path) -> BTreeSet<String> {
    sources(src).into_iter().map(|(room, _)| room).collect()
}

/// Every source file with its room; files that hold only tests are left out.
fn sources(src: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![src.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs") {
                let inside = path.strip_prefix(src).unwrap();
                let room = inside.components().next().unwrap().as_os_str().to_string_lossy();
                let room = room.trim_end_matches(".rs").to_owned();
                if !["main", "lib"].contains(&room.as_str()) {
                    found.push((room, path));
                }
            }
        }
    }
    found
}

/// How many `super::` lead from the file's module to the crate: 1 for `src/x.rs` and `src/x/mod.rs`.
fn depth(src: &Path, file: &Path) -> usize {
    let inside = file.strip_prefix(src).unwrap();
    inside.components().count() - usize::from(file.ends_with("mod.rs"))
}

/// The rooms that a source names, by `crate::` or by enough `super::`.
fn uses(text: &str, depth: usize, rooms: &BTreeSet<String>) -> BTreeSet<String> {
    let code = without_comments(text);
    // Tests may reach for anything; by custom they come last.
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    let up = "super::".repeat(depth);
    for root in ["crate::", up.as_str()] {
        for (at, _) in code.match_indices(root) {
            let longer_name = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if !longer_name {
                found.extend(
                    first_names(&code[at + root.len()..])
                        .into_iter()
                        .filter(|name| rooms.contains(name)),
                );
            }
        }
    }
    found
}

/// The first name in a path or in each path of a group: `a::{b, c}, d` in braces gives a and d.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let mut names = vec![name(group)];
    let mut open = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => names.push(name(&group[at + 1..])),
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    names
}

/// Without line comments and indentation, so that a test module is found wherever it is.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_arrow_is_listed_twice() {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for (room, used, why) in ARROWS {
        *rows.entry(room).or_default() += 1;
        assert!(
            !why.is_empty() && used.is_sorted(),
            "{room}: a reason, and names in order"
        );
    }
    assert!(rows.values().all(|count| *count == 1), "{rows:?}");
}
