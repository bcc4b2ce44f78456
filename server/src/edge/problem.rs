//! Problem details (RFC 9457) as responses.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use stockade_core::reject::Reject;

use super::bodies::Problem;

/// A request that cannot be understood. Nothing was decided.
pub(super) struct BadRequest {
    pub(super) status: StatusCode,
    pub(super) detail: String,
}

impl BadRequest {
    pub(super) fn new(detail: impl Into<String>) -> BadRequest {
        BadRequest { status: StatusCode::BAD_REQUEST, detail: detail.into() }
    }

    /// The server failed, and it is not known what was done.
    pub(super) fn failed(detail: impl Into<String>) -> BadRequest {
        BadRequest { status: StatusCode::INTERNAL_SERVER_ERROR, detail: detail.into() }
    }

    /// An answer that cannot be written as JSON: a mistake in its body's type.
    pub(super) fn unwritten(error: serde_json::Error) -> BadRequest {
        BadRequest { status: StatusCode::INTERNAL_SERVER_ERROR, detail: error.to_string() }
    }
}

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response<Body> {
        let title = self.status.canonical_reason().unwrap_or("Bad request");
        response(&Problem::bad_request(self.status.as_u16(), title, self.detail))
    }
}

/// A refusal as the bytes of a response after which the connection ends, for a request that reached no handler.
pub(super) fn alone(status: StatusCode, detail: &str) -> String {
    let title = status.canonical_reason().unwrap_or("Bad request");
    let problem = Problem::bad_request(status.as_u16(), title, detail.to_owned());
    let body = serde_json::to_string(&problem.body).unwrap_or_default();
    format!(
        "HTTP/1.1 {} {title}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        status.as_u16(),
        body.len()
    )
}

/// A refusal as a response.
pub(super) fn refused(reject: &Reject) -> Response<Body> {
    response(&reject.into())
}

pub(super) async fn no_such_path(uri: Uri) -> BadRequest {
    let hint = match uri.path().starts_with("/v1/orders/") {
        true => "an order's number is one segment of the path, and a `/` in it is written %2F",
        false => "the calls are under /v1",
    };
    let detail = format!("there is nothing at {}; {hint}", uri.path());
    BadRequest { status: StatusCode::NOT_FOUND, detail }
}

pub(super) async fn no_such_method(method: Method, uri: Uri) -> BadRequest {
    let detail = format!("{} does not take {method}", uri.path());
    BadRequest { status: StatusCode::METHOD_NOT_ALLOWED, detail }
}

fn response(problem: &Problem<'_>) -> Response<Body> {
    let Ok(text) = serde_json::to_string(&problem.body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(problem.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.body.status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
