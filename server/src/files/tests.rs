//! Tables in random dress: whatever the encoding, the line ends, the separator and the quotes, the cells read back are the
//! cells written, and a stray quote never costs a row without a word.

use std::io::{Cursor, Write};
use std::path::PathBuf;

use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::columns::{Column, TableKind};
use super::delimited::Quotes;
use super::{FileFault, Reading, Sheet, read_stock};

const TEXTS: TableKind = TableKind {
    name: "texts",
    columns: &[
        Column { name: "first", required: true },
        Column { name: "second", required: true },
        Column { name: "third", required: true },
    ],
};

/// How a table is written.
#[derive(Clone, Debug)]
pub(super) struct Dress {
    encoding: &'static str,
    line_end: &'static str,
    separator: char,
    always_quoted: bool,
    ended: bool,
    pub(super) zipped: bool,
}

pub(super) fn dress() -> impl Strategy<Value = Dress> {
    let encodings = vec!["utf-8", "utf-8 marked", "utf-16le", "utf-16be", "gbk", "gb18030"];
    let parts = (
        prop::sample::select(encodings),
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        prop::sample::select(vec![',', ';', '\t']),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    parts.prop_map(|(encoding, line_end, separator, always_quoted, ended, zipped)| Dress {
        encoding,
        line_end,
        separator,
        always_quoted,
        ended,
        zipped,
    })
}

/// Text without spaces at its ends, in which a line may break.
fn cell() -> impl Strategy<Value = String> {
    let texts = "[a-zA-Z0-9,;\"\u{4e00}-\u{4e80}][ a-z0-9,;\"\t\n\u{4e00}-\u{4e80}]{0,12}";
    texts.prop_map(|text| text.trim().to_owned())
}

impl Dress {
    fn write(&self, rows: &[[String; 3]]) -> Vec<u8> {
        let header = ["first", "second", "third"].map(str::to_owned).to_vec();
        self.lines(std::iter::once(header).chain(rows.iter().map(|row| row.to_vec())))
    }

    /// A file of these lines.
    pub(super) fn lines(&self, rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
        let line = |row: Vec<String>| {
            row.iter().map(|cell| self.cell(cell)).collect::<Vec<_>>().join(&self.separator.to_string())
        };
        let lines: Vec<String> = rows.map(line).collect();
        let end = if self.ended { self.line_end } else { "" };
        let bytes = self.encoded(&(lines.join(self.line_end) + end));
        if !self.zipped {
            return bytes;
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&bytes).unwrap();
        packed.finish().unwrap()
    }

    fn cell(&self, text: &str) -> String {
        let special = |c: char| c == self.separator || c == '"' || c == '\n';
        if !self.always_quoted && !text.contains(special) {
            return text.to_owned();
        }
        format!("\"{}\"", text.replace('"', "\"\"").replace('\n', self.line_end))
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            "utf-8" => text.as_bytes().to_vec(),
            "utf-8 marked" => format!("\u{feff}{text}").into_bytes(),
            "utf-16le" => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect(),
            name => encoding_rs::Encoding::for_label(name.as_bytes()).unwrap().encode(text).0.into_owned(),
        }
    }

    pub(super) fn reading(&self, quotes: Quotes) -> Reading {
        let named = matches!(self.encoding, "gbk" | "gb18030");
        let encoding = named.then(|| encoding_rs::Encoding::for_label(self.encoding.as_bytes()).unwrap());
        Reading { encoding, quotes, ..Reading::default() }
    }
}

fn read(bytes: &[u8], reading: &Reading) -> Result<Vec<[String; 3]>, FileFault> {
    let (_dir, path) = file("t.csv", bytes);
    let cells = |row: &super::Row<'_>| {
        Ok([0, 1, 2].map(|column| row.cell(column).map_or(String::new(), |cell| cell.text.to_owned())))
    };
    Ok(Sheet::open(&path, &TEXTS, reading)?.table(cells)?.rows)
}

