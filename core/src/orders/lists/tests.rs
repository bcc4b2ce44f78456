//! Lists against a plain model, alone and while others change them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::Actor;
use crate::decision::{CostParts, PlannedSub, SubKind};
use crate::ids::{CarrierId, ChannelId, Code, OrderId, Seq, WarehouseId};
use crate::orders::{NewOrder, Order, OrderState, Stage, SubOrder};
use crate::time::Time;

const STATES: [OrderState; 5] =
    [OrderState::Held, OrderState::Paid, OrderState::Expired, OrderState::RefundDue, OrderState::Cancelled];

/// An order as the model keeps it.
#[derive(Clone, Debug)]
struct Known {
    channel: ChannelId,
    customer: Option<Code>,
    state: OrderState,
    subs: Vec<(WarehouseId, Stage)>,
}

/// A filter that owns its customer.
#[derive(Clone, Debug)]
struct Wanted {
    warehouse: Option<WarehouseId>,
    stage: Option<Stage>,
    channel: Option<ChannelId>,
    customer: Option<Code>,
    state: Option<OrderState>,
}

/// What a test does next; orders are named by the sequence that placed them.
#[derive(Clone, Debug)]
enum Step {
    /// An order is placed, or becomes this one.
    Set(u64, Known),
    Remove(u64),
}

type Model = BTreeMap<Seq, Known>;

#[test]
fn the_latest_orders_of_some_stages_come_youngest_first_and_once_each() {
    let lists = Lists::new();
    let (here, there) = (WarehouseId(3), WarehouseId(4));
    for placed in 1..=1_000 {
        let stages = [Stage::Held, Stage::Allocated, Stage::Picking, Stage::Confirmed];
        let subs = vec![(here, stages[placed as usize % 4]), (here, Stage::Held), (there, Stage::Picking)];
        let (channel, customer, state) = (ChannelId(0), None, OrderState::Paid);
        assert!(lists.insert(&Known { channel, customer, state, subs }.listed(Seq(placed))));
    }
    let latest = |stages: &[Stage], before, most| {
        let found = lists.latest(here, stages, Seq(before), most);
        found.into_iter().map(|entry| entry.placed.0).collect::<Vec<_>>()
    };
    assert_eq!(latest(&[Stage::Picking], u64::MAX, 3), [998, 994, 990]);
    assert_eq!(latest(&[Stage::Picking, Stage::Allocated], 994, 3), [993, 990, 989]);
    let all = latest(&[Stage::Held, Stage::Confirmed], 501, 1_000);
    assert!(all.into_iter().eq((1..=500).rev()));
    assert_eq!(latest(&[Stage::Delivered], u64::MAX, 3), [0; 0]);
}

impl Known {
    fn listed(&self, placed: Seq) -> Listed {
        Listed::new(
            entry(placed),
            self.channel,
            self.customer.clone(),
            1 << self.state as u16,
            self.subs.iter().copied(),
        )
    }

    fn order(&self, placed: Seq) -> Order {
        let mut order = Order::new(NewOrder {
            id: entry(placed).order,
            channel: self.channel,
            number: &Code::new("1").unwrap(),
            digest: 0.into(),
            zone: None,
            customer: self.customer.as_ref(),
            carrier: None,
            ship_complete: false,
            max_parcels: None,
            placed,
            arrived: Time(0),
            occurred: Time(0),
            actor: &Actor::Timer,
            deadline: Time(0),
        });
        order.state = self.state;
        let sub = |(warehouse, stage): &(WarehouseId, Stage)| {
            let planned = PlannedSub {
                warehouse: *warehouse,
                carrier: CarrierId(0),
                kind: SubKind::Regular,
                hours: 0,
                weight_g: 0,
                parts: CostParts::default(),
                from_supplier: false,
                lines: Vec::new(),
            };
            SubOrder::new(&planned, *stage)
        };
        order.subs = self.subs.iter().map(sub).collect();
        order
    }

