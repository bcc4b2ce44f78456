//! Client and server over loopback: what callers see when all is well, and when it is not.

mod batches;
mod doors;
mod fairness;
mod faults;
mod host;
mod http;
mod parameters;
mod raw;
mod slow;
mod worst;

use std::time::Duration;

use host::{Host, code, line, number, place, reject_code};
use stockade_client::core::Durability;
use stockade_client::core::command::*;
use stockade_client::core::ids::SubNo;
use stockade_client::core::orders::{Change, OrderState, Stage};
use stockade_client::core::query::{AvailabilityQuery, OrdersQuery, Query};
use stockade_client::core::time::Span;
use stockade_client::core::wire::HelloRefusal;
use stockade_client::{Call, Client, ClientError, Stockade};

#[tokio::test]
async fn an_order_goes_from_quote_to_confirmation_and_back() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    let dock = host.client(&host.warehouse).await;
    let order = || place("1", vec![line("TEA", 2), line("POT", 1)]);
    let plan = shop.quote(order()).await.unwrap();
    assert_eq!(plan.sub_orders.len(), 1);
    assert_eq!(host.available(&shop, "TEA").await, 1_000);
    let placed = shop.place(order()).await.unwrap();
    assert_eq!((placed.present, placed.replayed), (OrderState::Held, false));
    assert_eq!(placed.plan.cost, plan.cost);
    assert_eq!(host.available(&shop, "TEA").await, 998);
    assert!(shop.place(order()).await.unwrap().replayed);
    assert_eq!(shop.pay(number("1")).await.unwrap().change, Change::Paid);
    for (action, stage) in [
        (StepAction::Pick, Stage::Picking),
        (StepAction::Pack, Stage::Packed),
        (StepAction::Scan(None), Stage::Outbound),
        (StepAction::Pickup, Stage::PickedUp),
        (StepAction::Deliver, Stage::Delivered),
    ] {
        let changed = dock.step(number("1"), SubNo(1), action).await.unwrap();
        assert_eq!(changed.change, Change::Stepped { sub: SubNo(1), stage });
    }
    shop.step_confirm(number("1"), SubNo(1)).await.unwrap();
    let view = shop.order_by_number(code("web"), code("1")).await.unwrap();
    assert_eq!(view.sub_orders[0].stage, Stage::Confirmed);
    assert!(view.timeline.iter().all(|entry| entry.actor == code("shop") || entry.actor == code("dock")));
    let listed = dock.orders(OrdersQuery { warehouse: Some(code("A")), limit: 10, ..OrdersQuery::default() });
    let page = listed.await.unwrap();
    assert_eq!((page.orders.len(), page.next), (1, None));
    host.check();
}

#[tokio::test]
async fn cancelled_units_are_free_again_and_refusals_say_why() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    shop.place(place("1", vec![line("TEA", 999)])).await.unwrap();
    let error = shop.place(place("2", vec![line("TEA", 2)])).await.unwrap_err();
    assert_eq!(reject_code(&error), "insufficient_stock");
    assert!(error.to_string().contains("2 of TEA wanted, 1 available"), "{error}");
    shop.cancel(number("1"), CancelScope::Order, None).await.unwrap();
    assert_eq!(host.available(&shop, "TEA").await, 1_000);
    let error = shop.pay(number("3")).await.unwrap_err();
    assert_eq!(
        error,
        ClientError::Rejected(stockade_client::core::reject::Reject::UnknownOrder {
            order: number("3"),
            unnamed: true
        })
    );
    host.check();
}

#[tokio::test]
async fn many_orders_travel_together_and_are_decided_one_by_one() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    let orders = (0..1_500).map(|n| place(&format!("m-{n}"), vec![line("TEA", 1)])).collect();
    let results = shop.place_many(orders).await;
    assert_eq!(results.len(), 1_500);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1_000);
    let refused = results.iter().filter_map(|result| result.as_ref().err()).map(reject_code);
    assert!(refused.into_iter().all(|code| code == "insufficient_stock"));
    host.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_share_a_connection_and_never_oversell() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    let calls: Vec<_> = (0..1_200)
        .map(|n| {
            let shop = shop.clone();
            tokio::spawn(async move { shop.place(place(&format!("c-{n}"), vec![line("POT", 1)])).await.is_ok() })
        })
        .collect();
    let mut placed = 0;
    for call in calls {
        placed += u32::from(call.await.unwrap());
    }
    assert_eq!(placed, 1_000);
    host.check();
}