pub(super) fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_table_reads_back_as_written_in_any_dress(
        dress in dress(),
        rows in prop::collection::vec([cell(), cell(), cell()], 1..12),
    ) {
        let rows: Vec<[String; 3]> = rows.into_iter().filter(|row| !row.iter().all(String::is_empty)).collect();
        let found = read(&dress.write(&rows), &dress.reading(Quotes::Yes));
        prop_assert_eq!(found.map_err(|fault| fault.to_string()), Ok(rows));
    }

    #[test]
    fn a_file_cut_anywhere_loses_no_row_without_a_word(
        dress in dress(),
        rows in prop::collection::vec([cell(), cell(), cell()], 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let rows: Vec<[String; 3]> = rows.into_iter().filter(|row| !row.iter().all(String::is_empty)).collect();
        let bytes = dress.write(&rows);
        let (_dir, path) = file("t.csv", &bytes[..cut.index(bytes.len())]);
        let cells = |row: &super::Row<'_>| {
            Ok([0, 1, 2].map(|column| row.cell(column).map_or(String::new(), |cell| cell.text.to_owned())))
        };
        let read = Sheet::open(&path, &TEXTS, &dress.reading(Quotes::Yes)).and_then(|sheet| sheet.table(cells));
        if let Ok(table) = read {
            prop_assert!(!dress.zipped, "a packed file that is cut is no file");
            let Some((last, before)) = table.rows.split_last() else { return Ok(()) };
            prop_assert_eq!(before, &rows[..before.len()]);
            let written = &rows[before.len()];
            prop_assert!(last.iter().zip(written).all(|(read, written)| written.starts_with(read.as_str())));
            // Only a cell that the cut goes through can be shorter than it was.
            let lacks = last.iter().zip(written).any(|(read, written)| read.is_empty() && !written.is_empty());
            let noted = table.notes.iter().any(|note| note.contains("may be cut off"));
            prop_assert!(noted || !lacks, "{:?} of {:?}: {:?}", last, written, table.notes);
        }
    }

    #[test]
    fn stray_quotes_never_cost_a_row_without_a_word(
        rows in prop::collection::vec(prop::array::uniform3("[a-z]{1,4}"), 1..10),
        stray in prop::collection::vec((0usize..10, 0usize..3, any::<bool>()), 1..4),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let mut written = rows.clone();
        for (row, column, at_the_end) in stray {
            let row = row % rows.len();
            let cell = &mut written[row][column];
            if at_the_end { cell.push('"') } else { cell.insert(0, '"') }
        }
        let lines: Vec<String> = written.iter().map(|row| row.join(",")).collect();
        let text = format!("first,second,third{line_end}{}{line_end}", lines.join(line_end));
        if let Ok(found) = read(text.as_bytes(), &Reading::default()) {
            prop_assert_eq!(found.len(), rows.len(), "{}", text);
        }
        let plain = Reading { quotes: Quotes::No, ..Reading::default() };
        prop_assert_eq!(read(text.as_bytes(), &plain).map_err(|fault| fault.to_string()), Ok(written));
    }
}

#[test]
fn an_open_quote_is_a_fault_at_the_line_where_it_begins() {
    for (text, says) in [
        (
            "first,second,third\na,b,c\nd,\"e,f\ng,h,i\n",
            "t.csv, line 3, column `second`: the quote that begins this cell is never closed",
        ),
        (
            "first,second,third\na,\"b,c\nd,e\",f\n",
            "line 2, column `second`: the quote that begins this cell closes after 1 further line",
        ),
        ("first,second,third\na,b,\"c\nd\",e,f\n", "line 2: the row has 5 cells"),
        ("first,second,third\n\"a,b,c\nd,e,f\"\n", "line 2, column `first`: the row goes on for 1 further line"),
        ("first,second,third\n\"a\" b,\"c, d\" e,f\n", "line 2, column `second`: text follows the quote"),
    ] {
        let fault = read(text.as_bytes(), &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains(says), "`{fault}` does not say `{says}`");
    }
    let rows = read(b"first,second,third\n\"Mug\" blue,12\" long, \"x, y\" \n", &Reading::default()).unwrap();
    assert_eq!(rows, [["\"Mug\" blue".to_owned(), "12\" long".to_owned(), "x, y".to_owned()]]);
}

