//! What the docs say about the code is true: the hard cases and the tests that prove them, and the tools, paths and settings
//! that they name.
//!
//! It reads both as text, as `arrows` does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
};

use icusync::{
    intervals::Area,
    permissions::Access,
    tools::{CATALOGUE, ROSTER, Tool},
};

/// Where sources are; a folder that does not exist has none.
const SOURCES: [&str; 3] = ["src", "tests/it", "sim/src"];
/// Where a path that the docs name begins.
const FOLDERS: [&str; 9] = [
    "src/",
    "sim/",
    "bench/",
    "tests/",
    "templates/",
    "migrations/",
    "scripts/",
    "docs/",
    ".ci/",
];
/// The page of the hard cases.
const CASES: &str = "docs/hard-cases.md";
/// A higher number at the end of a test's name is not a hard case: a status, a year.
const HIGHEST: u32 = 399;

/// A row of `docs/hard-cases.md`.
struct Case {
    /// Its tests, `module::name`.
    tests: Vec<String>,
    /// Whether something is still missing; for the row or for its whole section.
    not_yet: bool,
}

/// A source file with tests or comments about hard cases.
struct Source {
    /// The modules under which its tests may run: `mcp_wire`, `text` and `text::tests`.
    modules: [String; 2],
    /// The names of its tests.
    tests: BTreeSet<String>,
    /// The hard cases that its comments name.
    mentions: BTreeSet<u32>,
    /// Whether it is one of the integration tests, which carry numbers in their names.
    integration: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder whose names end in `.extension`.
fn below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                return below(&path, extension);
            }
            let is_one = path.extension().is_some_and(|found| found == extension);
            if is_one { vec![path] } else { Vec::new() }
        })
        .collect()
}

/// Every document that describes the code as it is: not the changelog, which describes what was.
fn documents() -> Vec<(String, String)> {
    let mut paths = below(&root().join("docs"), "md");
    paths.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)));
    paths
        .into_iter()
        .map(|path| {
            (
                path.strip_prefix(root()).unwrap().display().to_string(),
                read(&path),
            )
        })
        .collect()
}

