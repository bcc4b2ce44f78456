//! `orders.csv`: `order_id,sku,qty` and optional `ts,channel,customer,zone,priority,kind`.

use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::time::Time;

use super::columns::ColumnNames;
use super::fault::FileFault;
use super::sheet::{Column, Row, Sheet};
use super::times::parse_time;

/// What the rows of an order ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderKind {
    /// Place the order.
    Sale,
    /// Cancel the order of that id.
    Cancel,
}

/// Consecutive rows of one id and kind. Where rows differ, the first row counts.
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
    next: Option<OrderRecord>,
    ended: bool,
}

const COLUMNS: [Column; 9] = [
    Column { name: "order_id", required: true },
    Column { name: "sku", required: true },
    Column { name: "qty", required: true },
    Column { name: "ts", required: false },
    Column { name: "channel", required: false },
    Column { name: "customer", required: false },
    Column { name: "zone", required: false },
    Column { name: "priority", required: false },
    Column { name: "kind", required: false },
];

impl OrderSheet {
    /// The columns it knows.
    pub fn column_names() -> Vec<&'static str> {
        COLUMNS.iter().map(|column| column.name).collect()
    }

    /// Opens an order file. Rows of a kind in `skip` are ignored.
    pub fn open(path: &Path, names: &ColumnNames, skip: &[String]) -> Result<OrderSheet, FileFault> {
        let sheet = Sheet::open(path, &COLUMNS, names)?;
        Ok(OrderSheet { sheet, skip: skip.to_vec(), next: None, ended: false })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.sheet.path()
    }

    /// The next order, or `None` at the end.
    pub fn next_order(&mut self) -> Result<Option<OrderRecord>, FileFault> {
        let mut order = self.next.take();
        while !self.ended {
            let Some(row) = self.sheet.next_row()? else {
                self.ended = true;
                break;
            };
            let Some(kind) = kind(&row, &self.skip)? else { continue };
            let number = row.required(0)?;
            match &mut order {
                Some(order) if order.number.as_str() == number.text && order.kind == kind => {
                    order.lines.push(line(&row)?)
                }
                Some(_) => {
                    self.next = Some(begin(&row, kind)?);
                    break;
                }
                None => order = Some(begin(&row, kind)?),
            }
        }
        Ok(order)
    }
}

/// What the row asks for; `None` when its kind is skipped.
fn kind(row: &Row<'_>, skip: &[String]) -> Result<Option<OrderKind>, FileFault> {
    let Some(cell) = row.cell(8) else { return Ok(Some(OrderKind::Sale)) };
    match cell.text {
        kind if skip.iter().any(|skipped| skipped == kind) => Ok(None),
        "sale" => Ok(Some(OrderKind::Sale)),
        "cancel" => Ok(Some(OrderKind::Cancel)),
        other => {
            let reason =
                format!("`{other}` is neither sale nor cancel: pass --skip-kind {other} to leave such rows out");
            Err(cell.fault(reason))
        }
    }
}

fn begin(row: &Row<'_>, kind: OrderKind) -> Result<OrderRecord, FileFault> {
    Ok(OrderRecord {
        line: row.line,
        number: row.required(0)?.code()?,
        kind,
        ts: row.cell(3).map(|cell| parse_time(cell.text).map_err(|reason| cell.fault(reason))).transpose()?,
        channel: row.cell(4).map(|cell| cell.code()).transpose()?,
        customer: row.cell(5).map(|cell| cell.code()).transpose()?,
        zone: row.cell(6).map(|cell| cell.code()).transpose()?,
        lines: vec![line(row)?],
    })
}

fn line(row: &Row<'_>) -> Result<OrderRow, FileFault> {
    Ok(OrderRow { line: row.line, sku: row.required(1)?.code()?, qty: row.required(2)?.number()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn open(dir: &Path, name: &str, bytes: &[u8], columns: &[&str], skip: &[&str]) -> Result<OrderSheet, FileFault> {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        let names = ColumnNames::parse(columns, &OrderSheet::column_names()).unwrap();
        let skip: Vec<String> = skip.iter().map(|s| (*s).to_owned()).collect();
        OrderSheet::open(&path, &names, &skip)
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
        assert!(fault.contains("line 2, column `sku`: is not UTF-8"), "{fault}");
        let fault = all(open(dir.path(), "o.csv", b"\xff\xfeo\0", &[], &[])).unwrap_err().to_string();
        assert!(fault.contains("UTF-16"), "{fault}");
        let missing = OrderSheet::open(&dir.path().join("none.csv"), &ColumnNames::default(), &[]).err().unwrap();
        assert!(missing.to_string().contains("none.csv: cannot be read"), "{missing}");
    }
}