#[test]
fn a_file_that_is_no_table_is_named_as_what_it_is() {
    for (bytes, says) in [
        (&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], "old Excel (.xls)"),
        (b"%PDF-1.7", "is a PDF"),
        (b"<html><table>", "is HTML"),
        (b"\xef\xbb\xbf{\"a\": 1}", "is JSON"),
        (&archive(&[("a.csv", "sku,warehouse,on_hand\n")]), "is a ZIP archive and no workbook"),
        (b"s\0k\0u\0,\0", "say --encoding utf-16le"),
        (b"\0s\0k\0u\0,", "say --encoding utf-16be"),
        (b"sku,warehouse,on_hand\n\xba\xec,HGH,5\n", "line 2, column `sku`: is not text in the encoding of the file"),
    ] {
        let (_dir, path) = file("s.csv", bytes);
        let fault = read_stock(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains(says), "`{fault}` does not say `{says}`");
    }
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(*name, stored).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook of Excel with sheets of rows, in the cells of which numbers stand as they are.
pub(super) fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    const TYPES: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let each = |make: &dyn Fn(usize, &str) -> String| -> String {
        sheets.iter().enumerate().map(|(n, (name, _))| make(n + 1, name)).collect()
    };
    let entries = each(&|n, name| format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"r{n}\"/>"));
    let links = each(&|n, _| {
        format!("<Relationship Id=\"r{n}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>")
    });
    let styles = format!(
        "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
    );
    let mut files = vec![
        ("[Content_Types].xml".to_owned(), format!("<Types xmlns=\"{TYPES}\"/>")),
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{LINKS}\"><Relationship Id=\"r1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{entries}</sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{LINKS}\">{links}<Relationship Id=\"s\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        ("xl/styles.xml".to_owned(), styles),
    ];
    for (n, (_, rows)) in sheets.iter().enumerate() {
        let sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
        files.push((format!("xl/worksheets/sheet{}.xml", n + 1), sheet));
    }
    archive(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
}

/// A row of a sheet; texts begin with `'`, times with `@`.
pub(super) fn row(number: usize, cells: &[&str]) -> String {
    let cell = |(at, cell): (usize, &&str)| {
        let place = format!("{}{number}", char::from(b'A' + at as u8));
        match (cell.strip_prefix('\''), cell.strip_prefix('@')) {
            (Some(text), _) => format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
            (_, Some(serial)) => format!("<c r=\"{place}\" s=\"1\"><v>{serial}</v></c>"),
            _ => format!("<c r=\"{place}\"><v>{cell}</v></c>"),
        }
    };
    format!("<row r=\"{number}\">{}</row>", cells.iter().enumerate().map(cell).collect::<String>())
}

