//! The parts that run real processes, real parsers and real time.

use super::Tallies;
use super::block::{Block, Chart, Spread};
use super::sections::{bars, cards, heading, none, run, text};
use paydesk_tally::Tally;
use std::collections::BTreeSet;

/// A grid as a map of heat.
fn heat(blocks: &mut Vec<Block>, tally: &Tally, name: &str, title: &str, axes: (&str, &str)) {
    let Some(grid) = tally.grids.get(name).filter(|grid| !grid.is_empty()) else {
        return;
    };
    blocks.push(Block::Chart {
        title: title.to_owned(),
        chart: Chart::Heat {
            rows: axes.0.to_owned(),
            columns: axes.1.to_owned(),
            grid: grid.clone(),
            beyond: Vec::new(),
        },
    });
}

/// The same where it is known which cells can be reached: one of them that never was is seen.
pub(super) fn coverage(
    blocks: &mut Vec<Block>,
    tally: &Tally,
    name: &str,
    title: &str,
    due: &[(&str, &str)],
) {
    let Some(reached) = tally.grids.get(name).filter(|grid| !grid.is_empty()) else {
        return;
    };
    let mut grid = reached.clone();
    for (state, event) in due {
        let row = grid.entry((*state).to_owned()).or_default();
        row.entry((*event).to_owned()).or_insert(0.0);
    }
    let events: BTreeSet<String> = grid.values().flat_map(|row| row.keys().cloned()).collect();
    let cells = grid.keys().flat_map(|state| {
        let its = events.iter();
        its.map(move |event| (state.clone(), event.clone()))
    });
    let beyond = cells.filter(|(state, event)| {
        let is_due = due.contains(&(state.as_str(), event.as_str()));
        !is_due && !grid.get(state).is_some_and(|row| row.contains_key(event))
    });
    let beyond: Vec<(String, String)> = beyond.collect();
    let missed = due.iter().filter(|(state, event)| {
        let row = grid.get(*state);
        row.and_then(|row| row.get(*event)).copied().unwrap_or(0.0) == 0.0
    });
    text(
        blocks,
        &format!(
            "{} cells have to be reached, {} of them never were. Outlined ones cannot, or are too rare to be asked of a thousand days; `tests/sim/coverage.txt` names the reasons.",
            due.len(),
            missed.count()
        ),
    );
    blocks.push(Block::Chart {
        title: title.to_owned(),
        chart: Chart::Heat {
            rows: "state".to_owned(),
            columns: "event".to_owned(),
            grid,
            beyond,
        },
    });
}

pub(super) fn model(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "One sale, explored to the end");
    text(
        blocks,
        "The real state machines of an order with its attempts, refunds and crashes, under any loss, repetition and delay of messages: not sampled, but every state that can be reached within the bounds.",
    );
    let Some(tally) = run(blocks, tallies, "model") else {
        return;
    };
    bars(blocks, tally, "states", "States, by bounds");
    bars(blocks, tally, "transitions", "Transitions, by bounds");
}

pub(super) fn kills(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "Real programs, killed");
    text(
        blocks,
        "The release command line in folders of its own, in front of the sandbox as another process, behind a proxy that breaks the network by seed. SIGKILL comes from outside, at moments that nothing in the program knows; in which phase it fell is read afterwards from the books and the proxy’s log. The auditor reads the books after every death, and again when the last doubt is decided.",
    );
    let Some(tally) = run(blocks, tallies, "kills") else {
        return;
    };
    blocks.push(cards(
        tally,
        &[
            ("kills", "kills in a phase"),
            ("refunds", "of them of refunds"),
            ("elsewhere", "kills before or after every phase"),
            ("calls", "calls"),
            ("struck", "calls broken by the proxy"),
        ],
    ));
    heat(
        blocks,
        tally,
        "by_phase_and_fault",
        "Kills by phase, and by the fault on the killed call",
        ("phase", "fault"),
    );
    bars(
        blocks,
        tally,
        "by_fault",
        "Calls broken by the proxy, by fault",
    );
}

