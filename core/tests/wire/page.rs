//! The page of messages says, field by field, what the declarations say: it is made from them.
//!
//! `WRITE_PAGES=1 cargo test -p stockade-core --test wire page` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Fields, GenericArgument, Item, PathArguments, Type};

/// The bodies of frames: where reading the page begins.
const BODIES: [&str; 5] = ["Hello", "HelloAnswer", "ClientMessage", "ServerMessage", "GoAway"];
const PAGE: &str = "docs/src/internals/wire-messages.md";

/// A type that travels, as the page shows it.
struct Shown {
    file: PathBuf,
    /// Behind its name.
    lines: Vec<String>,
    uses: BTreeSet<String>,
}

type Known = BTreeMap<String, Vec<Shown>>;

#[test]
fn the_page_of_messages_is_made_from_the_declarations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut known = Known::new();
    read_folder(&root.join("core/src"), &mut known);
    let made = written(&known);
    let path = root.join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (head, _) = page.split_once("```text\n").expect("a block of types");
    let whole = format!("{head}```text\n{made}```\n");
    if std::env::var_os("WRITE_PAGES").is_some() {
        fs::write(&path, &whole).unwrap();
        return;
    }
    assert!(page == whole, "{PAGE} is not what the declarations say: write it anew with WRITE_PAGES=1");
}

/// Every type that the bodies of frames hold, in the order in which reading comes upon them.
fn written(known: &Known) -> String {
    let (mut text, mut seen) = (String::new(), BTreeSet::new());
    for body in BODIES {
        let mut queue = std::collections::VecDeque::from([(body.to_owned(), PathBuf::from("core/src/wire"))]);
        while let Some((name, from)) = queue.pop_front() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let shown = find(known, &name, &from);
            writeln!(text, "{name}{}", shown.lines.join("\n")).unwrap();
            queue.extend(shown.uses.iter().map(|used| (used.clone(), shown.file.clone())));
        }
    }
    text
}

/// The type of this name that a file means: the one beside it, or the only one that is said to callers.
fn find<'k>(known: &'k Known, name: &str, from: &Path) -> &'k Shown {
    let all = known.get(name).unwrap_or_else(|| panic!("{name}, which {} uses, is not declared", from.display()));
    let near = |shown: &&Shown| shown.file == from;
    let outside = |shown: &&Shown| shown.file.components().any(|part| part.as_os_str() == "vocabulary");
    let found = all.iter().find(near).or_else(|| all.iter().find(outside)).unwrap_or(&all[0]);
    assert!(all.len() == 1 || near(&found) || outside(&found), "{name} is declared more than once");
    found
}

fn read_folder(folder: &Path, known: &mut Known) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, known);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            file.items.into_iter().for_each(|item| read_item(&path, item, known));
        }
    }
}

fn read_item(file: &Path, item: Item, known: &mut Known) {
    let mut add = |name: String, lines: Vec<String>, uses: BTreeSet<String>| {
        known.entry(name).or_default().push(Shown { file: file.to_owned(), lines, uses });
    };
    match item {
        Item::Struct(item) if travels(&item.attrs) => {
            let mut uses = BTreeSet::new();
            let lines = match &item.fields {
                Fields::Unit => vec![": nothing".to_owned()],
                Fields::Unnamed(_) => vec![format!(": {}", fields(&item.fields, &mut uses))],
                Fields::Named(_) => std::iter::once(String::new())
                    .chain(item.fields.iter().map(|field| {
                        format!("    {}: {}", field.ident.as_ref().unwrap(), notation(&field.ty, &mut uses))
                    }))
                    .collect(),
            };
            add(item.ident.to_string(), lines, uses);
        }
        Item::Enum(item) if travels(&item.attrs) => {
            let mut uses = BTreeSet::new();
            let cases =
                item.variants.iter().enumerate().map(|(number, variant)| {
                    case(number, &variant.ident.to_string(), &fields(&variant.fields, &mut uses))
                });
            let lines = std::iter::once(" =".to_owned()).chain(cases).collect();
            add(item.ident.to_string(), lines, uses);
        }
        Item::Macro(item) => {
            if item.mac.path.is_ident("dense_id") {
                let declared: Vec<TokenTree> = item.mac.tokens.into_iter().collect();
                let [.., TokenTree::Ident(name), TokenTree::Group(inner)] = declared.as_slice() else { panic!() };
                add(name.to_string(), vec![format!(": {}", inner.stream())], BTreeSet::new());
            } else if item.mac.path.is_ident("steps") {
                let (lines, uses) = numbered(item.mac.tokens);
                add("Step".to_owned(), lines, uses);
            } else {
                vocabularies(item.mac.tokens, &mut add);
            }
        }
        _ => {}
    }
}

