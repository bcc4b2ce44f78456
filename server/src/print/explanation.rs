//! An explanation in words and tables, the answer first.

use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reply::{Candidate, CandidateRole, Explanation, OutReason, ScoreParts, ShipsSeen, WarehouseSeen};
use stockade_core::units::{Units, counted};

use super::page::{Page, Table};

/// Prints why an order ships the way it does.
pub(super) fn told(told: &Explanation, page: &mut Page) {
    headline(told, page);
    decisions(told, page);
    page.line("");
    plans(&told.candidates, page);
    page.line("");
    warehouses(told, page);
    prices(told, page);
    let weights = told.weights;
    let weighed = format!("money x {}, hour x {}, scarcity x {}", weights.money, weights.time, weights.balance);
    page.line(format!("\nscore = {weighed}, and what prices of stock and the zone's preference add"));
    split_rules(told, page);
}

fn headline(told: &Explanation, page: &mut Page) {
    let to = told.asked.zone.as_ref().map(|zone| format!(" to {zone}")).unwrap_or_default();
    let lines: Vec<String> = told.asked.lines.iter().map(|(sku, units)| format!("{sku}:{units}")).collect();
    page.line(format!("{}/{} (id:{}){to}: {}", told.channel, told.number, told.order, lines.join(" ")));
    if let Some(what) = &told.differs {
        page.line(format!("WARNING: computed again, this decision comes out differently: {what}"));
        page.line("this version decides differently than the one that decided; what follows is this version's view");
    }
    let Some(chosen) = told.candidates.first() else { return };
    let proof = match told.proven {
        true => "no plan scores less (proven)".to_owned(),
        false => format!("no plan can score below {}, which is {} less", told.bound, less(told.score, told.bound)),
    };
    page.line(format!("ships from {} for {} in {} h; {proof}", parcels(chosen), chosen.cost, chosen.hours));
    let ruled_out = |plan: &&Candidate| plan.roles.contains(&CandidateRole::RuledOut);
    let second = told.candidates.iter().find(|plan| plan.roles.contains(&CandidateRole::RunnerUp));
    let bought = told.candidates.iter().find(|plan| plan.roles.contains(&CandidateRole::OwnFirst));
    match second {
        // Told below.
        Some(second) if ruled_out(&second) => {}
        Some(second) => {
            let why = difference(&chosen.parts, &second.parts);
            page.line(format!("next best: {}, which scores {} more ({why})", parcels(second), second.distance));
        }
        None => page.line("next best: none, there was no other way"),
    }
    if let Some(split) = told.candidates.iter().find(ruled_out) {
        let by = less(Money::ZERO, split.distance);
        page.line(format!("kept out by the split rules: {}, which scores {by} less", parcels(split)));
    }
    if let Some(bought) = bought {
        let by = less(Money::ZERO, bought.distance);
        page.line(format!(
            "kept out because own stock comes first: {}, which scores {by} less by prices",
            parcels(bought)
        ));
    }
    let decision = usize::from(told.no).checked_sub(1).and_then(|at| told.decisions.get(at));
    if let Some(decision) = decision {
        let what = decision.what.replace('_', " ");
        let when = format!("decided {} by rules version {}", decision.at, told.rules_version);
        page.line(format!("{when} (event {}, {what})", decision.seq));
    }
}

/// One part of a score.
type PartOf = fn(&ScoreParts) -> Money;

