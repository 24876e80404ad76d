//! Bill archives made to harm, opened by a process of their own the way the product opens a bill: whatever they
//! do, they do to that process. Held against it: it writes nothing, stays small, answers soon, and says why not.

mod gzipfile;
mod kinds;
mod lies;
mod names;
mod reader;
mod texts;
mod zipfile;

use crate::random::Random;
use kinds::{KINDS, Kind, Stock};
pub(crate) use reader::read;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

/// What one archive may cost.
const MEMORY_MAX: u64 = 256 << 20;
const TIME_MAX: Duration = Duration::from_secs(5);

/// The process that opens the archives.
struct Opener {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Opener {
    fn start(root: &Path) -> std::io::Result<Opener> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("read-archives")
            .current_dir(root.join("work/here"))
            .env("TMPDIR", root.join("work/temp"))
            .env("HOME", root.join("work/home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("no pipes"));
        };
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Opener {
            child,
            input,
            answers,
        })
    }

    /// What the process says of a file; none when it is gone or takes too long.
    fn ask(&mut self, file: &Path) -> Option<String> {
        writeln!(self.input, "{}", file.display()).ok()?;
        self.answers.recv_timeout(TIME_MAX).ok()
    }

    fn number(&self, file: &str, word: &str) -> Option<u64> {
        let path = format!("/proc/{}/{file}", self.child.id());
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(word))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// The most memory it ever held, where the system tells.
    fn peak(&self) -> u64 {
        self.number("status", "VmHWM:").map_or(0, |kib| kib * 1024)
    }

    /// How often it wrote anything anywhere: its answers are one write each.
    fn writes(&self) -> Option<u64> {
        self.number("io", "syscw:")
    }

    fn end(mut self) {
        drop(self.input);
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What a run came to.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) archives: u64,
    pub(crate) refused: u64,
    pub(crate) read: u64,
    pub(crate) failed: u64,
    pub(crate) reasons: BTreeMap<String, u64>,
    pub(crate) peak: u64,
    pub(crate) slowest: (Duration, &'static str),
    pub(crate) largest: u64,
    /// Whether the count of write calls could be read and held.
    pub(crate) writes_counted: bool,
    pub(crate) took: Duration,
}

/// Opens `count` archives, every kind in turn.
pub(crate) fn run(count: u64, seed: u64) -> std::io::Result<Run> {
    let root = std::env::temp_dir().join(format!("paydesk-hostile-{}", std::process::id()));
    let outcome = in_folder(&root, count, seed);
    std::fs::remove_dir_all(&root)?;
    outcome
}

fn in_folder(root: &Path, count: u64, seed: u64) -> std::io::Result<Run> {
    for folder in ["work/here", "work/temp", "work/home", "aim"] {
        std::fs::create_dir_all(root.join(folder))?;
    }
    std::fs::write(root.join("aim/secret"), "untouched")?;
    let stock = Stock {
        bills: reader::genuine_bills(),
        aim: root.join("aim").display().to_string(),
    };
    let (file, begun) = (root.join("archive"), Instant::now());
    std::fs::write(&file, b"")?;
    let before = tree(root)?;
    let (mut run, mut random) = (Run::default(), Random::new(seed));
    let mut opener = Opener::start(root)?;
    let mut answered = 0;
    for n in 0..count {
        let kind = &KINDS[(n % KINDS.len() as u64) as usize];
        let bytes = (kind.make)(&mut random, &stock);
        run.largest = run.largest.max(bytes.len() as u64);
        std::fs::write(&file, &bytes)?;
        let asked = Instant::now();
        let answer = opener.ask(&file);
        let took = asked.elapsed();
        run.archives += 1;
        if took > run.slowest.0 {
            run.slowest = (took, kind.name);
        }
        answered += 1;
        let peak = opener.peak();
        let mut faults = judge(&mut run, kind, answer.as_deref());
        if peak > MEMORY_MAX {
            faults.push(format!("it took {} MiB", peak >> 20));
        }
        if tree(root)? != before {
            faults.push("something was written".to_owned());
        }
        let wrote = opener.writes();
        run.writes_counted = wrote.is_some();
        if wrote.is_some_and(|wrote| wrote > answered) {
            faults.push("it wrote more than its answer".to_owned());
        }
        run.peak = run.peak.max(peak);
        if !faults.is_empty() {
            run.failed += 1;
            eprintln!("FAILED archive {n}, {}: {}", kind.name, faults.join("; "));
        }
        // A process that failed once says nothing more about the next archive.
        if answer.is_none() || peak > MEMORY_MAX {
            std::mem::replace(&mut opener, Opener::start(root)?).end();
            answered = 0;
        }
    }
    opener.end();
    run.took = begun.elapsed();
    Ok(run)
}

/// Counts the answer, and says what is wrong with it.
fn judge(run: &mut Run, kind: &Kind, answer: Option<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    match answer {
        None => faults.push(format!("no answer in {} s", TIME_MAX.as_secs())),
        Some("read") if kind.may_read => run.read += 1,
        Some(answer) => match answer.strip_prefix("refused ") {
            Some(reason) => {
                run.refused += 1;
                *run.reasons.entry(reason.to_owned()).or_default() += 1;
            }
            None => faults.push(answer.to_owned()),
        },
    }
    faults
}

/// Every file below, with its size and the moment of its last change; the archive itself only by name.
fn tree(root: &Path) -> std::io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let facts = path.symlink_metadata()?;
            if facts.is_dir() {
                waiting.push(path.clone());
            }
            let is_archive = path.file_name().is_some_and(|name| name == "archive");
            let what = if facts.is_dir() || is_archive {
                String::new()
            } else {
                format!("{} {:?}", facts.len(), facts.modified()?)
            };
            found.insert(path, what);
        }
    }
    Ok(found)
}
