//! The report on a generated day.

use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reply::PlanView;

use super::page::{Page, Table};
use crate::demo::{DayShape, Played, Tally};
use crate::terminal::Output;

/// Prints the report on a generated day.
pub fn day(played: &Played, out: Output) {
    let Played { shape, tally, .. } = played;
    let mut page = Page::default();
    page.line("");
    page.table(&figures(played));
    if let Some((number, plan)) = &tally.telling {
        page.line("");
        explain(number, plan, &mut page);
    }
    page.line("");
    page.line(again(*shape));
    page.print(out);
}

/// The command that plays the same day: every number that shapes it.
fn again(shape: DayShape) -> String {
    let DayShape { seed, orders, skus, hot_units: _follows_from_the_orders } = shape;
    format!("The same day again: stockade demo --seed {seed} --orders {orders} --skus {skus}")
}

fn figures(played: &Played) -> Table {
    let Played { tally, orders, elapsed, found, .. } = played;
    let a_second = |n: u64| n as f64 / elapsed.as_secs_f64();
    let millis = |quantile: f64| tally.latency.value_at_quantile(quantile) as f64 / 1_000.0;
    let mut rows = Table::new(["the day", ""]);
    let mut row = |name: &str, value: String| rows.row([name.to_owned(), value]);
    row("orders answered", format!("{orders} in {elapsed:.1?}, the crash included"));
    row("calls answered", format!("{} ({:.0} a second)", tally.calls, a_second(tally.calls)));
    row("orders placed", format!("{} ({:.0} a second)", tally.placed, a_second(tally.placed)));
    row("answer to an order", format!("median {:.1} ms, p99 {:.1} ms, durable on disk", millis(0.5), millis(0.99)));
    routing(tally, &mut row);
    let mut refused: Vec<_> = tally.refused.iter().collect();
    refused.sort_unstable_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (code, count) in refused {
        row(&format!("refused: {code}"), count.to_string());
    }
    if let Some(crash) = &played.crash {
        row("killed at order", format!("{} (SIGKILL), back after {:.1?}", crash.at_order, crash.recovery));
        row("answered again after a retry", tally.replayed.to_string());
        row("lost of what was acknowledged", format!("{} of {}", crash.found.missing.len(), crash.found.checked));
    }
    row("checked at the end", format!("{} orders, {} not as acknowledged", found.checked, found.missing.len()));
    row("oversold units", played.oversold.to_string());
    rows
}

fn routing(tally: &Tally, row: &mut impl FnMut(&str, String)) {
    let share = |part: u64| 100.0 * part as f64 / tally.placed.max(1) as f64;
    let cost = Money(i64::try_from(tally.cost).unwrap_or(i64::MAX));
    row("split orders", format!("{} ({:.1} %), {} parcels", tally.split, share(tally.split), tally.parcels));
    row("cost of all parcels", format!("{cost} CNY, {:.2} an order", cost.0 as f64 / 1e6 / tally.placed.max(1) as f64));
    row("routes proven optimal", format!("{:.2} %", share(tally.proven)));
}

/// The plan of one order, parcel by parcel.
fn explain(number: &Code, plan: &PlanView, page: &mut Page) {
    let proof = if plan.proven { "proven: no other way scores less" } else { "the best found in its time" };
    page.line(format!("Why order {number} went out in {} parcels ({proof}):", plan.sub_orders.len()));
    for sub in &plan.sub_orders {
        let lines: Vec<String> = sub.lines.iter().map(|line| format!("{} × {}", line.units, line.sku)).collect();
        let parts = &sub.parts;
        page.line(format!("  {} by {} in {} h: {}", sub.warehouse, sub.carrier, sub.hours, lines.join(", ")));
        page.line(format!(
            "     {} = {} parcel + {} units + {} first kg + {} further kg ({} g)",
            sub.cost, parts.parcel, parts.unit, parts.first_kg, parts.further_kg, sub.weight_g
        ));
    }
    page.line(format!(
        "  together {}; score {}, and no plan can score less than {}",
        plan.cost, plan.score, plan.bound
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_day_takes_every_number_that_shapes_it() {
        let shape = DayShape { seed: 7, orders: 2_000, skus: 300, ..DayShape::default() };
        assert_eq!(again(shape), "The same day again: stockade demo --seed 7 --orders 2000 --skus 300");
    }
}