fn plans(candidates: &[Candidate], page: &mut Page) {
    let shows = |of: PartOf| candidates.iter().any(|plan| of(&plan.parts) != Money::ZERO);
    let parts: Vec<(&'static str, PartOf)> = vec![
        ("= money", |parts| parts.money),
        ("+ time", |parts| parts.time),
        ("+ balance", |parts| parts.balance),
        ("+ prices", |parts| parts.prices),
        ("+ preference", |parts| parts.preference),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|(_, of)| shows(*of)).collect();
    let fixed = ["plan", "ships from", "cost", "hours", "more", "score"];
    let mut table = Table::new(fixed.into_iter().chain(parts.iter().map(|(name, _)| *name)));
    for plan in candidates {
        let roles: Vec<String> = plan.roles.iter().map(|role| role.name().replace('_', " ")).collect();
        let more = if plan.distance == Money::ZERO { "-".to_owned() } else { plan.distance.to_string() };
        let unproven = if plan.proven { "" } else { " (best found)" };
        let fixed = [
            format!("{}{unproven}", roles.join(", ")),
            parcels(plan),
            plan.cost.to_string(),
            plan.hours.to_string(),
            more,
            plan.score.to_string(),
        ];
        table.row(fixed.into_iter().chain(parts.iter().map(|(_, of)| of(&plan.parts).to_string())));
    }
    page.table(&table);
}

fn warehouses(told: &Explanation, page: &mut Page) {
    let mut table = Table::new(["warehouse", "could send", "why not more"]);
    for seen in &told.warehouses {
        let why: Vec<String> = seen.out.iter().map(|reason| self::reason(reason, told)).collect();
        let why = match (why.is_empty(), seen.chosen) {
            (true, true) => "chosen for everything".to_owned(),
            (true, false) => "the other plans score less".to_owned(),
            (false, true) => format!("chosen for a part; {}", why.join("; ")),
            (false, false) => why.join("; "),
        };
        table.row([seen.warehouse.to_string(), could_send(seen, &told.asked.lines), why]);
    }
    page.table(&table);
    if !told.empty.is_empty() {
        let names: Vec<&str> = told.empty.iter().map(Code::as_str).collect();
        page.line(format!("no stock of it at: {}", names.join(" ")));
    }
}

fn prices(told: &Explanation, page: &mut Page) {
    if !told.prices.is_empty() {
        let each = told.prices.iter().map(|seen| format!("{} at {} {}", seen.sku, seen.warehouse, seen.price));
        page.line(format!("a unit was worth later: {}", each.collect::<Vec<_>>().join(", ")));
    }
}

fn split_rules(told: &Explanation, page: &mut Page) {
    let Some(rules) = told.asked.split else { return };
    let mut asked = Vec::new();
    if rules.saving > Money::ZERO {
        asked.push(format!("save {} against one warehouse", rules.saving));
    }
    if !rules.sent.is_zero() {
        asked.push(format!("have every warehouse send {} or more", rules.sent.counted()));
    }
    if !rules.left.is_zero() {
        asked.push(format!("leave {} or more to the others", rules.left));
    }
    page.line(format!("a split must {}", asked.join(", and ")));
}

/// The decisions on the order, first to last, when there was more than one.
fn decisions(told: &Explanation, page: &mut Page) {
    if told.decisions.len() < 2 {
        return;
    }
    page.line(format!("\nthe order was decided in {} parts; this explains part {}:", told.decisions.len(), told.no));
    let mut table = Table::new(["part", "decided at", "why", "promised"]);
    for (no, decision) in (1u16..).zip(&told.decisions) {
        let mark = if no == told.no { " <" } else { "" };
        let why = why(&decision.what);
        let ships: Vec<String> = decision.ships.iter().map(ships).collect();
        table.row([format!("{no}{mark}"), decision.at.to_string(), why, ships.join("; ")]);
    }
    page.table(&table);
    page.line("another part: `--decision PART`");
}

fn why(what: &str) -> String {
    match what {
        "order_placed" => "on hand when ordered".to_owned(),
        "presale" => "not on hand: promised out of what is to come".to_owned(),
        "order_paid_late" | "order_promised_late" => "paid late: on hand then".to_owned(),
        "pick_shorted" => "missing at the pick".to_owned(),
        "review_routed" => "routed after review".to_owned(),
        other => other.replace('_', " "),
    }
}

