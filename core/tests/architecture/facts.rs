//! What one file defines, imports and mentions.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, TraitItem, UseTree};

/// A path in code, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    /// Its segments, without generic arguments.
    pub path: Vec<String>,
    /// Its line.
    pub line: usize,
    /// The modules inside the file that it lies in.
    pub inner: Vec<String>,
}

/// A name that a `use` line brings in.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name; `None` for all that the path holds.
    pub name: Option<String>,
    /// What it stands for, where it is written.
    pub from: Mention,
    /// Whether it hands the name on (`pub use`) rather than using it.
    pub is_handed_on: bool,
}

/// What one file defines, imports and mentions, tests excluded.
#[derive(Default)]
pub struct Facts {
    /// Items, by name.
    pub defined: BTreeSet<String>,
    /// `use` lines, name by name.
    pub imports: Vec<Import>,
    /// Paths in code and inside macros.
    pub mentions: Vec<Mention>,
    inner: Vec<String>,
}

impl Facts {
    /// The facts of a file.
    pub fn of(file: &syn::File) -> Facts {
        let mut facts = Facts::default();
        facts.visit_file(file);
        facts
    }

    /// What a name was imported from.
    pub fn import(&self, name: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.name.as_deref() == Some(name))
    }

    fn mention(&mut self, path: Vec<String>, line: usize) {
        self.mentions.push(Mention { path, line, inner: self.inner.clone() });
    }

    fn import_all(&mut self, tree: &UseTree, before: &[String], is_handed_on: bool) {
        let mut add = |name: Option<String>, path: Vec<String>, line| {
            let from = Mention { path, line, inner: self.inner.clone() };
            self.imports.push(Import { name, from, is_handed_on });
        };
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(tree) => self.import_all(&tree.tree, &with(&tree.ident), is_handed_on),
            UseTree::Name(tree) if tree.ident == "self" => {
                add(before.last().cloned(), before.to_vec(), tree.ident.span().start().line);
            }
            UseTree::Name(tree) => {
                add(Some(tree.ident.to_string()), with(&tree.ident), tree.ident.span().start().line);
            }
            UseTree::Rename(tree) => {
                add(Some(tree.rename.to_string()), with(&tree.ident), tree.ident.span().start().line);
            }
            UseTree::Glob(tree) => add(None, before.to_vec(), tree.star_token.span().start().line),
            UseTree::Group(tree) => tree.items.iter().for_each(|item| self.import_all(item, before, is_handed_on)),
        }
    }

    /// Paths inside a macro, whose content is not parsed.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 && !path.is_empty() {
                        self.mention(std::mem::take(&mut path), line);
                    }
                    if path.is_empty() {
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 3,
                TokenTree::Group(group) => {
                    colons = 3;
                    self.scan(group.stream());
                }
            }
        }
        if !path.is_empty() {
            self.mention(path, line);
        }
    }
}

impl<'ast> Visit<'ast> for Facts {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        if self.inner.is_empty() {
            self.defined.extend(names_of(item));
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = if let ImplItem::Fn(function) = item { &function.attrs[..] } else { &[] };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_some() {
            self.inner.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.inner.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import_all(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.mention(segments, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.scan(call.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Whether an item is only there for tests.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("cfg") => mentions_test(list.tokens.clone()),
        syn::Meta::List(_) | syn::Meta::NameValue(_) => false,
    })
}

fn mentions_test(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "test",
        TokenTree::Group(group) => mentions_test(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The attributes of an item that can be left out of a build.
pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn names_of(item: &Item) -> Vec<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => return defined_by(item),
        Item::Mod(item) if item.content.is_some() => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return Vec::new(),
    };
    vec![name.to_string()]
}

/// What a macro defines: itself, or what a declaration such as `numbered! { pub enum Event { … } }` names.
fn defined_by(item: &syn::ItemMacro) -> Vec<String> {
    if let Some(name) = &item.ident {
        return vec![name.to_string()];
    }
    let tokens: Vec<TokenTree> = item.mac.tokens.clone().into_iter().collect();
    let is_word = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if ["enum", "struct", "fn"].iter().any(|known| word == known));
    tokens.windows(2).filter(|pair| is_word(&pair[0])).map(|pair| pair[1].to_string()).collect()
}

/// The functions and methods of a file: `name`, or `Type::name`.
pub fn functions(file: &syn::File) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for item in &file.items {
        match item {
            Item::Fn(item) => drop(found.insert(item.sig.ident.to_string())),
            Item::Impl(item) => {
                let syn::Type::Path(owner) = &*item.self_ty else { continue };
                let Some(owner) = owner.path.segments.last() else { continue };
                let methods = item.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(method) => Some(format!("{}::{}", owner.ident, method.sig.ident)),
                    _ => None,
                });
                found.extend(methods);
            }
            Item::Trait(item) => found.extend(item.items.iter().filter_map(|method| match method {
                TraitItem::Fn(method) => Some(format!("{}::{}", item.ident, method.sig.ident)),
                _ => None,
            })),
            _ => {}
        }
    }
    found
}
