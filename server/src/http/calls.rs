//! The JSON calls.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use stockade_core::command::{
    AvailabilityQuery, Command, Explain, InboundQuery, OrderRef, OrdersQuery, Pay, Query, Request, Reroute, StockQuery,
};
use stockade_core::ids::{Code, OrderId};
use stockade_core::reply::{Reply, Stage};

use super::Http;
use super::caller::{Caller, Json, level_name};
use super::problem::{BadRequest, refused};
use crate::json::{
    self, AdjustBody, AnnounceBody, AvailabilityBody, CancelBody, ChangeBody, CountBody, ExtendBody, PlaceBody,
    ReceiveBody, StepBody, WithdrawBody,
};
use crate::service::Decided;

type Shared = State<Arc<Http>>;
type Answer = Result<Response<Body>, BadRequest>;

/// Orders of one page of a list when the caller does not say.
const PAGE: u32 = 100;
/// SKUs or orders of one page at most.
const PAGE_MAX: u32 = 1_000;

pub(super) async fn quote(
    State(http): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
    Json(body): Json<PlaceBody>,
) -> Answer {
    let mut exact = false;
    for (name, value) in pairs(query.as_deref()) {
        match (name.as_str(), value.as_str()) {
            ("exact", "true" | "") => exact = true,
            ("exact", "false") => exact = false,
            ("exact", _) => return Err(BadRequest::new(format!("exact: `{value}` is neither true nor false"))),
            _ => return Err(unknown_parameter(&name, "exact")),
        }
    }
    let place = body.into();
    http.ask(&caller, if exact { Query::QuoteExact(place) } else { Query::Quote(place) }).await
}

pub(super) async fn place(State(http): Shared, caller: Caller, Json(body): Json<PlaceBody>) -> Answer {
    // An order is its own key, by channel and number.
    http.tell(&caller, None, Command::Place(body.into())).await
}

pub(super) async fn order(State(http): Shared, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    http.ask(&caller, Query::Order(named(path)?)).await
}

pub(super) async fn explain(
    State(http): Shared,
    caller: Caller,
    Path(path): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut ask = Explain { order: named(path)?, decision: None };
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "decision" => ask.decision = Some(number(&name, &value)?),
            _ => return Err(unknown_parameter(&name, "decision")),
        }
    }
    http.ask(&caller, Query::Explain(ask)).await
}

pub(super) async fn routing(State(http): Shared, caller: Caller) -> Answer {
    http.ask(&caller, Query::Routing).await
}

pub(super) async fn orders(State(http): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let mut ask = OrdersQuery { warehouse: None, channel: None, stage: None, after: None, limit: PAGE };
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "warehouse" => ask.warehouse = Some(code(&name, &value)?),
            "channel" => ask.channel = Some(code(&name, &value)?),
            "stage" => ask.stage = Some(stage(&value)?),
            "after" => ask.after = Some(OrderId(number(&name, &value)?)),
            "limit" => ask.limit = number::<u32>(&name, &value)?.min(PAGE_MAX),
            _ => return Err(unknown_parameter(&name, "warehouse, channel, stage, after and limit")),
        }
    }
    http.ask(&caller, Query::Orders(ask)).await
}

pub(super) async fn pay(State(http): Shared, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Pay(Pay { order: named(path)? })).await
}

pub(super) async fn reroute(State(http): Shared, caller: Caller, Path(path): Path<(String, String)>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Reroute(Reroute { order: named(path)? })).await
}

pub(super) async fn cancel(
    State(http): Shared,
    caller: Caller,
    Path(path): Path<(String, String)>,
    Json(body): Json<CancelBody>,
) -> Answer {
    let key = caller.key()?;
    let command = Command::Cancel(body.command(named(path)?).map_err(BadRequest::new)?);
    http.tell(&caller, Some(key), command).await
}

pub(super) async fn extend(
    State(http): Shared,
    caller: Caller,
    Path(path): Path<(String, String)>,
    Json(body): Json<ExtendBody>,
) -> Answer {
    let key = caller.key()?;
    let command = Command::ExtendHold(body.command(named(path)?).map_err(BadRequest::new)?);
    http.tell(&caller, Some(key), command).await
}

pub(super) async fn step(
    State(http): Shared,
    caller: Caller,
    Path(path): Path<(String, String)>,
    Json(body): Json<StepBody>,
) -> Answer {
    let key = caller.key()?;
    let command = Command::Step(body.command(named(path)?).map_err(BadRequest::new)?);
    http.tell(&caller, Some(key), command).await
}

pub(super) async fn availability(State(http): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let (mut channel, mut skus) = (None, Vec::new());
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "channel" => channel = Some(code(&name, &value)?),
            "sku" => skus.push(code(&name, &value)?),
            _ => return Err(unknown_parameter(&name, "channel and sku (several times)")),
        }
    }
    let channel = channel.ok_or_else(|| BadRequest::new("the parameter channel is missing"))?;
    http.ask(&caller, Query::Availability(AvailabilityQuery { channel, skus })).await
}

