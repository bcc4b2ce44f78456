//! `orders.csv`: `order_id,sku,qty` and optional `ts,channel,customer,zone,priority,kind`.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::time::Time;

use super::columns::{Column, TableKind};
use super::fault::FileFault;
use super::flags::OrderReading;
use super::sheet::{Row, Sheet};

/// What the rows of an order ask for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderKind {
    /// Place the order.
    Sale,
    /// Cancel the order of that id.
    Cancel,
}

/// Rows of one id, kind and channel. Where they differ otherwise, the first row counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRecord {
    /// The line of its first row.
    pub line: u64,
    /// The id.
    pub number: Code,
    /// What it asks for.
    pub kind: OrderKind,
    /// When it happens, if the file says.
    pub ts: Option<Time>,
    /// The channel, if the file says.
    pub channel: Option<Code>,
    /// The customer, if the file says.
    pub customer: Option<Code>,
    /// The destination zone, if the file says.
    pub zone: Option<Code>,
    /// SKUs and quantities in file order; without meaning for a cancellation.
    pub lines: Vec<OrderRow>,
}

/// A row of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The SKU.
    pub sku: Code,
    /// The quantity as written, which may be zero or negative.
    pub qty: i64,
}

/// An order file, read order by order.
pub struct OrderSheet {
    sheet: Sheet,
    skip: Vec<String>,
    gather: bool,
    /// Orders that are read and not given out yet.
    ready: VecDeque<OrderRecord>,
    before: Option<Before>,
    ended: bool,
}

/// The row before, for what the further rows of an order leave out.
struct Before {
    number: String,
    /// `None` when it is skipped.
    kind: Result<Option<OrderKind>, FileFault>,
    /// The order that begins with it, if the row itself is passed over.
    head: Option<OrderRecord>,
}

/// The table of orders.
pub const ORDERS: TableKind = TableKind {
    name: "orders",
    columns: &[
        Column { name: "order_id", required: true },
        Column { name: "sku", required: true },
        Column { name: "qty", required: true },
        Column { name: "ts", required: false },
        Column { name: "channel", required: false },
        Column { name: "customer", required: false },
        Column { name: "zone", required: false },
        Column { name: "priority", required: false },
        Column { name: "kind", required: false },
    ],
};

const ORDER_ID: usize = ORDERS.place("order_id");
const SKU: usize = ORDERS.place("sku");
const QTY: usize = ORDERS.place("qty");
const TS: usize = ORDERS.place("ts");
const CHANNEL: usize = ORDERS.place("channel");
const CUSTOMER: usize = ORDERS.place("customer");
const ZONE: usize = ORDERS.place("zone");
const KIND: usize = ORDERS.place("kind");

impl OrderSheet {
    /// Opens an order file. Rows next to each other make an order, or all rows of it wherever they stand when the reading
    /// gathers them.
    ///
    /// # Errors
    /// When the file cannot be read, or lacks a column.
    pub fn open(path: &Path, reading: &OrderReading) -> Result<OrderSheet, FileFault> {
        let sheet = Sheet::open(path, &ORDERS, &reading.table)?;
        let (skip, gather) = (reading.skip_kinds.clone(), reading.gather);
        Ok(OrderSheet { sheet, skip, gather, ready: VecDeque::new(), before: None, ended: false })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.sheet.path()
    }

    /// What the reader should know about the rows so far.
    pub fn notes(&self) -> Vec<String> {
        self.sheet.notes()
    }

    /// The next order, or `None` at the end.
    ///
    /// # Errors
    /// When a row is wrong.
    pub fn next_order(&mut self) -> Result<Option<OrderRecord>, FileFault> {
        if self.gather && !self.ended {
            self.gather()?;
        }
        while !self.ended && self.ready.len() < 2 {
            let Some((row, kind)) = self.next_row()? else { break };
            match self.ready.back_mut().filter(|order| order.takes(&row, kind)) {
                Some(order) => order.lines.extend(row.lines),
                None => self.ready.push_back(row),
            }
        }
        Ok(self.ready.pop_front())
    }

    /// Reads the whole file, each row into its order.
    fn gather(&mut self) -> Result<(), FileFault> {
        let mut places: HashMap<(Code, OrderKind), Vec<usize>> = HashMap::new();
        while let Some((row, kind)) = self.next_row()? {
            let places = places.entry((row.number.clone(), kind)).or_default();
            match places.iter().find(|place| self.ready[**place].takes(&row, kind)) {
                Some(place) => self.ready[*place].lines.extend(row.lines),
                None => {
                    places.push(self.ready.len());
                    self.ready.push_back(row);
                }
            }
        }
        Ok(())
    }

