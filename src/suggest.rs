//! Which known word somebody probably meant.

/// The known word nearest to `written`, if it is near enough to be worth suggesting.
///
/// Near enough means at most a third of the letters changed, and always at least one: `lsiten`
/// suggests `listen`, `frobnicate` suggests nothing.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let worth = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (distance(written, word), word))
        .filter(|(distance, _)| *distance <= worth)
        .min()
        .map(|(_, word)| word)
}

/// Edits between two words: insert, delete, replace, or swap two neighbours (optimal string
/// alignment, because a swap is the commonest slip of fingers).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let replaced = above[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            let swapped =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = above;
        above = row;
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("listen", "listen"), 0);
        assert_eq!(distance("lsiten", "listen"), 1);
        assert_eq!(distance("data_dri", "data_dir"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn suggests_the_nearest_or_nothing() {
        let known = ["data_dir", "listen", "log_format"];
        assert_eq!(nearest("datadir", known), Some("data_dir"));
        assert_eq!(nearest("frobnicate", known), None);
        assert_eq!(nearest("x", known), None);
    }
}
