//! What carriers charge and how long they take, by distance.

use stockade_core::money::Money;
use stockade_core::routing::Rate;

/// A carrier's price list over distance, calibrated on Chinese parcel practice (amounts in CNY): a price for the first
/// kilogram and one for each further, both rising with distance, and road freight days in five distance bands.
#[derive(Clone, Copy, Debug)]
pub struct Tariff {
    /// Per parcel, for handling, in hundredths.
    pub parcel: i64,
    /// Per unit, for picking, in hundredths.
    pub unit: i64,
    /// First kilogram near and far, in hundredths.
    pub first_kg: (i64, i64),
    /// Further kilogram near and far, in hundredths.
    pub further_kg: (i64, i64),
    /// Hours in each band.
    pub hours: [u32; 5],
}

/// The ends of the distance bands in kilometres; the fifth is beyond.
const BANDS_KM: [f64; 4] = [400.0, 900.0, 1_300.0, 1_800.0];
/// Distance in kilometres beyond which prices no longer rise.
const FAR_KM: f64 = 2_600.0;

/// Cheap, by road.
pub const ECONOMY: Tariff =
    Tariff { parcel: 50, unit: 5, first_kg: (350, 800), further_kg: (100, 600), hours: [36, 60, 84, 108, 156] };

/// Between the two.
pub const EXPRESS: Tariff =
    Tariff { parcel: 80, unit: 5, first_kg: (600, 1_100), further_kg: (150, 700), hours: [24, 42, 60, 78, 108] };

/// Expensive, by air.
pub const PREMIUM: Tariff =
    Tariff { parcel: 100, unit: 5, first_kg: (1_200, 2_300), further_kg: (200, 1_000), hours: [20, 24, 36, 36, 48] };

impl Tariff {
    /// The rate over a distance, in whole hundredths.
    pub fn rate(&self, km: f64) -> Rate {
        let far = (km / FAR_KM).clamp(0.0, 1.0);
        let over = |(near, most): (i64, i64)| hundredths(near + ((most - near) as f64 * far).round() as i64);
        let band = BANDS_KM.iter().filter(|end| km > **end).count();
        Rate {
            parcel: hundredths(self.parcel),
            unit: hundredths(self.unit),
            first_kg: over(self.first_kg),
            further_kg: over(self.further_kg),
            hours: self.hours[band],
        }
    }
}

fn hundredths(amount: i64) -> Money {
    Money(amount * (Money::MICROS_PER_UNIT / 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn farther_is_dearer_and_slower() {
        let near = ECONOMY.rate(0.0);
        assert_eq!((near.first_kg.to_string(), near.hours), ("3.50".to_owned(), 36));
        let far = ECONOMY.rate(9_000.0);
        assert_eq!(
            (far.first_kg.to_string(), far.further_kg.to_string(), far.hours),
            ("8.00".into(), "6.00".into(), 156)
        );
        assert_eq!(ECONOMY.rate(1_300.0).hours, 84);
        assert!(PREMIUM.rate(700.0).hours < EXPRESS.rate(700.0).hours);
    }
}
