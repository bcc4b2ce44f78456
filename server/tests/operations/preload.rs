//! A library laid before the C library of a server, whose syncs of the journal fail as long as a file exists.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd) {
    const char *when = getenv("SYNCS_FAIL_WHILE");
    char link[64], path[4096];
    if (!when || access(when, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "journal.redb") != 0;
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    if (fails(fd)) { errno = EIO; return -1; }
    return real(fd);
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (fails(fd)) { errno = EIO; return -1; }
    return real(fd);
}
"#;

/// What a shell does before it starts a server whose syncs of its journal fail while the file exists.
pub struct FailingSyncs {
    dir: tempfile::TempDir,
}

impl FailingSyncs {
    /// Compiles the library.
    pub fn new() -> FailingSyncs {
        let dir = tempfile::tempdir().expect("a folder");
        let source = dir.path().join("syncs.c");
        std::fs::write(&source, SOURCE).expect("it is written");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(dir.path().join("syncs.so")).arg(&source).arg("-ldl");
        let made = compile.output().expect("the C compiler that links Rust programs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        FailingSyncs { dir }
    }

    /// For the shell that starts the server.
    pub fn shell(&self) -> String {
        let (library, switch) = (self.dir.path().join("syncs.so"), self.switch());
        format!("export LD_PRELOAD={} SYNCS_FAIL_WHILE={}", library.display(), switch.display())
    }

    /// From now on syncs fail.
    pub fn fail(&self) {
        std::fs::write(self.switch(), "").expect("it is written");
    }

    /// From now on they work.
    pub fn work(&self) {
        std::fs::remove_file(self.switch()).expect("it was there");
    }

    fn switch(&self) -> PathBuf {
        Path::new(self.dir.path()).join("fail")
    }
}
