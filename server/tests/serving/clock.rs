//! Wall clocks that leap, and servers that were away: no hold ends by that alone.

use serde_json::Value;

use crate::rig::{Server, set_fault};

const HOUR: i64 = 3_600;

/// The deadline of an order's hold, in seconds since 1970, and its state.
fn hold(server: &Server, order: &str) -> (i64, String) {
    let order = server.json(&["order", order]);
    let text = |key: &str| order[key].as_str().expect("text").to_owned();
    (seconds(&text("expires_at")), text("state"))
}

fn seconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().expect("a time").as_second()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[test]
fn a_leap_is_told_by_readyz_and_followed_when_a_person_confirms_it() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    server.fault(&format!("wall {}", 10 * HOUR));
    let body = server.readyz_until(|body| !body["clock_ahead"].is_null());
    assert_eq!(body["ready"], true, "it works on, in its own time: {body}");
    assert!(seconds(body["engine_time"].as_str().unwrap()) < now() + 60);
    let shown = server.run(&["clock"]).ended(0).out;
    assert!(shown.contains("not followed: it leapt") && shown.contains("stockade clock confirm"), "{shown}");
    server.run(&["place", "web/2", "TEE:1"]).ended(0);

    let confirmed = server.json(&["clock", "confirm"]);
    assert_eq!(confirmed["extended"], 2, "{confirmed}");
    let body = server.readyz_until(|body| body["clock_ahead"].is_null());
    assert!(seconds(body["engine_time"].as_str().unwrap()) >= now() + 10 * HOUR - 60);
    for order in ["web/1", "web/2"] {
        let (deadline, state) = hold(&server, order);
        assert_eq!(state, "held", "it was given time");
        assert!((now() + 10 * HOUR + 500..=now() + 10 * HOUR + 600).contains(&deadline), "the grace of ten minutes");
    }
    server.run(&["pay", "web/1"]).ended(0);
    assert_eq!(server.json(&["clock", "confirm"])["forward"], "0ms", "nothing waits any more");

    // The way back: engine time never runs backwards, and says how far the wall clock is behind.
    server.fault("wall 0");
    server.readyz_until(|body| !body["clock_behind"].is_null());
    assert!(server.run(&["clock"]).ended(0).out.contains("behind"));
}

#[test]
fn ten_leaps_of_four_and_a_half_minutes_do_not_end_a_hold_of_thirty() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    for leaps in 1..=10 {
        server.fault(&format!("wall {}", leaps * 270));
        // Longer than a reading of the wall clock is trusted.
        std::thread::sleep(std::time::Duration::from_millis(1_200));
    }
    let body = server.readyz_until(|body| !body["clock_ahead"].is_null());
    assert!(seconds(body["engine_time"].as_str().unwrap()) < now() + 330, "one leap is followed: {body}");
    assert_eq!(hold(&server, "web/1").1, "held");
}

#[test]
fn only_administrators_confirm_a_leap() {
    let server = Server::start();
    let made = server.json(&["token", "add", "--role", "warehouse", "--dev"]);
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    let refused = |method, path| {
        // A running server follows its file of tokens within a second.
        let begun = std::time::Instant::now();
        loop {
            let answer = server.http_plain(method, path, &[("authorization", bearer.as_str())], "");
            if answer.status != 401 || begun.elapsed().as_secs() > 20 {
                return answer.json(403);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    let problem: Value = refused("POST", "/v1/clock/confirm");
    assert!(problem["detail"].as_str().unwrap().contains("admin"), "{problem}");
    refused("GET", "/v1/clock");
    assert_eq!(server.http("GET", "/v1/clock", &[], "").json(200)["waiting"], Value::Null);
}

#[test]
fn a_start_far_from_the_last_event_waits_instead_of_ending_every_hold() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    let dir = server.kill();
    set_fault(dir.path(), &format!("wall {}", 240 * HOUR));
    let server = Server::start_in(dir, &[]);
    assert_eq!(server.http("GET", "/v1/clock", &[], "").json(200)["waiting"], "start");
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(hold(&server, "web/1").1, "held");
    let confirmed = server.http("POST", "/v1/clock/confirm", &[], "").json(200);
    assert_eq!(confirmed["extended"], 1, "{confirmed}");
    assert!(hold(&server, "web/1").0 >= now() + 240 * HOUR + 500);
}

#[test]
fn holds_get_time_after_an_outage_and_none_when_that_is_off() {
    for (grace, state) in [("10m", "held"), ("off", "expired")] {
        let server = Server::start();
        server.run(&["place", "web/1", "TEE:2"]).ended(0);
        let dir = server.kill();
        set_fault(dir.path(), &format!("wall {}", 2 * HOUR));
        let server = Server::start_in(dir, &["--set", &format!("holds.grace={grace}")]);
        let body = server.readyz_until(|body| body["clock_ahead"].is_null());
        assert!(seconds(body["engine_time"].as_str().unwrap()) >= now() + 2 * HOUR - 60, "{body}");
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert_eq!(hold(&server, "web/1").1, state, "grace {grace}");
    }
}