fn sources() -> Vec<Source> {
    let folders = SOURCES.map(|folder| (folder, root().join(folder)));
    folders
        .iter()
        .flat_map(|(folder, path)| {
            below(path, "rs").into_iter().map(move |file| {
                let module = module_of(file.strip_prefix(path).unwrap());
                let text = read(&file);
                Source {
                    modules: [format!("{module}::tests"), module],
                    tests: tests_in(&text),
                    mentions: mentions_in(&text),
                    integration: *folder == "tests/it",
                }
            })
        })
        .collect()
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module_of(file: &Path) -> String {
    let names = file.with_extension("");
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    let names = names.strip_suffix(&["mod".into()]).unwrap_or(&names);
    names.join("::")
}

/// The functions under `#[test]` and `#[tokio::test]`.
fn tests_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let name = line
            .split_once("fn ")
            .filter(|(before, _)| !before.contains("//"));
        if let Some((_, name)) = name
            && std::mem::take(&mut marked)
        {
            found.insert(
                name.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found
}

/// The numbers that comments give after "hard case" or "hard cases", up to the end of the clause: `58-60, 64`, `40 to 42`.
fn mentions_in(text: &str) -> BTreeSet<u32> {
    let comments: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("//"))
        .map(|line| line.trim_start_matches(['/', '!']).trim())
        .collect();
    let comments = comments.join(" ").to_lowercase();
    let clauses = comments.split("hard case").skip(1);
    clauses
        .flat_map(|rest| {
            let clause = rest.trim_start_matches('s');
            numbers(clause.split(['.', ':', ';', ')']).next().unwrap_or_default())
        })
        .collect()
}

/// The numbers of a list, ranges by `-` and `to` written out.
fn numbers(list: &str) -> Vec<u32> {
    let spaced = list.replace(['-', '–'], " to ").replace(',', " , ");
    let mut found: Vec<u32> = Vec::new();
    let mut in_range = false;
    for word in spaced.split_whitespace() {
        if let Ok(number) = word.parse() {
            if let Some(first) = found.last().copied().filter(|_| in_range) {
                found.extend(first + 1..number);
            }
            found.push(number);
        }
        in_range = word == "to";
    }
    found
}

/// The hard cases at the end of a test's name: `…_51_56_57`.
fn numbers_of_name(name: &str) -> Vec<u32> {
    let ends: Vec<&str> = name
        .rsplit('_')
        .take_while(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    let numbers: Vec<u32> = ends.iter().filter_map(|end| end.parse().ok()).collect();
    let none = numbers.len() < ends.len()
        || ends.iter().any(|end| end.starts_with('0'))
        || numbers.iter().any(|number| *number > HIGHEST);
    if none { Vec::new() } else { numbers }
}

/// The texts between single backticks in a line.
fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Every row of the page by what is in its first cell: the number of a case, or T and the number of a trap.
fn rows() -> BTreeMap<String, Case> {
    let mut rows = BTreeMap::new();
    let mut section_waits = false;
    for line in read(CASES).lines() {
        let number = line.strip_prefix("| ").and_then(|row| row.split_once(" |"));
        let number = number.map(|(number, _)| number);
        if let Some(number) = number.filter(|number| {
            number
                .trim_start_matches('T')
                .starts_with(|c: char| c.is_ascii_digit())
        }) {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
            assert_eq!(cells.len(), 4, "a row has four cells: {line}");
            let tests = in_backticks(cells[3]).map(str::to_owned).collect();
            let not_yet = section_waits || line.contains("*Not yet*");
            let twice = rows.insert(number.to_owned(), Case { tests, not_yet });
            assert!(twice.is_none(), "{number} has two rows");
        } else if line.starts_with('#') {
            section_waits = false;
        } else {
            section_waits |= line.starts_with("*Not yet*, all of them");
        }
    }
    rows
}

fn cases() -> BTreeMap<u32, Case> {
    let rows = rows().into_iter();
    rows.filter_map(|(number, case)| Some((number.parse().ok()?, case)))
        .collect()
}

#[test]
fn every_hard_case_that_the_code_names_is_on_the_page_with_its_tests() {
    let cases = cases();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for source in sources() {
        let [_, module] = &source.modules;
        for number in &source.mentions {
            seen += 1;
            let is_here = |test: &String| {
                let (path, _) = test.rsplit_once("::").unwrap_or_default();
                source.modules.iter().any(|module| module == path)
            };
            match cases.get(number) {
                None => wrong.push(format!(
                    "{module} names the hard case {number}: it is not on the page"
                )),
                Some(case) if !source.tests.is_empty() && !case.tests.iter().any(is_here) => {
                    wrong.push(format!(
                        "{module} names the hard case {number}: its row names no test of that file"
                    ));
                }
                Some(_) => {}
            }
        }
        for name in source.tests.iter().filter(|_| source.integration) {
            for number in numbers_of_name(name) {
                let test = format!("{module}::{name}");
                if !cases.get(&number).is_some_and(|case| case.tests.contains(&test)) {
                    wrong.push(format!("{test}: the row {number} does not name it"));
                }
            }
        }
    }
    assert!(
        seen > 50,
        "hardly any comment names a hard case: is the scan broken? {seen}"
    );
    assert!(wrong.is_empty(), "docs/hard-cases.md:\n{}", wrong.join("\n"));
}

#[test]
fn every_hard_case_has_tests_that_exist_or_says_what_it_waits_for() {
    let sources = sources();
    let cases = cases();
    let exists = |test: &str| {
        let (module, name) = test.rsplit_once("::").unwrap_or_default();
        let mut here = sources
            .iter()
            .filter(|source| source.modules.iter().any(|found| found == module));
        here.any(|source| source.tests.contains(name))
    };
    let mut wrong = Vec::new();
    let rows = rows();
    assert!(
        rows.len() >= cases.len() + 39,
        "a trap is never dropped: {}",
        rows.len() - cases.len()
    );
    for (number, case) in &rows {
        if case.tests.is_empty() && !case.not_yet {
            wrong.push(format!("{number} has neither a test nor a *Not yet*"));
        }
        let missing = case.tests.iter().filter(|test| !exists(test));
        wrong.extend(missing.map(|test| format!("{number}: there is no test {test}")));
    }
    // Elsewhere such a long name is a test's too; a shorter one may be any item of the code.
    for (document, text) in documents().into_iter().filter(|(name, _)| name != CASES) {
        let named = text.lines().flat_map(in_backticks);
        let tests = named.filter(|name| name.contains("::") && name.matches('_').count() > 3);
        let missing = tests.filter(|test| !exists(test));
        wrong.extend(missing.map(|test| format!("{document}: there is no test {test}")));
    }
    let expected: Vec<u32> = (1..).take(cases.len()).collect();
    assert!(cases.len() >= 125, "a case is never dropped: {}", cases.len());
    assert_eq!(
        cases.into_keys().collect::<Vec<_>>(),
        expected,
        "numbers without a gap"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_tool_is_in_the_users_table() {
    let page = read("docs/using.md");
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let tools: BTreeSet<String> = below(&root().join("src/tools"), "rs")
        .into_iter()
        .filter(|file| read(file).contains("const TOOL: "))
        .map(|file| module_of(file.strip_prefix(root().join("src/tools")).unwrap()))
        .collect();
    let tools: BTreeSet<&str> = tools.iter().map(String::as_str).collect();
    assert!(tools.len() >= 14, "{tools:?}");
    assert_eq!(listed, tools, "docs/using.md");
}

/// The page of the tools, as the catalogue has them.
fn tools_page() -> String {
    let rows = |off: bool| {
        let mut rows = String::new();
        for tool in CATALOGUE
            .iter()
            .filter(|tool| tool.permission.group.is_off_at_first() == off)
        {
            row(&mut rows, tool);
        }
        rows
    };
    let mut roster = String::new();
    for tool in ROSTER {
        writeln!(roster, "| `{}` | {} | {} |", tool.name, tool.title, tool.requests).unwrap();
    }
    format!(
        "# The tools\n\n\
        What each tool lets its user do, what the athlete shares for it, and how many requests to intervals.icu a call takes; \
        an athlete has about 100 of them a day. What the tools answer is in [Using it](using.md#tools).\n\n\
        This page is written from the catalogue in `src/tools/mod.rs`; `tests/it/docs.rs` compares the two.\n\n\
        ## On for every connector\n\n\
        | tool | lets | group | changes data | needs | requests |\n|---|---|---|---|---|---|\n{}\n\
        Tools that change data stay off until changes are allowed.\n\n\
        ## Off until switched on\n\n\
        | tool | lets | group | changes data | needs | requests |\n|---|---|---|---|---|---|\n{}\n\
        ## For a coach's roster\n\n\
        | tool | title | requests |\n|---|---|---|\n{roster}",
        rows(false),
        rows(true),
    )
}

fn row(rows: &mut String, tool: &Tool) {
    let permission = tool.permission;
    let needs: Vec<&str> = permission.needs.iter().copied().map(Area::word).collect();
    writeln!(
        rows,
        "| `{}` | {} | {} | {} | {} | {} |",
        tool.name(),
        permission.lets,
        permission.group.title(),
        if tool.run.access() == Access::Write {
            "yes"
        } else {
            "no"
        },
        if needs.is_empty() {
            "nothing".to_owned()
        } else {
            needs.join(", ")
        },
        tool.requests,
    )
    .unwrap();
}

/// With `INSTA_UPDATE=always` the page is written anew, as snapshots are.
#[test]
fn the_page_of_the_tools_is_the_catalogue() {
    let page = tools_page();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(root().join("docs/tools.md"), &page).unwrap();
    }
    assert_eq!(
        read("docs/tools.md"),
        page,
        "run this test with INSTA_UPDATE=always"
    );
}

#[test]
fn every_path_that_the_docs_name_exists() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, text) in documents() {
        let folder = Path::new(&document).parent().unwrap();
        let links = [
            ("](", [')', '#']),
            ("src=\"", ['"', '#']),
            ("srcset=\"", ['"', '#']),
        ]
        .into_iter()
        .flat_map(|(begin, ends)| {
            let rests = text.split(begin).skip(1);
            rests.filter_map(move |rest| rest.split(ends).next())
        })
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .map(|target| folder.join(target));
        let named = text
            .lines()
            .flat_map(in_backticks)
            .flat_map(str::split_whitespace)
            .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
            .filter(|word| !word.contains(['<', '*', '…']))
            .map(PathBuf::from);
        for path in links.chain(named) {
            seen += 1;
            if !root().join(&path).exists() {
                wrong.push(format!("{document}: {}", path.display()));
            }
        }
    }
    assert!(seen > 30, "hardly any path was found: is the scan broken? {seen}");
    assert!(
        wrong.is_empty(),
        "the docs name what does not exist:\n{}",
        wrong.join("\n")
    );
}

/// The unit tests of the settings check `.env.example` against the code.
#[test]
fn every_setting_that_the_docs_name_exists() {
    let example = read(".env.example");
    let known: BTreeSet<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        .map(|(name, _)| name)
        .collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, text) in documents() {
        for word in text.lines().flat_map(in_backticks) {
            let name = word.split(['=', ' ']).next().unwrap_or_default();
            let is_setting = name.contains('_')
                && !name.starts_with("ICUSYNC_")
                && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            if is_setting {
                seen += 1;
                if !known.contains(name) {
                    wrong.push(format!("{document}: {name}"));
                }
            }
        }
    }
    assert!(
        seen > 10,
        "hardly any setting was found: is the scan broken? {seen}"
    );
    assert!(
        wrong.is_empty(),
        "the docs name settings that do not exist:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_scan_reads_numbers_and_tests_however_they_are_written() {
    let lines = [
        "//! A flow. Hard cases",
        "//! 58-60, 64 and 72 for coaches. 99 is none.",
        "    /// Hard case 12: 13 is none.",
        "// Hard cases 40 to 42, and (see hard case 7) more.",
        "let x = \"Hard case 88\";",
        "// Cases 5, hard.",
    ];
    let mentioned: Vec<u32> = mentions_in(&lines.join("\n")).into_iter().collect();
    assert_eq!(mentioned, [7, 12, 40, 41, 42, 58, 59, 60, 64, 72]);
    for (name, found) in [
        ("a_case_47", vec![47]),
        ("several_51_56_57", vec![57, 56, 51]),
        ("is_a_plain_404", vec![]),
        ("passes_2025_11_25", vec![]),
        ("of_the_2026_07_28", vec![]),
        ("nothing", vec![]),
        ("x_99999999999", vec![]),
    ] {
        assert_eq!(numbers_of_name(name), found, "{name}");
    }
    let lines = [
        "fn helper() {}",
        "// #[test]",
        "fn no() {}",
        "#[test]",
        "#[ignore]",
        "// Why fn no.",
        "fn one() {}",
        "fn two() {}",
        "    #[tokio::test(flavor = \"x\")]",
        "    async fn three() {}",
    ];
    let tests = tests_in(&lines.join("\n"));
    assert_eq!(tests.into_iter().collect::<Vec<_>>(), ["one", "three"]);
    assert_eq!(module_of(Path::new("a/b.rs")), "a::b");
    assert_eq!(module_of(Path::new("a/b/mod.rs")), "a::b");
}
