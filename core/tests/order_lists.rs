//! Lists of orders as a caller reads them, page by page: against a plain reference, and at their price.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use stockade_core::command::*;
use stockade_core::ids::{Code, OrderId, Seq, SubNo};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span};
use support::*;

const SKUS: [&str; 3] = ["tea", "cup", "pot"];
const CHANNELS: [&str; 3] = ["web", "live", "far"];
const WAREHOUSES: [&str; 3] = ["A", "B", "C"];
const CUSTOMERS: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// Three warehouses; channel `web` sells presale.
fn shop() -> Shop {
    let mut world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    world.push_str(
        "[[warehouse]]\ncode = \"C\"\nzone = \"south\"\n[[channel]]\ncode = \"far\"\npools = [\"regular\"]\n",
    );
    world.push_str("[[rate]]\ncarrier = \"X\"\nfrom = \"C\"\nto = \"*\"\nparcel = \"7\"\nhours = 72\n");
    let shop = Shop::with_world(&world);
    shop.skus(&SKUS);
    shop
}

/// A small generator of numbers: the same for the same seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// Whether money is owed back.
fn owed(order: &OrderView) -> bool {
    order.refunds.iter().any(|refund| refund.closed.is_none())
}

/// What a list shows of a sub-order.
type Row = (OrderId, SubNo, String, Stage, OrderState);

/// Orders by the event that placed them, as each of them shows itself when it is asked for by its id.
#[derive(Default)]
struct Reference(BTreeMap<Seq, OrderView>);

impl Reference {
    /// Looks at an order again.
    fn look(&mut self, shop: &Shop, placed: Seq, order: OrderId) {
        match shop.engine.query(&Query::Order(OrderRef::Id(order)), shop.now).result.unwrap() {
            Reply::Order(view) => drop(self.0.insert(placed, *view)),
            other => panic!("{other:?}"),
        }
    }

    fn look_at_all(&mut self, shop: &Shop) {
        let known: Vec<(Seq, OrderId)> = self.0.iter().map(|(placed, view)| (*placed, view.order)).collect();
        known.into_iter().for_each(|(placed, order)| self.look(shop, placed, order));
    }

    /// Every row that a query asks for, oldest order first.
    fn rows(&self, query: &OrdersQuery) -> Vec<Row> {
        let of_order = |view: &&OrderView| {
            query.channel.as_ref().is_none_or(|channel| *channel == view.channel)
                && query.state.is_none_or(|state| state == view.state || (state == OrderState::RefundDue && owed(view)))
                && (query.customer.is_none() || query.customer == view.customer)
        };
        let mut rows = Vec::new();
        for view in self.0.values().filter(of_order) {
            for sub in &view.sub_orders {
                let (no, warehouse) = (sub.promised.no, &sub.promised.warehouse);
                let fits = query.warehouse.as_ref().is_none_or(|wanted| wanted == warehouse)
                    && query.stage.is_none_or(|stage| stage == sub.stage);
                rows.extend(fits.then(|| (view.order, no, warehouse.to_string(), sub.stage, view.state)));
            }
        }
        rows
    }
}

fn page(shop: &Shop, query: &OrdersQuery) -> OrdersPage {
    match shop.engine.query(&Query::Orders(query.clone()), shop.now).result.unwrap() {
        Reply::Orders(page) => page,
        other => panic!("{other:?}"),
    }
}

/// Follows a list from its start to its end; `between` runs after each page.
fn walk(shop: &Shop, query: &OrdersQuery, mut between: impl FnMut()) -> Vec<Row> {
    let (mut rows, mut query) = (Vec::new(), query.clone());
    loop {
        let page = page(shop, &query);
        let mut orders: Vec<OrderId> = page.orders.iter().map(|row| row.order).collect();
        orders.dedup();
        assert!(orders.len() <= query.limit.max(1) as usize, "{} orders on a page of {}", orders.len(), query.limit);
        rows.extend(
            page.orders.into_iter().map(|row| (row.order, row.sub, row.warehouse.to_string(), row.stage, row.state)),
        );
        assert!(page.next.is_none() || page.next > query.after, "the cursor stands still");
        query.after = page.next;
        if page.next.is_none() {
            return rows;
        }
        between();
    }
}

