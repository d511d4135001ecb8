//! Finds the server programs that the system's packages installed.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Where Debian's packages put `<major>/bin`.
const INSTALLED: &str = "/usr/lib/postgresql";
const OLDEST: u32 = 15;
const HOW_TO_INSTALL: &str = "install one with `apt-get install postgresql` (its own cluster is not used), or give DATABASE_URL";

/// The `bin` folder of the newest usable version.
pub fn newest() -> anyhow::Result<PathBuf> {
    let newest = versions(Path::new(INSTALLED)).into_iter().max();
    match newest {
        None => bail!("no PostgreSQL server is installed: {HOW_TO_INSTALL}"),
        Some(major) if major < OLDEST => bail!("PostgreSQL {major} is too old, {OLDEST} or newer is needed: {HOW_TO_INSTALL}"),
        Some(major) => Ok(bin(major)),
    }
}

/// The `bin` folder for a cluster that exists already: its data can be read by its own major version only.
pub fn of_cluster(data: &Path) -> anyhow::Result<PathBuf> {
    let written_by = std::fs::read_to_string(data.join("PG_VERSION")).context("reading PG_VERSION")?;
    let major: u32 = written_by.trim().parse().context("PG_VERSION is not a major version")?;
    let installed = versions(Path::new(INSTALLED));
    if installed.contains(&major) {
        return Ok(bin(major));
    }
    let others = installed.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let have = if others.is_empty() { "no version is".to_owned() } else { format!("only {others} is") };
    bail!(
        "the data in {} belongs to PostgreSQL {major}, and {have} installed: install postgresql-{major}, or upgrade the data with pg_upgrade; it was not touched",
        data.display()
    )
}

fn versions(installed: &Path) -> Vec<u32> {
    let folders = std::fs::read_dir(installed).into_iter().flatten().flatten();
    let majors =
        folders.filter(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.path().join("bin").join(program).exists()));
    majors.filter_map(|folder| folder.file_name().to_str()?.parse().ok()).collect()
}

fn bin(major: u32) -> PathBuf {
    Path::new(INSTALLED).join(major.to_string()).join("bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_a_version_that_is_not_installed_is_refused_in_words() {
        let data = std::env::temp_dir().join(format!("zencall-version-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
        let refusal = of_cluster(&data).unwrap_err().to_string();
        assert!(refusal.contains("belongs to PostgreSQL 9,") && refusal.contains("install postgresql-9"), "{refusal}");
        std::fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn folders_without_server_programs_do_not_count() {
        let root = std::env::temp_dir().join(format!("zencall-programs-{}", uuid::Uuid::now_v7()));
        for (version, programs) in
            [("15", &["initdb", "pg_ctl", "postgres"][..]), ("17", &["psql"]), ("old", &["initdb", "pg_ctl", "postgres"])]
        {
            let bin = root.join(version).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            programs.iter().for_each(|program| std::fs::write(bin.join(program), "").unwrap());
        }
        assert_eq!(versions(&root), [15]);
        std::fs::remove_dir_all(root).unwrap();
    }
}
