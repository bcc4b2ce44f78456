//! Parameters in paths and query strings.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use stockade_core::command::OrderRef;
use stockade_core::ids::Code;

use super::problem::BadRequest;

/// Entries of one page of a list when the caller does not say.
pub(super) const PAGE: u32 = 100;
/// Entries of one page at most.
const PAGE_MAX: u32 = 1_000;

/// The channel and the number in a path.
pub(super) struct OrderPath(pub(super) (String, String));

impl<S: Send + Sync> FromRequestParts<S> for OrderPath {
    type Rejection = BadRequest;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OrderPath, BadRequest> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        path.map(|Path(path)| OrderPath(path)).map_err(|refused| BadRequest {
            status: refused.status(),
            detail: format!("the path: {}", refused.body_text()),
        })
    }
}

/// The order a path names.
pub(super) fn named((channel, number): (String, String)) -> Result<OrderRef, BadRequest> {
    Ok(OrderRef::Number { channel: code("channel", &channel)?, number: code("number", &number)? })
}

/// The code a parameter holds.
pub(super) fn code(name: &str, text: &str) -> Result<Code, BadRequest> {
    Code::new(text).map_err(|error| BadRequest::new(format!("{name}: {error}")))
}

/// The whole number a parameter holds.
pub(super) fn number<N: std::str::FromStr>(name: &str, text: &str) -> Result<N, BadRequest> {
    text.parse().map_err(|_| BadRequest::new(format!("{name}: `{text}` is not a whole number that fits")))
}

/// How many entries a page is to have: from 1, and never more than [`PAGE_MAX`].
pub(super) fn limit(name: &str, text: &str) -> Result<u32, BadRequest> {
    match number::<u32>(name, text)? {
        0 => Err(BadRequest::new(format!("{name}: write a whole number from 1; a page has {PAGE_MAX} at most"))),
        some => Ok(some.min(PAGE_MAX)),
    }
}

/// The one of `all` that a parameter names.
pub(super) fn one_of<T: Copy>(
    name: &str,
    text: &str,
    all: &[T],
    named: fn(T) -> &'static str,
) -> Result<T, BadRequest> {
    let found = all.iter().copied().find(|one| named(*one) == text);
    let names = || all.iter().map(|one| named(*one)).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| BadRequest::new(format!("{name}: write one of {}", names())))
}

/// The parameters of a call. One without this has none: what it is given is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Takes {
    /// Given at most once.
    pub(super) once: &'static [&'static str],
    /// Given as often as wanted.
    pub(super) lists: &'static [&'static str],
}

impl Takes {
    const NOTHING: Takes = Takes { once: &[], lists: &[] };

    fn names(&self) -> String {
        let lists = self.lists.iter().map(|name| format!("{name} (several times)"));
        let names: Vec<String> = lists.chain(self.once.iter().map(|name| (*name).to_owned())).collect();
        match names.as_slice() {
            [] => "this call has no parameters".to_owned(),
            [only] => format!("only {only}"),
            [first @ .., last] => format!("only {} and {last}", first.join(", ")),
        }
    }

    /// The parameters of a query string, decoded. One that the call does not have is refused, and one that is given twice
    /// and is no list.
    fn read(&self, query: Option<&str>) -> Result<Vec<(String, String)>, BadRequest> {
        let pairs = decoded(query);
        for (n, (name, _)) in pairs.iter().enumerate() {
            if self.lists.contains(&name.as_str()) {
                continue;
            }
            if !self.once.contains(&name.as_str()) {
                return Err(BadRequest::new(format!("there is no parameter `{name}` here: {}", self.names())));
            }
            if pairs[..n].iter().any(|(before, _)| before == name) {
                return Err(BadRequest::new(format!("the parameter {name} is given more than once: give it once")));
            }
        }
        Ok(pairs)
    }
}

/// The parameters of a request, as far as its call [takes](Takes) them. Every call reads them here.
pub(super) fn given(parts: &Parts) -> Result<Vec<(String, String)>, BadRequest> {
    parts.extensions.get::<Takes>().unwrap_or(&Takes::NOTHING).read(parts.uri.query())
}

/// A call takes a parameter and does not read it: a mistake in the server.
pub(super) fn unread(name: &str) -> BadRequest {
    BadRequest::failed(format!("the parameter {name} is not read"))
}

fn decoded(query: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let bytes = text.replace('+', " ").into_bytes();
        let mut decoded = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some((byte, after)) = rest.split_first() {
            let escaped = (*byte == b'%').then(|| after.get(..2)).flatten();
            let value = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            decoded.push(value.unwrap_or(*byte));
            rest = if value.is_some() { &after[2..] } else { after };
        }
        String::from_utf8_lossy(&decoded).into_owned()
    };
    let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(n, v)| (decode(n), decode(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_strings_are_decoded() {
        let decoded = decoded(Some("channel=web&sku=A%20B&sku=%E4%B8%8A&x=100%&y=a+b&&z"));
        let expected = [("channel", "web"), ("sku", "A B"), ("sku", "上"), ("x", "100%"), ("y", "a b"), ("z", "")];
        assert_eq!(decoded, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn only_lists_are_given_more_than_once() {
        let takes = Takes { once: &["channel"], lists: &["sku"] };
        assert!(takes.read(Some("sku=A&sku=B&channel=web")).is_ok());
        let refused = takes.read(Some("channel=web&sku=A&ch%61nnel=live")).err().unwrap();
        assert!(refused.detail.contains("the parameter channel is given more than once"), "{}", refused.detail);
    }

    #[test]
    fn a_parameter_that_a_call_does_not_have_is_refused_with_those_it_has() {
        let refused = |takes: Takes| takes.read(Some("x=1")).err().unwrap().detail;
        assert_eq!(refused(Takes::NOTHING), "there is no parameter `x` here: this call has no parameters");
        assert_eq!(refused(Takes { once: &["exact"], lists: &[] }), "there is no parameter `x` here: only exact");
        let many = refused(Takes { once: &["after", "limit"], lists: &["sku"] });
        assert_eq!(many, "there is no parameter `x` here: only sku (several times), after and limit");
        assert!([None, Some("")].iter().all(|query| Takes::NOTHING.read(*query).is_ok_and(|pairs| pairs.is_empty())));
    }

    #[test]
    fn a_page_has_one_entry_at_least_and_a_thousand_at_most() {
        assert!(limit("limit", "0").is_err());
        assert_eq!(["1", "1000", "1001"].map(|text| limit("limit", text).ok()), [Some(1), Some(1_000), Some(1_000)]);
    }
}
