//! Steps of a sub-order on its way to the customer. The outbound scan asks here for its permit.

use crate::command::{StepAction, TakeStep};
use crate::engine::change::Execute;
use crate::engine::change::order::put_review;
use crate::engine::outcome::{Decided, unknown_sub_order};
use crate::engine::plan::context::OrderContext;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::order::{allowed, illegal};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, SubStepped};
use crate::ids::{Code, SubNo};
use crate::orders::{Action, Change, Order, Stage, Step, SubLine, SubOrder, Verdict, What, bucket_of};
use crate::reject::Reject;
use crate::stock::Move;

impl Execute for TakeStep {
    /// Takes a sub-order a step further, or back.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.plan_change(&self.order, &(self.sub, &self.action), asked, |context| {
            let (sub, stage) = permitted(context.order, self.sub, Action::Step(self.action.step()))?;
            match &self.action {
                StepAction::Short(found) => engine.short(context, self.sub, found),
                StepAction::Return(lines) => Ok(engine.take_back(&context, self.sub, lines, None)?),
                StepAction::ReturnTo(back) => {
                    Ok(engine.take_back(&context, self.sub, &back.lines, Some(&back.warehouse))?)
                }
                StepAction::Inspect(lines) => Ok(engine.inspect(&context, self.sub, lines, None)?),
                StepAction::InspectAt(there) => {
                    Ok(engine.inspect(&context, self.sub, &there.lines, Some(&there.warehouse))?)
                }
                StepAction::Scan(waybill) => {
                    same_parcel(context.order, sub, waybill.as_ref())?;
                    Ok(plain(&context, self, sub, stage)?)
                }
                StepAction::Pick
                | StepAction::Pack
                | StepAction::Weigh(_)
                | StepAction::Label(_)
                | StepAction::Pickup
                | StepAction::Deliver
                | StepAction::Confirm
                | StepAction::Unpack
                | StepAction::Unscan
                | StepAction::Undelivered
                | StepAction::Refused
                | StepAction::Lost => Ok(plain(&context, self, sub, stage)?),
            }
        })
    }
}

/// The sub-order and the stage the action takes it to, when the tables allow it.
pub(super) fn permitted(order: &Order, no: SubNo, action: Action) -> Result<(&SubOrder, Stage), Reject> {
    let sub = order.sub(no).ok_or_else(|| unknown_sub_order(order, no))?;
    allowed(order, action)?;
    match sub.verdict(action) {
        Verdict::To(stage) => Ok((sub, stage)),
        Verdict::No(reason) => Err(illegal(action, order, Some(sub.stage), reason)),
    }
}

/// A step without units of its own to account for: they follow the sub-order.
fn plain(context: &OrderContext<'_, '_>, command: &TakeStep, sub: &SubOrder, stage: Stage) -> Result<Event, Reject> {
    let step = command.action.step();
    if let Some(missing) = context.config.rules.steps().missing(step, sub.steps) {
        let reason = format!("`{}` comes first", missing.name());
        return Err(illegal(Action::Step(step), context.order, Some(sub.stage), reason));
    }
    let (mut weight_g, mut waybill) = (None, None);
    if let StepAction::Weigh(grams) = &command.action {
        weight_g = Some(*grams);
    }
    if let StepAction::Label(code) = &command.action {
        waybill = Some(code.clone());
    }
    let (order, sub_no, moves) = (context.order.id, command.sub, moves(sub, stage));
    Ok(Event::SubStepped(SubStepped { order, sub: sub_no, step, weight_g, waybill, stage, moves }))
}

/// The units still out follow the sub-order from bucket to bucket.
fn moves(sub: &SubOrder, stage: Stage) -> Vec<Move> {
    let line_move = |line: &SubLine| {
        let (from, to) = (bucket_of(sub.stage, line.pool)?, bucket_of(stage, line.pool)?);
        let units = line.out();
        let moved = from != to && !units.is_zero();
        moved.then_some(Move { sku: line.sku, warehouse: sub.warehouse, from, to, units })
    };
    sub.lines.iter().filter_map(line_move).collect()
}

fn same_parcel(order: &Order, sub: &SubOrder, scanned: Option<&Code>) -> Result<(), Reject> {
    match (&sub.waybill, scanned) {
        (Some(issued), Some(scanned)) if issued != scanned => {
            let reason = format!("the parcel carries waybill {scanned}, but {issued} was issued: wrong parcel");
            Err(illegal(Action::Step(Step::Scan), order, Some(sub.stage), reason))
        }
        _ => Ok(()),
    }
}

impl Body for SubStepped {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "it has no such sub-order" };
        let sub = order.sub_mut(self.sub).ok_or(wrong)?;
        sub.stage = self.stage;
        sub.steps = sub.steps.after(self.step);
        if self.step == Step::Unpack {
            sub.waybill = None;
        }
        if let Some(waybill) = &self.waybill {
            sub.waybill = Some(waybill.clone());
        }
        if self.step == Step::Lost {
            let lost = sub.take_out();
            put_review(order, &lost);
        }
        at.done_as(order, What::Step(self.step), Some(self.sub), Change::Stepped { sub: self.sub, stage: self.stage });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
