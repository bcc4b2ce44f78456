//! Every reply and every refusal, byte by byte: what HTTP answers, what `--json` prints, and what people read.

#[path = "../../core/tests/wire/samples.rs"]
mod samples;

use std::fmt::Write as _;

use stockade_server::edge::bodies::{Problem, RefusalBody, ReplyBody};
use stockade_server::print;

#[test]
fn every_reply_has_its_json() {
    let mut text = String::new();
    for (name, reply) in samples::replies() {
        writeln!(text, "{name}\n  {}", serde_json::to_string(&ReplyBody::from(&reply)).unwrap()).unwrap();
    }
    insta::assert_snapshot!(text.trim_end());
}

#[test]
fn every_reply_has_its_page() {
    let mut text = String::new();
    for (name, reply) in samples::replies() {
        writeln!(text, "== {name}\n{}", print::page(&reply).lines().join("\n")).unwrap();
    }
    insta::assert_snapshot!(text.trim_end());
}

#[test]
fn every_refusal_has_its_status_and_problem_details() {
    let mut text = String::new();
    for (name, reject) in samples::rejects() {
        let problem = Problem::from(&reject);
        let retry = problem.retry_after_s.map(|seconds| format!(", retry after {seconds} s")).unwrap_or_default();
        let body = serde_json::to_string(&problem.body).unwrap();
        let refusal = serde_json::to_string(&RefusalBody::from(&reject)).unwrap();
        writeln!(text, "{name}: {}{retry}\n  {body}\n  {refusal}", problem.body.status).unwrap();
    }
    insta::assert_snapshot!(text.trim_end());
}
