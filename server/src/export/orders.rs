//! Events of orders.

use serde_json::{Value, json};
use stockade_core::event::{
    HoldExtended, OrderCancelled, OrderExpired, OrderPaid, OrderPaidLate, OrderPlaced, OrderPromised,
    OrderPromisedLate, OrderRaised, ParcelShorted, PickShorted, RefundClosed, RefundDue, ReturnInspected,
    ReturnInspectedElsewhere, ReturnReceived, ReturnReceivedElsewhere, ReviewRouted, ReviewRoutedWithin,
    SubOrderCancelled, SubOrderSplit, SubStepped, UnitsCancelled, UnplacedPaid,
};

use super::names::Names;
use super::parts::{
    decision, decisions, figures, figures_of, list, moves, order, payment, promises, take, takes, units,
};

pub(super) fn placed(names: &Names, placed: &OrderPlaced) -> Value {
    json!({
        "order_id": order(placed.order),
        "channel": names.channel(placed.channel),
        "number": placed.number.to_string(),
        "zone": placed.zone.as_ref().map(ToString::to_string),
        "customer": placed.customer.as_ref().map(ToString::to_string),
        "carrier": placed.carrier.map(|carrier| names.carrier(carrier)),
        "ship_complete": placed.ship_complete,
        "max_parcels": placed.max_parcels,
        "hold": placed.hold.to_string(),
        "plan": decision(names, &placed.decision),
    })
}

pub(super) fn promised(names: &Names, promised: &OrderPromised) -> Value {
    let mut body = placed(names, &promised.placed);
    body["ahead"] = decisions(names, &promised.ahead);
    body["promises"] = promises(names, &promised.made);
    body
}

pub(super) fn paid(names: &Names, paid: &OrderPaid) -> Value {
    json!({
        "order_id": order(paid.order),
        "payment": payment(&paid.payment),
        "moves": moves(names, &paid.moves),
    })
}

pub(super) fn paid_late(names: &Names, late: &OrderPaidLate) -> Value {
    json!({
        "order_id": order(late.order),
        "payment": payment(&late.payment),
        "plan": decision(names, &late.decision),
    })
}

pub(super) fn promised_late(names: &Names, promised: &OrderPromisedLate) -> Value {
    let mut body = paid_late(names, &promised.late);
    body["ahead"] = decisions(names, &promised.ahead);
    body["promises"] = promises(names, &promised.made);
    body
}

pub(super) fn refund_due(due: &RefundDue) -> Value {
    json!({ "order_id": order(due.order), "reason": due.reason.name(), "payment": payment(&due.payment) })
}

pub(super) fn unplaced_paid(names: &Names, paid: &UnplacedPaid) -> Value {
    json!({
        "channel": names.channel(paid.channel),
        "number": paid.number.to_string(),
        "payment": payment(&paid.payment),
    })
}

pub(super) fn refund_closed(names: &Names, closed: &RefundClosed) -> Value {
    json!({
        "order_id": closed.order.map(order),
        "channel": names.channel(closed.channel),
        "number": closed.number.to_string(),
        "refund": closed.refund.0,
        "reference": closed.reference.to_string(),
    })
}

pub(super) fn expired(names: &Names, expired: &OrderExpired) -> Value {
    json!({ "order_id": order(expired.order), "moves": moves(names, &expired.moves) })
}

pub(super) fn extended(extended: &HoldExtended) -> Value {
    json!({ "order_id": order(extended.order), "until": extended.until.to_string() })
}

pub(super) fn cancelled(names: &Names, cancelled: &OrderCancelled) -> Value {
    json!({
        "order_id": order(cancelled.order),
        "reason": cancelled.reason,
        "takes": takes(names, &cancelled.takes),
        "review": units(names, &cancelled.review),
        "waiting": list(&cancelled.waiting, |(sub, units)| json!({ "sub": sub.0, "qty": units.0 })),
        "moves": moves(names, &cancelled.moves),
    })
}

