//! The page: what each part counted, in the order of what it means.

use super::block::{Block, Card, Chart, Page, Point, Tone, duration, grouped};
use super::sections_runs as runs;
use super::{Machine, PARTS, Part, Tallies};
use paydesk_tally::{Tally, number};

/// A promise in words, and the numbers under which the auditor reports it.
const PROMISES: [(&str, &str); 5] = [
    ("double charges", "INV1"),
    ("lost payments", "INV2"),
    ("false “paid”", "INV3"),
    ("over-refunds", "INV5"),
    ("doubts left after the world healed", "INV7"),
];

/// Parts whose books the auditor held against the channel's ledger.
const AUDITED: [&str; 3] = ["days", "kills", "soak"];

pub(super) fn heading(blocks: &mut Vec<Block>, words: &str) {
    blocks.push(Block::Heading(words.to_owned()));
}

pub(super) fn text(blocks: &mut Vec<Block>, words: &str) {
    blocks.push(Block::Text(words.to_owned()));
}

pub(super) fn card(figure: f64, label: &str) -> Card {
    Card {
        figure: grouped(figure),
        label: label.to_owned(),
        tone: Tone::Plain,
    }
}

/// What must be nothing.
pub(super) fn none(figure: f64, label: &str) -> Card {
    let tone = if figure == 0.0 { Tone::Good } else { Tone::Bad };
    Card {
        tone,
        ..card(figure, label)
    }
}

/// The cards of those figures that were counted.
pub(super) fn cards(tally: &Tally, wanted: &[(&str, &str)]) -> Block {
    let cards = wanted.iter().filter_map(|(name, label)| {
        let figure = tally.figures.get(*name)?;
        Some(card(*figure, label))
    });
    let violations = none(number(tally.violations.len()), "violations");
    Block::Cards(cards.chain([violations]).collect())
}

/// A table's rows, largest first.
pub(super) fn bars(blocks: &mut Vec<Block>, tally: &Tally, table: &str, title: &str) {
    let Some(rows) = tally.tables.get(table).filter(|rows| !rows.is_empty()) else {
        return;
    };
    let mut rows: Vec<(String, f64)> = rows.iter().map(|(name, it)| (name.clone(), *it)).collect();
    rows.sort_by(|one, other| other.1.total_cmp(&one.1));
    blocks.push(Block::Chart {
        title: title.to_owned(),
        chart: Chart::Bars(rows),
    });
}

/// Where a part was not run; else its tally, with when and how.
pub(super) fn run<'t>(
    blocks: &mut Vec<Block>,
    tallies: &'t Tallies,
    name: &str,
) -> Option<&'t Tally> {
    let part = PARTS.iter().find(|part| part.name == name)?;
    let Some(tally) = tallies.get(name) else {
        let words = format!("{}; `{}` runs it.", part.about, part.command);
        blocks.push(Block::NotRun(words));
        return None;
    };
    text(
        blocks,
        &format!(
            "`{}`, {} at commit `{}`, in {}.",
            tally.command,
            tally.date,
            tally.commit,
            duration(tally.seconds)
        ),
    );
    for violation in &tally.violations {
        text(blocks, &format!("VIOLATED: {violation}"));
    }
    if !tally.passed && tally.violations.is_empty() {
        text(
            blocks,
            "Nothing was violated, but not every goal of the run was met; the figures below say which.",
        );
    }
    Some(tally)
}

/// Writes the whole page.
pub(super) fn page(tallies: &Tallies, machine: &Machine) -> Page {
    let mut blocks = Vec::new();
    summary(&mut blocks, tallies);
    days(&mut blocks, tallies, machine);
    images(&mut blocks, tallies);
    mutants(&mut blocks, tallies);
    runs::model(&mut blocks, tallies);
    runs::kills(&mut blocks, tallies);
    runs::hostile(&mut blocks, tallies);
    runs::fuzz(&mut blocks, tallies);
    runs::soak(&mut blocks, tallies);
    runs::restart(&mut blocks, tallies);
    heading(&mut blocks, "To repeat it");
    text(
        &mut blocks,
        "Each of these writes what it counted with `--tally FILE`; `cargo xtask report --from FILE…` makes this page of such files, `cargo xtask report --run all` does both. A run with the same seed and commit draws the same faults; simulated days also come to the same history, real processes to their own.",
    );
    let lines = PARTS.iter().map(|part| part.command.to_owned());
    blocks.push(Block::Code(lines.collect()));
    heading(&mut blocks, "Versions");
    let rows = machine
        .rows
        .iter()
        .map(|(name, told)| vec![name.clone(), told.clone()]);
    blocks.push(Block::Table {
        head: vec!["".to_owned(), "".to_owned()],
        rows: rows.collect(),
    });
    Page {
        title: "Paydesk: nothing lost, nothing twice".to_owned(),
        lead: "A payment is charged once, is never lost, and is called paid only on the channel’s own signed word: through lost answers, power cuts, killed processes, hostile replies and full disks. This page is what the proofs of that came to. Every number was counted by a run that anybody can repeat; what was not run says so.".to_owned(),
        blocks,
    }
}

