//! Processes side by side, each given one piece of work after the other, so that none stands idle while there is
//! any left. What they say is heard in the order of the work, whoever did it: the same run says the same.
//!
//! A piece of work is a line on a process's input, its answer a line on the output; the input's end ends it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    ops::ControlFlow,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
};

/// The answer to the piece of work at a place, or why there is none.
type Said = Result<(usize, String), String>;

/// Has every piece of work done by processes that `command` makes, each with its number. `each` hears the answers,
/// and ends it all with `Break`; pieces that were begun by then are done and not heard.
///
/// # Errors
/// A process that cannot be started or ends before its work; what `each` says.
pub(crate) fn share(
    processes: u64,
    command: &dyn Fn(u64) -> Result<Command, String>,
    pieces: &[String],
    each: &mut dyn FnMut(&str) -> Result<ControlFlow<()>, String>,
) -> Result<(), String> {
    let hands = (0..processes)
        .take(pieces.len())
        .map(|number| Hand::hired(command(number)?))
        .collect::<Result<Vec<_>, _>>()?;
    let next = AtomicUsize::new(0);
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        for hand in hands {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || hand.work(pieces, next, &tell));
        }
        drop(tell);
        let mut early = BTreeMap::new();
        let mut due = 0;
        let mut outcome = Ok(ControlFlow::Continue(()));
        for said in told {
            match said {
                Ok((place, answer)) => {
                    early.insert(place, answer);
                }
                Err(why) => outcome = outcome.and(Err(why)),
            }
            while outcome == Ok(ControlFlow::Continue(()))
                && let Some(answer) = early.remove(&due)
            {
                due += 1;
                outcome = each(&answer);
            }
            if outcome != Ok(ControlFlow::Continue(())) {
                next.store(pieces.len(), Ordering::Relaxed);
            }
        }
        outcome.map(drop)
    })
}

/// The other side: does what its input asks for, until that ends.
///
/// # Errors
/// What `act` says, and an input that cannot be read.
pub(crate) fn serve(
    act: &mut dyn FnMut(&str) -> Result<String, String>,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    for piece in std::io::stdin().lines() {
        let piece = piece.map_err(|error| error.to_string())?;
        say(&act(&piece)?);
    }
    Ok(())
}

/// A process at work.
struct Hand {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Hand {
    fn hired(mut command: Command) -> Result<Hand, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let output = child.stdout.take().ok_or("a process has no output")?;
        Ok(Hand {
            child,
            output: BufReader::new(output),
        })
    }

    fn work(mut self, pieces: &[String], next: &AtomicUsize, tell: &Sender<Said>) {
        let done = self.take_pieces(pieces, next, tell);
        // Its input ends here, so it does.
        drop(self.child.stdin.take());
        let ended = match self.child.wait() {
            Ok(status) if status.success() => done,
            Ok(status) => {
                Err(done.err().unwrap_or_default() + &format!("a process ended with {status}"))
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = ended {
            // Nobody listens any more only when all is lost anyhow.
            drop(tell.send(Err(why)));
        }
    }

    fn take_pieces(
        &mut self,
        pieces: &[String],
        next: &AtomicUsize,
        tell: &Sender<Said>,
    ) -> Result<(), String> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(place) else {
                return Ok(());
            };
            let lost = |why: String| format!("{piece}: {why}; ");
            let input = self.child.stdin.as_mut().ok_or("a process has no input")?;
            writeln!(input, "{piece}").map_err(|error| lost(error.to_string()))?;
            let mut answer = String::new();
            let length = self.output.read_line(&mut answer);
            if length.map_err(|error| lost(error.to_string()))? == 0 {
                return Err(lost("no answer".to_owned()));
            }
            if tell
                .send(Ok((place, answer.trim_end().to_owned())))
                .is_err()
            {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &'static str) -> impl Fn(u64) -> Result<Command, String> {
        move |number| {
            let mut command = Command::new("sh");
            command.args(["-c", script, "hand", &number.to_string()]);
            Ok(command)
        }
    }

    fn pieces(count: usize) -> Vec<String> {
        (0..count).map(|place| place.to_string()).collect()
    }

    fn heard(script: &'static str, count: usize, last: &str) -> (Vec<String>, Result<(), String>) {
        let mut heard = Vec::new();
        let ended = share(2, &shell(script), &pieces(count), &mut |answer| {
            heard.push(answer.to_owned());
            Ok(if answer == last {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        });
        (heard, ended)
    }

    #[test]
    fn answers_come_in_the_order_of_the_work_whoever_was_faster() {
        // The first process is slow, and more is said than a pipe holds.
        let slow = "test $1 = 0 && pause=0.3; long=$(printf %09000d 0); \
                    while read piece; do sleep ${pause:-0}; echo $piece $long; done";
        let (heard, ended) = heard(slow, 30, "");
        ended.unwrap();
        let places: Vec<&str> = heard.iter().filter_map(|it| it.split(' ').next()).collect();
        assert_eq!(places, pieces(30));
    }

    #[test]
    fn whoever_is_free_takes_the_next_piece() {
        let slow = "test $1 = 0 && pause=1; while read piece; do sleep ${pause:-0}; echo $1; done";
        let (heard, ended) = heard(slow, 20, "");
        ended.unwrap();
        assert!(
            heard.iter().filter(|hand| *hand == "1").count() > 15,
            "{heard:?}"
        );
    }

    #[test]
    fn what_is_found_early_ends_it() {
        let (heard, ended) = heard("while read piece; do echo $piece; done", 1_000, "3");
        ended.unwrap();
        assert_eq!(heard, pieces(4));
    }

    #[test]
    fn a_process_that_ends_early_is_told_with_its_work() {
        let (heard, ended) = heard("read piece; echo $piece; read piece; exit 75", 9, "");
        let why = ended.unwrap_err();
        assert!(why.contains("no answer") && why.contains("75"), "{why}");
        assert!(heard.len() <= 2);
    }

    #[test]
    fn nothing_to_do_needs_nobody() {
        let (heard, ended) = heard("exit 1", 0, "");
        ended.unwrap();
        assert!(heard.is_empty());
    }
}
