//! The headers of columns.

use std::collections::BTreeMap;

/// Columns that are read under another header, as given by `--column NAME=HEADER`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnNames(BTreeMap<String, String>);

impl ColumnNames {
    /// Reads `NAME=HEADER` pairs; each name must be one of `known` and occur once.
    pub fn parse<S: AsRef<str>>(pairs: &[S], known: &[&str]) -> Result<ColumnNames, String> {
        let mut names = BTreeMap::new();
        for pair in pairs {
            let pair = pair.as_ref();
            let (name, header) =
                pair.split_once('=').ok_or_else(|| format!("--column {pair}: write NAME=HEADER, like zone=country"))?;
            if !known.contains(&name) {
                return Err(format!("--column {pair}: there is no column `{name}`, only {}", known.join(", ")));
            }
            if names.insert(name.to_owned(), header.to_owned()).is_some() {
                return Err(format!("--column {pair}: `{name}` is given twice"));
            }
        }
        Ok(ColumnNames(names))
    }

    /// The header of a column: the given one, or else the column's own name.
    pub fn header<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// Whether the column was given a header, which the file must then have.
    pub fn is_given(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_checked() {
        let names = ColumnNames::parse(&["zone=Ship-to country"], &["zone", "sku"]).unwrap();
        assert_eq!(names.header("zone"), "Ship-to country");
        assert_eq!(names.header("sku"), "sku");
        for (pairs, says) in
            [(vec!["zone"], "NAME=HEADER"), (vec!["zon=x"], "no column `zon`"), (vec!["sku=a", "sku=b"], "twice")]
        {
            assert!(ColumnNames::parse(&pairs, &["zone", "sku"]).unwrap_err().contains(says));
        }
    }
}
