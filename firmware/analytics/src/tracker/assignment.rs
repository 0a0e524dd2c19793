//! The cheapest way to pair rows with columns, each at most once.
//!
//! Promises: the exact optimum, the same for the same table, in at most rows x rows x columns
//! steps. A pair that costs as much as the limit or more is as good as no pair, and is not made.

/// A table of costs, row by row.
pub(crate) struct Costs {
    columns: usize,
    limit: f32,
    cells: Vec<f32>,
}

impl Costs {
    /// A table filled by `cost`; every cost at or above `limit`, and NaN, means "do not pair".
    pub(crate) fn new(
        rows: usize,
        columns: usize,
        limit: f32,
        mut cost: impl FnMut(usize, usize) -> f32,
    ) -> Self {
        let cells = (0..rows * columns).map(|cell| {
            let cost = cost(cell / columns, cell % columns);
            if cost < limit { cost } else { limit }
        });
        Self { columns, limit, cells: cells.collect() }
    }

    /// The pairs (row, column) of least total cost, an unpaired row counting as the limit.
    pub(crate) fn cheapest_pairs(&self) -> Vec<(usize, usize)> {
        if self.columns == 0 {
            return Vec::new();
        }
        let rows = self.cells.len() / self.columns;
        // One spare column a row, costing the limit: a row that takes it stays unpaired.
        let mut search = Search::new(rows, self.columns + rows);
        for row in 0..rows {
            search.place(row, |row, column| {
                if column < self.columns {
                    self.cells[row * self.columns + column]
                } else {
                    self.limit
                }
            });
        }
        let mut pairs: Vec<(usize, usize)> = search
            .row_of
            .iter()
            .take(self.columns)
            .enumerate()
            .filter_map(|(column, row)| row.map(|row| (row, column)))
            .filter(|&(row, column)| self.cells[row * self.columns + column] < self.limit)
            .collect();
        pairs.sort_unstable();
        pairs
    }
}

/// Shortest augmenting paths with dual prices (Kuhn 1955, Munkres 1957, Jonker and Volgenant 1987).
struct Search {
    /// Which row each column is given to.
    row_of: Vec<Option<usize>>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
}

impl Search {
    fn new(rows: usize, columns: usize) -> Self {
        Self {
            row_of: vec![None; columns],
            row_price: vec![0.0; rows],
            column_price: vec![0.0; columns],
        }
    }

    /// Gives `row` a column, moving rows placed earlier where that is cheaper in total.
    fn place(&mut self, row: usize, cost: impl Fn(usize, usize) -> f32) {
        let columns = self.row_of.len();
        let mut reach = vec![f64::INFINITY; columns];
        let mut before: Vec<Option<usize>> = vec![None; columns];
        let mut settled = vec![false; columns];
        let (mut here, mut last, mut so_far) = (row, None, 0.0);
        let free = loop {
            let mut nearest: Option<usize> = None;
            for column in (0..columns).filter(|&column| !settled[column]) {
                let price = self.row_price[here] + self.column_price[column];
                let through = so_far + f64::from(cost(here, column)) - price;
                if through < reach[column] {
                    (reach[column], before[column]) = (through, last);
                }
                if nearest.is_none_or(|nearest| reach[column] < reach[nearest]) {
                    nearest = Some(column);
                }
            }
            // There are never fewer columns than rows, so one is always left.
            let Some(column) = nearest else { return };
            (settled[column], so_far) = (true, reach[column]);
            match self.row_of[column] {
                Some(owner) => (here, last) = (owner, Some(column)),
                None => break column,
            }
        };
        self.row_price[row] += so_far;
        for column in (0..columns).filter(|&column| settled[column]) {
            let saved = so_far - reach[column];
            self.column_price[column] -= saved;
            if let Some(owner) = self.row_of[column] {
                self.row_price[owner] += saved;
            }
        }
        self.hand_over(row, free, &before);
    }

    /// Moves every row along the found path one column on, and `row` into the one this frees.
    fn hand_over(&mut self, row: usize, free: usize, before: &[Option<usize>]) {
        let mut column = free;
        while let Some(previous) = before[column] {
            self.row_of[column] = self.row_of[previous];
            column = previous;
        }
        self.row_of[column] = Some(row);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(rows: &[&[f32]], limit: f32) -> Vec<(usize, usize)> {
        Costs::new(rows.len(), rows[0].len(), limit, |row, column| rows[row][column])
            .cheapest_pairs()
    }

    /// The least total by trying everything.
    fn least_total(costs: &[Vec<f32>], limit: f32, used: &mut Vec<bool>) -> f32 {
        let Some((first, rest)) = costs.split_first() else { return 0.0 };
        let mut least = limit + least_total(rest, limit, used);
        for column in 0..first.len() {
            if !used[column] && first[column] < limit {
                used[column] = true;
                least = least.min(first[column] + least_total(rest, limit, used));
                used[column] = false;
            }
        }
        least
    }

    #[test]
    fn the_best_total_wins_over_the_best_single_pair() {
        // Taking the cheapest pair first (0, 0) would cost 0.1 + 0.9.
        assert_eq!(pairs(&[&[0.1, 0.2], &[0.2, 0.9]], 1.0), [(0, 1), (1, 0)]);
    }

    #[test]
    fn a_pair_at_the_limit_is_not_made() {
        assert_eq!(pairs(&[&[0.5, 0.2], &[f32::NAN, 0.3]], 0.5), [(0, 1)]);
        assert_eq!(pairs(&[&[0.9], &[0.3], &[0.4]], 0.5), [(1, 0)]);
    }

    proptest! {
        #[test]
        fn no_other_pairing_is_cheaper(
            (columns, cells) in (1usize..6).prop_flat_map(|columns| {
                let row = prop::collection::vec((0u8..32).prop_map(|c| f32::from(c) / 16.0), columns);
                (Just(columns), prop::collection::vec(row, 0..6))
            })
        ) {
            let limit = 1.0;
            let found = Costs::new(cells.len(), columns, limit, |r, c| cells[r][c]).cheapest_pairs();
            let paid: f32 = found.iter().map(|&(r, c)| cells[r][c]).sum();
            let total = paid + limit * (cells.len() - found.len()) as f32;
            let least = least_total(&cells, limit, &mut vec![false; columns]);
            prop_assert!((total - least).abs() < 1e-4, "{total} instead of {least}");
        }
    }
}
