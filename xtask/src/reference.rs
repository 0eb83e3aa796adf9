//! The reference folder: the specification's tables as tab-separated files. `KMIP_REFERENCE` names it; the default is the
//! folder `shared` beside the repository.

use std::path::{Path, PathBuf};
use std::{fs, io};

use kmip_codec::version::{PUBLISHED, Version};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where the data tables are expected to be.
pub fn data_folder() -> PathBuf {
    let root = match std::env::var_os("KMIP_REFERENCE") {
        Some(folder) => PathBuf::from(folder),
        None => repository().join("../shared"),
    };
    root.join("spec/data")
}

/// A table: its columns by name.
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads `name`.tsv.
    pub fn read(folder: &Path, name: &str) -> io::Result<Table> {
        let path = folder.join(name).with_extension("tsv");
        let text = fs::read_to_string(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(Table::parse(&text))
    }

    /// The table in `text`, whose first line names the columns.
    pub fn parse(text: &str) -> Table {
        let mut lines = text.lines().map(|line| line.split('\t').map(String::from).collect::<Vec<_>>());
        let columns = lines.next().unwrap_or_default();
        Table { columns, rows: lines.collect() }
    }

    /// The rows of the table.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { columns: &self.columns, cells })
    }
}

/// One row of a table.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    cells: &'a [String],
}

impl<'a> Row<'a> {
    /// The cell of a column; empty if the table or the row does not have it.
    pub fn get(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }

    /// The published version in a column.
    pub fn version(&self, column: &str) -> Option<Version> {
        published(self.get(column))
    }
}

/// The published version with this text.
pub fn published(text: &str) -> Option<Version> {
    PUBLISHED.into_iter().find(|version| version.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::version::V2_1;

    #[test]
    fn cells_are_found_by_their_column() {
        let table = Table::parse("tag\tname\tfirst\n420001\tActivation Date\t2.1\n420002\n");
        let rows: Vec<_> = table.rows().collect();
        assert_eq!(rows[0].get("name"), "Activation Date");
        assert_eq!(rows[0].version("first"), Some(V2_1));
        assert_eq!(rows[1].get("name"), "");
        assert_eq!(rows[1].version("first"), None);
        assert_eq!(rows[0].get("no such column"), "");
    }
}