    fn fits(&self, wanted: &Wanted) -> bool {
        let sub = |(warehouse, stage): &(WarehouseId, Stage)| {
            wanted.warehouse.is_none_or(|w| w == *warehouse) && wanted.stage.is_none_or(|s| s == *stage)
        };
        let any = wanted.warehouse.is_none() && wanted.stage.is_none();
        wanted.channel.is_none_or(|channel| channel == self.channel)
            && wanted.state.is_none_or(|state| state == self.state)
            && (wanted.customer.is_none() || wanted.customer == self.customer)
            && (any || self.subs.iter().any(sub))
    }
}

impl Wanted {
    fn filter(&self) -> ListFilter<'_> {
        let Wanted { warehouse, stage, channel, ref customer, state } = *self;
        ListFilter { warehouse, stage, channel, customer: customer.as_ref(), state }
    }
}

/// All of it is settled.
fn range(after: Option<Seq>, most: usize) -> Range {
    Range { after, settled: Seq(u64::MAX), most }
}

fn entry(placed: Seq) -> Entry {
    Entry { placed, order: OrderId(placed.0 * 4_096 + 5) }
}

fn customer() -> impl Strategy<Value = Code> {
    (0u8..12).prop_map(|customer| Code::new(&format!("customer-{customer}")).unwrap())
}

fn stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(&Stage::ALL[..])
}

/// Ids of several blocks.
fn warehouse() -> impl Strategy<Value = WarehouseId> {
    prop::sample::select(vec![WarehouseId(0), WarehouseId(1), WarehouseId(256), WarehouseId(u16::MAX)])
}

fn channel() -> impl Strategy<Value = ChannelId> {
    prop::sample::select(vec![ChannelId(0), ChannelId(1), ChannelId(256)])
}

fn state() -> impl Strategy<Value = OrderState> {
    prop::sample::select(&STATES[..])
}

fn known() -> impl Strategy<Value = Known> {
    let subs = prop::collection::vec((warehouse(), stage()), 0..4);
    (channel(), prop::option::of(customer()), state(), subs).prop_map(|(channel, customer, state, subs)| Known {
        channel,
        customer,
        state,
        subs,
    })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let channel = prop::option::weighted(0.3, channel());
    let customer = prop::option::weighted(0.2, customer());
    let stage = prop::option::weighted(0.3, stage());
    (prop::option::weighted(0.3, warehouse()), stage, channel, customer, prop::option::weighted(0.3, state()))
        .prop_map(|(warehouse, stage, channel, customer, state)| Wanted { warehouse, stage, channel, customer, state })
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1u64..300, known()).prop_map(|(placed, known)| Step::Set(placed, known)),
        1 => (1u64..300).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..most)
}

