//! A server whose history is in memory only: ordinary requests work, and it says what can be lost.

use crate::rig::Server;

#[test]
fn ordinary_requests_are_answered_at_the_level_there_is() {
    let server = Server::start_in(tempfile::tempdir().unwrap(), &["--journal", "memory"]);
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    let order = r#"{"channel":"web","number":"2","lines":[{"sku":"TEE","qty":1}]}"#;
    let placed = server.http("POST", "/v1/orders", &[], order);
    placed.json(201);
    assert!(placed.head.contains("stockade-durability: memory"), "{}", placed.head);

    let told = server.run(&["order", "explain", "web/1"]).ended(0).out;
    assert!(told.contains("proven"), "recent history is kept in memory: {told}");

    // Whoever asks for more by name is told that the server does not give it.
    let strict = server.run(&["place", "web/3", "TEE:1", "--durability", "journaled"]).ended(1);
    assert!(strict.err.contains("does not give durability journaled"), "{}", strict.err);
    let strict = server.http("POST", "/v1/orders", &[("stockade-durability", "journaled")], &order.replace('2', "4"));
    assert!((400..600).contains(&strict.status), "{}", strict.text);
    assert!(strict.text.contains("durability_unavailable"), "{}", strict.text);

    let ready = server.http_plain("GET", "/readyz", &[], "").json(200);
    assert_eq!(ready["journal"]["kind"], "memory");
    assert_eq!(ready["journal"]["best"], "memory");
    let lost = ready["journal"]["what_could_be_lost"].as_str().unwrap();
    assert!(lost.contains("everything, as soon as this process ends"), "{lost}");
}
