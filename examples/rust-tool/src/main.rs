//! Aligns the words of its input in columns.
use std::io::{self, Read, Write};

fn align(text: &str) -> String {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|word| word.chars().count()).max().unwrap_or(0))
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(word, width)| format!("{word:width$}")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    io::stdout().write_all(align(&text).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::align;

    #[test]
    fn words_stand_below_each_other() {
        assert_eq!(align("a bb c\nddd e\n"), "a    bb  c\nddd  e\n");
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(align(""), "");
    }
}
