//! Settings of the server: flags override `STOCKADE_*` variables, which override the file. Each value carries its
//! origin, an unknown key is refused with its line, and outside `--dev` unsafe settings are refused with a reason.
//!
//! ```text
//!   flags, environment, file ─► layers: one text per key ─► reader: checked and typed ─► Config ─► safety
//! ```

mod home;
mod layers;
mod loading;
mod reader;
mod safety;
mod settings;
mod typed;

pub use home::{JournalHome, NO_TLS, shown};
pub use layers::{FlagValue, Origin, Problem, Sources, Value};
pub use loading::{Asked, FILE_NAME, read_sources};
pub use safety::Danger;
pub use settings::{Form, SETTINGS, Setting, commented_file};
pub use typed::Config;
