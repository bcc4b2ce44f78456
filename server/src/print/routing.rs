//! The report on routing.

use stockade_core::reply::RoutingReport;

use super::page::Page;

/// Prints a report in words.
pub(super) fn told(report: &RoutingReport, page: &mut Page) {
    let of_orders = |n: u64| share(n, report.orders);
    let each = |n: f64| if report.orders == 0 { 0.0 } else { n / report.orders as f64 };
    page.line(format!(
        "{} in {} since the start: {} split, {} proven best when decided",
        counted(report.orders, "order"),
        counted(report.parcels, "parcel"),
        of_orders(report.split),
        of_orders(report.proven),
    ));
    page.line(format!("cost {}, {:.2} an order", report.cost, each(report.cost.0 as f64 / 1e6)));
    if report.measured == 0 {
        page.line("no decision has been solved again yet, so the gap is not known");
    } else {
        page.line(format!(
            "{} solved again: {} best to the last millionth; gap {} on average, {} at worst; {} of the gaps exact",
            counted(report.measured, "decision"),
            share(report.optimal, report.measured),
            percent(report.gap_mean_ppm),
            percent(report.gap_worst_ppm),
            share(report.exact, report.measured),
        ));
    }
    let (waiting, dropped) = (report.waiting, report.dropped);
    page.line(format!(
        "{} of the decisions are sampled; {waiting} waiting, {dropped} dropped",
        percent(report.sampled_ppm)
    ));
}

fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn share(n: u64, of: u64) -> String {
    if of == 0 { "none".to_owned() } else { format!("{:.1} %", 100.0 * n as f64 / of as f64) }
}

fn percent(ppm: u64) -> String {
    // Gaps are small: as many decimals as say something.
    let text = format!("{:.4}", ppm as f64 / 1e4);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_like_words() {
        assert_eq!(
            [counted(0, "order"), counted(1, "order"), counted(2, "order")],
            ["0 orders", "1 order", "2 orders"]
        );
        assert_eq!([0, 1, 250, 10_000].map(percent), ["0 %", "0.0001 %", "0.025 %", "1 %"]);
    }
}
