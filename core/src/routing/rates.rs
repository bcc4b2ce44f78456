//! Price of a parcel, and the weights of money, time and balance.

use crate::decision::{CostParts, Figures};
use crate::heap::behind;
use crate::money::Money;

/// Weight covered by the price of the first kilogram, in grams.
pub const FIRST_KG_G: u64 = 1_000;
/// The weight 1.0, in millionths: a score micro per micro of money.
pub const WEIGHT_ONE: i64 = 1_000_000;

/// The price of a lane: what a carrier asks for a parcel from a warehouse to a destination zone.
///
/// Negative amounts count as 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Rate {
    /// Price of each parcel.
    pub parcel: Money,
    /// Price of each unit in it.
    pub unit: Money,
    /// Price of the first 1,000 g, when the parcel weighs anything.
    pub first_kg: Money,
    /// Price of each further kilogram, charged in whole steps.
    pub further_kg: Money,
    /// Hours until delivery.
    pub hours: u32,
}

/// Weights of the parts of a score, in millionths: 1,000,000 stands for 1.0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, bincode::Encode, bincode::Decode)]
pub struct Weights {
    /// Score of one unit of money.
    pub money: i64,
    /// Score of one hour of the slowest parcel.
    pub time: i64,
    /// Score of drawing one unit of stock of scarcity 1.0.
    pub balance: i64,
}

impl Default for Weights {
    /// Only money counts.
    fn default() -> Weights {
        Weights { money: WEIGHT_ONE, time: 0, balance: 0 }
    }
}

