//! `cargo xtask report`: one page of what the proofs came to, from the files that they wrote themselves.
//!
//! It says nothing that was not counted, and of every part whether it was run. It must never count, judge or round in
//! anybody's favour.

mod block;
mod html;
mod markdown;
mod sections;
mod sections_runs;
mod svg;

use crate::process::{answer_of, command, run};
use crate::scripts::commit;
use crate::workspace::{Workspace, files_under};
use crate::{Outcome, Stop};
use paydesk_tally::Tally;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the tallies of the committed page lie.
const TALLIES: &str = "src-tauri/docs/reliability";

/// Which cells simulated days have to reach, and why they cannot reach the others.
const COVERAGE: &str = "tests/sim/coverage.txt";

const USAGE: &str = "report [--run PART…] [--from FILE…] [--drop PART…]

  without arguments   the page anew from the tallies that are kept
  --from FILE…        keeps the tallies of earlier runs, and writes the page
  --run PART…         runs parts as long as the page wants them (`all` for all), keeps their tallies, writes the page
  --drop PART…        forgets parts";

/// A part of the page: its name, what repeats it, and how this command runs it.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) command: &'static str,
}

/// The parts in the order of the page.
pub(super) const PARTS: [Part; 10] = [
    Part {
        name: "days",
        about: "simulated days of trade",
        command: "cargo xtask sim days --days 100000",
    },
    Part {
        name: "images",
        about: "crash images of the store",
        command: "cargo xtask sim images --count 100000 --again all",
    },
    Part {
        name: "mutants",
        about: "planted bugs",
        command: "cargo xtask mutants --hunt",
    },
    Part {
        name: "model",
        about: "one sale, explored to the end",
        command: "cargo xtask model --full",
    },
    Part {
        name: "kills",
        about: "SIGKILLs of the real program",
        command: "cargo xtask kills --count 1000",
    },
    Part {
        name: "hostile",
        about: "a hostile peer",
        command: "cargo xtask hostile suite --mutations 1000000 --archives 10000",
    },
    Part {
        name: "fuzz",
        about: "parsers with made-up input",
        command: "cargo xtask fuzz",
    },
    Part {
        name: "guided",
        about: "parsers under coverage-guided fuzzing",
        command: "cargo xtask fuzz --guided",
    },
    Part {
        name: "soak",
        about: "trade at speed with faults",
        command: "cargo xtask soak --minutes 20",
    },
    Part {
        name: "restart",
        about: "a restart with years of orders",
        command: "cargo xtask bench restart",
    },
];

/// Everything that was run, by part.
pub(super) type Tallies = BTreeMap<String, Tally>;

/// Where it all runs, and what the days have to meet.
pub(super) struct Machine {
    pub(super) rows: Vec<(String, String)>,
    /// Kind, state and event of every cell that can be reached.
    pub(super) due: BTreeSet<(String, String, String)>,
}

/// Collects, runs if it is asked to, and writes both pages.
pub(crate) fn report(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let folder = workspace.path(TALLIES);
    fs::create_dir_all(&folder)?;
    let mut mode = "";
    for word in arguments {
        match (word.as_str(), mode) {
            ("--drop" | "--from" | "--run", _) => mode = word,
            (part, "--drop") => fs::remove_file(kept(&folder, known(part)?.name))?,
            (file, "--from") => keep(&folder, Path::new(file))?,
            ("all", "--run") => {
                for part in &PARTS {
                    run_part(workspace, &folder, part)?;
                }
            }
            (part, "--run") => run_part(workspace, &folder, known(part)?)?,
            _ => return Err(Stop::Usage(USAGE.to_owned())),
        }
    }
    let tallies = read_all(&folder)?;
    let page = sections::page(&tallies, &machine(workspace)?);
    for (name, text) in [
        ("src-tauri/docs/reliability.md", markdown::written(&page)),
        ("src-tauri/docs/reliability.html", html::written(&page)),
    ] {
        fs::write(workspace.path(name), text)?;
        println!("{name}");
    }
    for part in &PARTS {
        let said = match tallies.get(part.name) {
            Some(tally) if tally.passed => format!("{} at {}", tally.date, tally.commit),
            Some(tally) if tally.violations.is_empty() => {
                format!("a goal was missed, {} at {}", tally.date, tally.commit)
            }
            Some(tally) => format!("VIOLATED, {} at {}", tally.date, tally.commit),
            None => "not run".to_owned(),
        };
        println!("  {:<8} {said}", part.name);
    }
    Ok(())
}

