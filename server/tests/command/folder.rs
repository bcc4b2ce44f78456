//! What `init` makes, tokens, and the checks of world and rules files.

use crate::rig::run;

#[test]
fn init_makes_a_folder_that_checks_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let first = run(dir.path(), &["init", "shop"]).ended(0);
    assert!(first.out.contains("Admin token, shown this once: stk_"), "{}", first.out);
    let shop = dir.path().join("shop");
    run(&shop, &["config", "check"]).ended(0);
    run(&shop, &["world", "check", "world.toml"]).ended(0);

    std::fs::write(shop.join("world.toml"), "mine").unwrap();
    let tokens = std::fs::read(shop.join("tokens.toml")).unwrap();
    let again = run(dir.path(), &["init", "shop", "--json"]).ended(0);
    let said: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert!(said["admin_token"].is_null());
    assert!(said["files"].as_array().unwrap().iter().all(|file| file["written"] == false));
    assert_eq!(std::fs::read_to_string(shop.join("world.toml")).unwrap(), "mine");
    assert_eq!(std::fs::read(shop.join("tokens.toml")).unwrap(), tokens);
}

#[test]
fn the_version_says_which_journals_and_which_peers_fit() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["--version"]).ended(0).out;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(said, format!("stockade {version} (journal format 3, wire protocol stockade/2 version 2)\n"));
}

#[test]
fn tokens_are_added_listed_and_revoked() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    let added = run(dir.path(), &["token", "add", "--role", "storefront", "--channel", "web"]).ended(0);
    let token = added.out.trim();
    assert!(token.starts_with("stk_") && token.len() > 40, "{token}");
    assert!(!std::fs::read_to_string(dir.path().join("tokens.toml")).unwrap().contains(token));
    run(dir.path(), &["token", "add", "--role", "storefront", "--channel", "web"]).ended(1);
    run(dir.path(), &["token", "add", "--role", "storefront"]).ended(2);
    run(dir.path(), &["token", "add", "--role", "king"]).ended(2);
    let listed = run(dir.path(), &["token", "list"]).ended(0);
    assert!(listed.out.contains("web    storefront  web"), "{}", listed.out);
    run(dir.path(), &["token", "revoke", "web"]).ended(0);
    run(dir.path(), &["token", "revoke", "web"]).ended(1);
    assert!(!run(dir.path(), &["token", "list"]).ended(0).out.contains("web"));
}

#[test]
fn a_broken_world_is_refused_by_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    let world = dir.path().join("world.toml");
    let text = std::fs::read_to_string(&world).unwrap().replacen("currency = \"CNY\"", "curency = \"CNY\"", 1);
    let line = text.lines().position(|line| line.starts_with("curency")).unwrap() + 1;
    std::fs::write(&world, text).unwrap();
    let refused = run(dir.path(), &["world", "check", "world.toml"]).ended(2);
    assert!(refused.err.contains(&format!("world.toml:{line}: ")), "{}", refused.err);
    run(dir.path(), &["world", "check", "nowhere.toml"]).ended(2);
}

#[test]
fn rules_are_checked_against_their_world() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    let rules = dir.path().join("rules.toml");
    let check = ["rules", "check", "rules.toml", "--world", "world.toml"];
    std::fs::write(&rules, "[policy]\nw_time = 1.0\n").unwrap();
    run(dir.path(), &check).ended(0);
    std::fs::write(&rules, "[[ban]]\nwarehouse = \"HHG\"\n").unwrap();
    let refused = run(dir.path(), &check).ended(2);
    assert!(refused.err.contains("rules.toml:2: ") && refused.err.contains("HHG"), "{}", refused.err);
}