#[tokio::test]
async fn roles_reach_what_is_theirs_and_nothing_else() {
    let host = Host::start().await;
    let (shop, dock, desk) =
        (host.client(&host.storefront).await, host.client(&host.warehouse).await, host.client(&host.support).await);
    let adjust = || Adjust {
        sku: code("TEA"),
        warehouse: code("A"),
        pool: None,
        delta: 1,
        reason: "found behind a shelf".to_owned(),
    };
    assert_eq!(reject_code(&shop.adjust(adjust()).await.unwrap_err()), "forbidden");
    assert_eq!(reject_code(&desk.adjust(adjust()).await.unwrap_err()), "forbidden");
    dock.adjust(adjust()).await.unwrap();
    let order = Place::new(code("live"), code("1"), vec![line("TEA", 1)]);
    assert_eq!(reject_code(&shop.place(order).await.unwrap_err()), "forbidden");
    assert_eq!(reject_code(&dock.place(place("1", vec![line("TEA", 1)])).await.unwrap_err()), "forbidden");
    assert_eq!(reject_code(&shop.world().await.unwrap_err()), "forbidden");
    assert!(desk.world().await.unwrap().text.contains("currency"));
    let all =
        shop.place_many(vec![place("1", vec![line("TEA", 1)]), Place::new(code("live"), code("2"), vec![])]).await;
    assert!(all[0].is_ok());
    assert_eq!(reject_code(all[1].as_ref().unwrap_err()), "forbidden");
}

#[tokio::test]
async fn a_bad_token_is_refused_at_the_door() {
    let host = Host::start().await;
    let error = Client::connect(host.config("stk_wrong")).await.unwrap_err();
    assert_eq!(error, ClientError::Refused(HelloRefusal::Unauthenticated));
    let mut config = host.config(&host.admin);
    config.trust = stockade_client::Trust::Pinned(stockade_client::Fingerprint([7; 32]));
    let error = Client::connect(config).await.unwrap_err();
    assert!(error.to_string().contains("is pinned"), "{error}");
    assert!(matches!(error, ClientError::Untrusted { .. }) && !error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_revoked_token_closes_what_it_opened_and_no_other() {
    let host = Host::start().await;
    let (shop, desk) = (host.client(&host.storefront).await, host.client(&host.support).await);
    shop.place(place("1", vec![line("TEA", 1)])).await.unwrap();
    host.revoke("shop");
    let refused = async {
        loop {
            let answer = shop.place(place("2", vec![line("TEA", 1)])).await;
            if let Err(ClientError::Refused(HelloRefusal::Unauthenticated)) = answer {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), refused).await.expect("the revoked token is refused");
    assert!(desk.world().await.is_ok());
}

#[tokio::test]
async fn answers_wait_for_the_journal_unless_asked_provisionally() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    host.hold_journal(true);
    let waiting = tokio::spawn({
        let shop = shop.clone();
        async move { shop.place(place("1", vec![line("TEA", 10)])).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    let provisional = shop.with(Call { provisional: true, ..Call::default() });
    let answer = provisional
        .query(
            Query::Availability(AvailabilityQuery { channel: code("web"), skus: vec![code("TEA")] }),
            &provisional.defaults(),
        )
        .await
        .unwrap();
    assert_eq!(answer.level, Durability::Memory);
    let firm = tokio::time::timeout(Duration::from_millis(50), host.available(&shop, "TEA")).await;
    assert!(firm.is_err(), "a read may not show what may yet be lost");
    host.hold_journal(false);
    assert_eq!(waiting.await.unwrap().unwrap().present, OrderState::Held);
    assert_eq!(host.available(&shop, "TEA").await, 990);
}

#[tokio::test]
async fn what_is_not_durable_in_time_is_an_unknown_outcome_and_a_repeat_tells() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    host.hold_journal(true);
    let hurried = shop.with(Call { timeout: Duration::from_millis(300), ..Call::default() });
    let error = hurried.place(place("1", vec![line("TEA", 1)])).await.unwrap_err();
    let ClientError::OutcomeUnknown { key, order: Some(_) } = error else { panic!("{error}") };
    assert_eq!(key, code("1"));
    host.hold_journal(false);
    assert!(shop.place(place("1", vec![line("TEA", 1)])).await.unwrap().replayed);
    assert_eq!(host.available(&shop, "TEA").await, 999);
}

#[tokio::test]
async fn a_level_the_journal_cannot_give_is_refused_before_anything_is_done() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    let strict = shop.with(Call { durability: Some(Durability::Replicated), ..Call::default() });
    let error = strict.place(place("1", vec![line("TEA", 1)])).await.unwrap_err();
    assert_eq!(reject_code(&error), "durability_unavailable");
    assert_eq!(host.available(&shop, "TEA").await, 1_000);
}

#[tokio::test]
async fn unpaid_holds_run_out_by_themselves() {
    let host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    let orders = (0..500)
        .map(|n| Place { hold: Some(Span::from_millis(200)), ..place(&format!("x-{n}"), vec![line("TEA", 2)]) });
    let placed = shop.place_many(orders.collect()).await;
    assert!(placed.iter().all(Result::is_ok));
    for _ in 0..1_000 {
        if host.available(&shop, "TEA").await == 1_000 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(host.available(&shop, "TEA").await, 1_000);
    for n in 0..500 {
        let view = shop.order(number(&format!("x-{n}"))).await.unwrap();
        assert_eq!(view.state, OrderState::Expired);
        assert!(view.timeline.last().unwrap().arrived >= view.expires_at, "nothing runs out before its time");
    }
    host.check();
}
