//! A panic in a thread that orders depend on ends the server, with the reason; its history is whole.

use crate::rig::{Server, set_fault};

#[test]
fn a_panic_in_a_vital_thread_ends_the_process_with_the_evidence() {
    for thread in ["journal", "expiry", "reactions"] {
        let server = Server::start();
        server.run(&["place", "web/1", "TEE:2"]).ended(0);
        server.fault(&format!("panic {thread}"));
        let (code, log, dir) = server.ended_by_itself();
        assert_eq!(code, 5, "{thread}: {log}");
        for evidence in [
            format!("a test asked the thread {thread} to panic"),
            format!("thread {thread} ended by a panic").replace("thread journal", "journal thread"),
            format!("thread=\"{thread}\""),
            "backtrace".to_owned(),
            "faults.rs:".to_owned(),
        ] {
            assert!(log.contains(&evidence), "{thread}: no {evidence} in {log}");
        }
        set_fault(dir.path(), "");
        let server = Server::start_in(dir, &[]);
        assert_eq!(server.json(&["order", "web/1"])["state"], "held", "{thread}");
        server.run(&["place", "web/2", "TEE:2"]).ended(0);
    }
}