#[test]
fn workbooks_of_excel_are_read_by_sheet_and_row() {
    let header = row(3, &["'sku", "'warehouse", "'on_hand"]);
    let stock = format!("{header}{}{}", row(4, &["'TEE-S", "'HGH", "10"]), row(5, &["123", "'CAN", "6"]));
    let (_dir, path) = file("stock.xlsx", &xlsx(&[("Notes", ""), ("Stock", &stock)]));
    let rows = read_stock(&path, &Reading::default()).unwrap().rows;
    let found: Vec<_> = rows.iter().map(|row| (row.line, row.sku.as_str(), row.on_hand.0)).collect();
    assert_eq!(found, [(4, "TEE-S", 10), (5, "123", 6)]);

    for (cells, says) in [
        (["'TEE-S", "'HGH", "2.5"], "stock.xlsx, line 4, column `on_hand`: `2.5` is not a whole number"),
        (["20261111001234567890", "'HGH", "1"], "line 4, column `sku`: `2.026111100123456"),
        (["'#N/A", "'HGH", "1"], "column `sku`: `#N/A` is a formula that failed"),
    ] {
        let (_dir, path) = file("stock.xlsx", &xlsx(&[("Stock", &format!("{header}{}", row(4, &cells)))]));
        let fault = read_stock(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains(says), "`{fault}` does not say `{says}`");
    }
    let (_dir, path) = file("two.xlsx", &xlsx(&[("Old", &stock), ("New", &stock)]));
    let fault = read_stock(&path, &Reading::default()).unwrap_err().to_string();
    assert!(fault.contains("has several sheets (Old, New): name one with --sheet"), "{fault}");
    let named = Reading { sheet: Some("New".to_owned()), ..Reading::default() };
    assert_eq!(read_stock(&path, &named).unwrap().rows.len(), 2);
}

#[test]
fn dates_and_fractions_of_a_workbook_are_no_ids_and_no_quantities() {
    let header = row(1, &["'sku", "'warehouse", "'on_hand"]);
    for (cells, says) in [
        (
            ["@46337", "'HGH", "1"],
            "column `sku`: `2026-11-11 00:00:00.000` is a date or time in the workbook and no text",
        ),
        (["12.5", "'HGH", "1"], "column `sku`: `12.5` is a number with a fraction in the workbook and no text"),
        (["'A", "@46337", "1"], "column `warehouse`: `2026-11-11 00:00:00.000` is a date or time in the workbook"),
        (
            ["'A", "'HGH", "@46337"],
            "column `on_hand`: `2026-11-11 00:00:00.000` is a date or time in the workbook: format",
        ),
    ] {
        let (_dir, path) = file("stock.xlsx", &xlsx(&[("Stock", &format!("{header}{}", row(2, &cells)))]));
        let fault = read_stock(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains(says), "`{fault}` does not say `{says}`");
        assert!(fault.contains("format the column as"), "{fault}");
    }
}

#[test]
fn a_stray_cell_far_from_the_table_is_named_and_takes_no_memory() {
    let stock = row(1, &["'sku", "'warehouse", "'on_hand"]) + &row(2, &["'TEE-S", "'HGH", "10"]);
    let stray = |cell: &str, number: u32| format!("<row r=\"{number}\"><c r=\"{cell}\">{}</c></row>", "<v>1</v>");
    for (cell, number, says) in [
        ("XFD1048576", 1_048_576, "sheet `Stock`, cell XFD1048576: a table has at most 1024 columns, up to AMJ"),
        ("AMJ1048576", 1_048_576, "line 1048576: the row has 1024 cells, the header only 3"),
    ] {
        let (_dir, path) = file("stray.xlsx", &xlsx(&[("Stock", &(stock.clone() + &stray(cell, number)))]));
        let fault = read_stock(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains(says), "`{fault}` does not say `{says}`");
    }
    // A cell that is only formatted is none.
    let formatted = stock.clone() + "<row r=\"1048576\"><c r=\"XFD1048576\" s=\"1\"/></row>";
    let (_dir, path) = file("formatted.xlsx", &xlsx(&[("Stock", &formatted)]));
    assert_eq!(read_stock(&path, &Reading::default()).unwrap().rows.len(), 1);
    // Rows far down are read as fast as those at the top.
    let (_dir, path) = file("far.xlsx", &xlsx(&[("Stock", &(stock + &row(1_000_000, &["'MUG", "'HGH", "2"])))]));
    let rows = read_stock(&path, &Reading::default()).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 1_000_000]);
}

