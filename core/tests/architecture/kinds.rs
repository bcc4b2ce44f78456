//! No arm swallows kinds of the vocabulary: a new command, query, reply, refusal or event must stop the build wherever
//! somebody has to think about it.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Item, Pat};

use crate::facts::{Facts, attributes, is_for_tests};
use crate::finding::{Finding, Rule};
use crate::sources::{Source, Sources};

/// The enums whose kinds are declared once.
const VOCABULARY: [&str; 5] = ["Command", "Query", "Reply", "Reject", "Event"];

/// Crates that the vocabulary comes from, when it is not the core itself.
const HOMES: [&str; 2] = ["stockade_core", "stockade_client"];

/// Wildcard and catch-all arms in matches over kinds.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources.built() {
        let file = source.parsed();
        let facts = Facts::of(&file);
        let mut matches = Matches { source, facts, owner: None, found: Vec::new() };
        matches.visit_file(&file);
        found.extend(matches.found);
    }
    found
}

/// Where in a pattern something stands: the tuple fields and wrappers on the way to it.
type Place = Vec<String>;

struct Matches<'a> {
    source: &'a Source,
    facts: Facts,
    /// The enum whose `impl` this is.
    owner: Option<String>,
    found: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Matches<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        let before = self.owner.take();
        if let Item::Impl(item) = item
            && let syn::Type::Path(owner) = &*item.self_ty
        {
            self.owner = owner.path.segments.last().map(|segment| segment.ident.to_string());
        }
        visit::visit_item(self, item);
        self.owner = before;
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        if let Expr::Match(expr) = expr {
            let mut kinds = Vec::new();
            expr.arms.iter().for_each(|arm| self.kinds(&arm.pat, &mut Place::new(), &mut kinds));
            kinds.sort();
            kinds.dedup_by(|a, b| a.0 == b.0);
            for (place, of) in kinds {
                for arm in expr.arms.iter().filter(|arm| swallows(&arm.pat, &place)) {
                    self.found.push(Finding {
                        rule: Rule::Wildcard,
                        path: self.source.path.clone(),
                        line: arm.pat.span().start().line,
                        what: format!("an arm that swallows every other kind of `{of}`"),
                        remedy: "name the kinds, or use `if let`, `let else` or `matches!` where only one matters",
                    });
                }
            }
        }
        visit::visit_expr(self, expr);
    }
}

impl Matches<'_> {
    /// Every place in a pattern where a kind is named.
    fn kinds(&self, pattern: &Pat, place: &mut Place, found: &mut Vec<(Place, String)>) {
        let path = match pattern {
            Pat::TupleStruct(pattern) => Some(&pattern.path),
            Pat::Struct(pattern) => Some(&pattern.path),
            Pat::Path(pattern) => Some(&pattern.path),
            _ => None,
        };
        if let Some(of) = path.and_then(|path| self.vocabulary(path)) {
            found.push((place.clone(), of));
            return;
        }
        for (step, inside) in parts(pattern) {
            let depth = place.len();
            place.extend(step);
            self.kinds(inside, place, found);
            place.truncate(depth);
        }
    }

    /// The enum of the vocabulary that a path names a kind of.
    fn vocabulary(&self, path: &syn::Path) -> Option<String> {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let mut of = names.get(names.len().checked_sub(2)?)?.clone();
        if of == "Self" {
            of = self.owner.clone()?;
        }
        let home = match self.facts.import(&of) {
            Some(import) => import.from.path[0].clone(),
            None => names[0].clone(),
        };
        let is_ours = self.source.crate_folder() == "core" || HOMES.contains(&home.as_str());
        (is_ours && VOCABULARY.contains(&of.as_str())).then_some(of)
    }
}

/// The patterns directly inside a pattern, each with the step that leads to it.
fn parts(pattern: &Pat) -> Vec<(Option<String>, &Pat)> {
    match pattern {
        Pat::Or(pattern) => pattern.cases.iter().map(|case| (None, case)).collect(),
        Pat::Paren(pattern) => vec![(None, &*pattern.pat)],
        Pat::Reference(pattern) => vec![(None, &*pattern.pat)],
        Pat::Guard(pattern) => vec![(None, &*pattern.pat)],
        Pat::Ident(pattern) => pattern.subpat.iter().map(|(_, inside)| (None, &**inside)).collect(),
        Pat::Tuple(pattern) => fields("", pattern.elems.iter()),
        Pat::TupleStruct(pattern) => {
            let name = pattern.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
            fields(&name, pattern.elems.iter())
        }
        _ => Vec::new(),
    }
}

fn fields<'a>(name: &str, patterns: impl Iterator<Item = &'a Pat>) -> Vec<(Option<String>, &'a Pat)> {
    patterns.enumerate().map(|(n, pattern)| (Some(format!("{name}.{n}")), pattern)).collect()
}

/// Whether an arm takes whatever stands at a place. A guard does not: what it leaves over must still be named.
fn swallows(pattern: &Pat, place: &[String]) -> bool {
    match pattern {
        Pat::Guard(_) => false,
        Pat::Wild(_) => true,
        Pat::Ident(pattern) if pattern.subpat.is_none() => {
            pattern.ident.to_string().starts_with(|c: char| c.is_lowercase() || c == '_')
        }
        Pat::TupleStruct(_) | Pat::Tuple(_) => parts(pattern).into_iter().any(|(step, inside)| {
            let Some((first, rest)) = place.split_first() else { return false };
            step.as_ref() == Some(first) && swallows(inside, rest)
        }),
        _ => parts(pattern).into_iter().any(|(_, inside)| swallows(inside, place)),
    }
}

#[test]
fn wildcards_and_bindings_beside_kinds_are_found() {
    let text = "\
fn a(e: &Event) -> u8 {
    match e {
        Event::OrderPaid(_) => 1,
        _ => 0,
    }
}
fn b(r: Result<Reply, Reject>) -> u8 {
    match r {
        Ok(Reply::Placed(_)) => 1,
        Ok(other) => other.len(),
        Err(_) => 0,
    }
}
impl Reject {
    fn c(&self, and: bool) -> u8 {
        match (self, and) {
            (Self::TooLate, true) => 1,
            (_, _) => 0,
        }
    }
}";
    let found = check(&Sources::sample(&[("core/src/engine/a.rs", text)]));
    assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [4, 10, 18]);
}

#[test]
fn what_names_every_kind_or_is_no_match_over_kinds_passes() {
    let text = "\
use clap::Command;
fn a(e: &Event) -> bool {
    match e {
        Event::OrderPaid(e) if e.moves.is_empty() => true,
        other if other.kind() == 3 => true,
        Event::OrderPaid(_) | Event::RefundDue(_) => false,
    }
}
fn b(c: Command) { match c { Command::Serve => {} _ => {} } }
fn c(e: &Event) -> bool {
    if let Event::OrderPaid(_) = e { return true }
    matches!(e, Event::RefundDue(_))
}
#[cfg(test)]
mod tests {
    fn d(e: &Event) -> u8 { match e { Event::OrderPaid(_) => 1, _ => 0 } }
}";
    assert!(check(&Sources::sample(&[("server/src/a.rs", text)])).is_empty());
    let elsewhere = "use stockade_core::event::Event;\nfn d(e: &Event) { match e { Event::A(_) => {}\n x => {} } }";
    assert_eq!(check(&Sources::sample(&[("server/src/a.rs", elsewhere)])).len(), 1);
}
