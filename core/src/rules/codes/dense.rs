//! Things laid out by dense id.

use crate::heap::Heap;

/// A table from ids to things. Ids without a thing answer `None`.
#[derive(Clone, Debug)]
pub(crate) struct Dense<T>(Vec<Option<T>>);

impl<T> Dense<T> {
    /// The thing at an id's index.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)?.as_ref()
    }

    /// Every thing, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// The index of every thing, ascending.
    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, thing)| thing.is_some()).map(|(index, _)| index)
    }

    /// One more than the largest index.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> FromIterator<(usize, T)> for Dense<T> {
    fn from_iter<I: IntoIterator<Item = (usize, T)>>(things: I) -> Dense<T> {
        let mut table = Vec::new();
        for (index, thing) in things {
            if table.len() <= index {
                table.resize_with(index + 1, || None);
            }
            table[index] = Some(thing);
        }
        Dense(table)
    }
}

impl<T: Heap> Heap for Dense<T> {
    fn heap(&self) -> usize {
        self.0.heap()
    }
}
