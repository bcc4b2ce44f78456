//! An order file, read order by order.

use std::collections::VecDeque;
use std::path::Path;

use stockade_core::ids::Code;

use super::assembly::Assembly;
use super::fault::FileFault;
use super::flags::OrderReading;
use super::orders::{CHANNEL, KIND, ORDERS, OrderRecord};
use super::sheet::Sheet;

/// An open order file.
pub struct OrderSheet {
    sheet: Sheet,
    assembly: Assembly,
    /// Orders that are read and not given out yet.
    ready: VecDeque<OrderRecord>,
    ended: bool,
}

impl OrderSheet {
    /// Opens an order file. Rows next to each other make an order, or all rows of it wherever they stand when the reading
    /// gathers them.
    ///
    /// # Errors
    /// When the file cannot be read, or lacks a column.
    pub fn open(path: &Path, reading: &OrderReading) -> Result<OrderSheet, FileFault> {
        let sheet = Sheet::open(path, &ORDERS, &reading.table)?;
        Ok(OrderSheet { sheet, assembly: Assembly::new(reading), ready: VecDeque::new(), ended: false })
    }

    /// The first channel by name that any row names which counts: a world made for the file begins with it.
    ///
    /// # Errors
    /// When the file cannot be read, or lacks a column.
    pub fn first_channel(path: &Path, reading: &OrderReading) -> Result<Option<Code>, FileFault> {
        let mut sheet = Sheet::open(path, &ORDERS, &reading.table)?;
        let mut first: Option<Code> = None;
        while let Some(row) = sheet.next_row()? {
            let is_skipped = row.cell(KIND).is_some_and(|kind| reading.skip_kinds.iter().any(|skip| skip == kind.text));
            // A channel that is wrong is told when the orders are read.
            if !is_skipped && let Ok(Some(channel)) = row.code(CHANNEL) {
                first = Some(first.map_or(channel.clone(), |first| first.min(channel)));
            }
        }
        Ok(first)
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
    /// When a row is wrong, or does not fit the other rows of its order.
    pub fn next_order(&mut self) -> Result<Option<OrderRecord>, FileFault> {
        while self.ready.is_empty() && !self.ended {
            if self.sheet.take_row()? {
                self.assembly.take(&self.sheet.row(), self.sheet.is_passed_over(), &mut self.ready)?;
            } else {
                self.assembly.close(&mut self.ready);
                self.ended = true;
            }
        }
        Ok(self.ready.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::columns::ColumnNames;
    use super::super::flags::Reading;
    use super::*;

    fn open(dir: &Path, name: &str, bytes: &[u8], columns: &[&str], skip: &[&str]) -> Result<OrderSheet, FileFault> {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        let owned = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let names = ColumnNames::parse(&owned(columns), &ORDERS, &[&ORDERS]).unwrap();
        let table = Reading { names, ..Reading::default() };
        OrderSheet::open(&path, &OrderReading { table, skip_kinds: owned(skip), ..OrderReading::default() })
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

    const PLAIN: &str = "order_id,sku,qty,zone\nA,S1,1,Z\nA,S2,2,\nB,S1,-3,\nC,S1,1,Z\n";
    const SEEN: &str = "A/Sale/Z: 1xS1@2 2xS2@3; B/Sale/-: -3xS1@4; C/Sale/Z: 1xS1@5";

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

    fn assembled(text: &str, gather: bool, channel: Option<&str>) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o.csv");
        fs::write(&path, text).unwrap();
        let (table, skip_kinds) = (Reading::default(), vec!["refunded".to_owned()]);
        let reading = OrderReading { table, skip_kinds, gather, channel: channel.map(|code| Code::new(code).unwrap()) };
        let orders = all(OrderSheet::open(&path, &reading)).map_err(|fault| fault.to_string())?;
        let channel = |order: &OrderRecord| order.channel.as_ref().map_or("-".to_owned(), ToString::to_string);
        let each = orders.iter().map(|order| format!("{} {}", channel(order), summary(std::slice::from_ref(order))));
        Ok(each.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn rows_of_an_order_that_stand_apart_are_refused_with_both_lines_unless_gathered() {
        for (text, gathered) in [
            ("order_id,sku,qty\nA,S,1\nB,S,1\nA,T,2\n", "web A/Sale/-: 1xS@2 2xT@4; web B/Sale/-: 1xS@3"),
            // The default fills the first channel, or the last.
            ("order_id,sku,qty,channel\nA,S,1,\nB,S,1,\nA,T,2,web\n", "web A/Sale/-: 1xS@2 2xT@4; web B/Sale/-: 1xS@3"),
            ("order_id,sku,qty,channel\nA,S,1,web\nB,S,1,\nA,T,2,\n", "web A/Sale/-: 1xS@2 2xT@4; web B/Sale/-: 1xS@3"),
            (
                "order_id,sku,qty,channel\nA,S,1,live\nB,S,1,\nA,T,2,\n",
                "live A/Sale/-: 1xS@2 2xT@4; web B/Sale/-: 1xS@3",
            ),
            (
                "order_id,sku,qty,kind\nA,S,1,sale\nA,,,cancel\nA,T,2,sale\n",
                "web A/Sale/-: 1xS@2 2xT@4; web A/Cancel/-: ",
            ),
        ] {
            let torn = assembled(text, false, Some("web")).unwrap_err();
            assert!(torn.contains("o.csv, line 4: order A begins in line 2") && torn.contains("--gather"), "{torn}");
            assert_eq!(assembled(text, true, Some("web")).unwrap(), gathered, "{text}");
        }
        // Rows next to each other are one order, also where the default fills the channel of some.
        let text = "order_id,sku,qty,channel\nA,S,1,\nA,T,2,web\nA,U,3,\nA,S,1,live\n";
        for gather in [false, true] {
            let found = assembled(text, gather, Some("web")).unwrap();
            assert_eq!(found, "web A/Sale/-: 1xS@2 2xT@3 3xU@4; live A/Sale/-: 1xS@5");
            let unnamed = assembled(text, gather, None).unwrap_err();
            assert!(unnamed.contains("line 3: the channel `web` is named here, but none in line 2"), "{unnamed}");
        }
        // A cancellation is of the whole order: its rows lose nothing when they stand apart.
        let text = "order_id,sku,qty,kind\nA,,,cancel\nB,,,cancel\nA,,,cancel\n";
        assert_eq!(assembled(text, false, None).unwrap(), "- A/Cancel/-: ; - B/Cancel/-: ; - A/Cancel/-: ");
    }

    #[test]
    fn rows_that_are_skipped_do_not_separate_those_of_an_order() {
        let text = "order_id,sku,qty,kind,zone\nA,S,1,sale,\nF,FEE,1,refunded,west\nA,T,2,,\nA,FEE,1,refunded,\n\
                    A,U,3,sale,\nF,S,1,sale,\nA,FEE,1,refunded,\nF,T,1,sale,\nF,FEE,1,,\n";
        for gather in [false, true] {
            let found = assembled(text, gather, None).unwrap();
            assert_eq!(found, "- A/Sale/-: 1xS@2 2xT@4 3xU@6; - F/Sale/-: 1xS@7 1xT@9 1xFEE@10");
        }
        // Rows that are passed over say of their order what they can, wherever they stand.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o.csv");
        fs::write(&path, "order_id,sku,qty,zone\nB,,,west\nA,S,1,east\nB,,,\nA,T,1,\nB,S,1,\nA,,,\nB,T,1,\n").unwrap();
        for gather in [false, true] {
            let table = Reading { skip_without: vec!["sku"], ..Reading::default() };
            let orders =
                all(OrderSheet::open(&path, &OrderReading { table, gather, ..OrderReading::default() })).unwrap();
            let mut found: Vec<String> = orders.iter().map(|order| summary(std::slice::from_ref(order))).collect();
            found.sort();
            assert_eq!(found, ["A/Sale/east: 1xS@3 1xT@5", "B/Sale/west: 1xS@6 1xT@8"]);
        }
    }

    #[test]
    fn an_empty_cell_means_what_the_order_says_in_its_earlier_rows() {
        let text = "order_id,sku,qty,kind,zone,channel\nA,S,1,refunded,,\nB,S,1,,west,live\nA,T,2,,,\nB,T,1,,,\n";
        assert_eq!(assembled(text, true, Some("web")).unwrap(), "live B/Sale/west: 1xS@3 1xT@5");
        let adjacent = "order_id,sku,qty,kind,zone\nA,S,1,refunded,\nA,T,2,,\nB,S,1,,\nB,T,1,,west\n";
        for gather in [false, true] {
            assert_eq!(assembled(adjacent, gather, None).unwrap(), "- B/Sale/west: 1xS@4 1xT@5");
        }
        let unclear = "order_id,sku,qty,kind\nA,S,1,sale\nA,,,cancel\nB,S,1,\nA,T,1,\n";
        for gather in [false, true] {
            let fault = assembled(unclear, gather, None).unwrap_err();
            assert!(fault.contains("line 5: the kind is empty, and lines 2 and 3 of A differ in it"), "{fault}");
        }
    }

    #[test]
    fn rows_of_an_order_that_contradict_each_other_are_refused_with_both_lines() {
        for column in ["zone", "customer"] {
            let text = format!("order_id,sku,qty,{column}\nA,S,1,X\nA,T,1,\nA,U,1,Y\n");
            for gather in [false, true] {
                let fault = assembled(&text, gather, None).unwrap_err();
                let says = format!("line 4, column `{column}`: `Y` here, but `X` in line 2 of the same order");
                assert!(fault.contains(&says), "{fault}");
            }
        }
    }
}
