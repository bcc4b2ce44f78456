//! The sources that are checked: those of the workspace, or a sample.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates of the workspace, by folder.
pub const CRATES: [&str; 5] = ["core", "server", "client", "benches", "fuzz"];

/// One Rust file.
pub struct Source {
    /// From the root of the workspace, with `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl Source {
    /// Whether it is only built for tests and benchmarks.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs") || self.path.contains("/benches/")
    }

    /// The folder of its crate.
    pub fn crate_folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The room of its crate that it lies in: the first folder or file under `src`.
    pub fn room(&self) -> Option<&str> {
        let (_, inside) = self.path.split_once("/src/")?;
        inside.split(['/', '.']).next()
    }

    /// The lines outside of tests and comments, numbered from 1.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The syntax tree.
    pub fn parsed(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|e| panic!("{}:{}: {e}", self.path, e.span().start().line))
    }
}

/// Many files.
pub struct Sources(pub Vec<Source>);

impl Sources {
    /// Every Rust file of the workspace.
    pub fn workspace() -> Sources {
        let root = root();
        let mut found = Vec::new();
        for folder in CRATES {
            collect(&root, &root.join(folder), &mut found);
        }
        assert!(found.len() > 100, "only {} sources under {}", found.len(), root.display());
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Sources(found)
    }

    /// A few files, given as path and content.
    pub fn sample(files: &[(&str, &str)]) -> Sources {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).to_owned(), text: (*text).to_owned() };
        Sources(files.iter().map(source).collect())
    }

    /// What a crate is built from, without its tests.
    pub fn of_crate<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a Source> {
        let prefix = format!("{folder}/src/");
        self.0.iter().filter(move |s| s.path.starts_with(&prefix) && !s.is_test())
    }

    /// What all crates are built from, without their tests.
    pub fn built(&self) -> impl Iterator<Item = &Source> {
        CRATES.into_iter().flat_map(|folder| self.of_crate(folder))
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every file of the workspace, from its root and with `/`, without what builds leave behind.
pub fn tree() -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    each_file(&root, &mut |path| found.push(from_root(&root, path)));
    found.sort();
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    each_file(folder, &mut |path| {
        if path.extension().is_some_and(|e| e == "rs") {
            found.push(Source { path: from_root(root, path), text: fs::read_to_string(path).unwrap() });
        }
    });
}

fn from_root(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/")
}

fn each_file(folder: &Path, file: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if !path.is_dir() {
            file(&path);
        } else if !path.ends_with("target") && !path.ends_with(".git") {
            each_file(&path, file);
        }
    }
}
