//! A log that cannot be written costs lines, and nothing else.

use crate::rig::Server;

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    crate::rig::run(dir.path(), &["init"]).ended(0);
    let server = Server::start_after("exec 2> /dev/full", dir, &[]);
    server.run(&["world", "apply", "world.toml"]).ended(0);
    server.run(&["sku", "define", "TEE"]).ended(0);
    server.run(&["receive", "HGH", "TEE:5"]).ended(0);
    // A caller nobody knows is a line in the log.
    assert_eq!(server.http_plain("GET", "/v1/stock", &[("authorization", "Bearer nobody")], "").status, 401);
    server.run(&["order", "web/1", "--token", "nobody"]);
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    server.terminate();
    let (code, _, dir) = server.ended_by_itself();
    assert_eq!(code, 0);
    let server = Server::start_after(":", dir, &[]);
    server.run(&["order", "web/1"]).ended(0);
}
