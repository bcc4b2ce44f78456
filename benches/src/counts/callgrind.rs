//! Counting the instructions of one case in a process of its own.

use std::process::Command;

use super::cases::Case;
use super::measured;

/// Instructions of all operations of a case.
///
/// # Errors
/// When valgrind cannot be run, the case fails, or nothing was counted.
pub(super) fn instructions(case: Case) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|e| format!("the program does not know itself: {e}"))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={}", measured::NAME))
        .arg(program)
        .args(["--run", case.name()])
        .output()
        .map_err(|e| format!("valgrind cannot be run: {e}; install it and try again"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("case {} failed under valgrind:\n{told}", case.name()));
    }
    match collected(&told) {
        Some(instructions) if instructions >= case.operations() => Ok(instructions),
        Some(_) | None => Err(format!("nothing was counted of case {}; is `measured` inlined?\n{told}", case.name())),
    }
}

/// The number in callgrind's last line, `==1== Collected : 123`.
fn collected(told: &str) -> Option<u64> {
    let line = told.lines().rev().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_number_is_read() {
        let told = "==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(collected(told), Some(1_234_567));
        assert_eq!(collected("==7== nothing"), None);
    }
}
