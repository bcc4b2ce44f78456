//! Files read, resolved and refused.

use super::*;
use crate::ids::{CarrierId, ChannelId, PoolId, RulesVersion, WarehouseId};
use crate::limits::RULES_BYTES_MAX;
use crate::money::Money;
use crate::routing::Weights;
use crate::time::Span;

const WORLD: &str = r#"currency = "CNY"
default_weight_g = 500
kg_step_g = 1000

[[warehouse]]
code = "HGH"
zone = "CN-33"
lat = 30.29
lon = 120.16

[[warehouse]]
code = "CAN"
zone = "CN-44"
kind = "store"

[[warehouse]]
code = "DROP"
unlimited = true

[[carrier]]
code = "ZTO"
[[carrier]]
code = "SF"

[[pool]]
code = "promo"

[[channel]]
code = "web"
pools = ["regular"]
[[channel]]
code = "live"
pools = ["flash", "promo", "regular"]
hold_ttl = "5m"
max_parcels = 2
ship_complete = true
presale = true

[policy]
w_money = 1.0
w_time = "0.25"
max_parcels = 4

[[rate]]
carrier = "ZTO"
from = "*"
to = "*"
parcel = "1"

[[rate]]
carrier = "ZTO"
from = "*"
to = "CN-44"
parcel = "2"

[[rate]]
carrier = "ZTO"
from = "CN-33"
to = "*"
parcel = "3"

[[rate]]
carrier = "ZTO"
from = "HGH"
to = "*"
parcel = 4.10
first_kg = 0.1
hours = 36

[[rate]]
carrier = "SF"
from = "CN-44"
to = "CN-44"
parcel = "12.000001"
unit = 7
hours = 12
"#;

fn world(extra: &str) -> RuleSet {
    let text = format!("{WORLD}{extra}");
    let ids = WorldFile::parse(&text).unwrap().codes().numbered();
    RuleSet::parse(&text, None, &ids, RulesVersion(3)).unwrap()
}

fn overlaid(rules: &str) -> RuleSet {
    let world = WorldFile::parse(WORLD).unwrap();
    let rules = RulesFile::parse(rules, &world).unwrap();
    RuleSet::resolve(&world, Some(&rules), &world.codes().numbered(), RulesVersion(4)).unwrap()
}

/// `(warehouse, carrier, price per parcel in millionths)` of every lane.
fn prices(rules: &RuleSet, zone: Option<&str>) -> Vec<(u16, u16, i64)> {
    rules.lanes(zone).all().iter().map(|l| (l.warehouse.0, l.carrier.0, l.rate.parcel.0)).collect()
}

