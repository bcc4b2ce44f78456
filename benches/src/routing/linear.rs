//! The deterministic linear programme (DLP) of an instance: a lower bound on the expected cost of every policy. The
//! published rounding policies draw from its solution.
//!
//! For type `q`, city `j`, warehouse `k` (including the unlimited one) and SKU `i` of the type: `u[q,k,i,j] ≥ 0`,
//! `y[q,k,j] ≥ u[q,k,i,j]`, `Σ_k u = 1`, and for real warehouses `Σ expected · u ≤ stock`. Minimise `Σ expected ·
//! (fixed · y + unit · Σ_i u)`.

use good_lp::{Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, microlp, variable};

use super::instance::Instance;

/// Solution of the programme.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    /// Its value.
    pub bound: f64,
    /// Share of each SKU of a type that a warehouse serves: `[type][city][warehouse][SKU of the type]`.
    pub shares: Vec<Vec<Vec<Vec<f64>>>>,
}

impl Linear {
    /// Solves the programme with microlp; a small instance takes seconds.
    pub fn solve(instance: &Instance) -> Result<Linear, String> {
        let mut variables = ProblemVariables::new();
        let mut cost = Expression::default();
        let mut drawn: Vec<Vec<Expression>> = vec![vec![Expression::default(); instance.items]; instance.warehouses];
        let (mut covers, mut opens) = (Vec::new(), Vec::new());
        let mut shares: Vec<Vec<Vec<Vec<Option<Variable>>>>> = Vec::new();
        for (kind, items) in instance.types.iter().enumerate() {
            let mut cities = Vec::new();
            for city in 0..instance.cities {
                let expected = instance.expected(kind, city);
                let mut sums = vec![Expression::default(); items.len()];
                let mut rows = Vec::new();
                for warehouse in 0..=instance.warehouses {
                    let open = variables.add(variable().min(0.0));
                    cost += expected * instance.fixed[warehouse][city] * open;
                    let mut row = Vec::new();
                    for (&item, sum) in items.iter().zip(&mut sums) {
                        if warehouse != instance.dummy() && instance.stock[warehouse][item] == 0 {
                            row.push(None);
                            continue;
                        }
                        let share = variables.add(variable().min(0.0));
                        cost += expected * instance.unit[warehouse][city] * share;
                        *sum += share;
                        opens.push((share, open));
                        if let Some(drawn) = drawn.get_mut(warehouse) {
                            drawn[item] += expected * share;
                        }
                        row.push(Some(share));
                    }
                    rows.push(row);
                }
                covers.append(&mut sums);
                cities.push(rows);
            }
            shares.push(cities);
        }
        let mut model = variables.minimise(cost.clone()).using(microlp);
        for cover in covers {
            model.add_constraint(constraint!(cover == 1.0));
        }
        for (share, open) in opens {
            model.add_constraint(constraint!(share <= open));
        }
        for (units, row) in instance.stock.iter().zip(drawn) {
            for (&units, drawn) in units.iter().zip(row).filter(|(units, _)| **units > 0) {
                model.add_constraint(constraint!(drawn <= units as f64));
            }
        }
        let solution = model.solve().map_err(|error| format!("the linear programme: {error}"))?;
        let value = |share: Option<Variable>| share.map_or(0.0, |share| solution.value(share).max(0.0));
        let shares = shares.into_iter().map(|cities| {
            let city = |rows: Vec<Vec<Option<Variable>>>| {
                rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect()
            };
            cities.into_iter().map(city).collect()
        });
        Ok(Linear { bound: solution.eval(cost), shares: shares.collect() })
    }
}
