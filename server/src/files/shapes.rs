//! Order files in the shapes of other systems, written from orders and read back as the same orders.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::delimited::Quotes;
use super::tests::{Dress, dress, file, row, xlsx};
use super::{FileFault, OrderReading, OrderRecord, OrderSheet, Reading};

const COLUMNS: [&str; 6] = ["order_id", "sku", "qty", "channel", "customer", "zone"];

/// An order as written, or as read.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Order {
    number: String,
    /// Channel, customer and zone; empty where the file does not say.
    about: [String; 3],
    lines: Vec<(String, i64)>,
}

/// How orders are put into rows.
#[derive(Clone, Debug)]
struct Shape {
    /// Codes are wrapped as `="00123"`.
    wrapped: bool,
    /// Only the first row of an order says what is of the whole order.
    sparse: bool,
}

fn order() -> impl Strategy<Value = Order> {
    let sku = prop::sample::select(vec!["TEE-S", "00123", "红色T恤", "A B", "say \"hi\"", "x,y;z", "123", "#7/8"]);
    let about = |codes: &'static [&'static str]| prop::sample::select(codes).prop_map(str::to_owned);
    let number = prop::sample::select(vec!["#", "00", "O-", "202611110000", "订单"]).prop_map(str::to_owned);
    let lines = prop::collection::vec((sku.prop_map(str::to_owned), -3..500i64), 1..5);
    let all = (number, about(&["web", "live"]), about(&["", "c1", "张三"]), about(&["", "west"]), lines);
    all.prop_map(|(number, channel, customer, zone, lines)| Order { number, about: [channel, customer, zone], lines })
}

/// Orders, and the places of their rows: the order of each row, from the first to the last row.
fn orders() -> impl Strategy<Value = (Vec<Order>, Vec<usize>)> {
    prop::collection::vec(order(), 1..7).prop_flat_map(|mut orders| {
        for (n, order) in orders.iter_mut().enumerate() {
            order.number.push_str(&n.to_string());
        }
        let owners = orders.iter().enumerate().flat_map(|(n, order)| vec![n; order.lines.len()]);
        let owners: Vec<usize> = owners.collect();
        (Just(orders), prop_oneof![Just(owners.clone()), Just(owners).prop_shuffle()])
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    (any::<bool>(), any::<bool>()).prop_map(|(wrapped, sparse)| Shape { wrapped, sparse })
}

impl Shape {
    /// The rows of orders, where each row belongs to the order that `owners` says.
    fn rows(&self, orders: &[Order], owners: &[usize]) -> Vec<Vec<String>> {
        let mut next = vec![0; orders.len()];
        let code = |code: &String| match self.wrapped && !code.contains('"') && !code.is_empty() {
            true => format!("=\"{code}\""),
            false => code.clone(),
        };
        let mut write = |owner: &usize| {
            let (order, at) = (&orders[*owner], next[*owner]);
            next[*owner] += 1;
            let (sku, qty) = &order.lines[at];
            let mut row = vec![code(&order.number), code(sku), qty.to_string()];
            row.extend(order.about.iter().map(|about| if self.sparse && at > 0 { String::new() } else { code(about) }));
            row
        };
        owners.iter().map(&mut write).collect()
    }
}

/// Orders as a file should be read: in the order of their first rows.
fn expected(orders: &[Order], owners: &[usize]) -> Vec<Order> {
    let mut seen = Vec::new();
    for owner in owners {
        if !seen.contains(owner) {
            seen.push(*owner);
        }
    }
    seen.into_iter().map(|owner| orders[owner].clone()).collect()
}

/// Whether the rows of each order are next to each other.
fn is_together(owners: &[usize]) -> bool {
    let changes = owners.windows(2).filter(|pair| pair[0] != pair[1]).count();
    changes + 1 == owners.iter().collect::<BTreeSet<_>>().len()
}

fn read((name, bytes): (&str, &[u8]), table: Reading, gather: bool) -> Result<Vec<Order>, FileFault> {
    let (_dir, path) = file(name, bytes);
    let mut sheet = OrderSheet::open(&path, &OrderReading { table, gather, ..OrderReading::default() })?;
    let mut orders = Vec::new();
    while let Some(order) = sheet.next_order()? {
        orders.push(told(&order));
    }
    Ok(orders)
}

fn told(order: &OrderRecord) -> Order {
    let about = [&order.channel, &order.customer, &order.zone];
    Order {
        number: order.number.to_string(),
        about: about.map(|code| code.as_ref().map_or(String::new(), ToString::to_string)),
        lines: order.lines.iter().map(|line| (line.sku.to_string(), line.qty)).collect(),
    }
}

fn header() -> Vec<String> {
    COLUMNS.map(str::to_owned).to_vec()
}

/// What a file of these rows must be read as, with and without gathering.
fn check(
    name: &str,
    (bytes, table): (&[u8], &Reading),
    (orders, owners): (&[Order], &[usize]),
) -> Result<(), TestCaseError> {
    let right = expected(orders, owners);
    let gathered = read((name, bytes), table.clone(), true);
    prop_assert_eq!(gathered.map_err(|fault| fault.to_string()), Ok(right.clone()));
    let plain = read((name, bytes), table.clone(), false).map_err(|fault| fault.to_string());
    if is_together(owners) {
        prop_assert_eq!(plain, Ok(right));
    } else {
        let fault = plain.expect_err("rows of an order that stand apart are refused");
        prop_assert!(fault.contains("--gather"), "{}", fault);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn orders_read_back_as_written_in_any_shape_of_text(
        (orders, owners) in orders(),
        shape in shape(),
        dress in dress(),
    ) {
        let rows = shape.rows(&orders, &owners);
        let bytes = Dress::lines(&dress, std::iter::once(header()).chain(rows));
        check("o.csv", (&bytes, &dress.reading(Quotes::Yes)), (&orders, &owners))?;
    }

    #[test]
    fn orders_read_back_as_written_in_a_workbook((orders, owners) in orders(), shape in shape()) {
        let escaped = |text: &String| format!("'{}", text.replace('&', "&amp;").replace('<', "&lt;"));
        let mut sheet = row(1, &COLUMNS.map(|name| format!("'{name}")).each_ref().map(String::as_str));
        for (at, cells) in shape.rows(&orders, &owners).iter().enumerate() {
            let cells: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(column, cell)| if column == 2 { cell.clone() } else { escaped(cell) })
                .collect();
            sheet += &row(at + 2, &cells.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let bytes = xlsx(&[("Orders", &sheet)]);
        check("o.xlsx", (&bytes, &Reading::default()), (&orders, &owners))?;
        let cut = read(("o.xlsx", &bytes[..bytes.len() - 1 - owners.len() * 7]), Reading::default(), true);
        prop_assert!(cut.is_err(), "a workbook that is cut is none");
    }
}
