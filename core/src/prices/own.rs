//! Own stock first: prices choose among own warehouses, but do not divert orders from them.

use crate::ids::WarehouseId;
use crate::routing::{Answer, Problem, Reach, Router};

/// Solves a priced problem so that no unit comes from an unlimited warehouse because of prices.
///
/// `unpriced` holds score micros per unit drawn without prices, in the layout of the problem's draw prices, or is
/// empty. `unlimited` tells which warehouses have unlimited stock. If the priced plan draws on one of them, the order
/// is solved again without prices, and the priced plan may then draw there no more than that plan does, line by line
/// and site by site. The problem keeps the stock of the last search. `None` when the reach did not suffice for one of
/// the searches.
pub fn solve_own_first(
    router: &mut Router,
    problem: &mut Problem,
    unpriced: &[i64],
    unlimited: impl Fn(WarehouseId) -> bool,
    reach: Reach,
) -> Option<Answer> {
    let answer = router.solve_within(problem, reach)?;
    let drawn = |router: &Router, problem: &Problem| {
        let warehouse = |lane: u16| problem.sites[usize::from(problem.lanes[usize::from(lane)].site)];
        router.solution().parcels.iter().any(|parcel| unlimited(warehouse(parcel.lane)))
    };
    if answer != Answer::Plan || !drawn(router, problem) {
        return Some(answer);
    }
    let mut priced = std::mem::take(&mut problem.draws);
    problem.draws.extend_from_slice(unpriced);
    let answer = router.solve_within(problem, reach)?;
    if answer == Answer::Plan {
        let width = problem.lines.len();
        for site in (0..problem.sites.len()).filter(|&site| unlimited(problem.sites[site])) {
            problem.stock[site * width..][..width].fill(0);
        }
        for parcel in &router.solution().parcels {
            let site = usize::from(problem.lanes[usize::from(parcel.lane)].site);
            for &(line, units) in parcel.takes.iter().filter(|_| unlimited(problem.sites[site])) {
                problem.stock[site * width + usize::from(line)] += units;
            }
        }
    }
    std::mem::swap(&mut problem.draws, &mut priced);
    // The plan without prices is still allowed, so a plan exists.
    if answer == Answer::Plan { router.solve_within(problem, reach) } else { Some(answer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CarrierId;
    use crate::money::Money;
    use crate::routing::{DemandLine, Lane, Rate, WORK_DEFAULT};

    /// Own warehouses 0 and 1 at 10 and 11 a parcel, a drop-shipper at `drop`; two lines of one unit.
    fn problem(drop: i64, stock: [u64; 4], prices: [i64; 4]) -> Problem {
        let sites = (0..3).map(WarehouseId).collect();
        let mut problem = Problem { sites, lines: vec![DemandLine { units: 1, weight_g: 0 }; 2], ..Problem::default() };
        for (site, parcel) in [10, 11, drop].into_iter().enumerate() {
            let rate = Rate { parcel: Money(parcel * 1_000_000), ..Rate::default() };
            problem.lanes.push(Lane { site: site as u16, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 });
        }
        problem.stock = [stock.as_slice(), &[1, 1]].concat();
        problem.draws = prices.iter().map(|price| price * 1_000_000).chain([0, 0]).collect();
        problem
    }

    fn sites(router: &Router) -> Vec<u16> {
        router.solution().parcels.iter().map(|parcel| parcel.lane).collect()
    }

    fn solve(problem: &mut Problem) -> Vec<u16> {
        let mut router = Router::new();
        let reach = Reach::Work(WORK_DEFAULT);
        assert_eq!(solve_own_first(&mut router, problem, &[], |site| site.0 == 2, reach), Some(Answer::Plan));
        sites(&router)
    }

    #[test]
    fn prices_move_an_order_between_own_warehouses() {
        assert_eq!(solve(&mut problem(30, [1, 1, 1, 1], [5, 0, 0, 0])), [1]);
    }

    #[test]
    fn prices_do_not_move_an_order_to_the_drop_shipper() {
        let dear = problem(30, [1, 1, 1, 1], [50, 50, 50, 50]);
        let mut router = Router::new();
        router.solve(&dear, WORK_DEFAULT);
        assert_eq!(sites(&router), [2], "with prices free to choose it would go there");
        assert_eq!(solve(&mut dear.clone()), [0]);
    }

    #[test]
    fn what_only_the_drop_shipper_has_still_comes_from_there_and_nothing_more() {
        let mut short = problem(30, [1, 0, 1, 0], [9, 0, 8, 0]);
        // Both lines together from the drop-shipper cost 30, and that is the cheapest plan in money too.
        assert_eq!(solve(&mut short), [2]);
        let mut short = problem(5, [1, 0, 1, 0], [9, 0, 8, 0]);
        short.lanes[2].rate.unit = Money(12_000_000);
        // 5 + 12 + 10 in money: one line from each; prices then choose the second warehouse, 11 + 8 against 10 + 9.
        assert_eq!(solve(&mut short), [0, 2]);
        short.draws[0] = 12_000_000;
        assert_eq!(solve(&mut short), [1, 2]);
    }
}