fn known(name: &str) -> Outcome<&'static Part> {
    let found = PARTS.iter().find(|part| part.name == name);
    found.ok_or_else(|| Stop::Usage(format!("no part `{name}`\n{USAGE}")))
}

fn kept(folder: &Path, part: &str) -> PathBuf {
    folder.join(format!("{part}.json"))
}

/// Takes over one tally, after it was read and understood.
fn keep(folder: &Path, file: &Path) -> Outcome {
    let mut tally = Tally::read(file).map_err(Stop::Failed)?;
    // Both kinds of fuzzing are one proof, and two parts of the page.
    if tally.part == "fuzz" && tally.command.contains("--guided") {
        "guided".clone_into(&mut tally.part);
    }
    // Where a run wrote its tally is no part of what it did.
    if let Some(at) = tally.command.find(" --tally ") {
        tally.command.truncate(at);
    }
    let part = known(&tally.part)?;
    tally.write(&kept(folder, part.name)).map_err(Stop::Failed)
}

fn run_part(workspace: &Workspace, folder: &Path, part: &Part) -> Outcome {
    let file = workspace
        .target("report")
        .join(format!("{}.json", part.name));
    println!("==> {}: {}", part.name, part.command);
    let mut words: Vec<String> = part.command.split(' ').skip(1).map(str::to_owned).collect();
    words.extend(["--tally".to_owned(), file.to_string_lossy().into_owned()]);
    // What it found wrong stands in its tally, and on the page.
    let ran = run(command(&workspace.path(""), "cargo", &words));
    if !file.exists() {
        return ran;
    }
    keep(folder, &file)
}

fn read_all(folder: &Path) -> Outcome<Tallies> {
    let mut tallies = Tallies::new();
    for file in files_under(folder, &[])? {
        if file.extension().is_some_and(|it| it == "json") {
            let tally = Tally::read(&file).map_err(Stop::Failed)?;
            tallies.insert(tally.part.clone(), tally);
        }
    }
    Ok(tallies)
}

/// What the figures depend on besides the commit.
fn machine(workspace: &Workspace) -> Outcome<Machine> {
    let lock = fs::read_to_string(workspace.path("Cargo.lock"))?;
    let version = |package: &str| {
        let mark = format!("name = \"{package}\"\nversion = \"");
        let at = lock.find(&mark)?;
        let rest = lock.get(at + mark.len()..)?;
        Some(rest.split('"').next()?.to_owned())
    };
    let first = |file: &str, mark: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(mark))?;
        Some(
            line.trim_start_matches([' ', '\t', ':', '=', '"'])
                .trim_end_matches('"')
                .to_owned(),
        )
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = first("/proc/meminfo", "MemTotal").map(|text| {
        let kib = text.split(' ').next().and_then(|it| it.parse::<f64>().ok());
        format!("{:.0} GiB", kib.unwrap_or(0.0) / 1_048_576.0)
    });
    let rows = [
        ("page written from", Some(commit(workspace))),
        ("Rust", answer_of("rustc", &["--version"])),
        ("sqlx", version("sqlx")),
        (
            "SQLite, bundled by libsqlite3-sys",
            version("libsqlite3-sys"),
        ),
        ("aws-lc-rs", version("aws-lc-rs")),
        ("system", first("/etc/os-release", "PRETTY_NAME")),
        ("kernel", answer_of("uname", &["-sr"])),
        ("processors", Some(processors.to_string())),
        ("memory", memory),
    ];
    let rows = rows.into_iter().map(|(name, told)| {
        (
            name.to_owned(),
            told.unwrap_or_else(|| "unknown".to_owned()),
        )
    });
    Ok(Machine {
        rows: rows.collect(),
        due: due(&fs::read_to_string(workspace.path(COVERAGE)).unwrap_or_default()),
    })
}

/// `payment: in_doubt: paid, refused` in lines; what begins otherwise is a rule's name, a reason or a remark.
fn due(list: &str) -> BTreeSet<(String, String, String)> {
    let mut due = BTreeSet::new();
    for line in list.lines().filter(|line| !line.starts_with(['#', '-'])) {
        let mut parts = line.splitn(3, ": ");
        if let (Some(kind), Some(state), Some(events)) = (parts.next(), parts.next(), parts.next())
        {
            for event in events.split(", ") {
                due.insert((kind.to_owned(), state.to_owned(), event.to_owned()));
            }
        }
    }
    due
}