pub(super) fn sub_cancelled(names: &Names, of_sub: &SubOrderCancelled) -> Value {
    let mut body = cancelled(names, &of_sub.cancelled);
    body["sub"] = of_sub.sub.0.into();
    body
}

pub(super) fn units_cancelled(names: &Names, of_units: &UnitsCancelled) -> Value {
    let mut body = cancelled(names, &of_units.cancelled);
    body["figures"] = figures_of(&of_units.figures);
    body
}

pub(super) fn stepped(names: &Names, stepped: &SubStepped) -> Value {
    json!({
        "order_id": order(stepped.order),
        "sub": stepped.sub.0,
        "step": stepped.step.name(),
        "stage": stepped.stage.name(),
        "weight_g": stepped.weight_g,
        "waybill": stepped.waybill.as_ref().map(ToString::to_string),
        "moves": moves(names, &stepped.moves),
    })
}

pub(super) fn shorted(names: &Names, shorted: &PickShorted) -> Value {
    json!({
        "order_id": order(shorted.order),
        "sub": shorted.sub.0,
        "missing": takes(names, &shorted.missing),
        "review": units(names, &shorted.review),
        "plan": shorted.decision.as_ref().map(|plan| decision(names, plan)),
        "moves": moves(names, &shorted.moves),
    })
}

pub(super) fn parcel_shorted(names: &Names, parcel: &ParcelShorted) -> Value {
    let mut body = shorted(names, &parcel.shorted);
    body["figures"] = figures_of(&parcel.figures);
    body["most"] = parcel.most.into();
    body["why"] = parcel.why.clone().into();
    body
}

pub(super) fn received(names: &Names, received: &ReturnReceived) -> Value {
    json!({
        "order_id": order(received.order),
        "takes": takes(names, &received.takes),
        "moves": moves(names, &received.moves),
    })
}

pub(super) fn received_elsewhere(names: &Names, elsewhere: &ReturnReceivedElsewhere) -> Value {
    let mut body = received(names, &elsewhere.received);
    body["warehouse"] = names.warehouse(elsewhere.warehouse).into();
    body["place"] = elsewhere.place.clone().into();
    body
}

pub(super) fn inspected(names: &Names, inspected: &ReturnInspected) -> Value {
    json!({
        "order_id": order(inspected.order),
        "takes": takes(names, &inspected.takes),
        "intact": inspected.intact.0,
        "damaged": inspected.damaged.0,
        "moves": moves(names, &inspected.moves),
    })
}

pub(super) fn inspected_elsewhere(names: &Names, elsewhere: &ReturnInspectedElsewhere) -> Value {
    let mut body = inspected(names, &elsewhere.inspected);
    body["elsewhere"] = list(&elsewhere.elsewhere, |units| {
        let mut body = take(names, &units.take);
        body["warehouse"] = names.warehouse(units.warehouse).into();
        body
    });
    body["place"] = elsewhere.place.clone().into();
    body
}

pub(super) fn routed(names: &Names, routed: &ReviewRouted) -> Value {
    json!({
        "order_id": order(routed.order),
        "units": units(names, &routed.units),
        "plan": decision(names, &routed.decision),
    })
}

pub(super) fn routed_within(names: &Names, within: &ReviewRoutedWithin) -> Value {
    let mut body = routed(names, &within.routed);
    body["most"] = within.most.into();
    body
}

pub(super) fn raised(names: &Names, raised: &OrderRaised) -> Value {
    json!({
        "order_id": order(raised.order),
        "most": raised.most,
        "plan": decision(names, &raised.decision),
    })
}

pub(super) fn split(names: &Names, split: &SubOrderSplit) -> Value {
    json!({
        "order_id": order(split.order),
        "sub": split.sub.0,
        "takes": takes(names, &split.takes),
        "left": figures(&split.left),
        "apart": figures(&split.apart),
    })
}