/// `POT:3 from HGH with ZTO, due 2026-12-01`.
fn ships(ships: &ShipsSeen) -> String {
    let lines: Vec<String> = ships.lines.iter().map(|(sku, units)| format!("{sku}:{units}")).collect();
    let due = ships.due.map(|day| format!(", due {day}")).unwrap_or_default();
    format!("{} from {} with {}{due}", lines.join(" "), ships.warehouse, ships.carrier)
}

/// `HGH with ZTO + CAN with SF (MUG:1)`: the content of a parcel is shown when there are several.
fn parcels(plan: &Candidate) -> String {
    let several = plan.parcels.len() > 1;
    let parcel = |parcel: &stockade_core::reply::CandidateParcel| {
        let way = format!("{} with {}", parcel.warehouse, parcel.carrier);
        if !several {
            return way;
        }
        let lines: Vec<String> = parcel.lines.iter().map(|(sku, units)| format!("{sku}:{units}")).collect();
        format!("{way} ({})", lines.join(" "))
    };
    plan.parcels.iter().map(parcel).collect::<Vec<_>>().join(" + ")
}

fn could_send(seen: &WarehouseSeen, wanted: &[(Code, Units)]) -> String {
    let all = seen.stock.iter().zip(wanted).all(|(here, (_, wanted))| here >= wanted);
    if all {
        return "all of it".to_owned();
    }
    let some = seen.stock.iter().zip(wanted).filter(|(here, _)| !here.is_zero());
    let some: Vec<String> = some.map(|(here, (sku, wanted))| format!("{sku} {here} of {wanted}")).collect();
    if some.is_empty() { "nothing".to_owned() } else { some.join(", ") }
}

fn reason(reason: &OutReason, told: &Explanation) -> String {
    let to = told.asked.zone.as_ref().map_or("there", Code::as_str);
    match reason {
        OutReason::Lacks { short } => {
            let short: Vec<String> =
                short.iter().map(|(sku, wanted, here)| format!("{sku} ({here} of {wanted})")).collect();
            format!("lacks {}", short.join(", "))
        }
        OutReason::Banned { carrier } => format!("a ban forbids {carrier} from here to {to}"),
        OutReason::NoRate => format!("no rate from here to {to}"),
        OutReason::OtherCarrier { wanted } => {
            format!("the order wants {wanted}, which does not ship from here to {to}")
        }
        OutReason::Ceiling { carrier, cost, ceiling } => {
            format!("one parcel with {carrier} would cost {cost}, its ceiling is {ceiling}")
        }
        OutReason::ParcelLimit { most: 1 } => "the order is one parcel only".to_owned(),
        OutReason::ParcelLimit { most } => format!("the order is at most {}", counted(*most, "parcel")),
        OutReason::PickedShort => "the units were missing at the pick here".to_owned(),
        OutReason::NoBetter { by } if *by == Money::ZERO => "scores the same; the first found is taken".to_owned(),
        OutReason::NoBetter { by } => format!("scores {by} more"),
        OutReason::OwnFirst { by } => format!("own stock comes first, though it scores {by} less by prices"),
    }
}

/// What makes the second plan score more, part by part.
fn difference(chosen: &ScoreParts, second: &ScoreParts) -> String {
    let parts = [
        ("money", chosen.money, second.money),
        ("time", chosen.time, second.time),
        ("balance", chosen.balance, second.balance),
        ("prices", chosen.prices, second.prices),
        ("preference", chosen.preference, second.preference),
    ];
    let changed = parts.iter().filter(|(_, a, b)| a != b);
    let words: Vec<String> = changed
        .map(|(name, a, b)| {
            let by = Money(b.0 - a.0);
            if by > Money::ZERO { format!("{name} +{by}") } else { format!("{name} {by}") }
        })
        .collect();
    if words.is_empty() { "the same in every part".to_owned() } else { words.join(", ") }
}

fn less(a: Money, b: Money) -> Money {
    Money(a.0 - b.0)
}