fn summary(blocks: &mut Vec<Block>, tallies: &Tallies) {
    let audited: Vec<&Tally> = AUDITED
        .iter()
        .filter_map(|part| tallies.get(*part))
        .collect();
    if !audited.is_empty() {
        let broken = |promise: &str| {
            let all = audited.iter().flat_map(|tally| &tally.violations);
            let is_its = |found: &&String| {
                let mut words = found.split(|letter: char| !letter.is_ascii_alphanumeric());
                words.any(|word| word == promise)
            };
            number(all.filter(is_its).count())
        };
        let cards = PROMISES
            .iter()
            .map(|(label, promise)| none(broken(promise), label));
        blocks.push(Block::Cards(cards.collect()));
        let where_found: Vec<&str> = PARTS
            .iter()
            .filter(|part| AUDITED.contains(&part.name) && tallies.contains_key(part.name))
            .map(|part| part.about)
            .collect();
        text(
            blocks,
            &format!(
                "As the auditor found it over {}: a program with SQL of its own that reads a till’s database beside the ledger of the simulated channels, and shares nothing with the product but its type for money.",
                where_found.join(", ")
            ),
        );
    }
    heading(blocks, "At a glance");
    let rows = PARTS
        .iter()
        .map(|part| glance(part, tallies.get(part.name)));
    blocks.push(Block::Table {
        head: ["what", "how much", "run", "commit", ""]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    });
}

fn glance(part: &Part, tally: Option<&Tally>) -> Vec<String> {
    let Some(tally) = tally else {
        let dash = "–".to_owned();
        return vec![
            part.about.to_owned(),
            dash.clone(),
            dash.clone(),
            dash,
            "not run".to_owned(),
        ];
    };
    let figure = |name: &str| tally.figures.get(name).copied().unwrap_or(0.0);
    let rows = |table: &str| tally.tables.get(table).into_iter().flatten();
    let sum = |table: &str| rows(table).map(|(_, count)| *count).sum::<f64>();
    let most = |table: &str| rows(table).map(|(_, count)| *count).fold(0.0, f64::max);
    let much = match part.name {
        "days" => format!(
            "{} till-days, {} sales, {} faults, {} power cuts",
            grouped(figure("till_days")),
            grouped(figure("sales")),
            grouped(figure("network_faults")),
            grouped(figure("power_cuts"))
        ),
        "images" => format!("{} images", grouped(figure("images"))),
        "mutants" => format!(
            "{} of {} found",
            grouped(figure("found")),
            grouped(figure("mutants"))
        ),
        "model" => format!("{} states", grouped(most("states"))),
        "kills" => format!(
            "{} kills, {} faults",
            grouped(figure("kills")),
            grouped(figure("struck"))
        ),
        "hostile" => format!(
            "{} named cases, {} changed answers, {}",
            grouped(sum("named_cases")),
            grouped(sum("changed_answers")),
            match tally.figures.get("archives") {
                Some(archives) => format!("{} archives", grouped(*archives)),
                None => "archives not run".to_owned(),
            }
        ),
        "fuzz" | "guided" => format!(
            "{} executions of {} parsers",
            grouped(sum("executions")),
            rows("executions").count()
        ),
        "soak" => format!(
            "{} sales in {}, {} faults",
            grouped(figure("sales")),
            duration(figure("trade_seconds")),
            grouped(figure("struck"))
        ),
        _ => tally
            .texts
            .get("all of them decided")
            .map_or_else(String::new, |text| format!("all decided in {text}")),
    };
    let verdict = match (tally.passed, tally.violations.is_empty()) {
        (true, true) => "held",
        (false, true) => "MISSED",
        (_, false) => "VIOLATED",
    };
    vec![
        part.about.to_owned(),
        much,
        tally.date.clone(),
        format!("`{}`", tally.commit),
        verdict.to_owned(),
    ]
}

