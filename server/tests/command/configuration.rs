//! Flags over environment over file, and what is refused.

use crate::rig::{finished, run, stockade};

#[test]
fn a_wrong_flag_ends_with_2_and_help_with_0() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = run(dir.path(), &["config", "print", "--colour"]).ended(2);
    assert!(wrong.err.contains("--colour"), "{}", wrong.err);
    run(dir.path(), &[]).ended(2);
    let help = run(dir.path(), &["--help"]).ended(0);
    assert!(help.out.contains("Exit codes:"), "{}", help.out);
}

#[test]
fn every_exit_code_is_in_the_help_and_in_the_guide() {
    use stockade_server::failure::Exit;
    let dir = tempfile::tempdir().unwrap();
    let help = run(dir.path(), &["--help"]).ended(0).out;
    let (_, codes) = help.split_once("Exit codes: ").unwrap();
    let guide = include_str!("../../../docs/src/guide/command-line.md");
    let exits = [Exit::Refused, Exit::Usage, Exit::Unavailable, Exit::OutcomeUnknown, Exit::Failed, Exit::Partly]
        .map(|e| e as u8);
    for exit in [0].into_iter().chain(exits) {
        assert!(codes.split([';', '\n']).any(|code| code.trim().starts_with(&format!("{exit} "))), "{exit}: {codes}");
        assert!(guide.contains(&format!("\n| {exit} | ")), "{exit} is not in the guide");
    }
}

#[test]
fn every_value_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("stockade.toml"), "[log]\nlevel = \"warn\"\n[limits]\nin_flight = 10\n").unwrap();
    let mut command = stockade(dir.path());
    command.env("STOCKADE_LIMITS_IN_FLIGHT", "20").args(["config", "print", "--set", "limits.connections=5"]);
    let printed = finished(&mut command).ended(0).out;
    let line = |key: &str| {
        let line = printed.lines().find(|line| line.starts_with(key)).expect("the setting is printed");
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("log.level"), "log.level warn stockade.toml:2");
    assert_eq!(line("limits.in_flight"), "limits.in_flight 20 environment STOCKADE_LIMITS_IN_FLIGHT");
    assert_eq!(line("limits.connections"), "limits.connections 5 flag --set");
    assert_eq!(line("journal.home"), "journal.home local default");
}

#[test]
fn unknown_keys_are_refused_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("stockade.toml"), "\n[listen]\nquick = \"127.0.0.1:1\"\n").unwrap();
    let refused = run(dir.path(), &["config", "check"]).ended(2);
    assert_eq!(
        refused.err,
        "stockade: stockade.toml:3: there is no setting `listen.quick`; did you mean `listen.quic`?\n"
    );
    let json = run(dir.path(), &["config", "check", "--json"]).ended(2);
    let failure: serde_json::Value = serde_json::from_str(&json.err).unwrap();
    assert_eq!(failure["error"], "bad_config");
}

#[test]
fn all_bad_values_are_named_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["config", "check", "--listen", "here", "--journal", "paper", "--set", "drain.timeout=soon"];
    let refused = run(dir.path(), &args).ended(2);
    for word in ["flag --listen", "flag --journal", "flag --set", "drain.timeout"] {
        assert!(refused.err.contains(word), "{word} in {}", refused.err);
    }
}

#[test]
fn the_memory_of_requests_and_answers_is_a_setting_with_a_least_value() {
    let dir = tempfile::tempdir().unwrap();
    for (value, word) in [("63MiB", "at least 64MiB"), ("a lot", "256MiB"), ("256MB", "256MiB"), ("0KiB", "64MiB")] {
        let refused = run(dir.path(), &["config", "check", "--set", &format!("limits.memory={value}")]).ended(2);
        assert!(refused.err.contains("limits.memory") && refused.err.contains(word), "{}", refused.err);
    }
    run(dir.path(), &["config", "check", "--set", "limits.memory=1GiB"]).ended(0);
    let printed = run(dir.path(), &["config", "print"]).ended(0).out;
    let line = printed.lines().find(|line| line.starts_with("limits.memory")).expect("it is printed");
    assert!(line.contains("256MiB") && line.contains("default"), "{line}");
}

#[test]
fn every_text_with_a_meaning_is_checked_before_a_server_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("odd.pem"), "no certificate").unwrap();
    std::fs::write(dir.path().join("odd.toml"), "[[token]]\nname = 7\n").unwrap();
    for (set, word) in [
        ("log.level=loud", "error, warn, info"),
        ("log.level=info,stockade_server", "error, warn, info"),
        ("log.format=xml", "text, json"),
        ("limits.token_share=2", "a share from 0 to 1"),
        ("limits.request_timeout=99999d", "at most 1d"),
        ("drain.timeout=99999d", "at most 1d"),
        ("listen.http_trusted_proxies=10.0.0.1, proxy", "`proxy` must be an address"),
        ("listen.http_trusted_proxies=0.0.0.0/0", "every address"),
        ("journal.partition={main}", "without braces"),
        ("journal.path=", "the name of a file"),
        ("auth.tokens=", "the name of a file"),
        ("auth.tokens=odd.toml", "odd.toml"),
        ("journal.home=redis://", "redis://host:port/db"),
        ("journal.home=redis://127.0.0.1:port/0", "redis://host:port/db"),
        ("journal.home=redis://127.0.0.1:6379/first", "redis://host:port/db"),
    ] {
        let refused = run(dir.path(), &["config", "check", "--set", set]).ended(2);
        assert!(refused.err.contains(word), "{set}: {}", refused.err);
    }
    let odd = ["config", "check", "--set", "tls.cert=odd.pem", "--set", "tls.key=odd.pem"];
    assert!(run(dir.path(), &odd).ended(2).err.contains("odd.pem"));
    for set in [
        "log.level=info,stockade_server=debug",
        "listen.http_trusted_proxies=10.0.0.7, 10.1.0.0/16",
        "limits.token_share=1",
    ] {
        run(dir.path(), &["config", "check", "--set", set]).ended(0);
    }
}

#[test]
fn unsafe_settings_are_refused_outside_dev() {
    let dir = tempfile::tempdir().unwrap();
    let unsafe_args = ["config", "check", "--journal", "memory", "--http", "0.0.0.0:80"];
    let refused = run(dir.path(), &unsafe_args).ended(2);
    assert!(refused.err.contains("loses every order"), "{}", refused.err);
    assert!(refused.err.contains("unencrypted"), "{}", refused.err);
    let allowed = run(dir.path(), &[&unsafe_args[..], &["--dev"]].concat()).ended(0);
    assert!(allowed.out.contains("only because of --dev"), "{}", allowed.out);
}

#[test]
fn a_variable_that_is_no_setting_is_only_noted() {
    let dir = tempfile::tempdir().unwrap();
    let checked = finished(stockade(dir.path()).env("STOCKADE_SERVICE_HOST", "10.0.0.1").args(["config", "check"]));
    assert!(checked.ended(0).err.contains("STOCKADE_SERVICE_HOST is not a setting"));
}

#[test]
fn passwords_are_not_printed() {
    let dir = tempfile::tempdir().unwrap();
    let printed = run(dir.path(), &["config", "print", "--journal", "redis://u:hunter2@10.0.0.1/0"]).ended(0);
    assert!(printed.out.contains("redis://u:***@10.0.0.1/0"), "{}", printed.out);
    assert!(!printed.out.contains("hunter2"));
}
