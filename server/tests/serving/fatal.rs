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

#[test]
fn what_only_memory_had_when_the_journal_thread_panicked_is_there_after_the_next_start() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    server.fault("panic journal-write");
    std::thread::sleep(std::time::Duration::from_millis(200));
    // Decided and applied; whether the answer still leaves is a race with the end.
    let order = r#"{"channel":"web","number":"2","lines":[{"sku":"MUG","qty":1}]}"#;
    server.http("POST", "/v1/orders", &[("stockade-durability", "memory")], order);
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    for evidence in
        ["asked the thread journal-write to panic", "wrote what exists only in memory", "emergency.stockade"]
    {
        assert!(log.contains(evidence), "no {evidence} in {log}");
    }
    assert!(log.contains("is taken in at the next start"), "{log}");
    set_fault(dir.path(), "");
    let server = Server::start_in(dir, &[]);
    for number in ["1", "2"] {
        assert_eq!(server.json(&["order", &format!("web/{number}")])["state"], "held", "{number}");
    }
}