/// A shop in which random things happen to orders.
struct Random {
    shop: Shop,
    rng: Rng,
    reference: Reference,
    placed: Vec<(String, String)>,
}

impl Random {
    fn new(seed: u64) -> Random {
        let shop = shop();
        for (at, warehouse) in WAREHOUSES.into_iter().enumerate() {
            SKUS.iter().for_each(|sku| shop.receive(sku, warehouse, 20 + 10 * at as u64));
            shop.ok(shop.announce("PO-1", "pot", warehouse, Day::from_date(2026, 12, 1).unwrap(), 40));
        }
        Random { shop, rng: Rng(seed), reference: Reference::default(), placed: Vec::new() }
    }

    fn place(&mut self) {
        let (channel, number) = (self.rng.pick(&CHANNELS), format!("{}", self.placed.len()));
        let lines: Vec<(&str, u64)> =
            (0..1 + self.rng.below(3)).map(|at| (SKUS[2 - at], 1 + self.rng.below(5) as u64)).collect();
        let customer = self.rng.below(CUSTOMERS.len() + 2);
        let customer = CUSTOMERS.get(customer).map(|customer| code(customer));
        let place = Place { customer, ..order_by(channel, &number, &lines) };
        if let Ok(Reply::Placed(placed)) = self.shop.run(Command::Place(place)).result {
            self.reference.look(&self.shop, placed.seq, placed.order);
            self.placed.push((channel.to_owned(), number));
        }
    }

    /// The step that usually comes after the stage of a sub-order.
    fn next_step(&mut self, order: &OrderRef, sub: SubNo) -> StepAction {
        let Reply::Order(view) = self.shop.engine.query(&Query::Order(order.clone()), self.shop.now).result.unwrap()
        else {
            panic!()
        };
        match view.sub_orders.iter().find(|known| known.promised.no == sub).map(|sub| sub.stage) {
            Some(Stage::Picking) => StepAction::Pack,
            Some(Stage::Packed) => StepAction::Scan(None),
            Some(Stage::Outbound) => self.rng.pick(&[StepAction::Pickup, StepAction::Pickup, StepAction::Lost]),
            Some(Stage::PickedUp) => {
                self.rng.pick(&[StepAction::Deliver, StepAction::Deliver, StepAction::Undelivered])
            }
            Some(Stage::Undelivered) => StepAction::Deliver,
            Some(Stage::Delivered) => StepAction::Confirm,
            _ => StepAction::Pick,
        }
    }

    /// Something happens, allowed or not: an order is placed, paid, stepped, picked short or given up, holds run out, goods
    /// come.
    fn step(&mut self) {
        if self.placed.is_empty() || self.rng.below(5) == 0 {
            return self.place();
        }
        // Some orders get far, and many do not.
        let known = [self.placed.len(), self.placed.len().min(20)];
        let known = self.rng.pick(&known);
        let (channel, number) = self.placed[self.rng.below(known)].clone();
        let order = OrderRef::Number { channel: code(&channel), number: code(&number) };
        let sub = SubNo(1 + self.rng.below(3) as u16);
        let sku = self.rng.pick(&SKUS);
        let step = |action| Command::Step(TakeStep { order: order.clone(), sub, action });
        let cancel = |scope| Command::Cancel(Cancel { order: order.clone(), scope, reason: None });
        let command = match self.rng.below(24) {
            0..=4 => Command::Pay(Pay::new(order.clone())),
            5..=14 => step(self.next_step(&order, SubNo(1))),
            15 => step(StepAction::Short(vec![line(sku, 0)])),
            16 => Command::Reroute(Reroute { order: order.clone() }),
            17 => cancel(CancelScope::Order),
            18 => cancel(CancelScope::Sub(sub)),
            19..=20 => cancel(CancelScope::Units(line(sku, 1))),
            21 => Command::Receive(Receive {
                warehouse: code(self.rng.pick(&WAREHOUSES)),
                pool: None,
                expected: (sku == "pot").then(|| Fulfils { reference: code("PO-1"), more: true }),
                lines: vec![line(sku, 3)],
            }),
            _ => {
                self.shop.wait(Span::from_mins(1));
                self.shop.engine.expire_due(self.shop.now, 100);
                return self.shop.react();
            }
        };
        let _ = self.shop.run(command);
    }