    /// The next row that is not skipped, as an order of its own.
    fn next_row(&mut self) -> Result<Option<(OrderRecord, OrderKind)>, FileFault> {
        while self.sheet.take_row()? {
            let row = self.sheet.row();
            let passed = self.sheet.is_passed_over();
            let number = match row.cell(ORDER_ID) {
                None if passed => continue,
                _ => row.required(ORDER_ID)?,
            };
            let before = self.before.take().filter(|before| before.number == number.text);
            let (inherited, head) = before.map_or((None, None), |before| (Some(before.kind), before.head));
            let kind = match (row.cell(KIND), inherited) {
                (None, Some(kind)) => kind,
                _ => kind(&row, &self.skip),
            };
            let number = number.text.to_owned();
            if passed {
                // A fault here matters only if further rows of the order depend on this one.
                let first = kind.clone().ok().flatten().and_then(|kind| self::head(&row, kind).ok());
                self.before = Some(Before { number, kind, head: head.or(first) });
                continue;
            }
            let kind = kind?;
            self.before = Some(Before { number, kind: Ok(kind), head: None });
            if let Some(kind) = kind {
                let order = OrderRecord { lines: lines(&row, kind)?, ..self::head(&row, kind)? };
                return Ok(Some((
                    match head {
                        Some(head) => order.begun_with(head),
                        None => order,
                    },
                    kind,
                )));
            }
        }
        self.ended = true;
        Ok(None)
    }
}

impl OrderRecord {
    /// This row as part of an order whose first row, passed over, says more.
    fn begun_with(self, head: OrderRecord) -> OrderRecord {
        OrderRecord {
            ts: head.ts.or(self.ts),
            channel: head.channel.or(self.channel),
            customer: head.customer.or(self.customer),
            zone: head.zone.or(self.zone),
            ..self
        }
    }

    /// Whether a row is part of this order.
    fn takes(&self, row: &OrderRecord, kind: OrderKind) -> bool {
        let same_channel = row.channel.is_none() || row.channel == self.channel;
        row.number == self.number && kind == self.kind && same_channel
    }
}

/// What the row asks for; `None` when its kind is skipped.
fn kind(row: &Row<'_>, skip: &[String]) -> Result<Option<OrderKind>, FileFault> {
    let Some(cell) = row.cell(KIND) else { return Ok(Some(OrderKind::Sale)) };
    match cell.text {
        kind if skip.iter().any(|skipped| skipped == kind) => Ok(None),
        "sale" => Ok(Some(OrderKind::Sale)),
        "cancel" => Ok(Some(OrderKind::Cancel)),
        other => {
            let reason = format!(
                "`{other}` is neither sale nor cancel: say --sale {other} or --cancel {other} if it means that, \
                 --skip-kind {other} to leave such rows out"
            );
            Err(cell.fault(reason))
        }
    }
}

/// What a row says of its order, without its line.
fn head(row: &Row<'_>, kind: OrderKind) -> Result<OrderRecord, FileFault> {
    Ok(OrderRecord {
        line: row.line,
        number: row.required(ORDER_ID)?.code()?,
        kind,
        ts: row.time(TS)?,
        channel: row.code(CHANNEL)?,
        customer: row.code(CUSTOMER)?,
        zone: row.code(ZONE)?,
        lines: Vec::new(),
    })
}

/// The line of a row. A cancellation is of the whole order, so it may name nothing.
fn lines(row: &Row<'_>, kind: OrderKind) -> Result<Vec<OrderRow>, FileFault> {
    let whole = row.cell(SKU).is_some() && row.cell(QTY).is_some();
    if whole || kind == OrderKind::Sale { Ok(vec![line(row)?]) } else { Ok(Vec::new()) }
}

fn line(row: &Row<'_>) -> Result<OrderRow, FileFault> {
    Ok(OrderRow { line: row.line, sku: row.required(SKU)?.code()?, qty: row.required(QTY)?.number()? })
}

#[cfg(test)]
mod tests {
    use super::super::columns::ColumnNames;
    use super::super::flags::Reading;
    use super::*;
    use std::fs;

    fn open(dir: &Path, name: &str, bytes: &[u8], columns: &[&str], skip: &[&str]) -> Result<OrderSheet, FileFault> {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        let owned = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let names = ColumnNames::parse(&owned(columns), &ORDERS, &[&ORDERS]).unwrap();
        let table = Reading { names, ..Reading::default() };
        OrderSheet::open(&path, &OrderReading { table, skip_kinds: owned(skip), gather: false })
    }

    fn all(sheet: Result<OrderSheet, FileFault>) -> Result<Vec<OrderRecord>, FileFault> {
        let mut sheet = sheet?;
        std::iter::from_fn(|| sheet.next_order().transpose()).collect()
    }

    fn summary(orders: &[OrderRecord]) -> String {
        let each = orders.iter().map(|o| {
            let lines: Vec<String> = o.lines.iter().map(|l| format!("{}x{}@{}", l.qty, l.sku, l.line)).collect();
            let zone = o.zone.as_ref().map_or("-", |z| z.as_str());
            format!("{}/{:?}/{zone}: {}", o.number, o.kind, lines.join(" "))
        });
        each.collect::<Vec<_>>().join("; ")
    }

