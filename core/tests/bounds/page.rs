//! The page of limits and the constants.

use stockade_core::limits::*;
use stockade_core::time::{Day, Span, Time};

/// Name and figure of each bound, as a page writes it.
macro_rules! figures {
    ($($name:ident),+ $(,)?) => {
        vec![$((stringify!($name), figure(&format!("{:?}", $name), stringify!($name)))),+]
    };
}

fn figure(value: &str, name: &str) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().unwrap();
    match name {
        "DAY_MAX" => Day(number as u32).to_string(),
        "TIME_MAX" => Time(number).to_string(),
        "HOLD_TTL" | "HOLD_TTL_MAX" | "SKEW" | "SKEW_MAX" | "PAST_MAX" | "PRICE_SPAN_MIN" | "PRICE_SPAN_MAX" => {
            Span(number).to_string()
        }
        _ if name.contains("BYTES") && number >= 1 << 20 && number.is_multiple_of(1 << 20) => {
            format!("{} MiB", number >> 20)
        }
        _ if name.contains("BYTES") && number >= 1 << 10 && number.is_multiple_of(1 << 10) => {
            format!("{} KiB", number >> 10)
        }
        _ => grouped(&digits),
    }
}

fn grouped(digits: &str) -> String {
    let groups: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|g| String::from_utf8(g.to_vec()).unwrap()).collect();
    groups.join(",")
}

#[test]
fn the_page_of_limits_gives_every_bound_and_its_figure() {
    let figures = figures![
        CODE_CHARS_MAX,
        CODE_BYTES_MAX,
        ORDER_LINES_MAX,
        LINE_UNITS_MAX,
        MOVEMENT_UNITS_MAX,
        COMMAND_LINES_MAX,
        COUNT_MOVES_MAX,
        COUNT_EXCEPT_MAX,
        PAGE_ROWS_MAX,
        CELL_UNITS_MAX,
        CELL_RECEIPTS_MAX,
        CELL_RECEIPTS_EVER,
        CELL_PROMISES_EVER,
        CELL_RECEIPTS_PROMISED_EVER,
        HANDED_MAX,
        PLAN_CELLS_MAX,
        AFFECTED_LOOKS_MAX,
        ORDER_SUBS_MAX,
        ORDER_PARTS_MAX,
        ORDER_CHANGES_MAX,
        UNPLACED_PAYMENTS_MAX,
        UNPLACED_OPEN_MAX,
        SKUS_MAX,
        RULES_EVER,
        PREFERRED_MAX,
        HOURS_MAX,
        GRAMS_MAX,
        AMOUNT_MICROS_MAX,
        WEIGHT_MICROS_MAX,
        PRICE_SPAN_MIN,
        PRICE_SPAN_MAX,
        PRICE_SAMPLE_MIN,
        PRICE_SAMPLE_MAX,
        WAREHOUSES_MAX,
        CARRIERS_MAX,
        CHANNELS_MAX,
        POOLS_MAX,
        RULES_BYTES_MAX,
        REASON_BYTES_MAX,
        FRAME_BYTES_MAX,
        BATCH_BYTES_SOFT,
        BATCH_BYTES_MAX,
        LOG_BACKLOG_BYTES,
        LOG_RESERVED_BYTES,
        RING_BYTES,
        STOCK_SHARDS,
        KEY_SHARDS,
        REPLANS_MAX,
        PLAN_UNDER_LOCKS_LINES,
        PLAN_UNDER_LOCKS_LANES,
        PLAN_UNDER_LOCKS_WORK,
        LOCKED_WORK_MAX,
        APPLY_WORK,
        QUOTE_EXACT_WORK,
        CELL_HISTORY,
        HOLD_TTL,
        HOLD_TTL_MAX,
        SKEW,
        SKEW_MAX,
        PAST_MAX,
        DAY_MAX,
        TIME_MAX,
    ];
    let source = include_str!("../../src/limits.rs");
    let declared = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let known: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
    for name in declared {
        assert!(known.contains(&name), "{name} is a bound that this test and the page of limits do not know");
    }
    let page = include_str!("../../../docs/src/guide/limits.md");
    for (name, figure) in figures {
        let row = page.lines().find(|line| line.contains(&format!("`{name}`")));
        let row = row.unwrap_or_else(|| panic!("the page of limits has no row for {name}"));
        let written: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(written.contains(&figure.as_str()), "{name} is {figure}, the page says: {row}");
    }
}
