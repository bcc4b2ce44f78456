//! `[[weights]]`: other weights than the policy's for a channel, zone or category. An order takes the entry with the most
//! conditions that match it; among equally many, one by channel before one by zone before one by category.

use std::collections::BTreeSet;

use super::contract::RuleTable;
use crate::heap::behind;
use crate::ids::{ChannelId, Code};
use crate::limits::WEIGHT_MICROS_MAX;
use crate::routing::Weights;
use crate::rules::codes::{Scope, take_one_zone};
use crate::rules::reader::{At, Fault, FileError, Table};

/// The keys of weights, here and in `[policy]`.
pub(super) const WEIGHT_KEYS: &[&str] = &["w_money", "w_time", "w_balance"];

/// Weights in millionths; `None` where they are left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartialWeights {
    money: Option<i64>,
    time: Option<i64>,
    balance: Option<i64>,
}

impl PartialWeights {
    /// Takes [`WEIGHT_KEYS`] from a table.
    pub(super) fn take(table: &mut Table<'_, '_>) -> Result<PartialWeights, FileError> {
        let mut weight = |key| Ok(table.micros(key, 0, WEIGHT_MICROS_MAX)?.map(|at| at.value));
        Ok(PartialWeights { money: weight("w_money")?, time: weight("w_time")?, balance: weight("w_balance")? })
    }

    /// These weights, and those of `rest` where they are left out.
    pub(super) fn or(self, rest: Weights) -> Weights {
        Weights {
            money: self.money.unwrap_or(rest.money),
            time: self.time.unwrap_or(rest.time),
            balance: self.balance.unwrap_or(rest.balance),
        }
    }
}

/// One `[[weights]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct WeightsEntry {
    line: u32,
    channel: Option<At<Code>>,
    zone: Option<Code>,
    category: Option<Code>,
    weights: PartialWeights,
}

/// The weights that override the policy's, most specific first.
#[derive(Clone, Debug)]
pub(crate) struct WeightTable(Vec<Override>);

#[derive(Clone, Debug)]
struct Override {
    channel: Option<ChannelId>,
    zone: Option<Code>,
    category: Option<Code>,
    weights: PartialWeights,
}

impl RuleTable for WeightTable {
    type Written = Vec<WeightsEntry>;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Vec<WeightsEntry>>, FileError> {
        file.each(key, &[&["channel", "zone", "category"], WEIGHT_KEYS], read)
    }

    fn resolve(written: Option<&Vec<WeightsEntry>>, scope: &mut Scope<'_>) -> Result<WeightTable, FileError> {
        let mut overrides = Vec::new();
        let mut conditions = BTreeSet::new();
        for entry in written.into_iter().flatten() {
            let channel = entry.channel.as_ref().map(|code| scope.channels.id(code)).transpose()?;
            if !conditions.insert((channel, &entry.zone, &entry.category)) {
                let reason = "[[weights]] for this channel, zone and category are already defined: keep one of the two";
                return Err(FileError::at(entry.line, Fault::Duplicate, reason));
            }
            let (zone, category) = (entry.zone.clone(), entry.category.clone());
            overrides.push(Override { channel, zone, category, weights: entry.weights });
        }
        overrides.sort_by_key(|o| std::cmp::Reverse(o.specificity()));
        Ok(WeightTable(overrides))
    }
}

fn read(mut table: Table<'_, '_>) -> Result<WeightsEntry, FileError> {
    let entry = WeightsEntry {
        line: table.line(),
        channel: table.code("channel")?,
        zone: take_one_zone(&mut table)?,
        category: table.code("category")?.map(|at| at.value),
        weights: PartialWeights::take(&mut table)?,
    };
    if entry.channel.is_none() && entry.zone.is_none() && entry.category.is_none() {
        let reason = "[[weights]] names no channel, zone or category: name one, or write the weights into [policy]";
        return Err(FileError::at(entry.line, Fault::Unconditional, reason));
    }
    Ok(entry)
}

impl WeightTable {
    /// Every weight of money in force under a policy, once, ascending, in millionths.
    pub(crate) fn money(&self, policy: Weights) -> Vec<i64> {
        let all = std::iter::once(policy).chain(self.0.iter().map(|o| o.weights.or(policy)));
        all.map(|weights| weights.money).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The weights of an order: those of the most specific entry, completed by the policy's.
    pub(crate) fn of(
        &self,
        policy: Weights,
        channel: ChannelId,
        zone: Option<&str>,
        category: Option<&str>,
    ) -> Weights {
        let found = self.0.iter().find(|o| o.matches(channel, zone, category));
        found.map_or(policy, |o| o.weights.or(policy))
    }
}

impl Override {
    /// More conditions first; among equally many, channel before zone before category.
    fn specificity(&self) -> (u8, bool, bool) {
        let (channel, zone, category) = (self.channel.is_some(), self.zone.is_some(), self.category.is_some());
        (u8::from(channel) + u8::from(zone) + u8::from(category), channel, zone)
    }

    fn matches(&self, channel: ChannelId, zone: Option<&str>, category: Option<&str>) -> bool {
        let fits = |wanted: &Option<Code>, given| wanted.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == given);
        self.channel.is_none_or(|wanted| wanted == channel) && fits(&self.zone, zone) && fits(&self.category, category)
    }
}

behind! {
    WeightsEntry { channel, zone, category }
    WeightTable { 0 }
    Override { zone, category }
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;

    const POLICY: Weights = Weights { money: 7, time: 8, balance: 9 };

    #[test]
    fn what_an_entry_leaves_out_is_the_policys() {
        let text = "[[weights]]\nzone = \"N\"\nw_time = 1\n[[weights]]\nchannel = \"app\"\nw_money = 0.000007\n\
                    [[weights]]\nzone = \"S\"\nw_money = 3\n";
        let table: WeightTable = resolved("weights", text).unwrap();
        let of = |channel, zone| table.of(POLICY, ChannelId(channel), zone, None);
        assert_eq!(of(0, None), POLICY);
        assert_eq!(of(0, Some("N")), Weights { time: 1_000_000, ..POLICY });
        assert_eq!(of(1, Some("N")), POLICY);
        assert_eq!(of(0, Some("S")), Weights { money: 3_000_000, ..POLICY });
        assert_eq!(table.money(POLICY), [7, 3_000_000]);
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let web = Code::new("wev").unwrap();
        for (text, line, fault) in [
            ("\n[[weights]]\nw_time = 1", 2, Fault::Unconditional),
            ("[[weights]]\nchannel = \"wev\"", 2, Fault::UnknownCode { code: web }),
            ("[[weights]]\nzone = \"N\"\n[[weights]]\nzone = \"N\"", 3, Fault::Duplicate),
            ("[[weights]]\nzone = \"*\"", 2, Fault::Reserved),
            ("[[weights]]\nzone = \"N\"\nw_time = 1000001", 3, Fault::OutOfBounds { key: "w_time" }),
        ] {
            let error = resolved::<WeightTable>("weights", text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
