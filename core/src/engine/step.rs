//! Steps of a sub-order on its way to the customer. The outbound scan asks here for its permit.

use crate::command::{Step, StepAction};
use crate::engine::lookup::{OrderContext, allowed, illegal};
use crate::engine::{Asked, Decided, Engine};
use crate::event::{Event, Move, PlainStep, SubStepped};
use crate::ids::{Code, SubNo};
use crate::orders::{Action, Order, SubOrder, Verdict, bucket_of, verdict};
use crate::reject::Reject;
use crate::reply::Stage;
use crate::rules::{StepSet, WarehouseStep};

impl Engine {
    /// Takes a sub-order a step further, or back.
    pub(super) fn step(&self, step: &Step, asked: Asked<'_>) -> Decided {
        self.change_order(&step.order, b'S', &(step.sub, &step.action), asked, |context| {
            let action = action_of(&step.action);
            let (sub, stage) = permitted(context.order, step.sub, action)?;
            match &step.action {
                StepAction::Short(found) => self.short(context, step.sub, found),
                StepAction::Return(lines) => self.take_back(context.order, step.sub, lines),
                StepAction::Inspect(lines) => self.inspect(context.order, step.sub, lines),
                StepAction::Pick => plain(&context, step.sub, sub, stage, PlainStep::Pick),
                StepAction::Pack => plain(&context, step.sub, sub, stage, PlainStep::Pack),
                StepAction::Weigh(grams) => plain(&context, step.sub, sub, stage, PlainStep::Weigh(*grams)),
                StepAction::Label(waybill) => plain(&context, step.sub, sub, stage, PlainStep::Label(waybill.clone())),
                StepAction::Scan(waybill) => {
                    same_parcel(context.order, sub, waybill.as_ref())?;
                    plain(&context, step.sub, sub, stage, PlainStep::Scan)
                }
                StepAction::Pickup => plain(&context, step.sub, sub, stage, PlainStep::Pickup),
                StepAction::Deliver => plain(&context, step.sub, sub, stage, PlainStep::Deliver),
                StepAction::Confirm => plain(&context, step.sub, sub, stage, PlainStep::Confirm),
            }
        })
    }
}

/// The sub-order and the stage the action takes it to, when the tables allow it.
fn permitted(order: &Order, no: SubNo, action: Action) -> Result<(&SubOrder, Stage), Reject> {
    let count = u16::try_from(order.subs.len()).unwrap_or(u16::MAX);
    let sub = order.sub(no).ok_or(Reject::UnknownSubOrder { sub: no, count })?;
    allowed(order, action)?;
    match verdict(sub.stage, action) {
        Verdict::To(stage) => Ok((sub, stage)),
        Verdict::No(reason) => Err(illegal(action, order, Some(sub.stage), reason)),
    }
}

fn plain(
    context: &OrderContext<'_, '_>,
    no: SubNo,
    sub: &SubOrder,
    stage: Stage,
    step: PlainStep,
) -> Result<Event, Reject> {
    if let Some(warehouse_step) = step.warehouse_step() {
        let done: StepSet = WarehouseStep::ALL.into_iter().filter(|s| sub.steps & 1 << *s as u8 != 0).collect();
        if let Some(missing) = context.config.rules.steps().missing(warehouse_step, done) {
            let reason = format!("{} comes first", missing.name());
            return Err(illegal(action_of_step(warehouse_step), context.order, Some(sub.stage), reason));
        }
    }
    Ok(Event::SubStepped(SubStepped { order: context.order.id, sub: no, step, stage, moves: moves(sub, stage) }))
}

/// The units still out follow the sub-order from bucket to bucket.
fn moves(sub: &SubOrder, stage: Stage) -> Vec<Move> {
    let line_move = |line: &crate::orders::SubLine| {
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
            Err(illegal(Action::Scan, order, Some(sub.stage), reason))
        }
        _ => Ok(()),
    }
}

const fn action_of(action: &StepAction) -> Action {
    match action {
        StepAction::Pick => Action::Pick,
        StepAction::Short(_) => Action::Short,
        StepAction::Pack => Action::Pack,
        StepAction::Weigh(_) => Action::Weigh,
        StepAction::Label(_) => Action::Label,
        StepAction::Scan(_) => Action::Scan,
        StepAction::Pickup => Action::Pickup,
        StepAction::Deliver => Action::Deliver,
        StepAction::Confirm => Action::Confirm,
        StepAction::Return(_) => Action::Return,
        StepAction::Inspect(_) => Action::Inspect,
    }
}

const fn action_of_step(step: WarehouseStep) -> Action {
    match step {
        WarehouseStep::Pick => Action::Pick,
        WarehouseStep::Pack => Action::Pack,
        WarehouseStep::Weigh => Action::Weigh,
        WarehouseStep::Label => Action::Label,
        WarehouseStep::Scan => Action::Scan,
    }
}