pub(super) fn hostile(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "A hostile peer");
    text(
        blocks,
        "Lies with names (signatures stripped or confused, genuine answers about something else, doubled keys, deep and huge bodies, smuggled headers), genuine signed answers with bytes changed, and bill archives made to harm. None may be taken for money; nothing may be written outside, or need more memory than a bill.",
    );
    let Some(tally) = run(blocks, tallies, "hostile") else {
        return;
    };
    let sum = |table: &str| {
        let rows = tally.tables.get(table).into_iter().flatten();
        rows.map(|(_, count)| *count).sum::<f64>()
    };
    blocks.push(cards(
        tally,
        &[
            ("archives", "harmful archives"),
            ("archives_refused", "of them refused"),
            (
                "archives_read_as_genuine",
                "read as the genuine bill in them",
            ),
            ("archives_peak_mib", "MiB at most"),
            ("archives_slowest_ms", "ms for the slowest"),
        ],
    ));
    blocks.push(Block::Cards(vec![
        none(sum("named_accepted"), "lies with names accepted"),
        none(sum("changed_accepted"), "changed answers accepted"),
    ]));
    bars(blocks, tally, "named_cases", "Lies with names, by channel");
    bars(
        blocks,
        tally,
        "changed_answers",
        "Changed answers, by channel",
    );
}

pub(super) fn fuzz(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "Parsers of foreign bytes");
    text(
        blocks,
        "Every reader of bytes from outside: answers, notices, bills, archives, keys, scanned codes, commands, stored events. No input may end the program, take a second, or need more memory than its kind may have.",
    );
    for (part, title) in [
        ("guided", "Executions under libFuzzer, by parser"),
        ("fuzz", "Executions with our own mutator, by parser"),
    ] {
        if let Some(tally) = run(blocks, tallies, part) {
            bars(blocks, tally, "executions", title);
        }
    }
}

pub(super) fn soak(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "Soak");
    text(
        blocks,
        "The till as a process of its own with the production desk, connectors and store on a real disk; the sandbox beside it, behind the proxy. Twenty sales a second while every sixth call is broken; then the faults end, every doubt has to be decided, and the auditor reads everything.",
    );
    let Some(tally) = run(blocks, tallies, "soak") else {
        return;
    };
    blocks.push(cards(
        tally,
        &[
            ("sales", "sales"),
            ("refunds", "refunds"),
            ("late_decided", "decisions about late money"),
            ("calls", "calls"),
            ("struck", "calls broken"),
            ("open_at_heal", "results open when the faults ended"),
            ("decided_after_s", "seconds until none was"),
        ],
    ));
    let figure = |name: &str| tally.figures.get(name).copied().unwrap_or(0.0);
    let spread = |name: &str, key: &str| Spread {
        name: name.to_owned(),
        marks: ["p50", "p95", "p99", "most"].map(|part| figure(&format!("{key}_{part}_ms"))),
    };
    blocks.push(Block::Chart {
        title: "Durable writes".to_owned(),
        chart: Chart::Spreads(vec![
            spread("begin: an order with its intent", "begin"),
            spread("settle: an answer or an ending", "settle"),
            spread("for comparison: 4 KiB and an fsync", "fsync"),
        ]),
    });
    let points: Vec<(f64, f64)> = tally
        .tables
        .get("heap_mib_by_second")
        .into_iter()
        .flatten()
        .filter_map(|(second, mib)| Some((second.parse::<f64>().ok()? / 60.0, *mib)))
        .collect();
    if points.len() > 2 {
        blocks.push(Block::Chart {
            title: "Memory of the till’s process: heap and stacks".to_owned(),
            chart: Chart::Line {
                points,
                across: "minute".to_owned(),
                up: "MiB".to_owned(),
            },
        });
    }
    if tally.figures.contains_key("heap_begin_mib") {
        text(
            blocks,
            &format!(
                "Judged over the second half: median of its first minute {:.1} MiB, of the last {:.1} MiB; least squares {:+.2} MiB a minute. Flat means: those medians within 4 MiB or a tenth, and no more than 0.5 MiB a minute.",
                figure("heap_begin_mib"),
                figure("heap_end_mib"),
                figure("heap_mib_a_minute")
            ),
        );
    }
}

pub(super) fn restart(blocks: &mut Vec<Block>, tallies: &Tallies) {
    heading(blocks, "Restart");
    text(
        blocks,
        "A till with years of orders is killed with two hundred payments on their way; half of them the channel has taken, of the others it has never heard. Its pages are put out of memory, and it is started again on a healthy network.",
    );
    let Some(tally) = run(blocks, tallies, "restart") else {
        return;
    };
    let met = tally.tables.get("met");
    let rows = tally.texts.iter().map(|(name, told)| {
        let verdict = met.and_then(|rows| rows.get(name)).map(|it| *it > 0.0);
        let verdict = match verdict {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        vec![name.clone(), told.clone(), verdict.to_owned()]
    });
    blocks.push(Block::Table {
        head: ["what", "measured", "goal"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    });
}
