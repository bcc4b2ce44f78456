//! What a request carries besides its body: the caller, the idempotency key, and the terms.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, header};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use stockade_core::ids::Code;
use stockade_core::reject::Reject;
use stockade_core::time::{Span, Time};

use super::problem::{BadRequest, refused};
use super::state::Http;
use crate::auth::Identity;
use crate::levels::parse_level;
use crate::service::Terms;
use crate::times::parse_time;

/// The caller, the idempotency key, and the terms of a request.
pub(super) struct Caller {
    pub(super) who: Arc<Identity>,
    pub(super) terms: Terms,
    key: Option<Code>,
    pub(super) occurred: Option<Time>,
    /// Whether a query may be answered before what it saw is durable.
    pub(super) provisional: bool,
}

impl Caller {
    /// The idempotency key of a command that needs one.
    pub(super) fn key(&self) -> Result<Code, BadRequest> {
        let needed = "this call changes something: send a header `Idempotency-Key: …` chosen by you, and the same again \
                      when you repeat the call";
        self.key.clone().ok_or_else(|| BadRequest::new(needed))
    }
}

impl FromRequestParts<Arc<Http>> for Caller {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, http: &Arc<Http>) -> Result<Caller, Response<Body>> {
        let headers = &parts.headers;
        let token = bearer(headers).ok_or_else(|| refused(&Reject::Unauthenticated))?;
        let who = http.service.authenticate(token).map_err(|reject| refused(&reject))?;
        let read = || -> Result<Caller, BadRequest> {
            let timeout: Option<Span> = parsed(headers, "stockade-timeout", |text| {
                text.parse().map_err(|error: stockade_core::time::SpanError| error.to_string())
            })?;
            Ok(Caller {
                who,
                terms: Terms {
                    level: parsed(headers, "stockade-durability", parse_level)?
                        .unwrap_or_else(|| http.service.best().ordinary()),
                    not_after: timeout.map(|timeout| http.service.clock().now() + timeout),
                },
                key: parsed(headers, "idempotency-key", |text| {
                    Code::new(text.trim_matches('"')).map_err(|error| error.to_string())
                })?,
                occurred: parsed(headers, "stockade-occurred", parse_time)?,
                provisional: parsed(headers, "stockade-provisional", |text| {
                    text.parse().map_err(|_| "write true or false".to_owned())
                })?
                .unwrap_or(false),
            })
        };
        read().map_err(IntoResponse::into_response)
    }
}

/// A JSON body. Its Content-Type is ignored, so that `curl -d` needs no header.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Http>> for Json<T> {
    type Rejection = BadRequest;

    async fn from_request(request: Request, http: &Arc<Http>) -> Result<Json<T>, BadRequest> {
        let bytes = Bytes::from_request(request, http)
            .await
            .map_err(|rejection| BadRequest { status: rejection.status(), detail: rejection.body_text() })?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let value = serde_json::from_slice(bytes).map_err(|error| BadRequest::new(format!("the body: {error}")))?;
        Ok(Json(value))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn parsed<T>(
    headers: &HeaderMap,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, BadRequest> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(BadRequest::new(format!("the header {name} is given more than once: give it once")));
    }
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| BadRequest::new(format!("the header {name} is not UTF-8")))?;
    parse(text.trim()).map(Some).map_err(|reason| BadRequest::new(format!("the header {name}: {reason}")))
}
