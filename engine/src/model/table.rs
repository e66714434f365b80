//! Tables indexed by dense numbers, with gaps.

use std::marker::PhantomData;

use rkyv::{Archive, Deserialize, Serialize};

/// Rows of type `T`, found by a dense id of type `I`.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Table<I, T> {
    rows: Vec<Option<T>>,
    count: u32,
    id: PhantomData<I>,
}

/// A dense id: the place of a row.
pub trait Dense: Copy + From<usize> {
    /// The place of the row.
    fn place(self) -> usize;
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Table<I, T> {
        Table {
            rows: Vec::new(),
            count: 0,
            id: PhantomData,
        }
    }
}

impl<I: Dense, T> Table<I, T> {
    /// The row of `id`, if there is one.
    pub fn find(&self, id: I) -> Option<&T> {
        self.rows.get(id.place())?.as_ref()
    }

    /// The row of `id`, to be changed.
    pub fn find_mut(&mut self, id: I) -> Option<&mut T> {
        self.rows.get_mut(id.place())?.as_mut()
    }

    /// Puts `row` at `id`, growing the table as needed.
    pub fn put(&mut self, id: I, row: T) {
        if self.rows.len() <= id.place() {
            self.rows.resize_with(id.place() + 1, || None);
        }
        self.count += u32::from(self.rows[id.place()].is_none());
        self.rows[id.place()] = Some(row);
    }

    /// Whether there are as many rows as were counted: always, unless it was read from bytes that
    /// were not written from a table.
    pub(crate) fn is_counted(&self) -> bool {
        self.iter().count() == self.len()
    }

    /// The row of `id`, to be changed; an empty one if there was none.
    pub fn find_or_put(&mut self, id: I) -> &mut T
    where
        T: Default,
    {
        if self.find(id).is_none() {
            self.put(id, T::default());
        }
        self.rows[id.place()]
            .as_mut()
            .expect("it was put above if it was missing")
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first id past every row.
    pub fn end(&self) -> I {
        I::from(self.rows.len())
    }

    /// All rows with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.rows
            .iter()
            .enumerate()
            .filter_map(|(i, row)| Some((I::from(i), row.as_ref()?)))
    }

    /// All rows, in order, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut().flatten()
    }
}
