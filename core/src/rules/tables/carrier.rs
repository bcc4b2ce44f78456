//! `[[carrier]]`: who carries parcels.

use crate::ids::Code;
use crate::limits::CARRIERS_MAX;
use crate::rules::codes::Distinct;
use crate::rules::reader::{FileError, Table};

/// Takes the carriers out of a world file, each code once. There may be none.
pub(in crate::rules) fn read_carriers(file: &mut Table<'_, '_>) -> Result<Vec<Code>, FileError> {
    let mut distinct = Distinct::new("carrier", CARRIERS_MAX);
    let carriers = file.each("carrier", &[&["code"]], |mut table| {
        let code = table.code("code")?;
        distinct.added(table.required("code", code)?)
    })?;
    Ok(carriers.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::{Fault, Source};

    #[test]
    fn carriers_are_kept_in_file_order() {
        let read = |text: &str| read_carriers(&mut Table::root(&Source::new(text)?, &[&["carrier"]])?);
        let codes = read("[[carrier]]\ncode = \"Y\"\n[[carrier]]\ncode = \"X\"").unwrap();
        assert_eq!(codes.iter().map(Code::as_str).collect::<Vec<_>>(), ["Y", "X"]);
        assert_eq!(read("").unwrap(), []);
        let error = read("[[carrier]]\ncode = \"Y\"\n[[carrier]]\ncode = \"Y\"").unwrap_err();
        assert_eq!((error.line, error.fault), (4, Fault::Duplicate));
    }
}
