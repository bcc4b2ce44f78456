//! What a request carries besides its body: the caller, the idempotency key, and the terms.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use stockade_core::ids::Code;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::{Span, Time};
use tokio::time::{Instant, timeout};

use super::problem::{BadRequest, refused};
use super::state::Http;
use super::visit::Visit;
use super::{objects, parameters};
use crate::auth::Identity;
use crate::levels::parse_level;
use crate::service::{Account, FREE_BYTES, Holding, Share, Stopped, Terms, Work};
use crate::times::parse_time;

/// The caller, the idempotency key, and the terms of a request.
pub(super) struct Caller {
    pub(super) who: Arc<Identity>,
    pub(super) terms: Terms,
    key: Option<Code>,
    pub(super) occurred: Option<Time>,
    /// Whether a query may be answered before what it saw is durable.
    pub(super) provisional: bool,
    /// What all connections of the token have together.
    pub(super) share: Arc<Share>,
    /// What the answers of the connection take.
    pub(super) answers: Arc<Account>,
    /// The parameters of the call, with their values.
    pub(super) parameters: Vec<(String, String)>,
}

/// For the body behind a head: who sends it, and what its bytes are counted on.
#[derive(Clone)]
struct Sender {
    who: Arc<Identity>,
    received: Arc<Account>,
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
        let share = http.service.share(&who);
        let memory = match parts.extensions.get::<Arc<Visit>>() {
            Some(visit) => {
                visit.meet(token, &who, &http.service).map_err(|reject| refused(&reject))?;
                visit.memory(&share)
            }
            None => share.memory.clone(),
        };
        let answers = Arc::clone(&memory.answers);
        parts.extensions.insert(Sender { who: Arc::clone(&who), received: memory.received });
        let headers = &parts.headers;
        let read = || -> Result<Caller, BadRequest> {
            let parameters = parameters::given(parts)?;
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
                share,
                answers,
                parameters,
            })
        };
        read().map_err(IntoResponse::into_response)
    }
}

/// A JSON body. Its Content-Type is ignored, so that `curl -d` needs no header.
pub(super) struct Json<T>(pub(super) T);

/// How long a body may take to arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyTime(pub(super) Duration);

impl<T: DeserializeOwned + Send + 'static> FromRequest<Arc<Http>> for Json<T> {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, http: &Arc<Http>) -> Result<Json<T>, Response<Body>> {
        let time = request.extensions().get::<BodyTime>().map_or(BODY_TIME, |time| time.0);
        // Whoever has not shown a token sends no body.
        let sender = request.extensions().get::<Sender>().cloned();
        let Sender { who, received } = sender.ok_or_else(|| refused(&Reject::Unauthenticated))?;
        let visit = request.extensions().get::<Arc<Visit>>().cloned();
        let (bytes, holding) = match timeout(time, read(request.into_body(), &received)).await {
            Ok(Ok(read)) => read,
            Ok(Err(refusal)) => {
                if let Some(visit) = visit {
                    visit.slow_down_burden(&who.name).await;
                }
                return Err(refusal);
            }
            Err(_) => {
                let detail = format!("the body was not complete {} s after the head", time.as_secs_f32());
                return Err(BadRequest { status: StatusCode::REQUEST_TIMEOUT, detail }.into_response());
            }
        };
        let parse = move || objects::from_slice(if bytes.is_empty() { b"{}" } else { &bytes });
        let parsed = if holding.bytes() == 0 {
            parse()
        } else {
            let parsed = http.service.aside(&who.name, Work::Heavy, parse).await;
            parsed
                .map_err(|Stopped| refused(&Reject::Unavailable { reason: "the server is shutting down".to_owned() }))?
        };
        let value = parsed.map_err(|error| BadRequest::new(format!("the body: {error}")).into_response())?;
        Ok(Json(value))
    }
}

/// Reads a body as long as there is room for it. A short one has room whatever others receive.
async fn read(mut body: Body, received: &Arc<Account>) -> Result<(Vec<u8>, Holding), Response<Body>> {
    let (mut bytes, mut holding) = (Vec::new(), received.open());
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_long().into_response());
    }
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| BadRequest::new(format!("the body: {error}")).into_response())?;
        let Some(data) = frame.data_ref() else { continue };
        let whole = bytes.len() + data.len();
        if whole > BODY_BYTES_MAX {
            return Err(too_long().into_response());
        }
        if whole <= FREE_BYTES {
            holding.set(whole);
        } else if !reach(&mut holding, whole, received.max()).await {
            return Err(refused(&Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) }));
        }
        bytes.extend_from_slice(data);
    }
    Ok((bytes, holding))
}

/// Waits a while until there is room for so many bytes. A caller that is not read from sends no more.
async fn reach(holding: &mut Holding, bytes: usize, max: usize) -> bool {
    let until = Instant::now() + ROOM_TIME;
    while !holding.try_reach(bytes) {
        if bytes > max || Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(ROOM_LOOK).await;
    }
    true
}

fn too_long() -> BadRequest {
    let detail = format!("the body is longer than {BODY_BYTES_MAX} bytes: send less at once");
    BadRequest { status: StatusCode::PAYLOAD_TOO_LARGE, detail }
}

/// Bytes of a request's body.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(30);
const RETRY_AFTER: Span = Span::from_secs(1);
/// How long a body waits for room.
const ROOM_TIME: Duration = Duration::from_secs(1);
/// How often it looks for room meanwhile.
const ROOM_LOOK: Duration = Duration::from_millis(25);

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
