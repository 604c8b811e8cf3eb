//! Writes a cluster of a company's size, with a day of its life as a scenario, into a folder.
//!
//! ```text
//! cargo run --example company -- FOLDER [SEED]      # seed 7, that of scenarios/company, if none is given
//! ```

mod generate;

use std::path::PathBuf;
use std::process::ExitCode;

/// The seed of `scenarios/company`.
const SHIPPED: u64 = 7;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Ok(seed)) = (arguments.next(), arguments.next().map_or(Ok(SHIPPED), |seed| seed.parse())) else {
        eprintln!("usage: company FOLDER [SEED]");
        return ExitCode::from(2);
    };
    let folder = PathBuf::from(folder);
    for (path, text) in generate::files(seed) {
        let path = folder.join(path);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        if let Err(error) = written {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(1);
        }
    }
    ExitCode::SUCCESS
}