fn days(blocks: &mut Vec<Block>, tallies: &Tallies, machine: &Machine) {
    heading(blocks, "Simulated days");
    text(
        blocks,
        "One to four tills run the production desk, connectors and store on simulated machines; the sandbox’s ledger is what is true. The network loses, delays, doubles and forges, machines lose power in the middle of a write, people click twice and pay late. Every commit is audited; at night the world heals, and every doubt has to be decided.",
    );
    let Some(tally) = run(blocks, tallies, "days") else {
        return;
    };
    blocks.push(cards(
        tally,
        &[
            ("till_days", "days of one till"),
            ("sales", "sales"),
            ("refunds", "refunds"),
            ("calls", "calls to channels"),
            ("network_faults", "faults on the wire"),
            ("power_cuts", "power cuts"),
            ("kills", "processes killed"),
            ("deaths_in_recovery", "deaths in recovery"),
            ("disk_errors", "errors of disks"),
            ("late_money_decided", "late payments decided about"),
            ("older_copies", "older copies put back"),
            ("bills", "bills compared"),
            ("audits", "audits"),
        ],
    ));
    bars(blocks, tally, "by_fault", "Faults on the wire, by class");
    bars(
        blocks,
        tally,
        "by_mishap",
        "What happened to machines, by class",
    );
    bars(blocks, tally, "by_disk", "What disks did");
    bars(
        blocks,
        tally,
        "signatures",
        "Worlds by how channels and tills signed",
    );
    bars(
        blocks,
        tally,
        "rows",
        "How often each rule for an ambiguous answer was needed",
    );
    for (kind, name, title) in [
        (
            "payment",
            "payments",
            "Payments: how often each event met each state",
        ),
        (
            "refund",
            "refunds",
            "Refunds: how often each event met each state",
        ),
    ] {
        let due = machine.due.iter().filter(|(its, _, _)| its == kind);
        let due: Vec<(&str, &str)> = due
            .map(|(_, state, event)| (state.as_str(), event.as_str()))
            .collect();
        runs::coverage(blocks, tally, name, title, &due);
    }
}

fn images(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "Crash images");
    text(
        blocks,
        "Canonical uses of the store are stopped at every step they take on the disk: killed, or without power, where what was not synced survives by chance and pages are torn. Then they are opened again, and the recovery itself is stopped at its steps. Nothing that was acknowledged may be gone.",
    );
    let Some(tally) = run(blocks, tallies, "images") else {
        return;
    };
    blocks.push(cards(
        tally,
        &[
            ("images", "images"),
            ("second", "of them of a recovery"),
            ("cuts", "power cuts"),
            ("kills", "kills"),
            ("acknowledged", "acknowledged commits, found again"),
            ("lost_sectors", "sectors lost"),
            ("torn_writes", "writes torn"),
        ],
    ));
    bars(blocks, tally, "scenarios", "Images by scenario");
}

fn mutants(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "Planted bugs");
    text(
        blocks,
        "Whether these proofs would notice: real changes of behaviour, each where such a bug would live, chosen when the program starts and refused by release builds. Each has to be found by a named promise, on a seed on which the unchanged program holds.",
    );
    let Some(tally) = run(blocks, tallies, "mutants") else {
        return;
    };
    blocks.push(cards(
        tally,
        &[
            ("mutants", "planted"),
            ("found", "found"),
            ("survived", "survived"),
            ("not_reached", "never reached"),
        ],
    ));
    let mut points: Vec<Point> = tally
        .tables
        .get("days_until_found")
        .into_iter()
        .flatten()
        .map(|(name, days)| Point {
            name: name.clone(),
            at: days.max(1.0),
        })
        .collect();
    points.sort_by(|one, other| one.at.total_cmp(&other.at));
    if !points.is_empty() {
        blocks.push(Block::Chart {
            title: "Till-days until each planted bug was found".to_owned(),
            chart: Chart::Points {
                points,
                across: "till-days lived until then, tenfold scale".to_owned(),
            },
        });
    }
    let rows = tally
        .texts
        .iter()
        .map(|(name, told)| vec![format!("`{name}`"), told.clone()]);
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        blocks.push(Block::Table {
            head: ["planted bug", "what it is, and what found it"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        });
    }
}