pub(super) async fn availability_of_many(
    State(http): Shared,
    caller: Caller,
    Json(body): Json<AvailabilityBody>,
) -> Answer {
    http.ask(&caller, Query::Availability(body.into())).await
}

pub(super) async fn stock(State(http): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let mut ask = StockQuery { skus: Vec::new(), warehouse: None, after: None, limit: PAGE };
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "sku" => ask.skus.push(code(&name, &value)?),
            "warehouse" => ask.warehouse = Some(code(&name, &value)?),
            "after" => ask.after = Some(code(&name, &value)?),
            "limit" => ask.limit = number::<u32>(&name, &value)?.min(PAGE_MAX),
            _ => return Err(unknown_parameter(&name, "sku (several times), warehouse, after and limit")),
        }
    }
    http.ask(&caller, Query::Stock(ask)).await
}

pub(super) async fn receive(State(http): Shared, caller: Caller, Json(body): Json<ReceiveBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Receive(body.into())).await
}

pub(super) async fn adjust(State(http): Shared, caller: Caller, Json(body): Json<AdjustBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Adjust(body.into())).await
}

pub(super) async fn count(State(http): Shared, caller: Caller, Json(body): Json<CountBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Count(body.into())).await
}

pub(super) async fn announce(State(http): Shared, caller: Caller, Json(body): Json<AnnounceBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Expect(body.command().map_err(BadRequest::new)?)).await
}

pub(super) async fn change_inbound(State(http): Shared, caller: Caller, Json(body): Json<ChangeBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Expect(body.command().map_err(BadRequest::new)?)).await
}

pub(super) async fn withdraw(State(http): Shared, caller: Caller, Json(body): Json<WithdrawBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Expect(body.into())).await
}

pub(super) async fn inbound(State(http): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let mut ask = InboundQuery { skus: Vec::new(), warehouse: None, reference: None, after: None, limit: PAGE };
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "sku" => ask.skus.push(code(&name, &value)?),
            "warehouse" => ask.warehouse = Some(code(&name, &value)?),
            "reference" => ask.reference = Some(code(&name, &value)?),
            "after" => ask.after = Some(code(&name, &value)?),
            "limit" => ask.limit = number::<u32>(&name, &value)?.min(PAGE_MAX),
            _ => return Err(unknown_parameter(&name, "sku (several times), warehouse, reference, after and limit")),
        }
    }
    http.ask(&caller, Query::Inbound(ask)).await
}

impl Http {
    async fn tell(&self, caller: &Caller, key: Option<Code>, command: Command) -> Answer {
        let request = Request { key, occurred: caller.occurred, command };
        let begun = Instant::now();
        let decided = self.service.command(&caller.who, &request, caller.terms);
        self.answer(decided, begun).await
    }

    async fn ask(&self, caller: &Caller, query: Query) -> Answer {
        let begun = Instant::now();
        let decided = self.service.query(&caller.who, &query, caller.provisional, caller.terms);
        self.answer(decided, begun).await
    }

    /// Waits until the answer may leave, and writes it.
    async fn answer(&self, decided: Decided, begun: Instant) -> Answer {
        let (result, level) = self.service.answer(decided).await;
        self.metrics.http(begun.elapsed());
        let reply = match &result {
            Ok(reply) => reply,
            Err(reject) => return Ok(refused(reject)),
        };
        let mut response = Response::new(Body::from(json::reply(reply).to_string()));
        if matches!(reply, Reply::Placed(placed) if !placed.replayed) {
            *response.status_mut() = StatusCode::CREATED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("stockade-durability", HeaderValue::from_static(level_name(level)));
        Ok(response.into_response())
    }
}

fn named((channel, number): (String, String)) -> Result<OrderRef, BadRequest> {
    Ok(OrderRef::Number { channel: code("channel", &channel)?, number: code("number", &number)? })
}

fn code(name: &str, text: &str) -> Result<Code, BadRequest> {
    Code::new(text).map_err(|error| BadRequest::new(format!("{name}: {error}")))
}

fn number<N: std::str::FromStr>(name: &str, text: &str) -> Result<N, BadRequest> {
    text.parse().map_err(|_| BadRequest::new(format!("{name}: `{text}` is not a whole number that fits")))
}

fn stage(text: &str) -> Result<Stage, BadRequest> {
    let names = || Stage::ALL.map(Stage::name).join(", ");
    let found = Stage::ALL.into_iter().find(|stage| stage.name() == text);
    found.ok_or_else(|| BadRequest::new(format!("stage: write one of {}", names())))
}

fn unknown_parameter(name: &str, known: &str) -> BadRequest {
    BadRequest::new(format!("there is no parameter `{name}` here, only {known}"))
}

/// The parameters of a query string, decoded.
fn pairs(query: Option<&str>) -> Vec<(String, String)> {
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
        let decoded = pairs(Some("channel=web&sku=A%20B&sku=%E4%B8%8A&x=100%&y=a+b&&z"));
        let expected = [("channel", "web"), ("sku", "A B"), ("sku", "上"), ("x", "100%"), ("y", "a b"), ("z", "")];
        assert_eq!(decoded, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