impl Weights {
    /// Score micros of an amount of money: `money × weight`, rounded half up; exact when the weight is 1.0.
    #[inline]
    pub fn weigh(&self, money: Money) -> i64 {
        let amount = money.0.max(0);
        if self.money == WEIGHT_ONE {
            return amount;
        }
        let exact = i128::from(amount) * i128::from(self.money.max(0));
        i64::try_from((exact + 500_000) / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Score micros of drawing one unit of this scarcity (in millionths): `balance × scarcity`, rounded half up.
    #[inline]
    pub fn weigh_scarcity(&self, scarcity: i64) -> i64 {
        let exact = i128::from(self.balance.max(0)) * i128::from(scarcity.max(0));
        i64::try_from((exact + 500_000) / 1_000_000).unwrap_or(i64::MAX)
    }
}

impl Rate {
    /// Cost of a parcel by part.
    ///
    /// `kg_step_g` is the step in which weight past the first kilogram is charged, 0 for exact grams. The further
    /// part is `further_kg × grams / 1,000`, rounded half up to millionths; the other parts are exact. Amounts too
    /// large for [`Money`] saturate.
    pub fn parts(&self, units: u64, weight_g: u64, kg_step_g: u32) -> CostParts {
        let charged = i128::from(charged_g(weight_g, kg_step_g));
        let further = (i128::from(self.further_kg.0.max(0)) * charged + 500) / 1_000;
        CostParts {
            parcel: Money(self.parcel.0.max(0)),
            unit: amount(i128::from(self.unit.0.max(0)) * i128::from(units)),
            first_kg: if weight_g > 0 { Money(self.first_kg.0.max(0)) } else { Money::ZERO },
            further_kg: amount(further),
        }
    }
}

/// Grams past the first kilogram, rounded up to whole steps; a step of 0 charges exact grams.
#[inline]
pub fn charged_g(weight_g: u64, kg_step_g: u32) -> u64 {
    let over = weight_g.saturating_sub(FIRST_KG_G);
    match u64::from(kg_step_g) {
        0 => over,
        step => over.div_ceil(step).saturating_mul(step),
    }
}

/// What is in a parcel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Units of all SKUs.
    pub units: u64,
    /// What the units weigh together, in grams.
    pub weight_g: u64,
}

/// What a parcel weighs and costs once only a part of its load is `left`, at the prices by which `promised` was worked out
/// for the load it `had`. Never more than was promised.
///
/// The prices are taken from the promise itself, since rates may have changed: the result is what [`Rate::parts`] says
/// wherever prices have at most three decimals. The weight of a unit is its share of the promised weight; where nothing
/// in the load weighs anything now, units count instead.
pub fn figures_left(promised: Figures, had: Load, left: Load, kg_step_g: u32) -> Figures {
    let CostParts { parcel, unit, first_kg, further_kg } = promised.parts;
    let (part, whole) = match had.weight_g {
        0 => (left.units, had.units),
        grams => (left.weight_g, grams),
    };
    let weight_g = u64::try_from(share(i128::from(promised.weight_g), part, whole)).unwrap_or(promised.weight_g);
    let (charged, before) = (charged_g(weight_g, kg_step_g), charged_g(promised.weight_g, kg_step_g));
    let parts = CostParts {
        parcel,
        unit: amount(share(i128::from(unit.0), left.units, had.units)),
        first_kg: if weight_g > 0 { first_kg } else { Money::ZERO },
        further_kg: amount(share(i128::from(further_kg.0), charged, before)),
    };
    Figures { weight_g, parts }
}

/// A part of an amount, rounded half up; nothing of no whole, and never more than the amount.
fn share(amount: i128, part: u64, whole: u64) -> i128 {
    if whole == 0 {
        return 0;
    }
    let (part, whole) = (i128::from(part.min(whole)), i128::from(whole));
    (amount * part + whole / 2) / whole
}

/// Scarcity of a SKU at a warehouse, in millionths: 0 where stock is largest, near 1,000,000 where hardly any is
/// left.
///
/// `here` is the units the channel can draw at this warehouse, `most` the largest such figure over the candidate
/// warehouses with limited stock. Unlimited warehouses have scarcity 0; do not call this for them.
#[inline]
pub fn scarcity(here: u64, most: u64) -> i64 {
    if most == 0 {
        return 0;
    }
    let share = u128::from(here.min(most)) * 1_000_000 / u128::from(most);
    1_000_000 - i64::try_from(share).unwrap_or(1_000_000)
}

fn amount(micros: i128) -> Money {
    Money(i64::try_from(micros).unwrap_or(i64::MAX))
}

behind! {
    Rate {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate() -> Rate {
        let money = |text: &str| text.parse().unwrap();
        Rate { parcel: money("0.5"), unit: money("0.1"), first_kg: money("4.2"), further_kg: money("1.1"), hours: 36 }
    }

    #[test]
    fn a_parcel_is_priced_by_started_steps() {
        for (weight_g, step, further) in [
            (1_000, 1_000, "0"),
            (1_001, 1_000, "1.1"),
            (2_000, 1_000, "1.1"),
            (2_001, 1_000, "2.2"),
            (1_001, 500, "0.55"),
            (1_501, 500, "1.1"),
            (1_001, 0, "0.0011"),
            (2_345, 0, "1.4795"),
        ] {
            let parts = rate().parts(3, weight_g, step);
            assert_eq!(parts.further_kg, further.parse().unwrap(), "{weight_g} g in steps of {step} g");
            assert_eq!((parts.parcel, parts.unit, parts.first_kg), (Money(500_000), Money(300_000), Money(4_200_000)));
        }
        assert_eq!(rate().parts(2, 0, 1_000).total(), Money(700_000), "what weighs nothing has no first kilogram");
    }

    #[test]
    fn exact_grams_round_half_up() {
        let rate = Rate { further_kg: Money(1), ..Rate::default() };
        for (over, micros) in [(499, 0), (500, 1), (1_499, 1), (1_500, 2)] {
            assert_eq!(rate.parts(1, 1_000 + over, 0).further_kg, Money(micros), "{over} g");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_of_a_parcel_costs_what_a_parcel_of_it_costs(
            (had, gone) in (1u64..200).prop_flat_map(|had| (Just(had), 0..=had)),
            (grams, step) in (0u64..3_000, prop::sample::select(vec![0u32, 1, 100, 500, 1_000, 3_000])),
            prices in prop::collection::vec(0i64..20_000, 4),
        ) {
            let money = |at: usize| Money(prices[at] * 1_000);
            let rate = Rate { parcel: money(0), unit: money(1), first_kg: money(2), further_kg: money(3), hours: 1 };
            let load = |units: u64| Load { units, weight_g: units * grams };
            let figures = |load: Load| {
                Figures { weight_g: load.weight_g, parts: rate.parts(load.units, load.weight_g, step) }
            };
            let (had, left) = (load(had), load(had - gone));
            prop_assert_eq!(figures_left(figures(had), had, left, step), figures(left));
        }
    }

    #[test]
    fn a_parcel_keeps_its_promised_weight_per_unit_when_its_skus_weigh_something_else_now() {
        let promised = Figures { weight_g: 3_000, parts: rate().parts(6, 3_000, 1_000) };
        let load = |units: u64, grams: u64| Load { units, weight_g: units * grams };
        for grams in [0, 1, 500, 900] {
            let left = figures_left(promised, load(6, grams), load(2, grams), 1_000);
            assert_eq!(left, Figures { weight_g: 1_000, parts: rate().parts(2, 1_000, 1_000) }, "{grams} g a unit now");
        }
        assert_eq!(figures_left(Figures::default(), Load::default(), Load::default(), 0), Figures::default());
    }

    #[test]
    fn money_weighs_exactly_at_one() {
        assert_eq!(Weights::default().weigh(Money(1_234_567)), 1_234_567);
        assert_eq!(Weights { money: 500_000, ..Weights::default() }.weigh(Money(3)), 2);
        assert_eq!(Weights { money: i64::MAX, ..Weights::default() }.weigh(Money(i64::MAX)), i64::MAX);
    }

    #[test]
    fn scarcity_follows_the_fullest_warehouse() {
        assert_eq!(scarcity(10, 10), 0);
        assert_eq!(scarcity(0, 10), 1_000_000);
        assert_eq!(scarcity(1, 3), 666_667);
        assert_eq!(scarcity(5, 0), 0);
        assert_eq!(scarcity(u64::MAX, u64::MAX), 0);
    }
}
