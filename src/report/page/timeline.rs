//! `timeline.csv` on the grid of times that the page's lines have.

use super::words::{float, rounded};
use crate::report::read::{ReadError, RunFolder, number};
use std::collections::BTreeMap;

/// The times of the lines, and the columns of `timeline.csv` at them.
pub(super) struct Grid {
    /// Starts of the cells in seconds, and then the end of the last one.
    pub(super) bounds: Vec<f64>,
    /// By column the value of each cell: the mean over the cell, or its largest value where the column is a `_max`.
    columns: BTreeMap<String, Vec<f64>>,
    /// By column the mean over the run.
    means: BTreeMap<String, f64>,
    /// Names of the columns in order.
    names: Vec<String>,
}

/// A cell that is being filled.
#[derive(Default)]
struct Cell {
    rows: usize,
    seconds: f64,
    sums: Vec<f64>,
}

impl Grid {
    /// Reads the table; neighbouring intervals are merged until there are at most `points`.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub(super) fn read(run: &RunFolder, points: usize) -> Result<Self, ReadError> {
        let mut grid = Self { bounds: Vec::new(), columns: BTreeMap::new(), means: BTreeMap::new(), names: Vec::new() };
        let Some(table) = run.table("timeline.csv") else { return Ok(grid) };
        let rows = usize::try_from(table.rows).unwrap_or(usize::MAX);
        let merged = rows.div_ceil(points.max(1)).max(1);
        let place = |name: &str| table.columns.iter().position(|column| column.name == name);
        let (start, span) = (place("time_seconds"), place("interval_seconds"));
        let values: Vec<(usize, &str)> = table
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| (place, column.name.as_str()))
            .filter(|(_, name)| name.ends_with("_mean") || name.ends_with("_max"))
            .collect();
        let is_max: Vec<bool> = values.iter().map(|(_, name)| name.ends_with("_max")).collect();
        let mut cells: Vec<Vec<f64>> = vec![Vec::new(); values.len()];
        let mut totals = vec![0.0; values.len()];
        let mut cell = Cell { sums: vec![0.0; values.len()], ..Cell::default() };
        let mut end = 0.0;
        run.each_record(table, |record| {
            let at = |place: Option<usize>| place.and_then(|place| record.get(place)).and_then(number).unwrap_or(0.0);
            if cell.rows == merged {
                cell.flush(&mut cells, &is_max);
            }
            if cell.rows == 0 {
                grid.bounds.push(at(start));
            }
            let seconds = at(span);
            cell.rows += 1;
            cell.seconds += seconds;
            end = at(start) + seconds;
            for (((place, _), sum), (is_max, total)) in
                values.iter().zip(&mut cell.sums).zip(is_max.iter().zip(&mut totals))
            {
                let value = at(Some(*place));
                *sum = if *is_max { sum.max(value) } else { *sum + value * seconds };
                *total += value * seconds;
            }
        })?;
        if cell.rows > 0 {
            cell.flush(&mut cells, &is_max);
            grid.bounds.push(end);
        }
        let length = end.max(f64::MIN_POSITIVE);
        grid.names = values.iter().map(|(_, name)| (*name).to_owned()).collect();
        grid.means = grid.names.iter().cloned().zip(totals.iter().map(|total| total / length)).collect();
        grid.columns = grid.names.iter().cloned().zip(cells).collect();
        Ok(grid)
    }

    /// The names of the columns, in the order of the table.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The values of a column, divided by `scale`; `None` if the table has it not.
    pub(super) fn column(&self, name: &str, scale: f64) -> Option<Vec<Option<f64>>> {
        let values = self.columns.get(name)?;
        Some(values.iter().map(|value| Some(rounded(value / scale))).collect())
    }

    /// The mean of a column over the run.
    pub(super) fn mean(&self, name: &str) -> Option<f64> {
        self.means.get(name).copied()
    }

    /// The largest value of a column.
    pub(super) fn most(&self, name: &str) -> f64 {
        self.columns.get(name).into_iter().flatten().copied().fold(0.0, f64::max)
    }

    /// The number of cells.
    pub(super) fn cells(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// The cell in which an instant lies.
    pub(super) fn cell_of(&self, seconds: f64) -> usize {
        self.bounds.partition_point(|bound| *bound <= seconds).saturating_sub(1).min(self.cells().saturating_sub(1))
    }

    /// Adds `value` times the seconds that `from..to` and each cell have in common.
    pub(super) fn add(&self, integrals: &mut [f64], from: f64, to: f64, value: f64) {
        if to <= from || self.cells() == 0 {
            return;
        }
        for cell in self.cell_of(from)..=self.cell_of(to) {
            let (Some(start), Some(end)) = (self.bounds.get(cell), self.bounds.get(cell + 1)) else { break };
            let seconds = to.min(*end) - from.max(*start);
            if let Some(integral) = integrals.get_mut(cell)
                && seconds > 0.0
            {
                *integral += value * seconds;
            }
        }
    }

    /// Integrals over the cells as means.
    pub(super) fn means_of(&self, integrals: &[f64]) -> Vec<Option<f64>> {
        let spans = self.bounds.windows(2).map(|pair| pair.last().unwrap_or(&0.0) - pair.first().unwrap_or(&0.0));
        integrals.iter().zip(spans).map(|(integral, span)| (span > 0.0).then(|| rounded(integral / span))).collect()
    }
}

impl Cell {
    fn flush(&mut self, cells: &mut [Vec<f64>], is_max: &[bool]) {
        let seconds = if self.seconds > 0.0 { self.seconds } else { float(1) };
        for ((cell, sum), is_max) in cells.iter_mut().zip(&mut self.sums).zip(is_max) {
            cell.push(if *is_max { *sum } else { *sum / seconds });
            *sum = 0.0;
        }
        self.rows = 0;
        self.seconds = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_shared_out_over_cells() {
        let bounds = vec![0.0, 10.0, 20.0, 25.0];
        let grid = Grid { bounds, columns: BTreeMap::new(), means: BTreeMap::new(), names: Vec::new() };
        let mut integrals = vec![0.0; 3];
        grid.add(&mut integrals, 5.0, 22.0, 2.0);
        grid.add(&mut integrals, 3.0, 3.0, 100.0);
        assert_eq!(integrals, [10.0, 20.0, 4.0]);
        assert_eq!(grid.means_of(&integrals), [Some(1.0), Some(2.0), Some(0.8)]);
        assert_eq!((grid.cell_of(0.0), grid.cell_of(9.9), grid.cell_of(10.0), grid.cell_of(99.0)), (0, 0, 1, 2));
    }
}