#[test]
fn a_world_is_read_in_file_order_and_resolved() {
    let file = WorldFile::parse(WORLD).unwrap();
    let codes = file.codes();
    let text = |codes: &[crate::ids::Code]| codes.iter().map(|c| c.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(text(&codes.warehouses), "HGH CAN DROP");
    assert_eq!(text(&codes.carriers), "ZTO SF");
    assert_eq!(text(&codes.channels), "web live");
    assert_eq!(text(&codes.pools), "regular promo flash");

    let rules = world("");
    assert_eq!((rules.version, rules.currency.as_str()), (RulesVersion(3), "CNY"));
    assert_eq!((rules.default_weight_g, rules.kg_step_g), (500, 1000));
    let hgh = rules.warehouse(WarehouseId(0)).unwrap();
    assert_eq!(
        (hgh.lat, hgh.lon, hgh.kind, hgh.unlimited),
        (Some(30.29), Some(120.16), WarehouseKind::Warehouse, false)
    );
    assert_eq!(rules.warehouse(WarehouseId(1)).unwrap().kind, WarehouseKind::Store);
    assert!(rules.warehouse(WarehouseId(2)).unwrap().unlimited);
    assert!(rules.warehouse(WarehouseId(3)).is_none());
    assert_eq!(rules.carrier(CarrierId(1)).unwrap().as_str(), "SF");
    let web = rules.channel(ChannelId(0)).unwrap();
    assert_eq!((web.pools.as_slice(), web.hold_ttl), (&[PoolId::REGULAR][..], Span::from_mins(30)));
    assert_eq!((web.ship_complete, web.max_parcels), (false, Some(4)));
    let live = rules.channel(ChannelId(1)).unwrap();
    assert_eq!((live.pools.as_slice(), live.hold_ttl), (&[PoolId(2), PoolId(1), PoolId(0)][..], Span::from_mins(5)));
    assert_eq!((live.ship_complete, live.max_parcels), (true, Some(2)));
    assert_eq!((web.presale, live.presale), (false, true));
}

#[test]
fn known_codes_keep_their_ids() {
    let file = WorldFile::parse(WORLD).unwrap();
    let mut ids = file.codes().numbered();
    for (id, _) in &mut ids.warehouses {
        id.0 = 9 - id.0;
    }
    let rules = RuleSet::resolve(&file, None, &ids, RulesVersion(1)).unwrap();
    assert_eq!(rules.warehouse(WarehouseId(9)).unwrap().code.as_str(), "HGH");
    assert!(rules.warehouse(WarehouseId(0)).is_none());
    let lanes = rules.lanes(Some("CN-44"));
    assert!(lanes.all().is_sorted_by_key(|lane| (lane.warehouse, lane.carrier)));
    assert_eq!(lanes.from(WarehouseId(8)).len(), 2);
    ids.carriers.pop();
    let error = RuleSet::resolve(&file, None, &ids, RulesVersion(1)).unwrap_err();
    let fault = Fault::NoId { code: crate::ids::Code::new("SF").unwrap() };
    assert_eq!(error, FileError::whole(fault, "carrier `SF` was given no id"));
}

#[test]
fn the_most_specific_rate_wins_origin_before_destination() {
    let rules = world("");
    // HGH: its own rate to `*` comes before its zone's and before `*` to CN-44.
    let expected = vec![(0, 0, 4_100_000), (1, 0, 2_000_000), (1, 1, 12_000_001), (2, 0, 2_000_000)];
    assert_eq!(prices(&rules, Some("CN-44")), expected);
    let elsewhere = vec![(0, 0, 4_100_000), (1, 0, 1_000_000), (2, 0, 1_000_000)];
    assert_eq!(prices(&rules, Some("CN-11")), elsewhere);
    assert_eq!(prices(&rules, None), elsewhere);
    assert_eq!(prices(&rules, Some("*")), elsewhere);
    let sf = rules.lanes(Some("CN-44")).from(WarehouseId(1))[1];
    assert_eq!((sf.rate.unit, sf.rate.hours, sf.rate.first_kg), (Money(7_000_000), 12, Money::ZERO));
    assert_eq!(rules.lanes(None).from(WarehouseId(0))[0].rate.first_kg, Money(100_000));
    assert!(rules.lanes(None).from(WarehouseId(77)).is_empty());

    let zone_rate = world(
        "[[rate]]\ncarrier = \"SF\"\nfrom = \"CN-33\"\nto = \"CN-44\"\nparcel = 5\n[[rate]]\ncarrier = \"SF\"\nfrom = \"*\"\nto = \"CN-44\"\nparcel = 6\n",
    );
    let sf: Vec<_> = prices(&zone_rate, Some("CN-44")).into_iter().filter(|lane| lane.1 == 1).collect();
    assert_eq!(sf, [(0, 1, 5_000_000), (1, 1, 12_000_001), (2, 1, 6_000_000)]);
}

#[test]
fn bans_take_lanes_away() {
    let lanes = |bans: &str, zone| prices(&overlaid(bans), zone).iter().map(|l| (l.0, l.1)).collect::<Vec<_>>();
    assert_eq!(lanes("[[ban]]\ncarrier = \"ZTO\"\nwarehouse = \"CAN\"", Some("CN-44")), [(0, 0), (1, 1), (2, 0)]);
    assert_eq!(lanes("[[ban]]\nwarehouse = \"CAN\"\nzone = \"CN-44\"", Some("CN-44")), [(0, 0), (2, 0)]);
    assert_eq!(lanes("[[ban]]\nwarehouse = \"CAN\"\nzone = \"CN-44\"", Some("CN-45")), [(0, 0), (1, 0), (2, 0)]);
    assert_eq!(lanes("[[ban]]\ncarrier = \"ZTO\"", None), []);
    assert_eq!(lanes("[[ban]]\nzone = \"CN-99\"", Some("CN-99")), []);
}

#[test]
fn a_lane_that_is_not_there_has_a_reason() {
    let rules = overlaid("[[ban]]\nwarehouse = \"CAN\"\ncarrier = \"ZTO\"\nzone = \"CN-44\"");
    let no_lane = |warehouse, carrier, zone| rules.no_lane(WarehouseId(warehouse), CarrierId(carrier), zone);
    assert_eq!(no_lane(1, 0, Some("CN-44")), Some(NoLane::Banned));
    assert_eq!(no_lane(1, 0, Some("CN-45")), None);
    assert_eq!(no_lane(0, 1, Some("CN-44")), Some(NoLane::NoRate));
    assert_eq!(no_lane(1, 1, Some("CN-44")), None);
    assert_eq!(no_lane(7, 0, None), Some(NoLane::NoRate));
}

#[test]
fn ceilings_and_preferences_mark_lanes() {
    let rules = overlaid(
        r#"
        [[ceiling]]
        carrier = "SF"
        above = 8
        [[ceiling]]
        carrier = "SF"
        zone = "CN-44"
        above = "9.5"
        [[prefer]]
        zone = "CN-44"
        warehouses = ["CAN", "DROP"]
        penalty = "1.5"
        hours = [36, 48]
        [[prefer]]
        warehouses = ["HGH"]
        "#,
    );
    let marks = |zone| -> Vec<_> {
        let lanes = rules.lanes(zone).all().iter();
        lanes.map(|l| (l.warehouse.0, l.carrier.0, l.ceiling.map(|c| c.0), l.penalty.0, l.rate.hours)).collect()
    };
    let ceiling = Some(9_500_000);
    let expected =
        [(0, 0, None, 3_000_000, 36), (1, 0, None, 0, 36), (1, 1, ceiling, 0, 36), (2, 0, None, 1_500_000, 48)];
    assert_eq!(marks(Some("CN-44")), expected);
    let strict = 1_000_000_000_000;
    assert_eq!(marks(None), [(0, 0, None, 0, 36), (1, 0, None, strict, 0), (2, 0, None, strict, 0)]);
}

#[test]
fn the_most_specific_weights_win() {
    let rules = overlaid(
        r#"
        policy = { w_money = 1, w_time = 2 }
        [[weights]]
        category = "fresh"
        w_time = 30
        [[weights]]
        zone = "Z"
        w_time = 20
        [[weights]]
        channel = "web"
        w_time = 10
        [[weights]]
        zone = "Z"
        category = "fresh"
        w_balance = "0.000001"
        "#,
    );
    let time = |channel, zone, category| rules.weights(ChannelId(channel), zone, category).time;
    assert_eq!(time(1, None, None), 2_000_000);
    assert_eq!(time(1, None, Some("fresh")), 30_000_000);
    assert_eq!(time(1, Some("Z"), Some("dry")), 20_000_000);
    assert_eq!(time(0, Some("Z"), Some("dry")), 10_000_000);
    let both = rules.weights(ChannelId(0), Some("Z"), Some("fresh"));
    assert_eq!(both, Weights { money: 1_000_000, time: 2_000_000, balance: 1 });
}

#[test]
fn a_rules_file_replaces_the_tables_it_has() {
    let rules = overlaid("[[rate]]\ncarrier = \"SF\"\nfrom = \"*\"\nto = \"*\"\nparcel = 1\n");
    assert_eq!(prices(&rules, Some("CN-44")), [(0, 1, 1_000_000), (1, 1, 1_000_000), (2, 1, 1_000_000)]);
    assert_eq!(rules.weights(ChannelId(0), None, None).time, 250_000);
    let rules = overlaid("rate = []\n[policy]\nship_complete = true\n[[step]]\nname = \"scan\"\nafter = [\"label\"]");
    assert!(rules.lanes(None).all().is_empty());
    assert_eq!(rules.weights(ChannelId(0), None, None).time, 0);
    let web = rules.channel(ChannelId(0)).unwrap();
    assert_eq!((web.ship_complete, web.max_parcels), (true, None));
    assert!(rules.steps().before(crate::orders::Step::Scan).contains(crate::orders::Step::Label));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_not_matter() {
    let text = format!("\u{feff}{}", WORLD.replace('\n', "\r\n"));
    assert_eq!(WorldFile::parse(&text).unwrap().codes(), WorldFile::parse(WORLD).unwrap().codes());
    let error = WorldFile::parse(&text.replace("kg_step_g", "kg_step")).unwrap_err();
    assert_eq!(error.line, 3, "{error}");
}

/// Replaces `from` by `to` in the world; the error stands at the line of `at`.
fn refused(from: &str, to: &str, at: &str, says: &str) {
    assert!(WORLD.contains(from), "{from}");
    let text = WORLD.replacen(from, to, 1);
    let offset = text.find(at).unwrap_or_else(|| panic!("{at}"));
    let line = text[..offset].matches('\n').count() as u32 + 1;
    let error = WorldFile::parse(&text).unwrap_err();
    assert!(error.reason.contains(says), "`{error}` does not say `{says}`");
    assert_eq!(error.line, line, "{error}");
}

#[test]
fn every_fault_of_a_world_is_named_with_its_line() {
    refused("code = \"HGH\"", "cod = \"HGH\"", "cod =", "no key `cod`; did you mean `code`?");
    refused("currency = \"CNY\"", "currency = CNY", "currency", "not TOML");
    refused("kg_step_g = 1000", "kg_step_g = 1000\nkg_step_g = 1", "kg_step_g = 1\n", "not TOML");
    refused("[[warehouse]]\ncode = \"CAN\"", "[[warehouse]]", "[[warehouse]]\nzone", "has no `code`");
    refused("code = \"CAN\"", "code = \"HGH\"", "code = \"HGH\"\nzone = \"CN-44\"", "already defined, at line 6");
    refused("code = \"CAN\"", "code = \"*\"", "code = \"*\"", "cannot be called");
    refused("zone = \"CN-33\"", "zone = \"*\"", "zone = \"*\"", "lies in one zone");
    refused("code = \"CAN\"", "code = \" CAN\"", "code = \" CAN\"", "`code` of [[warehouse]]: a code must not");
    refused("kind = \"store\"", "kind = \"shop\"", "kind = ", "write \"warehouse\" or \"store\"");
    refused("unlimited = true", "unlimited = \"yes\"", "unlimited = ", "write true or false");
    refused("lat = 30.29", "lat = 91", "lat = ", "out of bounds");
    refused("lat = 30.29\n", "", "[[warehouse]]", "both `lat` and `lon`");
    refused("default_weight_g = 500", "default_weight_g = -1", "default", "whole number from 0");
    refused("default_weight_g = 500", "default_weight_g = 0.5", "default", "write a whole number");
    refused("code = \"SF\"", "code = \"ZTO\"", "code = \"ZTO\"\n\n[[pool]]", "already");
    refused("pools = [\"regular\"]", "pools = []", "pools = []", "could sell nothing");
    refused("pools = [\"regular\"]", "pools = \"regular\"", "pools = \"", "a list in square brackets");
    refused("pools = [\"regular\"]", "pools = [1]", "pools = [1]", "a list of texts");
    refused("\"promo\", \"regular\"", "\"promo\", \"promo\"", "pools = [\"flash\"", "already");
    refused("hold_ttl = \"5m\"", "hold_ttl = \"5 m\"", "hold_ttl", "not a length of time");
    refused("hold_ttl = \"5m\"", "hold_ttl = \"0s\"", "hold_ttl", "more than 0s");
    refused("max_parcels = 2", "max_parcels = 0", "max_parcels", "nothing could ever ship");
    refused("w_money = 1.0", "w_money = -1.0", "w_money", "out of bounds");
    refused("w_money = 1.0", "w_money = 1e3", "w_money", "is not an amount");
    refused("w_money = 1.0", "w_money = 1.0000001", "w_money", "is not an amount");
    refused("[policy]", "[[policy]]", "[[policy]]", "should be a table");
    refused("[[pool]]\ncode = \"promo\"", "[pool]\ncode = \"promo\"", "[pool]", "list of tables, each headed [[pool]]");
    refused("carrier = \"SF\"", "carrier = \"SFX\"", "carrier = \"SFX\"", "no carrier `SFX`; did you mean `SF`?");
    refused(
        "from = \"HGH\"",
        "from = \"HGHH\"",
        "from = \"HGHH\"",
        "neither a warehouse nor the zone of one; did you mean",
    );
    refused(
        "from = \"CN-33\"",
        "from = \"HGH\"",
        "[[rate]]\ncarrier = \"ZTO\"\nfrom = \"HGH\"\nto = \"*\"\nparcel = 4.10",
        "already",
    );
    refused("to = \"*\"\nparcel = \"1\"", "parcel = \"1\"", "[[rate]]", "has no `to`");
    refused("parcel = \"1\"", "parcel = \"1,50\"", "parcel = \"1,50\"", "is not an amount");
    refused("parcel = \"1\"", "parcel = true", "parcel = true", "a number like 12.34");
    refused("hours = 36", "hours = 100001", "hours", "from 0 to 100000");
}

#[test]
fn what_a_world_cannot_do_without() {
    for (text, says) in [
        ("", "no warehouse"),
        ("[[warehouse]]\ncode = \"A\"", "no channel"),
        ("[[warehouse]]\ncode = \"A\"\n[[channel]]\ncode = \"web\"", ""),
    ] {
        match WorldFile::parse(text) {
            Ok(_) => assert_eq!(says, ""),
            Err(error) => assert!(error.line == 0 && !says.is_empty() && error.reason.contains(says), "{error}"),
        }
    }
    let error = WorldFile::parse(&"#".repeat(RULES_BYTES_MAX + 1)).unwrap_err();
    assert!(error.reason.contains("at most"), "{error}");
}

#[test]
fn every_fault_of_the_rule_tables_is_named_with_its_line() {
    let world = WorldFile::parse(WORLD).unwrap();
    for (text, line, says) in [
        ("\n[[warehouse]]\ncode = \"A\"", 2, "belongs into the world file"),
        ("[polcy]", 1, "did you mean `policy`?"),
        ("[[weights]]\nw_time = 1", 1, "names no channel, zone or category"),
        ("[[weights]]\nchannel = \"wev\"", 2, "no channel `wev`; did you mean `web`?"),
        ("[[weights]]\nzone = \"Z\"\n[[weights]]\nzone = \"Z\"", 3, "already"),
        ("[[weights]]\nzone = \"*\"", 2, "leave it out"),
        ("[[prefer]]\nzone = \"Z\"", 1, "has no `warehouses`"),
        ("[[prefer]]\nwarehouses = []", 2, "write 1 to 64"),
        ("[[prefer]]\nwarehouses = [\"HGH\", \"PEK\"]", 2, "no warehouse `PEK`"),
        ("[[prefer]]\nwarehouses = [\"HGH\", \"HGH\"]", 2, "listed twice"),
        ("[[prefer]]\nwarehouses = [\"HGH\"]\nhours = [1, 2]", 3, "names 2 for 1 warehouse"),
        ("[[prefer]]\nwarehouses = [\"HGH\"]\n[[prefer]]\nzone = \"*\"\nwarehouses = [\"CAN\"]", 3, "already"),
        ("[[ceiling]]\ncarrier = \"SF\"", 1, "has no `above`"),
        ("[[ceiling]]\ncarrier = \"SF\"\nabove = 1\n[[ceiling]]\ncarrier = \"SF\"\nabove = 2", 4, "already"),
        ("[[ban]]", 1, "ban everything"),
        ("[[ban]]\nwarehouse = \"DRO\"", 2, "no warehouse `DRO`; did you mean `DROP`?"),
        ("[[step]]\nname = \"wiegh\"\nafter = []", 2, "did you mean `weigh`?"),
        ("[[step]]\nname = \"scan\"", 1, "has no `after`"),
        ("[[step]]\nname = \"pick\"\nafter = [\"scan\"]", 1, "after itself"),
    ] {
        let error = RulesFile::parse(text, &world).unwrap_err();
        assert!(error.reason.contains(says), "{text}: `{error}` does not say `{says}`");
        assert_eq!(error.line, line, "{text}: {error}");
    }
}

#[test]
fn a_key_of_the_world_in_a_rules_file_is_told_from_a_misspelled_one() {
    let world = WorldFile::parse(WORLD).unwrap();
    let fault = |text| RulesFile::parse(text, &world).unwrap_err().fault;
    assert_eq!(fault("currency = \"CNY\""), Fault::Misplaced { key: "currency" });
    assert_eq!(fault("curency = \"CNY\""), Fault::UnknownKey { table: None, key: "curency".to_owned() });
    assert_eq!(
        fault("[policy]\ncurrency = 1"),
        Fault::UnknownKey { table: Some("policy"), key: "currency".to_owned() }
    );
}
