//! Lives over QUIC: callers use the client library.

use std::sync::Arc;
use std::time::Duration;

use stockade_client::{Answer, Call, Client, ClientError, Stockade};
use stockade_core::command::Request;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;
use stockade_server::clock::Clock;
use tokio::runtime::Runtime;

use super::caller::{Caller, Pace, Todo};
use super::report::{Lived, Lives};
use super::watch::Watch;
use crate::load::Load;
use crate::load::quic::{Connected, serve};
use crate::load::world::Orders;

/// How long a caller rests when none of its lives can go on.
const REST: Duration = Duration::from_millis(5);

pub(super) fn run(load: &Load) -> Result<Lives, String> {
    serve(load, |runtime, connected| live(load, runtime, connected))
}

fn live(load: &Load, runtime: &Runtime, connected: Connected) -> Result<Lives, String> {
    let Connected { client, call, run, engine } = connected;
    let (orders, pace) = (Orders::new(load, run), Arc::new(Pace::new(load.lives)));
    let watch = Watch::new(load, &pace, engine);
    let callers: Vec<_> = (0..load.callers())
        .map(|number| {
            let caller = Caller::new(load, &orders, (number, run), &pace);
            runtime.spawn(lead(client.clone(), call.clone(), caller))
        })
        .collect();
    watch.until(|| callers.iter().all(tokio::task::JoinHandle::is_finished));
    let lived = callers.into_iter().map(|caller| runtime.block_on(caller).map_err(|error| error.to_string())?);
    Ok(watch.report(lived.collect::<Result<Vec<_>, _>>()?))
}

/// Leads all lives of a caller.
async fn lead(client: Client, call: Call, mut caller: Caller) -> Result<Lived, String> {
    let clock = Clock::system(Time(0));
    loop {
        let answer = match caller.next(clock.now()) {
            Todo::Tell(request) => told(&client, &call, request).await,
            Todo::Ask(query) => client.query(query, &call).await,
            Todo::Rest => {
                tokio::time::sleep(REST).await;
                continue;
            }
            Todo::Over => return Ok(caller.lived),
        };
        let answer: Result<Reply, Reject> = match answer {
            Ok(answer) => Ok(answer.value),
            Err(ClientError::Rejected(reject)) => Err(reject),
            Err(error) => return Err(error.to_string()),
        };
        caller.heard(answer, clock.now())?;
    }
}

/// Sends a command, again while the journal is too far behind.
async fn told(client: &Client, call: &Call, request: Request) -> Result<Answer<Reply>, ClientError> {
    loop {
        let answer = client.command(request.clone(), call).await;
        let Err(ClientError::Rejected(Reject::Overloaded { retry_after })) = &answer else { return answer };
        tokio::time::sleep(Duration::from_micros(retry_after.0.0)).await;
    }
}
