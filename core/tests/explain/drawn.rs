//! Drawn worlds and orders: every explanation shows the decision as it was made.

use stockade_core::command::*;
use stockade_core::money::Money;
use stockade_core::time::{Day, Span};

use crate::kept::Kept;
use crate::support::{Shop, code, order};

/// A small generator, so that a failure can be had again by its number.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// A world of seven warehouses and three carriers with weights for everything there is to weigh.
fn drawn_world(draw: &mut Draw) -> String {
    let mut world = format!("kg_step_g = {}\n", [0, 500, 1_000][draw.below(3) as usize]);
    for w in 0..7 {
        world += &format!("[[warehouse]]\ncode = \"W{w}\"\nunlimited = {}\n", w == 6);
    }
    for c in 0..3 {
        world +=
            &format!("[[carrier]]\ncode = \"C{c}\"\n[[ceiling]]\ncarrier = \"C{c}\"\nabove = \"{}\"\n", 12 + 20 * c);
        for w in 0..7 {
            let cents = |draw: &mut Draw, most: u64| format!("{}.{:02}", draw.below(most), draw.below(100));
            let (parcel, unit) = (cents(draw, 6), cents(draw, 2));
            let (first, further) = (cents(draw, 4), cents(draw, 3));
            let hours = 12 + draw.below(90);
            world += &format!("[[rate]]\ncarrier = \"C{c}\"\nfrom = \"W{w}\"\nto = \"*\"\n");
            world += &format!(
                "parcel = \"{parcel}\"\nunit = \"{unit}\"\nfirst_kg = \"{first}\"\nfurther_kg = \"{further}\"\nhours = {hours}\n"
            );
        }
    }
    world += "[[channel]]\ncode = \"web\"\n[[ban]]\nwarehouse = \"W3\"\nzone = \"Z\"\ncarrier = \"C1\"\n";
    world += "[[prefer]]\nzone = \"Z\"\nwarehouses = [\"W1\", \"W2\"]\npenalty = \"0.30\"\n";
    world += "[[weights]]\ncategory = \"K0\"\nw_time = 0.2\n";
    world + "[policy]\nw_money = 1.1\nw_time = 0.05\nw_balance = 0.4\n"
}

#[test]
fn explaining_computes_every_decision_again_to_the_last_millionth() {
    for seed in 0..3 {
        let mut draw = Draw(seed);
        let split = if seed == 2 { "split_saving = 0.7\nsplit_sent = 2\n" } else { "" };
        let shop = Shop::with_world(&(drawn_world(&mut draw) + split));
        let names: Vec<String> = (0..9).map(|n| format!("S{n}")).collect();
        let spec = |(n, name): (usize, &String)| SkuSpec {
            sku: code(name),
            weight_g: Some(90 * n as u32),
            category: Some(code(&format!("K{}", n % 2))),
        };
        shop.ok(Command::DefineSkus(DefineSkus { skus: names.iter().enumerate().map(spec).collect() }));
        for name in &names {
            for w in 0..6 {
                if draw.below(4) > 0 {
                    shop.receive(name, &format!("W{w}"), 20 + draw.below(400));
                }
            }
        }
        let mut kept = Kept::new();
        let mut numbers = Vec::new();
        for n in 0..30 {
            let count = 1 + draw.below(5);
            let lines: Vec<(&str, u64)> =
                (0..count).map(|_| (names[draw.below(9) as usize].as_str(), 1 + draw.below(12))).collect();
            let number = n.to_string();
            if shop.run(Command::Place(order(&number, &lines))).result.is_ok() {
                numbers.push(number);
            }
        }
        assert!(numbers.len() > 15, "seed {seed}: only {} orders were placed", numbers.len());
        for number in &numbers {
            let told = kept.explain(&shop.engine, number, None);
            assert_eq!(told.differs, None, "seed {seed}, order {number}");
            let chosen = &told.candidates[0];
            assert_eq!(chosen.score, told.score, "seed {seed}, order {number}: the score as written on the model page");
            for plan in &told.candidates {
                let parts = plan.parts;
                let sum = [parts.money, parts.time, parts.balance, parts.prices, parts.preference];
                assert_eq!(sum.iter().map(|part| part.0).sum::<i64>(), plan.score.0);
                let ruled_out = seed == 2 && plan.parcels.len() > 1;
                let best = !told.proven || ruled_out || plan.distance >= Money::ZERO;
                assert!(best, "seed {seed}, order {number}: {plan:?}");
            }
        }
    }
}

#[test]
fn every_part_of_an_order_of_presale_is_told_as_it_was_decided() {
    let mut draw = Draw(7);
    let world = drawn_world(&mut draw).replace("unlimited = true", "unlimited = false");
    let world = world.replacen("code = \"web\"\n", "code = \"web\"\npresale = true\n", 1);
    assert!(world.contains("presale = true"));
    let mut shop = Shop::with_world(&world);
    let names: Vec<String> = (0..6).map(|n| format!("S{n}")).collect();
    let spec = |(n, name): (usize, &String)| SkuSpec {
        sku: code(name),
        weight_g: Some(150 * n as u32),
        category: Some(code(&format!("K{}", n % 2))),
    };
    shop.ok(Command::DefineSkus(DefineSkus { skus: names.iter().enumerate().map(spec).collect() }));
    for name in &names {
        for w in 0..6 {
            shop.receive(name, &format!("W{w}"), 1 + draw.below(12));
            let day = Day(21_000 + draw.below(5) as u32);
            shop.ok(shop.announce(&format!("PO-{w}"), name, &format!("W{w}"), day, 1 + draw.below(60)));
        }
    }
    let (mut kept, mut parts) = (Kept::new(), 0);
    for n in 0..30u64 {
        let count = 1 + draw.below(5);
        let lines: Vec<(&str, u64)> =
            (0..count).map(|_| (names[draw.below(6) as usize].as_str(), 1 + draw.below(14))).collect();
        let wishes = [None, None, Some(1), Some(3), Some(4)];
        let number = n.to_string();
        let place = Place { max_parcels: wishes[draw.below(5) as usize], ..order(&number, &lines) };
        if shop.run(Command::Place(place)).result.is_err() {
            continue;
        }
        // Half of them come back as late payments, which are decided once more.
        if n % 2 == 0 {
            shop.wait(Span::from_mins(31));
            shop.changed(shop.pay(&number));
        }
        let count = kept.explain(&shop.engine, &number, None).decisions.len();
        for no in 1..=count {
            let told = kept.explain(&shop.engine, &number, Some(no as u16));
            assert_eq!(told.differs, None, "order {number}, decision {no}: {:?}", told.decisions);
            assert_eq!(told.candidates[0].score, told.score, "order {number}, decision {no}");
            let decision = &told.decisions[no - 1];
            let is_ahead = decision.what == "presale";
            assert_eq!(decision.ships.iter().all(|ships| ships.due.is_some()), is_ahead, "{decision:?}");
            assert!(told.decisions.is_sorted_by_key(|decision| decision.seq), "in time order");
            parts += usize::from(is_ahead);
        }
    }
    assert!(parts > 12, "only {parts} parts were promised");
    shop.engine.check().unwrap();
}