#[test]
fn a_workbook_of_many_rows_is_read_once() {
    let mut sheet = row(1, &["'sku", "'warehouse", "'on_hand"]);
    for number in 2..60_002 {
        sheet += &row(number, &["'TEE-S", "'HGH", "10"]);
    }
    let (_dir, path) = file("many.xlsx", &xlsx(&[("Stock", &sheet)]));
    let begun = std::time::Instant::now();
    assert_eq!(read_stock(&path, &Reading::default()).unwrap().rows.len(), 60_000);
    // In quadratic time this takes minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn times_of_a_workbook_are_times_of_the_stated_zone() {
    let sheet = row(1, &["'first", "'second", "'third"]) + &row(2, &["@46337.5", "'x", "'y"]);
    let (_dir, path) = file("t.xlsx", &xlsx(&[("T", &sheet)]));
    let reading = Reading { zone: Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))), ..Reading::default() };
    let times = Sheet::open(&path, &TEXTS, &reading).unwrap().table(|row| row.time(0)).unwrap().rows;
    assert_eq!(times[0].unwrap().to_string(), "2026-11-11T04:00:00.000Z");
}

#[test]
fn workbooks_of_libreoffice_are_read() {
    const MANIFEST: &str = "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>";
    const CONTENT: &str = "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
        xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
        xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
        <table:table table:name=\"Stock\">\
        <table:table-row><table:table-cell office:value-type=\"string\"><text:p>sku</text:p></table:table-cell>\
        <table:table-cell office:value-type=\"string\"><text:p>warehouse</text:p></table:table-cell>\
        <table:table-cell office:value-type=\"string\"><text:p>on_hand</text:p></table:table-cell></table:table-row>\
        <table:table-row><table:table-cell office:value-type=\"string\"><text:p>TEE-S</text:p></table:table-cell>\
        <table:table-cell office:value-type=\"string\"><text:p>HGH</text:p></table:table-cell>\
        <table:table-cell office:value-type=\"float\" office:value=\"10\"><text:p>10</text:p></table:table-cell>\
        </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
    let bytes = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", MANIFEST),
        ("content.xml", CONTENT),
    ]);
    let (_dir, path) = file("stock.ods", &bytes);
    let rows = read_stock(&path, &Reading::default()).unwrap().rows;
    assert_eq!((rows[0].line, rows[0].sku.as_str(), rows[0].on_hand.0), (2, "TEE-S", 10));
}

#[test]
fn rows_that_mean_nothing_are_passed_over_as_asked_and_counted() {
    let text = "Stock list 2026-11-11,,\nsku,warehouse,on_hand\nTEE-S,HGH,5\n,HGH,3\n合计,,8\nTotal,HGH,8\n";
    let (_dir, path) = file("s.csv", text.as_bytes());
    let refused = read_stock(&path, &Reading::default()).unwrap_err().to_string();
    assert!(refused.contains("--header-line N"), "{refused}");
    let reading = Reading {
        header_line: 2,
        skip_without: vec!["sku", "warehouse"],
        skip_where: vec![("sku", "Total".to_owned())],
        ..Reading::default()
    };
    let table = read_stock(&path, &reading).unwrap();
    assert_eq!((table.rows.len(), table.rows[0].line), (1, 3));
    assert!(table.notes[0].contains("3 rows passed over"), "{:?}", table.notes);
}

#[test]
fn times_with_and_without_a_zone_are_told_apart() {
    let text = "first,second,third\n2026-11-11 08:00:00 +0800,x,y\n2026/11/11 8:05,x,y\n";
    let (_dir, path) = file("t.csv", text.as_bytes());
    let table = Sheet::open(&path, &TEXTS, &Reading::default()).unwrap().table(|row| row.time(0)).unwrap();
    let times: Vec<String> = table.rows.iter().map(|time| time.unwrap().to_string()).collect();
    assert_eq!(times, ["2026-11-11T00:00:00.000Z", "2026-11-11T08:05:00.000Z"]);
    assert!(
        table.notes[0].contains("(line 2) and without one (line 3) are mixed; those without are taken as UTC"),
        "{:?}",
        table.notes
    );
}
