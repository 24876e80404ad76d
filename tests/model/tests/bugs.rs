//! The checks are alive: the small bound holds, and every rule broken on purpose is found with a short trace.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "tests")]

use paydesk_model::{Bound, Bug, Model, explore, words};

/// Every planted bug shows long before this many states.
const MOST: usize = 2_000_000;

#[test]
fn the_small_bound_holds_in_every_state() {
    for bound in Bound::SMALL {
        let mut model = Model::new(bound, None);
        let report = explore(&mut model, 20_000_000, |_, _| {});
        if let Some(found) = report.found {
            panic!("{}\n{}", found.what, words::trace(&found.trace));
        }
        assert!(!report.cut, "not every state was visited");
        assert!(
            report.states > 10_000,
            "{} states are too few",
            report.states
        );
        println!(
            "{} states, {} transitions",
            report.states, report.transitions
        );
    }
}

/// Finds the bug and says by which invariant.
fn killed_by(bug: Bug, invariants: &[&str]) {
    let found = Bound::SMALL
        .into_iter()
        .find_map(|bound| explore(&mut Model::new(bound, Some(bug)), MOST, |_, _| {}).found)
        .expect("the planted bug is found");
    println!("{bug:?}: {}\n{}", found.what, words::trace(&found.trace));
    assert!(
        invariants
            .iter()
            .any(|i| found.what.starts_with(&format!("{i}:"))),
        "{bug:?} was found by another invariant: {}",
        found.what
    );
}

#[test]
fn a_decision_apart_from_its_return_is_found() {
    killed_by(Bug::DecisionApart, &["INV1"]);
}

#[test]
fn a_failed_return_that_is_not_asked_about_is_found() {
    killed_by(Bug::FailedReturnUnasked, &["INV14"]);
}

#[test]
fn late_money_kept_beside_another_payment_is_found() {
    killed_by(Bug::KeepsBesideAnother, &["INV1"]);
}

#[test]
fn a_new_reference_after_a_timeout_is_found() {
    killed_by(Bug::NewReferenceAfterTimeout, &["INV1"]);
}

#[test]
fn a_new_refund_number_on_a_retry_is_found() {
    killed_by(Bug::NewRefundNumber, &["INV5", "INV6"]);
}

#[test]
fn no_watch_after_an_ending_is_found() {
    killed_by(Bug::NoWatch, &["INV14", "INV1"]);
}

#[test]
fn not_found_taken_as_final_is_found() {
    killed_by(Bug::NotFoundIsFinal, &["INV14", "INV11"]);
}

#[test]
fn a_watch_ended_by_an_older_question_is_found() {
    killed_by(Bug::OldQuestionEndsWatch, &["INV14"]);
}

#[test]
fn a_decision_about_late_money_without_asking_is_found() {
    killed_by(Bug::DecidesUnasked, &["INV14", "INV3"]);
}

#[test]
fn a_remainder_without_running_refunds_is_found() {
    killed_by(Bug::RemainderIgnoresRunning, &["INV5"]);
}

#[test]
fn a_resent_refund_that_is_withdrawn_is_found() {
    killed_by(Bug::ResendWithdraws, &["INV6"]);
}

#[test]
fn a_resolver_that_skips_rows_is_found() {
    killed_by(Bug::ResolverSkips, &["INV7"]);
}

#[test]
fn a_send_before_the_commit_is_found() {
    killed_by(Bug::SendBeforeCommit, &["INV2"]);
}

#[test]
fn a_timeout_taken_as_failure_is_found() {
    killed_by(Bug::TimeoutIsFailure, &["INV14", "INV1"]);
}

#[test]
fn an_unsigned_answer_that_is_believed_is_found() {
    killed_by(Bug::Unsigned, &["INV3"]);
}