/// Does a step to both. A customer and a channel may change with it where the order is a new one.
fn step(lists: &Lists, model: &mut Model, step: Step) {
    match step {
        Step::Set(placed, mut known) => {
            let placed = Seq(placed);
            match model.get(&placed) {
                Some(before) => {
                    known.channel = before.channel;
                    assert!(lists.change(&before.listed(placed), &known.listed(placed)));
                }
                None => assert!(lists.insert(&known.listed(placed))),
            }
            model.insert(placed, known);
        }
        Step::Remove(placed) => {
            if let Some(known) = model.remove(&Seq(placed)) {
                assert!(lists.remove(&known.listed(Seq(placed))));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pages_show_what_a_model_shows(steps in steps(500), wanted in prop::collection::vec((wanted(), 1usize..40), 6)) {
        let (lists, mut model) = (Lists::new(), Model::new());
        steps.into_iter().for_each(|next| step(&lists, &mut model, next));
        prop_assert_eq!(lists.check(model.iter().map(|(placed, known)| known.listed(*placed))), Ok(()));
        for (wanted, most) in wanted {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = lists.page(&wanted.filter(), range(after, most), |entry| model[&entry.placed].fits(&wanted));
                prop_assert!(page.entries.len() <= most);
                prop_assert!(page.next.is_none() || page.entries.len() == most, "so few orders fit on one page");
                seen.extend(page.entries);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let fitting = model.iter().filter(|(_, known)| known.fits(&wanted)).map(|(placed, _)| entry(*placed));
            prop_assert_eq!(seen, fitting.collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_order_that_changes_is_followed(now in prop::collection::vec(known(), 2..12)) {
        let (lists, placed) = (Lists::new(), Seq(7));
        let orders: Vec<Order> = now
            .iter()
            .map(|known| Known { channel: ChannelId(1), customer: now[0].customer.clone(), ..known.clone() }.order(placed))
            .collect();
        prop_assert!(lists.insert(&Listed::of(&orders[0])));
        for change in orders.windows(2) {
            prop_assert!(lists.follow(&Stood::of(&change[0]), &change[1]));
            prop_assert_eq!(lists.check([Listed::of(&change[1])]), Ok(()));
        }
    }

    /// While orders come, go and change between the pages.
    #[test]
    fn a_cursor_neither_skips_nor_repeats_what_was_there_all_the_time(
        before in steps(400),
        between in prop::collection::vec(steps(40), 20),
        wanted in wanted(),
        most in 1usize..20,
    ) {
        let (lists, mut model) = (Lists::new(), Model::new());
        before.into_iter().for_each(|next| step(&lists, &mut model, next));
        let mut steady: Vec<Seq> = model.keys().copied().collect();
        let (mut seen, mut after, mut between) = (Vec::new(), None, between.into_iter());
        loop {
            steady.retain(|placed| model.get(placed).is_some_and(|known| known.fits(&wanted)));
            let page = lists.page(&wanted.filter(), range(after, most), |entry| model[&entry.placed].fits(&wanted));
            seen.extend(page.entries.iter().map(|entry| entry.placed));
            after = page.next;
            if after.is_none() {
                break;
            }
            between.next().into_iter().flatten().for_each(|next| step(&lists, &mut model, next));
        }
        prop_assert!(seen.is_sorted_by(|a, b| a < b), "{:?}", seen);
        prop_assert!(steady.iter().all(|placed| seen.binary_search(placed).is_ok()), "{:?} of {:?}", steady, seen);
        prop_assert_eq!(lists.check(model.iter().map(|(placed, known)| known.listed(*placed))), Ok(()));
    }
}

#[test]
fn a_page_asks_of_few_orders_even_where_none_fits() {
    let lists = Lists::new();
    let order = |placed: u64, customer: Option<&str>| Known {
        channel: ChannelId((placed % 2) as u16),
        customer: customer.map(|customer| Code::new(customer).unwrap()),
        state: OrderState::Held,
        subs: vec![(WarehouseId((placed % 2) as u16), Stage::Held)],
    };
    (1..=10_000).for_each(|placed| assert!(lists.insert(&order(placed, None).listed(Seq(placed)))));
    assert!(lists.insert(&order(10_001, Some("one of few")).listed(Seq(10_001))));
    // Channel and warehouse are long lists and have no order in common.
    let mut filter =
        ListFilter { warehouse: Some(WarehouseId(0)), channel: Some(ChannelId(1)), ..ListFilter::default() };
    let (mut after, mut pages) = (None, 0);
    loop {
        let mut asked = 0;
        let page = lists.page(&filter, range(after, 10), |entry| {
            asked += 1;
            entry.placed.0 % 2 == 0 && entry.placed.0 % 2 == 1
        });
        assert!(asked <= 1_024 && page.entries.is_empty(), "{asked} asked");
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 5);
    // The customer's list is served whole, whatever else is asked.
    let few = Code::new("one of few").unwrap();
    filter = ListFilter { customer: Some(&few), state: Some(OrderState::Held), ..ListFilter::default() };
    let mut asked = 0;
    let page = lists.page(&filter, range(None, 10), |_| {
        asked += 1;
        true
    });
    assert_eq!((page.entries, page.next, asked), (vec![entry(Seq(10_001))], None, 1));
}

/// Order 8 is listed while 7, of another thread, is still being applied.
#[test]
fn no_cursor_goes_past_what_is_still_being_applied() {
    let lists = Lists::new();
    let known = Known { channel: ChannelId(1), customer: None, state: OrderState::Held, subs: Vec::new() };
    let add = |placed: u64| assert!(lists.insert(&known.listed(Seq(placed))));
    let page = |after: Option<u64>, settled, most| {
        let range = Range { after: after.map(Seq), settled: Seq(settled), most };
        let page = lists.page(&ListFilter::default(), range, |_| true);
        (page.entries.iter().map(|entry| entry.placed.0).collect::<Vec<_>>(), page.next.map(|next| next.0))
    };
    [1, 2, 5, 8, 9].into_iter().for_each(add);
    assert_eq!(page(None, 6, 10), (vec![1, 2, 5, 8, 9], None), "the last page has all there is");
    assert_eq!(page(None, 6, 5), (vec![1, 2, 5, 8, 9], None), "and a full one as well");
    assert_eq!(page(None, 6, 4), (vec![1, 2, 5], Some(6)));
    assert_eq!(page(Some(6), 6, 1), (vec![], Some(6)), "what follows is not settled yet");
    add(7);
    assert_eq!(page(Some(6), 9, 1), (vec![7], Some(7)));
    assert_eq!(page(Some(7), 6, 1), (vec![], Some(7)), "a cursor never goes back");
    assert_eq!(page(None, 0, 4), (vec![], Some(0)));
}

/// Some orders go from stage to stage and from state to state as fast as they can; all stay at their warehouse and in
/// their channel, where each page shows them once.
#[test]
fn orders_that_move_are_never_between_two_lists() {
    let lists = Lists::new();
    let known =
        |state, stage| Known { channel: ChannelId(1), customer: None, state, subs: vec![(WarehouseId(2), stage)] };
    let start = known(OrderState::Held, Stage::Held);
    (1..=600).for_each(|placed| assert!(lists.insert(&start.listed(Seq(placed)))));
    let done = AtomicBool::new(false);
    let ends = thread::scope(|scope| {
        let movers: Vec<_> = (0..2u64)
            .map(|mover| {
                let (lists, done, mut before) = (&lists, &done, start.clone());
                scope.spawn(move || {
                    let mut rounds = 0..;
                    while !done.load(Ordering::Relaxed) {
                        let round: usize = rounds.next().unwrap_or_default();
                        let after = known(STATES[round % STATES.len()], Stage::ALL[round * 7 % Stage::ALL.len()]);
                        for placed in (1..=600).filter(|placed| placed % 3 == mover).map(Seq) {
                            assert!(lists.change(&before.listed(placed), &after.listed(placed)));
                        }
                        before = after;
                    }
                    before
                })
            })
            .collect();
        let by_channel = ListFilter { channel: Some(ChannelId(1)), ..ListFilter::default() };
        let by_warehouse = ListFilter { warehouse: Some(WarehouseId(2)), ..ListFilter::default() };
        for filter in [by_channel, by_warehouse, ListFilter::default()].iter().cycle().take(150) {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = lists.page(filter, range(after, 100), |_| true);
                seen.extend(page.entries);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let complete = (1..=600).map(|placed| entry(Seq(placed))).eq(seen);
            done.fetch_or(!complete, Ordering::Relaxed);
            assert!(complete, "a page skipped or repeated an order: {filter:?}");
        }
        done.store(true, Ordering::Relaxed);
        movers.into_iter().map(|mover| mover.join().unwrap()).collect::<Vec<_>>()
    });
    let now = |placed: u64| ends.get((placed % 3) as usize).unwrap_or(&start).listed(Seq(placed));
    assert_eq!(lists.check((1..=600).map(now)), Ok(()));
}
