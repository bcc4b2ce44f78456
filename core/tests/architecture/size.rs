//! How long files and functions may be, how much a function may be given, and which names say nothing.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{FnArg, ImplItem, Item, TraitItem};

use crate::facts::{attributes, is_for_tests};
use crate::finding::{Finding, Rule};
use crate::sources::{Source, Sources};

/// Lines of a file, tests included.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function, from its signature to its last brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Parameters of a function besides `self`.
const PARAMETERS_MAX: usize = 5;

/// Names that do not say what a file or folder holds.
const BANNED_NAMES: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"];

/// Files that are too long or have a banned name, and functions that are too long or take too much.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &sources.0 {
        found.extend(of_file(source));
    }
    for source in sources.built() {
        let mut functions = Functions { source, found: Vec::new() };
        functions.visit_file(&source.parsed());
        found.extend(functions.found);
    }
    found
}

fn of_file(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(Finding {
            rule: Rule::FileLines,
            path: source.path.clone(),
            line: lines,
            what: format!("{lines} lines, at most {FILE_LINES_MAX} are allowed"),
            remedy: "divide it by what it holds",
        });
    }
    let names = source.path.trim_end_matches(".rs").split('/');
    found.extend(names.filter(|name| BANNED_NAMES.contains(name)).map(|name| Finding {
        rule: Rule::Name,
        path: source.path.clone(),
        line: 0,
        what: format!("`{name}` does not say what it holds"),
        remedy: "name it for what it holds, or move its parts to where they belong",
    }));
    found
}

struct Functions<'a> {
    source: &'a Source,
    found: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, end: usize) {
        let line = signature.span().start().line;
        let (name, lines) = (&signature.ident, end + 1 - line);
        let finding = |rule, what, remedy| Finding { rule, path: self.source.path.clone(), line, what, remedy };
        if lines > FUNCTION_LINES_MAX {
            let what = format!("`{name}` is {lines} lines long, at most {FUNCTION_LINES_MAX} are allowed");
            self.found.push(finding(Rule::FunctionLines, what, "give its steps names and functions of their own"));
        }
        let parameters = signature.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).count();
        if parameters > PARAMETERS_MAX {
            let what = format!("`{name}` takes {parameters} parameters, at most {PARAMETERS_MAX} are allowed");
            let remedy = "put what belongs together into a struct, or make it a method of what it works on";
            self.found.push(Finding { rule: Rule::Parameters, path: self.source.path.clone(), line, what, remedy });
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        if let Item::Fn(function) = item {
            self.measure(&function.sig, function.block.span().end().line);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if let ImplItem::Fn(function) = item {
            if is_for_tests(&function.attrs) {
                return;
            }
            self.measure(&function.sig, function.block.span().end().line);
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if let TraitItem::Fn(function) = item {
            self.measure(&function.sig, function.span().end().line);
        }
        visit::visit_trait_item(self, item);
    }
}

#[test]
fn what_is_too_long_or_takes_too_much_is_found() {
    let body = "    call();\n".repeat(FUNCTION_LINES_MAX - 1);
    let text = format!(
        "fn fits() {{\n{}}}\nfn long() {{\n{body}}}\nimpl A {{\n    fn many(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {{}}\n}}\n",
        &body[12..]
    );
    let long = "// line\n".repeat(FILE_LINES_MAX + 1);
    let found = check(&Sources::sample(&[
        ("core/src/a.rs", &text),
        ("server/tests/b.rs", &long),
        ("server/src/utils/c.rs", ""),
    ]));
    let found: Vec<(Rule, &str, usize)> = found.iter().map(|f| (f.rule, &f.path[..], f.line)).collect();
    let expected = [
        (Rule::FileLines, "server/tests/b.rs", FILE_LINES_MAX + 1),
        (Rule::Name, "server/src/utils/c.rs", 0),
        (Rule::FunctionLines, "core/src/a.rs", FUNCTION_LINES_MAX + 1),
        (Rule::Parameters, "core/src/a.rs", 2 * FUNCTION_LINES_MAX + 3),
    ];
    assert_eq!(found, expected);
}
