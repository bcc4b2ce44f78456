//! The JSON of every reply and every refusal, byte by byte: what HTTP answers and what `--json` prints.

#[path = "../../core/tests/wire/samples.rs"]
mod samples;

use std::fmt::Write as _;

use stockade_server::json;

#[test]
fn every_reply_has_its_json() {
    let mut text = String::new();
    for (name, reply) in samples::replies() {
        writeln!(text, "{name}\n  {}", json::reply(&reply)).unwrap();
    }
    insta::assert_snapshot!(text.trim_end());
}

#[test]
fn every_refusal_has_its_status_and_problem_details() {
    let mut text = String::new();
    for (name, reject) in samples::rejects() {
        let problem = json::problem(&reject);
        let retry = problem.retry_after_s.map(|seconds| format!(", retry after {seconds} s")).unwrap_or_default();
        writeln!(text, "{name}: {}{retry}\n  {}\n  {}", problem.status, problem.body, json::refusal(&reject)).unwrap();
    }
    insta::assert_snapshot!(text.trim_end());
}