    /// A query that gives a value to each of the filters whose bit is set: any value, or that of a sub-order there is.
    fn query(&mut self, filters: usize) -> OrdersQuery {
        let Random { rng, reference, .. } = self;
        let mut values = (
            code(rng.pick(&WAREHOUSES)),
            code(rng.pick(&CHANNELS)),
            rng.pick(&Stage::ALL),
            rng.pick(&OrderState::ALL),
            code(rng.pick(&CUSTOMERS)),
        );
        let known = reference.0.values().nth(rng.below(reference.0.len().max(1)));
        if let Some(view) = known.filter(|_| rng.below(2) == 0) {
            let sub = &view.sub_orders[rng.below(view.sub_orders.len())];
            let customer = view.customer.clone().unwrap_or(values.4);
            values = (sub.promised.warehouse.clone(), view.channel.clone(), sub.stage, view.state, customer);
        }
        let set = |bit: usize| filters & 1 << bit != 0;
        OrdersQuery {
            warehouse: set(0).then_some(values.0),
            channel: set(1).then_some(values.1),
            stage: set(2).then_some(values.2),
            state: set(3).then_some(values.3),
            customer: set(4).then_some(values.4),
            after: None,
            limit: [0, 1, 2, 3, 7, 20, 1_000][rng.below(7)],
        }
    }
}

#[test]
fn pages_of_every_combination_of_filters_are_the_list_oldest_first_and_each_order_once() {
    let (mut found, mut seen) = ([0; 32], BTreeMap::new());
    for seed in 0..5 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        for _ in 0..4 {
            (0..300).for_each(|_| random.step());
            random.reference.look_at_all(&random.shop);
            for (filters, found) in found.iter_mut().enumerate() {
                for _ in 0..4 {
                    let query = random.query(filters);
                    let rows = walk(&random.shop, &query, || ());
                    assert_eq!(rows, random.reference.rows(&query), "seed {seed}, {query:?}");
                    *found += rows.len();
                    rows.iter()
                        .for_each(|(_, _, _, stage, state)| *seen.entry((*state, stage.name())).or_insert(0) += 1);
                }
            }
        }
        random.shop.check();
    }
    assert!(found.iter().all(|rows| *rows > 0), "some combination was only asked where it shows nothing: {found:?}");
    assert!(OrderState::ALL.iter().all(|state| seen.keys().any(|(known, _)| known == state)), "{seen:?}");
    assert!(Stage::ALL.iter().all(|stage| seen.keys().any(|(_, known)| *known == stage.name())), "{seen:?}");
}

#[test]
fn orders_placed_between_pages_come_at_the_end_and_push_no_other_out() {
    for seed in 100..104 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        (0..80).for_each(|_| random.step());
        for filters in 0..32 {
            let query = random.query(filters);
            random.reference.look_at_all(&random.shop);
            let before = random.reference.rows(&query);
            // As many as there are pages, but not for ever.
            let mut left = 12;
            let Random { shop, rng, placed, reference } = &mut random;
            let rows = walk(shop, &query, || {
                if left > 0 {
                    left -= 1;
                    let number = format!("{}", placed.len());
                    let place = Place { customer: Some(code(rng.pick(&CUSTOMERS))), ..order("x", &[("cup", 1)]) };
                    let (channel, number) = (rng.pick(&CHANNELS).to_owned(), code(&number));
                    let text = number.to_string();
                    let command = Command::Place(Place { channel: code(&channel), number, ..place });
                    if let Ok(Reply::Placed(now)) = shop.run(command).result {
                        reference.look(shop, now.seq, now.order);
                        placed.push((channel, text));
                    }
                }
            });
            assert!(rows.starts_with(&before), "seed {seed}, {query:?}: {rows:?} does not begin with {before:?}");
            let after = reference.rows(&query);
            assert_eq!(rows, after, "seed {seed}, {query:?}");
        }
        random.shop.check();
    }
}