    const PLAIN: &str = "order_id,sku,qty,zone\nA,S1,1,Z\nA,S2,2,Y\nB,S1,-3,\nA,S1,1,Z\n";
    const SEEN: &str = "A/Sale/Z: 1xS1@2 2xS2@3; B/Sale/-: -3xS1@4; A/Sale/Z: 1xS1@5";

    #[test]
    fn consecutive_rows_are_one_order() {
        let dir = tempfile::tempdir().unwrap();
        let orders = all(open(dir.path(), "o.csv", PLAIN.as_bytes(), &[], &[])).unwrap();
        assert_eq!(summary(&orders), SEEN);
    }

    #[test]
    fn spreadsheets_flavours_read_alike() {
        let dir = tempfile::tempdir().unwrap();
        let flavours = [
            format!("\u{feff}{PLAIN}").replace('\n', "\r\n"),
            PLAIN.replace(',', ";"),
            PLAIN.replace(',', "\t"),
            PLAIN.replace("order_id", " Order_ID "),
            PLAIN.replace("S1", "\"S1\"").trim_end().to_owned(),
        ];
        for flavour in &flavours {
            let orders = all(open(dir.path(), "o.csv", flavour.as_bytes(), &[], &[])).unwrap();
            assert_eq!(summary(&orders), SEEN, "{flavour:?}");
        }
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, flavours[0].as_bytes()).unwrap();
        let orders = all(open(dir.path(), "o.any", &gz.finish().unwrap(), &[], &[])).unwrap();
        assert_eq!(summary(&orders), SEEN);

        let sep = format!("sep=;\r\n{}", PLAIN.replace(',', ";"));
        let orders = all(open(dir.path(), "o.csv", sep.as_bytes(), &[], &[])).unwrap();
        assert_eq!(orders[2].lines[0].line, 6);
    }

    #[test]
    fn lines_are_counted_over_blank_and_quoted_ones() {
        let dir = tempfile::tempdir().unwrap();
        let text = "order_id,sku,qty,note\r\n\r\n,,,\r\nA,S1,1,\"two\r\nlines\"\r\n\r\nA,S2,2,\r\nB,S1,3";
        let orders = all(open(dir.path(), "o.csv", text.as_bytes(), &[], &[])).unwrap();
        assert_eq!(summary(&orders), "A/Sale/-: 1xS1@4 2xS2@7; B/Sale/-: 3xS1@8");
    }

    #[test]
    fn kinds_and_columns_are_chosen() {
        let dir = tempfile::tempdir().unwrap();
        let text = "order_id;sku;qty;country;kind;ts\nA;S;1;UK;sale;2010-12-01T08:26\nF;S;0;UK;fee;\nA;S;1;UK;cancel;2010-12-01T08:30\n";
        let orders = all(open(dir.path(), "o.csv", text.as_bytes(), &["zone=country"], &["fee"])).unwrap();
        assert_eq!(summary(&orders), "A/Sale/UK: 1xS@2; A/Cancel/UK: 1xS@4");
        assert_eq!(orders[1].ts.unwrap().since(orders[0].ts.unwrap()), stockade_core::time::Span::from_mins(4));
    }

    #[test]
    fn faults_name_file_line_and_column() {
        let dir = tempfile::tempdir().unwrap();
        for (text, columns, says) in [
            ("", vec![], "o.csv: is empty"),
            ("\u{1}\n", vec![], "o.csv, line 1: there is no column `order_id`, only"),
            ("order_id,sku\n", vec![], "there is no column `qty`"),
            ("order_id,sku,qty\n", vec!["zone=country"], "there is no column `country`"),
            ("order_id,sku,qty,qty\n", vec![], "occurs 2 times"),
            ("order_id,sku,qty\nA,S,1\nA,S,x\n", vec![], "o.csv, line 3, column `qty`: `x` is not a whole number"),
            ("order_id,sku,qty\nA,,1\n", vec![], "line 2, column `sku`: is empty"),
            ("order_id,sku,qty\nA,S\n", vec![], "line 2, column `qty`: is empty"),
            ("order_id,sku,qty\nA,S,1,000\n", vec![], "line 2: the row has 4 cells, the header only 3"),
            ("order_id,sku,qty,kind\nA,S,1,gift\n", vec![], "line 2, column `kind`: `gift` is neither"),
            ("order_id,sku,qty,ts\nA,S,1,now\n", vec![], "line 2, column `ts`: `now` is not a point in time"),
        ] {
            let fault = all(open(dir.path(), "o.csv", text.as_bytes(), &columns, &[])).unwrap_err().to_string();
            assert!(fault.contains(says), "`{fault}` does not say `{says}`");
        }
        let fault = all(open(dir.path(), "o.csv", b"order_id,sku,qty\nA,\xe9,1\n", &[], &[])).unwrap_err().to_string();
        assert!(fault.contains("line 2, column `sku`: is not text in the encoding"), "{fault}");
        let missing = OrderSheet::open(&dir.path().join("none.csv"), &OrderReading::default()).err().unwrap();
        assert!(missing.to_string().contains("none.csv: cannot be read"), "{missing}");
    }
}
