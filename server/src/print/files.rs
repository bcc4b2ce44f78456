//! Files that commands create or check: the folder of a server, worlds, rules.

use std::path::{Path, PathBuf};

use serde::Serialize;
use stockade_core::units::counted;

use super::page::Page;
use crate::sketch::Sketched;
use crate::terminal::Output;

/// A folder that is ready for a server.
#[derive(Debug, Serialize)]
pub struct FolderBody<'a> {
    /// The files it needs.
    pub files: Vec<FileBody>,
    /// The first admin token, when it was made now.
    pub admin_token: Option<&'a str>,
    /// The id of the history in Redis, when it is kept there.
    pub partition: Option<&'a str>,
}

/// A file of the folder.
#[derive(Debug, Serialize)]
pub struct FileBody {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was written now; otherwise it existed and is unchanged.
    pub written: bool,
}

/// A world, with rules or without, that is in order.
#[derive(Debug, Serialize)]
pub struct WorldCheckedBody<'a> {
    /// Always so.
    pub ok: bool,
    /// The label of the world's money.
    pub currency: &'a str,
    /// How many warehouses it has.
    pub warehouses: usize,
    /// How many carriers it has.
    pub carriers: usize,
    /// How many channels it has.
    pub channels: usize,
    /// Ways to ship an order without a zone.
    pub ways_without_zone: usize,
}

/// Prints what `init` made in a folder, and what to do next.
pub fn folder(dir: &Path, made: &FolderBody<'_>, out: Output) {
    if out.json {
        return out.object(made);
    }
    let mut page = Page::default();
    for file in &made.files {
        let fate = if file.written { "written" } else { "exists, left unchanged" };
        page.line(format!("{}: {fate}", file.path.display()));
    }
    if let Some(id) = made.partition {
        page.line(format!("history in Redis: created, id {id}"));
    }
    page.line("");
    match made.admin_token {
        Some(token) => {
            page.line(format!("Admin token, shown this once: {token}"));
            page.line("Keep it where only you can read it, for example as STOCKADE_TOKEN.");
        }
        None => page.line("Tokens exist already; `stockade token list` names them."),
    }
    page.line("");
    page.line("Next:");
    if dir != Path::new(".") {
        page.line(format!("  cd {}", dir.display()));
    }
    page.line("  stockade serve");
    page.line("and in another terminal:");
    page.line("  stockade world apply world.toml");
    page.print(out);
}

/// Prints that a file of world or rules is in order.
pub fn world_checked(file: &Path, world: &WorldCheckedBody<'_>, out: Output) {
    if out.json {
        return out.object(world);
    }
    let WorldCheckedBody { warehouses, carriers, channels, .. } = world;
    let file = file.display();
    let there = [(*warehouses, "warehouse"), (*carriers, "carrier"), (*channels, "channel")];
    let there = there.map(|(count, one)| counted(count, one)).join(", ");
    out.line(format!("{file} is in order: {there}"));
    if world.ways_without_zone == 0 {
        out.line(
            "note: no rate goes to \"*\", so an order without a zone, or to a zone no rate names, cannot be routed",
        );
    }
}

/// Notes that a file of rules says nothing.
pub fn rules_are_silent(out: Output) {
    if !out.json {
        out.line("note: the file says nothing, so the rules are those of the world file alone");
    }
}

/// Prints what was sketched from an order file.
pub fn sketched(sketched: &Sketched, out: Output) {
    let Sketched { dir, orders, zones, skus, warehouses, cells, units } = sketched;
    if out.json {
        return out.object(sketched);
    }
    out.line(format!(
        "{dir}: world.toml with {} and {}, stock.csv with {} of {} in {}, for {}",
        counted(*warehouses, "warehouse"),
        counted(*zones, "zone"),
        counted(*units, "unit"),
        counted(*skus, "SKU"),
        counted(*cells, "cell"),
        counted(*orders, "order"),
    ));
}