/// Orders are placed, paid, packed, sent, lost and given up between the pages, and so move from list to list.
#[test]
fn orders_that_change_between_pages_are_neither_skipped_nor_repeated() {
    let mut stayed = 0;
    for seed in 200..204 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        (0..150).for_each(|_| random.step());
        for filters in 0..32 {
            random.reference.look_at_all(&random.shop);
            let mut query = OrdersQuery { limit: 1 + filters as u32 % 3, ..random.query(filters) };
            let matching = |random: &Random| -> BTreeSet<OrderId> {
                random.reference.rows(&query).into_iter().map(|row| row.0).collect()
            };
            let (mut always, mut seen, mut pages) = (matching(&random), Vec::new(), 0);
            loop {
                let page = page(&random.shop, &query);
                seen.extend(page.orders.iter().map(|row| row.order));
                query.after = page.next;
                if page.next.is_none() {
                    break;
                }
                pages += 1;
                // As many pages as there are orders, but not for ever.
                (0..if pages < 60 { 5 } else { 0 }).for_each(|_| random.step());
                random.reference.look_at_all(&random.shop);
                let still: BTreeSet<OrderId> = random.reference.rows(&query).into_iter().map(|row| row.0).collect();
                always.retain(|order| still.contains(order));
            }
            seen.dedup();
            let places: BTreeMap<OrderId, Seq> =
                random.reference.0.iter().map(|(placed, view)| (view.order, *placed)).collect();
            let placed: Vec<Seq> = seen.iter().map(|order| places[order]).collect();
            assert!(placed.is_sorted_by(|a, b| a < b), "seed {seed}, {query:?}: {placed:?}");
            let missed: Vec<&OrderId> = always.iter().filter(|order| !seen.contains(order)).collect();
            assert!(missed.is_empty(), "seed {seed}, {query:?} skips {missed:?}");
            stayed += always.len();
        }
        random.shop.check();
    }
    assert!(stayed > 500, "only {stayed} orders matched from the first page to the last");
}

/// Orders of all shards and channels, in the order in which they were placed, whenever they are said to have happened.
#[test]
fn a_list_is_in_the_order_of_placing_across_shards_and_not_of_occurring() {
    let mut shop = shop();
    shop.receive("tea", "A", 1_000);
    let mut numbers = Vec::new();
    for at in 0..300_u64 {
        shop.wait(Span::from_secs(1));
        let number = format!("{}", (at * 7_919) % 10_007);
        let place = Command::Place(order_by(CHANNELS[at as usize % 3], &number, &[("tea", 1)]));
        let occurred = (at % 3 == 0).then_some(stockade_core::time::Time(shop.now.0 - 1_000_000 * (1_000 - at)));
        let request = Request { key: None, occurred, command: place };
        shop.engine.execute(&request, &shop.actor(), shop.now).result.unwrap();
        numbers.push(number);
    }
    let mut query = OrdersQuery { limit: 17, ..OrdersQuery::default() };
    let mut listed = Vec::new();
    loop {
        let page = page(&shop, &query);
        listed.extend(page.orders.iter().map(|row| (row.placed_at, row.number.to_string())));
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert!(listed.is_sorted_by(|a, b| a.0 < b.0), "not by placing time: {listed:?}");
    assert_eq!(listed.into_iter().map(|(_, number)| number).collect::<Vec<_>>(), numbers);
}

/// While others place and pay, each walk shows every order that was answered before it began, once and in order.
#[test]
fn a_walk_among_other_threads_shows_every_order_that_was_answered_before_it_began() {
    const THREADS: usize = 3;
    let shop = shop();
    shop.receive("tea", "A", 10_000);
    let answered = Mutex::new(BTreeSet::new());
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (shop, answered, done) = (&shop, &answered, &done);
            scope.spawn(move || {
                for n in 0..400 {
                    let number = format!("{thread}-{n}");
                    let placed = shop.run_alone(Command::Place(order(&number, &[("tea", 1)]))).result.unwrap();
                    let Reply::Placed(placed) = placed else { panic!("{placed:?}") };
                    answered.lock().unwrap().insert((placed.seq, placed.order));
                    if n % 2 == 0 {
                        shop.run_alone(shop.pay(&number)).result.unwrap();
                    }
                }
                done.fetch_add(1, Ordering::Release);
            });
        }
        let filters = [
            OrdersQuery { limit: 50, ..OrdersQuery::default() },
            OrdersQuery { channel: Some(code("web")), limit: 7, ..OrdersQuery::default() },
            OrdersQuery { warehouse: Some(code("A")), limit: 31, ..OrdersQuery::default() },
        ];
        for query in filters.iter().cycle() {
            let is_last = done.load(Ordering::Acquire) == THREADS;
            let before: Vec<(Seq, OrderId)> = answered.lock().unwrap().iter().copied().collect();
            let seen: Vec<OrderId> = walk(&shop, query, || ()).into_iter().map(|row| row.0).collect();
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "an order came twice: {query:?}");
            let known: BTreeSet<OrderId> = before.iter().map(|(_, order)| *order).collect();
            let shown: Vec<OrderId> = seen.iter().copied().filter(|order| known.contains(order)).collect();
            assert_eq!(shown, before.iter().map(|(_, order)| *order).collect::<Vec<_>>(), "{query:?}");
            if is_last {
                break;
            }
        }
    });
    shop.check();
}