/// Whether bincode reads it by its fields.
fn travels(attrs: &[syn::Attribute]) -> bool {
    let derives = attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    derives.filter_map(|attr| attr.meta.require_list().ok()).any(|list| list.tokens.to_string().contains("Decode"))
}

/// The vocabularies among the tokens of a macro: `pub enum Name … { number "name" … Variant … }`.
fn vocabularies(tokens: TokenStream, add: &mut impl FnMut(String, Vec<String>, BTreeSet<String>)) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        let TokenTree::Group(group) = tree else { continue };
        let words: Vec<String> = trees[..at].iter().map(ToString::to_string).collect();
        let name = words.iter().rposition(|word| word == "enum").and_then(|place| words.get(place + 1));
        match (group.delimiter(), name) {
            (Delimiter::Brace, Some(name)) if !name.starts_with('$') => {
                let (lines, uses) = numbered(group.stream());
                if lines.len() > 1 {
                    add(name.clone(), lines, uses);
                }
            }
            _ => vocabularies(group.stream(), add),
        }
    }
}

/// The kinds of a vocabulary: from the literal with its number to the comma behind its variant.
fn numbered(tokens: TokenStream) -> (Vec<String>, BTreeSet<String>) {
    let (mut lines, mut uses) = (vec![" =".to_owned()], BTreeSet::new());
    let mut entry: Vec<TokenTree> = Vec::new();
    for tree in tokens {
        if !matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ',') {
            entry.push(tree);
            continue;
        }
        let number = entry.iter().find_map(|tree| match tree {
            TokenTree::Literal(literal) => literal.to_string().parse().ok(),
            _ => None,
        });
        let name = entry.iter().rev().find_map(|tree| match tree {
            TokenTree::Ident(ident) => Some(ident.to_string()),
            _ => None,
        });
        let held = match entry.last() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                syn::parse2::<Type>(group.stream()).map(|body| notation(&body, &mut uses)).unwrap_or_default()
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let named: syn::FieldsNamed = syn::parse2(TokenTree::from(group.clone()).into()).unwrap();
                fields(&Fields::Named(named), &mut uses)
            }
            _ => String::new(),
        };
        if let (Some(number), Some(name)) = (number, name) {
            lines.push(case(number, &name, &held));
        }
        entry.clear();
    }
    (lines, uses)
}

fn case(number: usize, name: &str, held: &str) -> String {
    let colon = if held.is_empty() { "" } else { ": " };
    format!("    {number} {name}{colon}{held}")
}

fn fields(fields: &Fields, uses: &mut BTreeSet<String>) -> String {
    let each = fields.iter().map(|field| {
        let name = field.ident.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        format!("{name}{}", notation(&field.ty, uses))
    });
    let each: Vec<String> = each.collect();
    match fields {
        Fields::Named(_) => format!("{{ {} }}", each.join(", ")),
        Fields::Unnamed(_) | Fields::Unit => each.join(", "),
    }
}

fn notation(ty: &Type, uses: &mut BTreeSet<String>) -> String {
    match ty {
        Type::Tuple(tuple) => {
            let each: Vec<String> = tuple.elems.iter().map(|ty| notation(ty, uses)).collect();
            format!("({})", each.join(", "))
        }
        Type::Array(array) => notation(&array.elem, uses),
        Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            let within: Vec<String> = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => arguments
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(notation(ty, uses)),
                        _ => None,
                    })
                    .collect(),
                PathArguments::None | PathArguments::Parenthesized(_) => Vec::new(),
            };
            match (last.ident.to_string().as_str(), within.as_slice()) {
                ("Option", [one]) => format!("{one}?"),
                ("Vec" | "SmallVec", [one]) => format!("[{one}]"),
                ("Box", [one]) => one.clone(),
                ("Result", [good, bad]) => format!("{good} or {bad}"),
                ("String" | "Code", _) => "text".to_owned(),
                (plain @ ("bool" | "u8" | "u16" | "u32" | "u64" | "i64"), _) => plain.to_owned(),
                (named, []) => {
                    uses.insert(named.to_owned());
                    named.to_owned()
                }
                (other, _) => panic!("{other} has no notation"),
            }
        }
        _ => panic!("a type without a notation"),
    }
}
