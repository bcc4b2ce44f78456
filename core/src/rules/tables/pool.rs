//! `[[pool]]`: the pools that stock is divided into.

use std::collections::BTreeSet;

use crate::ids::Code;
use crate::limits::POOLS_MAX;
use crate::rules::codes::Distinct;
use crate::rules::reader::{Fault, FileError, Table};

/// The pool that every world has.
pub(super) fn regular() -> Code {
    Code::new("regular").expect("a sound code")
}

/// Takes the pools out of a world file: `regular`, then the declared ones, then those that only channels name.
pub(in crate::rules) fn read_pools<'a>(
    file: &mut Table<'_, '_>,
    named_by_channels: impl Iterator<Item = &'a Code>,
) -> Result<Vec<Code>, FileError> {
    let mut distinct = Distinct::new("pool", POOLS_MAX);
    let declared = file.each("pool", &[&["code"]], |mut table| {
        let code = table.code("code")?;
        distinct.added(table.required("code", code)?)
    })?;
    let mut pools = vec![regular()];
    let mut seen: BTreeSet<Code> = pools.iter().cloned().collect();
    let named = declared.into_iter().flatten().chain(named_by_channels.cloned());
    pools.extend(named.filter(|pool| seen.insert(pool.clone())));
    if pools.len() > POOLS_MAX {
        let reason = format!("the world names {} pools, at most {POOLS_MAX} are allowed", pools.len());
        return Err(FileError::whole(Fault::TooMany, reason));
    }
    Ok(pools)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::Source;

    fn read(text: &str, channels: &[&str]) -> Result<Vec<String>, FileError> {
        let source = Source::new(text)?;
        let channels: Vec<Code> = channels.iter().map(|code| Code::new(code).unwrap()).collect();
        let pools = read_pools(&mut Table::root(&source, &[&["pool"]])?, channels.iter())?;
        Ok(pools.iter().map(Code::to_string).collect())
    }

    #[test]
    fn regular_comes_first_and_each_pool_once() {
        assert_eq!(read("", &[]).unwrap(), ["regular"]);
        let text = "[[pool]]\ncode = \"b\"\n[[pool]]\ncode = \"regular\"\n[[pool]]\ncode = \"a\"\n";
        assert_eq!(read(text, &["c", "a", "c"]).unwrap(), ["regular", "b", "a", "c"]);
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let error = read("[[pool]]\ncode = \"b\"\n[[pool]]\ncode = \"b\"", &[]).unwrap_err();
        assert_eq!((error.line, error.fault), (4, Fault::Duplicate));
        let many: Vec<String> = (0..POOLS_MAX).map(|n| format!("pool-{n}")).collect();
        let error = read("", &many.iter().map(String::as_str).collect::<Vec<_>>()).unwrap_err();
        assert_eq!((error.line, error.fault), (0, Fault::TooMany));
    }
}