/// One page of each of several lists: how many bytes it asks the allocator for, and how long it takes at best.
fn cost(shop: &Shop, queries: &[OrdersQuery]) -> Vec<(u64, Duration)> {
    let costs = queries.iter().map(|query| {
        let found = page(shop, query);
        assert!(found.orders.len() == query.limit as usize && found.next.is_some(), "{query:?}: {found:?}");
        let bytes = allocation_counter::measure(|| drop(page(shop, query))).bytes_total;
        let times = (0..40).map(|_| {
            let begun = Instant::now();
            drop(page(shop, query));
            begun.elapsed()
        });
        (bytes, times.min().expect("some"))
    });
    costs.collect()
}

#[test]
fn a_page_costs_the_same_whether_there_are_a_thousand_orders_or_twenty_thousand() {
    let shop = shop();
    WAREHOUSES.iter().for_each(|warehouse| shop.receive("tea", warehouse, 20_000));
    let mut placed = 0;
    let mut grow = |orders: u32| {
        while placed < orders {
            let customer: Option<Code> = Some(code(CUSTOMERS[placed as usize / 3 % 4]));
            let channel = CHANNELS[placed as usize % 3];
            let units = [("tea", if placed.is_multiple_of(2) { 1 } else { 2 })];
            let number = placed.to_string();
            shop.run_alone(Command::Place(Place { customer, ..order_by(channel, &number, &units) })).result.unwrap();
            if channel == "web" && placed.is_multiple_of(2) {
                shop.run_alone(shop.pay(&number)).result.unwrap();
            }
            placed += 1;
        }
    };
    let limit = 20;
    let all = || OrdersQuery { limit, ..OrdersQuery::default() };
    let queries = [
        all(),
        OrdersQuery { warehouse: Some(code("A")), ..all() },
        OrdersQuery { channel: Some(code("live")), ..all() },
        OrdersQuery { stage: Some(Stage::Allocated), ..all() },
        OrdersQuery { state: Some(OrderState::Held), ..all() },
        OrdersQuery { customer: Some(code("bob")), ..all() },
        OrdersQuery { warehouse: Some(code("A")), stage: Some(Stage::Held), ..all() },
        OrdersQuery { channel: Some(code("web")), state: Some(OrderState::Paid), ..all() },
        OrdersQuery { customer: Some(code("ann")), state: Some(OrderState::Held), ..all() },
        // From the middle on.
        OrdersQuery { after: Some(Seq(700)), ..all() },
        OrdersQuery { warehouse: Some(code("A")), after: Some(Seq(700)), ..all() },
    ];
    grow(1_000);
    let few = cost(&shop, &queries);
    grow(20_000);
    let many = cost(&shop, &queries);
    for (query, (few, many)) in queries.iter().zip(few.iter().zip(&many)) {
        assert!(many.0 <= 2 * few.0, "{} bytes before, {} after: {query:?}", few.0, many.0);
        // A scan would take twenty times as long.
        assert!(many.1 <= 6 * few.1 + Duration::from_micros(20), "{:?} before, {:?} after: {query:?}", few.1, many.1);
    }
    assert_eq!(page(&shop, &OrdersQuery { limit: 0, ..all() }).orders.len(), 1, "a page has one order at least");
}
