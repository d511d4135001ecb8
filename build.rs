//! Compiles the words of every language into constants and tables. A hole in a language fails the build.

use std::{env, error::Error, fs, path::Path};

#[path = "src/i18n/compile.rs"]
mod compile;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("src/i18n/locales");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/i18n/compile.rs");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for locale in compile::LOCALES {
        for entry in fs::read_dir(folder.join(locale.name))? {
            let path = entry?.path();
            println!("cargo:rerun-if-changed={}", path.display());
            if path.extension().is_some_and(|e| e == "json") {
                let slice = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                files.push(compile::File { locale: locale.name, slice, text: fs::read_to_string(&path)? });
            }
        }
    }
    if env::var_os("CARGO_FEATURE_SPLIT").is_some() {
        println!("cargo:rustc-link-arg-cdylib=--emit-relocs"); // what wasm-split reads
    }
    let target = if env::var_os("CARGO_FEATURE_SSR").is_some() { compile::Target::Server } else { compile::Target::Browser };
    match compile::compile(&files, target) {
        Ok(compiled) => {
            let out = env::var("OUT_DIR")?;
            fs::write(Path::new(&out).join("words.rs"), compiled.code)?;
            for (name, text) in compiled.files {
                fs::write(Path::new(&out).join(format!("words.{name}.txt")), text)?;
            }
        }
        Err(faults) => return Err(format!("the words are not complete:\n  {}", faults.join("\n  ")).into()),
    }
    Ok(())
}
